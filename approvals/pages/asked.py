"""Who is asked when: what comes by itself for one action, or would come for one staged later."""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from agents_registry import absences, roles, stops
from agents_registry.away import Roster
from agents_registry.models import ActionType, Fallback, Person, Workflow
from agents_registry.sla import in_words
from approvals import ladder, timetable
from approvals.addressees import Addressee
from approvals.addressing import pool_of
from approvals.foretelling import ESCALATED, EXPIRED, REMINDED, Moment, Standing, moments
from approvals.known import Known
from approvals.ladder import Reached
from approvals.models import Action
from approvals.pages import passed_over, words
from approvals.states import State
from ledger import clock

STOPPED = (
    "It is stopped, and its clock stands still: what follows moves on by as much when it is "
    "turned on again."
)
HELD = "The chain is at its end: nobody else is asked. It waits until somebody decides."
OVER = "Nobody is asked any more: it is {state}."
NOBODY_FIRST = "Nobody is there to be asked first, so it goes on at once."
RULES = (
    "Where a rule names who signs, they are asked first, in place of the pool.",
    "A person of the subject, or one named in the payload, is known only when there is an action. "
    "Until then whoever stands “otherwise” in that step is shown.",
)
ENDINGS = {
    Fallback.EXPIRE: "Nobody has decided: it expires, nothing is done",
    Fallback.HOLD: "Nobody has decided: it is held for {whom}, nothing is done",
    Fallback.HOLD_AND_PAUSE: "Nobody has decided: it is held for {whom}, nothing is done, and the "
    "whole workflow is stopped",
}
TOO_LATE = "It is of no use any more: it expires, nothing is done"


@dataclass(frozen=True, slots=True)
class Line:
    """Something that comes; `remarks` say who is passed over and why, and who is away by then."""

    css: str
    words: str
    iso: str
    at_words: str
    after_words: str
    remarks: list[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who has it now, and what comes, the next first."""

    now_words: str
    now_sub: str
    lines: list[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldBe:
    """The page for a workflow: what was chosen in the form, and the answer."""

    slug: str
    name: str
    types: list[tuple[str, str]]
    type: str
    on: str
    at: str
    zone: str
    iso: str
    at_words: str
    asked: Asked
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AsThingsAre:
    """What the ladder would answer for this action later, as the registry stands now: absences
    that are set already begin and end as they will."""

    action: Action

    def next_stage(self, standing: Standing, at: datetime) -> Reached | None:
        ahead = copy(self.action)
        ahead.step = standing.step
        ahead.assignee, ahead.pool = standing.asked.person, standing.asked.pool
        with clock.simulated(at):
            return ladder.next_stage(ahead)

    def holder(self, at: datetime) -> Person | None:
        with clock.simulated(at):
            return roles.owner(self.action.workflow, "workflow_owner")


def asked(action: Action, reader: Person) -> Asked:
    """For an action as it stands now."""
    if action.state != State.PENDING:
        return Asked(OVER.format(state=words.state(action.state)), "", [])
    now_words = _has_it(Addressee.of(action), action)
    if action.held:
        return Asked(now_words, HELD, [])
    stopped = stops.stop_over(action.agent, action.action_type)
    lines = _lines(action, Standing.of(action), reader, clock.now())
    return Asked(now_words, STOPPED if stopped else "", lines)


def would_be(
    workflow: Workflow,
    types: Iterable[ActionType],
    chosen: ActionType | None,
    start: datetime,
    reader: Person,
) -> WouldBe:
    """For something of this type, or of any type without times of its own, staged at `start`."""
    local = start.astimezone(ZoneInfo(reader.time_zone))
    return WouldBe(
        slug=workflow.slug,
        name=workflow.name,
        types=[(each.key, str(each)) for each in types],
        type=chosen.key if chosen else "",
        on=f"{local:%Y-%m-%d}",
        at=f"{local:%H:%M}",
        zone=reader.time_zone.replace("_", " "),
        iso=start.isoformat(),
        at_words=words.at(start, reader),
        asked=_asked_first(_as_if_staged(chosen or ActionType(), workflow, start), reader, start),
        remarks=RULES,
    )


def _as_if_staged(action_type: ActionType, workflow: Workflow, start: datetime) -> Action:
    """What staging would make of it, as far as the chain goes; stored nowhere."""
    action_type.workflow = workflow
    frozen = timetable.freeze(action_type)
    return Action(
        team=workflow.team,
        workflow=workflow,
        state=State.PENDING,
        frozen=frozen,
        created_at=start,
        **timetable.stage_times(frozen, 0, start),
    )


def _asked_first(action: Action, reader: Person, start: datetime) -> Asked:
    """Its first addressee is whoever is there; where nobody is, the next step begins at once."""
    standing = Standing.of(action)
    with clock.simulated(start):
        first, further = ladder.asked_at(action, Known()), ladder.next_stage(action)
    if first or not further:
        action.assignee, action.pool = (first.person, first.pool) if first else (None, None)
        return Asked(
            _has_it(first or Addressee(None), action), "", _lines(action, standing, reader, start)
        )
    begun = Moment(ESCALATED, start, further.step, further.asked, further)
    lines = _lines(action, standing.moved_to(further, start), reader, start)
    return Asked(NOBODY_FIRST, "", [_line(begun, action, reader, start), *lines])


def _lines(action: Action, standing: Standing, reader: Person, now: datetime) -> list[Line]:
    coming = moments(standing, AsThingsAre(action), now)
    return [_line(each, action, reader, now) for each in coming]


def _line(moment: Moment, action: Action, reader: Person, now: datetime) -> Line:
    return Line(
        css="no" if moment.event == EXPIRED else "next",
        words=_words(moment, action),
        iso=moment.at.isoformat(),
        at_words=words.at(moment.at, reader),
        after_words=_after(now, moment.at, action),
        remarks=_remarks(moment, action, reader),
    )


def _after(now: datetime, at: datetime, action: Action) -> str:
    """In the work time of the calendar that the action was staged under."""
    if at <= now:
        return "At once"
    work = in_words(now, at, timetable.calendar_of(action.frozen)).removesuffix(" left")
    return f"After {work}" if "work day" in work else f"After {work} of work time"


def _words(moment: Moment, action: Action) -> str:
    whom = _whom(moment.asked, action) if moment.asked else ""
    if moment.event == REMINDED:
        return f"A reminder to {whom}"
    if moment.event == ESCALATED:
        return f"It goes to {whom}"
    if action.not_after and moment.at >= action.not_after:
        return TOO_LATE
    return ENDINGS[Fallback(action.frozen["fallback"])].format(whom=whom)


def _remarks(moment: Moment, action: Action, reader: Person) -> list[str]:
    if moment.reached is None:
        return []
    with clock.simulated(moment.at):
        said = passed_over.words_for(moment.reached, action, reader)
    return [*said, *_leaves(moment, action, reader)]


def _leaves(moment: Moment, action: Action, reader: Person) -> list[str]:
    """Whoever has it and is away before their time is over: it goes on then, in the same step."""
    person = moment.asked.person if moment.asked else None
    due = timetable.stage_times(action.frozen, moment.step, moment.at)["due_at"]
    away = absences.during(person, moment.at, due).first() if person else None
    if away is None:
        return []
    since = words.clock_time(away.starts_at, reader)
    return [f"{person} is away from {since}: then it goes to whoever stands in."]


def _has_it(asked: Addressee, action: Action) -> str:
    """Who has it, and of a pool who is there."""
    if asked.person:
        return f"{_whom(asked, action)} has it."
    pool, roster = asked.pool or pool_of(action), Roster()
    there = sorted(str(each) for each in pool.people.all() if roster.is_present(each))
    return f"It waits with {pool}: {', '.join(there) or 'nobody is there'}."


def _whom(asked: Addressee, action: Action) -> str:
    if asked.person is None:
        return f"the pool {asked.pool or pool_of(action)}"
    return f"{asked.person}, for {asked.instead_of}" if asked.instead_of else str(asked.person)
