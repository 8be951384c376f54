"""Edits one row of a team's operating model, or asks for the signature that the edit lacks."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from agents_registry import change_requests, revisions, standards
from agents_registry.change_requests import Conflict
from agents_registry.changes import rights
from agents_registry.changes.rights import SECOND_PERSON, Unsigned
from agents_registry.models import (
    ActionType,
    ChangeEnd,
    ChangeRequest,
    Person,
    PolicyChange,
    Standard,
    Team,
    Workflow,
)
from agents_registry.policy.inheritance import ADDED, PREFIX
from agents_registry.spec import edits
from agents_registry.spec.apply import make
from agents_registry.spec.export import stored
from agents_registry.spec.plan import RowChange, plan
from agents_registry.spec.problems import Problem
from agents_registry.spec.rows import Document, Place, Row, fill, rows
from ledger.canonical import digest

__all__ = [
    "Conflict",
    "Edited",
    "Refused",
    "base_of",
    "decline",
    "edit",
    "sign",
    "undo",
    "withdraw",
]


class Refused(Exception):
    """The row makes no sense. The place of each problem is a JSON Pointer into the row.

    What it would break elsewhere in the team has the place "" and says where.
    """

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Edited:
    """What was written, and the request for what lacks a signature."""

    done: list[RowChange]
    request: ChangeRequest | None = None


@dataclass(frozen=True, slots=True)
class Hand:
    """In whose name something is written, why, and who signs it with them."""

    actor: Person
    reason: str
    signed_by: Person | None = None


def base_of(team: Team, place: Place) -> str:
    """The digest of the row as it is now; empty where there is none."""
    return _base(stored(Team.objects.get(pk=team.pk)), place)


@transaction.atomic
def edit(
    *, team: Team, place: Place, row: Row, actor: Person, reason: str = "", base: str = ""
) -> Edited:
    """Makes the row at this place be as `row` says, in the actor's name; defaults may be left out.

    `base` is what `base_of` said when the row was read. What the actor may ask for but not do
    becomes one open request. Raises Refused, PermissionDenied, and Conflict where the row is no
    longer that one: then nothing is done.
    """
    known = _hold(team, place)
    if _base(known, place) != base:
        raise Conflict(_changed(base))
    document = _checked(known, place, row)
    done, missing = _write(known, document, team, Hand(actor, reason))
    if missing is None:
        return Edited(done)
    request = change_requests.ask(
        team=team,
        place=place,
        row=edits.filled(document, place),
        base=base_of(team, place),
        takes=missing.takes,
        author=actor,
        reason=reason,
    )
    return Edited(done, request)


@transaction.atomic
def sign(*, request_id: UUID, person: Person, note: str = "") -> Edited:
    """Makes a change that waits. A second person lets it be made in its author's name.

    Otherwise it is made in the name of the person, with its author as the second person where
    the team wants one. Where they cannot be that, it goes on waiting, as the person's request.
    Raises what `edit` raises, and PermissionDenied for who cannot sign it; it then still waits.
    """
    request = change_requests.held(request_id)
    team, place = request.team, tuple(request.place)
    known = _hold(team, place)
    change_requests.check_can_sign(request, person)
    if _base(known, place) != request.base:
        raise Conflict("This was changed since it was asked for. Ask again for what is still due.")
    document = _checked(known, place, request.row)
    change_requests.end(request, ChangeEnd.SIGNED, person, note)
    done, missing = _write(known, document, team, _hand(request, person))
    if missing is None:
        return Edited(done)
    if missing.takes != SECOND_PERSON or request.takes == SECOND_PERSON:
        raise missing
    passed_on = change_requests.ask(
        team=team,
        place=place,
        row=request.row,
        base=base_of(team, place),
        takes=missing.takes,
        author=person,
        reason=request.reason,
    )
    return Edited(done, passed_on)


@transaction.atomic
def decline(*, request_id: UUID, person: Person, note: str = "") -> ChangeRequest:
    """Says no to a change, by whoever could sign it."""
    request = change_requests.held(request_id)
    change_requests.check_can_sign(request, person)
    return change_requests.end(request, ChangeEnd.DECLINED, person, note)


@transaction.atomic
def withdraw(*, request_id: UUID, person: Person, note: str = "") -> ChangeRequest:
    """Takes back what one asked for oneself."""
    request = change_requests.held(request_id)
    if request.author != person:
        raise PermissionDenied("Only who asked for it takes it back.")
    return change_requests.end(request, ChangeEnd.WITHDRAWN, person, note)


@transaction.atomic
def undo(*, change: PolicyChange, actor: Person, reason: str = "") -> Edited:
    """Puts the policy before the last change of an action type back, by the same way.

    Raises what `edit` raises; Conflict where something came after it, where it is the first, or
    where it came from a standard.
    """
    action_type = ActionType.objects.select_related("workflow__team").get(pk=change.action_type_id)
    workflow, team = action_type.workflow, action_type.workflow.team
    place = ("workflows", workflow.slug, "action_types", action_type.key)
    row = rows(_hold(team, place)).get(place)
    last = action_type.policy_changes.order_by("-id").first()
    if row is None or change != last:
        raise Conflict("Something changed after this. Undo that first.")
    if not change.before:
        raise Conflict("There was nothing before it. Retire the action type instead.")
    back = {**row, **_back(change, row, standards.inherited(workflow))}
    if back == row:
        raise Conflict("This came from a standard. Change it there.")
    return edit(team=team, place=place, row=back, actor=actor, reason=reason, base=digest(row))


def _hand(request: ChangeRequest, person: Person) -> Hand:
    """In whose name a request is carried out, and who else signed it."""
    author, workflow = request.author, change_requests.workflow_of(request)
    if request.takes == SECOND_PERSON:
        return Hand(author, request.reason, person)
    also = rights.may_be_second(author, person, team=request.team, workflow=workflow)
    return Hand(person, request.reason, author if also else None)


def _hold(team: Team, place: Place) -> Document:
    """What is stored of the team, which nobody else edits until the transaction ends."""
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    if place[0] == "workflows":
        of_slug = Workflow.objects.filter(team=team, slug=place[1])
        of_slug.select_for_update(no_key=True).first()
    team.refresh_from_db()
    return stored(team)


def _base(known: Document, place: Place) -> str:
    row = rows(known).get(place)
    return "" if row is None else digest(row)


def _changed(base: str) -> str:
    if base:
        return "This changed while you looked. Nothing was saved."
    return "There is one of this name already. Nothing was saved."


def _checked(known: Document, place: Place, row: Row) -> Document:
    """The document that says the row, with nothing wrong in it."""
    try:
        document = edits.put(known, place, row)
    except KeyError:
        raise Conflict("Its workflow is not there any more. Nothing was saved.") from None
    if problems := edits.problems(known, document, place):
        raise Refused(problems)
    return document


def _write(
    known: Document, document: Document, team: Team, hand: Hand
) -> tuple[list[RowChange], Unsigned | None]:
    """Writes what it can of the document; the first signature that the rest lacks."""
    done, missing = list[RowChange](), list[Unsigned]()
    for change in plan(known, fill(document)):
        try:
            with transaction.atomic():
                make(
                    change=change,
                    team=team.slug,
                    actor=hand.actor,
                    reason=hand.reason,
                    signed_by=hand.signed_by,
                )
            done.append(change)
        except Unsigned as unsigned:
            missing.append(unsigned)
    return done, next(iter(missing), None)


def _back(change: PolicyChange, row: Row, inherited: list[Standard]) -> Row:
    """The fields that a change wrote, as they were; inherited rules stay out of the row."""
    before, after = (revisions.document_of(key) for key in (change.before, change.after))
    others = [rule for each in inherited for rule in each.rules.get("thresholds") or []]
    back = {name: value for name, value in before.items() if value != after.get(name)}
    for name in back.keys() & ADDED:
        kept = (rule for rule in back[name] if rule in row[name] or not _inherited(rule, others))
        back[name] = list(kept)
    if "again" in back:
        back["again"] = _again_back(before, after, row, inherited)
    return back


def _again_back(before: Row, after: Row, row: Row, inherited: list[Standard]) -> Row:
    """What was asked of the same that comes again, apart from what standards ask for anyway."""
    asked = standards.under({**before, "again": {}}, inherited)["again"]
    was, now = before["again"], after.get("again") or {}
    changed = {kind for kind in was.keys() | now.keys() if was.get(kind) != now.get(kind)}
    own = {kind: rule for kind, rule in row["again"].items() if kind not in changed}
    back = {kind: was[kind] for kind in changed & was.keys() if was[kind] != asked.get(kind)}
    return {**own, **back}


def _inherited(rule: dict[str, Any], others: list[dict[str, Any]]) -> bool:
    return str(rule.get("id", "")).startswith(PREFIX) or rule in others
