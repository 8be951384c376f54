"""Tells the record what changed in the registry, with free and personal text sealed."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model

from agents_registry import revisions
from agents_registry.changes.rows import Row, kind_of, name_of, stream_of, team_of
from agents_registry.models import DEPUTIES, OWNER_ROLES, ActionType, Calendar, Person, Team
from ledger import record

_PLACES = {"role", "people", "agents", "pool", "calendar", "chain", "standards", *OWNER_ROLES}
_DEPUTIES = set(DEPUTIES.values())
_LIVES = {"approval_life", "approval_lives"}
_TIMES = {"sla", "fallback", "settle_seconds", "when_stopped", "retired_at"} | _LIVES
_KIND = {"verb", "authority_level", "authority", "blast_radius", "reversibility", "idempotent"}
_POLICY = {"mode", "confirmed", "confidence_line", "confidence_tier", "changes_terms", "loosened"}
_GUARDS = {"governance_lead", "second_person", "everywhere", "approvals_needed", "waives"}
_NUMBERS = {"spot_check_rate", "first_repeat"}
_WINDOWS = {"send_window"}
_STEPS = {"after_failed_step", "after_rejected_step", "step_retries"}
OPEN = _PLACES | _DEPUTIES | _TIMES | _KIND | _POLICY | _GUARDS | _NUMBERS | _WINDOWS | _STEPS
"""Fields of enumerations, numbers and ids: their values stand in the event, all others sealed."""


def tell(
    *,
    row: Row,
    added: bool,
    was: Mapping[str, Any],
    now: Mapping[str, Any],
    actor: Person,
    reason: str = "",
    signed_by: Person | None = None,
    policies: Mapping[str, str] | None = None,
) -> None:
    """Appends one event: `added` or `changed`, the field names, and each value before and after.

    `policies` are the revisions of the action types that the change reaches, by key.
    """
    before = {} if added else {name: _plain(was[name]) for name in now}
    after = {name: _plain(value) for name, value in now.items()}
    words = {"before": _sealed(before), "after": _sealed(after)}
    record.append(
        scope=str(team_of(row).pk),
        stream=stream_of(row),
        type=f"{kind_of(row)}.{'added' if added else 'changed'}",
        actor=f"person:{actor.pk}",
        body={
            "row": name_of(row),
            "fields": sorted(now),
            "before": _open(before),
            "after": _open(after),
            **_revision(row),
            **({"policies": dict(policies)} if policies else {}),
            **({"signed_by": f"person:{signed_by.pk}"} if signed_by else {}),
        },
        sealed={
            **({"words": words} if words["after"] else {}),
            **({"reason": reason} if reason else {}),
        },
    )


def tell_person(*, team: Team, person: Person, actor: Person) -> None:
    """Appends that an account was made; who it is for is sealed."""
    record.append(
        scope=str(team.pk),
        stream=f"team:{team.pk}",
        type="account.added",
        actor=f"person:{actor.pk}",
        body={"row": f"person:{person.pk}"},
        sealed={
            "words": {
                "username": person.username,
                "name": person.get_full_name(),
                "email": person.email,
            }
        },
    )


def _revision(row: Row) -> dict[str, str]:
    """The digest of the document that actions freeze from now on, where the row is one."""
    match row:
        case ActionType():
            return {"policy": revisions.store_policy(revisions.policy_document(row))}
        case Calendar():
            return {"calendar": revisions.store_calendar(row)}
    return {}


def _open(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in OPEN}


def _sealed(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in OPEN}


def _plain(value: Any) -> Any:
    match value:
        case Person():
            return f"person:{value.pk}"
        case Model():
            return getattr(value, "slug", str(value.pk))
        case Decimal():
            return str(value.normalize())
        case datetime():
            return value.isoformat()
        case frozenset():
            return sorted(_plain(item) for item in value)
    return value
