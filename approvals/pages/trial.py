"""What a trial found, in words: the matrix of moves, what it costs and saves, actions to open."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse

from agents_registry.models import ActionType, Person, Workflow
from agents_registry.policy.findings import Tier
from agents_registry.words import counted
from approvals.models import Action, Trial, TrialState
from approvals.pages import words
from approvals.pages.content import Text, text
from approvals.trial_figures import Load, Pile, Tally

LEAST = 20
"""Cases below which a median or a share says nothing."""

Sentences = Mapping[str, str]
"""What each example will do, by its id."""


@dataclass(frozen=True, slots=True)
class Example:
    """An action to open."""

    url: str
    sentence: Text


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that would change: a sentence, more about it, a few of the actions."""

    words: str
    more: str = ""
    icon: str = "right"
    examples: tuple[Example, ...] = ()
    rest: int = 0


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
    told = _sentences(tally)
    pairs = [pair.split(">") for pair in tally.tiers]
    before, after = _in_order(old for old, _ in pairs), _in_order(new for _, new in pairs)
    return Outcome(
        headline=_headline(tally, days),
        columns=tuple((str(tier), words.TIERS[tier]) for tier in after),
        rows=tuple(_row(tally, old, after) for old in before),
        moves=tuple(_moves(tally, told)),
        facts=tuple(_facts(tally, result["paces"], told)),
    )


def _about(action_type: ActionType) -> About:
    workflow = action_type.workflow
    url = reverse("registry_action_type", args=[workflow.slug, action_type.key])
    return About(url, f"{action_type} in {workflow}")


def _progress_words(trial: Trial) -> str:
    if trial.state == TrialState.WAITING:
        return "It waits for its turn."
    return f"{trial.done:,} of {counted_up(trial.total)} judged again."


def counted_up(count: int) -> str:
    return "1 action" if count == 1 else f"{count:,} actions"


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
    for old, new, pile in _pairs(tally.tiers):
        if way := _way(Tier(old), Tier(new)):
            ways[way] += pile.count
    return ways


def _way(old: Tier, new: Tier) -> str:
    if old == new:
        return ""
    return "stricter" if new > old else "laxer"


def _pairs(piles: Mapping[str, Pile]) -> Iterable[tuple[str, str, Pile]]:
    for pair, pile in piles.items():
        old, _, new = pair.partition(">")
        yield old, new, pile


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
    for old, new, pile in sorted(_pairs(tally.tiers), key=lambda move: -move[2].count):
        if way := _way(Tier(old), Tier(new)):
            yield Move(
                anchor=_anchor(old, new),
                old=old,
                old_words=words.TIERS[old],
                new=new,
                new_words=words.TIERS[new],
                way=way,
                count=pile.count,
                examples=_examples(pile, told),
                rest=pile.count - len(pile.examples),
            )


def _facts(tally: Tally, paces: Mapping[str, Any], told: Sentences) -> Iterable[Fact]:
    yield from _load_facts(tally, paces)
    if tally.caught.count:
        yield _fact(
            f"It would have caught {counted_up(tally.caught.count)} that ran alone and failed or "
            "had to be rolled back.",
            tally.caught,
            told,
            icon="shield",
        )
    if tally.let_through.count:
        yield _fact(
            f"It would have let {counted_up(tally.let_through.count)} run alone that people "
            "rejected.",
            tally.let_through,
            told,
            icon="warn",
        )
    for old, new, pile in _pairs(tally.modes):
        if old != new:
            moved = f"{words.MODES[old]} → {words.MODES[new]}"
            yield _fact(f"Mode {moved}: {counted_up(pile.count)}.", pile, told, icon="swap")
    for who, pile in tally.asked.items():
        asked = f"Newly asked: the {words.who(who)}, for {counted_up(pile.count)}."
        yield _fact(asked, pile, told, icon="pool")
    if tally.moved and tally.earlier:
        were = "was" if tally.earlier == 1 else "were"
        yield Fact(
            f"{counted_up(tally.earlier)} {were} judged by an earlier policy than the one in "
            "force, so part of what moves may be older than this change.",
            icon="clock",
        )


def _fact(said: str, pile: Pile, told: Sentences, *, icon: str) -> Fact:
    rest = pile.count - len(pile.examples)
    return Fact(said, icon=icon, examples=_examples(pile, told), rest=rest)


def _load_facts(tally: Tally, paces: Mapping[str, Any]) -> Iterable[Fact]:
    names = dict(Workflow.objects.filter(pk__in=paces).values_list("pk", "name"))
    for workflow, pace in paces.items():
        load, name = tally.loads[workflow], names.get(UUID(workflow), "A workflow")
        parts = [
            f"{counted_up(load.more)} would newly need a person" if load.more else "",
            f"{counted_up(load.less)} would no longer need one" if load.less else "",
        ]
        yield Fact(f"{name}: {', '.join(part for part in parts if part)}.", icon="pool")
        yield Fact(*_hours(load, pace), icon="eye")
        yield Fact(*_late(load), icon="clock")


def _hours(load: Load, pace: Mapping[str, Any]) -> tuple[str, str]:
    if pace["decisions"] < LEAST:
        said = f"not enough data, {pace['decisions']} of {LEAST}"
        return (f"Reviewer time: {said}.", "Decisions whose opening is on record.")
    moved = load.more - load.less
    each = f"People take {_time(pace['seconds'])} for one, by {pace['decisions']:,} decisions."
    if not moved:
        return ("Reviewer time: as before.", each)
    way = "more" if moved > 0 else "less"
    return (f"Reviewer time: about {_time(abs(moved) * pace['seconds'])} {way}.", each)


def _late(load: Load) -> tuple[str, str]:
    """What is spared is known; what would be late is guessed by the share that was."""
    spared = f"{load.spared:,} of those that would no longer wait were late." * bool(load.spared)
    if not load.more:
        change = f"{load.spared:,} fewer" if load.spared else "as before"
        return (f"Late actions: {change}.", spared)
    if load.needed < LEAST:
        return (f"Late actions: not enough data, {load.needed} of {LEAST}.", spared)
    share = load.late / load.needed
    of_whom = f"{share:.0%} of {load.needed:,} that needed a person were late."
    more = round(share * load.more)
    change = f"about {more:,} more" if more else "as before"
    return (f"Late actions: {change}.", f"{of_whom} {spared}".strip())


def _time(seconds: float) -> str:
    """A length of work in the unit that says it best: 40 s / 7 min / 3.2 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:,.1f} h"


def _examples(pile: Pile, told: Sentences) -> tuple[Example, ...]:
    return tuple(Example(f"/actions/{pk}/", text(told.get(pk, pk))) for pk in pile.examples)


def _sentences(tally: Tally) -> Sentences:
    """The sentence of every example, in one query."""
    piles = [*tally.tiers.values(), *tally.modes.values(), *tally.asked.values()]
    piles += [tally.caught, tally.let_through]
    ids = {pk for pile in piles for pk in pile.examples}
    return {
        str(pk): sentence
        for pk, sentence in Action.objects.filter(pk__in=ids).values_list("pk", "sentence")
    }
