"""When an action is due and who is asked: its steps, frozen at staging, and the next of them."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from agents_registry import revisions
from agents_registry.models import ActionType
from agents_registry.policy.findings import Tier
from agents_registry.sla import Calendar, Duration, due_at

POOL = "pool"
BEFORE = "lives_before"
"""Where the lives are frozen that approvals had in the tiers from which an action was raised."""


def freeze(action_type: ActionType, *, first: str = POOL) -> dict[str, Any]:
    """What no later change of the registry rewrites for a running action.

    `first` is asked first: the pool, or whom the policy names to sign.
    """
    workflow = action_type.workflow
    chain = action_type.chain or workflow.chain
    first_stage = {
        "who": first,
        "within": action_type.sla or workflow.sla,
        "remind": chain.first_remind or None,
        "repeat": chain.first_repeat,
    }
    return {
        "calendar": revisions.store_calendar(workflow.calendar),
        "stages": [first_stage, *chain.stages],
        "fallback": chain.fallback,
        "approval_life": action_type.approval_life,
        "approval_lives": action_type.approval_lives,
        "settle_seconds": action_type.settle_seconds,
        "idempotent": action_type.idempotent,
    }


def stage_times(frozen: Mapping[str, Any], step: int, start: datetime) -> dict[str, Any]:
    """The columns of a step that begins: `step`, `reminded`, `due_at` as promised, `next_step_at`.

    Where many steps begin at once, `spreading` moves the deadlines apart.
    """
    due = due_within(frozen, frozen["stages"][step]["within"], start)
    look = next_look(frozen, step, reminded=0, due=due, start=start)
    return {"step": step, "reminded": 0, "due_at": due, "next_step_at": look}


def next_look(
    frozen: Mapping[str, Any], step: int, *, reminded: int, due: datetime, start: datetime
) -> datetime:
    """When the sweep looks next: at the next reminder from `start` on, or at the deadline."""
    stage = frozen["stages"][step]
    if not stage.get("remind") or reminded >= stage.get("repeat", 1):
        return due
    return min(due, due_within(frozen, stage["remind"], start))


def raised(frozen: Mapping[str, Any], was: str, to: str) -> dict[str, Any]:
    """What is frozen of an action that goes from one tier to another.

    Where that is up, an approval of it lasts no longer than it would have in the tier before.
    """
    if Tier(to) <= Tier(was) or not frozen.get("approval_lives"):
        return dict(frozen)
    return {**frozen, BEFORE: [*frozen.get(BEFORE, ()), _life(frozen, was)]}


def life_end(frozen: Mapping[str, Any], tier: str, start: datetime) -> datetime:
    """The end of an approval that begins now, in this tier.

    `not_after` is kept apart: it ends actions too.
    """
    lives = {_life(frozen, tier), *frozen.get(BEFORE, ())}
    return min(due_within(frozen, life, start) for life in lives)


def _life(frozen: Mapping[str, Any], tier: str) -> str:
    """In words; what was frozen before tiers had lives of their own names none."""
    life: str = frozen.get("approval_lives", {}).get(tier, frozen["approval_life"])
    return life


def due_within(frozen: Mapping[str, Any], words: str, start: datetime) -> datetime:
    """The instant at which a duration in words ends, in the action's calendar."""
    return _due(frozen["calendar"], words, start)


def calendar_of(frozen: Mapping[str, Any]) -> Calendar:
    return _calendar(frozen["calendar"])


@lru_cache(maxsize=1024)
def _due(calendar: str, words: str, start: datetime) -> datetime:
    """Steps that begin at one instant with the same promise are many, where the sweep is late."""
    return due_at(start, Duration.parse(words), _calendar(calendar))


@lru_cache(maxsize=256)
def _calendar(revision: str) -> Calendar:
    return Calendar.from_document(revisions.document_of(revision))
