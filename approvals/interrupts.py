"""Opens a thread for an interrupt of another library: every call of it is staged, or none."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from agents_registry.models import ActionType, Agent
from approvals import action_space, staging, threads
from approvals.errors import Fault, Invalid, KeyReused, Refused
from approvals.models import Purpose, Submission, WireCall, WireThread
from approvals.proposals import Proposal
from approvals.wire.calls import Call, Interrupt
from ledger import clock
from ledger.canonical import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An interrupt with where it belongs. `key` is the agent's own; without one it is made from
    what is asked."""

    shape: str
    interrupt: Interrupt
    workflow: str
    run_id: str = ""
    key: str = ""
    purpose: str = "live"
    trace_id: str = ""

    @property
    def digest(self) -> str:
        """The same for the same calls of the same run, whatever else the library sends, and, where
        they have ids, in whatever order."""
        calls = [digest([call.name, call.args, call.call_id]) for call in self.interrupt.calls]
        ids = sorted(self.interrupt.ids)
        ordered = sorted(calls) if ids else calls
        return digest([self.shape, self.workflow, self.run_id, ids, ordered])


@dataclass(frozen=True, slots=True)
class Opened:
    """A thread with what staging answered for each of its calls, in order."""

    thread: WireThread
    answers: Sequence[Mapping[str, Any]]
    replayed: bool


def open_thread(*, agent: Agent, asked: Asked) -> Opened:
    """Stages every call of an interrupt, or none; the same interrupt again is the same thread.

    Raises what staging raises, with a fault at the place of each call that is refused.
    """
    key = _kept_key(asked)
    if earlier := _earlier(agent, asked, key):
        return earlier
    proposals = _proposals(agent, asked)
    try:
        with transaction.atomic():
            return _open(agent, asked, key, proposals)
    except IntegrityError:
        if first := _earlier(agent, asked, key):
            return first
        raise


def _kept_key(asked: Asked) -> str:
    """No header can hold a key that is made here, nor one under which a test is kept."""
    key = asked.key or f"made·{asked.digest}"
    if asked.purpose == Purpose.LIVE:
        return key
    return f"{asked.purpose}·{hashlib.sha256(key.encode()).hexdigest()}"


def _open(agent: Agent, asked: Asked, key: str, proposals: Sequence[Proposal]) -> Opened:
    thread = WireThread.objects.create(
        agent=agent,
        shape=asked.shape,
        key=key,
        request={
            "kept": asked.interrupt.kept,
            "can": [sorted(call.can) for call in asked.interrupt.calls],
        },
        request_digest=asked.digest,
        created_at=clock.now(),
    )
    staged, refusals = [], []
    for place, call in enumerate(asked.interrupt.calls):
        try:
            staged.append(_stage(agent, thread, place, call, proposals[place]))
        except Refused as refused:
            refusals.append((call, refused))
    if refusals:
        raise _refusal_of_all(refusals)
    return Opened(thread, staged, replayed=False)


def _stage(
    agent: Agent, thread: WireThread, place: int, call: Call, proposal: Proposal
) -> Mapping[str, Any]:
    with transaction.atomic():
        staged = staging.stage(agent=agent, proposal=proposal, key=f"wire:{thread.pk}:{place}")
    action = UUID(staged.answer["id"])
    WireCall.objects.create(thread=thread, place=place, call_id=call.call_id, action_id=action)
    return staged.answer


def _proposals(agent: Agent, asked: Asked) -> list[Proposal]:
    """Each call as its type has it, before anything is written that a refusal would undo: what
    is not listed stays counted."""
    proposals, refusals = [], []
    for call in asked.interrupt.calls:
        proposal = _proposal(asked, call)
        try:
            action_type = action_space.find(agent, proposal)
        except Invalid as refused:
            refusals.append((call, refused))
        else:
            proposals.append(replace(proposal, handoff=_handoff(action_type, call)))
    if refusals:
        raise _refusal_of_all(refusals)
    return proposals


def _proposal(asked: Asked, call: Call) -> Proposal:
    return Proposal(
        workflow=asked.workflow,
        action_type=call.name,
        payload=call.args,
        digest=asked.digest,
        summary=call.summary,
        run_id=asked.run_id,
        purpose=asked.purpose,
        trace_id=asked.trace_id,
    )


def _handoff(action_type: ActionType, call: Call) -> dict[str, Any]:
    """An interrupt says nothing to people but what is called: where its type says nothing either,
    what is true of every interrupt."""
    given = {part: said for part, said in action_type.handoff.items() if said}
    return {
        "trigger": f"The agent's run stopped before it calls {call.name}.",
        "decision_asked": f"May it call {call.name} with these arguments?",
        "next_steps": ["The run goes on with the verdict."],
        **given,
    }


def _refusal_of_all(refusals: Sequence[tuple[Call, Refused]]) -> Refused:
    """The first refusal, with what is wrong with each call at its own place in the body."""
    first = refusals[0][1]
    faults = [fault for call, refused in refusals for fault in _faults_at(call, refused)]
    return type(first)(first.detail, code=first.code, faults=faults, **first.facts)


def _faults_at(call: Call, refused: Refused) -> Iterator[Fault]:
    if not refused.faults:
        at = call.name_at if refused.code == "unknown_action_type" else call.pointer
        yield Fault(at, refused.code, refused.detail)
    for fault in refused.faults:
        head, payload, rest = fault.pointer.partition("/payload")
        at = call.args_at + rest if payload and not head else call.pointer
        yield replace(fault, pointer=at)


def _earlier(agent: Agent, asked: Asked, key: str) -> Opened | None:
    """The thread that this interrupt was answered with before, if it is the same one.

    Where nothing tells two interrupts apart, one that is decided is over: a verdict is never
    used for another one that reads the same.
    """
    thread = WireThread.objects.filter(agent=agent, key=key).first()
    if thread is None:
        return None
    if thread.request_digest != asked.digest:
        raise KeyReused("This key came with another interrupt before. Nothing was staged.")
    if not asked.key and not asked.interrupt.ids and not threads.is_open(thread):
        WireThread.objects.filter(pk=thread.pk).update(key="")
        return None
    first = Submission.objects.filter(action__wire_call__thread=thread)
    staged = first.order_by("action__wire_call__place").values_list("answer", flat=True)
    return Opened(thread, list(staged), replayed=True)
