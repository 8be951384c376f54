"""An action waits with one pool: the workflow's, or the one that its policy, its chain or a person
named. The work moves; the right to decide does not."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from agents_registry.models import ActionType, Agent, Person, Pool, Role, Workflow
from agents_registry.policy.findings import Mode
from approvals import addressing, deadlines, downgrading, leaving, review
from approvals.errors import Invalid
from approvals.models import Action
from approvals.permissions import can_decide
from ledger import record
from ledger.models import Event
from tests.factories import create_action, create_person, create_team, make_due, seen

pytestmark = pytest.mark.django_db

LEGAL_SIGNS = {
    "id": "large",
    "words": "Legal signs it.",
    "when": "true",
    "ask": "pool:legal",
    "effect": {"raise_to": "mandatory"},
}


@pytest.fixture
def legal(workflow: Workflow) -> Pool:
    """A pool of one."""
    pool = Pool.objects.create(team=workflow.team, slug="legal", name="Legal")
    pool.people.add(create_person(team=workflow.team))
    return pool


@pytest.fixture
def lawyer(legal: Pool) -> Person:
    person: Person = legal.people.get()
    return person


def fresh(action: Action) -> Action:
    return Action.objects.get(pk=action.pk)


def waits_for(client: Client, person: Person, view: str = "mine") -> bool:
    client.force_login(person)
    return "order A-1" in client.get(f"/inbox/?view={view}").content.decode()


def escalating_to_legal(workflow: Workflow) -> None:
    stage = {"who": "pool:legal", "within": "2 hours", "remind": None}
    workflow.chain.stages = [stage, {**stage, "who": "workflow_owner"}]
    workflow.chain.save()


def step(action: Action) -> Action:
    make_due(action)
    assert deadlines.sweep_steps() == 1
    return fresh(action)


def test_nothing_waits_with_a_pool_of_its_own_unless_one_is_named(
    client: Client, action: Action, reviewer: Person, lawyer: Person
) -> None:
    assert action.pool is None
    assert waits_for(client, reviewer)
    assert not waits_for(client, lawyer)


def test_what_a_pool_has_to_sign_waits_with_that_pool(
    client: Client, agent: Agent, refund: ActionType, legal: Pool, lawyer: Person, reviewer: Person
) -> None:
    refund.stop_rules = [LEGAL_SIGNS]
    refund.save()
    action = create_action(agent, refund)
    assert (action.signers, action.pool, action.assignee) == (["pool:legal"], legal, None)
    assert waits_for(client, lawyer)
    assert waits_for(client, lawyer, "pool")
    assert not waits_for(client, reviewer)
    assert not waits_for(client, reviewer, "pool")
    assert can_decide(lawyer, action)
    assert not can_decide(reviewer, action)


def test_escalation_to_a_pool_lets_its_people_decide_and_takes_nobody_away(
    client: Client,
    agent: Agent,
    refund: ActionType,
    workflow: Workflow,
    legal: Pool,
    lawyer: Person,
    reviewer: Person,
) -> None:
    escalating_to_legal(workflow)
    action = create_action(agent, refund)
    assert not can_decide(lawyer, action)
    action = step(action)
    assert (action.pool, action.assignee, action.step) == (legal, None, 1)
    told = Event.objects.filter(stream=action.stream).latest("seq")
    assert (told.type, record.body_of(told)["to"]) == ("action.escalated", "pool:legal")
    assert can_decide(lawyer, action)
    assert can_decide(reviewer, action)
    assert waits_for(client, lawyer)
    assert waits_for(client, lawyer, "escalated")
    assert not waits_for(client, reviewer)
    text = client.get(f"/actions/{action.pk}/").content.decode()
    assert "It goes to the legal pool" in text


def test_the_next_step_leads_away_from_the_pool_but_its_people_may_still_decide(
    agent: Agent, refund: ActionType, workflow: Workflow, legal: Pool, lawyer: Person
) -> None:
    escalating_to_legal(workflow)
    action = step(step(create_action(agent, refund)))
    assert (action.pool, action.assignee) == (None, workflow.workflow_owner)
    assert can_decide(lawyer, action)


def test_a_pool_with_nobody_active_in_it_is_passed_over(
    agent: Agent, refund: ActionType, workflow: Workflow, lawyer: Person
) -> None:
    escalating_to_legal(workflow)
    action = create_action(agent, refund)
    Person.objects.filter(pk=lawyer.pk).update(is_active=False)
    action = step(action)
    assert (action.step, action.pool, action.assignee) == (2, None, workflow.workflow_owner)


def test_the_same_name_in_another_team_is_another_pool(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    other = create_team()
    theirs = Pool.objects.create(team=other, slug="legal", name="Legal")
    theirs.people.add(create_person(team=other))
    escalating_to_legal(workflow)
    assert step(create_action(agent, refund)).pool is None


def test_it_is_handed_to_a_pool_of_which_somebody_may_decide_it(
    client: Client,
    agent: Agent,
    refund: ActionType,
    workflow: Workflow,
    legal: Pool,
    lawyer: Person,
    reviewer: Person,
) -> None:
    escalating_to_legal(workflow)
    action = create_action(agent, refund)
    with pytest.raises(Invalid, match="nobody in it may decide it"):
        addressing.hand_to_pool(action_id=action.pk, person=reviewer, seen=seen(action), pool=legal)
    both = workflow.pool.people.exclude(pk=reviewer.pk).get()
    legal.people.add(both)
    addressing.hand_to_pool(
        action_id=action.pk, person=reviewer, seen=seen(action), pool=legal, comment="yours"
    )
    action = fresh(action)
    assert (action.pool, action.assignee) == (legal, None)
    assert waits_for(client, both)
    assert not waits_for(client, reviewer)
    assert not can_decide(lawyer, action), "the work moves, not the right"


def test_it_is_handed_back_to_the_workflows_own_pool(
    client: Client,
    agent: Agent,
    refund: ActionType,
    workflow: Workflow,
    lawyer: Person,
    reviewer: Person,
) -> None:
    escalating_to_legal(workflow)
    action = step(create_action(agent, refund))
    assert [pool.pk for pool in addressing.other_pools(action)] == [workflow.pool_id]
    addressing.hand_to_pool(
        action_id=action.pk, person=lawyer, seen=seen(action), pool=workflow.pool
    )
    assert fresh(action).pool is None
    assert waits_for(client, reviewer)


def test_a_pool_that_nothing_names_is_none_to_hand_it_to(
    action: Action, reviewer: Person, legal: Pool
) -> None:
    legal.people.add(reviewer)
    assert addressing.other_pools(action) == []
    with pytest.raises(Invalid, match="Choose another pool"):
        addressing.hand_to_pool(action_id=action.pk, person=reviewer, seen=seen(action), pool=legal)


def test_only_who_may_decide_it_hands_it_on(
    agent: Agent, refund: ActionType, workflow: Workflow, legal: Pool, reviewer: Person
) -> None:
    escalating_to_legal(workflow)
    legal.people.add(reviewer)
    action = create_action(agent, refund)
    with pytest.raises(PermissionDenied):
        addressing.hand_to_pool(
            action_id=action.pk, person=workflow.risk_owner, seen=seen(action), pool=legal
        )


def test_the_page_offers_the_pools_and_hands_it_over(
    signed_in: Client,
    agent: Agent,
    refund: ActionType,
    workflow: Workflow,
    legal: Pool,
    reviewer: Person,
) -> None:
    escalating_to_legal(workflow)
    legal.people.add(reviewer)
    action = create_action(agent, refund)
    assert "Hand it to this pool" in signed_in.get(f"/actions/{action.pk}/").content.decode()
    shown = seen(action)
    form = {
        "verdict": "handed_to_pool",
        "revision": shown.revision,
        "digest": shown.payload_digest,
        "policy_revision": shown.policy_revision,
        "comment": "over to you",
    }
    refused = signed_in.post(f"/actions/{action.pk}/hand-to-pool", {**form, "pool": "nowhere"})
    assert refused.status_code == 422
    assert "Choose a pool" in refused.content.decode()
    assert "over to you" in refused.content.decode()
    answer = signed_in.post(f"/actions/{action.pk}/hand-to-pool", {**form, "pool": "legal"})
    after = signed_in.get(answer.headers["Location"]).content.decode()
    assert "It waits with Legal" in after
    assert "handed it to the legal pool" in after
    assert "over to you" in after


def test_what_was_taken_from_a_pool_is_given_back_to_that_pool(
    agent: Agent, refund: ActionType, workflow: Workflow, legal: Pool, lawyer: Person
) -> None:
    escalating_to_legal(workflow)
    action = step(create_action(agent, refund))
    addressing.claim(action_id=action.pk, person=lawyer, seen=seen(action))
    assert (fresh(action).pool, fresh(action).assignee) == (legal, lawyer)
    addressing.give_back(action_id=action.pk, person=lawyer, seen=seen(action))
    assert (fresh(action).pool, fresh(action).assignee) == (legal, None)


def test_who_leaves_leaves_it_with_the_pool_they_took_it_from(
    agent: Agent, refund: ActionType, workflow: Workflow, legal: Pool, lawyer: Person
) -> None:
    manager = create_person(team=workflow.team, role=Role.MANAGER)
    other = create_person(team=workflow.team)
    legal.people.add(other)
    escalating_to_legal(workflow)
    action = step(create_action(agent, refund))
    addressing.claim(action_id=action.pk, person=lawyer, seen=seen(action))
    leaving.leave(team=workflow.team, person=lawyer, actor=manager)
    assert (fresh(action).pool, fresh(action).assignee) == (legal, None)


def test_what_waits_with_a_pool_that_everybody_left_goes_to_the_workflows_own(
    agent: Agent, refund: ActionType, workflow: Workflow, legal: Pool, lawyer: Person
) -> None:
    manager = create_person(team=workflow.team, role=Role.MANAGER)
    escalating_to_legal(workflow)
    action = step(create_action(agent, refund))
    assert leaving.sweep_left() == 0
    assert leaving.leave(team=workflow.team, person=lawyer, actor=manager) == 1
    assert fresh(action).pool is None
    assert leaving.sweep_left() == 0


def test_the_sweep_finds_a_pool_that_was_emptied_in_another_way(
    agent: Agent, refund: ActionType, workflow: Workflow, legal: Pool
) -> None:
    escalating_to_legal(workflow)
    action = step(create_action(agent, refund))
    legal.people.clear()
    assert leaving.sweep_left() == 1
    assert fresh(action).pool is None
    assert leaving.sweep_left() == 0


def test_a_decision_taken_back_waits_with_the_pool_that_signs(
    agent: Agent, refund: ActionType, legal: Pool, lawyer: Person
) -> None:
    refund.stop_rules = [LEGAL_SIGNS]
    refund.save()
    action = create_action(agent, refund)
    decision = review.reject(action_id=action.pk, person=lawyer, seen=seen(action), reason="tone")
    Action.objects.filter(pk=action.pk).update(pool=None)
    review.undo(decision_id=decision.pk, person=lawyer)
    assert (fresh(action).state, fresh(action).pool) == ("pending", legal)


def test_who_signs_after_it_was_judged_again_has_it_in_their_pool(
    agent: Agent, refund: ActionType, legal: Pool
) -> None:
    action = create_action(agent, refund)
    refund.stop_rules = [LEGAL_SIGNS]
    refund.save()
    downgrading.downgrade(
        action_type=refund,
        to=Mode.DRAFT_ONLY,
        rule="window:errors",
        because="too many errors",
        reviewer=refund.workflow.risk_owner,
        actor="system:test",
    )
    assert (fresh(action).pool, fresh(action).assignee) == (legal, None)
