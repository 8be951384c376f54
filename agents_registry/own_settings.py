"""What people set for themselves: their time zone, the keys, and how the pages look."""

from functools import cache
from itertools import groupby
from zoneinfo import available_timezones

from agents_registry.models import Person

THEMES = {"": "As the system", "light": "Light", "dark": "Dark"}
ELSEWHERE = "Other"


class CannotSet(Exception):
    """What is wrong with it, in words."""


def change(*, person: Person, time_zone: str, theme: str, keys_on: bool) -> None:
    """Takes effect with the next page. Raises CannotSet, and then nothing is changed."""
    if time_zone not in available_timezones():
        raise CannotSet("There is no such time zone. Choose one of the list.")
    if theme not in THEMES:
        raise CannotSet("There is no such look. Choose one of the list.")
    person.time_zone, person.theme, person.keys_on = time_zone, theme, keys_on
    person.save(update_fields=["time_zone", "theme", "keys_on"])


@cache
def zones() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every time zone by region: pairs of its key and its place in words."""
    keys = sorted(available_timezones(), key=lambda key: (_region(key), key))
    return [
        (region, [(key, _place(key)) for key in found]) for region, found in groupby(keys, _region)
    ]


def _region(key: str) -> str:
    return key.partition("/")[0] if "/" in key else ELSEWHERE


def _place(key: str) -> str:
    return (key.partition("/")[2] or key).replace("_", " ").replace("/", ", ")
