"""Keeps the changes that wait for a signature: who asked, who may sign, how each one ended."""

from collections.abc import Iterable
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet

from agents_registry.changes import rights
from agents_registry.changes.rights import SECOND_PERSON
from agents_registry.models import ChangeEnd, ChangeRequest, Person, Team, Workflow
from agents_registry.spec.rows import Place, Row
from ledger import clock, record

SIGNERS = {
    "risk_owner": "the risk owner",
    "governance_lead": "the governance lead",
    SECOND_PERSON: "a second person: another owner, the governance lead or a manager",
}
"""Who gives the signature that a request takes, in words."""

_ENDED = {
    ChangeEnd.SIGNED: "signed it",
    ChangeEnd.DECLINED: "declined it",
    ChangeEnd.WITHDRAWN: "took it back",
}


class Conflict(Exception):
    """The registry is no longer as it was seen. Nothing was done; the words say what now."""


def ask(
    *, team: Team, place: Place, row: Row, base: str, takes: str, author: Person, reason: str
) -> ChangeRequest:
    """A request that waits for a signature; the one that waits already where it is the same.

    The caller holds the team.
    """
    said = {"team": team, "place": list(place), "row": row, "base": base, "author": author}
    same = open_requests(team).filter(takes=takes, **said).first()
    if same is not None:
        return same
    request = ChangeRequest.objects.create(takes=takes, reason=reason, at=clock.now(), **said)
    _tell(request, "asked", author, {"reason": reason, "row_asked": row})
    return request


def open_requests(team: Team) -> QuerySet[ChangeRequest]:
    """What waits in a team, the oldest first."""
    waiting = ChangeRequest.objects.filter(team=team, ended_at__isnull=True)
    return waiting.select_related("author", "team").order_by("at", "pk")


def held(request_id: UUID) -> ChangeRequest:
    """The request, which nobody else ends until the transaction does; Conflict for an ended one."""
    team = Team.objects.filter(change_requests=request_id)
    team.select_for_update(no_key=True, of=("self",)).get()
    request = ChangeRequest.objects.select_related("team", "author", "ended_by").get(pk=request_id)
    if request.ended_at is not None:
        raise Conflict(f"{request.ended_by} {_ENDED[ChangeEnd(request.end)]} already.")
    return request


def workflow_of(request: ChangeRequest) -> Workflow | None:
    """Whose owners answer for the row; None for what a whole team shares."""
    match request.place:
        case ["workflows", slug, *_]:
            return Workflow.objects.filter(team=request.team_id, slug=slug).first()
    return None


def signable(requests: Iterable[ChangeRequest], person: Person) -> set[UUID]:
    """Those that the person can sign, and so also decline, right now; nobody signs their own."""
    held = dict[str, set[str]]()
    found = set[UUID]()
    for request in requests:
        about = "/".join(request.place[:2])
        if about not in held:
            held[about] = rights.roles_of(person, request.team, workflow_of(request))
        if request.author_id != person.pk and rights.can_sign(held[about], request.takes):
            found.add(request.pk)
    return found


def check_can_sign(request: ChangeRequest, person: Person) -> None:
    """Raises PermissionDenied for everybody else than whom it waits for."""
    if person == request.author:
        raise PermissionDenied("Nobody signs what they asked for themselves.")
    if not signable([request], person):
        raise PermissionDenied(f"This waits for {SIGNERS[request.takes]}.")


def end(request: ChangeRequest, how: ChangeEnd, person: Person, note: str) -> ChangeRequest:
    """Closes a held request."""
    request.end, request.ended_by = how, person
    request.ended_at, request.note = clock.now(), note
    request.save(update_fields=["end", "ended_by", "ended_at", "note"])
    _tell(request, how, person, {"note": note})
    return request


def _tell(request: ChangeRequest, what: str, actor: Person, words: dict[str, object]) -> None:
    record.append(
        scope=str(request.team_id),
        stream=f"team:{request.team_id}",
        type=f"change.{what}",
        actor=f"person:{actor.pk}",
        body={
            "request": str(request.pk),
            "row": "/".join(request.place),
            "takes": request.takes,
            "author": f"person:{request.author_id}",
            "base": request.base,
        },
        sealed={name: value for name, value in words.items() if value},
    )
