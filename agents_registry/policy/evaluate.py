"""Judges one action: every rule speaks, and the strictest wins."""

from collections.abc import Iterator

from agents_registry.policy import again, cumulative, floors, impact, inputs, matrix, rules, wording
from agents_registry.policy.findings import Effect, Facts, Finding, Mode, Tier, Verdict
from agents_registry.policy.impact import Impact
from agents_registry.policy.shapes import Policy

GUARDING_ROLES = {"risk_owner": "risk owner", "system_owner": "system owner"}


def evaluate(policy: Policy, facts: Facts) -> Verdict:
    """The verdict on one action, with a finding for everything that spoke.

    Whatever payload and claim hold, it answers: what cannot be read counts against the action.
    """
    own = impact.computed(policy.impact, facts.payload)
    if policy.built_in:
        return _verdict(Mode.APPROVAL_GATED, [_handed_over()], own)
    claim = impact.claimed(facts.claimed, own)
    findings = [
        matrix.place(policy, own, claim),
        *_floors(policy),
        *_birth(policy),
        *_mode(policy),
        *_owners(facts),
        *rules.confidence(policy, facts),
        *rules.thresholds(policy, facts, own, claim),
        *rules.stop_rules(policy, facts, own, claim),
        *_proof(policy, facts),
    ]
    if policy.cumulative:
        findings += cumulative.limits(policy, facts, own, claim)
    if policy.required_inputs:
        findings += inputs.required(policy, facts)
    if policy.again:
        findings += again.repeats(policy, facts)
    if facts.trace and (policy.systems or policy.data_classes):
        findings += inputs.undeclared(policy, facts)
    return _verdict(policy.mode, findings, own)


def _verdict(mode: Mode, findings: list[Finding], own: Impact) -> Verdict:
    return Verdict(
        tier=max(finding.tier for finding in findings),
        mode=max([mode, *(finding.mode for finding in findings if finding.mode)]),
        findings=tuple(sorted(findings, key=lambda finding: -finding.tier.rank)),
        impact=own,
    )


def _handed_over() -> Finding:
    return Finding(
        rule="built_in",
        effect=Effect.RAISE,
        tier=Tier.MANDATORY,
        mode=Mode.APPROVAL_GATED,
        because="The agent hands this to a person, and a person answers.",
    )


def _floors(policy: Policy) -> Iterator[Finding]:
    names = [policy.verb, policy.authority_level]
    if policy.changes_terms:
        names.append("changes_terms")
    for name in names:
        tier = policy.loosened.get(name, floors.FLOORS[name].tier)
        if tier > Tier.AUTONOMOUS or name in policy.loosened:
            yield _floor_finding(name, tier)


def _floor_finding(name: str, tier: Tier) -> Finding:
    floor = floors.FLOORS[name]
    because = f"{floor.what} {wording.TIERS[tier]}."
    if tier < floor.tier:
        because += f" The risk owner loosened this: otherwise it {wording.TIERS[floor.tier]}."
    return Finding(
        rule=f"floor:{name}",
        effect=tier.effect,
        tier=tier,
        because=because,
        values={"floor": str(floor.tier), "now": str(tier)},
    )


def _birth(policy: Policy) -> Iterator[Finding]:
    if not policy.confirmed:
        yield Finding(
            rule="unconfirmed",
            effect=Effect.MODE_TO,
            tier=Tier.MANDATORY,
            mode=Mode.DRAFT_ONLY,
            because="Nobody has confirmed this action type yet: it is draft-only, and a person "
            "decides each one.",
            values={"confirmed": False},
        )


def _mode(policy: Policy) -> Iterator[Finding]:
    because = {
        Mode.APPROVAL_GATED: "This action type is approval-gated: a person approves it first.",
        Mode.DRAFT_ONLY: "This action type is draft-only: the agent never carries it out.",
    }
    if policy.mode in because:
        yield Finding(
            rule="mode",
            effect=Effect.RAISE,
            tier=policy.mode.floor,
            mode=policy.mode,
            because=because[policy.mode],
            values={"mode": str(policy.mode)},
        )


def _owners(facts: Facts) -> Iterator[Finding]:
    """Nobody answers for risk or for the system: nothing runs alone meanwhile."""
    for role, words in GUARDING_ROLES.items():
        if role in facts.holes:
            yield Finding(
                rule=f"hole:{role}",
                effect=Effect.MODE_TO,
                tier=Mode.APPROVAL_GATED.floor,
                mode=Mode.APPROVAL_GATED,
                because=f"Nobody is {words} of this workflow, so a person approves first.",
                values={"hole": role},
            )


def _proof(policy: Policy, facts: Facts) -> Iterator[Finding]:
    """A binding write shows what was there before and how the agent came to it."""
    if policy.authority != "binding" or policy.verb in floors.CHANGES_NOTHING:
        return
    owed = {
        "before": (facts.has_before, "It does not show what was there before"),
        "trace": (facts.has_trace, "It does not show how the agent came to it"),
    }
    for part, (given, words) in owed.items():
        if not given and part not in policy.waives:
            yield Finding(
                rule=f"missing:{part}",
                effect=Effect.RAISE,
                tier=Tier.MANDATORY,
                because=f"{words}, so it needs a person's approval.",
                values={"missing": part},
            )
