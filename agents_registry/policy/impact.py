"""Measures an action: who and how much it touches, from its payload and as the agent claims it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, TypeVar

from agents_registry.policy import numbers, pointers
from agents_registry.policy.pointers import Steps

How = Literal["value", "count", "sum", "const"]
Number = TypeVar("Number", int, Decimal)

METRIC_NAME = r"[A-Za-z][A-Za-z0-9_]{0,79}"
METRIC = re.compile(METRIC_NAME)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure comes from: a value, the length of arrays, a sum, or a constant."""

    how: How
    path: Steps = ()
    constant: Any = None

    def values(self, payload: Any) -> list[Any]:
        """What stands there; LookupError when something on the way is missing."""
        return [self.constant] if self.how == "const" else pointers.find(payload, self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """How an action type's impact is computed, and from which figure on it is high.

    `high_currency` is what `high_spend` is meant in; None takes every amount as it stands.
    """

    affected: Source | None = None
    spend_delta: Source | None = None
    currency: Source | None = None
    metrics: Mapping[str, Source] = field(default_factory=dict)
    high_affected: int | None = None
    high_spend: Decimal | None = None
    high_currency: str | None = None

    @property
    def sized(self) -> bool:
        """Whether it says how big the action is; named metrics alone do not."""
        return self.affected is not None or self.spend_delta is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """Figures of one action; None where there is none. `spend_delta` keeps its sign.

    `unreadable` names what should have been there and could not be read.
    """

    affected: int | None = None
    spend_delta: Decimal | None = None
    currency: str | None = None
    metrics: Mapping[str, Decimal | None] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON, with money and metrics as decimal strings."""
        return {
            "affected": self.affected,
            "spend_delta": as_text(self.spend_delta),
            "currency": self.currency,
            "metrics": {name: as_text(value) for name, value in self.metrics.items()},
            "unreadable": list(self.unreadable),
        }

    def under(self, claim: "Impact") -> "Impact":
        """These figures with the claimed ones laid over them."""
        return Impact(
            affected=self.affected if claim.affected is None else claim.affected,
            spend_delta=self.spend_delta if claim.spend_delta is None else claim.spend_delta,
            currency=claim.currency or self.currency,
            metrics={**self.metrics, **claim.metrics},
            unreadable=self.unreadable,
        )


def computed(measures: Measures | None, payload: Any) -> Impact:
    """The impact that the payload itself shows."""
    if measures is None:
        return Impact()
    figures: dict[str, Any] = {
        "affected": _total(measures.affected, payload, numbers.whole),
        "spend_delta": _total(measures.spend_delta, payload, numbers.number),
        "currency": _only_currency(measures.currency, payload),
    }
    metrics = {
        name: _total(source, payload, numbers.number) for name, source in measures.metrics.items()
    }
    unreadable = [name for name, value in metrics.items() if value is None]
    for name, value in figures.items():
        if value is None and getattr(measures, name) is not None:
            unreadable.append(name)
    return Impact(**figures, metrics=metrics, unreadable=tuple(unreadable))


def claimed(claim: Any, own: Impact) -> Impact | None:
    """The impact as the agent states it; what it leaves out is not claimed.

    An amount without a currency is taken to be in the action's own. Metrics whose names no
    policy can have are left out.
    """
    if claim is None:
        return None
    if not isinstance(claim, Mapping):
        return Impact(unreadable=("affected", "spend_delta"))
    figures: dict[str, Any] = {
        "affected": numbers.whole(claim.get("affected")),
        "spend_delta": numbers.number(claim.get("spend_delta")),
        "currency": _said_currency(claim.get("currency"), own),
    }
    given = claim.get("metrics")
    metrics = given if isinstance(given, Mapping) else {}
    return Impact(
        **figures,
        metrics={
            name: numbers.number(value)
            for name, value in metrics.items()
            if isinstance(name, str) and METRIC.fullmatch(name)
        },
        unreadable=tuple(
            name for name, value in figures.items() if value is None and claim.get(name) is not None
        ),
    )


def _said_currency(said: Any, own: Impact) -> str | None:
    return own.currency if said is None else numbers.currency(said)


def as_text(value: Decimal | None) -> str | None:
    """A decimal string without an exponent."""
    return None if value is None else format(value, "f")


def _total(
    source: Source | None, payload: Any, read: Callable[[Any], Number | None]
) -> Number | None:
    """The figure a source yields; None where a part of it is missing or of another kind."""
    if source is None:
        return None
    try:
        values = source.values(payload)
    except LookupError:
        return None
    if source.how == "count":
        values = [len(value) if isinstance(value, list) else None for value in values]
    known = [part for part in map(read, values) if part is not None]
    if len(known) < len(values) or (source.how == "value" and len(values) > 1):
        return None
    return read(sum(known))


def _only_currency(source: Source | None, payload: Any) -> str | None:
    """The one currency of an action; None where there is none, or more than one."""
    try:
        values = source.values(payload) if source else []
    except LookupError:
        return None
    found = {numbers.currency(value) for value in values}
    return found.pop() if len(found) == 1 else None
