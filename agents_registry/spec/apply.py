"""Makes the registry be as a document says, in one person's name, as far as their rights go."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model

from agents_registry.changes.directions import SIGNED_AT_BIRTH
from agents_registry.changes.rows import Row
from agents_registry.changes.saving import add_person, save
from agents_registry.models import (
    DEPUTIES,
    ActionType,
    Agent,
    Calendar,
    EscalationChain,
    Membership,
    Person,
    Pool,
    Standard,
    Team,
    Workflow,
)
from agents_registry.spec.export import stored
from agents_registry.spec.plan import BORN, RowChange, plan
from agents_registry.spec.rows import EMPTY, Document, fill
from agents_registry.spec.timing import CALENDAR_FIELDS
from ledger import clock

_MODELS: dict[str, type[Pool | Calendar | EscalationChain | Agent | Standard | Workflow]] = {
    "pools": Pool,
    "calendars": Calendar,
    "chains": EscalationChain,
    "agents": Agent,
    "standards": Standard,
    "workflows": Workflow,
}


Found = TypeVar("Found", bound=Model)


class NotThereYet(Exception):
    """What a row refers to is not stored, since adding it waits for somebody else."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change that somebody else has to make, and the sentence that says who could."""

    change: RowChange
    because: str


@dataclass(frozen=True, slots=True)
class Applied:
    done: list[RowChange]
    waiting: list[Waiting]


def known(slug: str) -> Document:
    """What is stored of the team of this slug, filled; the empty document where there is none."""
    team = Team.objects.filter(slug=slug).first()
    return stored(team) if team else EMPTY


@transaction.atomic
def apply(*, document: Document, team: str, actor: Person) -> Applied:
    """Makes each change of the plan that the actor may make; the others wait, whole.

    `document` is one that `check` had nothing against, `team` the slug of its team. A change is
    one event on its row's stream. Applied again, by whoever may, it makes what was left.
    """
    Team.objects.select_for_update().filter(slug=team).first()
    applied = Applied([], [])
    for change in plan(known(team), fill(document)):
        try:
            with transaction.atomic():
                make(change=change, team=team, actor=actor)
            applied.done.append(change)
        except PermissionDenied as refusal:
            applied.waiting.append(Waiting(change, str(refusal)))
        except NotThereYet as missing:
            applied.waiting.append(Waiting(change, str(missing)))
    return applied


def make(
    *,
    change: RowChange,
    team: str,
    actor: Person,
    reason: str = "",
    signed_by: Person | None = None,
) -> None:
    """Writes one change of a plan for the team of this slug.

    Raises what `changes.saving.save` raises, and NotThereYet.
    """
    row, fields = _written(change, team, actor)
    save(row=row, changes=fields, actor=actor, reason=reason, signed_by=signed_by)


def _written(change: RowChange, slug: str, actor: Person) -> tuple[Row, dict[str, Any]]:
    """The stored or new row that a change is about, and the fields of its model that it sets."""
    values = change.values()
    if change.place == ("team",):
        of_slug = Team.objects.filter(slug=slug).first() or Team(slug=slug)
        return of_slug, _team_fields(of_slug, values)
    team = _get(Team, slug=slug)
    match change.place:
        case ("people", username):
            membership = _membership(team, username, values, actor)
            return membership, {"role": values["role"]}
        case ("workflows", workflow, "action_types", key):
            action_type = _action_type(_get(Workflow, team=team, slug=workflow), key)
            return action_type, {
                **_again(action_type, change),
                **_action_type_fields(team, values),
            }
    section, name = change.place
    model = _MODELS[section]
    row = model.objects.filter(team=team, slug=name).first() or model(team=team, slug=name)
    return row, _fields(team, row, values)


def _team_fields(team: Team, values: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in values.items() if name != "slug"}
    if fields.get("governance_lead") is not None:
        fields["governance_lead"] = _person(team, fields["governance_lead"])
    return fields


def _membership(team: Team, username: str, values: Mapping[str, Any], actor: Person) -> Membership:
    about = {"name": " ".join(values.get("name", "").split()), "email": values.get("email", "")}
    person = Person.objects.filter(username=username).first() or add_person(
        team=team, username=username, actor=actor, **about
    )
    known = Membership.objects.filter(team=team, person=person).first()
    return known or Membership(team=team, person=person)


def _action_type(workflow: Workflow, key: str) -> ActionType:
    known = ActionType.objects.filter(workflow=workflow, key=key).first()
    return known or ActionType(workflow=workflow, key=key)


def _again(row: ActionType, change: RowChange) -> dict[str, Any]:
    """A retired type that is listed again begins as any other does."""
    if not change.added or row.retired_at is None:
        return {}
    return {"retired_at": None, **{name: BORN[name] for name in SIGNED_AT_BIRTH}}


def _action_type_fields(team: Team, values: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in values.items() if name != "retired"}
    if values.get("retired"):
        fields["retired_at"] = clock.now()
    if fields.get("chain") is not None:
        fields["chain"] = _get(EscalationChain, team=team, slug=fields["chain"])
    if fields.get("send_window") is not None:
        fields["send_window"] = _get(Calendar, team=team, slug=fields["send_window"])
    for share in ("confidence_line", "spot_check_rate"):
        if fields.get(share) is not None:
            fields[share] = Decimal(str(fields[share]))
    return fields


def _fields(team: Team, row: Row, values: dict[str, Any]) -> dict[str, Any]:
    """The fields of a model for those of a row: slugs and usernames become what they name."""
    match row:
        case Pool() if "people" in values:
            return {**values, "people": _people(team, values["people"])}
        case Calendar():
            said = {name: values.pop(name) for name in CALENDAR_FIELDS if name in values}
            return {**values, "document": {**(row.document or {}), **said}}
        case Workflow():
            return _workflow_fields(team, values)
    return values


def _workflow_fields(team: Team, values: dict[str, Any]) -> dict[str, Any]:
    owners, deputies = values.pop("owners", {}), values.pop("deputies", {})
    fields = {**values, **{role: _person(team, name) for role, name in owners.items()}}
    for role, name in deputies.items():
        fields[DEPUTIES[role]] = _person(team, name) if name else None
    for name, model in (("pool", Pool), ("calendar", Calendar), ("chain", EscalationChain)):
        if name in fields:
            fields[name] = _get(model, team=team, slug=fields[name])
    if "agents" in fields:
        fields["agents"] = frozenset(_get(Agent, team=team, slug=s) for s in fields["agents"])
    if "standards" in fields:
        listed = fields["standards"]
        fields["standards"] = frozenset(_get(Standard, team=team, slug=s) for s in listed)
    return fields


def _people(team: Team, usernames: list[str]) -> frozenset[Person]:
    return frozenset(_person(team, username) for username in usernames)


def _person(team: Team, username: str) -> Person:
    return _get(Person, username=username, teams=team)


def _get(model: type[Found], **identity: Any) -> Found:
    row = model._default_manager.filter(**identity).first()
    if row is None:
        name = identity.get("slug", identity.get("username"))
        raise NotThereYet(f"It waits until {name} is there.")
    return row
