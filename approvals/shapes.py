"""PURE: which leaves a payload has, as a short name: what is alike can be reviewed together."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

LENGTH = 16


def shape_of(payload: Mapping[str, Any]) -> str:
    """The same for payloads with the same fields of the same kinds, however long their lists."""
    leaves = sorted(set(_leaves(payload, "")))
    return hashlib.sha256("\n".join(leaves).encode()).hexdigest()[:LENGTH]


def _leaves(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _leaves(part, f"{path}/{name}")
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part, f"{path}/*")
    else:
        yield f"{path} {_kind(value)}"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "nothing" if value is None else "text"
