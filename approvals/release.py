"""The agent's verbs after approval: it takes the approved content under a lease, at most one at a
time, and never past a stop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jsonpointer
from django.db import transaction
from django.db.models import F

from agents_registry import gate
from agents_registry.models import Agent, Workflow
from approvals import dependencies, ladder, spreading, takeable, timetable, transitions
from approvals.errors import Conflict, Missing
from approvals.models import APPROVING, Action, Content, Decision, Lease, Verdict
from approvals.querysets import stopped
from approvals.states import Mover, State
from ledger import clock
from ledger.canonical import digest

DEFAULT_LEASE_SECONDS = 300
UNDONE = (*APPROVING, Verdict.REJECTED)
"""The verdicts that a person can take back, and that no longer count when it is pending again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A lease with what may now be done, once, by whoever holds it."""

    lease: Lease
    action: Action
    payload: dict[str, Any]
    approved_by: list[str]
    edits: list[dict[str, Any]]
    missing: list[str]
    """Steps that came to nothing and that the workflow goes on without."""


def approval_fields(content: Content, fields: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What an approval by the policy puts on the action."""
    return {
        "approved_digest": content.payload_digest,
        "approved_seal": content.seal,
        "release_id": uuid4(),
        "releasable_from": now,
        "approval_ends_at": timetable.life_end(fields["frozen"], fields["tier"], now),
        "decided_at": now,
    }


def lease(
    *,
    agent: Agent,
    action_id: UUID,
    seconds: int = DEFAULT_LEASE_SECONDS,
    observed: list[dict[str, Any]] | None = None,
) -> Taken:
    """Takes one approved action.

    Missing, Stopped, or Conflict with a code of the contract: not_approved, draft_only, leased,
    too_early, too_late, not_live, waiting_for, world_changed. After world_changed it is with the
    reviewer.
    """
    with transaction.atomic():
        gate.enter(agent.team_id)
        action = _locked(agent, action_id)
        takeable.check(action, takeable.terms_now(action.action_type), clock.now())
        dependencies.check_nothing_awaited(action)
        mismatch = _mismatch(_content(action), observed or [])
        if mismatch is None:
            return _take(agent, action, seconds, dependencies.missing([action]))
        reopen(action=action, mover=Mover.AGENT, actor=f"agent:{agent.pk}", event="world_changed")
    raise Conflict(mismatch, code="world_changed")


@transaction.atomic
def lease_next(
    *, agent: Agent, workflow_slug: str, limit: int, seconds: int = DEFAULT_LEASE_SECONDS
) -> list[Taken]:
    """Takes up to `limit` approved actions of the workflow that no other agent is taking.

    What is outside its window, or waits for another action, hides nothing of what can be taken.
    """
    gate.enter(agent.team_id)
    workflow = Workflow.objects.filter(team=agent.team_id, slug=workflow_slug, agents=agent).first()
    if workflow is None:
        raise Missing("No such workflow for this agent.", code="unknown_workflow")
    now, terms = clock.now(), takeable.terms_of(workflow)
    shut = [pk for pk, each in terms.items() if not takeable.is_open(each, now)]
    ready = (
        Action.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("action_type", "agent")
        .filter(takeable.is_ready(now), agent=agent, workflow=workflow, state=State.APPROVED)
        .exclude(stopped())
        .exclude(action_type__in=shut)
        .exclude(dependencies.waits())
        .order_by("tier_rank", "id")
    )
    found = [each for each in ready[:limit] if takeable.can(each, terms[each.action_type_id], now)]
    missing = dependencies.missing(found)
    return [_take(agent, action, seconds, missing) for action in found]


def reopen(*, action: Action, mover: Mover, actor: str, event: str) -> None:
    """Takes an approval back: the action is pending again, with a fresh clock."""
    reopen_all(actions=[action], mover=mover, actor=actor, event=event)


def reopen_all(*, actions: Sequence[Action], mover: Mover, actor: str, event: str) -> None:
    """The same for many at once; Conflict where one of them has moved on meanwhile."""
    now = clock.now()
    transitions.move_all(
        [
            transitions.Move(
                action=action,
                to=State.PENDING,
                mover=mover,
                actor=actor,
                event=f"action.{event}",
                changes=fields_without_approval(action, action.frozen, now),
            )
            for action in actions
        ]
    )
    Decision.objects.filter(
        action__in=actions,
        revision=F("action__revision"),
        verdict__in=UNDONE,
        undone_at__isnull=True,
    ).update(undone_at=now)


def fields_without_approval(
    action: Action, frozen: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """What is left on an action whose approval is taken back: it waits from the first step on."""
    return {
        **spreading.begin(
            workflow=action.workflow_id,
            frozen=frozen,
            step=0,
            start=now,
            not_after=action.not_after,
        ),
        **ladder.first_asked(action, frozen["stages"][0]["who"]).columns(),
        "approved_digest": "",
        "approved_seal": "",
        "release_id": None,
        "releasable_from": None,
        "approval_ends_at": None,
        "decided_at": None,
    }


def _locked(agent: Agent, action_id: UUID) -> Action:
    action = (
        Action.objects.select_for_update(of=("self",))
        .select_related("action_type__workflow__risk_owner", "action_type__send_window", "agent")
        .filter(pk=action_id, agent=agent)
        .first()
    )
    if action is None:
        raise Missing("This agent has no such action.")
    return action


def _take(agent: Agent, action: Action, seconds: int, missing: Mapping[UUID, list[str]]) -> Taken:
    now, fence = clock.now(), action.fence + 1
    held = Lease.objects.create(
        action=action,
        agent=agent,
        fence=fence,
        leased_at=now,
        expires_at=now + timedelta(seconds=seconds),
    )
    without = {"missing": missing[action.pk]} if action.pk in missing else {}
    transitions.move(
        action=action,
        to=State.RELEASED,
        mover=Mover.AGENT,
        actor=f"agent:{agent.pk}",
        body={"lease": str(held.pk), "fence": fence, "payload": action.approved_seal, **without},
        changes={"fence": fence},
    )
    approvals = takeable.approvals_of(action)
    edited = _edit_among(approvals)
    return Taken(
        lease=held,
        action=action,
        payload=approved_payload(action, _content(action)),
        approved_by=[decision.person.username for decision in approvals]
        or [f"policy:{action.policy_revision}"],
        edits=list(edited.patch or []) if edited else [],
        missing=missing.get(action.pk, []),
    )


def approved_payload(action: Action, content: Content) -> dict[str, Any]:
    """The content whose digest is approved: a person's edit, or what the agent sent."""
    edited = _edit_among(takeable.approvals_of(action))
    payload: Any = edited.edited_payload if edited else content.payload
    assert not action.approved_digest or digest(payload) == action.approved_digest
    return dict(payload)


def _edit_among(approvals: list[Decision]) -> Decision | None:
    return next((each for each in approvals if each.edited_payload is not None), None)


def _content(action: Action) -> Content:
    return action.contents.get(revision=action.revision)


def _mismatch(content: Content, observed: list[dict[str, Any]]) -> str | None:
    """Why the world is not as the preconditions say, or None. What was not observed differs."""
    seen = {item["path"]: item.get("value") for item in observed}
    for condition in content.preconditions:
        path = condition["path"]
        expected = condition.get("equals", jsonpointer.resolve_pointer(content.before, path, None))
        if path not in seen or seen[path] != expected:
            return f"{path} is no longer as it was when this was staged. It is with a reviewer."
    return None
