"""What others wrote, made inert: texts, differences, every leaf, what the agent claims."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from approvals import diffs, inert
from approvals.diffs import Change
from approvals.models import Action, Content

KINDS = {
    "changed": "chg", "added": "add", "removed": "rem", "moved": "mov", "same": "same",
    "context": "same",
}  # fmt: skip
FOLD = 40
PARTS = {"same": "", "add": "ins", "del": "del"}


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of somebody else's text: plain, a token, inserted or deleted."""

    text: str
    token: bool
    change: str = ""


Text = list[Span]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffRow:
    kind: str
    label: Text
    was: Text = field(default_factory=list)
    before: Text
    after: Text
    number: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafRow:
    path: Text
    value: Text
    chips: list[str] = field(default_factory=list)
    rest: Text = field(default_factory=list)
    rest_words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    label: str
    value: Text


def text(value: object, change: str = "") -> Text:
    """Somebody else's text as spans: what acts or hides in it stands there as a token."""
    return [Span(part.text, part.token, change) for part in inert.segments(str(value or ""))]


def changes(before: Any, after: Any, *, versions: bool = False) -> list[DiffRow]:
    """The differences by field, changed prose by words; the untouched is left out."""
    return diff_rows(diffs.field_changes(before, after, versions=versions))


def diff_rows(found: Iterable[Change]) -> list[DiffRow]:
    return [_diff_row(change) for change in found if change.kind != "same"]


def changes_words(rows: Sequence[DiffRow]) -> str:
    count = len(rows)
    return f"{count} field{'' if count == 1 else 's'}" if count else "Nothing differs from now"


def leaves(value: Any) -> list[LeafRow]:
    """Every leaf, in document order; long ones folded, never cut."""
    return [_leaf_row(leaf) for leaf in inert.leaves(value)]


def claims(action: Action, content: Content) -> list[Claim]:
    """The agent's own words about it, which nobody checked."""
    handoff, signals = content.handoff, content.signals
    said = [
        ("", action.summary if action.summary != action.sentence else ""),
        ("Why it was started", handoff.get("trigger")),
        ("What you should know", _own_context(action, content)),
        ("What it asks", handoff.get("decision_asked")),
        ("What it would do next", _listed(handoff.get("next_steps"))),
        ("What it says is missing", _listed(signals.get("missing"))),
        ("What it says conflicts", _listed(signals.get("conflicts"))),
        ("What it says it is about", _listed(signals.get("categories"))),
        ("What it knew", _paired(handoff.get("inputs"))),
        ("What it says it touches", _paired(content.impact)),
        ("Who it says asked for it", action.requested_by),
        ("Its version", action.agent_version),
        ("What it belongs to", action.batch_key),
    ]
    return [Claim(label=label, value=text(value)) for label, value in said if value]


def _own_context(action: Action, content: Content) -> str:
    """What the agent itself says; that of the type is the owners' and stands elsewhere."""
    said = str(content.handoff.get("context") or "")
    return "" if said == action.action_type.handoff.get("context") else said


def chips(value: str) -> Iterator[str]:
    """What a reader has to be warned of in it."""
    ascii_form = inert.mixed_scripts(value)
    if ascii_form:
        yield f"mixed scripts: {ascii_form}"


def _diff_row(change: Change) -> DiffRow:
    if change.kind == "changed" and change.is_prose:
        words = diffs.word_diff(change.before or "", change.after or "")
        before = [span for part in words if part.kind != "add" for span in _part(part)]
        after = [span for part in words if part.kind != "del" for span in _part(part)]
    else:
        before, after = text(change.before), text(change.after)
    return DiffRow(
        kind=KINDS[change.kind],
        label=text(change.path),
        was=text(change.was),
        before=before,
        after=after,
    )


def _part(part: diffs.Part) -> Text:
    return text(part.text, PARTS[part.kind])


def _leaf_row(leaf: inert.Leaf) -> LeafRow:
    head, rest_lines = inert.folded(leaf.value_text, FOLD)
    rest = leaf.value_text[len(head) :].lstrip("\n") if rest_lines else ""
    return LeafRow(
        path=text(leaf.path or "payload"),
        value=text(head),
        chips=list(chips(leaf.value_text)),
        rest=text(rest),
        rest_words=f"{rest_lines} more lines" if rest_lines else "",
    )


def _paired(value: Any) -> str:
    """Each leaf in a line of its own, after its path."""
    return "\n".join(
        f"{leaf.path}: {leaf.value_text}" for leaf in inert.leaves(value or {}) if value
    )


def _listed(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(str(item) for item in value)
    return str(value or "")
