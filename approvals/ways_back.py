"""How an action is undone: by another one that is staged for it, or by its agent in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import F

from agents_registry.models import ActionType, Workflow
from approvals import payloads, undoing
from approvals.errors import Invalid
from approvals.models import APPROVING, Action, Content, Decision, Outcome
from approvals.states import State

CAN_BE_ASKED = frozenset({State.SUCCEEDED, State.FAILED, State.ROLLBACK_FAILED})
IN_BETWEEN = {
    State.APPROVED: "No agent has taken it yet. Nothing was asked. Undo the approval instead.",
    State.RELEASED: "The agent is doing it now. Nothing was asked. Ask again when it has reported.",
    State.UNKNOWN: "Nobody knows whether it was done. Nothing was asked. "
    "The system owner settles that first.",
    State.ROLLBACK_REQUESTED: "Rollback was asked for already. Nothing more was asked. "
    "Its page says how far it is.",
    State.ROLLED_BACK: "It is rolled back already. Nothing was asked. Nothing is left to do.",
}
NEVER_DONE = (
    "It was never done, so there is nothing to roll back. Nothing was asked. "
    "Report a mistake where something is wrong with it."
)
BY_HAND = "Report a mistake: then the workflow owner sees to it by hand."


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The way back of one action. `action_type` with its `payload` is what would be staged; None
    where the agent undoes it as `path` says. `obstacle`: why it cannot be asked for now, or empty.
    """

    path: str
    action_type: ActionType | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    before: Any = None
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    """What ways back are made of, read for many actions at once."""

    types: Mapping[tuple[UUID, str], ActionType]
    let_in: set[tuple[UUID, UUID]]
    contents: Mapping[UUID, Content]
    edits: Mapping[UUID, Any]
    outcomes: Mapping[UUID, Outcome]

    def of(self, action: Action) -> dict[str, Any]:
        """What a way back may take values from."""
        content, outcome = self.contents[action.pk], self.outcomes.get(action.pk)
        told: dict[str, Any] = {"release_id": str(action.release_id)}
        if outcome:
            told |= {"status": outcome.status, "cost": outcome.cost, "value": outcome.value}
        return {
            "payload": self.edits.get(action.pk, content.payload),
            "before": content.before,
            "after": outcome.after if outcome else None,
            "outcome": told,
        }


def of(action: Action) -> Way:
    return of_each([action])[action.pk]


def of_each(actions: Sequence[Action]) -> dict[UUID, Way]:
    """The way back of each as things are, in a number of queries that does not grow."""
    ready = [each for each in actions if each.action_type.rollback and not _too_early(each)]
    known = _known(ready)
    staged = {action.pk: _staged(action, known) for action in ready}
    return {action.pk: staged.get(action.pk) or _told(action) for action in actions}


def _too_early(action: Action) -> str:
    """Why its state is against it; empty where it is not."""
    state = State(action.state)
    return "" if state in CAN_BE_ASKED else IN_BETWEEN.get(state, NEVER_DONE)


def _told(action: Action) -> Way:
    path = action.action_type.rollback_path.strip()
    obstacle = _too_early(action)
    # Without a named way the agent would have to invent one, and nobody would have reviewed that.
    if not obstacle and not path:
        obstacle = (
            f"No way back is named for {action.action_type}. Nothing was asked of the agent. "
            f"{BY_HAND}"
        )
    return Way(path=path, obstacle=obstacle)


def _staged(action: Action, known: _Known) -> Way:
    """By another action; where that cannot be staged, not by anything else in its place."""
    way: Any = action.action_type.rollback
    path, sources = action.action_type.rollback_path.strip(), known.of(action)
    undoes = known.types.get((action.workflow_id, way["type"]))
    if undoes is None:
        return Way(path=path, obstacle=_refusal(f"{way['type']} is not listed any more"))
    if (action.workflow_id, action.agent_id) not in known.let_in:
        return Way(path=path, obstacle=_refusal("its agent is not let into the workflow any more"))
    payload, unknown = undoing.payload_of(way["payload"], sources)
    if unknown:
        missing = f"nothing is known at {', '.join(sorted(unknown))}"
        return Way(path=path, action_type=undoes, obstacle=_refusal(missing))
    return Way(
        path=path,
        action_type=undoes,
        payload=payload,
        before=sources["after"],
        obstacle=_misfit(undoes, payload),
    )


def _refusal(why: str) -> str:
    return f"What would undo it cannot be staged: {why}. Nothing was asked. {BY_HAND}"


def _misfit(undoes: ActionType, payload: dict[str, Any]) -> str:
    try:
        payloads.check(undoes.payload_schema, payload)
    except Invalid as refusal:
        places = ", ".join(fault.pointer for fault in refusal.faults)
        return _refusal(f"{undoes} does not take it so ({places})")
    return ""


def _known(actions: Sequence[Action]) -> _Known:
    if not actions:
        return _Known({}, set(), {}, {}, {})
    workflows = {action.workflow_id for action in actions}
    keys = {action.action_type.rollback["type"] for action in actions}  # type: ignore[index]
    types = ActionType.objects.filter(
        workflow__in=workflows, key__in=keys, retired_at__isnull=True
    ).filter(workflow__archived_at__isnull=True)
    pairs = Workflow.agents.through.objects.filter(workflow__in=workflows)
    edits = Decision.objects.filter(
        action__in=actions,
        revision=F("action__revision"),
        payload_digest=F("action__approved_digest"),
        verdict__in=APPROVING,
        undone_at__isnull=True,
        edited_payload__isnull=False,
    )
    said = Content.objects.filter(action__in=actions, revision=F("action__revision"))
    contents = said.only("action", "payload", "before")
    return _Known(
        types={(row.workflow_id, row.key): row for row in types.select_related("workflow")},
        let_in=set(pairs.values_list("workflow_id", "agent_id")),
        contents={row.action_id: row for row in contents},
        edits={row.action_id: row.edited_payload for row in edits},
        outcomes=_newest(Outcome.objects.filter(action__in=actions).order_by("created_at", "pk")),
    )


def _newest(outcomes: Iterable[Outcome]) -> dict[UUID, Outcome]:
    return {outcome.action_id: outcome for outcome in outcomes}
