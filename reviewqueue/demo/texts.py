"""Reads what the demo says (examples/demo), and puts things and dates into its sentences."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import yaml
from django.conf import settings

FOLDER = settings.BASE_DIR / "examples" / "demo"
PLACE = re.compile(r"\{(it|on)\.(\w+)\}")
DAYS = {
    "two_months_ago": -61,
    "last_week": -8,
    "yesterday": -1,
    "in_three_days": 3,
    "next_week": 8,
    "in_two_weeks": 14,
    "in_six_weeks": 42,
}


def routine() -> dict[str, Any]:
    """The everyday work of the agents, and the things that it is about."""
    found: dict[str, Any] = json.loads((FOLDER / "routine.json").read_text())
    return found


def cases() -> list[dict[str, Any]]:
    """What waits for people, one by one."""
    found: list[dict[str, Any]] = _read("cases.yaml")
    return found


def history() -> dict[str, Any]:
    """What people said and did in the past thirty days."""
    found: dict[str, Any] = _read("history.yaml")
    return found


def fill(template: Any, facts: Mapping[str, Mapping[str, Any]]) -> Any:
    """The template with `{it.…}` and `{on.…}` replaced; a text that is only a place keeps the
    kind of what it names, so that numbers stay numbers."""
    match template:
        case dict():
            return {name: fill(part, facts) for name, part in template.items()}
        case list():
            return [fill(part, facts) for part in template]
        case str():
            whole = PLACE.fullmatch(template)
            if whole:
                return facts[whole[1]][whole[2]]
            return PLACE.sub(lambda place: str(facts[place[1]][place[2]]), template)
    return template


def dates(at: datetime) -> dict[str, str]:
    """The days that the sentences speak of, seen from `at`; none but a Sunday is on a weekend.

    `this_hour` is an instant: when an agent read what it knows.
    """
    days = {name: _weekday(at + timedelta(days=count)) for name, count in DAYS.items()}
    days["next_sunday"] = at + timedelta(days=6 - at.weekday() or 7)
    this_hour = at.replace(minute=0, second=0, microsecond=0).isoformat()
    return {**{name: f"{day:%-d %B}" for name, day in days.items()}, "this_hour": this_hour}


def _weekday(day: datetime) -> datetime:
    """The day itself, or the Friday before a weekend."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def _read(name: str) -> Any:
    return yaml.load((FOLDER / name).read_text(), Loader=yaml.CSafeLoader)
