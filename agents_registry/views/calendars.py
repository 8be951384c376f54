"""Shows when a team works in the next weeks, and when something would be due."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from agents_registry.current_team import team_of
from agents_registry.models import Calendar
from agents_registry.pages import weeks as page
from ledger import clock


@login_required
def weeks(request: HttpRequest, slug: str) -> HttpResponse:
    """A calendar day by day, and the answer to the question in the address."""
    calendar = get_object_or_404(Calendar, team=team_of(request), slug=slug)
    zone = timezone.get_current_timezone_name()
    shown = page.page(calendar, request.GET, clock.now(), zone)
    status = 422 if shown.wrong else 200
    return render(request, "registry/calendar.html", {"calendar": shown}, status=status)
