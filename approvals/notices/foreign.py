"""PURE: makes what others wrote fit to leave the house: nothing hidden, no secrets, no links."""

import re
from collections.abc import Iterable

from approvals import inert
from approvals.sensitive import masked

LONGEST = 400
SPACE = re.compile(r"\s+")
LINE_END = re.compile(r"\r\n|\r|\u2028|\u2029|\x85")
SCHEMES = r"mailto|tel|sms|callto|facetime|xmpp|geo|maps|data|file|javascript"
MADE_INTO_LINKS = (
    (re.compile(r":(?=//|\\\\)"), "[:]"),
    (re.compile(rf"\b({SCHEMES}):", re.IGNORECASE), r"\1[:]"),
    (re.compile(r"(?<=[^\s.])[.\u3002\uff0e\uff61](?=[^\W\d_]{2})"), "[.]"),
    (re.compile(r"(?<=\d)\.(?=\d+\.\d+\.\d)"), "[.]"),
    (re.compile(r"<(?=[!@#])"), "[<]"),
    (re.compile(r"@(?=(everyone|here|channel|all)\b)", re.IGNORECASE), "[@]"),
)
"""What mail and chat programs make a link of by themselves, or call people with."""


def line(text: object, secrets: Iterable[str] = (), longest: int = LONGEST) -> str:
    """The text on one line, cut after `longest` characters."""
    return _cut(SPACE.sub(" ", _safe(text, secrets)).strip(), longest)


def lines(text: object, secrets: Iterable[str] = (), longest: int = LONGEST) -> list[str]:
    """The text line by line, empty ones left out, cut after `longest` characters in all."""
    cut = _cut(_safe(text, secrets).strip(), longest)
    return [SPACE.sub(" ", part).strip() for part in cut.split("\n") if part.strip()]


def _safe(text: object, secrets: Iterable[str]) -> str:
    """Secrets first: once a text is changed they would not be found in it."""
    plain = LINE_END.sub("\n", masked(str(text or ""), secrets))
    shown = "".join(f"[{s.text}]" if s.token else s.text for s in inert.segments(plain))
    for pattern, instead in MADE_INTO_LINKS:
        shown = pattern.sub(instead, shown)
    return shown


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
