"""Agents are called about what becomes of their actions: each happening once, until it is taken."""

import json
import os
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from agents_registry.models import ActionType, Agent, Role, StopKind, Workflow
from approvals import answers, deadlines, rejudging, release, review, rollback, staging, stopping
from approvals.delivery import call_claims, call_sending, calls, outward, turns
from approvals.models import Action, Call, CallAttempt, Decision, Endpoint, Notice, Purpose
from approvals.notices import wording
from approvals.proposals import Revised
from approvals.rejudging import Bench
from ledger import clock
from tests.approvals.called import (
    approve,
    create_endpoint,
    hear,
    kinds,
    queue,
    reject,
    send_later,
    send_until_none_waits,
    states,
)
from tests.approvals.carried_out import carried_out
from tests.approvals.queued import SECRET
from tests.approvals.receivers import Receiver, fails, receiving
from tests.approvals.told import told
from tests.approvals.undone import create_alone, create_done, undoing
from tests.factories import (
    create_action,
    create_desk,
    create_person,
    create_read_type,
    create_token,
    make_due,
    reviewer_of,
    seen,
)

FULL = os.environ.get("FAULTS") == "full"
AGENTS, ACTIONS = (8, 50) if FULL else (3, 10)
CLOSED = {
    "metric": "spend_delta",
    "operator": ">",
    "limit": "1",
    "currency": "USD",
    "effect": {"block": True},
}
SOON, LONG = timedelta(minutes=1), timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_home(settings: Any) -> None:
    """The receivers of these tests are on this machine."""
    settings.ALLOW_PRIVATE_ADDRESSES = True
    settings.PUBLIC_URL = "https://queue.example"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who hangs is waited for less than in earnest, and still longer than a healthy one takes."""
    monkeypatch.setattr(outward, "SECONDS", 2.0)


def endpoint_of(agent: Agent) -> Endpoint:
    return Endpoint.objects.get(agent=agent)


def documents(receiver: Receiver) -> list[dict[str, Any]]:
    return [Webhook(SECRET).verify(body, headers) for _, headers, body in receiver.taken]


def call_of(action: Action) -> Call:
    return Call.objects.filter(action=action).latest("created_at")


def test_every_call_arrives_at_a_receiver_that_fails_hangs_and_loses_answers(
    impatient: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with receiving(fails(0.3, losing=0.1, hanging=0.1)) as (receiver, url):
        wanted: dict[str, Call] = {}
        for _ in range(AGENTS):
            agent, _, _ = create_desk()
            create_endpoint(agent, url)
            wanted |= {str(call.pk): call for call in queue(agent, ACTIONS)}
        made = send_until_none_waits()
    assert receiver.outcomes.keys() == wanted.keys(), "each under its own id, whatever it took"
    outcomes = receiver.outcomes.values()
    assert all(each[-1] == 204 for each in outcomes), "until it is taken"
    for name, headers, body in receiver.taken:
        document = Webhook(SECRET).verify(body, headers)
        assert document["type"] == wanted[name].kind
        assert document["data"]["id"] == str(wanted[name].action_id)
    logged = Counter(CallAttempt.objects.values_list("call", flat=True))
    assert logged == {UUID(name): len(each) for name, each in receiver.outcomes.items()}
    taken = Counter(CallAttempt.objects.filter(error="").values_list("call", flat=True))
    assert taken == dict.fromkeys(logged, 1), "and no longer"
    assert set(Call.objects.values_list("state", flat=True)) == {"sent"}
    counted = Counter(what for each in outcomes for what in each)
    with capsys.disabled():
        print(
            f"\n{len(wanted)} calls to {AGENTS} agents: {made} attempts, {counted[500]} failed, "
            f"{counted['hang']} never answered, {counted['lose']} taken and the answer lost; "
            f"0 calls missing, every id the same, every signature right"
        )


def test_a_call_says_what_happened_and_the_action_as_the_agent_would_read_it(
    client: Client, agent: Agent, action: Action
) -> None:
    with receiving(lambda: 204) as (receiver, url):
        create_endpoint(agent, url)
        approve(action)
        hear()
        assert call_sending.send_due() == 1
    [document] = documents(receiver)
    headers = {"Authorization": f"Bearer {create_token(agent)}"}
    read = client.get(f"/api/v1/actions/{action.pk}", headers=headers).json()
    assert document["data"] == read
    assert read["decision"]["verdict"] == "approved"
    assert document["type"] == "action.approved"
    assert document["timestamp"] == answers.instant(Call.objects.get().created_at)
    [(name, _, _)] = receiver.taken
    assert name == str(Call.objects.get().pk)


def test_each_attempt_has_its_id_a_time_and_a_signature_of_its_own(
    agent: Agent, refund: ActionType
) -> None:
    outcomes = iter([500, "lose", 503, 204])
    with receiving(lambda: next(outcomes)) as (receiver, url):
        create_endpoint(agent, url)
        queue(agent)
        for minutes in range(4):
            assert send_later(minutes * SOON) == 1
    assert list(receiver.outcomes.values()) == [[500, "lose", 503, 204]]
    (_, lost, first), (_, taken, last) = receiver.taken
    assert first == last
    assert int(taken["webhook-timestamp"]) - int(lost["webhook-timestamp"]) in {120, 121}
    assert lost["webhook-signature"] != taken["webhook-signature"]
    tries = list(CallAttempt.objects.order_by("at"))
    assert [each.status for each in tries] == [500, None, 503, 204]
    assert [bool(each.error) for each in tries] == [True, True, True, False]


def test_what_the_agent_did_or_was_answered_is_not_called_about(
    agent: Agent, workflow: Workflow, refund: ActionType
) -> None:
    create_endpoint(agent, "https://agent.example/hook")
    look_up = create_read_type(workflow)
    assert create_action(agent, look_up, payload={"order": "A-1"}).state == "approved"
    staging.withdraw(agent=agent, action_id=create_action(agent, refund).pk)
    ActionType.objects.filter(pk=refund.pk).update(thresholds=[CLOSED])
    refund.refresh_from_db()
    assert create_action(agent, refund).state == "blocked"
    hear()
    assert kinds() == []


def test_what_is_blocked_later_and_what_somebody_else_staged_is_called_about(
    agent: Agent, action: Action, workflow: Workflow, refund: ActionType
) -> None:
    create_endpoint(agent, "https://agent.example/hook")
    look_up = create_action(agent, create_read_type(workflow), payload={"order": "A-1"})
    again = staging.retry(action=look_up, actor=f"person:{workflow.workflow_owner.pk}")
    ActionType.objects.filter(pk=refund.pk).update(thresholds=[CLOSED])
    refund.refresh_from_db()
    with transaction.atomic():
        bench, content = Bench.of(refund), action.contents.get()
        assert rejudging.rejudge(action=action, content=content, bench=bench, body={})
    hear()
    found = Call.objects.order_by("created_at").values_list("action", "kind")
    assert list(found) == [(again.pk, "action.approved"), (action.pk, "action.blocked")]


def test_what_people_and_the_clock_do_is_called_about(
    agent: Agent, workflow: Workflow, refund: ActionType
) -> None:
    create_endpoint(agent, "https://agent.example/hook")
    person = reviewer_of(workflow)

    def staged() -> dict[str, Any]:
        action = create_action(agent, refund)
        return {"action_id": action.pk, "person": person, "seen": seen(action)}

    review.ask_for_changes(**staged(), comment="less")
    review.take_over(**staged(), comment="mine")
    late = create_action(agent, refund)
    for _ in range(len(late.stages) + 1):
        make_due(late)
        deadlines.sweep_steps()
        late.refresh_from_db()
    hear()
    assert kinds() == ["action.changes_requested", "action.taken_over", "action.expired"]


def test_an_agent_that_holds_something_is_asked_for_it_back(
    agent: Agent, action: Action, workflow: Workflow
) -> None:
    approve(action)
    release.lease(agent=agent, action_id=action.pk)
    hear()
    with receiving(lambda: 204) as (receiver, url):
        create_endpoint(agent, url)
        stopping.stop(
            team=workflow.team,
            kind=StopKind.WORKFLOW,
            target=str(workflow.pk),
            reason="odd",
            person=workflow.risk_owner,
        )
        hear()
        call_sending.send_due()
    [document] = documents(receiver)
    assert document["type"] == "action.recall_requested"
    assert document["data"]["recall_requested"] is True


def test_an_agent_is_asked_for_a_rollback(agent: Agent, action: Action, workflow: Workflow) -> None:
    create_endpoint(agent, "https://agent.example/hook")
    carried_out(agent, action, reviewer_of(workflow))
    rollback.ask(action_id=action.pk, person=workflow.workflow_owner, reason="wrong order")
    hear()
    assert kinds()[-1] == "action.rollback_requested"


def test_where_another_action_undoes_it_the_agent_is_called_about_that_one_alone(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    create_alone(refund)
    done = create_done(agent, refund, reviewer_of(workflow))
    create_endpoint(agent, "https://agent.example/hook")
    rollback.ask(action_id=done.pk, person=workflow.workflow_owner, reason="wrong order")
    hear()
    called = list(Call.objects.filter(kind__in=["action.rollback_requested", "action.approved"]))
    assert [(call.kind, call.action) for call in called if call.created_at > done.changed_at] == [
        ("action.approved", undoing(done))
    ]


@pytest.fixture
def settling(refund: ActionType) -> ActionType:
    """A verdict that may be taken back unnoticed for a minute."""
    ActionType.objects.filter(pk=refund.pk).update(settle_seconds=60)
    refund.refresh_from_db()
    return refund


def test_a_verdict_is_told_when_it_has_settled(agent: Agent, settling: ActionType) -> None:
    with receiving(lambda: 204) as (receiver, url):
        create_endpoint(agent, url)
        approve(create_action(agent, settling))
        hear()
        assert send_later(timedelta(seconds=58)) == 0
        assert send_later(timedelta(seconds=61)) == 1
    assert json.loads(receiver.taken[0][2])["data"]["state"] == "approved"


def test_what_is_undone_meanwhile_is_told_to_nobody(agent: Agent, settling: ActionType) -> None:
    action = create_action(agent, settling)
    with receiving(lambda: 204) as (receiver, url):
        create_endpoint(agent, url)
        approve(action)
        decision = Decision.objects.get()
        review.undo(decision_id=decision.pk, person=decision.person)
        hear()
        send_later(LONG / 2)
        assert receiver.taken == []
        reject(action)
        hear()
        send_later(LONG / 2)
    assert [json.loads(body)["type"] for _, _, body in receiver.taken] == ["action.rejected"]
    assert states(agent) == ["dropped", "sent"]


def test_what_was_told_and_is_undone_is_told_too(agent: Agent, action: Action) -> None:
    with receiving(lambda: 204) as (receiver, url):
        create_endpoint(agent, url)
        approve(action)
        hear()
        call_sending.send_due()
        decision = Decision.objects.get()
        review.undo(decision_id=decision.pk, person=decision.person)
        hear()
        call_sending.send_due()
    told, taken_back = documents(receiver)
    assert (told["type"], told["data"]["state"]) == ("action.approved", "approved")
    assert taken_back["type"] == "action.decision_undone"
    assert taken_back["data"]["state"] == "pending"


def test_what_the_agent_answered_meanwhile_is_not_told_late(agent: Agent, action: Action) -> None:
    create_endpoint(agent, "https://agent.example/hook")
    person = reviewer_of(action.workflow)
    review.ask_for_changes(action_id=action.pk, person=person, seen=seen(action), comment="less")
    hear()
    payload = {"order": "A-1", "amount": 80, "currency": "USD"}
    staging.revise(agent=agent, action_id=action.pk, revised=Revised(payload=payload))
    call_sending.send_due()
    assert states(agent) == ["dropped"]


def test_without_an_address_nobody_is_called(agent: Agent, action: Action) -> None:
    create_endpoint(agent, "")
    reject(action)
    hear()
    assert kinds() == []


def test_an_action_of_its_own_address_is_told_there_and_the_first_one_makes_the_secret(
    agent: Agent, refund: ActionType
) -> None:
    with receiving(lambda: 204) as (own, url):
        queue(agent, callback_url=url)
        call_sending.send_due()
        endpoint = endpoint_of(agent)
        [(_, headers, body)] = own.taken
        assert Webhook(endpoint.secret).verify(body, headers)["type"] == "action.rejected"
        with receiving(lambda: 204) as (common, elsewhere):
            Endpoint.objects.filter(pk=endpoint.pk).update(address=elsewhere)
            queue(agent, callback_url=url)
            queue(agent)
            call_sending.send_due()
    assert (len(own.taken), len(common.taken)) == (2, 1)


def test_nobody_at_an_actions_own_address_is_no_matter_of_the_webhook(
    agent: Agent, refund: ActionType
) -> None:
    with receiving(lambda: 410) as (_, gone), receiving(lambda: 204) as (_, url):
        create_endpoint(agent, url)
        queue(agent, callback_url=gone)
        queue(agent)
        call_sending.send_due()
    assert states(agent) == ["gave_up", "sent"]
    assert endpoint_of(agent).disabled_at is None
    assert endpoint_of(agent).last_error == ""


def test_who_answers_410_is_called_no_more_and_whoever_connects_agents_hears_of_it(
    agent: Agent, workflow: Workflow, refund: ActionType
) -> None:
    manager = create_person(team=workflow.team, role=Role.MANAGER)
    with receiving(lambda: 410) as (receiver, url):
        create_endpoint(agent, url)
        queue(agent)
        call_sending.send_due()
        queue(agent)
        assert send_later(LONG) == 0
    assert endpoint_of(agent).disabled_at
    assert states(agent) == ["queued", "queued"]
    assert len(receiver.outcomes) == 1
    for person in (manager, workflow.system_owner):
        assert told(person) == ["channel_failed"]
    assert told(workflow.workflow_owner) == []
    notice = Notice.objects.filter(person=manager).get()
    line = wording.line(notice, manager)
    assert line.title == f"The webhook of {agent} is switched off"
    assert line.url == f"/team/agents/{agent.slug}/webhook/"
    assert "It answered 410" in line.sub


@pytest.mark.parametrize("status", [404, 400, 429, 301, 503])
def test_any_other_answer_is_tried_again(agent: Agent, refund: ActionType, status: int) -> None:
    outcomes = iter([status, 200])
    with receiving(lambda: next(outcomes)) as (receiver, url):
        create_endpoint(agent, url)
        queue(agent)
        call_sending.send_due()
        assert endpoint_of(agent).disabled_at is None
        send_until_none_waits()
    assert list(receiver.outcomes.values()) == [[status, 200]]


def test_a_call_is_tried_for_five_days_and_then_the_webhook_is_switched_off(
    agent: Agent, refund: ActionType
) -> None:
    with receiving(lambda: 500) as (receiver, url):
        create_endpoint(agent, url)
        [call] = queue(agent)
        began, tried = clock.now(), 0
        while (call := Call.objects.get()).state == "queued":
            with clock.simulated(max(call.due_at, began) + timedelta(milliseconds=1)):
                tried += call_sending.send_due()
    assert call.state == "gave_up"
    assert call.ended_at is not None
    assert timedelta(days=5) <= call.ended_at - call.created_at < timedelta(days=5, hours=10)
    tries = list(CallAttempt.objects.order_by("at").values_list("at", flat=True))
    assert tries[1] - tries[0] < timedelta(seconds=7)
    assert len(tries) == tried == call.attempts
    assert 20 < tried < 35, tried
    assert endpoint_of(agent).disabled_at
    assert len(receiver.outcomes) == 1


def test_a_call_to_an_actions_own_address_is_given_up_after_as_long(
    agent: Agent, refund: ActionType
) -> None:
    with receiving(lambda: 500) as (_, url):
        queue(agent, callback_url=url)
        send_later(5 * LONG - SOON)
        assert states(agent) == ["queued"]
        send_later(6 * LONG)
    assert states(agent) == ["gave_up"]
    assert endpoint_of(agent).failing_since is None


def test_what_waits_for_a_webhook_that_is_off_is_given_up_as_well(
    agent: Agent, refund: ActionType
) -> None:
    create_endpoint(agent, "https://agent.example/hook", disabled_at=clock.now())
    queue(agent)
    send_later(4 * LONG)
    assert states(agent) == ["queued"]
    send_later(5 * LONG)
    assert states(agent) == ["gave_up"]


def test_when_it_was_away_what_failed_meanwhile_follows_at_once(
    agent: Agent, refund: ActionType
) -> None:
    works: list[int] = []
    with receiving(lambda: 204 if works else 500) as (_, url):
        create_endpoint(agent, url)
        queue(agent, 3)
        for minutes in (0, 10, 20):
            send_later(minutes * SOON)
        works.append(1)
        Call.objects.filter(pk=queue(agent)[0].pk).update(due_at=clock.now())
        send_later(20 * SOON + timedelta(seconds=1))
        send_later(20 * SOON + timedelta(seconds=2))
    assert states(agent) == ["sent"] * 4
    assert endpoint_of(agent).failing_since is None


@pytest.mark.parametrize(("failing_for", "hurried"), [(4 * SOON, False), (6 * SOON, True)])
def test_one_call_that_always_fails_is_not_hurried_by_those_that_work(
    agent: Agent, refund: ActionType, failing_for: timedelta, hurried: bool
) -> None:
    now = clock.now()
    with receiving(lambda: 204) as (_, url):
        create_endpoint(agent, url, failing_since=now - failing_for, last_error="It answered 500.")
        [poison] = queue(agent)
        later = {"due_at": now + LONG, "attempts": 9, "last_error": "It answered 500."}
        Call.objects.filter(pk=poison.pk).update(**later)
        queue(agent)
        assert call_sending.send_due() == 1 + hurried
    assert endpoint_of(agent).failing_since is None


def test_agents_that_hang_delay_no_other(impatient: None) -> None:
    """While nothing that hangs has come back, what works has arrived and been written down."""
    with receiving(lambda: "hang") as (_, nowhere), receiving(lambda: 204) as (well, url):
        desks = [create_desk()[0] for _ in range(2)]
        hangs, works = desks
        create_endpoint(hangs, nowhere)
        create_endpoint(works, url)
        queue(hangs, 12)
        queue(works, 2)
        turn = turns.Turn(call_sending.CALLS)
        turn.take_up(100)
        on_the_way = Counter(each.claim.endpoint.agent_id for each in turn.on_the_way.values())
        assert on_the_way[hangs.pk] == call_claims.MOST_OF_ONE
        assert turn.take_up(100) == 0, "no more than that to one agent"
        for _ in range(2):
            well.came.get(timeout=5)
        while works.pk in {each.claim.endpoint.agent_id for each in turn.on_the_way.values()}:
            turn.write_down()
    assert states(works) == ["sent", "sent"]


def test_an_agent_known_to_be_in_trouble_comes_after_all_others(agent: Agent) -> None:
    desks = [create_desk()[0] for _ in range(3)]
    for number, each in enumerate(desks):
        create_endpoint(each, "https://x.example", last_error="It hung." if number else "")
        queue(each, 5)
    claims = call_claims.claim(turns.SIDE_BY_SIDE, [])
    assert [each.in_trouble for each in claims] == [False] * 4 + [True] * turns.MOST_IN_TROUBLE
    assert call_claims.claim(turns.SIDE_BY_SIDE, claims) == [], "five were due, four are taken"


def test_a_call_in_hand_is_nobody_elses_until_its_lease_ends(
    agent: Agent, refund: ActionType
) -> None:
    create_endpoint(agent, "https://agent.example/hook")
    queue(agent)
    assert len(call_claims.claim(8, [])) == 1
    assert call_claims.claim(8, []) == []
    with clock.simulated(clock.now() + call_claims.LEASE + timedelta(seconds=1)):
        [again] = call_claims.claim(8, [])
    assert again.attempts == 2


def test_the_old_secret_signs_beside_the_new_one_for_a_while(
    agent: Agent, refund: ActionType
) -> None:
    new = "whsec_YW5vdGhlciBzZWNyZXQgb2YgdGhlc2UgdGVzdHM="
    until = clock.now() + timedelta(hours=24)
    with receiving(lambda: 204) as (receiver, url):
        create_endpoint(agent, url, secret=new, old_secret=SECRET, old_secret_until=until)
        queue(agent)
        call_sending.send_due()
        Endpoint.objects.update(old_secret_until=clock.now())
        queue(agent)
        call_sending.send_due()
    (_, both, first), (_, one, second) = receiver.taken
    for secret in (new, SECRET):
        Webhook(secret).verify(first, both)
    Webhook(new).verify(second, one)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(second, one)


def test_nothing_is_sent_to_where_a_name_leads_inside(
    agent: Agent, refund: ActionType, settings: Any
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    with receiving(lambda: 204) as (receiver, url):
        inside = url.replace("http://127.0.0.1", "https://localhost")
        create_endpoint(agent, inside)
        queue(agent)
        call_sending.send_due()
    assert receiver.outcomes == {}
    assert "not on the public internet" in Call.objects.get().last_error
    assert "localhost" not in Call.objects.get().last_error


def test_what_cannot_be_put_into_words_holds_no_other_back(
    agent: Agent, refund: ActionType
) -> None:
    with receiving(lambda: 204) as (receiver, url):
        create_endpoint(agent, url)
        broken, well = queue(agent, 2)
        Call.objects.filter(pk=broken.pk).update(key="broken")
        call_sending.send_due()
    assert states(agent) == ["sent", "queued"] or states(agent) == ["queued", "sent"]
    assert endpoint_of(agent).failing_since is None
    assert [name for name, _, _ in receiver.taken] == [str(well.pk)]


def test_an_archived_agent_is_not_called(agent: Agent, refund: ActionType) -> None:
    create_endpoint(agent, "https://agent.example/hook")
    queue(agent)
    Agent.objects.filter(pk=agent.pk).update(archived_at=clock.now())
    assert call_sending.send_due() == 0


@pytest.mark.parametrize("purpose", [Purpose.SEEDED, Purpose.EVAL])
def test_of_a_case_that_was_planted_or_a_test_nobody_is_told(
    agent: Agent, action: Action, purpose: Purpose
) -> None:
    create_endpoint(agent, "https://agent.example/hook")
    Action.objects.filter(pk=action.pk).update(purpose=purpose)
    reject(action)
    hear()
    assert kinds() == []


def test_hearing_the_same_again_calls_nobody_twice(agent: Agent, action: Action) -> None:
    create_endpoint(agent, "https://agent.example/hook")
    reject(action)
    hear()
    call = Call.objects.get()
    calls._queue([action_event(action, call)])
    assert Call.objects.count() == 1


def action_event(action: Action, call: Call) -> Any:
    return calls.Event.objects.get(stream=action.stream, seq=int(call.key.rpartition("#")[2]))


def queries_of(agent: Agent, refund: ActionType, count: int) -> int:
    for _ in range(count):
        reject(create_action(agent, refund))
    with CaptureQueriesContext(connection) as asked:
        calls.call()
    return len(asked)


def test_many_events_take_as_many_queries_as_few(agent: Agent, refund: ActionType) -> None:
    create_endpoint(agent, "https://agent.example/hook")
    assert queries_of(agent, refund, 8) == queries_of(agent, refund, 2)
