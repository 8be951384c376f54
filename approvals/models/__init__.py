"""Every row of what happens to a staged action, in one place to import from."""

from approvals.models.actions import TIER_RANKS, Action, Content, Purpose, Refusal, Submission
from approvals.models.checks import Mistake, Severity, SpotCheck
from approvals.models.decisions import (
    APPROVING,
    DECIDING,
    BatchDefect,
    Cause,
    Decision,
    Reason,
    Verdict,
    Viewing,
)
from approvals.models.notices import (
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    Notice,
    NoticeKind,
    Pace,
)
from approvals.models.readings import Reading
from approvals.models.saved_views import SavedView
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
    "BatchDefect",
    "Cause",
    "Channel",
    "ChannelKind",
    "Content",
    "Decision",
    "Delivery",
    "DeliveryState",
    "FollowUp",
    "FollowUpChoice",
    "FollowUpKind",
    "Lease",
    "LeaseEnd",
    "Mistake",
    "Notice",
    "NoticeKind",
    "Outcome",
    "Pace",
    "Purpose",
    "Reading",
    "Reason",
    "Refusal",
    "SavedView",
    "Severity",
    "SpotCheck",
    "Submission",
    "Sweep",
    "Trial",
    "TrialState",
    "Verdict",
    "Viewing",
]
