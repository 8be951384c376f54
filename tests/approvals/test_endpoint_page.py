"""Whoever connects an agent keeps its webhook, sees every attempt, and sends once more."""

import json
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from standardwebhooks import Webhook

from agents_registry.models import ActionType, Agent, Person, Role, Workflow
from approvals import endpoints, review
from approvals.delivery import call_results, call_sending
from approvals.endpoints import MOST_TESTS
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Call, CallAttempt, Decision, Endpoint
from ledger import clock
from ledger.models import Event
from tests.approvals.called import create_endpoint, queue, states
from tests.approvals.queued import SECRET
from tests.approvals.receivers import receiving
from tests.factories import create_desk, create_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_home(settings: Any) -> None:
    """The receivers of these tests are on this machine."""
    settings.ALLOW_PRIVATE_ADDRESSES = True


@pytest.fixture
def manager(workflow: Workflow) -> Person:
    return create_person(team=workflow.team, role=Role.MANAGER)


@pytest.fixture
def keeper(client: Client, manager: Person) -> Client:
    client.force_login(manager)
    return client


def address_of(agent: Agent, rest: str = "") -> str:
    return f"/team/agents/{agent.slug}/webhook/{rest}"


def page(client: Client, agent: Agent) -> str:
    response = client.get(address_of(agent))
    assert response.status_code == 200
    return str(response.content.decode())


def text_of(response: HttpResponse) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def given(response: HttpResponse) -> str:
    found = re.search(r'id="given" value="([^"]+)"', response.content.decode())
    assert found, "no secret is shown"
    return found[1]


def last_event(agent: Agent) -> Event:
    return Event.objects.filter(stream=f"agent:{agent.pk}").latest("seq")


def test_an_address_is_kept_and_makes_a_secret_that_is_shown_when_asked_for(
    keeper: Client, agent: Agent
) -> None:
    kept = keeper.post(address_of(agent), {"address": " https://agent.example/in/hunter2 "})
    assert (kept.status_code, kept.headers["Location"]) == (303, address_of(agent))
    endpoint = Endpoint.objects.get()
    assert endpoint.address == "https://agent.example/in/hunter2"
    html = page(keeper, agent)
    assert "https://agent.example/in/hunter2" in html
    assert endpoint.secret not in html
    shown = keeper.post(address_of(agent, "secret"))
    assert given(shown) == endpoint.secret
    assert Webhook(endpoint.secret)
    assert last_event(agent).type == "endpoint.secret_shown"
    for event in Event.objects.filter(stream=f"agent:{agent.pk}"):
        assert b"hunter2" not in bytes(event.content)
        assert endpoint.secret.encode() not in bytes(event.content)


@pytest.mark.parametrize(
    "address", ["http://agent.example/", "https://10.0.0.1/", "https://[::1]/", "nonsense"]
)
def test_an_address_inside_the_network_is_refused_and_stays_in_the_form(
    keeper: Client, agent: Agent, settings: Any, address: str
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    response = keeper.post(address_of(agent), {"address": address})
    assert response.status_code == 422
    assert "Nothing was kept." in text_of(response)
    assert f'value="{address}"' in response.content.decode()
    assert not Endpoint.objects.exists()


def test_a_new_address_begins_anew_and_gets_what_waits(
    agent: Agent, refund: ActionType, manager: Person
) -> None:
    now = clock.now()
    create_endpoint(
        agent, "https://old.example/", disabled_at=now, failing_since=now, last_error="x"
    )
    queue(agent)
    queue(agent, callback_url="https://own.example/")
    endpoint = endpoints.keep(agent=agent, address="https://new.example/", actor=manager)
    assert (endpoint.disabled_at, endpoint.failing_since, endpoint.last_error) == (None, None, "")
    assert endpoint.secret == SECRET
    addresses = Call.objects.order_by("created_at").values_list("address", flat=True)
    assert list(addresses) == ["https://new.example/", "https://own.example/"]
    endpoints.keep(agent=agent, address="", actor=manager)
    assert states(agent) == ["dropped", "queued"]


def test_keeping_the_same_address_changes_nothing(agent: Agent, manager: Person) -> None:
    create_endpoint(agent, "https://x.example/", disabled_at=clock.now())
    before = Event.objects.count()
    endpoints.keep(agent=agent, address="https://x.example/", actor=manager)
    assert Endpoint.objects.get().disabled_at
    assert Event.objects.count() == before


@pytest.mark.parametrize("rest", ["secret", "rotate"])
def test_the_address_at_which_a_secret_stood_leads_back_to_the_webhook(
    rest: str, keeper: Client, agent: Agent
) -> None:
    endpoint = create_endpoint(agent, "https://agent.example/in")
    answer = keeper.get(address_of(agent, rest))
    assert (answer.status_code, answer.headers["Location"]) == (303, address_of(agent))
    assert Endpoint.objects.get().secret == endpoint.secret


def test_a_new_secret_leaves_the_old_one_signing_for_a_day(
    keeper: Client, agent: Agent, refund: ActionType
) -> None:
    with receiving(lambda: 204) as (receiver, url):
        create_endpoint(agent, url)
        new = given(keeper.post(address_of(agent, "rotate")))
        queue(agent)
        call_sending.send_due()
    [(_, headers, body)] = receiver.taken
    assert new != SECRET
    for secret in (new, SECRET):
        Webhook(secret).verify(body, headers)
    assert "two sign until" in page(keeper, agent)
    with clock.simulated(clock.now() + timedelta(hours=25)):
        assert call_sending.secrets_of(Endpoint.objects.get()) == [new]
        assert "two sign until" not in page(keeper, agent)


def test_a_test_is_made_at_once_and_stands_among_the_calls(keeper: Client, agent: Agent) -> None:
    with receiving(lambda: 204) as (receiver, url):
        create_endpoint(agent, url)
        sent = keeper.post(address_of(agent, "test"), follow=True)
    [(name, headers, body)] = receiver.taken
    document = Webhook(SECRET).verify(body, headers)
    assert (document["type"], document["data"]) == ("webhook.test", {"agent": agent.slug})
    assert "The test was taken." in text_of(sent)
    assert "webhook.test" in text_of(sent)
    assert str(Call.objects.get().pk) == name
    assert Call.objects.get().state == "sent"


def test_a_test_that_fails_says_why_and_is_not_tried_again_nor_held_against_it(
    keeper: Client, agent: Agent
) -> None:
    with receiving(lambda: 410) as (receiver, url):
        create_endpoint(agent, url)
        sent = keeper.post(address_of(agent, "test"), follow=True)
        with clock.simulated(clock.now() + timedelta(days=1)):
            assert call_sending.send_due() == 0
    assert "The test did not arrive. It answered 410" in text_of(sent)
    endpoint = Endpoint.objects.get()
    assert (endpoint.disabled_at, endpoint.last_error) == (None, "")
    assert CallAttempt.objects.get().status == 410
    assert len(receiver.outcomes) == 1


def test_many_tests_in_a_minute_are_refused(agent: Agent, manager: Person) -> None:
    create_endpoint(agent, "")
    for _ in range(MOST_TESTS):
        with pytest.raises(Conflict, match="no address yet"):
            endpoints.send_test(agent=agent, actor=manager)
    with pytest.raises(Conflict, match="many tests"):
        endpoints.send_test(agent=agent, actor=manager)


def test_what_was_given_up_is_sent_again_under_its_id(
    keeper: Client, agent: Agent, refund: ActionType
) -> None:
    outcomes = iter([500, 503, 204])
    with receiving(lambda: next(outcomes)) as (receiver, url):
        create_endpoint(agent, url)
        [call] = queue(agent)
        with clock.simulated(clock.now() + call_results.GIVEN_UP):
            call_sending.send_due()
        assert states(agent) == ["gave_up"]
        refused = keeper.post(address_of(agent, f"calls/{call.pk}/again"), follow=True)
        assert "It was sent again, in vain. It answered 503." in text_of(refused)
        assert states(agent) == ["gave_up"]
        sent = keeper.post(address_of(agent, f"calls/{call.pk}/again"), follow=True)
        assert "It was taken, under the id that it had before." in text_of(sent)
    assert states(agent) == ["sent"]
    assert dict(receiver.outcomes) == {str(call.pk): [500, 503, 204]}
    assert last_event(agent).type == "endpoint.resent"


def test_what_was_taken_can_be_sent_again_as_things_stand_now(
    agent: Agent, refund: ActionType, manager: Person
) -> None:
    with receiving(lambda: 204) as (receiver, url):
        create_endpoint(agent, url)
        [call] = queue(agent)
        call_sending.send_due()
        endpoints.resend(agent=agent, call_id=call.pk, actor=manager)
    assert list(receiver.outcomes.values()) == [[204, 204]]
    assert Call.objects.get().attempts == CallAttempt.objects.count() == 2


def test_nothing_is_sent_again_over_a_webhook_that_is_off(
    agent: Agent, refund: ActionType, manager: Person
) -> None:
    create_endpoint(agent, "https://x.example/", disabled_at=clock.now())
    [call] = queue(agent)
    with pytest.raises(Conflict, match="switched off"):
        endpoints.resend(agent=agent, call_id=call.pk, actor=manager)
    with pytest.raises(Missing):
        endpoints.resend(agent=agent, call_id=uuid4(), actor=manager)


def test_a_call_of_another_agent_is_not_there(agent: Agent, manager: Person) -> None:
    other, _, _ = create_desk()
    create_endpoint(other, "https://x.example/")
    create_endpoint(agent, "https://x.example/")
    [call] = queue(other)
    with pytest.raises(Missing):
        endpoints.resend(agent=agent, call_id=call.pk, actor=manager)


def give_up(agent: Agent, count: int, **fields: Any) -> list[Call]:
    """So many calls that nobody took for days, and that are tried no more."""
    calls = queue(agent, count, **fields)
    ends = {"state": "gave_up", "ended_at": clock.now(), "last_error": "It answered 500."}
    Call.objects.filter(pk__in=[call.pk for call in calls]).update(**ends, attempts=9)
    return calls


def events_of(agent: Agent, type: str) -> list[Any]:
    found = Event.objects.filter(stream=f"agent:{agent.pk}", type=type)
    return [json.loads(bytes(event.content))["body"] for event in found]


def test_one_press_sends_all_again_that_was_given_up_and_a_second_one_nothing(
    keeper: Client, agent: Agent, refund: ActionType
) -> None:
    with receiving(lambda: 204) as (receiver, url):
        create_endpoint(agent, url)
        calls = give_up(agent, 3)
        assert "Send all 3 again" in page(keeper, agent)
        sent = keeper.post(address_of(agent, "again"), follow=True)
        assert "3 calls will be made again within seconds." in text_of(sent)
        assert "Send all" not in text_of(sent)
        assert states(agent) == ["queued"] * 3
        again = keeper.post(address_of(agent, "again"), follow=True)
        assert "Nothing was sent." in text_of(again)
        assert call_sending.send_due() == 3
    assert dict(receiver.outcomes) == {str(call.pk): [204] for call in calls}
    assert states(agent) == ["sent"] * 3
    [body] = events_of(agent, "endpoint.all_resent")
    assert body["calls"] == 3


def test_what_is_no_news_any_more_is_not_sent_again(
    agent: Agent, refund: ActionType, manager: Person
) -> None:
    with receiving(lambda: 204) as (receiver, url):
        create_endpoint(agent, url)
        [call] = give_up(agent, 1)
        decision = Decision.objects.get(action=call.action_id)
        review.undo(decision_id=decision.pk, person=decision.person)
        assert endpoints.resend_given_up(agent=agent, actor=manager) == 1
        call_sending.send_due()
    assert not receiver.outcomes
    assert states(agent) == ["dropped"]


def test_all_go_to_where_the_agent_is_called_now_or_to_their_own_address(
    agent: Agent, refund: ActionType, manager: Person
) -> None:
    create_endpoint(agent, "https://old.example/")
    give_up(agent, 1)
    give_up(agent, 1, callback_url="https://own.example/")
    endpoints.keep(agent=agent, address="https://new.example/", actor=manager)
    assert endpoints.resend_given_up(agent=agent, actor=manager) == 2
    addresses = Call.objects.order_by("created_at").values_list("address", flat=True)
    assert list(addresses) == ["https://new.example/", "https://own.example/"]


def test_without_an_address_only_calls_with_one_of_their_own_are_sent_again(
    agent: Agent, refund: ActionType, manager: Person
) -> None:
    create_endpoint(agent, "https://old.example/")
    give_up(agent, 1)
    give_up(agent, 1, callback_url="https://own.example/")
    endpoints.keep(agent=agent, address="", actor=manager)
    assert endpoints.resend_given_up(agent=agent, actor=manager) == 1
    assert states(agent) == ["gave_up", "queued"]


def test_the_newest_are_sent_again_first_and_the_page_says_how_many(
    keeper: Client, agent: Agent, refund: ActionType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "MOST_AT_ONCE", 2)
    create_endpoint(agent, "https://x.example/")
    give_up(agent, 3)
    html = page(keeper, agent)
    assert "Send all 2 again" in html
    assert "the newest 2 at a time" in html
    keeper.post(address_of(agent, "again"))
    assert states(agent) == ["gave_up", "queued", "queued"]
    keeper.post(address_of(agent, "again"))
    assert states(agent) == ["queued"] * 3


def test_tests_old_calls_taken_ones_and_other_agents_calls_stay_as_they_are(
    agent: Agent, refund: ActionType, manager: Person
) -> None:
    other, _, _ = create_desk()
    create_endpoint(other, "https://x.example/")
    theirs = give_up(other, 1)
    endpoint = create_endpoint(agent, "https://x.example/")
    [old] = give_up(agent, 1)
    past = clock.now() - endpoints.LATELY - timedelta(hours=1)
    Call.objects.filter(pk=old.pk).update(created_at=past)
    [taken] = queue(agent)
    Call.objects.filter(pk=taken.pk).update(state="sent")
    now = clock.now()
    Call.objects.create(
        endpoint=endpoint, key="test:1", state="gave_up", due_at=now, created_at=now
    )
    before = Event.objects.count()
    assert endpoints.resend_given_up(agent=agent, actor=manager) == 0
    assert Event.objects.count() == before
    assert states(agent) == ["gave_up", "sent", "gave_up"]
    assert Call.objects.get(pk=theirs[0].pk).state == "gave_up"


def test_over_a_webhook_that_is_off_nothing_is_offered_nor_sent_again(
    keeper: Client, agent: Agent, refund: ActionType
) -> None:
    create_endpoint(agent, "https://x.example/", disabled_at=clock.now())
    give_up(agent, 2)
    assert "Send all" not in page(keeper, agent)
    refused = keeper.post(address_of(agent, "again"), follow=True)
    assert "switched off. Nothing was sent." in text_of(refused)
    assert states(agent) == ["gave_up", "gave_up"]


def test_what_fails_again_is_given_up_again_and_can_be_sent_once_more(
    agent: Agent, refund: ActionType, manager: Person
) -> None:
    with receiving(lambda: 500) as (_, url):
        create_endpoint(agent, url)
        [call] = give_up(agent, 1)
        Call.objects.update(created_at=clock.now() - call_results.GIVEN_UP)
        assert endpoints.resend_given_up(agent=agent, actor=manager) == 1
        call_sending.send_due()
        assert states(agent) == ["gave_up"]
        assert endpoints.resend_given_up(agent=agent, actor=manager) == 1
    assert CallAttempt.objects.get(call=call).status == 500


def test_switched_on_again_it_gets_at_once_what_waited(
    keeper: Client, agent: Agent, refund: ActionType
) -> None:
    outcomes = iter([410, 204, 204])
    with receiving(lambda: next(outcomes)) as (_, url):
        create_endpoint(agent, url)
        queue(agent)
        call_sending.send_due()
        queue(agent)
        assert "It is switched off since" in page(keeper, agent)
        switched = keeper.post(address_of(agent, "on"), follow=True)
        assert "2 calls will be made within seconds" in text_of(switched)
        assert call_sending.send_due() == 2
    assert states(agent) == ["sent", "sent"]
    assert "It is switched off since" not in page(keeper, agent)


def test_the_page_shows_every_attempt_of_each_call(
    keeper: Client, agent: Agent, refund: ActionType
) -> None:
    outcomes = iter([500, "lose", 204])
    with receiving(lambda: next(outcomes)) as (_, url):
        create_endpoint(agent, url)
        queue(agent)
        for minutes in (0, 1, 2):
            with clock.simulated(clock.now() + timedelta(minutes=minutes)):
                call_sending.send_due()
    said = text_of(keeper.get(address_of(agent)))
    assert "action.rejected" in said
    assert "It answered 500." in said
    assert "no answer" in said
    assert re.search(r"\b204\b", said)
    assert "taken" in said


def test_old_calls_are_a_page_away(keeper: Client, agent: Agent, refund: ActionType) -> None:
    create_endpoint(agent, "https://x.example/")
    now, endpoint = clock.now(), Endpoint.objects.get()
    Call.objects.bulk_create(
        Call(endpoint=endpoint, kind=f"kind.{number:02}", key=str(number), state="sent",
             due_at=now, created_at=now - timedelta(minutes=number // 2))
        for number in range(40)
    )  # fmt: skip
    first = page(keeper, agent)
    older = re.search(r'href="([^"]+before=[^"]+)"', first)
    assert older
    second = keeper.get(older[1]).content.decode()
    seen = [set(re.findall(r"kind\.\d\d", html)) for html in (first, second)]
    assert len(seen[0]) == 30
    assert len(seen[1]) == 10
    assert seen[0].isdisjoint(seen[1])
    assert "before=" not in second
    assert keeper.get(address_of(agent, "?before=nonsense")).status_code == 200


def test_a_member_looks_and_sees_neither_address_nor_secret_nor_a_button(
    client: Client, agent: Agent, workflow: Workflow, refund: ActionType
) -> None:
    create_endpoint(agent, "https://agent.example/in/hunter2")
    queue(agent)
    client.force_login(create_person(team=workflow.team))
    html = page(client, agent)
    assert "https://agent.example/…" in html
    assert "hunter2" not in html
    assert "<main" in html
    assert "webhook/calls" not in html
    for rest in ("secret", "rotate", "test", "on", "again", f"calls/{Call.objects.get().pk}/again"):
        assert client.post(address_of(agent, rest)).status_code == 403


def test_the_system_owner_keeps_it_and_no_other_owner(agent: Agent, workflow: Workflow) -> None:
    endpoints.keep(agent=agent, address="https://x.example/", actor=workflow.system_owner)
    with pytest.raises(PermissionDenied):
        endpoints.keep(agent=agent, address="", actor=workflow.risk_owner)


def test_an_archived_agent_keeps_what_it_had(agent: Agent, manager: Person) -> None:
    Agent.objects.filter(pk=agent.pk).update(archived_at=clock.now())
    with pytest.raises(Conflict, match="archived"):
        endpoints.keep(agent=agent, address="https://x.example/", actor=manager)


def test_an_address_that_is_too_long_is_refused(agent: Agent, manager: Person) -> None:
    with pytest.raises(Invalid, match="too long"):
        endpoints.keep(agent=agent, address=f"https://x.example/{'x' * 2000}", actor=manager)


def test_without_a_webhook_there_is_nothing_to_show_or_to_send(
    keeper: Client, agent: Agent
) -> None:
    assert "It is made when you keep the webhook" in page(keeper, agent)
    for rest in ("secret", "rotate", "test", "on", "again"):
        refused = keeper.post(address_of(agent, rest), follow=True)
        assert "There is no webhook yet." in text_of(refused)


def queries_of(client: Client, agent: Agent) -> int:
    with CaptureQueriesContext(connection) as asked:
        page(client, agent)
    return len(asked)


def test_many_calls_take_as_many_queries_as_one(
    keeper: Client, agent: Agent, refund: ActionType
) -> None:
    create_endpoint(agent, "https://x.example/")
    queue(agent)
    page(keeper, agent)
    few = queries_of(keeper, agent)
    for call in queue(agent, 6):
        CallAttempt.objects.create(call=call, at=clock.now(), milliseconds=3, error="x")
    assert queries_of(keeper, agent) == few
