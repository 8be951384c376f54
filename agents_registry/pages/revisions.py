"""How the policy of an action type became what it is: its steps, and what differs between two."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from agents_registry import revisions
from agents_registry.changes import rights
from agents_registry.changes.rights import Right
from agents_registry.models import ActionType, Person, PolicyChange, Revision, Workflow
from agents_registry.pages import people, workflows
from agents_registry.pages.differences import Difference, addressees, differences

STEPS = 25
A_RULE = "a rule, by itself"
DIRECTIONS = {
    "tightening": ("stricter", "good"),
    "loosening": ("looser", "warn"),
    "neutral": ("neither stricter nor looser", ""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change. `css` colours where it led; `undo` says that this person may put it back."""

    id: int
    short: str
    author: str
    signed_by: str
    reason: str
    at: datetime
    way: str
    css: str
    undo: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """What differs between two revisions. `older` is empty where there was nothing before."""

    older: int
    newer: int
    title: str
    lines: list[Difference]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionsPage:
    """`more_url` leads to older steps, and is empty at the end."""

    url: str
    type_name: str
    type_url: str
    workflow_name: str
    workflow_url: str
    steps: list[Step]
    compared: Compared | None
    more_url: str


def page(
    action_type: ActionType,
    workflow: Workflow,
    person: Person,
    *,
    before: int | None,
    older: int | None,
    newer: int | None,
) -> RevisionsPage:
    """The steps before the one of the id `before`, newest first, and two of them compared.

    Without `older` and `newer` that is the last step. Ids of other types count for nothing.
    """
    every = action_type.policy_changes.select_related("author", "signed_by").order_by("-id")
    listed = list((every.filter(pk__lt=before) if before else every)[: STEPS + 1])
    last = every.first()
    may = rights.may(person, Right.TIGHTEN, team=workflow.team, workflow=workflow)
    undoable = last.pk if last and last.before and may and not action_type.retired_at else None
    type_url = reverse("registry_action_type", args=[workflow.slug, action_type.key])
    url = reverse("revisions", args=[workflow.slug, action_type.key])
    return RevisionsPage(
        url=url,
        type_name=str(action_type),
        type_url=type_url,
        workflow_name=workflow.name,
        workflow_url=workflows.url_of(workflow),
        steps=[_step(change, undoable) for change in listed[:STEPS]],
        compared=_compared(every, workflow, older, newer),
        more_url=f"{url}?before={listed[STEPS - 1].pk}" if len(listed) > STEPS else "",
    )


def _step(change: PolicyChange, undoable: int | None) -> Step:
    way, css = DIRECTIONS[change.direction]
    return Step(
        id=change.pk,
        short=f"{change.after.removeprefix('sha256:')[:8]}",
        author=str(change.author or A_RULE),
        signed_by=str(change.signed_by or ""),
        reason=change.reason,
        at=change.at,
        way=way if change.before else "added",
        css=css,
        undo=change.pk == undoable,
    )


def _compared(
    every: QuerySet[PolicyChange], workflow: Workflow, older: int | None, newer: int | None
) -> Compared | None:
    last = (every.filter(pk=newer).first() if newer else None) or every.first()
    if last is None:
        return None
    first = every.filter(pk=older).first() if older else None
    if first and first.pk > last.pk:
        first, last = last, first
    was = _document(first.after if first else last.before)
    now = _document(last.after)
    name = people.names_for(workflow, addressees(was, now))
    title = "What this step changed" if first is None else "What differs between the two"
    return Compared(first.pk if first else 0, last.pk, title, differences(was, now, name))


def _document(revision: str) -> dict[str, Any]:
    """Empty before there was any. A document is kept for good; one that is lost says nothing."""
    try:
        return revisions.document_of(revision) if revision else {}
    except Revision.DoesNotExist:
        return {}
