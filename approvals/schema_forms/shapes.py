"""PURE: tells texts that are dates, instants or addresses."""

import re
from collections.abc import Callable
from datetime import date, datetime

DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


def is_date(text: str) -> bool:
    """A day as RFC 3339 writes it, and one that exists."""
    return bool(DATE.fullmatch(text)) and _accepts(date.fromisoformat, text)


def is_instant(text: str) -> bool:
    """A date and time with its zone as RFC 3339 writes it."""
    return bool(INSTANT.fullmatch(text)) and _accepts(datetime.fromisoformat, text.upper())


def is_address(text: str) -> bool:
    return bool(ADDRESS.fullmatch(text))


def _accepts(parser: Callable[[str], object], text: str) -> bool:
    try:
        parser(text)
    except ValueError:
        return False
    return True
