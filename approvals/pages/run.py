"""One run on one page: each of its steps with what the agent says led to it, and what happened."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from agents_registry.models import Person, Team
from agents_registry.policy.floors import CHANGES_NOTHING
from approvals.models import Action, FollowUp, Outcome, Purpose
from approvals.pages import words
from approvals.pages.claimed import Claimed, claimed, parts
from approvals.pages.content import Text, text
from approvals.pages.head import STATE_CSS, run_url
from approvals.pages.timeline import Line, past
from approvals.runs import MOST, Run, Step
from approvals.states import State
from approvals.ways_back import CAN_BE_ASKED
from ledger import clock

MARKS = {
    "action.released": ("lock", ""),
    "action.succeeded": ("check", "ok"),
    "action.rolled_back": ("undo", "ok"),
    "action.rollback_requested": ("undo", "hum"),
    "action.changes_requested": ("back", "hum"),
}
"""The icon of what happened and its colour; of everything else, those of who did it."""

BY_WHOM = {"ag": ("bot", "claim-pt"), "po": ("grid", "pol"), "no": ("x", "")}
A_PERSON = ("pool", "hum")


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the record with its mark."""

    icon: str
    css: str
    line: Line


@dataclass(frozen=True, slots=True)
class Other:
    """Another action that a step hangs on, by its number where it is of the same run."""

    words: str
    url: str
    state: str
    css: str


@dataclass(frozen=True, slots=True)
class Reported:
    """What the agent reported of an outcome, each part under its name."""

    status: str
    parts: list[tuple[str, Text]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepShown:
    """One action of the run."""

    number: int
    url: str
    sentence: Text
    tier: str
    tier_words: str
    state: str
    state_css: str
    due: words.Due | None
    where: str
    agent_name: str
    subject: Text
    why: Text
    claimed: Claimed | None
    others: list[Other]
    moments: list[Moment]
    reported: list[Reported]
    open_work: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`traces` are OpenTelemetry traces with their addresses, which may be empty."""

    title: str
    run_id: Text
    counts: list[tuple[str, str]]
    span: str
    traces: list[tuple[str, str]]
    json_url: str
    rollback_url: str
    steps: list[StepShown]
    more: str


def page(run: Run, team: Team, person: Person) -> Page:
    """The page as this person sees it now."""
    actions = [step.action for step in run.steps]
    return Page(
        title=f"One run of {_names(actions)}",
        run_id=text(run.run_id),
        counts=_counts(actions),
        span=_span(actions, person),
        traces=[(each, settings.TRACE_URL.replace("{trace_id}", each)) for each in run.trace_ids],
        json_url=run_url(run.run_id, team, "run_json"),
        rollback_url=_rollback_url(run, team, actions),
        steps=_steps(run.steps, person),
        more=f"The first {MOST} actions of the run are shown." if run.more else "",
    )


def _names(actions: Sequence[Action]) -> str:
    names = sorted({action.agent.name for action in actions})
    return f"{', '.join(names[:2])} and others" if len(names) > 2 else " and ".join(names)


def _counts(actions: Sequence[Action]) -> list[tuple[str, str]]:
    """How many are in which state, and its colour."""
    of_state = Counter(action.state for action in actions).most_common()
    return [(f"{count} {words.state(name)}", STATE_CSS.get(name, "")) for name, count in of_state]


def _span(actions: Sequence[Action], person: Person) -> str:
    first = words.clock_time(min(action.created_at for action in actions), person)
    last = words.clock_time(max(action.changed_at for action in actions), person)
    return first if first == last else f"{first} to {last}"


def _rollback_url(run: Run, team: Team, actions: Sequence[Action]) -> str:
    """Where all of it can be undone; empty while it changed nothing."""
    changed = any(
        action.state in CAN_BE_ASKED and action.action_type.verb not in CHANGES_NOTHING
        for action in actions
    )
    return run_url(run.run_id, team, "rollbacks") if changed else ""


def _steps(steps: Sequence[Step], person: Person) -> list[StepShown]:
    lines = past([step.action for step in steps], person)
    numbers = {step.action.pk: step.number for step in steps}
    known: set[str] = set()
    now = clock.now()
    return [_step(step, lines[step.action.pk], numbers, known, person, now) for step in steps]


def _step(
    step: Step,
    lines: Sequence[Line],
    numbers: Mapping[UUID, int],
    known: set[str],
    person: Person,
    now: datetime,
) -> StepShown:
    action = step.action
    return StepShown(
        number=step.number,
        url=reverse("action", args=[action.pk]),
        sentence=text(action.sentence),
        tier=action.tier,
        tier_words=words.TIERS[action.tier],
        state="held" if action.held else words.state(action.state),
        state_css=STATE_CSS.get(action.state, ""),
        due=words.due_of(action, now, person) if action.state == State.PENDING else None,
        where=f"{action.action_type} in {action.workflow}",
        agent_name=action.agent.name,
        subject=text(action.subject_label or action.subject_id),
        why=text(words.why(step.content.findings)),
        claimed=claimed(step.trace, known),
        others=_others(step, numbers),
        moments=[Moment(*_mark(line), line) for line in lines],
        reported=[_reported(outcome) for outcome in step.outcomes],
        open_work=[_open_words(work, action, person) for work in step.open_work],
    )


def _others(step: Step, numbers: Mapping[UUID, int]) -> list[Other]:
    """What it waits for, and what it retries or rolls back."""
    action = step.action
    found = [
        Other(
            words=f"Waits for {_which(on.pk, numbers)}",
            url=reverse("action", args=[on.pk]),
            state=words.state(on.state),
            css=STATE_CSS.get(on.state, ""),
        )
        for on in step.waits_for
    ]
    undoes = "Rehearses to roll back" if action.purpose == Purpose.EVAL else "Rolls back"
    earlier = {"Tries again": action.retry_of_id, undoes: action.rolls_back_id}
    for what, pk in earlier.items():
        if pk:
            found.append(
                Other(f"{what} {_which(pk, numbers)}", reverse("action", args=[pk]), "", "")
            )
    return found


def _which(pk: UUID, numbers: Mapping[UUID, int]) -> str:
    return f"step {numbers[pk]}" if pk in numbers else "an action of another run"


def _mark(line: Line) -> tuple[str, str]:
    return MARKS.get(line.event) or BY_WHOM.get(line.css, A_PERSON)


def _reported(outcome: Outcome) -> Reported:
    told = {
        "after": outcome.after,
        "error": outcome.error,
        "cost": outcome.cost,
        "value": outcome.value,
    }
    return Reported(outcome.status, parts(told.items()))


def _open_words(work: FollowUp, action: Action, person: Person) -> str:
    until = words.clock_time(work.due_at, person)
    return f"{words.state(work.kind)}: waits for {work.assignee or action.agent}, until {until}"
