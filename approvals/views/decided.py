"""What I decided: this week, and the weeks before."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from agents_registry.current_team import person_of
from approvals.pages import decided
from approvals.pages.decided import Place, Week
from ledger import clock

EARLIEST = date(2000, 1, 3)


@login_required
def show(request: HttpRequest) -> HttpResponse:
    """The week that holds the day `?week=2026-11-16`; any other value means this one."""
    person, get = person_of(request), request.GET
    today = clock.now().astimezone(ZoneInfo(person.time_zone)).date()
    week = Week.of(_day(get.get("week", ""), today), person)
    page = decided.page(person, week, today, Place.decode(get.get("before", "")))
    return render(request, "decided.html", {"decided": page})


def _day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return today
    return day if EARLIEST <= day <= today + timedelta(days=7) else today
