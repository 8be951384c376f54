"""Every row of what happens to a staged action, in one place to import from."""

from approvals.models.actions import TIER_RANKS, Action, Content, Dependency, Purpose
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
from approvals.models.endpoints import Call, CallAttempt, CallState, Endpoint
from approvals.models.memory import Guidance, Opinion, Result
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
from approvals.models.submissions import Refusal, Submission
from approvals.models.trials import Trial, TrialState
from approvals.models.wire import WireCall, WireThread
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
    "Call",
    "CallAttempt",
    "CallState",
    "Cause",
    "Channel",
    "ChannelKind",
    "Content",
    "Decision",
    "Delivery",
    "DeliveryState",
    "Dependency",
    "Endpoint",
    "FollowUp",
    "FollowUpChoice",
    "FollowUpKind",
    "Guidance",
    "Lease",
    "LeaseEnd",
    "Mistake",
    "Notice",
    "NoticeKind",
    "Opinion",
    "Outcome",
    "Pace",
    "Purpose",
    "Reading",
    "Reason",
    "Refusal",
    "Result",
    "SavedView",
    "Severity",
    "SpotCheck",
    "Submission",
    "Sweep",
    "Trial",
    "TrialState",
    "Verdict",
    "Viewing",
    "WireCall",
    "WireThread",
]
