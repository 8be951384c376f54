"""Puts one proposal before the policy: gathers the facts, keeps the verdict in storable form."""

from dataclasses import dataclass, replace
from typing import Any

from agents_registry import revisions, roles
from agents_registry.models import ActionType, Agent
from agents_registry.policy import documents
from agents_registry.policy.evaluate import evaluate
from agents_registry.policy.findings import Effect, Facts, Finding, Tier, Verdict
from approvals.errors import Fault, Invalid
from approvals.proposals import Proposal, Revised

PEOPLES_TIERS = {Tier.BATCH_REVIEW, Tier.MANDATORY}
"""The tiers in which a person decides before anything is done."""

BUILT_IN = ("escalate", "ask")
HANDOFF_PARTS = ("trigger", "decision_asked", "next_steps")


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and the policy revision it was made under."""

    verdict: Verdict
    policy_revision: str

    @property
    def findings(self) -> list[dict[str, Any]]:
        return [finding.to_dict() for finding in self.verdict.findings]

    @property
    def impact(self) -> dict[str, Any]:
        """The computed figures as JSON: money and metrics are decimal strings."""
        impact = self.verdict.impact
        metrics = {k: None if v is None else str(v) for k, v in impact.metrics.items()}
        return {
            "affected": impact.affected,
            "spend_delta": None if impact.spend_delta is None else str(impact.spend_delta),
            "currency": impact.currency,
            "metrics": metrics,
            "unreadable": list(impact.unreadable),
        }

    @property
    def needs_person(self) -> bool:
        return self.verdict.tier in PEOPLES_TIERS


def judge(
    *,
    agent: Agent,
    action_type: ActionType,
    proposal: Proposal | Revised,
    subject: dict[str, str],
    document: dict[str, Any] | None = None,
) -> Judgement:
    """Judges the proposal by the type's policy as it stands now (or by `document`)."""
    document = document or revisions.policy_document(action_type)
    facts = Facts(
        payload=proposal.payload,
        claimed=proposal.impact,
        confidence=proposal.confidence,
        signals=proposal.signals,
        evidence=proposal.evidence,
        handoff=proposal.handoff,
        subject=subject,
        has_before=proposal.before is not None,
        has_trace=bool(proposal.trace),
        holes=tuple(hole.role for hole in roles.holes(action_type.workflow)),
        agent=agent.slug,
        workflow=action_type.workflow.slug,
    )
    return Judgement(evaluate(documents.parse(document), facts), revisions.store_policy(document))


def looked_at_again(judgement: Judgement) -> Judgement:
    """The judgement of a revision: a person asked for it, so a person sees it, whatever it says."""
    if judgement.verdict.tier >= Tier.BATCH_REVIEW:
        return judgement
    finding = Finding(
        rule="revised",
        effect=Effect.RAISE,
        tier=Tier.BATCH_REVIEW,
        because="A person asked for changes, so a person looks at the new version.",
    )
    findings = (finding, *judgement.verdict.findings)
    verdict = replace(judgement.verdict, tier=Tier.BATCH_REVIEW, findings=findings)
    return Judgement(verdict, judgement.policy_revision)


def complete_handoff(action_type: ActionType, given: dict[str, Any]) -> dict[str, Any]:
    """The agent's handoff over the type's defaults; Invalid when a part is still missing."""
    handoff = {**action_type.handoff, **{k: v for k, v in given.items() if v}}
    missing = [part for part in HANDOFF_PARTS if not handoff.get(part)]
    if missing:
        raise Invalid(
            f"The handoff lacks {', '.join(missing)}: a person cannot decide without it.",
            code="handoff_incomplete",
            faults=[Fault(f"/handoff/{part}", "required", "Missing.") for part in missing],
        )
    return handoff
