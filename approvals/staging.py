"""The agent's verbs before a decision: stage, check, revise, withdraw."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from agents_registry import stops
from agents_registry.models import ActionType, Agent, OnStop
from approvals import (
    action_space,
    answers,
    dependencies,
    drafting,
    follow_ups,
    judging,
    payloads,
    pressure,
    release,
    transitions,
)
from approvals.delivery import outward
from approvals.errors import Conflict, Fault, Invalid, KeyReused, Missing, Stopped
from approvals.judging import Judgement
from approvals.models import Action, Content, Purpose, Submission
from approvals.proposals import Proposal, Revised
from approvals.shapes import shape_of
from approvals.states import Mover, State
from ledger import clock

NO_KEY_VERBS = {"read"}


@dataclass(frozen=True, slots=True)
class Staged:
    """The answer to a submission; `replayed` when the key had been answered before."""

    answer: Mapping[str, Any]
    replayed: bool


def stage(*, agent: Agent, proposal: Proposal, key: str | None, take: bool = False) -> Staged:
    """Judges and stores one proposal, at most once per idempotency key.

    Raises Missing, Invalid, KeyReused, Stopped, TooManyPending. A blocked action is stored and
    answered. With `take`, what needs no person is leased in the same transaction.
    """
    key = _kept_key(key, proposal)
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
    _check_callback(proposal.callback_url)
    test = proposal.purpose != Purpose.LIVE
    dependencies.find(agent, action_type.workflow, proposal.depends_on, lock=False, test=test)
    judgement = _judge(agent, action_type, judging.with_defaults(action_type, proposal))
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
    revised = judging.with_defaults(action_type, revised)
    subject = {"type": action.subject_type, "id": action.subject_id, "label": action.subject_label}
    judgement = judging.looked_at_again(
        judging.judge(
            agent=agent,
            action_type=action_type,
            proposal=revised,
            subject=subject,
            hold=True,
            revises=action.pk,
        )
    )
    now = clock.now()
    content = drafting.content(action, revised, judgement, action.revision + 1, now)
    if judgement.needs_person:
        judging.check_handoff(content.handoff)
    transitions.revise(
        action=action,
        content=content,
        actor=f"agent:{agent.pk}",
        changes={
            **drafting.judged_fields(action_type, judgement, content, now),
            **drafting.words(action_type, revised.payload, revised.summary),
            "revision": content.revision,
            "shape": shape_of(revised.payload),
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
        callback_url=action.callback_url,
    )
    action_type = action_space.find(action.agent, proposal)
    undone = action.rolls_back
    again, _ = _insert(
        action.agent, action_type, proposal, actor=actor, retry_of=action, rolls_back=undone
    )
    dependencies.move_on(step=action, retry=again)
    return again


@transaction.atomic
def stage_rollback(*, action: Action, proposal: Proposal, actor: str) -> Action:
    """Stages what undoes the action, as another one that is judged by the policy of now."""
    action_type = action_space.find(action.agent, proposal)
    undoes, _ = _insert(action.agent, action_type, proposal, actor=actor, rolls_back=action)
    return undoes


def _stage(
    agent: Agent, action_type: ActionType, proposal: Proposal, key: str | None, take: bool
) -> Staged:
    if key is None and action_type.verb not in NO_KEY_VERBS:
        raise Invalid("Idempotency-Key is required to stage this.", code="idempotency_key_missing")
    _check_not_stopped(agent, action_type)
    _check_callback(proposal.callback_url)
    action, content = _insert(agent, action_type, proposal, actor=f"agent:{agent.pk}", capped=True)
    lease = _take_now(agent, action) if take else None
    answer = answers.action(action, content=content, lease=lease)
    if key:
        Submission.objects.create(
            agent=agent, key=key, request_digest=proposal.digest, action=action, answer=answer
        )
    return Staged(answer, replayed=False)


def _take_now(agent: Agent, action: Action) -> release.Taken | None:
    """What needs no person is taken; what cannot be taken now is staged all the same, and waits."""
    if action.state != State.APPROVED:
        return None
    try:
        return release.lease(agent=agent, action_id=action.pk)
    except (Conflict, Stopped):
        return None
    finally:
        action.refresh_from_db()


def _insert(
    agent: Agent,
    action_type: ActionType,
    proposal: Proposal,
    *,
    actor: str,
    retry_of: Action | None = None,
    rolls_back: Action | None = None,
    capped: bool = False,
) -> tuple[Action, Content]:
    """Judges the proposal and writes the action with its first content and events.

    With `capped` it is refused where more of the agent's wait for people than may.
    """
    proposal = judging.with_defaults(action_type, proposal)
    live = proposal.purpose == Purpose.LIVE
    # Before judging, which may wait for others who stage: whoever holds a step waits like this.
    steps = dependencies.find(
        agent, action_type.workflow, proposal.depends_on, lock=True, test=not live
    )
    judgement = _judge(agent, action_type, proposal, hold=live)
    if capped and live and judgement.needs_person:
        pressure.check(agent=agent, workflow=action_type.workflow)
    now = clock.now()
    action = drafting.action(agent, action_type, proposal, judgement, now)
    action.retry_of, action.rolls_back = retry_of, rolls_back
    content = drafting.content(action, proposal, judgement, 1, now)
    for name, value in drafting.judged_fields(action_type, judgement, content, now).items():
        setattr(action, name, value)
    words = [finding["because"] for finding in content.findings]
    transitions.create(action=action, content=content, actor=actor, sealed={"because": words})
    dependencies.hang(action, steps)
    _open_if_blocked(action)
    return action, content


def _judge(
    agent: Agent, action_type: ActionType, proposal: Proposal, *, hold: bool = False
) -> Judgement:
    payloads.check(action_type.payload_schema, proposal.payload)
    judgement = judging.judge(
        agent=agent,
        action_type=action_type,
        proposal=proposal,
        subject=proposal.subject,
        hold=hold,
    )
    if judgement.needs_person:
        judging.check_handoff(proposal.handoff)
    return judgement


def _check_not_stopped(agent: Agent, action_type: ActionType) -> None:
    stop = stops.stop_over(agent, action_type)
    if stop and action_type.workflow.when_stopped == OnStop.REFUSE:
        owner = action_type.workflow.risk_owner
        raise Stopped(f"Stopped since {stop.at:%Y-%m-%d %H:%M} UTC. {owner} can turn it back on.")


def _check_callback(url: str) -> None:
    """What is sent there later would be sent by us: to the public internet alone."""
    try:
        if url:
            outward.check_address(url)
    except outward.NotAllowed as refusal:
        fault = Fault("/callback_url", refusal.code, refusal.detail)
        raise Invalid(refusal.detail, code=refusal.code, faults=[fault]) from None


def _open_if_blocked(action: Action) -> None:
    if action.state == State.BLOCKED and action.purpose == Purpose.LIVE:
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


def _kept_key(key: str | None, proposal: Proposal) -> str | None:
    """Tests have keys of their own, which no header can hold: what was tried can be staged for
    good under the same key."""
    if key is None or proposal.purpose == Purpose.LIVE:
        return key
    return f"{proposal.purpose}·{hashlib.sha256(key.encode()).hexdigest()}"


def _answered(agent: Agent, key: str, request_digest: str) -> Staged | None:
    earlier = Submission.objects.filter(agent=agent, key=key).first()
    if earlier is None:
        return None
    if earlier.request_digest != request_digest:
        raise KeyReused("This key came with another body before. Nothing was staged.")
    return Staged(earlier.answer, replayed=True)
