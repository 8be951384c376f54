"""What the pages say of steps: the action's own page, its record, and the workflow's."""

import pytest
from django.test import Client

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import outcome, release, review, steps
from approvals.models import Action
from tests.factories import create_action, seen

pytestmark = pytest.mark.django_db

HOSTILE = '<a href="//evil.example">click</a>'


def stage(agent: Agent, refund: ActionType, *on: Action, order: str = "A-1") -> Action:
    payload = {"order": order, "amount": 120, "currency": "USD"}
    named = [str(step.pk) for step in on]
    return create_action(agent, refund, payload=payload, depends_on=named)


def page_of(client: Client, action: Action) -> str:
    return client.get(f"/actions/{action.pk}/").content.decode()


def test_it_says_what_it_waits_for_and_what_waits_for_it(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    step = stage(agent, refund, order="first")
    waits = stage(agent, refund, step, order="second")
    page = page_of(signed_in, waits)
    assert "It waits for" in page
    assert f'href="/actions/{step.pk}/"' in page
    assert "The agent takes it when these are done" in page
    page = page_of(signed_in, step)
    assert "What waits for it" in page
    assert f'href="/actions/{waits.pk}/"' in page


def test_an_action_that_stands_alone_says_nothing_of_steps(
    signed_in: Client, action: Action
) -> None:
    assert "Steps before and after it" not in page_of(signed_in, action)


def test_what_other_actions_say_is_inert(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    waits = stage(agent, refund, stage(agent, refund, order=HOSTILE))
    assert HOSTILE not in page_of(signed_in, waits)


def test_many_that_wait_are_counted_not_listed(
    signed_in: Client, agent: Agent, refund: ActionType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("approvals.pages.steps.MOST", 2)
    step = stage(agent, refund)
    for _ in range(4):
        stage(agent, refund, step)
    assert "and 2 more" in page_of(signed_in, step)


def test_a_stopped_action_and_its_step_tell_why(
    signed_in: Client, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    step = stage(agent, refund)
    waits = stage(agent, refund, step)
    review.reject(action_id=step.pk, person=reviewer, seen=seen(step), reason="policy")
    steps.follow()
    page = page_of(signed_in, waits)
    assert "What it depends on came to nothing: it is withdrawn" in page
    page = page_of(signed_in, step)
    assert "What depends on it was stopped" in page
    assert "Open work: halted" in page


def test_done_but_not_as_approved_shows_both_side_by_side(
    signed_in: Client, agent: Agent, action: Action, reviewer: Person
) -> None:
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["x"])
    taken = release.lease(agent=agent, action_id=action.pk)
    outcome.report(
        agent=agent, action_id=action.pk, lease_id=taken.lease.pk, status="succeeded",
        body_digest="d", after={"order": HOSTILE, "amount": 120},
    )  # fmt: skip
    page = page_of(signed_in, action)
    assert "Done, but not as approved" in page
    assert "Open work: not as approved" in page
    assert "It was done, but not as approved" in page
    assert HOSTILE not in page
    assert "evil.example" in page


def test_the_workflows_page_says_what_happens_after_a_step(
    signed_in: Client, workflow: Workflow
) -> None:
    Workflow.objects.filter(pk=workflow.pk).update(step_retries=2, after_rejected_step="go_on")
    page = signed_in.get(f"/registry/{workflow.slug}/").content.decode()
    assert "it is tried again, 2 times at most. Then what depends on it is stopped" in page
    assert "When a step is not approved, what depends on it goes on" in page
