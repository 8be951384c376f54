"""What is found when the same was done, or rejected, before."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from agents_registry.policy.findings import Facts, Finding, Tier
from agents_registry.policy.shapes import Policy, Repeat

DONE, REJECTED = "done", "rejected"

SAME_CONTENT, SAME_SUBJECT = "content", "subject"

WORDS = {
    (DONE, SAME_CONTENT): "The very same was done on {day}",
    (DONE, SAME_SUBJECT): "An action of this type was done for the same subject on {day}",
    (REJECTED, SAME_CONTENT): "A person rejected the very same on {day}",
    (REJECTED, SAME_SUBJECT): "A person rejected one of this type for the same subject on {day}",
}
INSTEAD = {REJECTED: "Ask first: stage the action type ask, and say what is different now."}


def repeats(policy: Policy, facts: Facts) -> Iterator[Finding]:
    """A finding for each rule that an earlier action speaks to. What nobody looked for counts as
    if it were there."""
    for kind, rule in policy.again.items():
        looked = facts.again.get(kind)
        found = _read(looked)
        if found is None and not _looked_far_enough(looked, rule):
            yield _finding(kind, rule, f"Nobody knows whether it was {kind} before", {})
        elif found and _is_within(found[0], facts.at, rule):
            at, same, said = found
            yield _finding(kind, rule, WORDS[kind, same].format(day=f"{at:%Y-%m-%d}"), said)


def tier_of(rule: Mapping[str, Any]) -> Tier:
    """The tier that a rule of a document asks for. One that says none is strict."""
    if rule.get("effect") == "block":
        return Tier.BLOCKED
    return Tier(rule.get("raise_to", Tier.MANDATORY))


def _read(looked: Any) -> tuple[datetime, str, Mapping[str, Any]] | None:
    """When the same was before, in what it is the same, and all that is known of it."""
    match looked:
        case {"found": {"at": str(at), "same": "content" | "subject" as same} as said}:
            return datetime.fromisoformat(at), same, said
    return None


def _looked_far_enough(looked: Any, rule: Repeat) -> bool:
    """Whether nothing was found in as many days as the rule goes back."""
    match looked:
        case {"days": int(days), "found": None}:
            return days >= rule.days
    return False


def _is_within(at: datetime, now: datetime | None, rule: Repeat) -> bool:
    return now is None or now - at <= timedelta(days=rule.days)


def _finding(kind: str, rule: Repeat, words: str, said: Mapping[str, Any]) -> Finding:
    days = "1 day" if rule.days == 1 else f"{rule.days} days"
    return Finding(
        rule=f"{kind}_again",
        effect=rule.consequence.effect,
        tier=rule.consequence.tier,
        because=f"{words}: it comes again within {days}.",
        values={"days": rule.days, **said},
        instead=INSTEAD.get(kind),
    )
