"""One run of an agent, gathered: its actions, what each came from, waits for and came to."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import F, QuerySet

from agents_registry.models import Agent, Team
from approvals import answers, dependencies, four_eyes, traces
from approvals.models import DECIDING, Action, Content, Decision, FollowUp, Outcome
from approvals.traces import Trace
from ledger import clock

MOST = 200
"""How many actions of one run are gathered; the first ones."""

Row = TypeVar("Row", Outcome, FollowUp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action of the run, with what its present revision says. `decision` is the one that
    decided it, and that everybody may know of."""

    number: int
    action: Action
    content: Content
    trace: Trace
    waits_for: list[Action]
    decision: Decision | None
    outcomes: list[Outcome]
    open_work: list[FollowUp]


@dataclass(frozen=True, slots=True)
class Run:
    """`more` says that there are further actions than those in `steps`."""

    run_id: str
    steps: list[Step]
    more: bool

    @property
    def trace_ids(self) -> list[str]:
        """The OpenTelemetry traces that its actions name, each once."""
        said = (step.action.trace_id for step in self.steps)
        return list(dict.fromkeys(trace_id for trace_id in said if trace_id))


def of_team(team: Team, run_id: str) -> Run | None:
    """The run as the people of this team see it; None where there is none."""
    return _gathered(Action.objects.filter(team=team), run_id)


def of_agent(agent: Agent, run_id: str) -> Run | None:
    """What of the run is this agent's own; None where nothing is."""
    return _gathered(Action.objects.filter(agent=agent, team=agent.team_id), run_id)


def document(run: Run) -> dict[str, Any]:
    """The run as JSON: each action as agents are told of it, with its trace and its outcomes."""
    now = clock.now()
    return {
        "run_id": run.run_id,
        "trace_ids": run.trace_ids,
        "agents": sorted({step.action.agent.slug for step in run.steps}),
        "started_at": answers.instant(run.steps[0].action.created_at),
        "changed_at": answers.instant(max(step.action.changed_at for step in run.steps)),
        "actions": [
            {
                **answers.listed(step.action, now=now),
                "agent": step.action.agent.slug,
                **_told(step.trace),
                "policy": {
                    "revision": step.action.policy_revision,
                    "findings": step.content.findings,
                },
                "decision": _decided(step, now),
                "outcomes": [_outcome(each) for each in step.outcomes],
            }
            for step in run.steps
        ],
        "more": run.more,
    }


def _gathered(actions: QuerySet[Action], run_id: str) -> Run | None:
    """In a number of queries that does not grow with the run."""
    if not run_id:
        return None
    related = ("agent", "team", "workflow", "action_type__send_window", "assignee", "pool")
    found = actions.filter(run_id=run_id).select_related(*related)
    rows = list(found.prefetch_related(dependencies.WAITS_FOR).order_by("id")[: MOST + 1])
    shown = rows[:MOST]
    return Run(run_id, _steps(shown), more=len(rows) > MOST) if shown else None


def _steps(actions: list[Action]) -> list[Step]:
    of_now = {"action__in": actions, "revision": F("action__revision")}
    whole = Content.objects.filter(**of_now).defer("payload", "before")
    contents = {content.action_id: content for content in whole}
    given = Decision.objects.filter(**of_now, verdict__in=DECIDING, undone_at__isnull=True)
    told = four_eyes.told(given).select_related("person", "action").order_by("id")
    decisions = {decision.action_id: decision for decision in told}
    outcomes = Outcome.objects.filter(action__in=actions).order_by("created_at", "id")
    work = FollowUp.objects.filter(action__in=actions, closed_at__isnull=True)
    reported = _by_action(outcomes)
    opened = _by_action(work.select_related("assignee").order_by("id"))
    return [
        Step(
            number=number,
            action=action,
            content=contents[action.pk],
            trace=traces.read(contents[action.pk].trace),
            waits_for=dependencies.steps_of(action),
            decision=decisions.get(action.pk),
            outcomes=reported[action.pk],
            open_work=opened[action.pk],
        )
        for number, action in enumerate(actions, start=1)
    ]


def _by_action(rows: Iterable[Row]) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.action_id].append(row)
    return found


def _told(trace: Trace) -> dict[str, Any]:
    return {
        "model": trace.model or None,
        "tool_calls": [
            {
                "name": call.name or None,
                "arguments": call.arguments,
                "result": call.result,
                "error": call.error,
                "more": call.rest,
            }
            for call in trace.calls
        ],
        "retrievals": [
            {"title": read.title or None, "more": read.rest} for read in trace.retrievals
        ],
    }


def _decided(step: Step, now: datetime) -> dict[str, Any] | None:
    if step.decision is None or answers.is_settling(step.action, now):
        return None
    return answers.decided(step.decision)


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "status": outcome.status,
        "after": outcome.after,
        "error": outcome.error or None,
        "cost": outcome.cost,
        "value": outcome.value,
        "occurred_at": answers.instant(outcome.occurred_at),
        "reported_at": answers.instant(outcome.created_at),
    }
