"""Deadlines, stops and words on known days."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents_registry.calendars import WEEKDAYS
from agents_registry.sla import (
    ALWAYS,
    Calendar,
    Duration,
    Unit,
    due_after_work,
    due_at,
    in_words,
    shift_for_stop,
    work_between,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OFFICE = [["09:00", "17:00"]]
WHOLE_DAY = [["00:00", "24:00"]]


def create_calendar(zone="America/New_York", spans=OFFICE, days=WEEKDAYS[:5], **fields):
    return Calendar.from_document({"time_zone": zone, "hours": dict.fromkeys(days, spans)} | fields)


def in_new_york(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York"))


def due_in_new_york(start, duration, calendar):
    due = due_at(in_new_york(start), Duration.parse(duration), calendar)
    assert due.tzinfo is UTC
    return due.astimezone(ZoneInfo("America/New_York")).strftime("%Y-%m-%d %H:%M")


NEW_YORK = create_calendar(holidays={"country": "US", "subdivision": None})


# Known cases


@pytest.mark.parametrize(
    ("start", "duration", "due"),
    [
        # Thursday 26 November 2026 is Thanksgiving; the clock changed on 8 March and 1 November.
        ("2026-11-24 15:00", "3 business days", "2026-11-30 15:00"),
        ("2026-11-25 16:00", "4 business hours", "2026-11-27 12:00"),
        ("2026-03-05 10:30", "3 business days", "2026-03-10 10:30"),
        ("2026-10-30 16:00", "2 business hours", "2026-11-02 10:00"),
        ("2026-11-21 12:00", "1 business day", "2026-11-24 09:00"),
        ("2026-11-20 17:00", "1 business day", "2026-11-24 09:00"),
        ("2026-11-20 16:59", "1 business day", "2026-11-23 16:59"),
        ("2026-11-20 08:00", "90 business minutes", "2026-11-20 10:30"),
        ("2026-11-20 16:00", "1 business hour", "2026-11-20 17:00"),
        ("2026-12-30 12:00", "2 business days", "2027-01-04 12:00"),
        # Other units take no notice: 48 hours, over the change of the clock.
        ("2026-10-31 12:00", "2 days", "2026-11-02 11:00"),
        ("2026-11-26 03:00", "90 minutes", "2026-11-26 04:30"),
        ("2026-11-26 03:00", "120 seconds", "2026-11-26 03:02"),
    ],
)
def test_a_deadline_skips_nights_weekends_holidays_and_clock_changes(start, duration, due):
    assert due_in_new_york(start, duration, NEW_YORK) == due


def test_a_holiday_observed_in_the_old_year_is_a_day_off():
    # New Year's Day 2028 is a Saturday, so Friday 31 December 2027 is free.
    assert due_in_new_york("2027-12-30 10:00", "1 business day", NEW_YORK) == "2028-01-03 10:00"


def test_holidays_follow_the_part_of_the_country():
    epiphany = datetime(2026, 1, 6, 9, tzinfo=UTC), datetime(2026, 1, 6, 10, tzinfo=UTC)
    for part, work in (("BY", timedelta()), ("HH", HOUR)):
        rule = {"country": "DE", "subdivision": part}
        assert work_between(*epiphany, create_calendar("Europe/Berlin", holidays=rule)) == work


def test_days_off_are_skipped_like_holidays():
    calendar = create_calendar(days_off=["2026-11-23", "2026-11-24"])
    assert due_in_new_york("2026-11-20 16:00", "1 business day", calendar) == "2026-11-25 16:00"


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-11-18 09:00", "2026-11-19 10:00"),  # counted from the opening
        ("2026-11-19 08:30", "2026-11-20 09:00"),  # not open yet: the opening
        ("2026-11-19 12:30", "2026-11-20 13:00"),  # closed for lunch: the next opening
        ("2026-11-19 14:00", "2026-11-20 14:00"),
        ("2026-11-19 17:30", "2026-11-20 15:00"),  # closed for the day: the closing
    ],
)
def test_a_time_at_which_the_last_day_does_not_work_moves_to_one_at_which_it_does(start, due):
    hours = {
        "wed": [["10:00", "16:00"]],
        "thu": [["08:00", "18:00"]],
        "fri": [["09:00", "12:00"], ["13:00", "15:00"]],
    }
    calendar = Calendar.from_document({"time_zone": "America/New_York", "hours": hours})
    assert due_in_new_york(start, "1 business day", calendar) == due


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-11-02", 24)]
)
def test_a_day_has_as_many_hours_as_really_pass(day, hours):
    calendar = create_calendar(spans=WHOLE_DAY, days=WEEKDAYS)
    midnight = in_new_york(day)
    assert work_between(midnight, midnight + DAY, calendar) == hours * HOUR


def test_a_time_that_the_clock_skips_is_the_moment_it_is_set_forward():
    calendar = create_calendar(spans=WHOLE_DAY, days=WEEKDAYS)
    assert due_in_new_york("2026-03-07 02:30", "1 business day", calendar) == "2026-03-08 03:00"


def test_an_hour_that_the_clock_repeats_counts_as_over_the_second_time():
    calendar = create_calendar(spans=WHOLE_DAY, days=WEEKDAYS)
    for start, due in (("05:30", "2026-11-02T06:30Z"), ("06:30", "2026-11-02T07:00Z")):
        start = datetime.fromisoformat(f"2026-11-01T{start}Z")
        assert due_at(start, Duration(1, Unit.BUSINESS_DAYS), calendar) == datetime.fromisoformat(
            due
        )


def test_a_day_that_began_before_the_clock_went_back_over_midnight_goes_on():
    # Sunday began at 02:30 UTC; a minute later the clock showed 23:01 on Saturday again.
    sundays = create_calendar("America/St_Johns", spans=WHOLE_DAY, days=["sun"])
    start = datetime(2010, 11, 7, 2, tzinfo=UTC)
    assert work_between(start, start + HOUR, sundays) == 30 * MINUTE


def test_a_day_that_the_clock_skips_is_no_working_day():
    apia = create_calendar("Pacific/Apia", spans=WHOLE_DAY, days=WEEKDAYS)
    start = datetime(2011, 12, 29, 12, tzinfo=apia.zone)
    due = due_at(start, Duration(1, Unit.BUSINESS_DAYS), apia)
    assert due == datetime(2011, 12, 31, 12, tzinfo=apia.zone)


def test_around_the_clock_business_time_is_any_time():
    start = datetime(2026, 10, 31, 12, 34, 56, 789, tzinfo=UTC)
    for business, other in (("3 business days", "3 days"), ("99 business hours", "99 hours")):
        due = due_at(start, Duration.parse(business), ALWAYS)
        assert due == due_at(start, Duration.parse(other), ALWAYS)


def test_a_naive_instant_is_refused():
    naive = datetime(2026, 11, 20, 12)
    for duration in (Duration(1, Unit.SECONDS), Duration(1, Unit.BUSINESS_DAYS)):
        with pytest.raises(ValueError, match="needs a time zone"):
            due_at(naive, duration, NEW_YORK)


@pytest.mark.parametrize(
    ("start", "duration"),
    [
        ("2025-12-31 10:00", "1 business day"),
        ("2025-12-31 17:00", "1 business minute"),
        ("2026-01-03 10:00", "0 business days"),
    ],
)
def test_a_calendar_that_never_opens_again_is_refused_instead_of_searched_for_ever(start, duration):
    days_off = [str(date(2026, 1, 1) + count * DAY) for count in range(4100)]
    with pytest.raises(ValueError, match="too little working time"):
        due_in_new_york(start, duration, create_calendar(days_off=days_off))


def test_negative_working_time_is_refused():
    with pytest.raises(ValueError, match="not negative"):
        due_after_work(datetime(2026, 1, 3, tzinfo=UTC), -MINUTE, ALWAYS)


# Stops


@pytest.mark.parametrize(
    ("due", "stopped", "resumed", "moved"),
    [
        ("2026-11-20 16:00", "2026-11-20 14:00", "2026-11-20 15:00", "2026-11-20 17:00"),
        ("2026-11-20 16:00", "2026-11-20 14:00", "2026-11-22 15:00", "2026-11-23 11:00"),
        ("2026-11-20 16:00", "2026-11-20 16:00", "2026-11-22 15:00", "2026-11-20 16:00"),
        ("2026-11-23 09:00", "2026-11-20 18:00", "2026-11-21 15:00", "2026-11-23 09:00"),
        ("2026-11-23 09:00", "2026-11-20 16:00", "2026-11-20 16:00", "2026-11-23 09:00"),
    ],
)
def test_a_stop_keeps_the_working_time_that_was_left(due, stopped, resumed, moved):
    due, stopped, resumed, moved = map(in_new_york, (due, stopped, resumed, moved))
    assert shift_for_stop(due, stopped, resumed, NEW_YORK) == moved


def test_a_stop_that_ends_before_it_begins_is_refused():
    now = datetime(2026, 11, 20, tzinfo=UTC)
    with pytest.raises(ValueError, match="ends after it begins"):
        shift_for_stop(now, now, now - MINUTE, ALWAYS)


# Words


@pytest.mark.parametrize(
    ("now", "due", "words"),
    [
        ("2026-11-20 09:52", "2026-11-20 11:40", "1 h 48 min left"),
        ("2026-11-20 09:52:01", "2026-11-20 11:40", "1 h 47 min left"),
        ("2026-11-20 10:00", "2026-11-20 13:05", "3 h 05 min left"),
        ("2026-11-20 16:00", "2026-11-23 09:30", "1 h 30 min left"),
        ("2026-11-20 09:01", "2026-11-20 17:00", "7 h 59 min left"),
        ("2026-11-20 16:00", "2026-11-23 16:00", "1 work day left"),
        ("2026-11-24 15:00", "2026-11-30 15:00", "3 work days left"),
        ("2026-11-24 15:01", "2026-11-30 15:00", "2 work days left"),
        ("2026-11-20 12:00", "2026-11-20 12:00", "0 min left"),
        ("2026-11-20 12:35:59", "2026-11-20 12:00", "35 min late"),
        ("2026-11-23 10:00", "2026-11-20 16:50", "1 h 10 min late"),
        ("2026-11-22 10:00", "2026-11-20 17:00", "0 min late"),
        ("2026-11-25 12:00", "2026-11-23 12:00", "2 work days late"),
    ],
)
def test_time_left_is_said_in_working_time(now, due, words):
    assert in_words(in_new_york(now), in_new_york(due), NEW_YORK) == words


# Durations


@given(st.integers(0, 3653), st.sampled_from(Unit))
def test_a_duration_survives_being_written_and_read(amount, unit):
    duration = Duration(amount, unit)
    assert Duration.parse(str(duration)) == duration


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1 business days", "1 business day"),
        ("  4  Business Hours ", "4 business hours"),
        ("090 minute", "90 minutes"),
        ("0 seconds", "0 seconds"),
    ],
)
def test_a_duration_is_read_kindly_and_written_one_way(text, written):
    assert str(Duration.parse(text)) == written


@pytest.mark.parametrize(
    "text",
    ["", "3", "days", "-1 days", "1.5 hours", "3 business seconds", "٣ days", "1 week", "2days"],
)
def test_what_is_not_a_duration_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match=r'is not a duration\. Write it like "3 business days"'):
        Duration.parse(text)


@pytest.mark.parametrize("text", ["4000 days", "999999999 business days", "90000 business hours"])
def test_more_than_ten_years_are_refused(text):
    with pytest.raises(ValueError, match="at most ten years"):
        Duration.parse(text)


def test_a_negative_duration_is_refused():
    with pytest.raises(ValueError, match="not negative"):
        Duration(-1, Unit.DAYS)
