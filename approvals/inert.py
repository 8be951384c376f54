"""PURE: shows what an agent, a customer or a source wrote: every leaf of it, and nothing hidden."""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, except tab and newline
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi controls
    r"\xad\u115f\u180e\u200b-\u200d\u2060-\u2064\u3164\ufeff\U000e0000-\U000e007f"
    r"\ud800-\udfff]"  # half of a character
)
"""Characters that steer a text or take no room in it, and so can say what nobody sees."""

ZERO_WIDTH_JOINER = "\u200d"
JOINERS = {"\u200c", ZERO_WIDTH_JOINER}
JOINING_SCRIPTS = {
    *("ARABIC", "BENGALI", "DEVANAGARI", "GUJARATI", "GURMUKHI", "KANNADA", "MALAYALAM"),
    *("ORIYA", "SINHALA", "TAMIL", "TELUGU"),
}
VIRAMA = 9
"""The combining class of that sign in Unicode."""

EMOJI = re.compile(r"[\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")
EMOJI_DRESS = "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
"""What may stand between an emoji and its joiner: the colour form and five skin tones."""

DOT = r"[.\u3002\uff0e\uff61]"
LABEL = r"[^\s@/?#:\\<>,;()\"'.\u3002\uff0e\uff61]"
DOMAIN = rf"(?P<host>{LABEL}+(?:{DOT}{LABEL}+)*{DOT}[^\W\d_]{LABEL}+){DOT}?"
IDENTIFIERS = (
    re.compile(rf"(?:[^<>@]*<)?(?P<local>[^\s<>@]+)@{DOMAIN}>?"),
    re.compile(
        r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#\\]*@)?(?P<host>[^\s/?#:\\@]+)(?:[:/?#\\].*)?",
        re.DOTALL,
    ),
    re.compile(DOMAIN),
)
"""An e-mail address (also behind a name), a URL, a bare domain."""

LONGEST_HOST = 255
ONE_WRITING = {"CJK", "HANGUL", "HIRAGANA", "IDEOGRAPHIC", "KATAKANA", "KATAKANA-HIRAGANA"}
"""Scripts that Japanese and Korean write side by side."""

PLAIN_KEY = re.compile(r"[^\W\d][\w-]*")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text; `token` where it stands for a hidden character, such as `U+202E`."""

    text: str
    token: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a JSON value: as a label (`lines[0].price`) and as a JSON Pointer.

    The label holds keys that others wrote; it needs `segments` like any value.
    """

    path: str = ""
    pointer: str = ""

    def of(self, key: str | int) -> "Place":
        return Place(_longer_path(self.path, key), pointer_to(self.pointer, key))


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value with nothing inside; `is_text` tells the text "null" from the word null."""

    path: str
    pointer: str
    value_text: str
    is_text: bool


def segments(text: str) -> list[Segment]:
    """The text in order, each hidden character as a token of its own."""
    return list(_segments(text))


def mixed_scripts(text: str) -> str | None:
    """The `xn--` form of the domain, where an address, URL or domain mixes scripts; else None.

    The top-level domain counts: `раура.com` is Cyrillic and Latin.
    """
    found = _identifier(text)
    if found is None:
        return None
    names = found.groupdict()
    letters = names.get("local", "") + names["host"]
    return in_ascii(names["host"]) if len(_scripts(letters)) > 1 else None


def in_ascii(host: str) -> str:
    """As the name system asks for it; where that refuses the name, each label by itself."""
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return ".".join(_label_in_ascii(label) for label in re.split(DOT, host))


def is_identifier_like(text: str) -> bool:
    """Whether the whole text is an e-mail address, a URL or a domain."""
    return _identifier(text) is not None


def leaves(value: Any, place: Place | None = None) -> Iterator[Leaf]:
    """Every leaf of a JSON value in document order; an empty object or list is a leaf too."""
    place = place or Place()
    inner = parts(value)
    if not inner:
        path = place.path or "(whole value)"
        yield Leaf(path, place.pointer, value_text(value), isinstance(value, str))
    for key, part in inner.items():
        yield from leaves(part, place.of(key))


def parts(value: Any) -> dict[Any, Any]:
    """What is inside an object or a list, by key or index; nothing in any other value."""
    if isinstance(value, dict):
        return value
    return dict(enumerate(value)) if isinstance(value, list) else {}


def value_text(value: Any) -> str:
    """A text as it is, anything else in JSON words: `true`, `null`, `10.5`, `[]`."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def pointer_to(pointer: str, key: str | int) -> str:
    """The JSON Pointer of a part (RFC 6901)."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def folded(text: str, lines: int = 40) -> tuple[str, int]:
    """The first lines, and how many more there are. The rest is `text[len(head):]`."""
    cut = text.split("\n", lines)
    if len(cut) <= lines or not cut[lines]:
        return text, 0
    rest = cut[lines].removesuffix("\n")
    return "\n".join(cut[:lines]), rest.count("\n") + 1


def _segments(text: str) -> Iterator[Segment]:
    shown = 0
    for found in HIDDEN.finditer(text):
        at = found.start()
        if _is_needed_joiner(text, at):
            continue
        if shown < at:
            yield Segment(text[shown:at], token=False)
        yield Segment(f"U+{ord(text[at]):04X}", token=True)
        shown = at + 1
    if shown < len(text):
        yield Segment(text[shown:], token=False)


def _is_needed_joiner(text: str, at: int) -> bool:
    """Between two emoji, or in a word of a script that is written with joiners: inside of it, or
    at its end after the sign that a consonant has no vowel."""
    left, joiner, right = text[max(at - 1, 0) : at], text[at], text[at + 1 : at + 2]
    if joiner not in JOINERS or not left:
        return False
    if unicodedata.combining(left) == VIRAMA and _script(left) in JOINING_SCRIPTS:
        return True
    emoji = text[max(at - 3, 0) : at].rstrip(EMOJI_DRESS)[-1:]
    if joiner == ZERO_WIDTH_JOINER and EMOJI.match(emoji) and EMOJI.match(right):
        return True
    return bool(right) and _script(left) in JOINING_SCRIPTS and _script(left) == _script(right)


def _identifier(text: str) -> re.Match[str] | None:
    bare = HIDDEN.sub("", text).strip()
    found = next(filter(None, (shape.fullmatch(bare) for shape in IDENTIFIERS)), None)
    return found if found and len(found["host"]) <= LONGEST_HOST else None


def _scripts(text: str) -> set[str]:
    """The scripts of its letters, told by the first word of each letter's Unicode name."""
    letters = (char for char in text if char.isalnum() and not char.isdecimal())
    scripts = (_script(char) for char in letters)
    return {"CJK" if script in ONE_WRITING else script for script in scripts}


def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]


def _label_in_ascii(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


def _longer_path(path: str, key: str | int) -> str:
    """A key that could pass for a path itself stands in brackets and quotes."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if not PLAIN_KEY.fullmatch(key):
        return f"{path}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{path}.{key}" if path else key
