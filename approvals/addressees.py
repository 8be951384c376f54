"""Whom a step of the chain asks: a person, or a pool of whom any may decide."""

from dataclasses import dataclass, field
from typing import Any, Self

from agents_registry.models import Person, Pool
from approvals.models import Action


@dataclass(frozen=True, slots=True)
class Addressee:
    """Nobody in particular stands for a pool; no pool stands for the workflow's own.

    `instead_of` is whom they stand in for, where it is not them that was meant.
    """

    person: Person | None
    pool: Pool | None = None
    instead_of: Person | None = field(default=None, compare=False)

    @classmethod
    def of(cls, action: Action) -> Self:
        return cls(action.assignee, action.pool)

    def columns(self) -> dict[str, Any]:
        """What it puts on the action."""
        return {"assignee": self.person, "pool": self.pool}

    def for_record(self) -> str:
        """How the events name it, e.g. `person:7`, `pool:legal`, `pool`."""
        if self.person:
            return f"person:{self.person.pk}"
        return f"pool:{self.pool.slug}" if self.pool else "pool"

    def body(self) -> dict[str, str]:
        """What an event says of it: `to`, and `instead_of` whom, where somebody stands in."""
        meant = {"instead_of": f"person:{self.instead_of.pk}"} if self.instead_of else {}
        return {"to": self.for_record(), **meant}
