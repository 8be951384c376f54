"""What stands beside the form of a row: its tokens, its people, and the way to put it away."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from agents_registry import (
    absences,
    archiving,
    connecting,
    invitations,
    new_workflows,
    presets,
    words,
)
from agents_registry.departures import owned
from agents_registry.forms.screens import Screen
from agents_registry.models import (
    WORKING_SCOPES,
    Agent,
    AgentToken,
    Membership,
    Person,
    Role,
    Scope,
    Team,
    Workflow,
)
from agents_registry.tokens import DEFAULT_DAYS
from ledger import clock

SCOPES = {
    Scope.STAGE: "stage actions",
    Scope.RELEASE: "take what was approved",
    Scope.REPORT: "report outcomes",
    Scope.READ: "read its own actions",
    Scope.CHECK: "read pending actions to give an opinion",
    Scope.METRICS: "report metrics",
}
AWAY = {
    Workflow: (
        "Nothing new is taken in from that moment on. What waits can still be decided, carried "
        "out and reported, and the record stays."
    ),
    Agent: (
        "Its tokens end at once and for good: it stages nothing more and takes nothing that was "
        "approved. What it is carrying out now stays without an outcome, and the system owner "
        "settles it. The record stays."
    ),
    Team: (
        "Its agents are refused and nothing new begins. The record stays and can be read. Its "
        "workflows have to be archived first."
    ),
}
BACK = {
    Workflow: "Its agents may stage in it again, under the policy as it is.",
    Agent: "It needs a new token before it can do anything.",
    Team: "Its workflows stay archived until each is brought back.",
}


@dataclass(frozen=True, slots=True)
class Archive:
    """The way to put the row away or to bring it back; `may` says whether for this person."""

    url: str
    away: bool
    may: bool
    said: str
    since: str


@dataclass(frozen=True, slots=True)
class Given:
    """A secret that is shown this once, with what to do with it."""

    title: str
    body: str
    label: str
    secret: str


@dataclass(frozen=True, slots=True)
class Preset:
    """A way to begin a new workflow, and how many action types it brings."""

    name: str
    title: str
    brings: str
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class TokenLine:
    id: int
    name: str
    scopes: str
    made: str
    ends: str
    state: str
    live: bool
    test: bool


@dataclass(frozen=True, slots=True)
class Tokens:
    """An agent's tokens, newest first, and the form for another one."""

    lines: list[TokenLine]
    may: bool
    issue_url: str
    scopes: list[tuple[str, str, bool]]
    days: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person stands in the team. `leave_url` is empty for who may not take them out,
    `away_url` for who may not say when they are away."""

    name: str
    username: str
    email: str
    active: bool
    owns: list[str]
    pools: list[str]
    leave_url: str
    successors: list[tuple[str, str]]
    invite_url: str
    away_url: str


def of(screen: Screen) -> dict[str, Any]:
    """For the template: `archive`, `tokens`, `place`, `presets`, as far as they belong here."""
    if screen.new:
        return {"presets": _presets(screen)} if screen.section == "workflows" else {}
    if screen.section == "people":
        return {"place": _place(screen)}
    if screen.section == "calendars":
        return {"weeks_url": reverse("calendar_weeks", args=[screen.name])}
    if screen.subject is None:
        return {}
    beside: dict[str, Any] = {"archive": _archive(screen, screen.subject)}
    if isinstance(screen.subject, Agent):
        beside["tokens"] = tokens(screen.subject, screen.person)
        if not screen.archived:
            beside["connect_url"] = reverse("connect", args=[screen.subject.slug])
            beside["webhook_url"] = reverse("endpoint", args=[screen.subject.slug])
    return beside


def _presets(screen: Screen) -> list[Preset]:
    """What a new workflow can begin with, for who may make one."""
    if not screen.may_edit:
        return []
    url = reverse("registry_new")
    chosen = [Preset("", "From nothing", "", url, screen.preset == "")]
    for name in presets.names():
        document = presets.load(name)
        row = new_workflows.workflow_of(name)
        brings = words.counted(len(new_workflows.types_of(document)), "action type")
        address = f"{url}?preset={name}"
        chosen.append(Preset(name, row["name"], brings, address, screen.preset == name))
    return chosen


def tokens(agent: Agent, person: Person, *, issue_url: str = "") -> Tokens:
    """`issue_url` is where another one is asked for: the agent's row, if nothing else."""
    now = clock.now()
    return Tokens(
        lines=[_token(token, now) for token in agent.tokens.order_by("-created_at")],
        may=agent.archived_at is None and connecting.may_connect(person, agent),
        issue_url=issue_url or reverse("team_token_new", args=[agent.slug]),
        scopes=[(str(each), said, each in WORKING_SCOPES) for each, said in SCOPES.items()],
        days=DEFAULT_DAYS,
    )


def token_words(tokens: Iterable[AgentToken], now: datetime) -> str:
    """How many tokens work now and when the first of them ends; empty where none does."""
    live = [each.expires_at for each in tokens if each.revoked_at is None and each.expires_at > now]
    if not live:
        return ""
    return f"{words.counted(len(live), 'token')}, to {min(live):%-d %b %Y}"


def _token(token: AgentToken, now: datetime) -> TokenLine:
    ended = token.expires_at <= now
    state = "revoked" if token.revoked_at else "ended" if ended else "works"
    return TokenLine(
        id=token.pk,
        name=f"rq_{token.key_id}_…",
        scopes=", ".join(SCOPES[Scope(scope)] for scope in token.scopes),
        made=f"{token.created_at:%-d %b %Y}",
        ends=f"{token.expires_at:%-d %b %Y}",
        state=state,
        live=state == "works",
        test=token.test,
    )


def _archive(screen: Screen, subject: Team | Workflow | Agent) -> Archive:
    said = (BACK if screen.archived else AWAY)[type(subject)]
    return Archive(
        url=reverse("team_archive", args=[screen.section, screen.name or "team"]),
        away=screen.archived,
        may=archiving.may_archive(screen.person, subject),
        said=said,
        since=f"{subject.archived_at:%-d %b %Y}" if subject.archived_at else "",
    )


def _place(screen: Screen) -> Place:
    membership = Membership.objects.select_related("person").get(
        team=screen.team, person__username=screen.name
    )
    person = membership.person
    held = [f"{words.ROLES[role]} of {name}" for name, role in owned(screen.team, person)]
    may = screen.may_edit
    invited = may and invitations.may_be_invited(person, screen.team)
    return Place(
        name=str(person),
        username=person.username,
        email=person.email,
        active=person.is_active,
        owns=held,
        pools=list(person.pools.filter(team=screen.team).values_list("name", flat=True)),
        leave_url=reverse("team_leave", args=[person.username]) if may else "",
        successors=_successors(screen.team, person) if may and held else [],
        invite_url=reverse("team_invite", args=[person.username]) if invited else "",
        away_url=_away_url(screen.person, person),
    )


def _away_url(reader: Person, person: Person) -> str:
    if reader == person:
        return reverse("away")
    may = absences.may_set(reader, person)
    return reverse("away_of", args=[person.username]) if may else ""


def _successors(team: Team, person: Person) -> list[tuple[str, str]]:
    others = Membership.objects.filter(team=team, person__is_active=True).exclude(person=person)
    people = [each.person for each in others.exclude(role=Role.AUDITOR).select_related("person")]
    return sorted((each.username, str(each)) for each in people)
