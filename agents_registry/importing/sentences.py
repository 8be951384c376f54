"""PURE: what a tool's description says that it does, as far as its sentences can be told apart.

A description speaks of other tools as well, of what was done before and of what it does not do.
Taken kindly, only what states the tool's own doing counts; taken strictly, every word that acts
and is not denied.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from agents_registry.importing import words
from agents_registry.importing.forms import FORMS, Form

Leads = Literal["reads", "nothing", "acts"]
_Found = tuple[str, Form | None]

_SECTIONS = re.compile(
    r"^\s*(args|arguments|parameters|params|raises|examples?|see also)\b.*", re.I | re.S | re.M
)
_NAMES = re.compile(r"`[^`]*`|\"[^\"]*\"|\b\w+[_=/]\w[\w=/.]*|\b[a-z]+[A-Z]\w*|\bhttps?:\S+")
_FAR_EAST = "\u3000"
_UNSPACED = re.compile("|".join(word for word in FORMS if word > _FAR_EAST))
_SENTENCES = re.compile(r"(?<=[.!?;:])\s+|\n+|\s[-–—•*]+\s")
_TOKENS = re.compile(r"[^\W\d_]+(?:['’][a-z]+)?|,")

_FILLING = words.table("""
    this the a an tool tools function endpoint operation api command that which to for is can
    will be used use it allow allows let lets enable enables help helps you users agent agents
    us quickly efficiently safely easily securely simply also automatically optionally primary
    ability method of by
""")
_MODALS = words.table("will can may would might also automatically optionally then immediately")
_DENIALS = words.table("not never no without cannot neither nor avoid avoids instead rather")
_OTHERS = words.table("""
    that which who whom whose what if when whenever whether where before after until once while
    was were been how why you because should must for
""")
_ARTICLES = words.table("a an the it them its their all any each every your new one this these")
_BEHIND_A_NOUN = words.ABOUT | words.table("""
    , of for by from in and or with list content under that which whose between since per
""")
_ABOUT_A_NOUN = words.table("on about at is are")
_CARRY_OUT = words.table("""
    run runs execute executes perform performs make makes conduct do does issue take takes
    generate generates
""")
_CARRIED = words.table("""
    search searches lookup calculation analysis comparison check query screenshot snapshot
    profile
""")
_GIVEN = words.table("count list number overview details information names")
_GONE = words.table("delete purge wipe erase destroy")
_PASSED_ON = words.table("or nor , any actually automatically be to ever permanently")


@dataclass(frozen=True, slots=True)
class Description:
    """What it begins with, and the words that act: `stated` as its own doing, `said` at all.

    `only_returns` says that it begins with what comes back, which tells little of what is done.
    """

    leads: Leads
    only_returns: bool
    stated: tuple[str, ...]
    said: tuple[str, ...]


def say(description: str) -> Description:
    """Never raises, whatever the text."""
    first, *later = _sentences(description) or [[]]
    leads = _leads(first)
    stated = [first[_lead(first)]] if leads == "acts" else []
    stated += [word for sentence in (first, *later) for word in _stated(sentence)]
    stated += [sentence[at] for sentence in later if _acts(sentence, at := _lead(sentence))]
    said = [word for sentence in (first, *later) for word in _said(sentence)]
    only_returns = _word(first, _lead(first))[0] == "return"
    return Description(
        leads, only_returns, tuple(dict.fromkeys(stated)), tuple(dict.fromkeys(stated + said))
    )


def begins_with(description: str, word: str) -> bool:
    """Whether it begins by doing what the word says: “Frobnicates”, “Frobnicate the”."""
    first = next(iter(_sentences(description)), [])
    doing = {word + "s", word + "es", word.removesuffix("y") + "ies"}
    return bool(doing.intersection(first[:1])) or (first[:1] == [word] and _has_object(first, 0))


def _sentences(description: str) -> list[list[str]]:
    """The words of each sentence in lower case, commas too; names of other tools are taken out."""
    plain = _NAMES.sub(" thing ", _SECTIONS.sub("", description))
    plain = re.sub(r"\s[&/+]\s", " and ", plain)
    spaced = _UNSPACED.sub(r" \g<0> ", re.sub(r"\be-mail", "email", plain, flags=re.I))
    found = (_TOKENS.findall(part) for part in _SENTENCES.split(spaced))
    return [[token.lower() for token in tokens] for tokens in found if tokens]


def _word(sentence: list[str], at: int) -> _Found:
    """The word of the tables that stands there, and in which form; nothing at all elsewhere."""
    return FORMS.get(sentence[at], ("", None)) if 0 <= at < len(sentence) else ("", None)


def _after(sentence: list[str], at: int) -> str:
    return sentence[at + 1] if at + 1 < len(sentence) else ""


def _lead(sentence: list[str]) -> int:
    """Where the first word is that is not “This tool can be used to”."""
    counts = (at for at, token in enumerate(sentence) if not _fills(token))
    return next(counts, len(sentence))


def _fills(token: str) -> bool:
    return token in _FILLING or (token > _FAR_EAST and token not in FORMS)


def _leads(sentence: list[str]) -> Leads:
    at = _lead(sentence)
    word, form = _word(sentence, at)
    if (word, _after(sentence, at)) in words.PHRASES:
        return "acts"
    if _reads(sentence, at):
        return "reads"
    noun = _may_be_noun(sentence, at) and (
        _after(sentence, at) in {"", *_BEHIND_A_NOUN} or _preceded(sentence, at)
    )
    acts = word in words.VERBS and word != "convert" and form in {"base", "third"} and not noun
    return "acts" if acts else "nothing"


def _reads(sentence: list[str], at: int) -> bool:
    word, form = _word(sentence, at)
    rest = set(sentence[at + 1 : at + 6])
    return (
        (word in words.READS and form != "past")
        or word in {"return", "identify", "obtain"}
        or sentence[at : at + 1] == ["provides"]
        or (word == "convert" and not words.MEASURES.isdisjoint(sentence))
        or (word == "give" and bool(_GIVEN & rest))
        or (sentence[at : at + 1] != [] and sentence[at] in _CARRY_OUT and bool(_CARRIED & rest))
    )


def _stated(sentence: list[str]) -> Iterator[str]:
    """The acting words behind the first one by which a sentence says what the tool does."""
    lead = _lead(sentence)
    for at in range(lead + 1, len(sentence)):
        word, _ = _word(sentence, at)
        own = not _denied(sentence, at) and not _told(sentence, at)
        acts = word in words.VERBS and word not in words.MILD
        if acts and own and _goes_on(sentence, at, lead):
            yield sentence[at]


def _goes_on(sentence: list[str], at: int, lead: int) -> bool:
    """Whether an acting word is the tool's own doing: “and marks it”, “, creating it”."""
    word, form = _word(sentence, at)
    before = sentence[at - 1]
    match form:
        case "gerund":
            return before in {",", "by"} and (
                not _may_be_noun(sentence, at) or _has_object(sentence, at)
            )
        case "past":
            return _passive(sentence[max(0, at - 3) : at], word)
        case "third":
            return _acts(sentence, at)
    linked = before in {"and", "or", ","} and (
        _chained(sentence, at) or _word(sentence, lead)[1] != "third"
    )
    return _acts(sentence, at) and (linked or before in _MODALS)


def _acts(sentence: list[str], at: int) -> bool:
    """Whether the word certainly acts: it is no noun, or is followed as only a verb is."""
    word, form = _word(sentence, at)
    if word not in words.VERBS or word in words.MILD or form not in {"base", "third"}:
        return False
    if form == "base" and _preceded(sentence, at):
        return False
    return (
        not _may_be_noun(sentence, at)
        or _has_object(sentence, at)
        or _chained(sentence, at)
        or _goes_with_the_first(sentence, at)
    )


def _may_be_noun(sentence: list[str], at: int) -> bool:
    """Whether the word could be a thing: “the order”, “list of updates”."""
    of_two_kinds = _word(sentence, at)[0] in words.ALSO_NOUNS
    return of_two_kinds or not words.ALSO_PLURALS.isdisjoint(sentence[at : at + 1])


def _preceded(sentence: list[str], at: int) -> bool:
    return at > 0 and sentence[at - 1] in _ARTICLES


def _has_object(sentence: list[str], at: int) -> bool:
    """Whether what follows is what only a verb has: “and updates the”, “mark as”."""
    after = _after(sentence, at)
    return after in _ARTICLES or (after == "as" and _word(sentence, at)[0] in {"mark", "flag"})


def _goes_with_the_first(sentence: list[str], at: int) -> bool:
    """“Gets a quote and charges cards”, but not “Gets orders and charges of a month”."""
    word, form = _word(sentence, at)
    after = _after(sentence, at)
    noun = (
        after in {"", *_BEHIND_A_NOUN, *_ABOUT_A_NOUN}
        or FORMS.get(after, ("", "base"))[1] == "past"
        or (form == "base" and words.VERBS.get(word) in {"write", "tag", "route"})
    )
    same = _word(sentence, _lead(sentence))[1] == form
    return same and at > 0 and sentence[at - 1] in {"and", "then"} and not noun


def _chained(sentence: list[str], at: int) -> bool:
    """Whether only verbs stand before it: “Search, find and book”."""
    chain = sentence[_lead(sentence) : at]
    links = {"and", "or", ",", "then"}
    return len(chain) > 1 and chain[-1] in links and all(w in links or w in FORMS for w in chain)


def _passive(before: list[str], word: str) -> bool:
    """“will be changed”, “is sent”; “is configured” only says how things are."""
    grave = words.VERBS[word] in {"send", "cancel", "commit", "refund"} or word in _GONE
    happens = {"will", "gets"}.intersection(before)
    return bool(happens or (grave and {"is", "are", "being"}.intersection(before)))


def _said(sentence: list[str]) -> Iterator[str]:
    """Every acting word in the present tense that is no noun and is not denied."""
    for at, token in enumerate(sentence):
        word, form = _word(sentence, at)
        certain = not (_preceded(sentence, at) or _may_be_noun(sentence, at))
        own = certain and not _denied(sentence, at) and not _told(sentence, at)
        if own and word in words.VERBS and word not in words.MILD and form in {"base", "third"}:
            yield token


def _told(sentence: list[str], at: int) -> bool:
    """“before you delete it”, “needed to create one”, “orders that were cancelled”."""
    return not _OTHERS.isdisjoint(_clause(sentence, at))


def _denied(sentence: list[str], at: int) -> bool:
    """“does not send or delete”, “will not obtain anything or change it”."""
    before = _clause(sentence, at)
    if before[-1:] in (["or"], ["nor"]) and any(map(_denies, before)):
        return True
    for token in reversed(sentence[:at]):
        if _denies(token):
            return True
        if token not in _PASSED_ON and FORMS.get(token, ("",))[0] not in words.VERBS:
            return False
    return False


def _denies(token: str) -> bool:
    return token in _DENIALS or token.endswith(("n't", "n’t"))


def _clause(sentence: list[str], at: int) -> list[str]:
    """What stands before it since the last comma."""
    start = max((place for place in range(at) if sentence[place] == ","), default=-1)
    return sentence[start + 1 : at]
