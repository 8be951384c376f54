"""What verb, authority level, mode, birth, owners and proof ask for at the very least."""

import pytest

from agents_registry.policy import documents
from agents_registry.policy.evaluate import evaluate
from agents_registry.policy.findings import Effect, Mode, Tier
from agents_registry.policy.floors import AUTHORITY_LEVELS, LOOSENABLE, VERBS
from tests.agents_registry.policies import create_facts, create_policy, finding, judge, rules

STRICT_VERBS = {
    "trigger": Tier.BATCH_REVIEW,
    "invite": Tier.BATCH_REVIEW,
    "enrol": Tier.BATCH_REVIEW,
    "grant": Tier.MANDATORY,
    "refund": Tier.MANDATORY,
    "cancel": Tier.MANDATORY,
    "approve": Tier.MANDATORY,
    "commit": Tier.MANDATORY,
    "escalate": Tier.MANDATORY,
    "ask": Tier.MANDATORY,
    "delete": Tier.BLOCKED,
}
STRICT_LEVELS = {
    "external_message": Tier.MANDATORY,
    "customer_impacting_decision": Tier.MANDATORY,
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_its_floor(verb) -> None:
    verdict = judge(create_policy(verb=verb))
    assert verdict.tier == STRICT_VERBS.get(verb, Tier.AUTONOMOUS)
    assert (f"floor:{verb}" in rules(verdict)) == (verb in STRICT_VERBS)


@pytest.mark.parametrize("level", AUTHORITY_LEVELS)
def test_every_authority_level_has_its_floor(level) -> None:
    verdict = judge(create_policy(authority_level=level))
    assert verdict.tier == STRICT_LEVELS.get(level, Tier.AUTONOMOUS)
    assert (f"floor:{level}" in rules(verdict)) == (level in STRICT_LEVELS)


def test_changing_price_or_terms_is_blocked_at_birth() -> None:
    verdict = judge(create_policy(changes_terms=True))
    assert verdict.tier == Tier.BLOCKED
    found = finding(verdict, "floor:changes_terms")
    assert found.effect is Effect.BLOCK
    assert found.because == "Changing price or terms is blocked for agents."


@pytest.mark.parametrize("floor", LOOSENABLE)
@pytest.mark.parametrize("tier", Tier)
def test_a_loosened_floor_asks_for_the_tier_that_the_risk_owner_named(floor, tier) -> None:
    fields = {
        **({"verb": floor} if floor in VERBS else {}),
        **({"authority_level": floor} if floor in AUTHORITY_LEVELS else {}),
        **({"changes_terms": True} if floor == "changes_terms" else {}),
    }
    document = create_policy(**fields, loosened=[{"floor": floor, "tier": str(tier)}])
    verdict = judge(document)
    assert verdict.tier == tier
    assert finding(verdict, f"floor:{floor}").tier == tier


def test_a_loosened_floor_says_so() -> None:
    loosened = [{"floor": "external_message", "tier": "spot_check"}]
    document = create_policy(verb="send", authority_level="external_message", loosened=loosened)
    assert finding(judge(document), "floor:external_message").because == (
        "An external message may run alone, and a sample is looked at. "
        "The risk owner loosened this: otherwise it needs a person's approval."
    )


def test_a_loosened_floor_loosens_no_other_floor() -> None:
    loosened = [{"floor": "external_message", "tier": "autonomous"}]
    document = create_policy(
        verb="refund", authority_level="external_message", changes_terms=True, loosened=loosened
    )
    assert finding(judge(document), "floor:refund").tier == Tier.MANDATORY
    assert judge(document).tier == Tier.BLOCKED


def test_a_floor_loosened_twice_keeps_the_stricter_tier() -> None:
    loosened = [
        {"floor": "delete", "tier": "mandatory"},
        {"floor": "delete", "tier": "autonomous"},
    ]
    assert judge(create_policy(verb="delete", loosened=loosened)).tier == Tier.MANDATORY


def test_an_unconfirmed_type_is_draft_only_and_mandatory() -> None:
    for mode in Mode:
        verdict = judge(create_policy(confirmed=False, mode=str(mode)))
        assert (verdict.tier, verdict.mode) == (Tier.MANDATORY, Mode.DRAFT_ONLY)
        assert "unconfirmed" in rules(verdict)


def test_a_pure_read_is_not_excused_from_being_confirmed() -> None:
    read = create_policy(verb="read", authority_level="read_only", confirmed=False)
    assert judge(read).tier == Tier.MANDATORY


@pytest.mark.parametrize("fields", [{"verb": "delete"}, {"changes_terms": True}])
def test_blocked_at_birth_beats_unconfirmed(fields) -> None:
    verdict = judge(create_policy(confirmed=False, **fields))
    assert (verdict.tier, verdict.mode) == (Tier.BLOCKED, Mode.DRAFT_ONLY)


def test_what_a_document_leaves_out_is_strict() -> None:
    bare = {"key": "new", "verb": "write", "authority_level": "system_write_back"}
    verdict = judge(bare, has_before=False)
    assert (verdict.tier, verdict.mode) == (Tier.MANDATORY, Mode.DRAFT_ONLY)
    assert rules(verdict) == {"matrix", "unconfirmed", "mode", "missing:before"}


def test_a_gated_read_still_waits_for_a_person() -> None:
    read = create_policy(verb="read", authority_level="read_only", mode="approval_gated")
    verdict = judge(read)
    assert verdict.tier == Tier.BATCH_REVIEW
    assert finding(verdict, "mode").tier == Tier.BATCH_REVIEW


@pytest.mark.parametrize("role", ["risk_owner", "system_owner"])
def test_without_a_risk_or_system_owner_a_person_approves_first(role) -> None:
    verdict = judge(create_policy(), holes=(role, "pool"))
    assert (verdict.tier, verdict.mode) == (Tier.BATCH_REVIEW, Mode.APPROVAL_GATED)
    assert finding(verdict, f"hole:{role}").effect is Effect.MODE_TO


def test_a_hole_never_loosens_draft_only() -> None:
    verdict = judge(create_policy(mode="draft_only"), holes=("risk_owner",))
    assert verdict.mode == Mode.DRAFT_ONLY


@pytest.mark.parametrize("role", ["workflow_owner", "approval_owner", "pool"])
def test_other_holes_do_not_change_the_mode(role) -> None:
    assert judge(create_policy(), holes=(role,)).mode == Mode.AUTO_EXECUTED


@pytest.mark.parametrize("part", ["before", "trace"])
def test_a_binding_write_without_its_proof_is_mandatory_unless_waived(part) -> None:
    missing = {f"has_{part}": False}
    verdict = judge(create_policy(), **missing)
    assert verdict.tier == Tier.MANDATORY
    assert f"missing:{part}" in rules(verdict)
    assert judge(create_policy(waives=[part]), **missing).tier == Tier.AUTONOMOUS
    other = {"before": "trace", "trace": "before"}[part]
    assert judge(create_policy(waives=[other]), **missing).tier == Tier.MANDATORY


@pytest.mark.parametrize("verb", VERBS)
def test_only_what_binds_and_changes_something_owes_proof(verb) -> None:
    bare = {"has_before": False, "has_trace": False}
    owed = {"missing:before", "missing:trace"}
    excused = {"read", "draft", "recommend", "escalate", "ask"}
    found = rules(judge(create_policy(verb=verb), **bare)) & owed
    assert found == (set() if verb in excused else owed)
    assert not rules(judge(create_policy(verb=verb, authority="advisory"), **bare)) & owed


@pytest.mark.parametrize("key", ["escalate", "ask"])
def test_a_built_in_is_always_answered_by_a_person(key) -> None:
    document = documents.builtin(key)
    assert documents.validate(document) == []
    harsh = {
        "confidence": None,
        "claimed": {"affected": 10**6},
        "holes": ("risk_owner", "system_owner"),
        "has_before": False,
        "has_trace": False,
    }
    changed = document | {
        "mode": "auto_executed",
        "confirmed": False,
        "stop_rules": [{"id": "x", "words": "X.", "when": "true", "effect": {"block": True}}],
    }
    for policy in (document, changed):
        verdict = evaluate(documents.parse(policy), create_facts(**harsh))
        assert (verdict.tier, verdict.mode) == (Tier.MANDATORY, Mode.APPROVAL_GATED)
        assert rules(verdict) == {"built_in"}


def test_only_the_two_built_ins_are_treated_as_such() -> None:
    document = create_policy(key="wipe_crm", verb="ask", confirmed=False)
    assert judge(document).mode == Mode.DRAFT_ONLY
    with pytest.raises(KeyError):
        documents.builtin("wipe_crm")
