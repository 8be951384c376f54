"""Who was woken is told by the short way: byte for byte what the call itself would answer."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from agents_registry import tokens
from agents_registry.models import ActionType, Agent, AgentToken, Person, Workflow
from approvals import release, review
from approvals.api import woken
from approvals.delivery.lane import News, Question
from approvals.models import Action
from ledger import clock
from tests import factories
from tests.api.client import AgentClient

pytestmark = pytest.mark.django_db

LESS = {"order": "A-1", "amount": 5, "currency": "USD"}


@pytest.fixture
def asker(token: str) -> AgentToken:
    proved = tokens.prove(token)
    assert proved
    return proved


def tell(action: Action, token: AgentToken) -> News | None:
    return woken.answers([Question(str(action.pk), token.pk)])[0]


def leave(action: Action, person: Person) -> None:
    """Nobody does anything."""


def approve(action: Action, person: Person) -> None:
    review.approve(
        action_id=action.pk, person=person, seen=factories.seen(action), checked=["amount"]
    )


def edit(action: Action, person: Person) -> None:
    review.edit_and_approve(
        action_id=action.pk,
        person=person,
        seen=factories.seen(action),
        payload=LESS,
        checked=["amount"],
    )


def reject(action: Action, person: Person) -> None:
    review.reject(
        action_id=action.pk,
        person=person,
        seen=factories.seen(action),
        reason="tone",
        cause="prompt",
        comment="Not like “this”",
    )


def send_back(action: Action, person: Person) -> None:
    review.ask_for_changes(
        action_id=action.pk, person=person, seen=factories.seen(action), comment="Ask for less"
    )


def take(action: Action, person: Person) -> None:
    approve(action, person)
    Action.objects.filter(pk=action.pk).update(releasable_from=action.created_at)
    release.lease(agent=action.agent, action_id=action.pk, seconds=60)


@pytest.mark.parametrize("settle_seconds", [0, 300])
@pytest.mark.parametrize("become", [leave, approve, edit, reject, send_back])
def test_it_says_what_the_call_says(
    become: Callable[[Action, Person], None],
    settle_seconds: int,
    agent: Agent,
    refund: ActionType,
    reviewer: Person,
    api: AgentClient,
    asker: AgentToken,
) -> None:
    refund.settle_seconds = settle_seconds
    refund.save()
    action = factories.create_action(agent, refund)
    become(action, reviewer)
    called = api.get(f"/actions/{action.pk}", prefer="wait=30")
    news = tell(action, asker)
    assert news
    assert (news.body, news.etag) == (called.content, called["ETag"])
    assert bool(news.ask_after) == ("Review-Queue-Pending" in called)


def test_so_it_does_of_one_that_waits_for_others_and_is_leased(
    agent: Agent, refund: ActionType, reviewer: Person, api: AgentClient, asker: AgentToken
) -> None:
    refund.settle_seconds = 0
    refund.save()
    first = factories.create_action(agent, refund)
    second = factories.create_action(agent, refund, depends_on=[str(first.pk)])
    take(first, reviewer)
    for action in (first, second):
        news = tell(action, asker)
        assert news
        assert news.body == api.get(f"/actions/{action.pk}").content


def test_a_token_that_would_be_let_in_no_more_is_sent_the_long_way(
    agent: Agent, action: Action, asker: AgentToken
) -> None:
    assert tell(action, asker)
    AgentToken.objects.filter(pk=asker.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    assert tell(action, asker) is None
    AgentToken.objects.filter(pk=asker.pk).update(expires_at=clock.now() + timedelta(days=1))
    Agent.objects.filter(pk=agent.pk).update(archived_at=clock.now())
    assert tell(action, asker) is None
    Agent.objects.filter(pk=agent.pk).update(archived_at=None)
    tokens.revoke(token=asker, actor="person:1")
    assert tell(action, asker) is None


def test_what_is_not_the_agents_own_or_not_there_is_not_told(
    action: Action, workflow: Workflow, asker: AgentToken
) -> None:
    colleague = factories.create_agent(workflow.team)
    other = tokens.prove(factories.create_token(colleague))
    assert other
    missing = Question(str(uuid4()), asker.pk)
    assert woken.answers([missing, Question(str(action.pk), other.pk)]) == [None, None]


def test_many_are_told_in_their_order_by_two_queries(
    agent: Agent,
    refund: ActionType,
    reviewer: Person,
    asker: AgentToken,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    refund.settle_seconds = 0
    refund.save()
    actions = [factories.create_action(agent, refund) for _ in range(5)]
    for action in actions[::2]:
        reject(action, reviewer)
    questions = [Question(str(action.pk), asker.pk) for action in (*actions, actions[0])]
    with django_assert_num_queries(2):
        told = woken.answers(questions)
    states = [b'"state":"rejected"' in news.body for news in told if news]
    assert states == [True, False, True, False, True, True]
