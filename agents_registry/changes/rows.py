"""Says of each kind of row what it is called, whose it is, and which stream tells of it."""

from agents_registry.models import (
    ActionType,
    Agent,
    Calendar,
    EscalationChain,
    Membership,
    Pool,
    Standard,
    Team,
    Workflow,
)

Row = (
    Team | Membership | Pool | Calendar | EscalationChain | Agent | Standard | Workflow | ActionType
)

KINDS: dict[type, str] = {
    Team: "team",
    Membership: "person",
    Pool: "pool",
    Calendar: "calendar",
    EscalationChain: "chain",
    Agent: "agent",
    Standard: "standard",
    Workflow: "workflow",
    ActionType: "action_type",
}


def kind_of(row: Row) -> str:
    return KINDS[type(row)]


def name_of(row: Row) -> str:
    """What identifies the row in its stream; of people only the number, never the name."""
    match row:
        case ActionType():
            return row.key
        case Membership():
            return f"person:{row.person_id}"
    return row.slug


def workflow_of(row: Row) -> Workflow | None:
    """The workflow whose owners answer for the row; None for what a whole team shares."""
    match row:
        case ActionType():
            return row.workflow
        case Workflow():
            return row
    return None


def team_of(row: Row) -> Team:
    match row:
        case Team():
            return row
        case ActionType():
            return row.workflow.team
    return row.team


def holder_of(row: Row) -> Team | Workflow | Agent:
    """The row whose stream tells of this one, and whose lock orders the writers of that stream."""
    return row if isinstance(row, Agent) else workflow_of(row) or team_of(row)


def stream_of(row: Row) -> str:
    holder = holder_of(row)
    return f"{kind_of(holder)}:{holder.pk}"
