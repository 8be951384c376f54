"""The forms of calendars and escalation chains."""

from functools import cache
from zoneinfo import available_timezones

from django import forms
from django.http import QueryDict
from holidays import list_supported_countries
from holidays.registry import COUNTRIES

from agents_registry.forms.choices import Choices, asked, with_current
from agents_registry.forms.fields import Hours, Lines, Options, count, one_of, text
from agents_registry.forms.rows import Shape
from agents_registry.models import Fallback
from agents_registry.pages.timing import DAYS
from agents_registry.spec.rows import Row
from agents_registry.words import FALLBACKS

MOST_STAGES = 20
BLANK: Row = {
    **{"who": "", "of": "", "otherwise": None},
    **{"within": "", "remind": None, "repeat": 1},
}
ASKED = ("who", "within", "remind", "repeat")
WHOM = ("of", "otherwise")
PARTS = (*ASKED, *WHOM)
OF_ACTION: Options = [
    ("subject:", "A person of the subject"),
    ("payload:", "A person whom the payload names"),
]
"""Addressees whom the part `of` completes: by a relation, or by a place in the payload."""


def calendar(row: Row) -> Shape:
    zones = with_current(asked(_zones(), "Choose the time zone"), row.get("time_zone"))
    hours = {
        f"hours-{day}": Hours(label=name, max_length=120, help_text="")
        for day, name in DAYS.items()
    }
    part = text(
        "Part of it",
        "The code of a state or region, if its holidays differ: CA, BY.",
        longest=20,
        empty_value=None,
    )
    days_off = Lines(
        label="Further days off",
        help_text="One date a line: 2026-12-24.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    return Shape(
        {
            "name": text("Name", required=True),
            "time_zone": one_of("Time zone", zones),
            **hours,
            "holidays-country": one_of(
                "Public holidays of", asked(_countries(), "no country"), required=False
            ),
            "holidays-subdivision": part,
            "days_off": days_off,
        },
        finish=_without_empty_holidays,
    )


def chain(row: Row, choices: Choices, stages: int) -> Shape:
    """As many stages as the row has, or as the page that was posted had."""
    fields: dict[str, forms.Field] = {
        "name": text("Name", required=True),
        "first_remind": text("Remind the pool after", "1 business hour; empty: never.", longest=40),
        "first_repeat": count("Remind the pool at most"),
    }
    split = _split(row)
    for number in range(stages):
        stage = split["stages"][number] if number < len(split["stages"]) else {}
        said = _stage(stage, choices.addressees())
        fields |= {f"stages-{number}-{part}": field for part, field in said.items()}
    ends = [(value, FALLBACKS[value]) for value in Fallback.values]
    fields["fallback"] = one_of("And then", ends)
    return Shape(
        fields,
        begin=_split,
        finish=lambda said: {**said, "stages": _told(said["stages"][:stages])},
    )


def _stage(stage: Row, people: Options) -> dict[str, forms.Field]:
    who = with_current([*people, *OF_ACTION], stage.get("who"))
    otherwise = with_current(people, stage.get("otherwise"))
    return {
        "who": one_of("Who is asked", asked(who, "Choose who is asked"), required=False),
        "of": text(
            "Which person",
            "Of the subject: the relation, like account_lead. Of the payload: the place, like "
            "/account/owner.",
            longest=150,
        ),
        "otherwise": forms.TypedChoiceField(
            label="Where nobody is known",
            choices=asked(otherwise, "nobody else"),
            help_text="Who is asked instead. Such a step needs somebody.",
            required=False,
            empty_value=None,
        ),
        "within": text("Answers within", "4 business hours", longest=40),
        "remind": text(
            "Reminded after", "1 business hour; empty: never.", longest=40, empty_value=None
        ),
        "repeat": count("Reminded at most"),
    }


def stages_of(data: QueryDict) -> list[dict[str, str]]:
    """The stages that were posted, in order, without those in which nothing is said."""
    said = [
        {part: data.get(f"stages-{number}-{part}", "").strip() for part in PARTS}
        for number in range(MOST_STAGES)
    ]
    return [stage for stage in said if stage["who"] or stage["within"] or stage["remind"]]


def with_stages(data: QueryDict, stages: list[dict[str, str]]) -> QueryDict:
    """What was posted, as if its form had had these stages."""
    changed = data.copy()
    for name in list(changed):
        if name.startswith("stages-"):
            del changed[name]
    for number, stage in enumerate(stages):
        for part, said in stage.items():
            changed[f"stages-{number}-{part}"] = said
    return changed


def _split(row: Row) -> Row:
    """The row with `who` in two parts where only the action tells who that is."""
    return {**row, "stages": [_of_action(stage) for stage in row["stages"]]}


def _of_action(stage: Row) -> Row:
    kind, colon, name = stage["who"].partition(":")
    parts = {"who": kind + colon, "of": name} if kind + colon in dict(OF_ACTION) else {"of": ""}
    return {**stage, **parts}


def _told(stages: list[Row]) -> list[Row]:
    """The stages whole, and `who` in one part again."""
    return [_whole({**BLANK, **stage}) for stage in stages]


def _whole(stage: Row) -> Row:
    name = stage.pop("of").strip()
    return {**stage, "who": stage["who"] + name} if stage["who"] in dict(OF_ACTION) else stage


def _without_empty_holidays(row: Row) -> Row:
    """A country of nothing is no holidays at all; a part goes with its country."""
    holidays = row.get("holidays") or {}
    if not holidays.get("country"):
        return {**row, "holidays": None}
    return {**row, "holidays": {"subdivision": None, **holidays}}


@cache
def _zones() -> Options:
    places = (zone for zone in available_timezones() if "/" in zone and zone[:3] != "Etc")
    return [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in sorted(places))]


@cache
def _countries() -> Options:
    """Names of countries by their ISO 3166 code, as far as their holidays are known."""
    known = list_supported_countries()
    named = {classes[1]: name.replace("_", " ").title() for name, classes in COUNTRIES.items()}
    return sorted(
        ((code, f"{named.get(code, code)} ({code})") for code in known if len(code) == 2),
        key=lambda choice: choice[1],
    )
