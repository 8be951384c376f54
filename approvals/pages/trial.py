"""What a trial found, in words: the matrix of moves, what it costs and saves, actions to open."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse

from agents_registry.models import ActionType, Person
from agents_registry.policy.findings import Tier
from agents_registry.words import counted
from approvals.models import Trial, TrialState
from approvals.pages import words
from approvals.pages.trial_facts import (
    Example,
    Fact,
    Sentences,
    counted_up,
    examples,
    facts,
    pairs,
    sentences,
)
from approvals.trial_figures import Pile, Tally


@dataclass(frozen=True, slots=True)
class Move:
    """Actions that would be in another tier. `way` is stricter or laxer."""

    anchor: str
    old: str
    old_words: str
    new: str
    new_words: str
    way: str
    count: int
    examples: tuple[Example, ...]
    rest: int


@dataclass(frozen=True, slots=True)
class Cell:
    """How many came from the row's tier and would be in the column's; `way` empty if the same."""

    count: int
    way: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Row:
    tier: str
    tier_words: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What would have been. `columns` are the tiers of the matrix as (name, words)."""

    headline: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    moves: tuple[Move, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class About:
    """An action type that a trial is of."""

    url: str
    name: str


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page; `outcome` is None until it is done."""

    id: UUID
    about: tuple[About, ...]
    by_words: str
    days_words: str
    state: str
    done: int
    total: int
    progress_words: str
    outcome: Outcome | None

    @property
    def open(self) -> bool:
        return self.state in {TrialState.WAITING, TrialState.RUNNING}


def page(trial: Trial, person: Person) -> Page:
    """The page of a trial as this person sees it."""
    days = counted(trial.days, "day")
    types = ActionType.objects.filter(pk__in=trial.documents).select_related("workflow")
    return Page(
        id=trial.pk,
        about=tuple(map(_about, types)),
        by_words=f"{trial.author}, {words.at(trial.created_at, person)}",
        days_words=days,
        state=trial.state,
        done=trial.done,
        total=max(trial.total, 1),
        progress_words=_progress_words(trial),
        outcome=outcome(trial.result, days)
        if trial.state == TrialState.DONE and trial.result
        else None,
    )


def outcome(result: Mapping[str, Any], days: str) -> Outcome:
    """`result` is what `approvals.trials` makes; `days` is the time in words, e.g. “30 days”."""
    tally = Tally.from_dict(result["tally"])
    told = sentences(tally)
    before = _in_order(old for old, _, _ in pairs(tally.tiers))
    after = _in_order(new for _, new, _ in pairs(tally.tiers))
    return Outcome(
        headline=_headline(tally, days),
        columns=tuple((str(tier), words.TIERS[tier]) for tier in after),
        rows=tuple(_row(tally, old, after) for old in before),
        moves=tuple(_moves(tally, told)),
        facts=tuple(facts(tally, result["paces"], told)),
    )


def _about(action_type: ActionType) -> About:
    workflow = action_type.workflow
    url = reverse("registry_action_type", args=[workflow.slug, action_type.key])
    return About(url, f"{action_type} in {workflow}")


def _progress_words(trial: Trial) -> str:
    if trial.state == TrialState.WAITING:
        return "It waits for its turn."
    return f"{trial.done:,} of {counted_up(trial.total)} judged again."


def _headline(tally: Tally, days: str) -> str:
    if not tally.replayed:
        return f"Nothing of this kind was staged in the last {days}, so nothing can be said."
    of_all = f"of {counted_up(tally.replayed)} of the last {days}"
    if not tally.moved:
        return f"Nothing would move: each {of_all} stays in its tier."
    parts = [f"{count:,} {way}" for way, count in _ways(tally).items() if count]
    return f"{tally.moved:,} {of_all} would be in another tier: {', '.join(parts)}."


def _ways(tally: Tally) -> dict[str, int]:
    ways = {"stricter": 0, "laxer": 0}
    for old, new, pile in pairs(tally.tiers):
        if way := _way(Tier(old), Tier(new)):
            ways[way] += pile.count
    return ways


def _way(old: Tier, new: Tier) -> str:
    if old == new:
        return ""
    return "stricter" if new > old else "laxer"


def _in_order(names: Iterable[str]) -> list[Tier]:
    """The tiers that occur, from lax to strict."""
    return sorted({Tier(name) for name in names}, key=lambda tier: tier.rank)


def _row(tally: Tally, old: Tier, tiers: list[Tier]) -> Row:
    cells = []
    for new in tiers:
        pile = tally.tiers.get(f"{old}>{new}", Pile())
        cells.append(Cell(pile.count, _way(old, new), _anchor(old, new)))
    return Row(old, words.TIERS[old], tuple(cells))


def _anchor(old: str, new: str) -> str:
    return f"from-{old}-to-{new}".replace("_", "-")


def _moves(tally: Tally, told: Sentences) -> Iterable[Move]:
    """The most first."""
    for old, new, pile in sorted(pairs(tally.tiers), key=lambda move: -move[2].count):
        if way := _way(Tier(old), Tier(new)):
            yield Move(
                anchor=_anchor(old, new),
                old=old,
                old_words=words.TIERS[old],
                new=new,
                new_words=words.TIERS[new],
                way=way,
                count=pile.count,
                examples=examples(pile, told),
                rest=pile.count - len(pile.examples),
            )
