"""The stop button as people press it: stop at once, resume with the clocks moved on."""

from uuid import UUID

from django.db import transaction

from agents_registry import stops
from agents_registry.models import Person, Stop, StopKind, Team, Workflow
from agents_registry.permissions import check_can_stop, check_is_risk_owner
from agents_registry.sla import shift_for_stop
from approvals import timetable, transitions
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Lease
from approvals.querysets import covered_by
from approvals.states import State
from ledger import clock, record


@transaction.atomic
def stop(*, team: Team, kind: StopKind, target: str, reason: str, person: Person) -> Stop:
    """Stops it for everybody, from this commit on. Invalid without a reason, Missing target."""
    check_can_stop(person, team)
    if not reason.strip():
        raise Invalid("Say why you stop it.", code="reason_missing")
    if not workflows_under(team, kind, target):
        raise Missing("There is nothing of that name to stop in this team.")
    stop = stops.put(
        team=team,
        kind=kind,
        target=target,
        reason=reason,
        actor=f"person:{person.pk}",
        by=person,
    )
    recall_leases(stop, actor=f"person:{person.pk}")
    return stop


def recall_leases(stop: Stop, *, actor: str) -> None:
    """Asks back what agents hold of what is stopped. An outcome under the lease is still taken."""
    held = (
        Lease.objects.select_for_update(of=("self", "action"))
        .select_related("action")
        .filter(action__in=covered_by(stop), ended_at=None, recall_requested_at=None)
        .order_by("action_id")
    )
    for lease in held:
        Lease.objects.filter(pk=lease.pk).update(recall_requested_at=clock.now())
        record.append(
            scope=str(lease.action.team_id),
            stream=lease.action.stream,
            type="action.recall_requested",
            actor=actor,
            body={"lease": str(lease.pk), "fence": lease.fence, "stop": str(stop.pk)},
        )


@transaction.atomic
def resume(*, stop_id: UUID, person: Person, note: str) -> Stop:
    """Turns it back on, by a risk owner and with a note; waiting clocks go on where they stood."""
    stop = Stop.objects.select_related("team").filter(pk=stop_id, team__members=person).first()
    if stop is None:
        raise Missing("There is no such stop in your teams.")
    for workflow in workflows_under(stop.team, StopKind(stop.kind), stop.target):
        check_is_risk_owner(person, workflow)
    if not note.strip():
        raise Invalid("Write down what changed.", code="note_missing")
    if not stops.lift(stop=stop, note=note, by=person):
        raise Conflict("Somebody turned it on before you. Nothing was changed.")
    _move_clocks(Stop.objects.get(pk=stop.pk))
    return stop


def workflows_under(team: Team, kind: StopKind, target: str) -> list[Workflow]:
    """The workflows that a stop touches: their risk owners turn it back on."""
    of_team = Workflow.objects.filter(team=team).order_by("name").distinct()
    if kind == StopKind.AGENT:
        return list(of_team.filter(agents__pk__in=_uuids(target)))
    if kind == StopKind.WORKFLOW:
        return list(of_team.filter(pk__in=_uuids(target)))
    if kind == StopKind.ACTION_TYPE:
        workflow, _, key = target.partition("/")
        return list(of_team.filter(pk__in=_uuids(workflow), action_types__key=key))
    writes = of_team.filter(action_types__systems__writes__contains=[target])
    return list(writes | of_team.filter(action_types__systems__reads__contains=[target]))


def _uuids(text: str) -> list[UUID]:
    """The id in a list, or an empty one when it is none: it then names nothing."""
    try:
        return [UUID(text)]
    except ValueError:
        return []


def _move_clocks(stop: Stop) -> None:
    assert stop.lifted_at is not None
    waiting = covered_by(stop).filter(state=State.PENDING, held=False).select_for_update()
    for action in waiting.select_related("action_type"):
        calendar = timetable.calendar_of(action.frozen)
        began = max(stop.at, action.created_at)
        times = {
            name: shift_for_stop(getattr(action, name), began, stop.lifted_at, calendar)
            for name in ("due_at", "next_step_at")
        }
        transitions.advance(
            action=action,
            actor=f"person:{stop.lifted_by_id}",
            event="action.clock_moved",
            changes=times,
            body={"stop": str(stop.pk), "due_at": times["due_at"].isoformat()},
        )
