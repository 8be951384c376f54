"""The verbs of the client, and what it does when the server or the network is not well."""

from typing import Any

import pytest
from review_queue import Client, Problem, Refused, StillPending, Unreachable

from agents_registry.models import Person, Workflow
from approvals import review
from approvals.models import Action, Lease
from approvals.states import State
from tests.clients.between import Between
from tests.clients.conftest import REFUND, Decide
from tests.factories import seen


def test_from_me_to_the_report(rq: Client, support: str, approve: Decide) -> None:
    assert [workflow["slug"] for workflow in rq.me()["workflows"]] == [support]
    check = rq.check(support, "refund", REFUND)
    assert (check.needs_person, check.tier) == (True, "mandatory")
    assert check.because
    staged = rq.stage(support, "refund", REFUND, summary="Half of it came back.")
    assert (staged.state, staged.payload, staged.decision) == ("pending", REFUND, None)
    with pytest.raises(StillPending):
        rq.wait(staged.id, timeout=0)
    approve()
    decided = rq.wait(staged.id)
    assert decided.decision
    assert (decided.state, decided.decision.verdict) == ("approved", "approved")
    release = rq.take(staged.id)
    assert (release.payload, release.action_id) == (REFUND, staged.id)
    assert release.approved_by == [decided.decision.by]
    done = rq.report(
        release.action_id,
        release.lease_id,
        after={**REFUND},
        cost={"amount": "0.03", "currency": "USD"},
    )
    assert done.state == "succeeded"
    assert rq.get(staged.id).state == "succeeded"


def test_the_same_key_is_the_same_action(rq: Client, support: str) -> None:
    first = rq.stage(support, "refund", REFUND, key="order A-1")
    again = rq.stage(support, "refund", REFUND, key="order A-1")
    assert (first.id, first.replayed) == (again.id, False)
    assert again.replayed
    assert rq.stage(support, "refund", REFUND).id != first.id


def test_a_problem_points_at_what_is_wrong(rq: Client, support: str) -> None:
    with pytest.raises(Problem) as problem:
        rq.stage(support, "refund", {**REFUND, "amount": "a lot"})
    assert (problem.value.status, problem.value.code) == (400, "payload_invalid")
    assert [error["pointer"] for error in problem.value.errors] == ["/payload/amount"]
    assert "/payload/amount: " in str(problem.value)


def test_work_is_taken_as_from_a_queue(rq: Client, support: str, approve: Decide) -> None:
    assert rq.take_next(support) == []
    rq.stage(support, "refund", REFUND)
    approve()
    (release,) = rq.take_next(support, limit=5)
    assert (
        rq.report(release.action_id, release.lease_id, "failed", error="The bank is closed.").state
        == "failed"
    )


def test_what_is_sent_back_is_revised_or_withdrawn(
    rq: Client, support: str, reviewer: Person
) -> None:
    staged = rq.stage(support, "refund", REFUND)
    action = Action.objects.get()
    review.ask_for_changes(
        action_id=action.pk, person=reviewer, seen=seen(action), comment="At most 100."
    )
    sent_back = rq.wait(staged.id)
    assert sent_back.decision
    assert (sent_back.state, sent_back.decision.comment) == ("changes_requested", "At most 100.")
    assert rq.revise(staged.id, {**REFUND, "amount": 100}).revision == 2
    assert rq.withdraw(staged.id).state == "withdrawn"


def test_the_verdicts_are_followed(rq: Client, support: str, reject: Decide) -> None:
    for number in range(3):
        rq.stage(support, "refund", {**REFUND, "order": f"A-{number}"})
        reject(f"No {number}.")
    followed = rq.follow()  # a verdict is told a second after it was given
    verdicts = [next(followed) for _ in range(3)]
    assert [verdict.comment for verdict in verdicts] == ["No 0.", "No 1.", "No 2."]
    assert rq.decisions() == (verdicts, verdicts[-1].raw["cursor"])
    assert rq.decisions(verdicts[1].raw["cursor"])[0] == [verdicts[2]]


@pytest.mark.parametrize("troubles", [["lose"], [503], ["lose", 429, "lose"]])
def test_what_gets_no_answer_is_sent_again_and_staged_once(
    troubles: list[Any], shaky: Client, middle: Between, support: str
) -> None:
    middle.troubles = list(troubles)
    staged = shaky.stage(support, "refund", REFUND)
    assert len(middle.seen) == len(troubles) + 1
    assert str(Action.objects.get().pk) == staged.id


def test_a_guarded_call_comes_through_a_bad_line_and_runs_once(
    shaky: Client, middle: Between, support: str
) -> None:
    looks: list[str] = []

    @shaky.guard(workflow=support)
    def look_up_order(order: str) -> None:
        looks.append(order)
        middle.troubles = ["lose", 502, "lose"]  # when it is reported

    middle.troubles = ["lose", 503]  # when it is staged
    look_up_order("A-1")
    assert looks == ["A-1"]
    assert Action.objects.get().state == State.SUCCEEDED
    assert Lease.objects.count() == 1


def test_a_lost_lease_is_not_taken_twice(shaky: Client, middle: Between, support: str) -> None:
    staged = shaky.stage(support, "look_up_order", {"order": "A-1"})
    middle.troubles = ["lose"]
    with pytest.raises(Problem) as problem:
        shaky.take(staged.id)
    assert problem.value.code == "leased"


def test_a_server_that_is_not_there_is_said_so(token: str) -> None:
    with Client("http://127.0.0.1:9", token, patience=0.5) as rq, pytest.raises(Unreachable):
        rq.me()


def test_a_server_that_stays_ill_is_said_so_without_its_page(
    shaky: Client, middle: Between
) -> None:
    shaky.patience = 0
    middle.troubles = [503]
    with pytest.raises(Problem, match=r"^Service Unavailable \(503\)$"):
        shaky.me()


def test_the_address_may_be_written_either_way(server: str, token: str) -> None:
    with Client(f"{server}/api/v1/", token) as rq:
        assert rq.me()["agent"]["status"] == "active"


def test_address_and_token_come_from_the_environment(
    server: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVIEW_QUEUE_URL", server)
    monkeypatch.setenv("REVIEW_QUEUE_TOKEN", token)
    with Client() as rq:
        assert rq.me()["agent"]["slug"]


def test_without_an_address_it_says_which_variable_it_wants(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("REVIEW_QUEUE_URL", raising=False)
    with pytest.raises(TypeError, match="REVIEW_QUEUE_URL"):
        Client()


def test_a_draft_is_never_carried_out(
    rq: Client, support: str, workflow: Workflow, approve: Decide
) -> None:
    workflow.action_types.filter(key="refund").update(mode="draft_only")

    @rq.guard(workflow=support, timeout=0)
    def refund(order: str, amount: float, currency: str) -> None:
        raise AssertionError("It is a draft.")

    with pytest.raises(StillPending):
        refund("A-1", 120, "USD")
    approve()
    with pytest.raises(Refused, match="Accepted as a draft"):
        refund("A-1", 120, "USD")
