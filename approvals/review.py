"""What people decide about a pending action; each verdict is bound to what its page showed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from agents_registry import revisions
from agents_registry.models import Person
from agents_registry.policy.findings import Mode, Tier
from agents_registry.policy.findings import Verdict as PolicyVerdict
from approvals import (
    addressing,
    deadlines,
    follow_ups,
    four_eyes,
    judging,
    payloads,
    release,
    ruled_out,
    timetable,
    transitions,
    verdicts,
)
from approvals.errors import Conflict, Invalid, Missing
from approvals.judging import BUILT_IN
from approvals.models import (
    APPROVING,
    Action,
    Content,
    Decision,
    FollowUpKind,
    Verdict,
)
from approvals.permissions import check_can_decide, check_can_sign, still_counts
from approvals.proposals import Revised
from approvals.states import Mover, State
from approvals.transitions import Seen
from ledger import clock
from ledger.canonical import digest, sealed_digest

REVISE_WITHIN = "2 business days"


@transaction.atomic
def approve(
    *,
    action_id: UUID,
    person: Person,
    seen: Seen,
    checked: Sequence[str] = (),
    comment: str = "",
    content_digest: str = "",
) -> Decision:
    """Approves exactly what the page showed: the agent's version, or the colleague's edit of that
    digest, which is judged again for this person."""
    action = verdicts.to_decide(action_id, person, seen)
    _refuse_built_in(action)
    content = _content(action)
    version = four_eyes.version_of(action, content, content_digest)
    ruled_out.check_approval(action, version.digest)
    signers = _check_version(action, content, version.payload, person, checked, version.is_edit)
    decision = verdicts.write_down(
        action,
        person,
        Verdict.APPROVED,
        signers=signers,
        patch=version.patch,
        edited_payload=version.payload if version.is_edit else None,
        payload_digest=version.digest,
        checked=list(checked),
        comment=comment,
    )
    seal = sealed_digest(version.payload, bytes(content.salt)) if version.is_edit else content.seal
    verdicts.approved(action, decision, seen, version.digest, seal, signers)
    return decision


@transaction.atomic
def edit_and_approve(
    *,
    action_id: UUID,
    person: Person,
    seen: Seen,
    payload: dict[str, Any],
    checked: Sequence[str] = (),
    comment: str = "",
) -> Decision:
    """Approves the person's version: valid by the schema, judged again, kept beside the agent's."""
    action = verdicts.to_decide(action_id, person, seen)
    _refuse_built_in(action)
    ruled_out.check_edit(action)
    payloads.check(action.action_type.payload_schema, payload)
    content = _content(action)
    signers = _check_version(action, content, payload, person, checked)
    decision = verdicts.write_down(
        action,
        person,
        Verdict.EDITED,
        signers=signers,
        patch=payloads.patch_between(content.payload, payload),
        edited_payload=payload,
        payload_digest=digest(payload),
        checked=list(checked),
        comment=comment,
    )
    seal = sealed_digest(payload, bytes(content.salt))
    verdicts.approved(action, decision, seen, decision.payload_digest, seal, signers)
    return decision


@transaction.atomic
def reject(
    *,
    action_id: UUID,
    person: Person,
    seen: Seen,
    reason: str,
    cause: str = "",
    comment: str = "",
) -> Decision:
    """Rejects with a reason code: nothing is done, and the agent learns why."""
    action = verdicts.to_decide(action_id, person, seen)
    decision = verdicts.write_down(
        action, person, Verdict.REJECTED, reason=reason, cause=cause, comment=comment
    )
    verdicts.move(action, decision, State.REJECTED, seen)
    return decision


@transaction.atomic
def ask_for_changes(*, action_id: UUID, person: Person, seen: Seen, comment: str) -> Decision:
    """Sends it back to the agent, which has two business days to revise it."""
    action = verdicts.to_decide(action_id, person, seen)
    _say_something(comment, "Say what should change.")
    decision = verdicts.write_down(action, person, Verdict.CHANGES_REQUESTED, comment=comment)
    verdicts.move(action, decision, State.CHANGES_REQUESTED, seen)
    due = timetable.due_within(action.frozen, REVISE_WITHIN, clock.now())
    follow_ups.open_for(action=action, kind=FollowUpKind.CHANGES_REQUESTED, due=due)
    return decision


@transaction.atomic
def take_over(*, action_id: UUID, person: Person, seen: Seen, comment: str) -> Decision:
    """The person does it; the agent is told to leave it. `comment` says what they do."""
    action = verdicts.to_decide(action_id, person, seen)
    _say_something(comment, "Say what you do about it.")
    decision = verdicts.write_down(action, person, Verdict.TAKEN_OVER, comment=comment)
    verdicts.move(action, decision, State.TAKEN_OVER, seen)
    return decision


@transaction.atomic
def answer(*, action_id: UUID, person: Person, seen: Seen, text: str) -> Decision:
    """Answers a question or a case that the agent handed over (`ask`, `escalate`)."""
    action = verdicts.to_decide(action_id, person, seen)
    if action.action_type.key not in BUILT_IN:
        raise Invalid("Only a question or a handed-over case is answered.", code="not_a_question")
    _say_something(text, "Write an answer.")
    decision = verdicts.write_down(
        action, person, Verdict.ANSWERED, comment=text, answer={"text": text, "data": None}
    )
    verdicts.move(action, decision, State.ANSWERED, seen)
    return decision


@transaction.atomic
def escalate(*, action_id: UUID, person: Person, seen: Seen, comment: str) -> Decision:
    """Takes the next step of the chain now instead of waiting for the deadline."""
    action = verdicts.to_decide(action_id, person, seen)
    _say_something(comment, "Say what you need from them.")
    decision = verdicts.write_down(action, person, Verdict.ESCALATED, comment=comment)
    deadlines.step_up(action=action, actor=f"person:{person.pk}", words={"comment": comment})
    return decision


@transaction.atomic
def reassign(
    *, action_id: UUID, person: Person, seen: Seen, to: Person, comment: str = ""
) -> Decision:
    """Moves the work, not the right: `to` must be able to decide it already."""
    action = verdicts.to_decide(action_id, person, seen)
    check_can_decide(to, action)
    addressing.check_is_there(to)
    decision = verdicts.write_down(action, person, Verdict.REASSIGNED, comment=comment)
    transitions.advance(
        action=action,
        actor=f"person:{person.pk}",
        event="action.reassigned",
        changes={"assignee_id": to.pk},
        body={"to": f"person:{to.pk}", **verdicts.for_whom(decision)},
        sealed={"comment": comment},
    )
    return decision


@transaction.atomic
def undo(*, decision_id: int, person: Person) -> Action:
    """Takes one's own verdict back: a rejection, or an approval until it is taken.

    While others are still to approve, only one's own approval goes; else the whole decision.
    """
    decision = (
        Decision.objects.select_related("action__action_type", "action__workflow")
        .filter(pk=decision_id, person=person, action__team__members=person)
        .first()
    )
    if decision is None:
        raise Missing("There is no such decision of yours.")
    action = Action.objects.select_for_update().get(pk=decision.action_id)
    decision.refresh_from_db(fields=["undone_at"])
    if not stands(decision, action):
        raise Conflict(
            f"It is {action.state.replace('_', ' ')}: too late to take the decision back.",
            code="too_late",
        )
    if not still_counts(decision, action):
        check_can_decide(person, action)
    if action.state == State.PENDING:
        verdicts.withdraw(action, decision, four_eyes.TAKEN_BACK, actor=f"person:{person.pk}")
        return action
    release.reopen(
        action=action, mover=Mover.PERSON, actor=f"person:{person.pk}", event="decision_undone"
    )
    return action


def stands(decision: Decision, action: Action) -> bool:
    """Whether the action is what it is by this very decision, or one of its approvals."""
    if decision.undone_at or decision.revision != action.revision:
        return False
    if action.state == State.REJECTED:
        return decision.verdict == Verdict.REJECTED
    approves = decision.verdict in APPROVING
    if action.state == State.PENDING:
        return approves
    same = decision.payload_digest == action.approved_digest
    return action.state == State.APPROVED and approves and same


def tier_of(action: Action, content: Content, payload: dict[str, Any]) -> Tier:
    """The tier in which this content is approved: an edit can raise it, never lower it."""
    if action.tier == Tier.MANDATORY or payload == content.payload:
        return Tier(action.tier)
    return max(judge_edit(action, content, payload).verdict.tier, Tier(action.tier))


def judge_edit(action: Action, content: Content, payload: dict[str, Any]) -> judging.Judgement:
    """The edit, judged by the action's own policy; it can raise the tier, never lower it."""
    return judging.judge(
        agent=action.agent,
        action_type=action.action_type,
        document=revisions.document_of(action.policy_revision),
        subject={"type": action.subject_type, "id": action.subject_id},
        revises=action.pk,
        came_at=content.created_at,
        proposal=Revised(
            payload=payload,
            before=content.before,
            confidence=action.confidence,
            impact=content.impact,
            signals=content.signals,
            evidence=content.evidence,
            trace=content.trace,
            handoff=content.handoff,
        ),
    )


def _content(action: Action) -> Content:
    return action.contents.get(revision=action.revision)


def _refuse_built_in(action: Action) -> None:
    if action.action_type.key in BUILT_IN:
        raise Invalid("This is answered, not approved.", code="answer_it")


def _check_version(
    action: Action,
    content: Content,
    payload: dict[str, Any],
    person: Person,
    checked: Sequence[str],
    is_edit: bool = True,
) -> Sequence[str]:
    """Who has to sign this content, after this person may and said what they checked."""
    if not is_edit:
        _check_checked(Tier(action.tier), checked)
        return ()
    verdict = judge_edit(action, content, payload).verdict
    _check_edit(action, verdict)
    check_can_sign(person, action, verdict.signs)
    _check_checked(max(verdict.tier, Tier(action.tier)), checked)
    return verdict.signs


def _check_edit(action: Action, verdict: PolicyVerdict) -> None:
    """An edit is no way around the policy: neither a block nor a mode."""
    if verdict.tier == Tier.BLOCKED:
        because = verdict.findings[0].because
        raise Invalid(f"With this edit the policy blocks it: {because}", code="edit_blocked")
    if verdict.mode == Mode.DRAFT_ONLY and action.mode != Mode.DRAFT_ONLY:
        because = next(f.because for f in verdict.findings if f.mode == Mode.DRAFT_ONLY)
        raise Invalid(f"With this edit nothing may be executed: {because}", code="edit_blocked")


def _check_checked(tier: Tier, checked: Sequence[str]) -> None:
    if tier == Tier.MANDATORY and not checked:
        raise Invalid("Say what you checked.", code="checked_missing")


def _say_something(text: str, otherwise: str) -> None:
    if not text.strip():
        raise Invalid(otherwise, code="comment_missing")
