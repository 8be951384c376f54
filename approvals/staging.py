"""The agent's verbs before a decision: stage, check, revise, withdraw."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from agents_registry import roles, stops
from agents_registry.models import ActionType, Agent, OnStop
from approvals import (
    action_space,
    answers,
    follow_ups,
    judging,
    payloads,
    release,
    timetable,
    transitions,
)
from approvals.errors import Conflict, Invalid, KeyReused, Missing, Stopped
from approvals.judging import Judgement
from approvals.models import TIER_RANKS, Action, Content, Submission
from approvals.models.actions import new_id
from approvals.proposals import Proposal, Revised
from approvals.states import Mover, State
from approvals.timetable import POOL
from ledger import clock
from ledger.canonical import digest, new_salt, sealed_digest

NO_KEY_VERBS = {"read"}


@dataclass(frozen=True, slots=True)
class Staged:
    """The answer to a submission; `replayed` when the key had been answered before."""

    answer: Mapping[str, Any]
    replayed: bool


def stage(*, agent: Agent, proposal: Proposal, key: str | None, take: bool = False) -> Staged:
    """Judges and stores one proposal, at most once per idempotency key.

    Raises Missing, Invalid, KeyReused, Stopped. A blocked action is stored and answered.
    With `take`, what needs no person is leased in the same transaction.
    """
    if key and (earlier := _answered(agent, key, proposal.digest)):
        return earlier
    action_type = action_space.find(agent, proposal)
    try:
        with transaction.atomic():
            return _stage(agent, action_type, proposal, key, take)
    except IntegrityError:
        if key and (first := _answered(agent, key, proposal.digest)):
            return first
        raise


def check(*, agent: Agent, proposal: Proposal) -> Mapping[str, Any]:
    """What staging would answer, with nothing stored."""
    action_type = action_space.find(agent, proposal)
    judgement = _judge(agent, action_type, proposal)
    return answers.judged(action_type, judgement)


@transaction.atomic
def revise(*, agent: Agent, action_id: UUID, revised: Revised) -> Action:
    """Puts a new revision after changes were asked for; judged by the policy of now."""
    action = _own(agent, action_id)
    if action.state != State.CHANGES_REQUESTED:
        raise Conflict(
            f"It is {action.state}; only what was sent back can be revised.", code="not_revisable"
        )
    action_type = action.action_type
    payloads.check(action_type.payload_schema, revised.payload)
    subject = {"type": action.subject_type, "id": action.subject_id, "label": action.subject_label}
    judgement = judging.judge(
        agent=agent, action_type=action_type, proposal=revised, subject=subject
    )
    now = clock.now()
    content = _content(action, revised, judgement, action.revision + 1, now)
    if judgement.needs_person:
        content.handoff = judging.complete_handoff(action_type, revised.handoff)
    transitions.revise(
        action=action,
        content=content,
        actor=f"agent:{agent.pk}",
        changes={
            **_judged_fields(action_type, judgement, content, now),
            **_words(action_type, revised.payload, revised.summary),
            "revision": content.revision,
            "confidence": revised.confidence,
            "step": 0,
        },
    )
    follow_ups.close_open(action=action, kind="changes_requested", reason="revised")
    _open_if_blocked(action)
    return action


@transaction.atomic
def withdraw(*, agent: Agent, action_id: UUID) -> Action:
    """Takes back what nobody has decided yet."""
    action = _own(agent, action_id)
    transitions.move(
        action=action, to=State.WITHDRAWN, mover=Mover.AGENT, actor=f"agent:{agent.pk}"
    )
    follow_ups.close_open(action=action, kind="changes_requested", reason="withdrawn")
    return action


@transaction.atomic
def retry(*, action: Action, actor: str) -> Action:
    """Stages what was approved once more, as a new action judged by the policy of now."""
    content = action.contents.get(revision=action.revision)
    proposal = Proposal(
        workflow=action.workflow.slug,
        action_type=action.action_type.key,
        payload=release.approved_payload(action, content),
        digest="",
        before=content.before,
        confidence=action.confidence,
        impact=content.impact,
        signals=content.signals,
        evidence=content.evidence,
        trace=content.trace,
        handoff=content.handoff,
        preconditions=content.preconditions,
        subject={
            "type": action.subject_type,
            "id": action.subject_id,
            "label": action.subject_label,
        },
        run_id=action.run_id,
        agent_version=action.agent_version,
        requested_by=action.requested_by,
    )
    action_type = action_space.find(action.agent, proposal)
    again, _ = _insert(action.agent, action_type, proposal, actor=actor, retry_of=action)
    return again


def _stage(
    agent: Agent, action_type: ActionType, proposal: Proposal, key: str | None, take: bool
) -> Staged:
    if key is None and action_type.verb not in NO_KEY_VERBS:
        raise Invalid("Idempotency-Key is required to stage this.", code="idempotency_key_missing")
    _check_not_stopped(agent, action_type)
    action, content = _insert(agent, action_type, proposal, actor=f"agent:{agent.pk}")
    lease = None
    if take and action.state == State.APPROVED:
        lease = release.lease(agent=agent, action_id=action.pk)
        action.refresh_from_db()
    answer = answers.action(action, content=content, lease=lease)
    if key:
        Submission.objects.create(
            agent=agent, key=key, request_digest=proposal.digest, action=action, answer=answer
        )
    return Staged(answer, replayed=False)


def _insert(
    agent: Agent,
    action_type: ActionType,
    proposal: Proposal,
    *,
    actor: str,
    retry_of: Action | None = None,
) -> tuple[Action, Content]:
    """Judges the proposal and writes the action with its first content and events."""
    judgement = _judge(agent, action_type, proposal)
    now = clock.now()
    action = _action(agent, action_type, proposal, judgement, now)
    action.retry_of = retry_of
    content = _content(action, proposal, judgement, 1, now)
    if judgement.needs_person:
        content.handoff = judging.complete_handoff(action_type, proposal.handoff)
    for name, value in _judged_fields(action_type, judgement, content, now).items():
        setattr(action, name, value)
    words = [finding["because"] for finding in content.findings]
    transitions.create(action=action, content=content, actor=actor, sealed={"because": words})
    _open_if_blocked(action)
    return action, content


def _judge(agent: Agent, action_type: ActionType, proposal: Proposal) -> Judgement:
    payloads.check(action_type.payload_schema, proposal.payload)
    judgement = judging.judge(
        agent=agent, action_type=action_type, proposal=proposal, subject=proposal.subject
    )
    if judgement.needs_person:
        judging.complete_handoff(action_type, proposal.handoff)
    return judgement


def _action(
    agent: Agent, action_type: ActionType, proposal: Proposal, judgement: Judgement, now: datetime
) -> Action:
    action = Action(
        id=new_id(),
        team_id=agent.team_id,
        workflow=action_type.workflow,
        action_type=action_type,
        agent=agent,
        authority=action_type.authority,
        approvals_needed=action_type.approvals_needed,
        subject_type=proposal.subject.get("type", ""),
        subject_id=proposal.subject.get("id", ""),
        subject_label=proposal.subject.get("label", ""),
        run_id=proposal.run_id,
        batch_key=proposal.batch_key,
        agent_version=proposal.agent_version,
        requested_by=proposal.requested_by,
        callback_url=proposal.callback_url,
        confidence=proposal.confidence,
        not_before=proposal.not_before,
        not_after=proposal.not_after,
        created_at=now,
        changed_at=now,
        **_words(action_type, proposal.payload, proposal.summary),
    )
    parts = (action.sentence, action.subject_label, action.subject_id, action.run_id)
    action.search_text = " ".join(part for part in parts if part).lower()
    return action


def _words(action_type: ActionType, payload: dict[str, Any], summary: str) -> dict[str, str]:
    name = action_type.name or action_type.key.replace("_", " ").capitalize()
    sentence = payloads.sentence(action_type.sentence, payload, otherwise=name)
    return {"sentence": sentence, "summary": summary or sentence}


def _content(
    action: Action,
    source: Proposal | Revised,
    judgement: Judgement,
    revision: int,
    now: datetime,
) -> Content:
    salt = new_salt()
    return Content(
        action=action,
        revision=revision,
        payload=source.payload,
        before=source.before,
        impact=source.impact,
        signals=source.signals,
        evidence=source.evidence,
        trace=source.trace,
        handoff=source.handoff,
        preconditions=source.preconditions,
        payload_digest=digest(source.payload),
        salt=salt,
        seal=sealed_digest(source.payload, salt),
        findings=judgement.findings,
        computed_impact=judgement.impact,
        policy_revision=judgement.policy_revision,
        created_at=now,
    )


def _judged_fields(
    action_type: ActionType, judgement: Judgement, content: Content, now: datetime
) -> dict[str, Any]:
    """What the verdict makes of the action: its state, tier and mode, and its clock."""
    signers = list(judgement.verdict.signs)
    fields: dict[str, Any] = {
        "tier": str(judgement.verdict.tier),
        "tier_rank": TIER_RANKS[judgement.verdict.tier],
        "mode": str(judgement.verdict.mode),
        "signers": signers,
        "payload_digest": content.payload_digest,
        "policy_revision": content.policy_revision,
        "frozen": timetable.freeze(action_type, first=signers[0] if signers else POOL),
    }
    if judgement.needs_person:
        times = timetable.stage_times(fields["frozen"], 0, now)
        asked = roles.resolve(action_type.workflow, signers[0]) if signers else None
        return {**fields, **times, "assignee": asked, "state": State.PENDING}
    if judgement.verdict.tier == "blocked":
        return {**fields, "state": State.BLOCKED}
    return {**fields, "state": State.APPROVED, **release.approval_fields(content, fields, now)}


def _check_not_stopped(agent: Agent, action_type: ActionType) -> None:
    stop = stops.stop_over(agent, action_type)
    if stop and action_type.workflow.when_stopped == OnStop.REFUSE:
        owner = action_type.workflow.risk_owner
        raise Stopped(f"Stopped since {stop.at:%Y-%m-%d %H:%M} UTC. {owner} can turn it back on.")


def _open_if_blocked(action: Action) -> None:
    if action.state == State.BLOCKED:
        follow_ups.open_for(action=action, kind="blocked")


def _own(agent: Agent, action_id: UUID) -> Action:
    action = (
        Action.objects.select_related("action_type__workflow", "action_type__chain", "workflow")
        .filter(pk=action_id, agent=agent)
        .first()
    )
    if action is None:
        raise Missing("This agent has no such action.")
    return action


def _answered(agent: Agent, key: str, request_digest: str) -> Staged | None:
    earlier = Submission.objects.filter(agent=agent, key=key).first()
    if earlier is None:
        return None
    if earlier.request_digest != request_digest:
        raise KeyReused("This key came with another body before. Nothing was staged.")
    return Staged(earlier.answer, replayed=True)
