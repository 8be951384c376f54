"""PURE: the places in a payload that its schema tells of, as JSON Pointers."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

DEEPEST = 6
MOST = 200


def paths(schema: Any) -> list[str]:
    """Every place, in the order of the schema; `*` stands for each element of an array."""
    found = dict.fromkeys(_paths(schema, schema, "", DEEPEST))
    return list(islice((pointer for pointer in found if pointer), MOST))


def _paths(root: Any, node: Any, at: str, depth: int) -> Iterator[str]:
    node = _meant(root, node)
    if depth == 0 or not isinstance(node, dict):
        return
    yield at
    properties = node.get("properties")
    for name, part in properties.items() if isinstance(properties, dict) else ():
        yield from _paths(root, part, f"{at}/{_escaped(name)}", depth - 1)
    if isinstance(node.get("items"), dict):
        yield from _paths(root, node["items"], f"{at}/*", depth - 1)
    for name in ("allOf", "anyOf", "oneOf"):
        parts = node.get(name)
        for part in parts if isinstance(parts, list) else ():
            yield from _paths(root, part, at, depth - 1)


def _meant(root: Any, node: Any) -> Any:
    """What a reference into `$defs` names; other references lead nowhere."""
    reference = node.get("$ref") if isinstance(node, dict) else None
    if not isinstance(reference, str):
        return node
    for section in ("$defs", "definitions"):
        named = root.get(section)
        name = reference.removeprefix(f"#/{section}/")
        if isinstance(named, dict) and name in named:
            return named[name]
    return None


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
