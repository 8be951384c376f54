"""Writes and reads stops: the only code that says whether something is stopped."""

from django.db import transaction
from django.db.models import Q, QuerySet

from agents_registry import gate
from agents_registry.models import ActionType, Agent, Person, Stop, StopKind, Team, Workflow
from ledger import clock, record


def agent_target(agent: Agent) -> str:
    return str(agent.pk)


def workflow_target(workflow: Workflow) -> str:
    return str(workflow.pk)


def action_type_target(action_type: ActionType) -> str:
    return f"{action_type.workflow_id}/{action_type.key}"


def in_force(team: Team) -> QuerySet[Stop]:
    return Stop.objects.filter(team=team, lifted_at__isnull=True).select_related("by")


def stop_over(agent: Agent, action_type: ActionType) -> Stop | None:
    """The oldest stop that covers an action of this agent and type, or None."""
    names = action_type.systems.get("writes", []) + action_type.systems.get("reads", [])
    covers = (
        Q(kind=StopKind.AGENT, target=agent_target(agent))
        | Q(kind=StopKind.WORKFLOW, target=str(action_type.workflow_id))
        | Q(kind=StopKind.ACTION_TYPE, target=action_type_target(action_type))
        | Q(kind=StopKind.SYSTEM, target__in=names)
    )
    stops = Stop.objects.filter(covers, team=agent.team_id, lifted_at__isnull=True)
    return stops.order_by("at").first()


@transaction.atomic
def put(
    *, team: Team, kind: StopKind, target: str, reason: str, actor: str, by: Person | None
) -> Stop:
    """Stops the target, unless it is stopped already; nothing is released after the commit."""
    gate.close(team.pk)
    stop, new = Stop.objects.get_or_create(
        team=team,
        kind=kind,
        target=target,
        lifted_at=None,
        defaults={"reason": reason, "by": by, "at": clock.now()},
    )
    if new:
        _record(stop, "stop.put", actor, {"reason": reason})
    return stop


@transaction.atomic
def lift(*, stop: Stop, note: str, by: Person) -> bool:
    """Turns the target back on; False when somebody else did it first."""
    gate.close(stop.team_id)
    lifted = Stop.objects.filter(pk=stop.pk, lifted_at__isnull=True).update(
        lifted_at=clock.now(), lifted_by=by, note=note
    )
    if lifted:
        _record(stop, "stop.lifted", f"person:{by.pk}", {"note": note})
    return bool(lifted)


def _record(stop: Stop, type: str, actor: str, words: dict[str, str]) -> None:
    record.append(
        scope=str(stop.team_id),
        stream=f"stop:{stop.pk}",
        type=type,
        actor=actor,
        body={"kind": stop.kind, "target": stop.target},
        sealed=words,
    )
