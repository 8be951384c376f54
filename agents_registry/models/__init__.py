"""Every row of the registry, in one place to import from."""

from agents_registry.models.absences import Absence
from agents_registry.models.agents import WORKING_SCOPES, Agent, AgentToken, Scope
from agents_registry.models.downgrades import Downgrade
from agents_registry.models.people import Membership, Person, Pool, Role, Team
from agents_registry.models.revisions import (
    ChangeEnd,
    ChangeRequest,
    PolicyChange,
    Revision,
    RevisionKind,
)
from agents_registry.models.standards import Standard
from agents_registry.models.stops import Stop, StopKind
from agents_registry.models.subjects import SubjectPerson
from agents_registry.models.timing import Calendar, EscalationChain, Fallback
from agents_registry.models.workflows import (
    DEPUTIES,
    OWNER_ROLES,
    ActionType,
    AfterStep,
    OnStop,
    Workflow,
)

__all__ = [
    "DEPUTIES",
    "OWNER_ROLES",
    "WORKING_SCOPES",
    "Absence",
    "ActionType",
    "AfterStep",
    "Agent",
    "AgentToken",
    "Calendar",
    "ChangeEnd",
    "ChangeRequest",
    "Downgrade",
    "EscalationChain",
    "Fallback",
    "Membership",
    "OnStop",
    "Person",
    "PolicyChange",
    "Pool",
    "Revision",
    "RevisionKind",
    "Role",
    "Scope",
    "Standard",
    "Stop",
    "StopKind",
    "SubjectPerson",
    "Team",
    "Workflow",
]
