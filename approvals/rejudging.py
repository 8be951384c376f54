"""Judges a staged action again, by the policy as it stands now: it only ever gets stricter."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from agents_registry import revisions, roles
from agents_registry.models import ActionType
from agents_registry.policy import documents
from agents_registry.policy.evaluate import evaluate
from agents_registry.policy.findings import Finding, Mode, Tier, Verdict
from agents_registry.policy.shapes import Policy
from approvals import (
    follow_ups,
    judging,
    ladder,
    release,
    repeats,
    timetable,
    totals,
    transitions,
)
from approvals.judging import Judgement
from approvals.models import APPROVING, TIER_RANKS, Action, Content, Decision
from approvals.states import State
from ledger import clock

Findings = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Bench:
    """The policy of one action type as it stands now, read once for all that it judges again."""

    policy: Policy
    revision: str
    holes: list[str]

    @classmethod
    def of(cls, action_type: ActionType) -> Self:
        document = revisions.policy_document(action_type)
        holes = [hole.role for hole in roles.vacant(action_type.workflow)]
        return cls(documents.parse(document), revisions.store_policy(document), holes)


@dataclass(frozen=True, slots=True)
class Stricter:
    """What an action is judged like from now on: no part of it is laxer than before."""

    judgement: Judgement
    tier: Tier
    mode: Mode
    signers: list[str]
    findings: Findings


def rejudge(*, action: Action, content: Content, bench: Bench, body: Mapping[str, Any]) -> bool:
    """Puts the judgement of now in the place of the old one, if it is stricter in any way.

    What is pending stays so; what the policy had approved is pending, with a fresh clock; what is
    blocked now becomes open work. False where nothing changes; Conflict where somebody was first.
    """
    found = _judge(action, content, bench)
    if not _differs(found, action):
        return False
    new_signers = found.signers != action.signers
    was = {"tier": action.tier, "mode": action.mode, "policy": action.policy_revision}
    changes = _changes(action, found)
    _rewrite(content, found)
    transitions.rejudge(action=action, content=content, changes=changes, body={"was": was, **body})
    if new_signers:
        _approvals_of(action).update(undone_at=clock.now())
    if action.state == State.BLOCKED:
        follow_ups.open_for(action=action, kind="blocked")
    return True


def raise_tier(
    *, action: Action, content: Content, finding: Finding, body: Mapping[str, Any]
) -> None:
    """Takes a pending action up to the tier of one more finding, and leaves the rest as it is.

    Conflict where somebody was first; nobody else signs, and its clock goes on.
    """
    assert Tier(action.tier) < finding.tier < Tier.BLOCKED
    was = {"tier": action.tier, "mode": action.mode, "policy": action.policy_revision}
    found = [finding.to_dict(), *content.findings]
    content.findings = sorted(found, key=lambda row: -Tier(row["tier"]).rank)
    changes = {
        "tier": str(finding.tier),
        "tier_rank": TIER_RANKS[finding.tier],
        "frozen": timetable.raised(action.frozen, action.tier, finding.tier),
    }
    transitions.rejudge(
        action=action,
        content=content,
        changes=changes,
        body={"was": was, "why": "opinion", **body},
    )


def _judge(action: Action, content: Content, bench: Bench) -> Stricter:
    known = {
        **content.circumstances,
        "holes": bench.holes,
        **_totals(action, content, bench),
        **_again(action, content, bench),
    }
    facts = judging.facts_of(
        content,
        confidence=action.confidence,
        subject={
            "type": action.subject_type,
            "id": action.subject_id,
            "label": action.subject_label,
        },
        agent=action.agent.slug,
        workflow=action.workflow.slug,
        circumstances=known,
    )
    judgement = Judgement(evaluate(bench.policy, facts), bench.revision, known)
    return _never_laxer(judgement, action, content)


def _totals(action: Action, content: Content, bench: Bench) -> dict[str, Any]:
    """The sums that it came on top of: as recorded, and computed where a limit is newer."""
    if not bench.policy.cumulative:
        return {}
    recorded = content.circumstances.get("totals", {})
    newer = [limit for limit in bench.policy.cumulative if limit.id not in recorded]
    case = totals.case_of(action, content)
    computed = totals.before(newer, case, at=content.created_at) if newer else {}
    return {"totals": {**recorded, **computed}}


def _again(action: Action, content: Content, bench: Bench) -> dict[str, Any]:
    """What was the same before it: as recorded, and looked for where a rule goes further back."""
    if not bench.policy.again:
        return {}
    found = repeats.before(
        bench.policy.again,
        totals.case_of(action, content),
        team=action.team_id,
        at=content.created_at,
        recorded=content.circumstances.get("again"),
    )
    return {"again": found}


def _never_laxer(judgement: Judgement, action: Action, content: Content) -> Stricter:
    """The new verdict with whatever was found before and is stricter still."""
    verdict = judgement.verdict
    kept = [finding for finding in content.findings if _is_stricter(finding, verdict)]
    findings = sorted([*kept, *judgement.findings], key=lambda row: -Tier(row["tier"]).rank)
    return Stricter(
        judgement=judgement,
        tier=max(verdict.tier, Tier(action.tier)),
        mode=max(verdict.mode, Mode(action.mode)),
        signers=list(dict.fromkeys([*action.signers, *verdict.signs])),
        findings=findings,
    )


def _is_stricter(finding: Mapping[str, Any], verdict: Verdict) -> bool:
    mode = finding.get("mode")
    return Tier(finding["tier"]) > verdict.tier or (mode is not None and mode > verdict.mode)


def _differs(found: Stricter, action: Action) -> bool:
    return (found.tier, found.mode, found.signers) != (action.tier, action.mode, action.signers)


def _changes(action: Action, found: Stricter) -> dict[str, Any]:
    """The columns of the action: judgement, addressee where other people sign, and the state."""
    frozen = timetable.raised(action.frozen, action.tier, found.tier)
    changes: dict[str, Any] = {
        "tier": str(found.tier),
        "tier_rank": TIER_RANKS[found.tier],
        "mode": str(found.mode),
        "signers": found.signers,
        "policy_revision": found.judgement.policy_revision,
    }
    if found.signers and found.signers[0] != frozen["stages"][0]["who"]:
        frozen = _asked_first(frozen, found.signers[0])
        if action.step == 0 and not action.held:
            changes |= ladder.first_asked(action, found.signers[0]).columns()
    if action.state != State.PENDING:
        again = release.fields_without_approval(action, frozen, clock.now())
        changes |= {**again, "state": State.PENDING}
    if frozen != action.frozen:
        changes["frozen"] = frozen
    if found.tier is Tier.BLOCKED:
        changes |= {"state": State.BLOCKED, "held": False, "next_step_at": None}
    return changes


def _asked_first(frozen: Mapping[str, Any], who: str) -> dict[str, Any]:
    first, *rest = frozen["stages"]
    return {**frozen, "stages": [{**first, "who": who}, *rest]}


def _rewrite(content: Content, found: Stricter) -> None:
    content.findings = found.findings
    content.circumstances = found.judgement.circumstances
    content.computed_impact = found.judgement.impact
    content.policy_revision = found.judgement.policy_revision


def _approvals_of(action: Action) -> Any:
    """Approvals on the way to enough of them, by people who are no longer the ones to sign."""
    return Decision.objects.filter(
        action=action,
        revision=action.revision,
        verdict__in=APPROVING,
        undone_at__isnull=True,
    )
