"""The page of a team: who is in it, and everything that its workflows share."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from agents_registry import words
from agents_registry.away import Roster, stand_in
from agents_registry.changes import rights
from agents_registry.changes.directions import Direction
from agents_registry.changes.rights import Right
from agents_registry.models import (
    OWNER_ROLES,
    Agent,
    Calendar,
    ChangeRequest,
    EscalationChain,
    Membership,
    Person,
    Pool,
    Role,
    Team,
    Workflow,
)
from agents_registry.pages import beside, people, subjects
from ledger import clock

ROLES = {Role.MEMBER: "member", Role.MANAGER: "manager", Role.AUDITOR: "auditor"}


@dataclass(frozen=True, slots=True)
class PersonLine:
    """`owns` names roles with their workflows; `gone` says that the account is closed, `away`
    until when they are away, and `stands_in` who acts for them."""

    url: str
    name: str
    username: str
    role: str
    owns: list[str]
    pools: list[str]
    gone: bool
    away: str = ""
    stands_in: str = ""


@dataclass(frozen=True, slots=True)
class SharedLine:
    """A pool, calendar, chain or agent; `hole` says what it lacks to be of use."""

    url: str
    name: str
    slug: str
    said: str
    used_by: list[str]
    hole: str = ""
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Shared:
    """One card of such rows. `new_url` is empty for who may not add one."""

    section: str
    title: str
    column: str
    lines: list[SharedLine]
    nothing: str
    new_url: str
    new_words: str


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is still to be done before the first agent can ask."""

    done: bool
    words: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPage:
    name: str
    slug: str
    lead: str
    second_person: bool
    archived: bool
    edit_url: str
    people: list[PersonLine]
    invite_url: str
    shared: list[Shared]
    steps: list[Step]
    requests: int
    subjects_url: str


def page(team: Team, person: Person) -> TeamPage:
    """The team as this person sees it, in a number of queries that does not grow."""
    workflows = list(
        team.workflows.filter(archived_at__isnull=True)
        .select_related(*OWNER_ROLES, "pool", "calendar", "chain")
        .prefetch_related("agents")
    )
    pools = list(team.pools.prefetch_related("people").order_by("name"))
    may = _rights(team, person)
    lines = _people(team, workflows, pools, person)
    shared = [
        _pools(pools, workflows, may),
        _calendars(team, workflows, may),
        _chains(team, workflows, may),
        _agents(team, workflows, may),
    ]
    managed = Right.MANAGE in may
    return TeamPage(
        name=team.name,
        slug=team.slug,
        lead=str(team.governance_lead or ""),
        second_person=team.second_person,
        archived=team.archived_at is not None,
        edit_url=reverse("team_edit") if managed else "",
        people=lines,
        invite_url=_new("people") if managed else "",
        shared=shared,
        steps=_steps(lines, shared, workflows) if managed else [],
        requests=ChangeRequest.objects.filter(team=team, ended_at__isnull=True).count(),
        subjects_url=reverse("subjects") if subjects.may_see(person, team) else "",
    )


def _rights(team: Team, person: Person) -> set[Right]:
    asked = (Right.MANAGE, Right.OPERATE, Right.CONNECT)
    return {each for each in asked if rights.may(person, each, team=team, workflow=None)}


def _people(
    team: Team, workflows: Iterable[Workflow], pools: Iterable[Pool], reader: Person
) -> list[PersonLine]:
    owns: dict[int, list[str]] = defaultdict(list)
    for workflow in workflows:
        for role, owner in workflow.owners().items():
            owns[owner.pk].append(f"{words.ROLES[role]} of {workflow}")
    within: dict[int, list[str]] = defaultdict(list)
    for pool in pools:
        for person in pool.people.all():
            within[person.pk].append(str(pool))
    memberships = Membership.objects.filter(team=team).select_related("person")
    roster = Roster()
    lines = [
        PersonLine(
            url=reverse("team_row", args=["people", each.person.username]),
            name=str(each.person),
            username=each.person.username,
            role=ROLES[Role(each.role)],
            owns=owns[each.person_id],
            pools=within[each.person_id],
            gone=not each.person.is_active,
            away=people.away_words(each.person, roster, reader),
            stands_in=str(stand_in(each.person, team, roster=roster) or ""),
        )
        for each in memberships
    ]
    return sorted(lines, key=lambda line: line.name.lower())


def _pools(pools: Iterable[Pool], workflows: list[Workflow], may: set[Right]) -> Shared:
    lines = []
    for pool in pools:
        active = people.active(pool.people.all())
        used = [str(each) for each in workflows if each.pool_id == pool.pk]
        lines.append(_line("pools", pool, ", ".join(active), used, hole="" if active else "nobody"))
    nothing = "No pool yet. A pool is the people of whom any may decide what a workflow asks."
    return _shared("pools", "Reviewer pools", "People", lines, nothing, may)


def _calendars(team: Team, workflows: list[Workflow], may: set[Right]) -> Shared:
    lines = [
        _line(
            "calendars",
            row,
            str(row.document["time_zone"]).replace("_", " "),
            [str(each) for each in workflows if each.calendar_id == row.pk],
        )
        for row in team.calendars.order_by("name")
    ]
    nothing = "No calendar yet. Deadlines count only the time in which a team works."
    return _shared("calendars", "Calendars", "Time zone", lines, nothing, may)


def _chains(team: Team, workflows: list[Workflow], may: set[Right]) -> Shared:
    lines = [
        _line(
            "chains",
            row,
            " → ".join(["the pool", *(words.who(stage["who"]) for stage in row.stages)]),
            [str(each) for each in workflows if each.chain_id == row.pk],
        )
        for row in team.chains.order_by("name")
    ]
    nothing = "No chain yet. A chain says who is asked when the pool does not answer in time."
    return _shared("chains", "Escalation chains", "Who is asked", lines, nothing, may)


def _agents(team: Team, workflows: list[Workflow], may: set[Right]) -> Shared:
    lines, now = [], clock.now()
    for agent in team.agents.prefetch_related("tokens").order_by("archived_at", "name"):
        live = beside.token_words(agent.tokens.all(), now)
        used = [str(each) for each in workflows if agent in each.agents.all()]
        away = agent.archived_at is not None
        hole = "" if live or away else "no token"
        lines.append(_line("agents", agent, live, used, hole=hole, archived=away))
    nothing = "No agent yet. An agent needs a token, and a workflow that lists it."
    return _shared("agents", "Agents", "Tokens", lines, nothing, may)


def _line(
    section: str,
    row: Pool | Calendar | EscalationChain | Agent,
    said: str,
    used_by: list[str],
    *,
    hole: str = "",
    archived: bool = False,
) -> SharedLine:
    url = reverse("team_row", args=[section, row.slug])
    return SharedLine(url, row.name, row.slug, said, used_by, hole, archived)


def _shared(
    section: str,
    title: str,
    column: str,
    lines: list[SharedLine],
    nothing: str,
    may: set[Right],
) -> Shared:
    noun = title.lower().removesuffix("s")
    allowed = rights.right_for(section.removesuffix("s"), "name", Direction.NEUTRAL) in may
    new_url = _new(section) if allowed else ""
    return Shared(section, title, column, lines, nothing, new_url, f"Add a{_n(noun)} {noun}")


def _n(noun: str) -> str:
    return "n" if noun[0] in "ae" else ""


def _steps(lines: list[PersonLine], shared: list[Shared], workflows: list[Workflow]) -> list[Step]:
    """The way to the first call; empty once an agent of a workflow has a token."""
    (agents,) = (card.lines for card in shared if card.section == "agents")
    if any(agent.said and agent.used_by for agent in agents):
        return []
    there = {card.section: bool(card.lines) for card in shared}
    connect = reverse("connect", args=[agents[0].slug]) if agents else _new("agents")
    return [
        Step(len(lines) > 1, "Add the people: owners and reviewers.", _new("people")),
        Step(there["pools"], "Make a pool of those who review.", _new("pools")),
        Step(there["calendars"], "Say when the team works.", _new("calendars")),
        Step(there["chains"], "Say who is asked when nobody answers.", _new("chains")),
        Step(there["agents"], "Register an agent.", _new("agents")),
        Step(bool(workflows), "Make the first workflow.", reverse("registry_new")),
        Step(False, "Connect the agent: its token, and lines to paste.", connect),
    ]


def _new(section: str) -> str:
    return reverse("team_row_new", args=[section])
