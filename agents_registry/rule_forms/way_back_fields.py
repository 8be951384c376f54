"""PURE: the action type that undoes another one, as a text that people edit."""

import json
import re
from typing import Any

from agents_registry.rule_forms.items import Field
from agents_registry.rule_forms.kinds import Kind, Texts, Wrong

LINE = re.compile(r"(?P<name>[^:=]*[^:=\s])\s*(?P<how>[:=])\s*(?P<what>\S.*)")
HOW = "Write each part as “order: /payload/order”, or as “reason = rollback”."


def _show(value: Any) -> Texts:
    if not isinstance(value, dict):
        return ("" if value is None else str(value),)
    payload = value.get("payload") or {}
    lines = [
        f"{name} = {_fixed(source.get('value'))}"
        if isinstance(source, dict)
        else f"{name}: {source}"
        for name, source in payload.items()
    ]
    return ("\n".join([str(value.get("type", "")), *lines]),)


def _parse(texts: Texts) -> dict[str, Any]:
    key, *lines = [line.strip() for line in texts[0].splitlines() if line.strip()]
    payload: dict[str, Any] = {}
    for line in lines:
        found = LINE.fullmatch(line)
        if found is None:
            raise Wrong(HOW)
        if found["name"] in payload:
            raise Wrong(f"{found['name']} stands twice.")
        payload[found["name"]] = found["what"] if found["how"] == ":" else _value(found["what"])
    return {"type": key, "payload": payload}


def _fixed(value: Any) -> str:
    """A text as it is where it is read back as that; anything else as JSON."""
    if (
        isinstance(value, str)
        and _value(value) == {"value": value}
        and LINE.fullmatch(f"x={value}")
    ):
        return value
    return json.dumps(value, ensure_ascii=False)


def _value(said: str) -> dict[str, Any]:
    try:
        return {"value": json.loads(said)}
    except (ValueError, RecursionError):
        return {"value": said}


ROLLBACK = Field(
    "rollback",
    "The action type that undoes it",
    Kind("area", _show, _parse),
    hint="Its key, then a line for each part of its payload: “order: /payload/order”, or "
    "“reason = rollback”. It can come from /payload, /before, /after or /outcome. Asked for, it is "
    "staged and judged like any other.",
    empty=None,
)
