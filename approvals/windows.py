"""PURE: the instants at which approved work may be taken: inside its window, and from when on."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from agents_registry.calendars import Calendar, working_spans
from agents_registry.sla import TEN_YEARS

ONE_MILLISECOND = timedelta(milliseconds=1)


def read(document: Mapping[str, object] | None) -> Calendar | None:
    """The window that a calendar's document says; None, at any time, without one."""
    return _read(json.dumps(document)) if document else None


def opens(at: datetime, window: Calendar | None) -> datetime | None:
    """The first instant from `at` on at which the window is open; None within ten years.

    A window is open from its opening on, and no longer at its closing.
    """
    if window is None:
        return at
    spans = working_spans(at, at + TEN_YEARS, window)
    return next((first for _, first, _ in spans), None)


def releasable_at(
    now: datetime,
    window: Calendar | None,
    *,
    begins: Iterable[datetime | None],
    ends: Iterable[datetime | None],
) -> datetime | None:
    """From when on it can be taken, now or later; None where one of its ends comes first.

    What can be taken now says since when it was ripe, so that asking again says the same.
    """
    ripe = max(filter(None, begins))
    first = opens(max(ripe, now), window)
    if first is None or first >= min(filter(None, ends)):
        return None
    return ripe if first <= now else first


def to_the_millisecond(instant: datetime) -> datetime:
    """The instant as answers write it, and never earlier: who comes then is not too early."""
    over = timedelta(microseconds=instant.microsecond % 1000)
    return instant - over + ONE_MILLISECOND if over else instant


@lru_cache(maxsize=256)
def _read(document: str) -> Calendar:
    return Calendar.from_document(json.loads(document))
