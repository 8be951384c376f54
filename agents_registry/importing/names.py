"""PURE: what a tool's name says that it does."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from agents_registry.importing import words

Says = Literal["reads", "perhaps", "noun", "nothing", "acts"]
"""`perhaps` takes a second witness, `noun` one who says in words that it reads."""


@dataclass(frozen=True, slots=True)
class Name:
    """`verb` is one of ours and `because` a sentence where it acts; else both are empty."""

    says: Says
    verb: str = ""
    because: str = ""


_CONVERTS = frozenset({"convert", "conversion", "converter"})


def split(name: str) -> list[str]:
    """The words of a name, in any style: `sendEmail`, `crm.contacts-list`, `getURLContent`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [word.lower() for word in re.split(r"[\W_]+", spaced) if word]


def verb_of(name: list[str]) -> str:
    """The verb of the first word that acts and says how; empty when none does."""
    acting = sorted((word for word in name if word in words.VERBS), key=words.LIGHT.__contains__)
    found = words.VERBS[acting[0]] if acting else ""
    return "create_task" if found == "write" and words.TASKS.intersection(name) else found


def say(name: list[str]) -> Name:
    """A name reads where its first verb does, and no later word turns it into acting."""
    pairs = list(pairwise(name))
    phrase = next((two for two in pairs if two in words.PHRASES), None)
    if phrase and not _about(name):
        return Name("acts", verb_of(name) or "write", f"its name says “{' '.join(phrase)}”")
    if _CONVERTS.intersection(name) and words.MEASURES.intersection(name):
        return Name("reads")
    name = [
        word
        for word, after in zip(name, [*name[1:], ""], strict=False)
        if (word, after) not in words.COMPOUNDS
    ]
    at = next((at for at, word in enumerate(name) if word in words.READS | words.PERHAPS), None)
    if at is None:
        return _without_reading(name)
    reads = Name("reads" if name[at] in words.READS and at == 0 else "perhaps")
    return _before(name, at) or _behind(name, at) or reads


def _without_reading(name: list[str]) -> Name:
    about = name[-1:] and (name[-1] in words.TOLD or words.MEASURES.intersection(name))
    rest = name[:-1] if about else name
    acting = [word for word in rest if word in words.VERBS]
    if not acting:
        return Name("perhaps" if about else "nothing")
    if name[-1] in words.MEASURED and acting[0] in words.ALSO_NOUNS:
        return Name("noun")
    if words.THINGS.issuperset(acting) and acting[0] not in {name[0], name[-1]}:
        return Name("noun")
    return _taken(name, acting[0])


def _before(name: list[str], at: int) -> Name | None:
    """`delete_list` acts; `email_list` and `message_get_status` may be about a noun."""
    before = [word for word in name[:at] if word in words.VERBS]
    if not before:
        return None
    if all(word in words.ALSO_NOUNS for word in before):
        return _behind(name, at) or Name("noun")
    return _taken(name, next(word for word in before if word not in words.ALSO_NOUNS))


def _behind(name: list[str], at: int) -> Name | None:
    """`find_and_book`, `read_rows_delete` act; `get_order`, `get_delete_status` do not."""
    for place in range(at + 1, len(name)):
        word, joined = name[place], name[place - 1] in words.JOINS
        after_verb = joined and name[place - 2] in words.READS | words.PERHAPS
        if after_verb and word not in words.READS | words.PERHAPS:
            return _joined(name, place)
        if word not in words.VERBS:
            continue
        if joined:
            return _joined(name, place)
        if word not in words.ALSO_NOUNS and not _about(name[place:]) and not _news(name, at, place):
            return Name("acts", words.VERBS[word], f"its name says “{word}”")
    return None


def _news(name: list[str], at: int, place: int) -> bool:
    """`get_status_update` is about an update."""
    return name[place] == "update" and place == len(name) - 1 and place > at + 1


def _joined(name: list[str], place: int) -> Name:
    verb = words.VERBS.get(name[place], "write")
    return Name("acts", verb, f"its name says “{name[place - 1]} {name[place]}”")


def _taken(name: list[str], word: str) -> Name:
    verb = verb_of([word, *name])
    return Name("acts", verb, f"its name is taken for “{verb.replace('_', ' ')}”")


def _about(name: list[str]) -> bool:
    """Whether it ends in what is told of something, and joins nothing."""
    return name[-1] in words.ABOUT and not words.JOINS.intersection(name)
