"""Every row of what happens to a staged action, in one place to import from."""

from approvals.models.actions import TIER_RANKS, Action, Content, Purpose, Refusal, Submission
from approvals.models.decisions import (
    APPROVING,
    DECIDING,
    Cause,
    Decision,
    Reason,
    Verdict,
    Viewing,
)
from approvals.models.readings import Reading
from approvals.models.trials import Trial, TrialState
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
    "APPROVING",
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
    "Reading",
    "Reason",
    "Refusal",
    "Submission",
    "Sweep",
    "Trial",
    "TrialState",
    "Verdict",
    "Viewing",
]
