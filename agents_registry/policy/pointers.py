"""JSON Pointers (RFC 6901) with one addition: `*` stands for every element of an array."""

import re
from typing import Any

Steps = tuple[str, ...]

PATTERN = r"^(/([^~/]|~[01])*)+\Z"
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def steps(pointer: str) -> Steps:
    """The unescaped steps of a pointer that has the form of PATTERN."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def find(document: Any, path: Steps) -> list[Any]:
    """Every value the path leads to; LookupError as soon as one is missing on the way."""
    found = [document]
    for step in path:
        found = [child for node in found for child in _children(node, step)]
    return found


def _children(node: Any, step: str) -> list[Any]:
    if isinstance(node, dict):
        return [node[step]]
    if isinstance(node, list) and step == "*":
        return node
    if isinstance(node, list) and _INDEX.fullmatch(step):
        return [node[int(step)]]
    raise LookupError(step)
