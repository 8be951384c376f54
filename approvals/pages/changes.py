"""What an action changes: the differences from now or from the revision before, and every leaf."""

from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse

from approvals.models import Action, Content
from approvals.pages import content as says
from approvals.pages.content import DiffRow, LeafRow
from approvals.pages.versions import AGENTS, Look, Shown
from approvals.payloads import in_schema_order
from approvals.release import approved_payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Before and after by field; `payload` is all of what is sent, changed or not, and `sent` the
    same as JSON."""

    sent: Any
    rows: list[DiffRow]
    words: str
    before_words: str
    versions: list[Look]
    payload: list[LeafRow]

    @property
    def folded(self) -> bool:
        """Whether a text is long enough that its end has to be opened."""
        return any(leaf.rest for leaf in self.payload)


def changes(action: Action, shown: Shown, *, view: str, since_last: bool) -> Changes:
    """Against what is there now; with `since_last` against what the last revision said, and a
    person's version against the agent's."""
    content = shown.content
    sent = in_schema_order(action.action_type.payload_schema, approved_payload(action, content))
    earlier = _earlier(action) if since_last else shown.agents
    before = earlier.payload if earlier else content.before
    rows = [] if before is None else says.changes(before, sent, versions=earlier is not None)
    return Changes(
        sent=sent,
        rows=rows,
        words=_words(before, rows),
        before_words=_before_words(content, earlier),
        versions=_versions(action, shown, view, since_last),
        payload=says.leaves(sent),
    )


def _earlier(action: Action) -> Content | None:
    """What the revision before this one said."""
    return action.contents.filter(revision=action.revision - 1).first()


def _words(before: Any, rows: list[DiffRow]) -> str:
    if before is None:
        return "Nothing was there before, or the agent did not say"
    return says.changes_words(rows)


def _before_words(content: Content, earlier: Content | None) -> str:
    if earlier and earlier.revision == content.revision:
        return AGENTS
    if earlier:
        return f"Revision {earlier.revision}"
    return "Now: not given" if content.before is None else "Now, as the agent read it"


def _versions(action: Action, shown: Shown, view: str, since_last: bool) -> list[Look]:
    if action.revision == 1:
        return shown.looks
    url = f"{reverse('action', args=[action.pk])}?view={view}"
    last = f"Changes since revision {action.revision - 1}"
    whole = [Look(url, "As it will be done", True)]
    shown_now = shown.looks or whole
    looks = [replace(look, current=look.current and not since_last) for look in shown_now]
    return [*looks, Look(f"{url}&since=last", last, since_last)]
