"""Says what became different about a pending action since somebody's page of it was made."""

from collections.abc import Iterable
from typing import Any

from agents_registry.words import counted
from approvals import diffs
from approvals.models import Action
from approvals.pages import words
from approvals.transitions import Seen

NAMED = 3
"""How many changed fields are called by name."""


def what_changed(action: Action, seen: Seen | None) -> str:
    """In sentences of ours: which fields a new revision changes, and how the policy judges now.

    Only fields that the type's schema lists are called by name; other names are the agent's. Of
    what other people decided it says nothing.
    """
    if seen is None:
        return ""
    said = []
    if seen.revision != action.revision:
        fields = _fields(action, seen.revision)
        said.append(f"{action.agent.name} staged revision {action.revision}{fields}.")
    elif seen.policy_revision != action.policy_revision:
        said.append(f"The policy judged it again: {words.TIERS[action.tier].lower()} now.")
    return " ".join(said)


def _fields(action: Action, before: int) -> str:
    found = dict(
        action.contents.filter(revision__in=[before, action.revision]).values_list(
            "revision", "payload"
        )
    )
    if before not in found:
        return ""
    changes = diffs.field_changes(found[before], found[action.revision], versions=True)
    pointers = [change.pointer for change in changes if change.kind != "same"]
    tops = {pointer.split("/")[1] for pointer in pointers if "/" in pointer}
    if not tops:
        return " with the same content"
    known = action.action_type.payload_schema.get("properties", {})
    names = sorted(_called(name, known) for name in tops & known.keys())
    return f": {_listed(names, len(tops))} changed"


def _called(name: str, known: dict[str, Any]) -> str:
    """As the edit form calls it."""
    schema = known[name]
    title = schema.get("title") if isinstance(schema, dict) else None
    return str(title or name.replace("_", " "))


def _listed(names: list[str], count: int) -> str:
    """“amount, note and 2 further fields”."""
    shown = names[:NAMED]
    rest = count - len(shown)
    parts: Iterable[str] = [*shown, counted(rest, "further field")] if shown and rest else shown
    *first, last = parts or [counted(count, "field")]
    return f"{', '.join(first)} and {last}" if first else last
