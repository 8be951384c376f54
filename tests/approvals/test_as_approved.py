"""Holding the after-state against what was approved: where the two differ, and who hears of it."""

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from agents_registry.models import ActionType, Agent, Person
from approvals import after_state, closing, outcome, release, review
from approvals.as_approved import NOTHING, Difference, can_be_told, differences
from approvals.models import Action, FollowUp
from approvals.states import State
from ledger import record
from ledger.models import Event
from tests.factories import seen

scalars = st.none() | st.booleans() | st.integers(-999, 999) | st.text(max_size=5)
documents = st.dictionaries(
    st.text(max_size=4),
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=8,
    ),
    max_size=4,
)


@given(documents)
def test_what_was_done_as_approved_differs_nowhere(payload: dict[str, Any]) -> None:
    assert differences(payload, payload, []) == []


@given(documents, documents)
def test_any_two_documents_can_be_held_against_each_other(
    payload: dict[str, Any], after: dict[str, Any]
) -> None:
    for each in differences(payload, after, []):
        assert each.payload == each.after
        assert each.found is not NOTHING


@pytest.mark.parametrize(
    ("approved", "found", "same"),
    [
        (120, 120.0, True),
        (120, "120.00", True),
        ("5.0", "5.00", True),
        ("0.50", 0.5, True),
        (0.1, "0.10", True),
        (120, 121, False),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        ("007", 7, False),
        ("007", "7", False),
        ("A-1", "A-1", True),
        ("A-1", "a-1", False),
        (None, None, True),
        (None, 0, False),
        ({"a": 1}, {"a": "1.0"}, True),
        ({"a": 1}, 1, False),
        ([1, 2], ["1", "2.0"], True),
        ([1, 2], [2, 1], False),
        ([1, 2], [1, 2, 3], False),
    ],
)
def test_numbers_are_the_same_however_they_are_written(
    approved: Any, found: Any, same: bool
) -> None:
    assert (differences({"x": approved}, {"x": found}, []) == []) == same


def test_without_pairs_only_the_places_count_that_both_have() -> None:
    payload = {"order": "A-1", "amount": 120, "note": "thanks", "to": {"iban": "X", "name": "Y"}}
    after = {"amount": 12, "status": "paid", "to": {"iban": "Z"}}
    assert differences(payload, after, []) == [
        Difference("/amount", "/amount", 120, 12),
        Difference("/to/iban", "/to/iban", "X", "Z"),
    ]


def test_with_pairs_the_after_state_has_to_say_it() -> None:
    pairs = [{"after": "/refunded", "payload": "/amount"}]
    payload = {"order": "A-1", "amount": 120}
    assert differences(payload, {"refunded": "120.00", "order": "B"}, pairs) == []
    (found,) = differences(payload, {"order": "A-1"}, pairs)
    assert (found.approved, found.found) == (120, NOTHING)
    assert differences(payload, None, pairs) == [found]


def test_what_was_not_in_the_payload_is_not_asked_for() -> None:
    pairs = [{"after": "/note", "payload": "/note"}]
    assert differences({"order": "A-1"}, {"note": "x"}, pairs) == []
    assert not can_be_told({"order": "A-1"}, {"note": "x"}, pairs)


def test_pairs_lead_into_lists_and_through_odd_names() -> None:
    pairs = [{"after": "/lines/0/sum", "payload": "/a~1b/~0"}]
    assert differences({"a/b": {"~": 1}}, {"lines": [{"sum": 1}]}, pairs) == []
    assert len(differences({"a/b": {"~": 1}}, {"lines": []}, pairs)) == 1


@pytest.mark.parametrize("after", [None, "paid", [], {}, {"status": "paid"}])
def test_where_nothing_can_be_held_against_it_nothing_is_found(after: Any) -> None:
    assert differences({"order": "A-1"}, after, []) == []
    assert not can_be_told({"order": "A-1"}, after, [])


# Reported


def report(agent: Agent, action: Action, after: Any, status: str = "succeeded") -> Action:
    taken = release.lease(agent=agent, action_id=action.pk)
    outcome.report(
        agent=agent, action_id=action.pk, lease_id=taken.lease.pk, status=status,
        body_digest="d", after=after,
    )  # fmt: skip
    return Action.objects.get(pk=action.pk)


@pytest.fixture
def approved(action: Action, reviewer: Person) -> Action:
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["x"])
    return action


def test_done_but_not_as_approved_goes_to_the_system_owner(agent: Agent, approved: Action) -> None:
    done = report(agent, approved, {"order": "A-1", "amount": 1200, "currency": "USD"})
    assert done.state == State.SUCCEEDED, "that it was done is not in doubt"
    work = FollowUp.objects.get(action=done)
    assert work.kind == "not_as_approved"
    assert work.assignee == done.workflow.system_owner
    assert after_state.is_as_approved(done) is False
    (found,) = after_state.differences(done)
    assert (found.after, found.approved, found.found) == ("/amount", 120, 1200)


def test_the_record_says_where_and_keeps_the_words_apart(agent: Agent, approved: Action) -> None:
    done = report(agent, approved, {"amount": 1200})
    event = Event.objects.get(stream=done.stream, type="action.not_as_approved")
    assert record.body_of(event)["pointers"] == ["/amount"]
    assert b"amount" not in bytes(event.content)


def test_done_as_approved_opens_nothing(agent: Agent, approved: Action) -> None:
    done = report(agent, approved, {"amount": "120.00", "status": "paid"})
    assert not FollowUp.objects.exists()
    assert after_state.is_as_approved(done) is True
    assert after_state.differences(done) == []


@pytest.mark.parametrize("after", [None, {"status": "paid"}])
def test_where_the_after_state_tells_nothing_nobody_can_tell(
    agent: Agent, approved: Action, after: Any
) -> None:
    assert after_state.is_as_approved(report(agent, approved, after)) is None


def test_a_type_names_where_its_after_state_has_to_say_it(
    agent: Agent, approved: Action, refund: ActionType
) -> None:
    ActionType.objects.filter(pk=refund.pk).update(
        matches=[{"after": "/refunded", "payload": "/amount"}]
    )
    done = report(agent, approved, {"amount": 120})
    assert after_state.is_as_approved(done) is False
    assert after_state.differences(done)[0].found is NOTHING


def test_what_a_person_changed_is_what_counts(
    agent: Agent, action: Action, reviewer: Person
) -> None:
    payload = {"order": "A-1", "amount": 80, "currency": "USD"}
    review.edit_and_approve(
        action_id=action.pk, person=reviewer, seen=seen(action), payload=payload,
        comment="Only this", checked=["x"],
    )  # fmt: skip
    done = report(agent, action, {"amount": 120})
    assert after_state.differences(done)[0].approved == 80


def test_what_failed_is_not_held_against_anything(agent: Agent, approved: Action) -> None:
    failed = report(agent, approved, {"amount": 1}, "failed")
    assert after_state.is_as_approved(failed) is None
    assert [work.kind for work in FollowUp.objects.all()] == ["failed"]


def test_the_system_owner_ends_it_with_a_choice(agent: Agent, approved: Action) -> None:
    done = report(agent, approved, {"amount": 1200})
    work, owner = FollowUp.objects.get(action=done), done.workflow.system_owner
    assert [value for value, _ in closing.choices(work, owner)] == [
        "roll_back", "hand_over", "close",
    ]  # fmt: skip
    closing.close(follow_up_id=work.pk, person=owner, choice="close", reason="A typing error")
    assert after_state.is_as_approved(done) is False, "what was found stays found"
