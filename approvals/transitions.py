"""THE ONLY writer of an action's state, step, addressee and deadline: one conditional write, one
event, in the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.db import connection

from approvals import compare_and_set
from approvals.compare_and_set import Write
from approvals.errors import Conflict
from approvals.models import Action, Content
from approvals.states import ARROWS, Mover, State
from ledger import clock, record

WAKE_CHANNEL = "review_queue_left_pending"
MOVED_ON = "This changed while you looked. Nothing was done."


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page showed, and a decision is therefore bound to."""

    revision: int
    payload_digest: str
    policy_revision: str

    @classmethod
    def of(cls, action: Action) -> Self:
        return cls(action.revision, action.payload_digest, action.policy_revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One arrow of the table that an action is to move along; see `move`."""

    action: Action
    to: State
    mover: Mover
    actor: str
    event: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    sealed: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    seen: Seen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """A change of step, addressee or deadline within a state; see `advance`."""

    action: Action
    actor: str
    event: str
    changes: Mapping[str, Any]
    body: Mapping[str, Any] = field(default_factory=dict)
    sealed: Mapping[str, Any] = field(default_factory=dict)
    seen: Seen | None = None


def create(*, action: Action, content: Content, actor: str, sealed: Mapping[str, Any]) -> None:
    """Inserts a newly judged action with its first content and the events that tell of it."""
    assert (None, State(action.state)) in ARROWS
    action.save(force_insert=True)
    content.save(force_insert=True)
    to = State.PENDING if action.state == State.PENDING else None
    body = {"from": None, "to": to, **_judgement(action, content)}
    _tell(action, "action.staged", actor, body, sealed)
    if to is None:
        _tell_policy(action, content, start=None)


def move(
    *,
    action: Action,
    to: State,
    mover: Mover,
    actor: str,
    event: str = "",
    body: Mapping[str, Any] | None = None,
    sealed: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    seen: Seen | None = None,
) -> None:
    """Moves the action along one arrow of the table, or raises Conflict and writes nothing.

    It holds only if the row still is in the state, revision, digest and policy revision that the
    caller (or the page the caller saw: `seen`) knows. Loses a race politely.
    """
    move_all(
        [
            Move(
                action=action,
                to=to,
                mover=mover,
                actor=actor,
                event=event,
                body=body or {},
                sealed=sealed or {},
                changes=changes or {},
                seen=seen,
            )
        ]
    )


def move_all(moves: Sequence[Move]) -> None:
    """Moves many actions at once: each by a conditional write, all of them told in one go.

    All of them move, or Conflict is raised; the caller's transaction then undoes the first ones.
    """
    now = clock.now()
    waited_for = [move.action for move in moves if move.action.state == State.PENDING]
    entries = [_entry_of_move(move) for move in moves]
    if len(_write_all([_write_of_move(move, now) for move in moves])) < len(moves):
        raise Conflict(MOVED_ON)
    record.append_all(entries, at=now)
    if waited_for:
        _wake(*waited_for)


def advance(
    *,
    action: Action,
    actor: str,
    event: str,
    changes: Mapping[str, Any],
    body: Mapping[str, Any] | None = None,
    sealed: Mapping[str, Any] | None = None,
    seen: Seen | None = None,
) -> None:
    """Changes step, addressee or deadline within a state; Conflict if another was first."""
    wished = Advance(
        action=action,
        actor=actor,
        event=event,
        changes=changes,
        body=body or {},
        sealed=sealed or {},
        seen=seen,
    )
    if not advance_all([wished]):
        raise Conflict(MOVED_ON)


def advance_all(advances: Sequence[Advance]) -> list[Action]:
    """Advances many actions at once; those it did. Where another was first, nothing is done."""
    now = clock.now()
    written = _write_all([_write_of_advance(advance, now) for advance in advances])
    done = [advance for advance in advances if advance.action.pk in written]
    record.append_all([_entry_of_advance(advance) for advance in done], at=now)
    return [advance.action for advance in done]


def revise(*, action: Action, content: Content, actor: str, changes: Mapping[str, Any]) -> None:
    """Puts a new revision, judged afresh, in the place of the one that was sent back.

    It becomes pending again, or blocked by the policy; no revision is approved by itself.
    """
    start = State(action.state)
    assert (start, State.PENDING) in ARROWS
    assert changes["state"] in {State.PENDING, State.BLOCKED}
    _write(action, changes)
    content.save(force_insert=True)
    body = {"from": start, "to": State.PENDING, **_judgement(action, content)}
    _tell(action, "action.revised", actor, body, {})
    if action.state != State.PENDING:
        _tell_policy(action, content, start=State.PENDING)


def rejudge(
    *, action: Action, content: Content, changes: Mapping[str, Any], body: Mapping[str, Any]
) -> None:
    """Puts a stricter judgement in the place of the one that it waits, or was approved, under.

    It is pending afterwards, or blocked by the policy; Conflict where somebody was first. `body`
    says what it was judged like before.
    """
    start, to = State(action.state), State(changes.get("state", State.PENDING))
    assert start == State.PENDING or Mover.POLICY in ARROWS[start, State.PENDING].movers
    assert to in {State.PENDING, State.BLOCKED}
    _write(action, changes, step=action.step)
    content.save(update_fields=["circumstances", "findings", "computed_impact", "policy_revision"])
    moved = {} if start == State.PENDING else {"from": start, "to": State.PENDING}
    words = {"because": [finding["because"] for finding in content.findings]}
    event = "action.recalled" if moved else "action.rejudged"
    actor = f"policy:{action.policy_revision}"
    _tell(action, event, actor, {**moved, **_judgement(action, content), **body}, words)
    if to == State.BLOCKED:
        _tell_policy(action, content, start=State.PENDING)
        _wake(action)


def _write_of_move(move: Move, now: datetime) -> Write:
    action, start = move.action, move.action.state
    left = {"held": False, "next_step_at": None} if start == State.PENDING else {}
    changes = {"changed_at": now, **left, **move.changes, "state": move.to}
    return Write(action, _expected(action, move.seen), changes)


def _entry_of_move(move: Move) -> record.Entry:
    """The event that tells of it; Conflict where the table has no such arrow."""
    action, to, start = move.action, move.to, State(move.action.state)
    arrow = ARROWS.get((start, to))
    if arrow is None or move.mover not in arrow.movers:
        raise Conflict(f"It is {start}, so it cannot become {to}.", state=start)
    body = {"from": start, "to": to, "revision": action.revision, **move.body}
    return _entry(action, move.event or f"action.{to}", move.actor, body, move.sealed)


def _write_of_advance(advance: Advance, now: datetime) -> Write:
    action = advance.action
    clock_seen = {"step": action.step, "next_step_at": action.next_step_at}
    expected = {**_expected(action, advance.seen), **clock_seen}
    return Write(action, expected, {"changed_at": now, **advance.changes})


def _entry_of_advance(advance: Advance) -> record.Entry:
    body = {"revision": advance.action.revision, **advance.body}
    return _entry(advance.action, advance.event, advance.actor, body, advance.sealed)


def _write(action: Action, changes: Mapping[str, Any], **expected: Any) -> None:
    """One conditional write; Conflict if another was first."""
    wished = {"changed_at": clock.now(), **changes}
    if not _write_all([Write(action, {**_expected(action, None), **expected}, wished)]):
        raise Conflict(MOVED_ON)


def _write_all(writes: Sequence[Write]) -> set[UUID]:
    """Writes what is as it was seen, in the rows and in memory; the ids of what was."""
    written = compare_and_set.write_all(writes)
    for write in writes:
        if write.action.pk in written:
            for name, value in write.changes.items():
                setattr(write.action, name, value)
    return written


def _expected(action: Action, seen: Seen | None) -> dict[str, Any]:
    """What every write depends on: nobody changed what the page, or the caller, has seen."""
    seen = seen or Seen.of(action)
    return {
        "state": action.state,
        "revision": seen.revision,
        "payload_digest": seen.payload_digest,
        "policy_revision": seen.policy_revision,
    }


def _tell_policy(action: Action, content: Content, *, start: State | None) -> None:
    """What the policy decided by itself: its own event, by its own actor."""
    body = {"from": start, "to": action.state, "payload": content.seal}
    actor = f"policy:{action.policy_revision}"
    _tell(action, f"action.{action.state}", actor, body, {})


def _judgement(action: Action, content: Content) -> dict[str, Any]:
    return {
        "revision": action.revision,
        "workflow": str(action.workflow_id),
        "action_type": action.action_type.key,
        "purpose": action.purpose,
        "tier": action.tier,
        "mode": action.mode,
        "policy": action.policy_revision,
        "rules": [finding["rule"] for finding in content.findings],
        "payload": content.seal,
        "due_at": action.due_at.isoformat() if action.due_at else None,
    }


def _tell(
    action: Action, event: str, actor: str, body: Mapping[str, Any], sealed: Mapping[str, Any]
) -> None:
    """At the instant that the row says."""
    record.append_all([_entry(action, event, actor, body, sealed)], at=action.changed_at)


def _entry(
    action: Action, event: str, actor: str, body: Mapping[str, Any], sealed: Mapping[str, Any]
) -> record.Entry:
    return record.Entry(
        scope=str(action.team_id),
        stream=action.stream,
        type=event,
        actor=actor,
        body=body,
        sealed={name: value for name, value in sealed.items() if value},
    )


def _wake(*actions: Action) -> None:
    """Tells whoever waits for the decision on one of these actions, at commit."""
    ids = [str(action.pk) for action in actions]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify(%s, id) FROM unnest(%s::text[]) AS id", [WAKE_CHANNEL, ids]
        )
