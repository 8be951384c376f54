"""What agents are told about an action, in the names of the REST contract."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from agents_registry.models import ActionType
from approvals import after_state, dependencies, four_eyes, takeable, told, usage
from approvals.judging import Judgement
from approvals.models import Action, Content, Decision, Purpose
from approvals.release import Taken
from approvals.settling import CAN_BE_UNDONE, seconds_left, settle_seconds
from approvals.states import State
from approvals.told import Told
from approvals.windows import to_the_millisecond
from ledger import clock


def listed(
    action: Action, *, steps: Sequence[Action] | None = None, now: datetime | None = None
) -> dict[str, Any]:
    """An action as it stands in a list: everything but its large parts.

    While a person's verdict settles, the agent still sees it pending. `now` is for who lists many,
    `steps`, what it waits for, for who has read them.
    """
    waits_for = dependencies.awaited(action) if steps is None else steps
    settling = is_settling(action, now)
    return {
        "id": str(action.pk),
        "state": State.PENDING if settling else action.state,
        "test": action.purpose == Purpose.EVAL,
        "held": action.held,
        "tier": action.tier,
        "mode": action.mode,
        "authority": action.authority,
        "workflow": action.workflow.slug,
        "action_type": action.action_type.key,
        "sentence": action.sentence,
        "summary": action.summary,
        "subject": _subject(action),
        "run_id": action.run_id,
        "trace_id": action.trace_id or None,
        "batch_key": action.batch_key,
        "agent_version": action.agent_version,
        "requested_by": action.requested_by,
        "confidence": None if action.confidence is None else float(action.confidence),
        "revision": action.revision,
        "payload_digest": action.payload_digest,
        "approved_digest": None if settling else action.approved_digest or None,
        "due_at": instant(action.due_at),
        "not_before": instant(action.not_before),
        "not_after": instant(action.not_after),
        "releasable_at": None if settling else _releasable_at(action, now),
        "created_at": instant(action.created_at),
        "changed_at": instant(action.changed_at),
        "decided_at": None if settling else instant(action.decided_at),
        "depends_on": [_step(each, now) for each in waits_for],
        "retry_of": str(action.retry_of_id) if action.retry_of_id else None,
        "rolls_back": str(action.rolls_back_id) if action.rolls_back_id else None,
        "review_url": f"{settings.PUBLIC_URL}/actions/{action.pk}/",
    }


def action(
    action: Action,
    *,
    content: Content,
    lease: Taken | None = None,
    decision: Decision | None = None,
    steps: Sequence[Action] | None = None,
) -> dict[str, Any]:
    """A single action, whole; with `release` when it was taken in the same call."""
    whole = {
        **listed(action, steps=steps),
        "payload": content.payload,
        "before": content.before,
        "trace": content.trace,
        "evidence": content.evidence,
        "policy": {"revision": action.policy_revision, "findings": content.findings},
        "decision": decided(decision) if decision and not is_settling(action) else None,
        "used": usage.used_of([action]).get(action.pk),
        "recall_requested": is_asked_back(action),
        "as_approved": after_state.is_as_approved(action),
    }
    return {**whole, "release": taken(lease)} if lease else whole


def whole(read: Told) -> dict[str, Any]:
    """The action as a single one is answered: with its content and the verdict on it."""
    return action(read.action, content=read.content, decision=read.decision, steps=read.steps)


def whole_of(action_id: UUID) -> dict[str, Any]:
    """The same of the action with this id, as it stands now."""
    return whole(told.read([action_id])[action_id])


def is_asked_back(action: Action) -> bool:
    """Whether a stop asks the agent to leave what it holds undone, if it still can."""
    return (
        action.state == State.RELEASED
        and action.leases.filter(ended_at=None, recall_requested_at__isnull=False).exists()
    )


def is_settling(action: Action, now: datetime | None = None) -> bool:
    may_be = action.state in CAN_BE_UNDONE and settle_seconds(action) > 0
    return may_be and seconds_left(action, now or clock.now()) > 0


def judged(action_type: ActionType, judgement: Judgement) -> dict[str, Any]:
    """The answer to “may I?”: the verdict, with nothing stored."""
    return {
        "tier": str(judgement.verdict.tier),
        "mode": str(judgement.verdict.mode),
        "authority": action_type.authority,
        "needs_person": judgement.needs_person,
        "policy": {"revision": judgement.policy_revision, "findings": judgement.findings},
    }


def taken(lease: Taken) -> dict[str, Any]:
    """What a release answers: the lease, and the content that may be done once."""
    return {
        "lease_id": str(lease.lease.pk),
        "lease_expires_at": instant(lease.lease.expires_at),
        "fence": lease.lease.fence,
        "release_id": str(lease.action.release_id),
        "action_id": str(lease.action.pk),
        "payload": lease.payload,
        "payload_digest": lease.action.approved_digest,
        "approved_by": lease.approved_by,
        "edits": lease.edits,
        "missing": lease.missing,
    }


def decided(decision: Decision) -> dict[str, Any]:
    """A person's verdict, as the agent learns from it: an approval of a colleague's edit is told
    with that edit, and with why it was made where the last one said nothing."""
    edit = four_eyes.edit_behind(decision)
    return {
        "action_id": str(decision.action_id),
        "revision": decision.revision,
        "verdict": edit.verdict,
        "reason": decision.reason or None,
        "cause": decision.cause or None,
        "comment": decision.comment or edit.comment or None,
        "edits": decision.patch,
        "answer": decision.answer,
        "by": decision.person.username,
        "at": instant(decision.created_at),
    }


def instant(when: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the millisecond."""
    if when is None:
        return None
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _releasable_at(action: Action, now: datetime | None) -> str | None:
    if action.state != State.APPROVED:
        return None
    window = takeable.window_of(action.action_type)
    when = takeable.releasable_at(action, window, now or clock.now())
    return instant(when and to_the_millisecond(when))


def _step(step: Action, now: datetime | None) -> dict[str, str]:
    return {"id": str(step.pk), "state": State.PENDING if is_settling(step, now) else step.state}


def _subject(action: Action) -> Mapping[str, str] | None:
    if not action.subject_id:
        return None
    return {
        "type": action.subject_type,
        "id": action.subject_id,
        "label": action.subject_label,
    }
