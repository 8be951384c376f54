"""PURE: proposes how an action type made of a tool is to be held, always on the strict side."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agents_registry.importing import words
from agents_registry.importing.tools import Tool
from agents_registry.policy.floors import AUTHORITY_LEVELS

LONGEST_DESCRIPTION = 4000
FIELDS_IN_A_SENTENCE = 3
_BY_EFFECT = {
    "money": ("commit", "customer_impacting_decision"),
    "send": ("send", "external_message"),
    "write": ("write", "system_write_back"),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """An action type as it would be once the risk owner confirms it, and why it is so."""

    key: str
    row: dict[str, Any]
    because: str

    @property
    def is_read(self) -> bool:
        return bool(self.row["verb"] == "read")

    def as_row(self, *, accepted: bool) -> dict[str, Any]:
        """The row of a document: as proposed, or as a draft that nobody has confirmed."""
        held = {"confirmed": True} if accepted else {"confirmed": False, "mode": "draft_only"}
        return {**self.row, **held}

    def of_draft(self, stored: dict[str, Any]) -> "Proposal":
        """The same for a draft that may have been edited: only what is still a read runs alone."""
        still_read = self.is_read and stored["verb"] == "read"
        mode = "auto_executed" if still_read else "approval_gated"
        return Proposal(self.key, {**stored, "mode": mode}, "it was drafted before")


def propose(tool: Tool) -> Proposal:
    """Reads run alone once confirmed; whatever is not clearly a harmless read waits for people."""
    name = words.of_name(tool.name)
    against = _against(tool, name)
    verb = "read" if not against else _verb(tool, name)
    return Proposal(
        key=key_of(tool.name),
        row={
            "name": (_printable(tool.title) or " ".join(name).capitalize())[:120],
            "description": _printable(tool.description)[:LONGEST_DESCRIPTION],
            "sentence": _sentence(tool, name),
            "verb": verb,
            "authority_level": _level(tool, verb),
            "changes_terms": bool(against) and bool(words.TERMS.intersection(name)),
            "idempotent": not against or tool.idempotent is True,
            "handoff": _handoff(tool),
            "payload_schema": dict(tool.schema),
            **(_HARMLESS if not against else _WAITS),
        },
        because="; ".join(against[:3]) or "it only reads, and nothing says otherwise",
    )


_HARMLESS = {"blast_radius": "low", "reversibility": "reversible", "mode": "auto_executed"}
_WAITS = {"blast_radius": "high", "reversibility": "irreversible", "mode": "approval_gated"}


def key_of(name: str) -> str:
    """The name itself wherever it can be a key, so that the agent goes on using it."""
    return re.sub(r"[^A-Za-z0-9_.:-]+", "_", name).strip("_")[:80] or "tool"


def _against(tool: Tool, name: list[str]) -> list[str]:
    """Everything that speaks against a harmless read. Nothing must, and something must for it."""
    reasons = list(dict.fromkeys(_reasons(tool, name)))
    said_to_read = tool.read_only or tool.effect == "read" or words.verb_of(name) == "read"
    return reasons if reasons or said_to_read else ["nothing says that it only reads"]


def _reasons(tool: Tool, name: list[str]) -> Iterator[str]:
    verb = words.verb_of(name)
    if verb not in {"", "read"}:
        yield f"its name is taken for “{verb.replace('_', ' ')}”"
    if tool.effect not in {"", "read"}:
        yield f"its effect is “{tool.effect}”"
    if tool.destructive:
        yield "it is marked as destructive"
    if tool.read_only is False:
        yield "it is not marked as read-only"
    if tool.effect != "read":
        yield from words.acts(name, tool.description, tool.schema)


def _verb(tool: Tool, name: list[str]) -> str:
    """The verb of its name; a declared effect fills in, or corrects what sounds milder."""
    verb = words.verb_of(name)
    declared = _BY_EFFECT.get(tool.effect, ("", ""))[0]
    if tool.effect == "send":
        return declared
    return verb if verb not in {"", "read"} else declared or "write"


def _level(tool: Tool, verb: str) -> str:
    """The strictest level of what verb, declared effect and an open world each ask for."""
    levels = [words.LEVELS[verb]]
    if verb != "read":
        levels += [_BY_EFFECT[tool.effect][1]] if tool.effect in _BY_EFFECT else []
        levels += ["external_message"] if tool.open_world else []
    order = list(AUTHORITY_LEVELS)
    return max(levels, key=order.index)


def _sentence(tool: Tool, name: list[str]) -> str:
    """`Cancel pending order: order id {order_id}, reason {reason}`."""
    properties = tool.schema.get("properties")
    fields = properties if isinstance(properties, dict) else {}
    required = tool.schema.get("required")
    named = required if isinstance(required, list) else list(fields)
    said = [
        f"{field.replace('_', ' ')} {{{field}}}"
        for field in named
        if field in fields and re.fullmatch(r"[A-Za-z0-9_-]+", field)
    ]
    title, details = " ".join(name).capitalize(), ", ".join(said[:FIELDS_IN_A_SENTENCE])
    return f"{title}: {details}" if details else title


def _handoff(tool: Tool) -> dict[str, Any]:
    title = " ".join(words.of_name(tool.name))
    return {
        "trigger": "The agent reached this step in its work.",
        "decision_asked": f"May the agent do this: {title}?",
        "next_steps": ["Look at what would be done and at the evidence, then decide."],
    }


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable() or char == "\n").strip()
