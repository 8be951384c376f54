"""The demo's past thirty days: everyday work, questions, stops, and what is open since an hour."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from agents_registry.models import Person, Stop, StopKind, Workflow
from agents_registry.sla import Calendar, due_after_work, work_between
from approvals import closing, readings, review, stopping
from approvals.errors import Invalid
from approvals.models import Action, FollowUp
from approvals.states import State
from approvals.transitions import Seen
from ledger import clock
from reviewqueue.demo import deciding, doing, organisation, texts
from reviewqueue.demo.tale import Tale, find, stage, working
from reviewqueue.demo.timeline import work_ago

Calendars = dict[str, Calendar]
"""The working time of each workflow, by its slug."""

DAYS = timedelta(days=30)
QUIET = timedelta(hours=7)
"""Working time before now in which no everyday work begins, so that nearly all is decided."""
FORGOTTEN, FORGOTTEN_DAYS_AGO = ("lead-routing", "book_intro_call"), 14
"""Where nobody answered to the end of the chain, until the workflow paused itself."""


def plan(tale: Tale, *, times: int) -> None:
    """Plans all of it, each everyday action so many `times` for each point of its `often`.

    What one thing leads to is planned when that happens.
    """
    workflows = Workflow.objects.filter(team__slug__in=organisation.TEAMS)
    calendars = {
        workflow.slug: Calendar.from_document(workflow.calendar.document)
        for workflow in workflows.select_related("calendar")
    }
    _plan_routine(tale, calendars, times)
    _plan_stories(tale, calendars)
    _plan_loose_ends(tale, calendars)
    for day in range(DAYS.days):
        tale.timeline.at(tale.now - timedelta(days=day), partial(_undo, tale))


def _plan_routine(tale: Tale, calendars: Calendars, times: int) -> None:
    routine = texts.routine()
    for work in routine["work"]:
        calendar = calendars[work["request"]["workflow"]]
        things = routine["things"][work["about"]]
        _everyday(tale, work, things, calendar, times * work["often"])
        if (work["request"]["workflow"], work["request"]["action_type"]) == FORGOTTEN:
            when = _on_day(tale, FORGOTTEN_DAYS_AGO, calendar)
            tale.timeline.at(when, partial(_forget, tale, work, things[-1]))


def _plan_stories(tale: Tale, calendars: Calendars) -> None:
    """What happened once: questions, attempts at what is blocked, stops, a lowered mode."""
    for name, do in {"questions": _ask, "attempts": _attempt, "stops": _stop}.items():
        for entry in tale.texts[name]:
            calendar = calendars[entry.get("workflow") or entry["request"]["workflow"]]
            tale.timeline.at(_on_day(tale, entry["days_ago"], calendar), partial(do, tale, entry))
    lowered = tale.texts["lowered"]
    for days_later, value in enumerate(lowered["daily"]):
        day = tale.now - timedelta(days=lowered["days_ago"] - days_later)
        tale.timeline.at(day, partial(_report, tale, lowered, value))


def _plan_loose_ends(tale: Tale, calendars: Calendars) -> None:
    """What happened so lately that nobody has seen to it."""
    for name, end in {"failed": _fail, "unknown": _vanish, "blocked": _leave_blocked}.items():
        entry = tale.texts["loose_ends"][name]
        since = timedelta(minutes=tale.chance.randint(12, 35))
        when = work_ago(tale.now, since, calendars[entry["request"]["workflow"]])
        tale.timeline.at(when, partial(end, tale, entry))
    tale.timeline.at(tale.now - timedelta(hours=1), partial(_be_refused_twice, tale))


def _everyday(
    tale: Tale, work: dict[str, Any], things: list[Any], calendar: Calendar, times: int
) -> None:
    """Spreads one kind of everyday work over the working time of the month."""
    begin = tale.now - DAYS
    worked = work_between(begin, work_ago(tale.now, QUIET, calendar), calendar)
    for _ in range(times):
        when = due_after_work(begin, worked * tale.chance.random(), calendar)
        tale.timeline.at(when, partial(_work, tale, work, tale.chance.choice(things)))


def _on_day(tale: Tale, days_ago: int, calendar: Calendar) -> datetime:
    """Some working hour about that many days ago."""
    day = tale.now - timedelta(days=days_ago)
    return due_after_work(day, timedelta(minutes=tale.chance.randint(30, 200)), calendar)


def _work(tale: Tale, work: dict[str, Any], thing: dict[str, Any]) -> None:
    """One everyday action, and whatever it needs."""
    action = _everyday_action(tale, work, thing)
    if action.state == State.PENDING:
        deciding.wait_for_people(tale, action)
    elif action.state == State.APPROVED:
        doing.take_soon(tale, action)


def _everyday_action(tale: Tale, work: dict[str, Any], thing: dict[str, Any]) -> Action:
    """The request about this thing; the agent is a little more or less sure each time."""
    facts = {"it": thing, "on": texts.dates(clock.now())}
    said, after = texts.fill([work["request"], work["after"]], facts)
    sure = said["confidence"] + tale.chance.triangular(-0.14, 0.06, 0.01)
    request = {
        **said,
        "confidence": round(min(0.99, sure), 2),
        "agent_version": "2026-10" if clock.now() < tale.now - DAYS / 2 else "2026-11",
        "run_id": f"run-{clock.now():%m%d}-{said['workflow']}",
    }
    return stage(tale, work["agent"], request, after=after)


def _undo(tale: Tale) -> None:
    """What was staged within a day to undo something, seen to like any other action."""
    since = clock.now() - timedelta(days=1)
    staged = Action.objects.filter(rolls_back__isnull=False, created_at__gt=since)
    for undoing in [find(tale, pk) for pk in staged.values_list("pk", flat=True)]:
        if undoing.state == State.PENDING:
            deciding.wait_for_people(tale, undoing, verdict="approve")
        elif undoing.state == State.APPROVED:
            doing.take_soon(tale, undoing, fate="succeeded")


def _forget(tale: Tale, work: dict[str, Any], thing: dict[str, Any]) -> None:
    """Nobody answers until the workflow pauses itself; on the third day they see to it."""
    action = _everyday_action(tale, work, thing)
    deciding.watch(tale, action)
    tale.timeline.at(working(action, 20 * 60), partial(_remember, tale, action))


def _remember(tale: Tale, action: Action) -> None:
    risk_owner = Person.objects.get(username="rhea")
    stop = Stop.objects.get(target=str(action.workflow_id), lifted_at__isnull=True)
    stopping.resume(stop_id=stop.pk, person=risk_owner, note=tale.texts["forgotten"]["note"])
    held = find(tale, action.pk)
    review.take_over(
        action_id=held.pk,
        person=deciding.decider(tale, held),
        seen=Seen.of(held),
        comment="Too late for an invitation. I called and said sorry.",
    )


def _ask(tale: Tale, entry: dict[str, Any]) -> None:
    request = {
        "workflow": entry["workflow"],
        "action_type": "ask",
        "payload": {"question": entry["question"]},
    }
    action = stage(tale, entry["agent"], request)
    when = working(action, tale.chance.randint(10, 110))
    tale.timeline.at(when, partial(_answer, entry, action))


def _answer(entry: dict[str, Any], action: Action) -> None:
    review.answer(
        action_id=action.pk,
        person=Person.objects.get(username=entry["by"]),
        seen=Seen.of(action),
        text=entry["answer"],
    )


def _report(tale: Tale, lowered: dict[str, Any], value: str) -> None:
    """An agent reports the metric of the day that is over; too high too often lowers a mode."""
    agent, now = tale.agents[lowered["agent"]], clock.now()
    readings.take(
        workflow=agent.workflows.get(slug=lowered["workflow"]),
        metric=lowered["metric"],
        source=f"agent:{agent.slug}",
        window_start=now - timedelta(days=1),
        window_end=now,
        value=Decimal(value),
        actor=f"agent:{agent.pk}",
    )


def _attempt(tale: Tale, entry: dict[str, Any]) -> None:
    """Something that is blocked for agents; the risk owner closes it."""
    action = stage(tale, entry["agent"], entry["request"])
    when = working(action, tale.chance.randint(20, 200))
    tale.timeline.at(when, partial(_close_attempt, entry, action))


def _close_attempt(entry: dict[str, Any], action: Action) -> None:
    follow_up = FollowUp.objects.select_related("assignee").get(action=action)
    assert follow_up.assignee is not None
    closing.close(
        follow_up_id=follow_up.pk,
        person=follow_up.assignee,
        choice="close",
        reason=entry["closed"],
    )


def _stop(tale: Tale, entry: dict[str, Any]) -> None:
    stop = stop_workflow(entry["workflow"], entry["reason"])
    again = partial(_resume, stop, entry["note"])
    tale.timeline.at(clock.now() + timedelta(hours=entry["hours"]), again)


def stop_workflow(slug: str, reason: str) -> Stop:
    """The system owner stops a workflow of the demo."""
    workflow = Workflow.objects.get(team__slug__in=organisation.TEAMS, slug=slug)
    return stopping.stop(
        team=workflow.team,
        kind=StopKind.WORKFLOW,
        target=str(workflow.pk),
        reason=reason,
        person=Person.objects.get(username="sven"),
    )


def _resume(stop: Stop, note: str) -> None:
    stopping.resume(stop_id=stop.pk, person=Person.objects.get(username="rhea"), note=note)


def _fail(tale: Tale, entry: dict[str, Any]) -> None:
    _approve_at_once(tale, entry, fate="failed")


def _vanish(tale: Tale, entry: dict[str, Any]) -> None:
    _approve_at_once(tale, entry, fate="unknown")


def _approve_at_once(tale: Tale, entry: dict[str, Any], *, fate: str) -> None:
    action = stage(tale, entry["agent"], entry["request"])
    review.approve(
        action_id=action.pk,
        person=deciding.decider(tale, action),
        seen=Seen.of(action),
        checked=action.action_type.checks,
    )
    doing.take_soon(tale, find(tale, action.pk), fate=fate)


def _leave_blocked(tale: Tale, entry: dict[str, Any]) -> None:
    stage(tale, entry["agent"], entry["request"])


def _be_refused_twice(tale: Tale) -> None:
    """The same type that nobody listed, tried again after a no."""
    entry = tale.texts["loose_ends"]["refused"]
    for _ in range(2):
        try:
            stage(tale, entry["agent"], entry["request"])
        except Invalid:
            continue
