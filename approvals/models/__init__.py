"""Every row of what happens to a staged action, in one place to import from."""

from approvals.models.actions import TIER_RANKS, Action, Content, Purpose, Refusal, Submission
from approvals.models.decisions import DECIDING, Cause, Decision, Reason, Verdict, Viewing
from approvals.models.work import (
    FollowUp,
    FollowUpChoice,
    FollowUpKind,
    Lease,
    LeaseEnd,
    Outcome,
    Sweep,
)

__all__ = [
    "DECIDING",
    "TIER_RANKS",
    "Action",
    "Cause",
    "Content",
    "Decision",
    "FollowUp",
    "FollowUpChoice",
    "FollowUpKind",
    "Lease",
    "LeaseEnd",
    "Outcome",
    "Purpose",
    "Reason",
    "Refusal",
    "Submission",
    "Sweep",
    "Verdict",
    "Viewing",
]
