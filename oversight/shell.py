"""What stands around every page: open counts, the team, and how old the last sweep is."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from agents_registry.current_team import team_of, teams_on
from agents_registry.models import ChangeRequest, Person, Stop
from approvals import noticing, sweep
from approvals.pages import batches, checks, words
from approvals.pages.inbox import view_counts
from approvals.sweep import Pulse


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context `shell`; empty for nobody and for people in no team."""
    person = getattr(request, "user", None)
    if not isinstance(person, Person) or getattr(request, "htmx", False):
        return {"shell": None}
    teams = teams_on(request)
    if not teams:
        return {"shell": None}
    team = team_of(request)
    counts, pulse = view_counts(person, team), sweep.pulse()
    return {
        "shell": {
            "team": team,
            "teams": teams,
            "team_name": team.name,
            "counts": {view: words.capped(counts[view]) for view in ("mine", "pool", "all")}
            | {"escalated": words.capped(counts["escalated"])},
            "checks": checks.open_count(person, team),
            "batches": words.capped(batches.count(person, team)),
            "notices": words.capped(noticing.new_to(person)),
            "stopped": Stop.objects.filter(team=team, lifted_at__isnull=True).count(),
            "requests": ChangeRequest.objects.filter(team=team, ended_at__isnull=True).count(),
            "hours_words": f"Times in {person.time_zone}",
            "sweep_words": sweep_words(pulse),
            "unwatched": unwatched(pulse, person),
            "demo": settings.DEMO,
        }
    }


def sweep_words(pulse: Pulse) -> str:
    """How long ago every periodic job last ran, in words."""
    if pulse.never:
        return "The sweep has not run yet"
    seconds = max(0, int(pulse.oldest.total_seconds()))
    if seconds < 120:
        return f"Last sweep {seconds} s ago"
    return f"Last sweep {seconds // 60} min ago: deadlines wait"


def unwatched(pulse: Pulse, person: Person) -> str:
    """The alarm, in words, where nobody looks for what is due; else empty."""
    if not pulse.stands_still:
        return ""
    if pulse.never:
        return "Deadlines are not being watched yet."
    since = words.at(pulse.at - pulse.oldest, person)
    return f"Deadlines have not been watched since {since}."
