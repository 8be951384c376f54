"""What an action had to know and did not, or knows of what its type does not declare."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from agents_registry.policy import wording
from agents_registry.policy.findings import Effect, Facts, Finding, Tier
from agents_registry.policy.shapes import Policy, RequiredInput

AHEAD = timedelta(minutes=5)
"""How far the agent's clock may be ahead of ours. What is later than that has no known age."""

NOTHING: tuple[Any, ...] = (None, "", [], {})
NAMED_BY = {"system": ("system", "systems"), "data_class": ("data_class", "data_classes")}
IN_TRACE = ("retrieval", "tool_calls")
KINDS = {"system": "a system", "data_class": "a data class"}


def required(policy: Policy, facts: Facts) -> Iterator[Finding]:
    """Every required input is there, and is no older than the type allows."""
    for known in policy.required_inputs:
        times = list(_times(known.name, facts))
        if not times:
            because = f"The input {known.name} is required and is not there."
            yield _finding("missing", known, because, {})
        elif known.max_age_seconds is not None:
            yield from _stale(known, known.max_age_seconds, times, facts.at)


def undeclared(policy: Policy, facts: Facts) -> Iterator[Finding]:
    """The trace names only what the type declares, where the type declares any."""
    for kind, declared in (("system", policy.systems), ("data_class", policy.data_classes)):
        named = set(_named(kind, facts.trace)) if declared else set()
        if others := named and named - {_plain(name) for name in declared}:
            yield Finding(
                rule=f"undeclared:{kind}",
                effect=Effect.RAISE,
                tier=Tier.MANDATORY,
                because=f"The trace names {KINDS[kind]} that this action type does not declare.",
                values={"declared": sorted(declared), "others": len(others)},
            )


def _times(name: str, facts: Facts) -> Iterator[datetime | None]:
    """When each of what is given under that name was read; None where it does not say."""
    inputs = facts.handoff.get("inputs")
    given = inputs.get(name) if isinstance(inputs, Mapping) else None
    if isinstance(given, Mapping):
        if given.get("value", given) not in NOTHING:
            yield _instant(given.get("as_of"))
    elif given not in NOTHING:
        yield None
    for item in facts.evidence:
        if isinstance(item, Mapping) and name in (item.get("source"), item.get("input")):
            yield _instant(item.get("as_of"))


def _stale(
    known: RequiredInput, oldest: int, times: list[datetime | None], at: datetime | None
) -> Iterator[Finding]:
    """The latest of the times that can be true decides."""
    said = [time for time in times if time and at and time <= at + AHEAD]
    allowed = wording.length(oldest)
    if not said or at is None:
        because = (
            f"Nothing says how old the input {known.name} is, and it may be {allowed} old at most."
        )
        yield _finding("stale", known, because, {"as_of": None})
    elif at - max(said) > timedelta(seconds=oldest):
        latest = max(said)
        because = f"The input {known.name} is of {latest:%Y-%m-%d %H:%M} UTC, older than {allowed}."
        yield _finding("stale", known, because, {"as_of": latest.isoformat()})


def _instant(said: Any) -> datetime | None:
    """An instant with its offset, in UTC; None for anything else."""
    try:
        read = datetime.fromisoformat(said) if isinstance(said, str) else None
        return read.astimezone(UTC) if read and read.utcoffset() is not None else None
    except (ValueError, OverflowError):
        return None


def _finding(what: str, known: RequiredInput, because: str, read: dict[str, Any]) -> Finding:
    return Finding(
        rule=f"{what}:{known.name}",
        effect=Effect.RAISE,
        tier=Tier.MANDATORY,
        because=because,
        values={"input": known.name, "max_age_seconds": known.max_age_seconds, **read},
    )


def _named(kind: str, trace: Any) -> Iterator[str]:
    """The names that stand under the keys of that kind, anywhere in what was read and called."""
    todo = [trace.get(part) for part in IN_TRACE] if isinstance(trace, Mapping) else []
    while todo:
        node = todo.pop()
        if isinstance(node, list):
            todo.extend(node)
        elif isinstance(node, Mapping):
            todo.extend(node.values())
            for key in NAMED_BY[kind]:
                said = node.get(key)
                names = said if isinstance(said, list) else [said]
                yield from (_plain(name) for name in names if isinstance(name, str))


def _plain(name: str) -> str:
    return name.strip().casefold()
