"""Where several people must approve: whose approvals count, which contents they stand for, and what
is kept from whom until all are in."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet

from agents_registry.models import Person
from approvals.errors import Conflict
from approvals.models import APPROVING, Action, Content, Decision, Verdict
from approvals.states import State

COUNTED = "action.approval_counted"
TAKEN_BACK = "action.approval_taken_back"
LAPSED = "action.approval_lapsed"
QUIET = (COUNTED, TAKEN_BACK, LAPSED)
"""The events that would tell one approver what another one thinks."""


@dataclass(frozen=True, slots=True)
class Version:
    """Content that can be approved. `patch` (RFC 6902) leads to it from the agent's; the agent's
    own has none."""

    digest: str
    payload: dict[str, Any]
    patch: list[dict[str, Any]] | None = None

    @property
    def is_edit(self) -> bool:
        return self.patch is not None


def is_blind(action: Action) -> bool:
    """Whether people decide on their own: nobody learns what another one decided.

    That goes for auditors and managers too. They do not decide, but they sit in the same room as
    those who do, and the wait is short: once it has left pending, everybody sees everything.
    """
    return action.approvals_needed > 1 and action.state == State.PENDING


def waits_for_more(decision: Decision, action: Action) -> bool:
    """Whether this is an approval on the way to enough."""
    return is_blind(action) and decision.verdict in APPROVING


def approvals_of(action: Action) -> QuerySet[Decision]:
    """The approvals of the current revision that nobody took back."""
    return action.decisions.filter(
        revision=action.revision, verdict__in=APPROVING, undone_at__isnull=True
    )


def own_approval(action: Action, person: Person) -> Decision | None:
    """The approval that this person gave while others are still to decide."""
    return approvals_of(action).filter(person=person).first() if is_blind(action) else None


def versions(action: Action, content: Content) -> list[Version]:
    """Every content that an approval can be bound to, the newest first, the agent's own last."""
    edits = approvals_of(action).exclude(edited_payload=None).order_by("-pk")
    found = {content.payload_digest: Version(content.payload_digest, content.payload)}
    for edit in edits if is_blind(action) else ():
        payload: Any = edit.edited_payload
        version = Version(edit.payload_digest, payload, edit.patch or [])
        found.setdefault(version.digest, version)
    agents, *people = found.values()
    return [*people, agents]


def version_of(action: Action, content: Content, content_digest: str) -> Version:
    """The content of this digest, the agent's where none is named; Conflict when nobody stands
    for it any more."""
    wanted = content_digest or content.payload_digest
    for version in versions(action, content):
        if version.digest == wanted:
            return version
    raise Conflict(
        "The version that you saw is no longer there. Nothing was decided.", code="changed"
    )


def edited_as(action: Action, content: Content, content_digest: str) -> dict[str, Any]:
    """The payload that somebody's edit starts from, also when its author took it back meanwhile."""
    made = action.decisions.filter(
        revision=action.revision, payload_digest=content_digest, edited_payload__isnull=False
    ).first()
    payload: Any = made.edited_payload if made else content.payload
    return dict(payload)


def others(action: Action, decision: Decision) -> list[Decision]:
    """The other standing approvals of the same content."""
    same = approvals_of(action).filter(payload_digest=decision.payload_digest)
    return list(same.exclude(pk=decision.pk).select_related("person", "on_behalf_of"))


def hidden_events(action: Action, person: Person) -> Q:
    """The events of the action that this person does not see yet."""
    if not is_blind(action):
        return Q(pk__in=[])
    return Q(type__in=QUIET) & ~Q(actor=f"person:{person.pk}")


def told(decisions: QuerySet[Decision]) -> QuerySet[Decision]:
    """Of these decisions the ones that decided an action: not the approvals on the way to enough,
    neither while others are still to decide nor later."""
    alone = Q(action__approvals_needed=1) | ~Q(verdict__in=APPROVING)
    decisive = Q(created_at=F("action__decided_at"))
    return decisions.filter(alone | decisive)


def edit_behind(decision: Decision) -> Decision:
    """The edit that an approval of a colleague's version stands for; else the decision itself."""
    if decision.verdict != Verdict.APPROVED or decision.patch is None:
        return decision
    edits = Decision.objects.filter(
        action=decision.action_id,
        revision=decision.revision,
        verdict=Verdict.EDITED,
        payload_digest=decision.payload_digest,
    )
    return edits.order_by("-pk").first() or decision
