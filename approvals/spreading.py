"""Moves deadlines apart where more actions of one workflow would be due in one minute than people
can look at."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice, repeat
from typing import Any
from uuid import UUID

from django.conf import settings

from agents_registry import rates
from agents_registry.calendars import ONE_MINUTE, working_spans
from agents_registry.sla import ALWAYS, TEN_YEARS, Calendar, Duration, Unit
from approvals import timetable

MOST_MINUTES = 60
KEPT = timedelta(hours=1)
"""How long a minute's count is kept when the minute is over."""

IN_WORKING_TIME = {Unit.BUSINESS_DAYS, Unit.BUSINESS_HOURS, Unit.BUSINESS_MINUTES}
Times = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A step that begins: `times` has the columns that `timetable.stage_times` promises it."""

    workflow: UUID
    frozen: Mapping[str, Any]
    times: Times
    not_after: datetime | None

    @property
    def within(self) -> str:
        """The promise in words."""
        return str(self.frozen["stages"][self.times["step"]]["within"])

    @property
    def minute(self) -> datetime:
        due: datetime = self.times["due_at"]
        return due.replace(second=0, microsecond=0)

    @property
    def alike(self) -> tuple[Any, ...]:
        """What steps have in common that only their count tells apart."""
        return self.workflow, self.frozen["calendar"], self.within, self.minute, self.not_after


def begin(
    *,
    workflow: UUID,
    frozen: Mapping[str, Any],
    step: int,
    start: datetime,
    not_after: datetime | None,
) -> Times:
    """The columns of a step that begins, its deadline moved apart from too many others'."""
    times = timetable.stage_times(frozen, step, start)
    begun = Begun(workflow=workflow, frozen=frozen, times=times, not_after=not_after)
    return spread([begun], now=start)[0]


def spread(begun: Sequence[Begun], *, now: datetime) -> list[Times]:
    """The times of these steps, in order, with at most `DUE_PER_MINUTE` due in each minute.

    Further ones are due in the minutes that follow, at most an hour later and never past their
    action's `not_after`; a larger flood is laid evenly over that hour. Nothing is due earlier than
    promised. While Redis is away everything is due as promised.
    """
    times = [step.times for step in begun]
    groups: dict[Any, list[int]] = defaultdict(list)
    for place, step in enumerate(begun):
        groups[step.alike].append(place)
    for places in groups.values():
        shifts = _shifts(begun[places[0]], len(places), now)
        for place, shift in zip(places, shifts, strict=True):
            times[place] = _later(times[place], shift)
    return times


def _shifts(step: Begun, count: int, now: datetime) -> Iterator[timedelta]:
    """How much later each of so many steps is due that are due like this one."""
    minutes = list(_minutes(step)) if settings.DUE_PER_MINUTE else []
    shares = len(minutes) > 1 and rates.counter().fill(
        [f"due:{step.workflow}:{int(minute.timestamp()) // 60}" for minute in minutes],
        count,
        room=settings.DUE_PER_MINUTE,
        kept_seconds=int((minutes[-1] - now + KEPT).total_seconds()),
    )
    if not shares:
        return repeat(timedelta(), count)
    shared = zip(minutes, shares, strict=True)
    return chain.from_iterable(repeat(minute - minutes[0], share) for minute, share in shared)


def _minutes(step: Begun) -> Iterator[datetime]:
    """The minute of its promise, and those that follow in the time that it was promised in."""
    yield step.minute
    promised_in_work = Duration.parse(step.within).unit in IN_WORKING_TIME
    calendar = timetable.calendar_of(step.frozen) if promised_in_work else ALWAYS
    for minute in islice(_following(step.minute, calendar), MOST_MINUTES):
        if step.not_after and minute + ONE_MINUTE > step.not_after:
            return
        yield minute


def _following(minute: datetime, calendar: Calendar) -> Iterator[datetime]:
    start = minute + ONE_MINUTE
    for _, opens, closes in working_spans(start, start + TEN_YEARS, calendar):
        while opens < closes:
            yield opens
            opens += ONE_MINUTE


def _later(times: Times, shift: timedelta) -> Times:
    """The deadline moves; a reminder before it stays."""
    due = times["due_at"] + shift
    looks_at_due = times["next_step_at"] == times["due_at"]
    return {**times, "due_at": due, **({"next_step_at": due} if looks_at_due else {})}
