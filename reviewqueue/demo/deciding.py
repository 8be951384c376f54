"""What the demo's people do with a pending action, in their working time."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from agents_registry import roles
from agents_registry.models import Fallback, Person
from approvals import deadlines, review, staging
from approvals.errors import Conflict
from approvals.models import Action
from approvals.proposals import Revised
from approvals.states import State
from approvals.transitions import Seen
from ledger import clock
from reviewqueue.demo import doing
from reviewqueue.demo.tale import Tale, find, working

HABITS = {
    "mandatory": {
        "approve": 60,
        "edit": 15,
        "reject": 14,
        "send_back": 5,
        "take_over": 3,
        "leave": 3,
    },
    "batch_review": {"approve": 76, "edit": 4, "reject": 17, "leave": 3},
}
"""How often what happens, in percent, by tier. What is left is seen to a week later, if at all."""
A_WEEK_OF_WORK = 40 * 60
LOOK_AGAIN = timedelta(hours=6)


def wait_for_people(tale: Tale, action: Action, *, verdict: str = "") -> None:
    """Plans the verdict on a pending action, and the steps of its chain until then."""
    watch(tale, action)
    habits = HABITS[action.tier]
    verdict = verdict or tale.chance.choices([*habits], [*habits.values()])[0]
    minutes = tale.chance.triangular(4, 150, 25)
    if verdict == "leave":
        verdict = "approve"
        if action.frozen["fallback"] != Fallback.HOLD_AND_PAUSE:
            minutes = A_WEEK_OF_WORK
    when = working(action, minutes)
    tale.timeline.at(when, partial(_decide, tale, action.pk, verdict))


def watch(tale: Tale, action: Action) -> None:
    """Lets the sweep look at each of the action's steps for as long as nobody decides."""
    if action.next_step_at:
        tale.timeline.at(action.next_step_at, partial(_step, tale, action.pk))


def _step(tale: Tale, action_id: UUID) -> None:
    """One sweep; what is stopped then has not moved, and is looked at again later."""
    waiting = Action.objects.filter(pk=action_id, state=State.PENDING, held=False)
    if not waiting.exists():
        return
    deadlines.sweep_steps()
    action = find(tale, action_id)
    if action.next_step_at and action.next_step_at <= clock.now():
        tale.timeline.at(clock.now() + LOOK_AGAIN, partial(_step, tale, action_id))
    else:
        watch(tale, action)


def _decide(tale: Tale, action_id: UUID, verdict: str) -> None:
    """The verdict, or the nearest that the texts have words for; whoever came first is right."""
    action = find(tale, action_id)
    if action.state != State.PENDING:
        return
    try:
        VERDICTS[verdict](tale, action)
    except Conflict:
        return
    settled = find(tale, action_id)
    if settled.state == State.APPROVED:
        doing.take_soon(tale, settled)


def _approve(tale: Tale, action: Action) -> None:
    review.approve(
        action_id=action.pk,
        person=decider(tale, action),
        seen=Seen.of(action),
        checked=action.action_type.checks,
        comment=tale.chance.choice(tale.texts["approvals"]),
    )


def _edit(tale: Tale, action: Action) -> None:
    edit = tale.texts["edits"].get(action.action_type.key)
    payload = edited(action, edit) if edit else None
    if payload is None:
        _approve(tale, action)
        return
    review.edit_and_approve(
        action_id=action.pk,
        person=decider(tale, action),
        seen=Seen.of(action),
        payload=payload,
        checked=action.action_type.checks,
        comment=edit["comment"],
    )


def _reject(tale: Tale, action: Action) -> None:
    known = tale.texts["rejections"].get(action.action_type.key)
    if not known:
        _approve(tale, action)
        return
    review.reject(
        action_id=action.pk,
        person=decider(tale, action),
        seen=Seen.of(action),
        **tale.chance.choice(known),
    )


def _send_back(tale: Tale, action: Action) -> None:
    edit = tale.texts["edits"].get(action.action_type.key)
    payload = edited(action, edit) if edit else None
    if payload is None:
        _approve(tale, action)
        return
    review.ask_for_changes(
        action_id=action.pk,
        person=decider(tale, action),
        seen=Seen.of(action),
        comment=tale.chance.choice(tale.texts["changes"]),
    )
    when = working(action, tale.chance.randint(3, 25))
    tale.timeline.at(when, partial(_revise, tale, action.pk, payload))


def _take_over(tale: Tale, action: Action) -> None:
    review.take_over(
        action_id=action.pk,
        person=decider(tale, action),
        seen=Seen.of(action),
        comment=tale.chance.choice(tale.texts["take_overs"]),
    )


VERDICTS = {
    "approve": _approve,
    "edit": _edit,
    "reject": _reject,
    "send_back": _send_back,
    "take_over": _take_over,
}


def _revise(tale: Tale, action_id: UUID, payload: dict[str, Any]) -> None:
    """The agent's second attempt, which somebody approves."""
    action = find(tale, action_id)
    content = action.contents.get(revision=action.revision)
    revised = Revised(
        payload=payload,
        before=content.before,
        confidence=action.confidence,
        signals=content.signals,
        evidence=content.evidence,
        trace=content.trace,
        handoff=content.handoff,
    )
    staging.revise(agent=action.agent, action_id=action.pk, revised=revised)
    wait_for_people(tale, find(tale, action_id), verdict="approve")


def edited(action: Action, edit: dict[str, str]) -> dict[str, Any] | None:
    """The payload with the edit made; None where it does not have the words."""
    content = action.contents.get(revision=action.revision)
    payload: dict[str, Any] = content.payload
    old = payload.get(edit["at"], "")
    new = old.replace(edit["find"], edit["put"])
    return None if new == old else {**payload, edit["at"]: new}


def decider(tale: Tale, action: Action) -> Person:
    """Who is asked: by escalation, by the policy, or one of the pool, seldom its approval owner."""
    if action.assignee:
        return action.assignee
    for who in action.signers:
        if person := roles.resolve(action.workflow, who):
            return person
    pool = list(action.workflow.pool.people.order_by("username"))
    return tale.chance.choice([*pool, *pool, *pool, action.workflow.approval_owner])
