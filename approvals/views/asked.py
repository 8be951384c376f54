"""Who is asked when about one action, and who would be about one that is not staged yet."""

from datetime import UTC, date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.vary import vary_on_headers

from agents_registry.current_team import person_of, team_of
from agents_registry.models import Person
from agents_registry.pages.workflows import of_team
from approvals.pages import asked as pages
from approvals.views.action import find
from approvals.views.requests import PageRequest
from ledger import clock


@login_required
@vary_on_headers("HX-Request")
def show(request: PageRequest, action_id: UUID) -> HttpResponse:
    """The steps that are still to come: a part of the action's page, or a page of its own."""
    person = person_of(request)
    action = find(person, action_id)
    context = {"action": action, "asked": pages.asked(action, person)}
    template = "action/asked_lines.html" if request.htmx else "asked.html"
    return render(request, template, context)


@login_required
def would_be(request: PageRequest, slug: str) -> HttpResponse:
    """For the workflow's action type `type`, if it were staged on the day `on` at the time `at`."""
    person = person_of(request)
    workflow = get_object_or_404(of_team(team_of(request)), slug=slug)
    types = list(workflow.action_types.filter(retired_at=None).select_related("chain"))
    chosen = next((each for each in types if each.key == request.GET.get("type")), None)
    start = _instant(request.GET.get("on", ""), request.GET.get("at", ""), person)
    page = pages.would_be(workflow, types, chosen, start, person)
    return render(request, "would_be_asked.html", {"page": page, "asked": page.asked})


def _instant(day: str, at: str, person: Person) -> datetime:
    """As the reader's clock shows it; now where it is none."""
    try:
        shown = time.fromisoformat(at).replace(tzinfo=ZoneInfo(person.time_zone))
        return datetime.combine(date.fromisoformat(day), shown).astimezone(UTC)
    except (ValueError, OverflowError):
        return clock.now()
