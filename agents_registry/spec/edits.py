"""PURE: one row put into what is stored of a team, and what is wrong with that."""

from agents_registry.spec.check import check
from agents_registry.spec.problems import Problem
from agents_registry.spec.rows import Document, Place, Row, fill, rows


def put(known: Document, place: Place, row: Row) -> Document:
    """The stored rows that the row at this place can reach, with it among them.

    Of a workflow or action type that is its workflow, of anything else all. KeyError where the
    workflow of an action type is not there.
    """
    match place:
        case ("team",):
            return {**known, "team": row}
        case ("workflows", slug, "action_types", key):
            workflow = known["workflows"][slug]
            types = {**workflow["action_types"], key: row}
            return {"workflows": {slug: {**workflow, "action_types": types}}}
        case ("workflows", slug):
            there = known["workflows"].get(slug, {"action_types": {}})
            return {"workflows": {slug: {**row, "action_types": there["action_types"]}}}
    section, name = place
    return {**known, section: {**known[section], name: row}}


def problems(known: Document, document: Document, place: Place) -> list[Problem]:
    """What is wrong with the row at this place of a `put` document, by JSON Pointer into it.

    What it would break elsewhere has the empty place and says where; what is wrong there by
    itself is none of its business.
    """
    at = "/".join(place)
    found = check(document, known)
    below = f"{at}/action_types/"
    own = [
        problem
        for problem in found
        if f"{problem.place}/".startswith(f"{at}/") and not problem.place.startswith(below)
    ]
    others = [problem for problem in found if problem not in own]
    if others:
        already = check({section: known[section] for section in document}, known)
        others = [problem for problem in others if problem not in already]
    return [
        *(Problem(problem.place.removeprefix(at), problem.sentence) for problem in own),
        *(Problem("", f"{problem.place}: {problem.sentence}") for problem in others),
    ]


def filled(document: Document, place: Place) -> Row:
    """The row at this place with every default said."""
    return rows(fill(document))[place]
