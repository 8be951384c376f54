"""What stands around every page: open counts, the team, and how old the last sweep is."""

from typing import Any

from django.conf import settings
from django.db.models import Min
from django.http import HttpRequest

from agents_registry.current_team import team_of, teams_on
from agents_registry.models import ChangeRequest, Person, Stop
from approvals.models import Sweep
from approvals.pages import batches, checks, words
from approvals.pages.inbox import view_counts
from ledger import clock


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context `shell`; empty for nobody and for people in no team."""
    person = getattr(request, "user", None)
    if not isinstance(person, Person) or getattr(request, "htmx", False):
        return {"shell": None}
    teams = teams_on(request)
    if not teams:
        return {"shell": None}
    team = team_of(request)
    counts = view_counts(person, team)
    return {
        "shell": {
            "team": team,
            "teams": teams,
            "team_name": team.name,
            "counts": {view: words.capped(counts[view]) for view in ("mine", "pool", "all")}
            | {"escalated": words.capped(counts["escalated"])},
            "checks": checks.open_count(person, team),
            "batches": words.capped(batches.count(person, team)),
            "stopped": Stop.objects.filter(team=team, lifted_at__isnull=True).count(),
            "requests": ChangeRequest.objects.filter(team=team, ended_at__isnull=True).count(),
            "hours_words": f"Times in {person.time_zone}",
            "sweep_words": sweep_words(),
            "demo": settings.DEMO,
        }
    }


def sweep_words() -> str:
    """How long ago every periodic job last ran, in words."""
    oldest = Sweep.objects.aggregate(at=Min("finished_at"))["at"]
    if oldest is None:
        return "The sweep has not run yet"
    seconds = max(0, int((clock.now() - oldest).total_seconds()))
    if seconds < 120:
        return f"Last sweep {seconds} s ago"
    return f"Last sweep {seconds // 60} min ago: deadlines wait"
