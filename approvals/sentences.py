"""PURE: writes the sentence of what will happen from an action type's template and a payload."""

import json
import re
from collections.abc import Mapping
from typing import Any

from agents_registry.policy import numbers, wording

LONGEST_FIELD = 80
NAMED = 2
"""How many entries of a longer list are named before the rest is counted."""

PLACE = re.compile(r"\{([A-Za-z0-9_./-]+)\}")
CURRENCY_NEXT = re.compile(r"\s(?:\{([A-Za-z0-9_./-]+)\}|([A-Z]{3})\b)")
SPACE = re.compile(r"[ \t\n]+")


def sentence(template: str, payload: Mapping[str, Any], *, otherwise: str) -> str:
    """What will happen: `{customer.name}` is a path, `{lines.0.sku}` goes into a list.

    A number before a currency is money. Long lists are counted, long texts end with “…”, and no
    value breaks the line. Otherwise values stand in it as they are; the page shows them inert.
    """
    if not template:
        return otherwise

    def words(place: re.Match[str]) -> str:
        currency = _currency(template[place.end() :], payload)
        return _words(_at(payload, place.group(1)), currency)

    return PLACE.sub(words, template)


def _currency(rest: str, payload: Mapping[str, Any]) -> str | None:
    """The currency that the template names right after a place, itself or by a path."""
    found = CURRENCY_NEXT.match(rest)
    if found is None:
        return None
    return numbers.currency(found[2] or _at(payload, found[1]))


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def _words(value: Any, currency: str | None = None) -> str:
    amount = numbers.number(value) if currency else None
    if amount is not None:
        return wording.money(amount, currency).removesuffix(f" {currency}")
    match value:
        case None:
            return "(not given)"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return _number(value)
        case list():
            return _list(value)
        case Mapping():
            return _short(json.dumps(value, ensure_ascii=False))
    return _short(str(value)) or "(empty)"


def _number(value: float) -> str:
    """Ungrouped, for it may be a year or a number of an order; whole where it is."""
    exact = numbers.number(value)
    if exact is None:
        return str(value)
    plain = exact.to_integral_value() if exact == exact.to_integral_value() else exact
    return f"{plain:f}".replace("-", "\N{MINUS SIGN}")


def _list(items: list[Any]) -> str:
    """Up to three entries by name, or two and how many more; what is not plain is counted."""
    if len(items) == 1:
        return _words(items[0])
    if not items or any(isinstance(item, list | Mapping) for item in items):
        return f"{len(items)} items"
    said = [_words(item) for item in items]
    head, rest = (said[:-1], said[-1]) if len(said) == NAMED + 1 else (said[:NAMED], "")
    if len(said) == NAMED:
        return " and ".join(said)
    return f"{', '.join(head)} and {rest or f'{len(said) - NAMED} more'}"


def _short(text: str) -> str:
    line = SPACE.sub(" ", text).strip(" ")
    return line if len(line) <= LONGEST_FIELD else line[: LONGEST_FIELD - 1] + "…"
