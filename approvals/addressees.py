"""Whom a step of the chain asks: a person, or a pool of whom any may decide."""

from dataclasses import dataclass
from typing import Any, Self

from agents_registry import roles
from agents_registry.models import Person, Pool, Workflow
from agents_registry.roles import pool_named
from approvals.models import Action


@dataclass(frozen=True, slots=True)
class Addressee:
    """Nobody in particular stands for a pool; no pool stands for the workflow's own."""

    person: Person | None
    pool: Pool | None = None

    @classmethod
    def named(cls, workflow: Workflow, who: str) -> Self:
        """Whoever stands behind `who` now: an owner role, `manager`, `person:…`, `pool:…`."""
        return cls(roles.resolve(workflow, who), pool_named(workflow, who))

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
