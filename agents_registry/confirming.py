"""Confirms many drafted action types of a workflow at once, in its risk owner's name."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from django.db import transaction

from agents_registry import change_requests
from agents_registry.changes.rights import SECOND_PERSON, Unsigned
from agents_registry.editing import Conflict, Refused
from agents_registry.importing.proposals import Proposal, of_stored
from agents_registry.models import Person, Team, Workflow
from agents_registry.permissions import check_is_risk_owner
from agents_registry.spec.apply import make
from agents_registry.spec.check import check
from agents_registry.spec.export import stored
from agents_registry.spec.plan import RowChange, plan
from agents_registry.spec.rows import Document, Row, fill
from ledger.canonical import digest

__all__ = ["Choice", "Confirmed", "Conflict", "Refused", "base_of", "chosen", "confirm", "waiting"]


class Choice(StrEnum):
    """What becomes of one draft."""

    PROPOSED = "proposed"
    PEOPLE = "people"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The keys that are confirmed, and those that wait for a second person's signature."""

    done: list[str]
    asked: list[str]


def waiting(workflow: Workflow) -> dict[str, Row]:
    """The rows of the types that nobody has confirmed yet, by key. A few queries, however many."""
    return _drafts(stored(workflow.team), workflow)


def _drafts(known: Document, workflow: Workflow) -> dict[str, Row]:
    types = known["workflows"].get(workflow.slug, {}).get("action_types", {})
    return {key: row for key, row in types.items() if not row["confirmed"]}


def base_of(shown: Mapping[str, Row | None]) -> str:
    """What a page says of the rows that it showed, so that only those are confirmed."""
    return digest(dict(shown))


@transaction.atomic
def confirm(
    *,
    workflow: Workflow,
    choices: Mapping[str, Choice],
    base: str,
    actor: Person,
    reason: str,
) -> Confirmed:
    """Confirms each draft as chosen, all of them or none; one event each.

    `choices` names every draft that the page showed, `base` is what `base_of` said of them. Where
    the team wants a second person, each becomes a request that waits for one. Raises
    PermissionDenied for everybody but the risk owner and where a mode cannot go up now, Conflict
    where a draft is no longer what was shown, and Refused: its places begin with a key.
    """
    check_is_risk_owner(actor, workflow)
    team = _hold(workflow)
    known = stored(team)
    there = _drafts(known, workflow)
    shown = {key: there.get(key) for key in choices}
    if base_of(shown) != base:
        raise Conflict("This changed while you looked. Nothing was confirmed.")
    document = _document(known, workflow, choices)
    _check(known, document, workflow)
    confirmed = Confirmed([], [])
    for change in plan(known, fill(document)):
        if _make(change, team, actor, reason):
            confirmed.done.append(change.place[-1])
        else:
            _ask(change, known, document, team, actor, reason)
            confirmed.asked.append(change.place[-1])
    return confirmed


def chosen(proposal: Proposal, choice: Choice) -> Row:
    """The row of a draft once it is confirmed so."""
    row = proposal.held_back() if choice is Choice.PEOPLE else proposal.row
    return {**row, "confirmed": True}


def _hold(workflow: Workflow) -> Team:
    """Nobody else edits the team's rows until the transaction ends."""
    team = Team.objects.select_for_update(no_key=True).get(pk=workflow.team_id)
    Workflow.objects.select_for_update(no_key=True).get(pk=workflow.pk)
    return team


def _document(known: Document, workflow: Workflow, choices: Mapping[str, Choice]) -> Document:
    row = known["workflows"][workflow.slug]
    types = row["action_types"]
    confirmed = {
        key: chosen(of_stored(key, types[key]), choice)
        for key, choice in choices.items()
        if choice is not Choice.DRAFT
    }
    return {"workflows": {workflow.slug: {**row, "action_types": {**types, **confirmed}}}}


def _check(known: Document, document: Document, workflow: Workflow) -> None:
    above = f"workflows/{workflow.slug}/action_types/"
    already = check(_left(known, document), known)
    found = [problem for problem in check(document, known) if problem not in already]
    if found:
        raise Refused([replace(each, place=each.place.removeprefix(above)) for each in found])


def _left(known: Document, document: Document) -> Document:
    """The workflow with those of its types only that stay as they are, for better or worse."""
    ((slug, row),) = document["workflows"].items()
    was = known["workflows"][slug]["action_types"]
    left = {key: each for key, each in row["action_types"].items() if each == was[key]}
    return {"workflows": {slug: {**row, "action_types": left}}}


def _make(change: RowChange, team: Team, actor: Person, reason: str) -> bool:
    """False where only a second person's signature is missing."""
    try:
        with transaction.atomic():
            make(change=change, team=team.slug, actor=actor, reason=reason)
    except Unsigned as unsigned:
        if unsigned.takes != SECOND_PERSON:
            raise
        return False
    return True


def _ask(
    change: RowChange, known: Document, document: Document, team: Team, actor: Person, reason: str
) -> None:
    _, slug, _, key = change.place
    change_requests.ask(
        team=team,
        place=change.place,
        row=document["workflows"][slug]["action_types"][key],
        base=digest(known["workflows"][slug]["action_types"][key]),
        takes=SECOND_PERSON,
        author=actor,
        reason=reason,
    )
