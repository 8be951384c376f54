"""PURE: finds everything wrong with a document before it is applied, each with its place."""

from collections.abc import Iterable, Iterator
from typing import Any

from agents_registry.policy.floors import BUILT_IN
from agents_registry.spec import action_types, problems, timing
from agents_registry.spec.problems import Problem
from agents_registry.spec.rows import EMPTY, Document, Row, fill, over


def check(document: Any, known: Document = EMPTY) -> list[Problem]:
    """The problems of a document; none means that it may be applied.

    `known` is the filled document of what the team has already. Problems of shape stand alone:
    nothing else can be told before they are mended.
    """
    shape = list(problems.unstorable(document)) or list(problems.of_shape(document))
    if shape:
        return shape
    filled = fill(document)
    return list(_problems(filled, over(known, filled)))


def _problems(document: Document, whole: Document) -> Iterator[Problem]:
    if whole["team"] is None:
        yield Problem("team", "The team is not known yet, so it needs a slug and a name.")
    for slug, pool in document["pools"].items():
        yield from _in_team(f"pools/{slug}/people", enumerate(pool["people"]), whole)
    for slug, calendar in document["calendars"].items():
        yield from timing.calendar(f"calendars/{slug}", calendar)
    for slug, chain in document["chains"].items():
        yield from timing.chain(f"chains/{slug}", chain, whole)
    for slug, workflow in document["workflows"].items():
        yield from _workflow(f"workflows/{slug}", workflow, whole)


def _workflow(place: str, workflow: Row, whole: Document) -> Iterator[Problem]:
    yield from _in_team(f"{place}/owners", workflow["owners"].items(), whole)
    missing = [
        *_missing(f"{place}/pool", workflow["pool"], "pool", whole["pools"]),
        *_missing(f"{place}/calendar", workflow["calendar"], "calendar", whole["calendars"]),
        *_missing(f"{place}/chain", workflow["chain"], "chain", whole["chains"]),
    ]
    for number, agent in enumerate(workflow["agents"]):
        missing += _missing(f"{place}/agents/{number}", agent, "agent", whole["agents"])
    yield from [*missing, *timing.duration(f"{place}/sla", workflow["sla"])]
    if not missing:
        yield from _steps(place, workflow, workflow, whole)
    for key, action_type in workflow["action_types"].items():
        at = f"{place}/action_types/{key}"
        if key in BUILT_IN:
            yield Problem(at, "Every workflow has this action type already.")
            continue
        wrong = list(action_types.problems(at, key, action_type, whole))
        yield from wrong
        if not wrong and not missing and (action_type["sla"] or action_type["chain"]):
            yield from _steps(at, action_type, workflow, whole)


def _steps(place: str, row: Row, workflow: Row, whole: Document) -> Iterator[Problem]:
    """Whether the steps that this row's actions go through are possible in its calendar."""
    chain = whole["chains"][row["chain"] or workflow["chain"]]
    calendar = whole["calendars"][workflow["calendar"]]
    sla = row["sla"] or workflow["sla"]
    parts = [*timing.chain("", chain, whole), *timing.calendar("", calendar)]
    if not parts and not list(timing.duration("", sla)):
        yield from timing.fits(f"{place}/chain", sla, chain, calendar)


def _in_team(
    place: str, people: Iterable[tuple[object, str]], whole: Document
) -> Iterator[Problem]:
    for where, username in people:
        if username not in whole["people"]:
            yield Problem(f"{place}/{where}", f"{username!r} is not in this team.")


def _missing(place: str, slug: str, kind: str, there: Document) -> list[Problem]:
    return [] if slug in there else [Problem(place, f"There is no {kind} {slug!r}.")]
