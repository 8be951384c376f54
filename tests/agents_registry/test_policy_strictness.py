"""Whatever is added to a policy or an action, the verdict never becomes laxer."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agents_registry.policy import documents
from agents_registry.policy.findings import Mode, Tier, Verdict
from agents_registry.policy.floors import AUTHORITY_LEVELS, LOOSENABLE, VERBS
from tests.agents_registry.policies import judge

TIERS = st.sampled_from([str(tier) for tier in Tier])
AMOUNTS = st.one_of(
    st.integers(-1000, 1000),
    st.decimals(-1000, 1000, places=2).map(lambda value: format(value, "f")),
    st.sampled_from(["much", None, True, 10**30]),
)
CURRENCIES = st.sampled_from(["USD", "EUR", None, "euros"])
CONFIDENCES = st.none() | st.decimals(0, 1, places=2)
EFFECTS = st.one_of(
    TIERS.map(lambda tier: {"raise_to": tier}),
    st.just({"block": True}),
    st.sampled_from([str(mode) for mode in Mode]).map(lambda mode: {"mode_to": mode}),
)
LIMITS = st.integers(-500, 500) | st.decimals(-500, 500, places=2).map(str)
THRESHOLDS = st.one_of(
    st.fixed_dictionaries(
        {
            "metric": st.sampled_from(["affected", "spend_delta", "discount_pct", "unknown"]),
            "operator": st.sampled_from([">", ">=", "<", "<=", "="]),
            "limit": LIMITS,
            "currency": st.sampled_from(["USD", "EUR", None]),
            "effect": EFFECTS,
        }
    ),
    st.fixed_dictionaries(
        {
            "metric": st.just("confidence"),
            "operator": st.sampled_from(["<", "<="]),
            "limit": st.decimals(0, 1, places=2).map(str),
            "effect": EFFECTS,
        }
    ),
)
STOP_RULES = st.fixed_dictionaries(
    {
        "id": st.sampled_from("abc"),
        "words": st.just("A person looks."),
        "when": st.sampled_from(
            [
                "true",
                "false",
                "payload.amount > 100",
                "has(payload.discount) && payload.discount == 5",
                "impact.affected > 20",
                "impact.affected < 5 || impact.currency == 'EUR'",
                "impact.metrics.discount_pct >= 10.0",
                "confidence < 0.5",
                "confidence == null || confidence <= 0.25",
                "'legal' in signals.categories",
                "not a condition",
            ]
        ),
        "effect": EFFECTS,
    }
)
CUMULATIVE = st.fixed_dictionaries(
    {
        "id": st.sampled_from("abc"),
        "metric": st.sampled_from(["count", "affected", "spend_delta", "discount_pct", "unknown"]),
        "per": st.sampled_from(["agent", "subject", "type", "/iban"]),
        "within": st.sampled_from(["24 hours", "7 days", "1 business day", "a while"]),
        "operator": st.sampled_from([">", ">="]),
        "limit": LIMITS,
        "currency": st.sampled_from(["USD", "EUR", None]),
        "effect": EFFECTS,
    }
)
SUMS = st.one_of(
    st.decimals(0, 2000, places=2).map(str), st.integers(0, 2000).map(str), st.none(), st.just("?")
)
TOTALS = st.dictionaries(
    st.sampled_from("abc"), st.fixed_dictionaries({"value": SUMS, "count": st.integers(0, 9)})
)
NOW = datetime(2026, 10, 12, tzinfo=UTC)
DAYS = st.integers(1, 40)
REPEATS = {
    "done": st.fixed_dictionaries(
        {"days": DAYS}, optional={"raise_to": st.sampled_from(["batch_review", "mandatory"])}
    ),
    "rejected": st.fixed_dictionaries(
        {"days": DAYS}, optional={"effect": st.sampled_from(["raise", "block"])}
    ),
}
AGAIN = st.fixed_dictionaries({}, optional=REPEATS)
BEFORE = st.builds(
    lambda ago, same: {"at": (NOW - timedelta(days=ago)).isoformat(), "same": same, "action": "x"},
    st.integers(0, 40),
    st.sampled_from(["content", "subject"]),
)
LOOKED = st.none() | st.fixed_dictionaries({"days": DAYS, "found": st.none() | BEFORE})
AGES = st.integers(-30, 30)
INPUTS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["usage", "contract", "credit"]),
        "max_age_seconds": st.sampled_from([None, 0, 86_400, 604_800]),
    }
)
FIGURES = {
    "affected": "/affected",
    "spend_delta": "/amount",
    "currency": "/currency",
    "high_affected": 10,
    "high_spend": "500",
    "metrics": {"discount_pct": "/discount"},
}
POLICIES = st.fixed_dictionaries(
    {
        "key": st.just("some_type"),
        "verb": st.sampled_from(list(VERBS)),
        "authority_level": st.sampled_from(list(AUTHORITY_LEVELS)),
        "authority": st.sampled_from(["binding", "advisory"]),
        "blast_radius": st.sampled_from(["low", "low", "high"]),
        "reversibility": st.sampled_from(["reversible", "irreversible"]),
        "mode": st.sampled_from([str(mode) for mode in Mode]),
        "confirmed": st.sampled_from([True, True, True, False]),
        "changes_terms": st.sampled_from([False, False, False, True]),
        "confidence_line": st.none() | st.decimals(0, 1, places=2).map(float),
        "confidence_tier": TIERS,
        "thresholds": st.lists(THRESHOLDS, max_size=2),
        "cumulative": st.lists(CUMULATIVE, max_size=1),
        "stop_rules": st.lists(STOP_RULES, max_size=2),
        "required_inputs": st.lists(INPUTS, max_size=1),
        "again": AGAIN,
        "systems": st.sampled_from([{}, {}, {"reads": ["crm"], "writes": []}]),
        "impact": st.sampled_from([FIGURES, FIGURES, {"affected": {"const": 1}}, None]),
        "waives": st.sampled_from([[], ["before"], ["before", "trace"]]),
        "loosened": st.lists(
            st.fixed_dictionaries({"floor": st.sampled_from(LOOSENABLE), "tier": TIERS}), max_size=3
        ),
    }
)
PAYLOADS = st.fixed_dictionaries(
    {},
    optional={
        "affected": st.integers(0, 30) | AMOUNTS,
        "amount": AMOUNTS,
        "currency": CURRENCIES,
        "discount": AMOUNTS,
    },
)
CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "affected": st.integers(-1, 30) | AMOUNTS,
        "spend_delta": AMOUNTS,
        "currency": CURRENCIES,
        "metrics": st.dictionaries(st.sampled_from(["discount_pct", "other", "a b"]), AMOUNTS),
    },
)
FACTS = st.fixed_dictionaries(
    {
        "payload": PAYLOADS,
        "claimed": st.none() | CLAIMS,
        "confidence": CONFIDENCES,
        "has_before": st.booleans(),
        "has_trace": st.booleans(),
        "trace": st.sampled_from([None, {"tool_calls": [{"system": "crm"}, {"system": "erp"}]}]),
        "totals": TOTALS,
        "again": st.fixed_dictionaries({"done": LOOKED, "rejected": LOOKED}),
        "at": st.none() | st.just(NOW),
        "handoff": st.dictionaries(
            st.sampled_from(["usage", "contract"]), st.none() | AGES.map(lambda age: read(age))
        ).map(lambda given: {"inputs": given}),
        "holes": st.sampled_from([(), (), ("pool",), ("risk_owner",)]),
    }
)
MODES = list(Mode)


def read(days_ago: int) -> dict[str, str]:
    return {"value": "known", "as_of": (NOW - timedelta(days=days_ago)).isoformat()}


def ranks(verdict: Verdict) -> tuple[int, int]:
    """Compared by place in the scale, so as not to trust the comparison under test."""
    return list(Tier).index(verdict.tier), MODES.index(verdict.mode)


def assert_not_laxer(after: Verdict, before: Verdict) -> None:
    for now, then in zip(ranks(after), ranks(before), strict=True):
        assert now >= then, (after.findings, before.findings)


@given(POLICIES, FACTS, THRESHOLDS, st.data())
def test_adding_a_threshold_never_makes_a_verdict_laxer(policy, facts, threshold, data) -> None:
    place = data.draw(st.integers(0, len(policy["thresholds"])))
    thresholds = [*policy["thresholds"][:place], threshold, *policy["thresholds"][place:]]
    assert_not_laxer(judge(policy | {"thresholds": thresholds}, **facts), judge(policy, **facts))


@given(POLICIES, FACTS, STOP_RULES, st.data())
def test_adding_a_stop_rule_never_makes_a_verdict_laxer(policy, facts, rule, data) -> None:
    place = data.draw(st.integers(0, len(policy["stop_rules"])))
    stop_rules = [*policy["stop_rules"][:place], rule, *policy["stop_rules"][place:]]
    assert_not_laxer(judge(policy | {"stop_rules": stop_rules}, **facts), judge(policy, **facts))


@given(POLICIES, FACTS, CUMULATIVE, st.data())
def test_adding_a_cumulative_limit_never_makes_a_verdict_laxer(policy, facts, limit, data) -> None:
    place = data.draw(st.integers(0, len(policy["cumulative"])))
    limits = [*policy["cumulative"][:place], limit, *policy["cumulative"][place:]]
    assert_not_laxer(judge(policy | {"cumulative": limits}, **facts), judge(policy, **facts))


@given(POLICIES, FACTS, CUMULATIVE, SUMS, SUMS)
def test_no_larger_or_unknown_sum_makes_a_verdict_laxer(policy, facts, limit, one, other) -> None:
    def judged(total: str | None) -> Verdict:
        totals = {limit["id"]: {"value": total, "count": 1}}
        return judge(policy | {"cumulative": [limit]}, **facts | {"totals": totals})

    known = sorted((said for said in (one, other) if said not in {None, "?"}), key=float)
    if len(known) == 2:
        assert_not_laxer(judged(known[1]), judged(known[0]))
    for said in known:
        assert_not_laxer(judged(None), judged(said))
        assert_not_laxer(judged("?"), judged(said))


@given(POLICIES, FACTS, CUMULATIVE)
def test_a_sum_that_nobody_worked_out_never_makes_a_verdict_laxer(policy, facts, limit) -> None:
    policy = policy | {"cumulative": [limit]}
    assert_not_laxer(judge(policy, **facts | {"totals": {}}), judge(policy, **facts))


@given(POLICIES, FACTS, CUMULATIVE, LIMITS)
def test_a_lower_limit_never_makes_a_verdict_laxer(policy, facts, limit, other) -> None:
    low, high = sorted([limit["limit"], other], key=float)
    before = judge(policy | {"cumulative": [limit | {"limit": high}]}, **facts)
    assert_not_laxer(judge(policy | {"cumulative": [limit | {"limit": low}]}, **facts), before)


@given(POLICIES, FACTS, st.sampled_from(sorted(REPEATS)), st.data())
def test_asking_what_was_before_never_makes_a_verdict_laxer(policy, facts, kind, data) -> None:
    without = {name: rule for name, rule in policy["again"].items() if name != kind}
    asked = policy | {"again": without | {kind: data.draw(REPEATS[kind])}}
    assert_not_laxer(judge(asked, **facts), judge(policy | {"again": without}, **facts))


@given(POLICIES, FACTS, st.sampled_from(sorted(REPEATS)), DAYS, DAYS)
def test_going_further_back_never_makes_a_verdict_laxer(policy, facts, kind, one, other) -> None:
    near, far = ({"again": {kind: {"days": days}}} for days in sorted([one, other]))
    assert_not_laxer(judge(policy | far, **facts), judge(policy | near, **facts))


@given(POLICIES, FACTS, st.sampled_from(sorted(REPEATS)), BEFORE, DAYS)
def test_what_was_before_or_was_not_looked_for_never_makes_a_verdict_laxer(
    policy, facts, kind, before, days
) -> None:
    policy = policy | {"again": {kind: {"days": days}}}

    def judged(looked: dict[str, Any] | None) -> Verdict:
        return judge(policy, **facts | {"at": NOW, "again": {kind: looked}})

    nothing = judged({"days": days, "found": None})
    for looked in ({"days": days, "found": before}, {"days": days - 1, "found": None}, None):
        assert_not_laxer(judged(looked), nothing)
    assert judged(None) == judge(policy, **facts | {"at": NOW, "again": {}})


@given(POLICIES, FACTS, INPUTS, st.data())
def test_requiring_an_input_never_makes_a_verdict_laxer(policy, facts, known, data) -> None:
    place = data.draw(st.integers(0, len(policy["required_inputs"])))
    inputs = [*policy["required_inputs"][:place], known, *policy["required_inputs"][place:]]
    assert_not_laxer(judge(policy | {"required_inputs": inputs}, **facts), judge(policy, **facts))


@given(POLICIES, FACTS, INPUTS, st.integers(0, 30), st.integers(0, 30))
def test_an_older_or_missing_input_never_makes_a_verdict_laxer(
    policy, facts, known, one, other
) -> None:
    def judged(inputs: dict[str, Any]) -> Verdict:
        required = policy | {"required_inputs": [known]}
        return judge(required, **facts | {"handoff": {"inputs": inputs}})

    name = known["name"]
    young, old = sorted([one, other])
    assert_not_laxer(judged({name: read(old)}), judged({name: read(young)}))
    assert_not_laxer(judged({name: "known"}), judged({name: read(young)}))
    assert_not_laxer(judged({}), judged({name: read(young)}))


@given(POLICIES, FACTS, st.sampled_from(["crm", "erp"]))
def test_naming_a_system_in_the_trace_never_makes_a_verdict_laxer(policy, facts, system) -> None:
    silent = facts | {"trace": {"tool_calls": []}}
    naming = facts | {"trace": {"tool_calls": [{"system": system}]}}
    assert_not_laxer(judge(policy, **naming), judge(policy, **silent))


@given(POLICIES, FACTS, CONFIDENCES)
def test_lowering_the_confidence_never_makes_a_verdict_laxer(policy, facts, other) -> None:
    known = [value for value in (facts["confidence"], other) if value is not None]
    lower = min(known) if len(known) == 2 else None
    higher = max(known, default=None)
    before = judge(policy, **facts | {"confidence": higher})
    assert_not_laxer(judge(policy, **facts | {"confidence": lower}), before)


@given(POLICIES, FACTS, CLAIMS)
def test_adding_a_claim_never_makes_a_verdict_laxer(policy, facts, claim) -> None:
    without = judge(policy, **facts | {"claimed": None})
    assert_not_laxer(judge(policy, **facts | {"claimed": claim}), without)


@given(POLICIES, FACTS, st.sampled_from(MODES), st.sampled_from(MODES))
def test_a_stricter_mode_never_makes_a_verdict_laxer(policy, facts, one, other) -> None:
    lax, strict = sorted([one, other], key=MODES.index)
    before = judge(policy | {"mode": str(lax)}, **facts)
    assert_not_laxer(judge(policy | {"mode": str(strict)}, **facts), before)


STRICTER: list[dict[str, Any]] = [
    {"blast_radius": "high"},
    {"reversibility": "irreversible"},
    {"confirmed": False},
    {"changes_terms": True, "loosened": []},
    {"loosened": []},
    {"waives": []},
    {"confidence_line": 1.0},
    {"authority": "binding"},
]


@given(POLICIES, FACTS, st.sampled_from(STRICTER))
def test_no_stricter_field_makes_a_verdict_laxer(policy, facts, fields) -> None:
    if "loosened" in fields:
        # Who "loosens" a floor upwards has tightened it; taking that back is no loosening.
        policy = policy | {"loosened": [row for row in policy["loosened"] if loosens(row)]}
    assert_not_laxer(judge(policy | fields, **facts), judge(policy, **facts))


def loosens(row: dict[str, str]) -> bool:
    return row["tier"] == "autonomous"


@given(POLICIES, FACTS, st.sampled_from(["risk_owner", "system_owner", "has_before", "has_trace"]))
def test_no_missing_owner_or_proof_makes_a_verdict_laxer(policy, facts, lost) -> None:
    missing = {lost: False} if lost in facts else {"holes": (*facts["holes"], lost)}
    assert_not_laxer(judge(policy, **facts | missing), judge(policy, **facts))


@given(POLICIES, FACTS, st.sampled_from(["affected", "amount", "currency", "discount"]))
def test_nothing_that_runs_alone_lacks_a_figure_that_its_policy_measures(
    policy, facts, lost
) -> None:
    facts["payload"].pop(lost, None)
    verdict = judge(policy | {"impact": FIGURES}, **facts)
    placed = next(found for found in verdict.findings if found.rule == "matrix")
    assert placed.values["blast_radius"] == "high"


@given(POLICIES, FACTS)
def test_the_verdict_is_the_strictest_of_its_findings(policy, facts) -> None:
    verdict = judge(policy, **facts)
    by_strictness = [list(Tier).index(found.tier) for found in verdict.findings]
    assert by_strictness == sorted(by_strictness, reverse=True)
    assert ranks(verdict)[0] == by_strictness[0]
    modes = [Mode(policy["mode"]), *(found.mode for found in verdict.findings if found.mode)]
    assert ranks(verdict)[1] == max(MODES.index(mode) for mode in modes)
    if verdict.mode is not Mode.AUTO_EXECUTED:
        assert by_strictness[0] >= list(Tier).index(Tier.BATCH_REVIEW)


@settings(max_examples=50)
@given(POLICIES, FACTS)
def test_the_same_question_has_the_same_answer(policy, facts) -> None:
    documents._parse.cache_clear()
    first = judge(policy, **facts)
    documents._parse.cache_clear()
    assert judge(policy, **facts) == first
