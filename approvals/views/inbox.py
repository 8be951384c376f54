"""The inbox: its page, its rows alone, and the line that says how many are new."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.vary import vary_on_headers

from agents_registry.current_team import person_of, team_of
from agents_registry.models import Agent, Person, Team, Workflow
from approvals import noticing
from approvals.errors import Invalid
from approvals.models import TIER_RANKS
from approvals.pages import inbox, words
from approvals.pages.inbox import FOUND, SECTIONS, Asked, Place, Row
from approvals.pages.saved_views import saved
from approvals.states import State
from approvals.views.requests import PageRequest
from ledger import clock

FILTERS = ("view", "tier", "workflow", "agent", "owner", "subject", "state", "q")
TITLES = {**SECTIONS, FOUND: "Newest first"}


@login_required
@vary_on_headers("HX-Request")
def show(request: PageRequest) -> HttpResponse:
    """One page of the inbox; only its rows when htmx asks for them."""
    asked = asked_by(request)
    after = _place(request.GET.get("cursor", ""))
    screen = inbox.screen(asked, after)
    counts = inbox.counts(asked)
    context = {
        "view": asked.view,
        "view_title": words.VIEWS[asked.view],
        "place": place_of(request.GET),
        "kept": _kept(request.GET).items(),
        "sections": _sections(screen.rows, counts),
        "open_words": words.capped(sum(counts.values())),
        "late_words": words.capped(sum(n for (s, _), n in counts.items() if s == "late")),
        "tiers": _tiers(request.GET, counts),
        "filters": _filters(request, asked),
        "saved": saved(asked.person, asked.team, place_of(request.GET)),
        "next_cursor_url": _url(request.GET, cursor=screen.next_place.encode())
        if screen.next_place
        else None,
        "fresh_url": _url(request.GET, path="/inbox/fresh", as_of=asked.as_of.isoformat()),
        "as_of": asked.as_of,
        "as_of_words": words.at(asked.as_of, asked.person),
    }
    return render(request, "inbox.html#rows" if request.htmx else "inbox.html", context)


@login_required
def fresh(request: PageRequest) -> HttpResponse:
    """The line above the list: how many came since the list was made. It never moves the list."""
    asked = asked_by(request)
    context = {
        "new": words.capped(inbox.newer(asked)),
        "counts": _view_counts(asked),
        "bell": words.capped(noticing.new_to(asked.person)),
        "inbox_url": _url(request.GET, as_of=None),
        "fresh_url": _url(request.GET, path="/inbox/fresh"),
    }
    return render(request, "inbox.html#fresh", context)


def _view_counts(asked: Asked) -> dict[str, str]:
    counts = inbox.view_counts(asked.person, asked.team)
    return {view: words.capped(counts[view]) for view in words.VIEWS}


def asked_by(request: PageRequest) -> Asked:
    """What the address asks for; unknown values fall back to the plain view."""
    person, team, get = person_of(request), team_of(request), request.GET
    view = get.get("view", "mine")
    return Asked(
        person=person,
        team=team,
        view=view if view in words.VIEWS else "mine",
        filters=_narrowed(get, person, team),
        state=_state(get),
        as_of=_instant(get.get("as_of", "")) or clock.now(),
        place=place_of(get),
    )


def place_of(get: QueryDict) -> str:
    """The list that somebody came from, as the query of an address: its view and its filters."""
    return urlencode(_kept(get))


def _kept(get: QueryDict) -> dict[str, str]:
    return {"view": "mine", **{name: str(get[name]) for name in FILTERS if get.get(name)}}


def _state(get: QueryDict) -> str:
    wished = str(get.get("state", ""))
    return wished if wished in set(State) else State.PENDING


def _narrowed(get: QueryDict, person: Person, team: Team) -> Q:
    narrowed = Q()
    if (rank := TIER_RANKS.get(str(get.get("tier")))) is not None:
        narrowed &= Q(tier_rank=rank)
    if get.get("workflow"):
        narrowed &= Q(workflow__slug=get["workflow"][:50])
    if get.get("agent"):
        narrowed &= Q(agent__slug=str(get["agent"])[:50])
    if get.get("subject"):
        narrowed &= Q(subject_id=str(get["subject"]).replace("\x00", "")[:200])
    if get.get("owner"):
        narrowed &= Q(assignee__username=get["owner"][:150])
    if text := get.get("q", "").replace("\x00", "").strip().lower():
        narrowed &= Q(search_text__contains=text[:200])
    return narrowed


def _sections(rows: list[Row], counts: Any) -> list[dict[str, Any]]:
    return [
        {
            "key": key,
            "title": title,
            "count": words.capped(sum(n for (s, _), n in counts.items() if s == key)),
            "rows": [row for row in rows if row.section == key],
        }
        for key, title in TITLES.items()
        if any(row.section == key for row in rows)
    ]


def _tiers(get: QueryDict, counts: Any) -> list[dict[str, Any]]:
    """The tier switch above the list, with counts."""
    tiers = [("", "All"), ("mandatory", "Mandatory"), ("batch_review", "Batch")]
    return [
        {
            "title": title,
            "url": _url(get, tier=key or None, cursor=None),
            "current": get.get("tier", "") == key,
            "count": words.capped(
                sum(n for (_, rank), n in counts.items() if rank == TIER_RANKS.get(key))
            ),
        }
        for key, title in tiers
    ]


def _filters(request: PageRequest, asked: Asked) -> dict[str, Any]:
    people = Person.objects.filter(teams=asked.team, is_active=True).order_by("username")
    workflows = Workflow.objects.filter(team=asked.team)
    return {
        "workflows": workflows.values_list("slug", "name"),
        "agents": Agent.objects.filter(team=asked.team).values_list("slug", "name"),
        "owners": [(person.username, str(person)) for person in people],
        "states": [(str(state), words.state(state)) for state in State if state != "pending"],
        **{name: request.GET.get(name, "") for name in FILTERS},
        "active": any(request.GET.get(name) for name in FILTERS[1:]),
    }


def _url(get: QueryDict, *, path: str = "/inbox/", **changes: str | None) -> str:
    kept = {name: get[name] for name in (*FILTERS, "as_of") if get.get(name)}
    merged = {**kept, **changes}
    return f"{path}?{urlencode({name: value for name, value in merged.items() if value})}"


def _place(cursor: str) -> Place | None:
    try:
        return Place.decode(cursor) if cursor else None
    except Invalid:
        return None


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else None
