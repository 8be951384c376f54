"""What waits for this person's signature, what they asked for, and how it ended."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from agents_registry import change_requests, words
from agents_registry.changes.rights import SECOND_PERSON
from agents_registry.models import OWNER_ROLES, ChangeRequest, Person, Team, Workflow
from agents_registry.pages import people
from agents_registry.pages.differences import Difference, addressees, differences
from agents_registry.pages.people import Name
from agents_registry.spec.export import stored
from agents_registry.spec.rows import Place, Row, rows
from ledger.canonical import digest

MOST = 50
ENDED = {"signed": "signed by", "declined": "declined by", "withdrawn": "taken back by"}
NOUNS = {"standards": "standard", "workflows": "workflow", "pools": "reviewer pool"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One open request. `stale` says that its row was changed since, so that it cannot be done."""

    id: UUID
    title: str
    url: str
    author: str
    reason: str
    at: datetime
    waits_for: str
    lines: list[Difference]
    stale: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """One of the person's own requests that is over."""

    title: str
    how: str
    at: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class RequestsPage:
    to_sign: list[Asked]
    mine: list[Asked]
    others: list[Asked]
    ended: list[Ended]
    more: bool


def page(team: Team, person: Person) -> RequestsPage:
    """The oldest fifty that wait in the team, by what this person can do about them."""
    waiting = list(change_requests.open_requests(team)[: MOST + 1])
    known = rows(stored(team))
    signable = change_requests.signable(waiting, person)
    flows = _flows(team, waiting, known)
    sorted_out: dict[str, list[Asked]] = {"to_sign": [], "mine": [], "others": []}
    for request in waiting[:MOST]:
        kind = "to_sign" if request.pk in signable else "others"
        kind = "mine" if request.author_id == person.pk else kind
        sorted_out[kind].append(_asked(request, known, flows.get(_flow_of(request))))
    ended = team.change_requests.filter(author=person, ended_at__isnull=False)
    latest = ended.select_related("ended_by").order_by("-ended_at")[:10]
    return RequestsPage(
        **sorted_out, ended=[_ended(each, known) for each in latest], more=len(waiting) > MOST
    )


def count_to_sign(team: Team, person: Person) -> int:
    """How many wait for this person, for a number beside a link."""
    return len(change_requests.signable(change_requests.open_requests(team)[:MOST], person))


def _flow_of(request: ChangeRequest) -> str:
    """The slug of its workflow; empty for what a whole team shares."""
    return request.place[1] if request.place[0] == "workflows" else ""


def _flows(
    team: Team, waiting: list[ChangeRequest], known: dict[Place, Row]
) -> dict[str, tuple[Workflow, Name]]:
    """The workflows that are asked about, each with what names whom its rules ask."""
    asks = defaultdict[str, list[str]](list)
    for request in waiting:
        now = known.get(tuple(request.place)) or {}
        asks[_flow_of(request)] += addressees(now, request.row)
    flows = Workflow.objects.filter(team=team, slug__in=asks).select_related(*OWNER_ROLES, "pool")
    return {flow.slug: (flow, people.names_for(flow, asks[flow.slug])) for flow in flows}


def _asked(
    request: ChangeRequest, known: dict[Place, Row], answers: tuple[Workflow, Name] | None
) -> Asked:
    place = tuple(request.place)
    now = known.get(place)
    flow, name = answers or (None, words.who)
    return Asked(
        id=request.pk,
        title=_title(place, known),
        url=_url(place),
        author=str(request.author),
        reason=request.reason,
        at=request.at,
        waits_for=_waits_for(request, flow),
        lines=differences(now or {}, request.row, name),
        stale=request.base != ("" if now is None else digest(now)),
    )


def _title(place: Place, known: dict[Place, Row]) -> str:
    """Refund an order, in Refunds / the standard Care / the team."""
    row: dict[str, Any] = known.get(place) or {}
    name = row.get("name") or place[-1]
    match place:
        case ("team",):
            return "The team"
        case ("workflows", slug, "action_types", _):
            flow = known.get(("workflows", slug)) or {}
            return f"{name}, in {flow.get('name') or slug}"
    return f"The {NOUNS.get(place[0], place[0])} {name}"


def _url(place: Place) -> str:
    match place:
        case ("workflows", slug, "action_types", key):
            return reverse("registry_action_type", args=[slug, key])
        case ("workflows", slug):
            return reverse("registry_workflow", args=[slug])
    return reverse("standards") if place[0] == "standards" else reverse("team")


def _waits_for(request: ChangeRequest, flow: Workflow | None) -> str:
    """The role and, where it is one person's, their name; what is empty says so."""
    if request.takes == SECOND_PERSON:
        return change_requests.SIGNERS[SECOND_PERSON]
    owner: Person | None = getattr(flow or request.team, request.takes, None)
    who = str(owner) if owner and owner.is_active else "nobody is named"
    return f"{change_requests.SIGNERS[request.takes]}, {who}"


def _ended(request: ChangeRequest, known: dict[Place, Row]) -> Ended:
    how = f"{ENDED[request.end]} {request.ended_by}"
    return Ended(_title(tuple(request.place), known), how, request.ended_at, request.note)
