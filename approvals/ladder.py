"""Which step of its chain an action comes to next, and whom that step reaches: whoever is away,
gone or may not decide it is passed over."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from agents_registry import roles
from agents_registry.away import Roster
from agents_registry.models import OWNER_ROLES, Person
from agents_registry.roles import Candidate
from agents_registry.spec.timing import OF_ACTION
from approvals.addressees import Addressee
from approvals.known import Known
from approvals.models import Action
from approvals.rights import (
    answering,
    is_anybody_there,
    is_pool,
    may_answer,
    standing_in_for,
)

__all__ = ["Known", "Reached", "asked", "asked_at", "first_asked", "instead", "next_stage"]


@dataclass(frozen=True, slots=True)
class Reached:
    """A step, whom it asks (`who`: as what), and the steps before it that reached nobody (the `who`
    of each, in order)."""

    step: int
    asked: Addressee
    passed_over: tuple[str, ...] = ()
    who: str = ""

    def body(self) -> dict[str, Any]:
        """What the event says: the step, whom it asks, and the numbers of those passed over."""
        first = self.step - len(self.passed_over)
        passed = {"passed_over": list(range(first, self.step))} if self.passed_over else {}
        return {"step": self.step, **self.asked.body(), **passed}


def next_stage(action: Action, known: Known | None = None) -> Reached | None:
    """The first step after the action's own that reaches somebody; None at the end of the chain.

    `action` has its workflow with it. Nobody takes another's place who was asked before by name,
    or has it now, and let it pass.
    """
    known = known or Known()
    let_pass = _asked_by_name(action, action.step + 1, known)
    if action.assignee_id:
        let_pass.add(action.assignee_id)
    passed: list[str] = []
    for step, stage in enumerate(action.stages[action.step + 1 :], start=action.step + 1):
        for who in filter(None, (stage["who"], stage.get("otherwise"))):
            if found := asked(action, who, known, let_pass):
                return Reached(step, found, tuple(passed), who)
        passed.append(stage["who"])
    return None


def asked(
    action: Action, who: str, known: Known, let_pass: Collection[int] = (), *, signs: bool = False
) -> Addressee | None:
    """Whom `who` reaches now for this action; None where nobody is there who may decide it.

    A pool is asked while somebody of it is there, else whoever acts for one of its people.
    """
    if not is_pool(who):
        for each in answering(action, who, known, signs=signs):
            if each.person.pk not in let_pass or _is_meant(each, action, who):
                return Addressee(each.person, instead_of=each.stands_for)
        return None
    crew = known.crew(action, who)
    if is_anybody_there(crew, action, known):
        return Addressee(None, crew.pool)
    for each in standing_in_for(crew, action, known):
        if each.person.pk not in let_pass:
            return Addressee(each.person, crew.pool, each.stands_for)
    return None


def asked_at(action: Action, known: Known) -> Addressee | None:
    """Whom the step that the action is at reaches now."""
    let_pass = _asked_by_name(action, action.step, known)
    for who in _whos_at(action):
        if found := asked(action, who, known, let_pass, signs=action.step == 0):
            return found
    return None


def instead(action: Action, known: Known) -> Addressee | None:
    """Who stands in for whoever has it; None where nobody does."""
    let_pass = _asked_by_name(action, action.step, known)
    if action.assignee is None:
        return None
    for each in roles.standing(action.assignee, action.team_id, known.roster):
        stands_in = each.stands_for and each.person.pk not in let_pass
        if stands_in and may_answer(each, action, known):
            return Addressee(each.person, action.pool, each.stands_for)
    return None


def first_asked(action: Action, who: str, payload: Any = None) -> Addressee:
    """Whom a new action asks: `who` of its policy, or its pool. `payload`, where it is not stored.

    Nobody's absence is looked up for it: the sweep moves at once what waits for who is away.
    """
    known = Known(Roster({}), {} if payload is None else {action.pk: payload})
    if who.partition(":")[0] not in OF_ACTION:
        person = roles.resolve(action.workflow, who, known.roster)
        return Addressee(person, roles.pool_named(action.workflow, who))
    found = answering(action, who, known, signs=True)
    return Addressee(found[0].person if found else action.workflow.workflow_owner)


def _whos_at(action: Action) -> list[str]:
    """Everybody whom the present step may ask, in order."""
    if action.held:
        return ["workflow_owner"]
    if action.step:
        stage = action.stages[action.step]
        return [who for who in (stage["who"], stage.get("otherwise")) if who]
    return action.signers or [action.stages[0]["who"], "approval_owner"]


def _asked_by_name(action: Action, until: int, known: Known) -> set[int]:
    """Those whom the steps before `until` named, whether they or somebody else then answered."""
    named: set[int] = set()
    for stage in action.stages[:until]:
        who = stage["who"]
        if who in OWNER_ROLES:
            named.add(getattr(action.workflow, f"{who}_id"))
        else:
            first = next(iter(known.candidates(action, who)), None)
            named |= {_meant(first).pk} if first else set()
    return named


def _is_meant(candidate: Candidate, action: Action, who: str) -> bool:
    """Whether it is whom the step itself names, not somebody in their place."""
    if candidate.stands_for:
        return False
    return who not in OWNER_ROLES or candidate.person.pk == getattr(action.workflow, f"{who}_id")


def _meant(candidate: Candidate) -> Person:
    return candidate.stands_for or candidate.person
