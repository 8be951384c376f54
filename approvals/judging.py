"""Puts one proposal before the policy: gathers the facts, keeps the verdict in storable form."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from agents_registry import revisions, roles
from agents_registry.models import ActionType, Agent
from agents_registry.policy import documents
from agents_registry.policy.evaluate import evaluate
from agents_registry.policy.findings import PEOPLES_TIERS, Effect, Facts, Finding, Tier, Verdict
from agents_registry.policy.shapes import Policy
from approvals import repeats, totals
from approvals.errors import Fault, Invalid
from approvals.models import Content
from approvals.proposals import Proposal, Revised
from ledger import clock

BUILT_IN = ("escalate", "ask")
HANDOFF_PARTS = ("trigger", "decision_asked", "next_steps")
Asked = TypeVar("Asked", Proposal, Revised)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, the policy revision it was made under, and what else was known (JSON)."""

    verdict: Verdict
    policy_revision: str
    circumstances: dict[str, Any] = field(default_factory=dict)

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
    hold: bool = False,
    revises: UUID | None = None,
    came_at: datetime | None = None,
) -> Judgement:
    """Judges the proposal by the type's policy as it stands now (or by `document`).

    With `hold`, whoever adds to the same cumulative sums waits until the caller's transaction
    ends: right where the proposal is stored in it. `revises` is the action that it is a revision
    of, which does not count beside itself. With `came_at` only what was there by then is the same
    that comes again: an edit is not held against what was decided while its action waited.
    """
    document = document or revisions.policy_document(action_type)
    policy = documents.parse(document)
    case = totals.Case(
        action_type=action_type.pk,
        agent=agent.pk,
        subject=subject,
        payload=proposal.payload,
        action=revises,
    )
    if hold:
        totals.hold(policy.cumulative, case)
    known = circumstances(action_type, policy, case, team=agent.team_id, came_at=came_at)
    facts = facts_of(
        proposal,
        confidence=proposal.confidence,
        subject=subject,
        agent=agent.slug,
        workflow=action_type.workflow.slug,
        circumstances=known,
    )
    verdict = evaluate(policy, facts)
    return Judgement(verdict, revisions.store_policy(document), known)


def circumstances(
    action_type: ActionType,
    policy: Policy,
    case: totals.Case,
    *,
    team: UUID,
    came_at: datetime | None = None,
) -> dict[str, Any]:
    """What the verdict depends on beside the request, as it is now, as JSON.

    `totals` are there only where there are cumulative limits: what the case comes on top of.
    `again` is there only where the policy asks whether the same was done or rejected before.
    """
    now = clock.now()
    known: dict[str, Any] = {
        "at": now.isoformat(),
        "holes": [hole.role for hole in roles.vacant(action_type.workflow)],
    }
    if policy.cumulative:
        known["totals"] = totals.before(policy.cumulative, case, at=now)
    if policy.again:
        known["again"] = repeats.before(policy.again, case, team=team, at=came_at or now)
    return known


def facts_of(
    source: Proposal | Revised | Content,
    *,
    confidence: Decimal | None,
    subject: dict[str, str],
    agent: str,
    workflow: str,
    circumstances: Mapping[str, Any],
) -> Facts:
    """The facts of a request, or of a stored revision: the same ones, so that a replay of what
    was staged asks the policy exactly what staging asked it."""
    return Facts(
        payload=source.payload,
        claimed=source.impact,
        confidence=confidence,
        signals=source.signals,
        evidence=source.evidence,
        handoff=source.handoff,
        subject={name: said for name, said in subject.items() if said},
        has_before=source.before is not None,
        has_trace=bool(source.trace),
        trace=source.trace,
        holes=tuple(circumstances.get("holes", ())),
        totals=circumstances.get("totals", {}),
        again=circumstances.get("again", {}),
        at=_instant(circumstances.get("at")),
        agent=agent,
        workflow=workflow,
    )


def _instant(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None


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
    return replace(judgement, verdict=verdict)


def with_defaults(action_type: ActionType, source: Asked) -> Asked:
    """The same with its handoff over that of the type: judged, stored and shown like this."""
    given = {name: value for name, value in source.handoff.items() if value}
    return replace(source, handoff={**action_type.handoff, **given})


def check_handoff(handoff: Mapping[str, Any]) -> None:
    """Invalid when a part is missing without which nobody can decide."""
    missing = [part for part in HANDOFF_PARTS if not handoff.get(part)]
    if missing:
        raise Invalid(
            f"The handoff lacks {', '.join(missing)}: a person cannot decide without it.",
            code="handoff_incomplete",
            faults=[Fault(f"/handoff/{part}", "required", "Missing.") for part in missing],
        )
