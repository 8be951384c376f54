"""Which step of its chain an action comes to next, and whom that step reaches: whoever is away,
gone or may not decide it is passed over."""

from dataclasses import dataclass, field
from uuid import UUID

from approvals.addressees import Addressee
from approvals.models import Action


@dataclass(frozen=True, slots=True)
class Reached:
    """A step, whom it asks, and the steps before it that reached nobody (`who`, in order)."""

    step: int
    asked: Addressee
    passed_over: tuple[str, ...] = ()


@dataclass(slots=True)
class Known:
    """What was looked up already: for one turn of the sweep over many actions, never longer."""

    named: dict[tuple[UUID, str], Addressee] = field(default_factory=dict)


def next_stage(action: Action, known: Known | None = None) -> Reached | None:
    """The first step after the action's own that reaches somebody; None at the end of the chain.

    `action` has its workflow with it.
    """
    known = known or Known()
    for step in range(action.step + 1, len(action.stages)):
        who = action.stages[step]["who"]
        key = (action.workflow_id, who)
        if key not in known.named:
            known.named[key] = Addressee.named(action.workflow, who)
        return Reached(step, known.named[key])
    return None
