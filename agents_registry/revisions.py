"""Stores policies and calendars by the digest of what they say."""

from typing import Any

from agents_registry.models import ActionType, Calendar, Revision, RevisionKind
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
    "stop_rules",
    "impact",
    "required_inputs",
    "waives",
    "loosened",
)


def policy_document(action_type: ActionType) -> dict[str, Any]:
    """What the action type is judged by, as `agents_registry.policy` reads it."""
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
