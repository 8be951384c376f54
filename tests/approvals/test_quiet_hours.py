"""When a channel may be used: quiet hours and digests, also where the clock skips or repeats."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.notices.hours import Hours, next_digest, when

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LONGEST_DAY = timedelta(hours=25)

ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "America/Santiago",
     "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo", "Pacific/Auckland"]
)  # fmt: skip
TIMES = st.times().map(lambda each: each.replace(second=0, microsecond=0))
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2034, 1, 1), timezones=st.just(UTC))
HOURS = st.builds(
    Hours,
    time_zone=ZONES,
    quiet_from=st.none() | TIMES,
    quiet_until=st.none() | TIMES,
    digest_at=TIMES,
)


def hours(quiet: str = "", digest: str = "08:00", zone: str = "Europe/Berlin") -> Hours:
    begins, _, ends = quiet.partition("-")
    return Hours(
        zone,
        time.fromisoformat(begins) if begins else None,
        time.fromisoformat(ends) if ends else None,
        time.fromisoformat(digest),
    )


def berlin(text: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


def shown(instant: datetime, zone: str) -> time:
    return instant.astimezone(ZoneInfo(zone)).time()


def is_quiet(instant: datetime, channel: Hours) -> bool:
    """By the clock on the wall; the law's own reading, apart from the code's."""
    begins, ends, now = channel.quiet_from, channel.quiet_until, shown(instant, channel.time_zone)
    if begins is None or ends is None or begins == ends:
        return False
    return begins < now < ends if begins < ends else now > begins or now < ends


def clock_changes_near(instant: datetime, zone: str) -> bool:
    days = [instant + timedelta(days=days) for days in (-2, 2)]
    early, late = (day.astimezone(ZoneInfo(zone)).utcoffset() for day in days)
    return early != late


def test_outside_quiet_hours_it_leaves_at_once() -> None:
    at = berlin("2026-03-10 14:00")
    assert when("at_once", hours("22:00-07:00"), at) == at


def test_what_comes_in_the_evening_leaves_the_next_morning() -> None:
    at = berlin("2026-03-10 23:15")
    assert when("at_once", hours("22:00-07:00"), at) == berlin("2026-03-11 07:00")


def test_what_comes_after_midnight_leaves_the_same_morning() -> None:
    at = berlin("2026-03-11 03:00")
    assert when("at_once", hours("22:00-07:00"), at) == berlin("2026-03-11 07:00")


def test_quiet_hours_in_the_middle_of_a_day_end_that_day() -> None:
    at = berlin("2026-03-11 12:30")
    assert when("at_once", hours("12:00-13:00"), at) == berlin("2026-03-11 13:00")


def test_at_the_end_of_the_quiet_hours_it_leaves() -> None:
    at = berlin("2026-03-11 07:00")
    assert when("at_once", hours("22:00-07:00"), at) == at


@pytest.mark.parametrize("quiet", ["", "09:00-09:00"])
def test_without_quiet_hours_every_hour_will_do(quiet: str) -> None:
    at = berlin("2026-03-11 09:00")
    assert when("at_once", hours(quiet), at) == at


@pytest.mark.parametrize("pace", ["digest", "never"])
def test_what_is_not_told_at_once_has_no_time_of_its_own(pace: str) -> None:
    assert when(pace, hours(), berlin("2026-03-11 09:00")) is None


def test_quiet_hours_that_end_in_the_skipped_hour_end_when_the_clock_has_jumped() -> None:
    at = berlin("2026-03-29 01:30")
    assert when("at_once", hours("22:00-02:30"), at) == berlin("2026-03-29 03:00")


def test_quiet_hours_that_end_in_the_repeated_hour_end_the_first_time() -> None:
    at = berlin("2026-10-25 01:30")
    assert when("at_once", hours("22:00-02:30"), at) == berlin("2026-10-25 02:30", fold=0)


def test_quiet_hours_are_of_the_channels_own_zone() -> None:
    at = berlin("2026-03-11 14:00")
    ends = datetime(2026, 3, 11, 10, 0, tzinfo=NEW_YORK)
    assert when("at_once", hours("08:00-10:00", zone="America/New_York"), at) == ends


def test_the_next_digest_is_that_of_today_or_of_tomorrow() -> None:
    assert next_digest(hours(), berlin("2026-03-11 07:59")) == berlin("2026-03-11 08:00")
    assert next_digest(hours(), berlin("2026-03-11 08:00")) == berlin("2026-03-12 08:00")


def test_a_digest_keeps_its_local_time_across_a_clock_change() -> None:
    assert next_digest(hours(), berlin("2026-03-28 09:00")) == berlin("2026-03-29 08:00")


def test_a_digest_within_quiet_hours_leaves_when_they_end() -> None:
    channel = hours("22:00-07:00", digest="06:00")
    assert next_digest(channel, berlin("2026-03-11 06:30")) == berlin("2026-03-11 07:00")


def test_a_digest_in_the_repeated_hour_leaves_once() -> None:
    first = next_digest(hours(digest="02:30"), berlin("2026-10-25 00:00"))
    assert first == berlin("2026-10-25 02:30", fold=0)
    assert next_digest(hours(digest="02:30"), first) == berlin("2026-10-26 02:30")


@given(HOURS, INSTANTS)
def test_nothing_leaves_within_quiet_hours(channel: Hours, at: datetime) -> None:
    leaves = when("at_once", channel, at)
    assert leaves is not None
    assert not is_quiet(leaves, channel) or clock_changes_near(leaves, channel.time_zone)


@given(HOURS, INSTANTS)
def test_nothing_leaves_early_or_more_than_a_day_late(channel: Hours, at: datetime) -> None:
    leaves = when("at_once", channel, at)
    assert leaves is not None
    assert at <= leaves <= at + LONGEST_DAY


@given(HOURS, INSTANTS, st.timedeltas(timedelta(), timedelta(days=3)))
def test_what_comes_first_never_leaves_last(channel: Hours, at: datetime, later: timedelta) -> None:
    first, second = when("at_once", channel, at), when("at_once", channel, at + later)
    assert first is not None
    assert second is not None
    assert first <= second


@given(HOURS, INSTANTS)
def test_the_next_digest_is_later_and_never_within_quiet_hours(
    channel: Hours, after: datetime
) -> None:
    leaves = next_digest(channel, after)
    assert leaves > after
    assert not is_quiet(leaves, channel) or clock_changes_near(leaves, channel.time_zone)


@given(HOURS, INSTANTS)
def test_digests_come_once_a_day_and_no_day_is_left_out(channel: Hours, after: datetime) -> None:
    zone = ZoneInfo(channel.time_zone)
    first = next_digest(channel, after)
    second = next_digest(channel, first)
    days = (second.astimezone(zone).date() - first.astimezone(zone).date()).days
    assert first <= after + 2 * LONGEST_DAY
    assert days == 1 or clock_changes_near(first, channel.time_zone)
