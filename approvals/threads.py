"""The thread of actions that an interrupt of another library became: answered in that library's own
words once all are decided, and taken together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import transaction

from agents_registry import gate
from agents_registry.models import Agent
from approvals import answers, release, ruled_out, staging
from approvals.errors import Conflict, Missing, Stopped
from approvals.models import Action, Reason, WireThread
from approvals.states import APPROVED_ONCE, State
from approvals.wire import words
from approvals.wire.calls import Answer, Kind
from approvals.wire.shapes import SHAPES

NOT_YET = {"too_early", "waiting_for"}
"""Refusals that pass by themselves: what they concern is taken later, with the rest."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A thread with its actions. `resume` is the library's payload, None while one is undecided."""

    thread: WireThread
    actions: Sequence[Action]
    resume: Any


@dataclass(frozen=True, slots=True)
class Taken:
    """The payload to go on with, and a lease for each call that may be done."""

    resume: Any
    leases: Sequence[release.Taken | None]


def read(*, agent: Agent, shape: str, thread_id: UUID) -> Reading:
    """The thread as it stands; Missing where this agent has none of that shape and id."""
    thread = _own(agent, shape, thread_id)
    actions = _actions_of(thread)
    if any(map(_is_undecided, actions)):
        return Reading(thread, actions, None)
    said = [_answer(thread, place, action) for place, action in enumerate(actions)]
    return Reading(thread, actions, _resume(thread, said))


@transaction.atomic
def take(*, agent: Agent, shape: str, thread_id: UUID, seconds: int) -> Taken:
    """Leases everything that is approved. What can be done no more is a rejection in the payload,
    and what was sent back is withdrawn: the library proposes it anew.

    Missing; Conflict, with nothing taken, where a call is undecided or its time has not come.
    """
    thread = _own(agent, shape, thread_id)
    gate.enter(agent.team_id)
    actions = _actions_of(thread, lock=True)
    if any(map(_is_undecided, actions)):
        raise Conflict(
            "Not every call is decided. Nothing was taken. Ask again when all are.",
            code="not_decided",
        )
    taken = [
        _take(agent, action, _answer(thread, place, action), seconds)
        for place, action in enumerate(actions)
    ]
    return Taken(_resume(thread, [said for said, _ in taken]), [lease for _, lease in taken])


def is_open(thread: WireThread) -> bool:
    """Whether a call of it is undecided."""
    return any(map(_is_undecided, _actions_of(thread)))


def _own(agent: Agent, shape: str, thread_id: UUID) -> WireThread:
    thread = WireThread.objects.filter(pk=thread_id, agent=agent, shape=shape).first()
    if thread is None:
        raise Missing("This agent has no such thread.")
    return thread


def _actions_of(thread: WireThread, *, lock: bool = False) -> list[Action]:
    """In the order of the calls, which is that of their ids as well: rows are locked in it."""
    actions = Action.objects.select_related("action_type", "workflow")
    if lock:
        actions = actions.select_for_update(of=("self",))
    return list(actions.filter(wire_call__thread=thread).order_by("wire_call__place"))


def _is_undecided(action: Action) -> bool:
    return action.state == State.PENDING or answers.is_settling(action)


def _resume(thread: WireThread, said: Sequence[Answer]) -> Any:
    return SHAPES[thread.shape].resume(thread.request["kept"], said)


def _answer(thread: WireThread, place: int, action: Action) -> Answer:
    """What the verdict on an action says to its call, as far as the library has words for it."""
    can = frozenset(Kind(kind) for kind in thread.request["can"][place])
    return _verdict(action).within(can)


def _verdict(action: Action) -> Answer:
    """Approved or edited where it was approved, whatever became of it; a person's answer; else
    a rejection with the reason."""
    first = action.contents.get(revision=1)
    sent: dict[str, Any] = first.payload
    name, state = action.action_type.key, State(action.state)
    if state in APPROVED_ONCE:
        content = action.contents.get(revision=action.revision)
        payload = release.approved_payload(action, content)
        kind = ruled_out.approval_of(action.approved_digest, first.payload_digest)
        return Answer(kind, name, payload)
    given = answers.whole_of(action.pk)
    said = given["decision"] or {}
    if state == State.ANSWERED:
        return Answer(Kind.ANSWER, name, sent, str((said.get("answer") or {}).get("text", "")))
    reason = str(Reason(said["reason"]).label) if said.get("reason") else ""
    because = [finding["because"] for finding in given["policy"]["findings"]]
    text = words.refusal(state, reason, said.get("comment") or "", because=because)
    return Answer(Kind.REJECT, name, sent, text)


def _take(
    agent: Agent, action: Action, said: Answer, seconds: int
) -> tuple[Answer, release.Taken | None]:
    """What may be done is leased; what may not be any more becomes a rejection."""
    if action.state == State.CHANGES_REQUESTED:
        staging.withdraw(agent=agent, action_id=action.pk)
    if said.kind not in (Kind.APPROVE, Kind.EDIT):
        return said, None
    if action.state != State.APPROVED:
        return _rejected(said, words.only_once(State(action.state))), None
    try:
        return said, release.lease(agent=agent, action_id=action.pk, seconds=seconds)
    except (Conflict, Stopped) as refused:
        if refused.code in NOT_YET:
            raise
        return _rejected(said, words.cannot(refused.detail)), None


def _rejected(said: Answer, text: str) -> Answer:
    return replace(said, kind=Kind.REJECT, text=text)
