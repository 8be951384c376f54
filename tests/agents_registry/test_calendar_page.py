"""The next weeks of a calendar, and the answer to: if staged then, due when?"""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents_registry.models import Calendar, Person, Team
from ledger import clock
from tests import factories

OFFICE = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)
"""A Wednesday: 10:30 in New York, 16:30 in Berlin."""


@pytest.fixture(autouse=True)
def some_wednesday() -> Any:
    with clock.simulated(NOW):
        yield


@pytest.fixture
def team(db: None) -> Team:
    return factories.create_team()


@pytest.fixture
def reader(client: Client, team: Team) -> Person:
    person = factories.create_person(team=team)
    Person.objects.filter(pk=person.pk).update(time_zone="Europe/Berlin")
    client.force_login(person)
    return person


@pytest.fixture
def office(team: Team) -> Calendar:
    return create_calendar(team)


def create_calendar(team: Team, zone: str = "America/New_York", **fields: Any) -> Calendar:
    document = {"time_zone": zone, "hours": OFFICE, "holidays": {"country": "US"}, "days_off": []}
    return Calendar.objects.create(
        team=team, slug="office", name="Office", document={**document, **fields}
    )


def shown(client: Client, **asked: str) -> Any:
    response = client.get(reverse("calendar_weeks", args=["office"]), asked)
    assert response.status_code == 200
    return response.context["calendar"]


def answered(client: Client, at: str, within: str) -> Any:
    return shown(client, at=at, within=within).answer


def days(page: Any) -> dict[str, Any]:
    return {cell.on.isoformat(): cell for week in page.weeks for cell in week.days}


# The weeks


def test_four_weeks_from_this_monday_on(client: Client, reader: Person, office: Calendar) -> None:
    page = shown(client)
    assert [week.words for week in page.weeks] == [
        *("16 to 22 Nov", "23 to 29 Nov", "30 Nov to 6 Dec", "7 to 13 Dec"),
    ]
    assert [cell.on.isoformat() for cell in days(page).values() if cell.today] == ["2026-11-18"]
    assert (days(page)["2026-11-18"].hours, days(page)["2026-11-21"].hours) == (
        "09:00 to 17:00",
        "closed",
    )


def test_the_day_is_that_of_the_calendars_clock(client: Client, reader: Person, team: Team) -> None:
    create_calendar(team, "Pacific/Kiritimati")  # 05:30 of the next day
    assert [cell.on.isoformat() for cell in days(shown(client)).values() if cell.today] == [
        "2026-11-19"
    ]


def test_a_holiday_has_its_name_and_a_day_off_says_so(
    client: Client, reader: Person, team: Team
) -> None:
    create_calendar(team, days_off=["2026-11-27"])
    cells = days(shown(client))
    assert (cells["2026-11-26"].hours, cells["2026-11-26"].off) == ("closed", "Thanksgiving Day")
    assert (cells["2026-11-27"].hours, cells["2026-11-27"].off) == ("closed", "day off")
    assert cells["2026-11-25"].off == ""


@pytest.mark.parametrize(
    ("zone", "monday", "day", "words"),
    [
        ("America/New_York", "2026-10-26", "2026-11-01", "clock back: 02:00 becomes 01:00"),
        ("America/New_York", "2026-03-02", "2026-03-08", "clock ahead: 02:00 becomes 03:00"),
        ("America/Sao_Paulo", "2018-10-29", "2018-11-04", "clock ahead: 00:00 becomes 01:00"),
        (
            "America/Sao_Paulo",
            "2018-02-12",
            "2018-02-17",
            "clock back: Sun 00:00 becomes Sat 23:00",
        ),
        ("Australia/Lord_Howe", "2026-09-28", "2026-10-04", "clock ahead: 02:00 becomes 02:30"),
        ("Pacific/Apia", "2011-12-26", "2011-12-31", "clock ahead: Fri 00:00 becomes Sat 00:00"),
    ],
)
def test_a_change_of_the_clock_is_marked_on_its_day_alone(
    client: Client, reader: Person, team: Team, zone: str, monday: str, day: str, words: str
) -> None:
    create_calendar(team, zone)
    cells = days(shown(client, **{"from": monday}))
    assert {on: cell.clock for on, cell in cells.items() if cell.clock} == {day: words}


def test_earlier_and_later_weeks_keep_the_question(
    client: Client, reader: Person, office: Calendar
) -> None:
    page = shown(client, at="2026-11-24T15:00", within="3 business days")
    assert page.weeks[0].words == "23 to 29 Nov"
    later = client.get(page.later_url).context["calendar"]
    assert later.weeks[0].words == "21 to 27 Dec"
    assert later.answer == page.answer
    assert client.get(later.earlier_url).context["calendar"].weeks == page.weeks


def test_an_address_with_a_day_that_is_none_shows_this_week(
    client: Client, reader: Person, office: Calendar
) -> None:
    for nonsense in ("tomorrow", "9999-12-31", "2026-11-31", "\x00"):
        assert shown(client, **{"from": nonsense}).weeks[0].words == "16 to 22 Nov"
    assert shown(client, **{"from": "2000-01-03"}).earlier_url == ""


# The question


def test_three_business_days_pass_over_thanksgiving_and_the_weekend(
    client: Client, reader: Person, office: Calendar
) -> None:
    page = shown(client, at="2026-11-24T15:00", within="3 business days")
    assert page.answer.here == "Monday 30 November 2026, 15:00 (EST)"
    assert page.answer.reader == "Monday 30 November 2026, 21:00 (CET)"
    assert page.answer.because == [
        "Thursday 26 November is Thanksgiving Day.",
        "Saturday 28 November and Sunday 29 November are closed.",
    ]
    assert days(page)["2026-11-24"].marks == ["staged 15:00"]
    assert days(page)["2026-11-30"].marks == ["due 15:00"]


def test_the_answer_says_when_the_counting_begins_and_that_the_clock_changed(
    client: Client, reader: Person, office: Calendar
) -> None:
    answer = answered(client, "2026-10-31T12:00", "2 business hours")
    assert answer.here == "Monday 2 November 2026, 11:00 (EST)"
    assert answer.because == [
        "It begins to count on Monday 2 November at 09:00.",
        "Saturday 31 October and Sunday 1 November are closed.",
        "On Sunday 1 November the clock is put back from 02:00 to 01:00.",
    ]


def test_a_day_off_of_the_calendar_is_named(client: Client, reader: Person, team: Team) -> None:
    create_calendar(team, days_off=["2026-11-19"])
    answer = answered(client, "2026-11-18T10:00", "1 business day")
    assert answer.because == ["Thursday 19 November is a day off."]


def test_hours_of_any_clock_are_not_those_of_the_calendar(
    client: Client, reader: Person, office: Calendar
) -> None:
    answer = answered(client, "2026-11-26T03:00", "90 minutes")
    assert answer.here == "Thursday 26 November 2026, 04:30 (EST)"
    assert answer.because == ["90 minutes count on any clock: the calendar takes nothing out."]


def test_many_weekends_are_counted_and_holidays_still_named(
    client: Client, reader: Person, office: Calendar
) -> None:
    answer = answered(client, "2026-11-18T10:00", "60 business days")
    assert "Friday 25 December is Christmas Day." in answer.because
    assert "Friday 1 January 2027 is New Year's Day." in answer.because
    assert answer.because[-1] == "Closed on every Saturday and Sunday: 26 days in all."


def test_a_year_of_holidays_is_cut_short(client: Client, reader: Person, office: Calendar) -> None:
    answer = answered(client, "2026-11-18T10:00", "500 business days")
    assert any(sentence.endswith("further days off as well.") for sentence in answer.because)
    assert len(answer.because) < 25


def test_a_time_that_comes_twice_is_meant_the_first_time(
    client: Client, reader: Person, office: Calendar
) -> None:
    answer = answered(client, "2026-11-01T01:30", "30 minutes")
    assert answer.here == "Sunday 1 November 2026, 01:00 (EST)"
    assert answer.because[0] == (
        "The clock shows 01:30 twice on Sunday 1 November: the first time is meant."
    )


def test_a_reader_on_the_same_clock_is_told_once(
    client: Client, reader: Person, team: Team
) -> None:
    create_calendar(team, "Europe/Berlin")
    assert answered(client, "2026-11-18T10:00", "1 hour").reader == ""


@pytest.mark.parametrize(
    ("at", "within", "field", "words"),
    [
        ("soon", "1 hour", "due_at", "Write a day and a time like 2026-11-24 15:00."),
        ("", "1 hour", "due_at", "This field is required."),
        ("2026-11-24T15:00Z", "1 hour", "due_at", "Leave the zone out"),
        ("9999-12-31T23:59", "1 hour", "due_at", "Write a year from 2000 to 2100."),
        ("2026-03-08T02:30", "1 hour", "due_at", "The clock skips this time"),
        ("2026-11-24T15:00", "soon", "due_within", "is not a duration"),
        ("2026-11-24T15:00", "0 hours", "due_within", "It takes no time at all."),
        ("2026-11-24T15:00", "99999 business days", "due_within", "at most ten years"),
        ("2026-11-24T15:00", "3650 business days", "due_within", "too little working time"),
        ("2026-11-24T15:00", "1 hour\x00", "due_within", "Null characters are not allowed."),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(
    client: Client, reader: Person, office: Calendar, at: str, within: str, field: str, words: str
) -> None:
    url = reverse("calendar_weeks", args=["office"])
    response = client.get(url, {"at": at, "within": within})
    assert response.status_code == 422
    (wrong,) = response.context["calendar"].wrong
    assert (wrong.field_id, words in wrong.message) == (field, True), wrong
    html = response.content.decode()
    assert f'id="{field}_error"' in html
    assert 'aria-invalid="true"' in html
    assert response.context["calendar"].answer is None


def test_the_form_begins_with_now_and_the_time_that_a_workflow_gives(
    client: Client, reader: Person, team: Team, office: Calendar
) -> None:
    html = client.get(reverse("calendar_weeks", args=["office"])).content.decode()
    assert 'value="2026-11-18T10:30"' in html
    assert 'value="1 business day"' in html
    factories.create_workflow(team, calendar=office, sla="6 business hours")
    html = client.get(reverse("calendar_weeks", args=["office"])).content.decode()
    assert 'value="6 business hours"' in html


def test_a_calendar_of_another_team_is_not_there(
    client: Client, stranger: Person, office: Calendar
) -> None:
    client.force_login(stranger)
    assert client.get(reverse("calendar_weeks", args=["office"])).status_code == 404


def test_the_page_of_the_row_and_of_the_workflow_lead_there(
    client: Client, reader: Person, team: Team, office: Calendar
) -> None:
    workflow = factories.create_workflow(team, calendar=office)
    address = reverse("calendar_weeks", args=["office"])
    for url in (
        reverse("team_row", args=["calendars", "office"]),
        reverse("registry_workflow", args=[workflow.slug]),
    ):
        assert f'href="{address}"' in client.get(url).content.decode(), url
