"""Stores policies and calendars by the digest of what they say."""

from collections.abc import Iterable
from typing import Any

from agents_registry import standards
from agents_registry.models import ActionType, Calendar, Revision, RevisionKind, Standard
from agents_registry.policy.findings import Mode
from ledger import clock
from ledger.canonical import digest

POLICY_FIELDS = (
    "key",
    "verb",
    "authority_level",
    "authority",
    "blast_radius",
    "reversibility",
    "mode",
    "confirmed",
    "changes_terms",
    "confidence_tier",
    "thresholds",
    "cumulative",
    "stop_rules",
    "impact",
    "required_inputs",
    "again",
    "waives",
    "loosened",
    "systems",
    "data_classes",
)


def policy_document(
    action_type: ActionType, inherited: Iterable[Standard] | None = None
) -> dict[str, Any]:
    """What the action type is judged by, as `agents_registry.policy` reads it.

    `inherited` are the standards of its workflow, for who has read them already and asks for many
    types; one query without them.
    """
    if inherited is None:
        inherited = standards.inherited(action_type.workflow)
    return standards.under(own_document(action_type), inherited)


def mode_of(action_type: ActionType, inherited: Iterable[Standard] | None = None) -> Mode:
    """The mode that holds now: the type's own, or the stricter one of a standard."""
    return Mode(policy_document(action_type, inherited)["mode"])


def own_document(action_type: ActionType) -> dict[str, Any]:
    """The same without what its workflow inherits: the part that is written at the type."""
    document = {name: getattr(action_type, name) for name in POLICY_FIELDS}
    line = action_type.confidence_line
    return {**document, "confidence_line": None if line is None else float(line)}


def store_policy(document: dict[str, Any]) -> str:
    """Keeps the policy document and returns its digest."""
    return _store(RevisionKind.POLICY, document)


def store_calendar(calendar: Calendar) -> str:
    """Keeps the calendar's document and returns its digest."""
    return _store(RevisionKind.CALENDAR, calendar.document)


def document_of(revision: str) -> dict[str, Any]:
    """The document that has this digest; Revision.DoesNotExist for an unknown one."""
    document: dict[str, Any] = Revision.objects.values_list("document", flat=True).get(pk=revision)
    return document


def _store(kind: RevisionKind, document: dict[str, Any]) -> str:
    key = digest(document)
    if not Revision.objects.filter(pk=key).exists():
        row = Revision(digest=key, kind=kind, document=document, created_at=clock.now())
        Revision.objects.bulk_create([row], ignore_conflicts=True)
    return key
