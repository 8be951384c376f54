"""PURE: what can still be checked of a document in which something has the wrong shape."""

import copy
from collections.abc import Iterable, Sequence
from typing import Any

from jsonschema.exceptions import ValidationError

from agents_registry.spec.problems import misnamed
from agents_registry.spec.rows import Document, Place, fill

_ALWAYS = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
_STAND_INS: Document = fill(
    {
        "team": {"slug": "team", "name": "team"},
        "people": {"": {"role": "manager"}},
        "pools": {"": {"name": "", "people": [""]}},
        "calendars": {"": {"name": "", "time_zone": "UTC", "hours": _ALWAYS}},
        "chains": {"": {"name": "", "stages": [{"who": "risk_owner", "within": "1 hour"}]}},
        "agents": {"": {"name": ""}},
        "standards": {"": {"name": ""}},
    }
)
"""Rows that nothing is wrong with."""


def salvaged(
    document: Any, errors: Iterable[ValidationError]
) -> tuple[Document, list[Place]] | None:
    """The document without the rows that the errors are in, and the places of those rows.

    None where not even its sections are there. Unknown fields stay: nobody reads them.
    """
    sound, lost = copy.deepcopy(document), list[Place]()
    for error in errors:
        place = [str(step) for step in error.absolute_path]
        names = misnamed(error)
        if error.validator == "additionalProperties":
            continue
        if row := _row_of([*place, *names]):
            _take_out(sound, row)
            lost.append(tuple(row))
        else:
            return None
    return sound, lost


def stand_in(whole: Document, lost: Iterable[Place]) -> Document:
    """The whole document in which rows that were lost can be referred to all the same."""
    filled = {**whole, **{name: dict(whole[name]) for name in _STAND_INS if name != "team"}}
    for place in lost:
        if place == ("team",):
            filled["team"] = filled["team"] or _STAND_INS["team"]
        elif len(place) == 2 and place[0] != "workflows":
            filled[place[0]].setdefault(place[1], _STAND_INS[place[0]][""])
    return filled


def _row_of(place: Sequence[str]) -> list[str]:
    """The place of the row that this is a part of; empty outside of all rows."""
    if place[:1] == ["team"]:
        return ["team"]
    of_type = len(place) > 3 and place[2] == "action_types"
    return list(place[: 4 if of_type else 2]) if len(place) > 1 else []


def _take_out(document: Any, place: Sequence[str]) -> None:
    node = document
    for step in place[:-1]:
        node = node.get(step, {})
    node.pop(place[-1], None)
