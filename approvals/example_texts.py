"""PURE: a text that a regular expression matches, for the patterns that payload schemas have."""

import re
from dataclasses import dataclass

PLAIN = {"d": "7", "D": "x", "w": "a", "W": "-", "s": " ", "S": "a", "t": "\t", "n": "\n"}
NOTHING = "bBAZ"
COMMON = "a1A0 -_.:/@"
QUANTIFIER = re.compile(r"\*|\+|\?|\{(\d*)(?:,\d*)?\}")


def matching(pattern: str) -> str | None:
    """A text in which the pattern is found; None where none comes to mind."""
    try:
        text = _Reader(pattern).either()
        return text if re.search(pattern, text) else None
    except (re.error, IndexError, ValueError):
        return None


@dataclass(slots=True)
class _Reader:
    """Reads a pattern from `at` on, and writes the shortest text that comes to mind."""

    pattern: str
    at: int = 0

    def either(self) -> str:
        """The first of the alternatives up to the end of the group."""
        first = self.sequence()
        while self._next_is("|"):
            self.sequence()
        return first

    def sequence(self) -> str:
        text = ""
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            text += self.piece()
        return text

    def piece(self) -> str:
        """One character, class or group, as often as its quantifier asks for at least."""
        one = self._one()
        found = QUANTIFIER.match(self.pattern, self.at)
        if found is None:
            return one
        self.at = found.end()
        if self.pattern[self.at : self.at + 1] in {"?", "+"}:
            self.at += 1
        least = int(found[1] or 0) if found[0][0] == "{" else 1
        return one * least

    def _one(self) -> str:
        character = self._take()
        match character:
            case "^" | "$":
                return ""
            case ".":
                return "a"
            case "(":
                return self._group()
            case "[":
                return self._class()
            case "\\":
                return self._escaped()
        return character

    def _group(self) -> str:
        if self._next_is("?") and not self._next_is(":"):
            raise ValueError("a group that is more than a group")
        inside = self.either()
        if self._take() != ")":
            raise ValueError("a group without an end")
        return inside

    def _class(self) -> str:
        """A character that the class allows: its own first one, else a common one."""
        start = self.at - 1
        self.at += self.pattern[self.at] == "^"
        self.at += 1  # the first one may be a bracket
        while self._take() != "]":
            self.at += self.pattern[self.at - 1] == "\\"
        allowed = re.compile(self.pattern[start : self.at])
        likely = self.pattern[start + 1 : self.at - 1] + COMMON
        found: str = next(each for each in likely if allowed.fullmatch(each))
        return found

    def _escaped(self) -> str:
        character = self._take()
        if character in NOTHING:
            return ""
        if character.isalnum() and character not in PLAIN:
            raise ValueError("an escape that is not known here")
        return PLAIN.get(character, character)

    def _next_is(self, character: str) -> bool:
        found = self.pattern[self.at : self.at + 1] == character
        self.at += found
        return found

    def _take(self) -> str:
        self.at += 1
        return self.pattern[self.at - 1]
