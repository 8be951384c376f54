"""PURE: reads a posted form back into the row that it shows."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Protocol

from agents_registry.rule_forms.fields import FORM, rules_of
from agents_registry.rule_forms.items import Field, Form, Rules
from agents_registry.rule_forms.kinds import ABSENT, Texts, Wrong, tidy
from agents_registry.spec.rows import Row

MOST = 200
"""Rules of one kind."""

LAST = "whole"
"""The last name of the form: where it did not arrive, something of the form is missing."""

MISSING = "It is missing."


class Posted(Protocol):
    """What Django calls a QueryDict."""

    def getlist(self, key: str, /) -> list[str]: ...

    def __contains__(self, key: object, /) -> bool: ...


class NotWhole(Exception):
    """A part of the form was lost on its way: nothing can be told from it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A row as it was typed, wrong texts in their places; `errors` by JSON Pointer into it.

    `form` is the one that it was typed in.

    `origins` says of each list of rules, by its name, which stored rule each one was: its place
    there as a text, empty for a new one.
    """

    row: Row
    errors: dict[str, str] = field(default_factory=dict)
    origins: dict[str, list[str]] = field(default_factory=dict)
    form: Form = FORM


@dataclass(frozen=True, slots=True)
class _Reader:
    posted: Posted
    errors: dict[str, str]
    origins: dict[str, list[str]]

    def field(self, of: Field, row: Row, at: str) -> None:
        """Puts what was typed into the row, and leaves what was not touched."""
        was = get(row, of.name)
        texts = tidy(tuple(self.posted.getlist(at)))
        if _none(of, texts):
            if of.required:
                self.errors[at] = MISSING
            if not _none(of, tidy(of.kind.show(was))):
                put(row, of.name, "" if of.required else deepcopy(of.empty))
        elif not _same(of, texts, of.kind.show(was)):
            put(row, of.name, self._parsed(of, texts, at))

    def _parsed(self, of: Field, texts: Texts, at: str) -> Any:
        try:
            return of.kind.parse(texts)
        except Wrong as wrong:
            self.errors[at] = str(wrong)
            return texts[0]

    def rules(self, of: Rules, row: Row) -> None:
        stored = listed(of, row)
        read = list(self._rules(of, stored))
        self.origins[of.name] = [origin for origin, _ in read]
        typed = [rule for _, rule in read]
        if typed != stored:
            put(row, of.name, unlisted(of, typed))

    def _rules(self, of: Rules, stored: list[Row]) -> Iterator[tuple[str, Row]]:
        for number in range(MOST):
            at = f"/{of.name}/{number}"
            if at not in self.posted:
                return
            origin = "".join(self.posted.getlist(at)[:1])
            known = origin.isascii() and origin.isdigit() and int(origin) < len(stored)
            rule = deepcopy(stored[int(origin)]) if known else {}
            for each in of.fields:
                self.field(each, rule, f"{at}/{each.name}")
            yield origin if known else "", rule


def unread(row: Row, form: Form = FORM) -> Draft:
    """The stored row before anything is typed."""
    origins = {
        name: [str(number) for number, _ in enumerate(listed(of, row))]
        for name, of in rules_of(form).items()
    }
    return Draft(row, origins=origins, form=form)


def read(posted: Posted, stored: Row, form: Form = FORM) -> Draft:
    """What was typed over the stored row; NotWhole where a part of the form is not there."""
    if LAST not in posted:
        raise NotWhole("The form did not arrive whole, so nothing was changed.")
    row, reader = deepcopy(stored), _Reader(posted, {}, {})
    for section in form:
        for item in section.items:
            if isinstance(item, Rules):
                reader.rules(item, row)
            else:
                reader.field(item, row, f"/{item.name}")
    if row.get("impact") == {} != stored.get("impact"):
        row["impact"] = None
    for name in ("again", "rules/again"):
        if isinstance(rules := get(row, name), dict):
            put(row, name, {kind: rule for kind, rule in rules.items() if rule})
    return Draft(row, reader.errors, reader.origins, form)


def get(row: Any, name: str) -> Any:
    """The value at a path of names; ABSENT where something on the way is."""
    value = row
    for step in name.split("/"):
        value = value.get(step, ABSENT) if isinstance(value, dict) else ABSENT
    return value


def put(row: Row, name: str, value: Any) -> None:
    """Sets the value at a path of names; ABSENT takes the name out."""
    *way, last = name.split("/")
    for step in way:
        if not isinstance(row.get(step), dict):
            row[step] = {}
        row = row[step]
    if value is ABSENT:
        row.pop(last, None)
    else:
        row[last] = value


def listed(of: Rules, row: Row) -> list[Row]:
    """The rules as a list, also where the row has them as an object."""
    rules = get(row, of.name)
    if not of.keyed:
        return rules if isinstance(rules, list) else []
    key, value = (each.name for each in of.fields)
    return [{key: k, value: v} for k, v in rules.items()] if isinstance(rules, dict) else []


def unlisted(of: Rules, rules: list[Row]) -> Any:
    """The other way round. A name that is there already gets a number."""
    if not of.keyed:
        return rules
    key, value = (each.name for each in of.fields)
    named: dict[str, Any] = {}
    for rule in rules:
        name = free(str(rule.get(key, "")), named)
        named[name] = rule.get(value, "")
    return named or ABSENT


def free(name: str, taken: Any) -> str:
    """The name, with the first number that makes it one of its own."""
    if name not in taken:
        return name
    return next(f"{name}_{n}" for n in range(2, len(taken) + 3) if f"{name}_{n}" not in taken)


def _none(of: Field, texts: Texts) -> bool:
    """Whether nothing is typed or chosen; a box that is not ticked says no."""
    return of.kind.control not in {"tick", "ticks"} and (not texts or not texts[0])


def _same(of: Field, texts: Texts, shown: Texts) -> bool:
    if of.kind.control == "ticks":
        return sorted(texts) == sorted(shown)
    return texts == tidy(shown)
