"""PURE: the labels and hints of a form, and its sentences for what cannot be read."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from approvals.inert import segments

NEEDED = "This is needed."
NUMBER = "Enter a number, like 10 or 10.5."
WHOLE_NUMBER = "Enter a whole number, like 10."
TOO_LARGE = "This number is too large to be kept exactly."
TOO_PRECISE = "This number has more digits than can be kept exactly."
DATE = "Enter a date, like 2026-12-18."
DATETIME = "Enter a date and time with its zone, like 2026-12-18T16:00:00+01:00."
EMAIL = "Enter an e-mail address, like name@example.com."
CHOICE = "Choose one from the list."
NOT_JSON = "This is not valid JSON."
TWICE = "This JSON names a field twice."
TOO_DEEP = "This is nested too deep: at most 32 levels."
TOO_LONG = "This is too long: at most 262,144 characters."
NOT_KEPT = "This holds a character that cannot be kept."

WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\- \t\n]+")
SIZES = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " items"),
)
SINGLE = {
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
    "multipleOf": "in steps of",
}


def label(schema: Mapping[str, Any], key: str) -> str:
    """The title, or the key in words: `unit_price` and `unitPrice` are "Unit price".

    A key may be the agent's; hidden characters in it stand there as `U+202E`.
    """
    title = schema.get("title")
    if isinstance(title, str) and title.strip():
        return title.strip()
    words = [_lower(word) for word in WORD_START.split(key) if word]
    text = " ".join(words) or key
    return "".join(segment.text for segment in segments(text[:1].upper() + text[1:]))


def hint(schema: Mapping[str, Any], text: str) -> str:
    """The description, the limits in words, and which hidden characters the text holds."""
    sentences = [schema.get("description"), ", ".join(_limits(schema)), _hidden(text)]
    told = [_sentence(words) for words in sentences if isinstance(words, str) and words.strip()]
    return ". ".join(told)


def no_json(line: int, column: int) -> str:
    return f"{NOT_JSON.removesuffix('.')}: line {line}, column {column}."


def too_many(most: int) -> str:
    return f"A list holds at most {most} items here."


def _limits(schema: Mapping[str, Any]) -> Iterator[str]:
    for lowest, highest, unit in SIZES:
        found = _range(_figure(schema.get(lowest)), _figure(schema.get(highest)))
        if found:
            yield found + (unit[:-1] if found.split()[-1] == "1" else unit)
    for word, words in SINGLE.items():
        figure = _figure(schema.get(word))
        if figure:
            yield f"{words} {figure}"


def _range(lowest: str, highest: str) -> str:
    if lowest and highest:
        return lowest if lowest == highest else f"{lowest} to {highest}"
    if lowest:
        return f"at least {lowest}"
    return f"at most {highest}" if highest else ""


def _figure(limit: Any) -> str:
    """A limit as people write it: a real minus sign, no needless decimals."""
    if isinstance(limit, bool) or not isinstance(limit, int | float):
        return ""
    return f"{limit:,}".removesuffix(".0").replace("-", "−")


def _hidden(text: str) -> str:
    tokens = dict.fromkeys(segment.text for segment in segments(text) if segment.token)
    return f"holds hidden characters: {', '.join(tokens)}" if tokens else ""


def _sentence(words: str) -> str:
    words = words.strip().removesuffix(".")
    return words[:1].upper() + words[1:]


def _lower(word: str) -> str:
    """A word in small letters, unless it is an abbreviation such as VAT."""
    return word if len(word) > 1 and word.isupper() else word.lower()
