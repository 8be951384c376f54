"""What happens by itself to a pending action while nobody decides it, told before it happens."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, Self

from agents_registry.models import Fallback, Person
from approvals import timetable
from approvals.addressees import Addressee
from approvals.ladder import Reached
from approvals.models import Action

REMINDED, ESCALATED = "action.reminded", "action.escalated"
HELD, EXPIRED = "action.held", "action.expired"


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happens at an instant: `event` is what the record will call it, `asked` who
    is reminded, is asked next, or has it at the end."""

    event: str
    at: datetime
    step: int
    asked: Addressee | None = None
    reached: Reached | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an action stands on its chain."""

    frozen: Mapping[str, Any]
    step: int
    reminded: int
    asked: Addressee
    due_at: datetime
    next_step_at: datetime
    not_after: datetime | None = None

    @classmethod
    def of(cls, action: Action) -> Self:
        assert action.due_at, "what is pending has a deadline"
        assert action.next_step_at, "what is not held has a clock"
        return cls(
            action.frozen,
            action.step,
            action.reminded,
            Addressee.of(action),
            action.due_at,
            action.next_step_at,
            action.not_after,
        )

    def reminded_at(self, at: datetime) -> Self:
        times = self.reminded + 1
        look = timetable.next_look(
            self.frozen, self.step, reminded=times, due=self.due_at, start=at
        )
        return replace(self, reminded=times, next_step_at=look)

    def moved_to(self, reached: Reached, at: datetime) -> Self:
        times = timetable.stage_times(self.frozen, reached.step, at)
        return replace(self, asked=reached.asked, **times)


class Answers(Protocol):
    """Who would be asked at a later instant."""

    def next_stage(self, standing: Standing, at: datetime) -> Reached | None:
        """The next step of the chain that reaches somebody."""
        ...

    def holder(self, at: datetime) -> Person | None:
        """Who has it when it is held at the end of its chain."""
        ...


def moments(standing: Standing, answers: Answers, now: datetime) -> Iterator[Moment]:
    """From now to the end: reminders, next persons, the fallback, or `not_after` before it.

    What is late already happens now. Each step counts from the instant at which the one before
    was over, as if the sweep were never late and no other deadline in the way.
    """
    while True:
        at = max(standing.next_step_at, now)
        if standing.not_after and standing.not_after <= at:
            yield Moment(EXPIRED, max(standing.not_after, now), standing.step)
            return
        if at < standing.due_at:
            yield Moment(REMINDED, at, standing.step, standing.asked)
            standing = standing.reminded_at(at)
        elif reached := answers.next_stage(standing, at):
            yield Moment(ESCALATED, at, reached.step, reached.asked, reached)
            standing = standing.moved_to(reached, at)
        else:
            yield _end(standing, answers, at)
            return


def _end(standing: Standing, answers: Answers, at: datetime) -> Moment:
    if standing.frozen["fallback"] == Fallback.EXPIRE:
        return Moment(EXPIRED, at, standing.step)
    return Moment(HELD, at, standing.step + 1, Addressee(answers.holder(at)))
