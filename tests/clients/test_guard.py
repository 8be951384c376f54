"""A guarded function asks before it runs, and runs once, with what was approved."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from review_queue import (
    Client,
    NotReported,
    OutcomeUnknown,
    Problem,
    Refused,
    StillPending,
    current_release,
)

from agents_registry.models import Person
from approvals import review
from approvals.models import Action, Decision, Lease
from approvals.states import State
from tests.clients.conftest import REFUND, Decide
from tests.factories import seen

Refund = Callable[..., str]


@pytest.fixture
def paid() -> list[dict[str, Any]]:
    """What the bank was told."""
    return []


@pytest.fixture
def refund(rq: Client, support: str, paid: list[dict[str, Any]]) -> Refund:
    @rq.guard(workflow=support, timeout=0)
    def refund(order: str, amount: float, currency: str = "USD") -> str:
        """Pays money back."""
        paid.append({"order": order, "amount": amount, "currency": currency})
        return f"paid {amount}"

    return refund


def test_a_call_waits_and_goes_on_where_it_was_when_it_is_made_again(
    refund: Refund, paid: list[dict[str, Any]], approve: Decide
) -> None:
    with pytest.raises(StillPending, match=r"Refund 120\.00 USD for order A-1"):
        refund("A-1", 120)
    assert paid == []
    approve()
    assert refund("A-1", 120) == "paid 120"
    assert paid == [REFUND]
    assert Action.objects.get().state == State.SUCCEEDED


def test_it_runs_with_what_the_person_made_of_it(
    refund: Refund, paid: list[dict[str, Any]], approve: Decide
) -> None:
    with pytest.raises(StillPending):
        refund("A-1", 120)
    approve({**REFUND, "amount": 80})
    assert refund("A-1", 120) == "paid 80"
    assert paid == [{**REFUND, "amount": 80}]


def test_a_waiting_call_returns_as_soon_as_it_is_approved(
    rq: Client, support: str, reviewer: Person
) -> None:
    result: list[str] = []

    @rq.guard(workflow=support)
    def refund(order: str, amount: float, currency: str) -> str:
        return f"paid {amount}"

    waiting = threading.Thread(target=lambda: result.append(refund("A-1", 120, "USD")))
    waiting.start()
    moment = threading.Event()
    while not Action.objects.filter(state=State.PENDING).exists():
        moment.wait(0.02)
    action = Action.objects.get()
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["x"])
    waiting.join(30)
    assert result == ["paid 120"]


def test_a_refusal_is_raised_with_what_the_person_said(
    refund: Refund, paid: list[dict[str, Any]], reject: Decide
) -> None:
    with pytest.raises(StillPending):
        refund("A-1", 120)
    reject("The order never arrived there.")
    with pytest.raises(Refused) as refusal:
        refund("A-1", 120)
    by = Decision.objects.get().person.username
    assert str(refusal.value) == (
        "Not done: Refund 120.00 USD for order A-1. "
        f"Rejected by {by}: wrong facts, “The order never arrived there”."
    )
    assert refusal.value.action.state == "rejected"
    assert paid == []


def test_a_refusal_is_said_to_the_model_where_that_is_chosen(
    rq: Client, support: str, reject: Decide
) -> None:
    @rq.guard(workflow=support, timeout=0, on_refusal="say")
    def refund(order: str, amount: float, currency: str) -> str:
        raise AssertionError("It was rejected.")

    assert refund("A-1", 120, "USD").startswith("Not decided yet: Refund 120.00 USD")
    reject()
    assert refund("A-1", 120, "USD").startswith(
        "Not done: Refund 120.00 USD for order A-1. Rejected"
    )
    assert "/amount" in refund("A-1", -1, "USD"), "what does not fit the schema is said as well"


def test_what_was_refused_once_may_be_asked_for_anew(refund: Refund, reject: Decide) -> None:
    with pytest.raises(StillPending):
        refund("A-1", 120)
    reject()
    with pytest.raises(Refused):
        refund("A-1", 120)
    with pytest.raises(StillPending):
        refund("A-1", 120)
    assert Action.objects.count() == 2


def test_a_read_needs_nobody_and_is_a_new_one_each_time(rq: Client, support: str) -> None:
    looks: list[str] = []

    @rq.guard(workflow=support)
    def look_up_order(order: str) -> str:
        looks.append(order)
        return "sent yesterday"

    assert [look_up_order("A-1"), look_up_order(order="A-1")] == ["sent yesterday"] * 2
    assert looks == ["A-1", "A-1"]
    assert list(Action.objects.values_list("state", flat=True)) == ["succeeded"] * 2


def test_the_same_call_in_the_same_run_is_not_done_again_after_a_crash(
    server: str, token: str, support: str
) -> None:
    looks: list[str] = []

    def look_up_order(order: str) -> None:
        looks.append(order)

    for _ in range(2):  # each time a process of its own, which knows nothing of the one before
        with Client(server, token) as rq, rq.run("ticket-4417"):
            again = rq.guard(workflow=support)(look_up_order)
            if looks:
                with pytest.raises(Refused, match="It was done before, and is not done again"):
                    again("A-1")
            else:
                again("A-1")
    assert looks == ["A-1"]
    assert Action.objects.get().run_id == "ticket-4417"


def test_what_an_earlier_process_took_and_never_reported_is_not_done(
    server: str, token: str, support: str
) -> None:
    def look_up_order(order: str) -> None:
        raise KeyboardInterrupt

    with Client(server, token, run_id="r") as rq, pytest.raises(KeyboardInterrupt):
        rq.guard(workflow=support)(look_up_order)("A-1")
    with Client(server, token, run_id="r") as rq, pytest.raises(Refused, match="earlier attempt"):
        rq.guard(workflow=support)(look_up_order)("A-1")
    assert Lease.objects.count() == 1


def test_a_failure_is_reported_and_raised(rq: Client, support: str) -> None:
    @rq.guard(workflow=support)
    def look_up_order(order: str) -> str:
        raise LookupError(f"no order {order}")

    with pytest.raises(LookupError):
        look_up_order("A-1")
    assert Action.objects.get().state == State.FAILED
    assert Lease.objects.get().outcome.error == "LookupError: no order A-1"


def test_what_nobody_knows_is_not_reported(rq: Client, support: str) -> None:
    @rq.guard(workflow=support)
    def look_up_order(order: str) -> str:
        raise OutcomeUnknown("The shop did not answer.")

    with pytest.raises(OutcomeUnknown):
        look_up_order("A-1")
    assert Action.objects.get().state == State.RELEASED, "it is unknown once its lease has ended"


def test_what_was_done_and_cannot_be_reported_is_told_with_its_result(
    rq: Client, support: str
) -> None:
    @rq.guard(workflow=support)
    def look_up_order(order: str) -> str:
        release = current_release()
        rq.report(release.action_id, release.lease_id, "failed", error="too slow")
        return "sent yesterday"

    with pytest.raises(NotReported) as told:
        look_up_order("A-1")
    assert told.value.result == "sent yesterday"
    assert isinstance(told.value.__cause__, Problem)


def test_a_result_that_cannot_be_told_is_not_lost(rq: Client, support: str) -> None:
    @rq.guard(workflow=support, after=lambda found: found["nowhere"])
    def look_up_order(order: str) -> dict[str, str]:
        return {"order": order}

    with pytest.raises(NotReported) as told:
        look_up_order("A-1")
    assert told.value.result == {"order": "A-1"}
    assert isinstance(told.value.__cause__, KeyError)


def test_the_function_knows_its_release(rq: Client, support: str) -> None:
    @rq.guard(workflow=support)
    def look_up_order(order: str) -> str:
        return current_release().release_id

    assert look_up_order("A-1") == str(Lease.objects.get().action.release_id)
    with pytest.raises(LookupError):
        current_release()


def test_what_describes_a_call_reaches_the_person(rq: Client, support: str) -> None:
    def described(order: str, **_: object) -> Any:
        return {"before": {"order": order, "refunded": 0}, "confidence": 0.25}

    @rq.guard(workflow=support, timeout=0, describe=described, action_type="refund")
    def pay_back(order: str, amount: float, currency: str, **more: str) -> None: ...

    with pytest.raises(StillPending):
        pay_back("A-1", 120, "USD", note="by hand")
    action = Action.objects.get()
    content = action.contents.get()
    assert content.payload == {**REFUND, "note": "by hand"}
    assert content.before == {"order": "A-1", "refunded": 0}
    assert float(action.confidence) == 0.25


def test_the_state_afterwards_is_reported(rq: Client, support: str) -> None:
    @rq.guard(workflow=support, after=lambda found: {"order": found})
    def look_up_order(order: str) -> str:
        return order

    look_up_order("A-1")
    assert Lease.objects.get().outcome.after == {"order": "A-1"}


def test_it_stays_the_function_that_it_was(refund: Refund) -> None:
    assert refund.__name__ == "refund"
    assert refund.__doc__ == "Pays money back."
    with pytest.raises(TypeError, match="missing a required argument: 'amount'"):
        refund("A-1")


def test_arguments_without_a_name_cannot_be_guarded(rq: Client) -> None:
    with pytest.raises(TypeError, match="orders has no name to approve"):

        @rq.guard(workflow="support")
        def refund(*orders: str) -> None: ...


def test_arguments_that_are_no_json_are_refused_before_anything_is_sent(refund: Refund) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        refund("A-1", 120j)
