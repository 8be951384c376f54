"""PURE: what the form of a type is made of: fields, lists of rules, and sections of both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agents_registry.rule_forms.kinds import ABSENT, Kind


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a row or of a rule. `name` is its path there: `handoff/trigger`.

    `empty` is what no text says; ABSENT leaves the name out. `options` names the list to choose
    from or to be offered.
    """

    name: str
    label: str
    kind: Kind
    hint: str = ""
    options: str = ""
    empty: Any = ABSENT
    required: bool = False
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """A list of rules, each of these fields; `keyed`: an object, whose names are the first field.

    A new rule begins with `new`. `library`: the common stop rules can be taken into it.
    """

    name: str
    one: str
    none: str
    fields: tuple[Field, ...]
    new: Mapping[str, Any] = field(default_factory=dict)
    keyed: bool = False
    library: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading."""

    name: str
    title: str
    sub: str
    items: tuple[Field | Rules, ...]


Form = tuple[Section, ...]
