"""PURE: what one problem of a document is, and the problems that any document can have."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from agents_registry.policy import pointers
from agents_registry.spec.shape import DOCUMENT, EMAIL, KEY, SLUG, USERNAME
from ledger.canonical import canonical

DEEPEST = 48
_SHAPE = Draft202012Validator(DOCUMENT)
_KINDS = {
    "string": "a text",
    "object": "names with what belongs to them",
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "null",
}
_PATTERNS = {
    SLUG: "is no slug: a-z, 0-9, - and _, at most 50 of them.",
    USERNAME: "is no username: letters, digits and . @ + - _ only.",
    KEY: "is no key: letters, digits and . : - _, at most 80 of them.",
    EMAIL: "is no e-mail address.",
    pointers.PATTERN: "is no JSON Pointer like /account/owner.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where: `workflows/refunds/action_types/pay/thresholds/0/limit`.

    `line` counts from 1 in the text that the document was read from, where there is one.
    """

    place: str
    sentence: str
    line: int | None = None

    def __str__(self) -> str:
        where = self.place or "the document"
        return f"{f'Line {self.line}, ' if self.line else ''}{where}: {self.sentence}"


def unstorable(value: Any, place: tuple[str, ...] = ()) -> Iterator[Problem]:
    """What neither the database nor the record can hold: NUL, half characters, inexact numbers."""
    if len(place) > DEEPEST:
        yield Problem("/".join(place[:4]), f"It is nested more than {DEEPEST} deep.")
    elif isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for name, part in parts:
            yield from unstorable(part, (*place, str(name)))
    elif isinstance(value, str) and "\0" in value:
        yield Problem("/".join(place), "It holds a NUL character.")
    else:
        try:
            canonical(value)
        except (ValueError, TypeError) as error:
            yield Problem("/".join(place), f"It cannot be stored exactly: {error}.")


def shape_errors(document: Any) -> list[ValidationError]:
    """Where the document has not the shape that `shape.DOCUMENT` says, in the order of places."""
    found = _SHAPE.iter_errors(document)
    return sorted(found, key=lambda error: [str(step) for step in error.absolute_path])


def of_shape(errors: Iterable[ValidationError]) -> Iterator[Problem]:
    """The same in sentences; a name that should not be there has its own place."""
    for error in errors:
        place = [str(step) for step in error.absolute_path]
        if names := misnamed(error):
            for name in names:
                yield Problem("/".join([*place, name]), _words(error, name))
        else:
            yield Problem("/".join(place), _words(error))


def misnamed(error: ValidationError) -> list[str]:
    """The names that cannot stand at the place of the error, where it is about names."""
    instance: Any = error.instance
    schema: Any = error.schema
    if "propertyNames" in error.absolute_schema_path:
        return [str(instance)]
    if error.validator == "additionalProperties":
        return [str(name) for name in instance if name not in schema["properties"]]
    return []


def _words(error: ValidationError, name: str = "") -> str:
    bound: Any = error.validator_value
    instance: Any = error.instance
    match error.validator:
        case "enum":
            return f"It must be one of {_listed(bound)}."
        case "type":
            kinds = bound if isinstance(bound, list) else [bound]
            return f"Here belongs {' or '.join(_KINDS[kind] for kind in kinds)}."
        case "required":
            return f"It lacks {_listed(name for name in bound if name not in instance)}."
        case "additionalProperties":
            return f"There is no field {name[:80]}."
        case "pattern":
            return f"{str(instance)[:80]!r} {_PATTERNS[bound]}"
        case "uniqueItems":
            return "Something is listed twice."
    return f"It must keep to {error.validator} {bound}."


def _listed(words: Iterable[Any]) -> str:
    return ", ".join(str(word)[:80] for word in words)
