"""PURE: recorded actions as submissions: docs/recorded-actions.md says what a line holds."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

REQUIRED = ("case_id", "workflow", "action", "arguments")
OURS = ("title", "url", "excerpt", "source")
LONGEST_TRIGGER = 4000
LONGEST_SUMMARY = 2000
LONGEST_EXCERPT = 10_000


def lines(text: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The recorded actions of a JSONL; ValueError says which line is none."""
    for number, row in enumerate(text, start=1):
        if not row.strip():
            continue
        try:
            line = json.loads(row)
        except json.JSONDecodeError as error:
            raise ValueError(f"Line {number} is not JSON: {error.msg}.") from None
        missing = [name for name in REQUIRED if not isinstance(line, dict) or name not in line]
        if missing:
            raise ValueError(f"Line {number} lacks {', '.join(missing)}.")
        yield line


def submission(line: Mapping[str, Any], workflow: str) -> dict[str, Any]:
    """The body of POST /actions that this action would have been, with its key beside it."""
    context = line.get("context") or {}
    case = str(line["case_id"])
    return {
        "idempotency_key": f"recorded {case}"[:255],
        "workflow": workflow,
        "action_type": line["action"],
        "payload": line["arguments"],
        "summary": _summary(line),
        "before": context.get("before"),
        "evidence": [evidence(item) for item in context.get("evidence") or []],
        "trace": {"recorded": {"source": line.get("source"), "case": case, "tool": line["action"]}},
        "handoff": {"trigger": (context.get("goal") or "")[:LONGEST_TRIGGER]},
        "requested_by": (context.get("requester") or "")[:254],
        "run_id": case.partition("#")[0][:200],
        "agent_version": "recorded",
    }


def evidence(item: Mapping[str, Any]) -> dict[str, Any]:
    """One piece of evidence in the contract's names; what has no name there is told as text."""
    if item.get("title"):
        return {name: str(item[name]) for name in OURS if item.get(name)}
    about = [str(item[name]) for name in ("kind", "ref") if item.get(name)]
    told = [f"{name}: {_words(item[name])}" for name in item if name not in {"kind", "ref"}]
    return {
        "title": " ".join(about)[:300] or "Recorded with the action",
        "excerpt": "\n".join(told)[:LONGEST_EXCERPT],
        "source": "recording",
    }


def effect(line: Mapping[str, Any]) -> str:
    """What the recording says that it does, for the table: `money, irreversible`."""
    label = line.get("label") or {}
    lasting = ", irreversible" if label.get("reversible") is False else ""
    return f"{label.get('effect') or 'not labelled'}{lasting}"


def _summary(line: Mapping[str, Any]) -> str:
    """The first sentence of the tool's description, or its name in words."""
    first = str(line.get("description") or "").partition(". ")[0].strip().rstrip(".")
    return (first or str(line["action"]).replace("_", " ").capitalize())[:LONGEST_SUMMARY]


def _words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
