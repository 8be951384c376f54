"""What waits for people when the demo starts: some of it late, some of it wrong."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from agents_registry.models import Person, Workflow
from agents_registry.sla import LENGTHS, Calendar, Duration
from approvals import guidance, opinions, review
from approvals.models import Action, Decision
from approvals.states import State
from approvals.transitions import Seen
from ledger import clock
from reviewqueue.demo import deciding, history, organisation, texts
from reviewqueue.demo.tale import Tale, stage, working
from reviewqueue.demo.timeline import work_ago

VERDICTS: dict[str, Callable[..., Decision]] = {
    "approve": review.approve,
    "ask_for_changes": review.ask_for_changes,
    "escalate": review.escalate,
    "reject": review.reject,
}


def is_there() -> bool:
    return Action.objects.filter(team__slug__in=organisation.TEAMS, state=State.PENDING).exists()


def plan(tale: Tale, *, left: bool) -> None:
    """Plans the cases whose chain was left to its end (`left`), or all others."""
    for case in texts.cases():
        if case.get("left", False) is left:
            when = work_ago(tale.now, _work(case["ago"]), _calendar(case["request"]["workflow"]))
            for thing in case.get("each", [{}]):
                tale.timeline.at(when, partial(_stage, tale, case, thing))


def pause(tale: Tale) -> None:
    """Plans the stop that is in force."""
    paused = tale.texts["paused"]
    when = tale.now - timedelta(hours=paused["hours_ago"])
    tale.timeline.at(when, partial(history.stop_workflow, paused["workflow"], paused["reason"]))


def _stage(tale: Tale, case: dict[str, Any], thing: dict[str, Any]) -> None:
    facts = {"it": thing, "on": texts.dates(clock.now())}
    steps = [str(tale.named[name]) for name in case.get("after", ())]
    request = texts.fill(case["request"], facts) | ({"depends_on": steps} if steps else {})
    action = stage(tale, case["agent"], request)
    if name := case.get("name"):
        tale.named[name] = action.pk
    _comment(tale, case, action)
    if case.get("left"):
        deciding.watch(tale, action)
    if then := case.get("then"):
        when = working(action, 40)
        tale.timeline.at(when, partial(_then, action, **then))


def _comment(tale: Tale, case: dict[str, Any], action: Action) -> None:
    """What a person wants remembered about its subject, and what a checker thinks of it."""
    if said := case.get("guidance"):
        person = Person.objects.get(username=said["person"])
        left = {name: value for name, value in said.items() if name != "person"}
        guidance.leave(action_id=action.pk, person=person, **left)
    if said := case.get("opinion"):
        opinions.give(
            checker=tale.agents[said["agent"]],
            action_id=action.pk,
            revision=action.revision,
            concern=Decimal(said["concern"]),
            words=said["words"],
        )


def _then(action: Action, person: str, verdict: str, **said: Any) -> None:
    VERDICTS[verdict](
        action_id=action.pk,
        person=Person.objects.get(username=person),
        seen=Seen.of(action),
        **said,
    )


def _work(words: str) -> timedelta:
    duration = Duration.parse(words)
    return duration.amount * LENGTHS[duration.unit]


def _calendar(workflow: str) -> Calendar:
    found = Workflow.objects.select_related("calendar").get(
        team__slug__in=organisation.TEAMS, slug=workflow
    )
    return Calendar.from_document(found.calendar.document)
