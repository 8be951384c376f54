"""PURE: finds everything wrong with a document before it is applied, each with its place."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from agents_registry.policy import schema
from agents_registry.policy.floors import BUILT_IN
from agents_registry.spec import (
    action_types,
    problems,
    salvage,
    standards,
    timing,
    ways_back,
    windows,
)
from agents_registry.spec.problems import Problem
from agents_registry.spec.rows import EMPTY, Document, Row, fill, over
from agents_registry.spec.text import Written


def check(document: Any, known: Document = EMPTY) -> list[Problem]:
    """The problems of a document, all at once; none means that it may be applied.

    `known` is the filled document of what the team has already. A row of the wrong shape is looked
    at no further, everything else is.
    """
    if unstorable := list(problems.unstorable(document)):
        return unstorable
    errors = problems.shape_errors(document)
    shape = list(dict.fromkeys(problems.of_shape(errors)))
    rest = salvage.salvaged(document, errors)
    if rest is None:
        return shape
    sound, lost = fill(rest[0], in_order=False), rest[1]
    return [*shape, *_problems(sound, salvage.stand_in(over(known, sound), lost))]


def check_text(written: Written, known: Document = EMPTY) -> list[Problem]:
    """The same for a text that `text.read` read: each problem with its line, in their order."""
    twice = [Problem(place, f"{name} is there twice.") for place, name in written.twice]
    found = [*twice, *check(written.document, known)]
    lined = [replace(problem, line=written.line_of(problem.place)) for problem in found]
    return sorted(lined, key=lambda problem: problem.line or 0)


def _problems(document: Document, whole: Document) -> Iterator[Problem]:
    if whole["team"] is None:
        yield Problem("team", "The team is not known yet, so it needs a slug and a name.")
    elif document["team"] and (lead := document["team"]["governance_lead"]):
        yield from _in_team("team", [("governance_lead", lead)], whole)
    for slug, pool in document["pools"].items():
        yield from _in_team(f"pools/{slug}/people", enumerate(pool["people"]), whole)
    for slug, calendar in document["calendars"].items():
        yield from timing.calendar(f"calendars/{slug}", calendar)
    for slug, chain in document["chains"].items():
        yield from timing.chain(f"chains/{slug}", chain, whole)
    wrong = {
        slug: list(standards.problems(f"standards/{slug}", slug, standard, whole))
        for slug, standard in document["standards"].items()
    }
    for found in wrong.values():
        yield from found
    for slug, workflow in document["workflows"].items():
        yield from _workflow(f"workflows/{slug}", workflow, whole)
    if not any(wrong.values()):
        yield from _together(document, whole)


def _together(document: Document, whole: Document) -> Iterator[Problem]:
    """Types that become unreadable under what they inherit, where either is in the document."""
    for slug, workflow in whole["workflows"].items():
        rules = standards.inherited(workflow, whole)
        if slug not in document["workflows"] and not rules.keys() & document["standards"].keys():
            continue
        for key, action_type in workflow["action_types"].items() if rules else ():
            own = action_types.policy_document(key, action_type)
            if not list(schema.errors(own)):
                place = f"workflows/{slug}/action_types/{key}"
                yield from standards.together(place, own, rules)


def _workflow(place: str, workflow: Row, whole: Document) -> Iterator[Problem]:
    yield from _in_team(f"{place}/owners", workflow["owners"].items(), whole)
    yield from _deputies(f"{place}/deputies", workflow, whole)
    missing = [
        *_missing(f"{place}/pool", workflow["pool"], "pool", whole["pools"]),
        *_missing(f"{place}/calendar", workflow["calendar"], "calendar", whole["calendars"]),
        *_missing(f"{place}/chain", workflow["chain"], "chain", whole["chains"]),
    ]
    for number, agent in enumerate(workflow["agents"]):
        missing += _missing(f"{place}/agents/{number}", agent, "agent", whole["agents"])
    for number, slug in enumerate(workflow["standards"]):
        missing += _missing(f"{place}/standards/{number}", slug, "standard", whole["standards"])
    yield from [*missing, *timing.duration(f"{place}/sla", workflow["sla"])]
    yield from windows.problems(place, workflow, whole)
    if not missing:
        yield from _steps(place, workflow, workflow, whole)
    for key, action_type in workflow["action_types"].items():
        at = f"{place}/action_types/{key}"
        if key in BUILT_IN:
            yield Problem(at, "Every workflow has this action type already.")
            continue
        wrong = list(action_types.problems(at, key, action_type, whole))
        wrong += ways_back.problems(at, action_type, workflow["action_types"])
        yield from wrong
        if not wrong and not missing and (action_type["sla"] or action_type["chain"]):
            yield from _steps(at, action_type, workflow, whole)


def _deputies(place: str, workflow: Row, whole: Document) -> Iterator[Problem]:
    named = {role: name for role, name in workflow["deputies"].items() if name}
    yield from _in_team(place, named.items(), whole)
    for role, name in named.items():
        if name == workflow["owners"][role]:
            yield Problem(f"{place}/{role}", "Nobody stands in for themselves: name another one.")
        elif whole["people"].get(name, {}).get("role") == "auditor":
            yield Problem(f"{place}/{role}", f"{name!r} is an auditor, who changes nothing.")


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
