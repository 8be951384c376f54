"""PURE: proposes how an action type made of a tool is to be held, always on the strict side."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from agents_registry.importing import names, witnesses, words
from agents_registry.importing.tools import Tool
from agents_registry.policy.floors import AUTHORITY_LEVELS

LONGEST_DESCRIPTION = 4000
LONGEST_CONTEXT = 400
FIELDS_IN_A_SENTENCE = 3
_BY_EFFECT = {
    "money": ("commit", "customer_impacting_decision"),
    "send": ("send", "external_message"),
    "write": ("write", "system_write_back"),
}


class Kind(StrEnum):
    """What is proposed: an odd one waits for people too, and is worth a look first."""

    ODD = "odd"
    READ = "read"
    WAITS = "waits"


@dataclass(frozen=True, slots=True)
class Proposal:
    """An action type as it would be once the risk owner confirms it, and why it is so."""

    key: str
    row: dict[str, Any]
    because: str
    kind: Kind

    @property
    def is_read(self) -> bool:
        """Whether it would run alone."""
        return self.kind is Kind.READ

    def as_row(self, *, accepted: bool) -> dict[str, Any]:
        """The row of a document: as proposed, or as a draft that nobody has confirmed."""
        held = {"confirmed": True} if accepted else {"confirmed": False, "mode": "draft_only"}
        return {**self.row, **held}

    def held_back(self) -> dict[str, Any]:
        """The row if a person decides each one, whatever was proposed."""
        return {**self.row, **_WAITS}

    def of_draft(self, stored: dict[str, Any]) -> "Proposal":
        """The same for a draft that may have been edited: it runs alone only where both say so."""
        return of_stored(self.key, stored, self)


def propose(tool: Tool) -> Proposal:
    """Reads run alone once confirmed; whatever is not clearly a harmless read waits for people."""
    name = names.split(tool.name)
    found = witnesses.hear(tool, name)
    verb = _verb(tool, name) if found.acts else "read"
    return Proposal(
        key=key_of(tool.name),
        row={
            "name": (_printable(tool.title) or " ".join(name).capitalize())[:120],
            "description": _printable(tool.description)[:LONGEST_DESCRIPTION],
            "sentence": _sentence(tool, name),
            "verb": verb,
            "authority_level": _level(tool, verb),
            "changes_terms": bool(found.acts) and bool(words.TERMS.intersection(name)),
            "idempotent": not found.acts or tool.idempotent is True,
            "handoff": _handoff(tool, name),
            "payload_schema": dict(tool.schema),
            **(_HARMLESS if not found.against else _WAITS),
        },
        because="; ".join(found.against[:3]) or "it only reads, and nothing says otherwise",
        kind=_kind(found),
    )


def of_stored(key: str, stored: dict[str, Any], again: Proposal | None = None) -> Proposal:
    """What a draft would become. Hints of its maker are not stored, what they led to is.

    `again` is what its tool is proposed as, where that is at hand.
    """
    harmless = stored["verb"] == "read" and all(stored[name] == _HARMLESS[name] for name in _PLACE)
    again = again or propose(_as_tool(key, stored, said_to_read=harmless))
    if harmless and again.is_read:
        row = {**stored, "mode": _HARMLESS["mode"]}
        return Proposal(key, row, again.because, Kind.READ)
    row = {**stored, **(_WAITS if harmless else {"mode": _WAITS["mode"]})}
    if again.is_read:
        because = f"it sounds like a read, and was drafted as “{stored['verb'].replace('_', ' ')}”"
        return Proposal(key, row, because, Kind.ODD)
    return Proposal(key, row, again.because, Kind.ODD if harmless else again.kind)


_PLACE = ("blast_radius", "reversibility")
_HARMLESS = {"blast_radius": "low", "reversibility": "reversible", "mode": "auto_executed"}
_WAITS = {"blast_radius": "high", "reversibility": "irreversible", "mode": "approval_gated"}


def key_of(name: str) -> str:
    """The name itself wherever it can be a key, so that the agent goes on using it."""
    return re.sub(r"[^A-Za-z0-9_.:-]+", "_", name).strip("_")[:80] or "tool"


def _kind(found: witnesses.Heard) -> Kind:
    if not found.against:
        return Kind.READ
    return Kind.ODD if found.for_it or not found.acts else Kind.WAITS


def _as_tool(key: str, stored: dict[str, Any], *, said_to_read: bool) -> Tool:
    return Tool(
        name=key,
        description=stored["description"],
        schema=stored["payload_schema"],
        read_only=said_to_read or None,
    )


def _verb(tool: Tool, name: list[str]) -> str:
    """The verb of its name; a declared effect fills in, or corrects what sounds milder."""
    verb = names.say(name).verb
    declared = _BY_EFFECT.get(tool.effect, ("", ""))[0]
    if tool.effect == "send":
        return declared
    return verb or declared or "write"


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


def _handoff(tool: Tool, name: list[str]) -> dict[str, Any]:
    says, _, _ = _printable(tool.description).partition("\n")
    tells = f"Its maker says of it: {says[:LONGEST_CONTEXT]}" if says else "Its maker says no more."
    return {
        "trigger": "The agent reached this step in its work.",
        "context": f"It calls the tool {key_of(tool.name)}. {tells}",
        "decision_asked": f"May the agent do this: {' '.join(name)}?",
        "next_steps": ["Look at what would be done and at the evidence, then decide."],
    }


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable() or char == "\n").strip()
