"""PURE: hides the parts of a payload that its JSON Schema marks as nobody's business.

A value is hidden where any schema that applies to it says `"x-sensitive": true`,
`"writeOnly": true` or `"format": "password"`; of an object or a list, all that is inside.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

HIDDEN = "•••"
SHORTEST_SECRET = 3
"""What is shorter stands in too many innocent words to be looked for in them."""

BESIDE = ("allOf", "anyOf", "oneOf")
BRANCHES = ("if", "then", "else", "not")


def hidden(payload: Any, schema: Any) -> Any:
    """The payload with whatever is sensitive as “•••”, and the rest untouched."""
    return _hidden(payload, [schema], schema)


def marks(schema: Any) -> bool:
    """Whether the schema hides anything of some payload."""
    return _is_sensitive(part for part in _everything(schema) if isinstance(part, Mapping))


def secrets(payload: Any, schema: Any) -> frozenset[str]:
    """The texts and numbers that `hidden` hides, as they would stand in a sentence."""
    return frozenset(_secrets(payload, [schema], schema))


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret in it as “•••”: what somebody repeated in words of their own."""
    longest_first = sorted(secrets, key=len, reverse=True)
    for secret in longest_first:
        text = text.replace(secret, HIDDEN)
    return text


def _hidden(value: Any, schemas: list[Any], root: Any) -> Any:
    here = list(_applying(schemas, root))
    if _is_sensitive(here):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: _hidden(part, _under(here, key), root) for key, part in value.items()}
    if isinstance(value, list):
        return [_hidden(part, _at(here, place), root) for place, part in enumerate(value)]
    return value


def _secrets(value: Any, schemas: list[Any], root: Any) -> Iterator[str]:
    here = list(_applying(schemas, root))
    if _is_sensitive(here):
        yield from _texts(value)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _secrets(part, _under(here, key), root)
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _secrets(part, _at(here, place), root)


def _texts(value: Any) -> Iterator[str]:
    """Every leaf inside, as it is, as it stands on one line, and as figures are written."""
    if isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(part)
    elif value is not None and not isinstance(value, bool):
        text = value if isinstance(value, str) else json.dumps(value)
        ways = {text, text.strip(), " ".join(text.split())}
        if not isinstance(value, str):
            ways |= {f"{value:,}", f"{value:.2f}", f"{value:,.2f}"}
        yield from (way for way in ways if len(way) >= SHORTEST_SECRET)


def _is_sensitive(schemas: Iterable[Mapping[str, Any]]) -> bool:
    return any(
        schema.get("x-sensitive") is True
        or schema.get("writeOnly") is True
        or schema.get("format") == "password"
        for schema in schemas
    )


def _applying(schemas: list[Any], root: Any) -> Iterator[Mapping[str, Any]]:
    """These schemas and all that they apply to the same value, each once; a branch that may not
    hold counts too."""
    waiting, seen = list(schemas), set[int]()
    while waiting:
        schema = waiting.pop()
        if not isinstance(schema, Mapping) or id(schema) in seen:
            continue
        seen.add(id(schema))
        yield schema
        waiting += [part for name in BESIDE for part in _listed(schema.get(name))]
        waiting += [schema.get(name) for name in BRANCHES]
        waiting += _mapped(schema.get("dependentSchemas")).values()
        waiting += [
            _referred(schema[name], root) for name in ("$ref", "$dynamicRef") if name in schema
        ]


def _under(schemas: list[Mapping[str, Any]], key: str) -> list[Any]:
    """What these schemas say of an object's property."""
    found: list[Any] = []
    for schema in schemas:
        named = _mapped(schema.get("properties"))
        patterns = _mapped(schema.get("patternProperties"))
        own = [named[key]] if key in named else []
        own += [part for pattern, part in patterns.items() if _fits(pattern, key)]
        found += own or [schema.get("additionalProperties"), schema.get("unevaluatedProperties")]
    return found


def _at(schemas: list[Mapping[str, Any]], place: int) -> list[Any]:
    """What these schemas say of a list's entry."""
    found: list[Any] = []
    for schema in schemas:
        items = schema.get("items")
        first = _listed(schema.get("prefixItems")) or _listed(items)
        if place < len(first):
            found.append(first[place])
        else:
            found += [items, schema.get("additionalItems"), schema.get("unevaluatedItems")]
        found.append(schema.get("contains"))
    return found


def _referred(reference: Any, root: Any) -> Any:
    """The schema of the same document that a reference names; by pointer or anchor, else None."""
    name = str(reference)
    if not name.startswith("#"):
        return None
    if name[1:2] not in {"", "/"}:
        return next((part for part in _everything(root) if name[1:] in _anchors(part)), None)
    found = root
    for step in name.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            found = _mapped(found).get(step)
    return found


def _everything(value: Any) -> Iterator[Any]:
    yield value
    for part in value.values() if isinstance(value, Mapping) else _listed(value):
        yield from _everything(part)


def _anchors(schema: Any) -> set[Any]:
    return {_mapped(schema).get("$anchor"), _mapped(schema).get("$dynamicAnchor")}


def _fits(pattern: str, key: str) -> bool:
    """A pattern that cannot be read counts: rather one part too many is hidden."""
    try:
        return re.search(pattern, key) is not None
    except re.error:
        return True


def _mapped(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
