"""Reads the operating model of a team out of the database, as a document."""

from decimal import Decimal
from typing import Any

from django.db.models import Model, Prefetch, QuerySet

from agents_registry.models import (
    DEPUTIES,
    OWNER_ROLES,
    ActionType,
    Calendar,
    EscalationChain,
    Membership,
    Person,
    Pool,
    Team,
    Workflow,
)
from agents_registry.policy.floors import BUILT_IN
from agents_registry.spec.rows import Document, Row, fill, trim
from agents_registry.spec.shape import ACTION_TYPE, AGENT, CHAIN, STANDARD, WORKFLOW, Schema
from agents_registry.spec.timing import GONE

_ORDER = (
    *("mon", "tue", "wed", "thu", "fri", "sat", "sun", "country", "subdivision"),
    *("who", "otherwise", "within", "remind", "repeat", "id", "name", "words", "when"),
    *("floor", "tier", "mandatory", "batch_review", "spot_check", "autonomous"),
    *("metric", "operator", "limit", "affected", "spend_delta", "currency", "effect", "ask"),
    *("trigger", "context", "decision_asked", "next_steps", "reads", "writes"),
    *("payload", "after"),
    *("type", "description", "enum", "properties", "required", "items"),
)
"""PostgreSQL keeps no order inside JSON; this is the one in which people read."""

_NAMED = ("owners", "deputies", "agents", "standards", "action_types")
"""What a workflow's row says by names of its own, not as its columns hold it."""


def export(team: Team) -> Document:
    """The team's operating model, without what is default anyway and what is retired."""
    return {name: part for name, part in trim(stored(team)).items() if part}


def stored(team: Team) -> Document:
    """The same with every default said: what `check` and `plan` hold a document against."""
    document: Document = fill(
        {
            "team": _team(team),
            "people": _people(team),
            "pools": {row.slug: _pool(row) for row in _pools(team)},
            "calendars": {row.slug: _calendar(row) for row in team.calendars.order_by("slug")},
            "chains": {row.slug: _row(row, CHAIN) for row in team.chains.order_by("slug")},
            "agents": {row.slug: _row(row, AGENT) for row in team.agents.order_by("slug")},
            "standards": {row.slug: _row(row, STANDARD) for row in team.standards.all()},
            "workflows": {row.slug: _workflow(row) for row in _workflows(team)},
        }
    )
    return document


def present(team: Team) -> Document:
    """What its chains refer to, and who of it is still there: pools hold nobody else, and the
    role of the others is GONE."""
    closed = Person.objects.filter(teams=team, is_active=False)
    gone = set(closed.values_list("username", flat=True))
    people, pools = _people(team), {row.slug: _pool(row) for row in _pools(team)}
    for pool in pools.values():
        pool["people"] = [name for name in pool["people"] if name not in gone]
    document: Document = fill(
        {
            "people": people | {name: {**people[name], "role": GONE} for name in gone},
            "pools": pools,
            "calendars": {row.slug: _calendar(row) for row in team.calendars.all()},
            "chains": {row.slug: _row(row, CHAIN) for row in team.chains.all()},
        }
    )
    return document


def _pools(team: Team) -> QuerySet[Pool]:
    return team.pools.prefetch_related("people").order_by("slug")


def _workflows(team: Team) -> QuerySet[Workflow]:
    """With all that their rows name, in a number of queries that does not grow."""
    listed = ActionType.objects.filter(retired_at__isnull=True).exclude(key__in=BUILT_IN)
    types = Prefetch("action_types", listed.select_related("chain", "send_window").order_by("key"))
    return (
        team.workflows.select_related(*OWNER_ROLES, *DEPUTIES.values(), "pool", "calendar", "chain")
        .prefetch_related("agents", "standards", types)
        .order_by("slug")
    )


def _team(team: Team) -> Row:
    lead = team.governance_lead
    return {
        "slug": team.slug,
        "name": team.name,
        "governance_lead": lead.username if lead else None,
        "second_person": team.second_person,
    }


def _people(team: Team) -> dict[str, Row]:
    memberships = Membership.objects.filter(team=team).select_related("person")
    return {
        membership.person.username: {
            "name": membership.person.get_full_name(),
            "email": membership.person.email,
            "role": membership.role,
        }
        for membership in memberships.order_by("person__username")
    }


def _pool(pool: Pool) -> Row:
    return {"name": pool.name, "people": [each.username for each in pool.people.all()]}


def _calendar(calendar: Calendar) -> Row:
    return {"name": calendar.name, **_ordered(calendar.document)}


def _workflow(workflow: Workflow) -> Row:
    return {
        **_row(workflow, WORKFLOW, without=_NAMED),
        "owners": {role: person.username for role, person in workflow.owners().items()},
        "deputies": {
            role: person.username if (person := getattr(workflow, column)) else None
            for role, column in DEPUTIES.items()
        },
        "agents": [agent.slug for agent in workflow.agents.all()],
        "standards": [standard.slug for standard in workflow.standards.all()],
        "action_types": {
            action_type.key: _row(action_type, ACTION_TYPE)
            for action_type in workflow.action_types.all()
        },
    }


def _row(row: Model, shape: Schema, *, without: tuple[str, ...] = ()) -> Row:
    names = [name for name in shape["properties"] if name not in without]
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    match value:
        case EscalationChain() | Pool() | Calendar():
            return value.slug
        case Decimal():
            return float(value)
    return _ordered(value)


def _ordered(value: Any) -> Any:
    if isinstance(value, list):
        return [_ordered(part) for part in value]
    if not isinstance(value, dict):
        return value
    names = sorted(value, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    return {name: _ordered(value[name]) for name in names}
