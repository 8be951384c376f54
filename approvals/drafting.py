"""Builds the rows of a judged proposal, not stored yet: the action, its content, its clock."""

from datetime import datetime
from typing import Any

from agents_registry.models import ActionType, Agent
from approvals import ladder, release, sentences, spreading, timetable, traces
from approvals.judging import Judgement
from approvals.models import TIER_RANKS, Action, Content, Purpose
from approvals.models.actions import new_id
from approvals.proposals import Proposal, Revised
from approvals.shapes import shape_of
from approvals.states import State
from approvals.timetable import POOL
from ledger.canonical import digest, new_salt, sealed_digest


def action(
    agent: Agent, action_type: ActionType, proposal: Proposal, judgement: Judgement, now: datetime
) -> Action:
    action = Action(
        id=new_id(),
        team_id=agent.team_id,
        workflow=action_type.workflow,
        action_type=action_type,
        agent=agent,
        purpose=proposal.purpose,
        authority=action_type.authority,
        approvals_needed=action_type.approvals_needed,
        subject_type=proposal.subject.get("type", ""),
        subject_id=proposal.subject.get("id", ""),
        subject_label=proposal.subject.get("label", ""),
        run_id=proposal.run_id,
        batch_key=proposal.batch_key,
        shape=shape_of(proposal.payload),
        agent_version=proposal.agent_version,
        requested_by=proposal.requested_by,
        callback_url=proposal.callback_url,
        trace_id=traces.trace_id(proposal.trace) or proposal.trace_id,
        confidence=proposal.confidence,
        not_before=proposal.not_before,
        not_after=proposal.not_after,
        created_at=now,
        changed_at=now,
        **words(action_type, proposal.payload, proposal.summary),
    )
    parts = (action.sentence, action.subject_label, action.subject_id, action.run_id)
    action.search_text = " ".join(part for part in parts if part).lower()
    return action


def words(action_type: ActionType, payload: dict[str, Any], summary: str) -> dict[str, str]:
    name = action_type.name or action_type.key.replace("_", " ").capitalize()
    sentence = sentences.sentence(action_type.sentence, payload, otherwise=name)
    return {"sentence": sentence, "summary": summary or sentence}


def content(
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
        circumstances=judgement.circumstances,
        findings=judgement.findings,
        computed_impact=judgement.impact,
        policy_revision=judgement.policy_revision,
        created_at=now,
    )


def judged_fields(
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
    if content.revision > 1:
        fields["frozen"] = _as_before(fields["frozen"], content.action, fields["tier"])
    if judgement.verdict.tier == "blocked":
        return {**fields, "state": State.BLOCKED}
    if content.action.purpose == Purpose.EVAL:
        return {**fields, "state": State.OBSERVED}
    if judgement.needs_person:
        times = spreading.begin(
            workflow=action_type.workflow_id,
            frozen=fields["frozen"],
            step=0,
            start=now,
            not_after=content.action.not_after,
        )
        first = signers[0] if signers else POOL
        asked = ladder.first_asked(content.action, first, content.payload)
        return {**fields, **times, **asked.columns(), "state": State.PENDING}
    return {**fields, "state": State.APPROVED, **release.approval_fields(content, fields, now)}


def _as_before(fresh: dict[str, Any], action: Action, tier: str) -> dict[str, Any]:
    """What is frozen of a new revision: no approval lasts longer because the tier went up."""
    before = {name: value for name, value in action.frozen.items() if name == timetable.BEFORE}
    return timetable.raised({**fresh, **before}, action.tier, tier)
