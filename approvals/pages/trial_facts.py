"""The facts of a trial in sentences: what it would have caught, what it costs, whom it asks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agents_registry.models import Workflow
from approvals.models import Action
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


def facts(tally: Tally, paces: Mapping[str, Any], told: Sentences) -> Iterable[Fact]:
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
    for old, new, pile in pairs(tally.modes):
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
    return Fact(said, icon=icon, examples=examples(pile, told), rest=rest)


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


def examples(pile: Pile, told: Sentences) -> tuple[Example, ...]:
    return tuple(Example(f"/actions/{pk}/", text(told.get(pk, pk))) for pk in pile.examples)


def sentences(tally: Tally) -> Sentences:
    """The sentence of every example, in one query."""
    piles = [*tally.tiers.values(), *tally.modes.values(), *tally.asked.values()]
    piles += [tally.caught, tally.let_through]
    ids = {pk for pile in piles for pk in pile.examples}
    return {
        str(pk): sentence
        for pk, sentence in Action.objects.filter(pk__in=ids).values_list("pk", "sentence")
    }


def pairs(piles: Mapping[str, Pile]) -> Iterable[tuple[str, str, Pile]]:
    for pair, pile in piles.items():
        old, _, new = pair.partition(">")
        yield old, new, pile


def counted_up(count: int) -> str:
    return "1 action" if count == 1 else f"{count:,} actions"
