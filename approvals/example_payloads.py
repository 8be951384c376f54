"""PURE: an example of a payload, made from the JSON Schema that it has to fit."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any

import jsonschema
from jsonschema.protocols import Validator

from approvals.example_texts import matching

Schema = Mapping[str, Any]

DEEPEST = 16
FULL = 3
"""Down to this depth what may be left out is shown too."""

FORMATS = {
    "date-time": "2026-01-31T09:00:00Z",
    "date": "2026-01-31",
    "time": "09:00:00Z",
    "duration": "P1D",
    "email": "somebody@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "0193a1b2-0000-7000-8000-000000000001",
}
NAMES = {"email": "email", "url": "uri", "date": "date"}
"""The format that a field is likely to have by its name, where its schema says none."""

KINDS = {
    "properties": "object",
    "required": "object",
    "items": "array",
    "prefixItems": "array",
    "minItems": "array",
    "minimum": "number",
    "maximum": "number",
    "multipleOf": "number",
}


def payload_for(schema: Schema) -> Any:
    """An object with what the schema asks for, and with what it allows where that fits too.

    Where none comes to mind that fits, it is the nearest one: see `fits`.
    """
    an_object = {"allOf": [{"type": "object"}, schema]}
    return _Maker(validator_for(schema)).value(an_object, "example")


def fits(schema: Schema, payload: Any) -> bool:
    return bool(validator_for(schema).is_valid(payload))


def validator_for(schema: Schema) -> Validator:
    kind = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    validator: Validator = kind(schema, format_checker=kind.FORMAT_CHECKER)
    return validator


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes values for parts of one schema; `root` resolves its references."""

    root: Validator

    def value(self, schema: Any, name: str, *, nth: int = 0, depth: int = 0) -> Any:
        """The first candidate that fits. `nth` asks for another one than those before it."""
        if not isinstance(schema, Mapping) or depth > DEEPEST:
            return _words(name, nth)
        whole = self._merged(schema)
        held_to = self.root.evolve(schema=schema)
        first: list[Any] = []
        for candidate in self._candidates(whole, name, nth, depth):
            if held_to.is_valid(candidate):
                return candidate
            first = first or [candidate]
        return first[0] if first else None

    def _merged(self, schema: Schema) -> dict[str, Any]:
        """The schema with what it refers to and what all of its parts say."""
        whole: dict[str, Any] = {}
        parts = [self._at(schema.get("$ref")), *schema.get("allOf", ())]
        inner = [self._merged(part) for part in parts if isinstance(part, Mapping)]
        own = {name: said for name, said in schema.items() if name not in {"$ref", "allOf"}}
        for part in [*inner, own]:
            whole = {
                **whole,
                **part,
                "properties": {**whole.get("properties", {}), **part.get("properties", {})},
                "required": [*whole.get("required", ()), *part.get("required", ())],
            }
        return {name: said for name, said in whole.items() if said not in ({}, [])}

    def _at(self, reference: Any) -> Any:
        """What a reference inside the schema leads to; None for every other one."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        node: Any = self.root.schema
        for step in reference.removeprefix("#").split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            node = node.get(key) if isinstance(node, Mapping) else None
        return node

    def _candidates(self, schema: Schema, name: str, nth: int, depth: int) -> Iterator[Any]:
        if "const" in schema:
            yield schema["const"]
        given = [*schema.get("examples", ()), *schema.get("enum", ())]
        yield from given[nth:] + given[:nth]
        if "default" in schema:
            yield schema["default"]
        for option in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            if isinstance(option, Mapping):
                rest = {key: said for key, said in schema.items() if key not in {"anyOf", "oneOf"}}
                yield self.value({"allOf": [rest, option]}, name, nth=nth, depth=depth + 1)
        for kind in _kinds(schema):
            yield from self._of_kind(kind, schema, name, nth, depth)

    def _of_kind(self, kind: str, schema: Schema, name: str, nth: int, depth: int) -> Iterator[Any]:
        match kind:
            case "object":
                yield from self._objects(schema, nth, depth)
            case "array":
                yield from self._arrays(schema, name, depth)
            case "string":
                yield from _strings(schema, name, nth)
            case "integer" | "number":
                yield from _numbers(schema, nth, whole=kind == "integer")
            case "boolean":
                yield from (nth % 2 == 0, nth % 2 == 1)
            case "null":
                yield None

    def _objects(self, schema: Schema, nth: int, depth: int) -> Iterator[dict[str, Any]]:
        """With all that it may hold, then with what it must."""
        known, required = schema.get("properties", {}), schema.get("required", [])
        needed = [*(key for key in known if key in required), *required]
        sets = [[*known, *needed], needed] if depth < FULL else [needed, [*known, *needed]]
        others = next(iter(schema.get("patternProperties", {}).values()), None)
        others = schema.get("additionalProperties") if others is None else others
        for keys in sets:
            keys = list(dict.fromkeys(keys))
            extra = iter(f"field_{number}" for number in range(1, DEEPEST))
            missing = schema.get("minProperties", 0) - len(keys)
            keys += [next(extra, "field") for _ in range(min(missing, DEEPEST - 1))]
            yield {
                key: self.value(known.get(key, others), key, nth=nth, depth=depth + 1)
                for key in keys
            }

    def _arrays(self, schema: Schema, name: str, depth: int) -> Iterator[list[Any]]:
        """With one item where that may be, then with as many as there must be."""
        least, fixed = schema.get("minItems", 0), schema.get("prefixItems", [])
        items = schema.get("items", schema.get("contains"))
        for count in dict.fromkeys([max(least, len(fixed), depth < DEEPEST), least]):
            yield [
                self.value(
                    fixed[place] if place < len(fixed) else items,
                    name.removesuffix("s"),
                    nth=place,
                    depth=depth + 1,
                )
                for place in range(min(count, 100))
            ]


def _kinds(schema: Schema) -> list[str]:
    """The types that it may have, `null` last; where it says none, what its words speak of."""
    said = schema.get("type")
    if isinstance(said, str):
        return [said]
    if isinstance(said, list):
        return sorted(said, key=lambda kind: kind == "null")
    spoken = [kind for word, kind in KINDS.items() if word in schema]
    return [*dict.fromkeys(spoken), "string", "object", "number", "boolean", "null"]


def _strings(schema: Schema, name: str, nth: int) -> Iterator[str]:
    if pattern := schema.get("pattern"):
        text = matching(pattern) or ""
        yield text
        yield _of_length(schema, text)
    known = FORMATS.get(schema.get("format", "")) or FORMATS.get(NAMES.get(name.lower(), ""))
    if known and nth == 0:
        yield known
    yield _in_words(schema, "USD" if "currency" in name.lower() else _words(name, nth))
    yield from FORMATS.values()


def _of_length(schema: Schema, text: str) -> str:
    """The text, cut or written on until it is long enough."""
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    text = (text or "x") + "x" * max(0, min(least, 100_000) - len(text or "x"))
    return text if most is None else text[:most]


def _in_words(schema: Schema, text: str) -> str:
    """The same in whole words, for somebody who reads it."""
    missing: int = min(schema.get("minLength", 0), 100_000) - len(text)
    words = text + " example" * ceil(max(0, missing) / len(" example"))
    most: int | None = schema.get("maxLength")
    return words if most is None else words[:most]


def _words(name: str, nth: int) -> str:
    words = name.replace("_", " ").replace("-", " ").strip() or "example"
    return f"{words} {nth + 1}" if nth else words


def _numbers(schema: Schema, nth: int, *, whole: bool) -> Iterator[int | float]:
    """Numbers near 1 and near the limits; they are whole, or as short as they come."""
    step = Fraction(str(schema.get("multipleOf", 1)))
    limits = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
    near = [Fraction(1), *(Fraction(str(schema[each])) for each in limits if each in schema)]
    middle = sum(near[1:], Fraction()) / max(1, len(near) - 1)
    rounds: tuple[Callable[[Fraction], int], ...] = (ceil, floor)
    for start in (*near, middle):
        for rounded in rounds:
            for away in (0, 1, -1):
                number = (rounded(start / step) + away + nth) * step
                if number.denominator == 1 or not whole:
                    yield _plain(number)
    yield from (_plain(number) for number in (*near, middle) if not whole)


def _plain(number: Fraction) -> int | float:
    return int(number) if number.denominator == 1 else float(number)
