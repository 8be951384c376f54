"""PURE: hears what name, hints, address, description and fields of a tool say, and weighs it.

Nothing may speak against a harmless read, and something must speak for it. One witness alone is
taken strictly: then every doubtful word counts. Two that agree are believed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agents_registry.importing import fields, names, sentences, words
from agents_registry.importing.names import Name
from agents_registry.importing.sensitive import sensitive
from agents_registry.importing.tools import Tool

LONGEST = 20_000
"""Characters of a description; what is longer waits for people."""

NOTHING_FOR = "nothing says that it only reads"
_WRITABLE = re.compile(r"\b(sql|cypher|graphql|sparql|gremlin)\b", re.IGNORECASE)
_VISITED = words.table("logout unsubscribe confirm verify activate accept decline login")
"""What an address does that is only visited."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Sentences why it may act, why it is nobody's business, and how many say that it reads."""

    acts: list[str]
    private: list[str]
    for_it: int

    @property
    def against(self) -> list[str]:
        return [*self.acts, *self.private]


def hear(tool: Tool, name: list[str]) -> Heard:
    named = names.say(name)
    for_it = _for(tool, named)
    found = sensitive(name, tool.title, tool.description[:LONGEST])
    acts = list(dict.fromkeys([*_declared(tool, named, name), *_read(tool, name, for_it)]))
    return Heard(
        acts=acts if acts or for_it else [NOTHING_FOR],
        private=[f"what it reads is sensitive: {found}"] if found else [],
        for_it=len(for_it),
    )


def _for(tool: Tool, named: Name) -> list[str]:
    """Who says that it reads. A name that is half a noun is believed beside its description."""
    description = sentences.say(tool.description[:LONGEST])
    silent = description.only_returns and named.says == "nothing"
    worded = description.leads == "reads" and not silent
    hinted = tool.read_only is True and named.says != "noun"
    by_name = named.says == "reads" or (worded and named.says == "perhaps")
    said = {"hint": hinted, "words": worded, "name": by_name, "effect": tool.effect == "read"}
    return [who for who, says in said.items() if says]


def _declared(tool: Tool, named: Name, name: list[str]) -> Iterator[str]:
    """What counts however harmless the rest sounds."""
    if named.says == "acts":
        yield named.because
    elif visited := _visited(tool.path):
        yield f"its address says “{visited}”"
    elif (
        name
        and named.says == "nothing"
        and sentences.begins_with(tool.description[:LONGEST], name[0])
    ):
        yield f"it is not known whether “{name[0]}” only reads"
    if tool.effect not in {"", "read"}:
        yield f"its effect is “{tool.effect}”"
    if tool.destructive:
        yield "it is marked as destructive"
    if tool.read_only is False:
        yield "it is not marked as read-only"


def _read(tool: Tool, name: list[str], for_it: list[str]) -> Iterator[str]:
    """What its words and fields say; a declared effect has said it all."""
    if tool.effect == "read":
        return
    if len(tool.description) > LONGEST:
        yield "its description is too long to be read whole"
        return
    if {"query", "sql"}.intersection(name) and _WRITABLE.search(tool.description):
        yield "it takes queries in a language that can write"
    description = sentences.say(tool.description)
    strictly = len(for_it) < 2
    for word in description.said if strictly else description.stated:
        yield f"its description says “{word}”"
    yield from fields.against(tool.schema, strictly=strictly and "words" not in for_it)


def _visited(path: str) -> str:
    """The last fixed part of an address where that acts: /orders/{id}/cancel, /logout."""
    fixed = [part for part in path.split("/") if part and not part.startswith("{")]
    last = names.split(fixed[-1]) if fixed else []
    certain = [word for word in last if word in words.VERBS and word not in words.ALSO_NOUNS]
    return next(iter([*certain, *(word for word in last if word in _VISITED)]), "")
