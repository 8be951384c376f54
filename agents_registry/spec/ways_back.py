"""PURE: finds what is wrong with the way back of an action type: the other type that undoes it."""

from collections.abc import Iterator, Mapping
from typing import Any

from agents_registry.policy import pointers
from agents_registry.spec import payload_schemas
from agents_registry.spec.problems import Problem
from agents_registry.spec.rows import Row

FROM_ITSELF = "payload"
"""Of the sources of values the one whose shape is known; what agents report is not."""


def problems(place: str, row: Row, types: Mapping[str, Row]) -> Iterator[Problem]:
    """`types` are those of the same workflow, by their keys."""
    way = row["rollback"]
    if way is None:
        return
    undoes = types.get(way["type"])
    if undoes is None:
        said = f"This workflow has no action type {way['type']!r}."
        yield Problem(f"{place}/rollback/type", said)
        return
    yield from _taken(f"{place}/rollback/payload", way["payload"], undoes["payload_schema"])
    yield from _given(f"{place}/rollback/payload", way["payload"], row["payload_schema"])


def _taken(place: str, payload: Mapping[str, Any], schema: Any) -> Iterator[Problem]:
    """Whether the other type takes these parts, and is given all that it needs."""
    for name in payload:
        if not payload_schemas.leads_to(schema, (name,)):
            yield Problem(f"{place}/{name}", f"The payload of the other type has no {name!r}.")
    needed = schema.get("required", []) if isinstance(schema, dict) else []
    for name in needed:
        if name not in payload:
            yield Problem(place, f"The payload of the other type needs {name!r}.")


def _given(place: str, payload: Mapping[str, Any], schema: Any) -> Iterator[Problem]:
    """Whether what is taken from its own payload is there."""
    for name, source in payload.items():
        where, *path = pointers.steps(source) if isinstance(source, str) else ("",)
        if where == FROM_ITSELF and not payload_schemas.leads_to(schema, tuple(path)):
            yield Problem(f"{place}/{name}", f"The payload schema has no {source}.")
