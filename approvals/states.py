"""PURE: the states of a staged action and every arrow between them, in one table."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    BLOCKED = "blocked"
    PENDING = "pending"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    TAKEN_OVER = "taken_over"
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    OBSERVED = "observed"
    RELEASED = "released"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    ROLLBACK_REQUESTED = "rollback_requested"
    ROLLED_BACK = "rolled_back"
    ROLLBACK_FAILED = "rollback_failed"


class Mover(StrEnum):
    """Who draws an arrow. `POLICY` and `TIME` are the automatic ones."""

    POLICY = "policy"
    TIME = "time"
    AGENT = "agent"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Arrow:
    """One allowed move. `start` is None where staging makes the action."""

    start: State | None
    end: State
    movers: frozenset[Mover]
    when: str

    @property
    def automatic(self) -> bool:
        return bool(self.movers & {Mover.POLICY, Mover.TIME})


def _arrow(start: State | None, end: State, movers: str, when: str) -> Arrow:
    return Arrow(start, end, frozenset(Mover(mover) for mover in movers.split()), when)


S = State
TRANSITIONS: tuple[Arrow, ...] = (
    _arrow(None, S.PENDING, "policy", "a person has to decide"),
    _arrow(None, S.APPROVED, "policy", "tier autonomous or spot_check: the policy approves"),
    _arrow(None, S.BLOCKED, "policy", "tier blocked: kept on record, never done"),
    _arrow(None, S.OBSERVED, "policy", "a test or a drill: judged, and never done"),
    _arrow(S.PENDING, S.APPROVED, "person", "approved, as staged or edited"),
    _arrow(S.PENDING, S.REJECTED, "person", "rejected with a reason"),
    _arrow(S.PENDING, S.CHANGES_REQUESTED, "person", "sent back to the agent"),
    _arrow(S.PENDING, S.TAKEN_OVER, "person", "the person does it"),
    _arrow(S.PENDING, S.ANSWERED, "person", "a question or a case is answered"),
    _arrow(S.PENDING, S.ACCEPTED, "person", "accepted where nothing may be executed"),
    _arrow(S.PENDING, S.EXPIRED, "time", "nobody decided in time"),
    _arrow(S.PENDING, S.WITHDRAWN, "agent policy", "taken back, or its step failed"),
    _arrow(S.PENDING, S.BLOCKED, "policy", "judged again, and blocked"),
    _arrow(S.PENDING, S.OBSERVED, "person", "shadow mode: decided blind, nothing is done"),
    _arrow(S.CHANGES_REQUESTED, S.PENDING, "agent", "revised, and judged afresh"),
    _arrow(S.CHANGES_REQUESTED, S.WITHDRAWN, "agent policy", "given up, or its step failed"),
    _arrow(S.CHANGES_REQUESTED, S.EXPIRED, "time", "the agent did not revise in time"),
    _arrow(S.REJECTED, S.PENDING, "person", "undone by whoever rejected it"),
    _arrow(S.APPROVED, S.RELEASED, "agent", "the agent takes the approved content"),
    _arrow(S.APPROVED, S.REVOKED, "person policy", "taken back, or its step failed"),
    _arrow(S.APPROVED, S.EXPIRED, "time", "past not_after, or past the approval's life"),
    _arrow(S.APPROVED, S.PENDING, "policy person agent", "undone, judged stricter, world changed"),
    _arrow(S.RELEASED, S.SUCCEEDED, "agent", "the agent reports success"),
    _arrow(S.RELEASED, S.FAILED, "agent", "the agent reports failure"),
    _arrow(S.RELEASED, S.UNKNOWN, "time", "the lease ran out without an outcome"),
    _arrow(S.RELEASED, S.APPROVED, "time", "the lease ran out and its type is idempotent"),
    _arrow(S.UNKNOWN, S.SUCCEEDED, "person", "settled: it was done"),
    _arrow(S.UNKNOWN, S.FAILED, "person", "settled: it was not done"),
    _arrow(S.SUCCEEDED, S.ROLLBACK_REQUESTED, "person", "a person asks for rollback"),
    _arrow(S.FAILED, S.ROLLBACK_REQUESTED, "person", "a person asks for rollback"),
    _arrow(S.ROLLBACK_REQUESTED, S.ROLLED_BACK, "agent person", "it is reported undone"),
    _arrow(S.ROLLBACK_REQUESTED, S.ROLLBACK_FAILED, "agent person policy time", "it is not undone"),
    _arrow(S.ROLLBACK_FAILED, S.ROLLBACK_REQUESTED, "person", "asked for once more"),
)
ARROWS = {(arrow.start, arrow.end): arrow for arrow in TRANSITIONS}

APPROVED_ONCE = frozenset(
    {
        S.APPROVED,
        S.RELEASED,
        S.SUCCEEDED,
        S.FAILED,
        S.UNKNOWN,
        S.ROLLBACK_REQUESTED,
        S.ROLLED_BACK,
        S.ROLLBACK_FAILED,
    }
)
"""What only an approved action can come to: it always carries an approved digest."""


def can_move(start: State | None, end: State) -> bool:
    return (start, end) in ARROWS


def is_final(state: State) -> bool:
    """Nothing leads out of it any more."""
    return all(arrow.start != state for arrow in TRANSITIONS)
