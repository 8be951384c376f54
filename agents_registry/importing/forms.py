"""PURE: the forms that the words of the tables take in a sentence."""

from collections.abc import Iterator
from typing import Literal

from agents_registry.importing import words

Form = Literal["base", "third", "gerund", "past"]

_IRREGULAR = {
    "send": "sent",
    "resend": "resent",
    "write": "written",
    "overwrite": "overwritten",
    "pay": "paid",
    "buy": "bought",
    "sell": "sold",
    "make": "made",
    "give": "given",
}


def _spelt(word: str) -> Iterator[tuple[str, Form]]:
    """Every spelling that could be meant, also those that are no words: they meet nothing."""
    stem = word.removesuffix("e")
    yield word, "base"
    if word.endswith("y") and word[-2:-1] not in "aeou":
        yield from ((f"{word[:-1]}ies", "third"), (f"{word[:-1]}ied", "past"))
    else:
        third = "es" if word.endswith(("s", "x", "z", "ch", "sh", "o")) else "s"
        yield from ((word + third, "third"), (f"{stem}ed", "past"), (f"{word}{word[-1]}ed", "past"))
    yield from ((f"{stem}ing", "gerund"), (f"{word}{word[-1]}ing", "gerund"))
    if word in _IRREGULAR:
        yield _IRREGULAR[word], "past"


def _forms() -> dict[str, tuple[str, Form]]:
    known = sorted({*words.READS, *words.PERHAPS, *words.VERBS})
    found: dict[str, tuple[str, Form]] = {word: (word, "base") for word in known}
    for word in known:
        for spelling, form in _spelt(word):
            found.setdefault(spelling, (word, form))
    return found


FORMS = _forms()
"""A spelling to the word of the tables and its form there."""
