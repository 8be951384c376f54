"""Calendars as documents: what is read, written and refused."""

import pytest

from agents_registry.calendars import ALWAYS, Calendar

OFFICE = [["09:00", "17:00"]]
LUNCH = [["09:00", "12:00"], ["13:00", "17:30"]]


def create_document(**fields):
    return {"time_zone": "America/New_York", "hours": {"mon": OFFICE}} | fields


def test_a_calendar_survives_being_written_and_read():
    document = {
        "time_zone": "Europe/Berlin",
        "hours": {"mon": LUNCH, "sun": [["18:00", "24:00"]]},
        "holidays": {"country": "DE", "subdivision": "BY"},
        "days_off": ["2026-12-24", "2026-12-31"],
    }
    calendar = Calendar.from_document(document)
    assert calendar.to_document() == document
    assert Calendar.from_document(calendar.to_document()) == calendar
    assert Calendar.from_document(ALWAYS.to_document()) == ALWAYS


def test_spans_may_come_in_any_order_and_touch():
    spans = [["13:00", "17:00"], ["09:00", "13:00"]]
    assert Calendar.from_document(create_document(hours={"mon": spans})).to_document()["hours"][
        "mon"
    ] == sorted(spans)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"time_zone": "Mars/Base"}, "time_zone: 'Mars/Base' is not a known"),
        ({"time_zone": "../../etc/passwd"}, "time_zone: "),
        ({"time_zone": None}, "time_zone: a text"),
        ({"hours": None}, "hours: an object"),
        ({"hours": {}}, "hours: the calendar has no working time"),
        ({"hours": {"mon": []}}, "hours: the calendar has no working time"),
        ({"hours": {"monday": OFFICE}}, "hours: 'monday' is not one of mon, tue"),
        ({"hours": {"mon": "09:00"}}, "hours.mon: a list"),
        ({"hours": {"mon": [["09:00"]]}}, r"hours.mon\[0\]: a span is"),
        ({"hours": {"mon": [["09:00", 17]]}}, r"hours.mon\[0\]: a text"),
        ({"hours": {"mon": [*OFFICE, ["9:00", "17:00"]]}}, r"hours.mon\[1\]: '9:00' is not a time"),
        ({"hours": {"mon": [["09:00", "24:01"]]}}, r"hours.mon\[0\]: '24:01' is not a time"),
        ({"hours": {"mon": [["17:00", "09:00"]]}}, "hours.mon: 17:00 to 09:00 does not end"),
        ({"hours": {"mon": [["09:00", "09:00"]]}}, "hours.mon: 09:00 to 09:00 does not end"),
        ({"hours": {"mon": [["22:00", "00:00"]]}}, "hours.mon: 22:00 to 00:00 does not end"),
        ({"hours": {"mon": [*LUNCH, ["11:00", "13:00"]]}}, "hours.mon: 11:00 to 13:00 overlaps"),
        ({"holidays": "US"}, "holidays: an object"),
        ({"holidays": {}}, "holidays.country: a text"),
        ({"holidays": {"country": "XX"}}, "holidays.country: 'XX' has no known"),
        ({"holidays": {"country": "HolidayBase"}}, "holidays.country: "),
        ({"holidays": {"country": "US", "subdivision": "ZZ"}}, "holidays.subdivision: 'ZZ'"),
        ({"holidays": {"country": "US", "subdivision": 1}}, "holidays.subdivision: a text"),
        ({"days_off": ["2026-12-24", "2026-02-30"]}, r"days_off\[1\]: '2026-02-30' is not a date"),
        ({"days_off": ["20261224"]}, r"days_off\[0\]: '20261224' is not a date"),
        ({"days_off": None}, "days_off: a list"),
        ({"weekend": "sat"}, "calendar: 'weekend' is not one of time_zone"),
    ],
)
def test_a_wrong_document_is_refused_at_the_place_that_is_wrong(change, place):
    with pytest.raises(ValueError, match=f"^{place}"):
        Calendar.from_document(create_document(**change))


def test_a_document_that_is_no_object_is_refused():
    with pytest.raises(ValueError, match=r"^calendar: an object"):
        Calendar.from_document([])
