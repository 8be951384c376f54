"""PURE: the payload of what undoes an action, and whether a reported rollback changed anything."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from agents_registry.policy import pointers
from approvals import inert

ABSENT = object()
SOURCES = ("payload", "before", "after", "outcome")
"""What a way back may take values from: the approved payload, the state before, the one that was
reported after, and what else the outcome said."""


def payload_of(
    template: Mapping[str, Any], known: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The filled template, and the pointers in it that lead to nothing known.

    Each value of the template is a JSON Pointer into `known`, or `{"value": …}` as it is.
    """
    payload, unknown = {}, []
    for name, source in template.items():
        if isinstance(source, Mapping):
            payload[name] = source["value"]
            continue
        try:
            payload[name] = _at(known, source)
        except LookupError:
            unknown.append(source)
    return payload, unknown


def is_unchanged(before: Any, after: Any, now: Any) -> bool:
    """Whether everything that an action changed is still as the action left it.

    `before` and `after` are the states around the action, `now` the one reported after its
    rollback. What was not reported (None) tells nothing: then it counts as changed.
    """
    if after is None or now is None:
        return False
    was, done, left = (dict(_leaves(state)) for state in (before, after, now))
    touched = [
        pointer
        for pointer in {**was, **done}
        if was.get(pointer, ABSENT) != done.get(pointer, ABSENT)
    ]
    same = (left.get(pointer, ABSENT) == done.get(pointer, ABSENT) for pointer in touched)
    return bool(touched) and all(same)


def _at(known: Mapping[str, Any], pointer: str) -> Any:
    steps = pointers.steps(pointer)
    found = pointers.find(known, steps)
    return found if "*" in steps else found[0]


def _leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf by its pointer; numbers by what they are worth, apart from true and false."""
    inner = inert.parts(value)
    for key, part in inner.items():
        yield from _leaves(part, inert.pointer_to(pointer, key))
    if not inner and (pointer or value is not None):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        yield pointer, (type(value), value) if not is_number else Decimal(str(value))
