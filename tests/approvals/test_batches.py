"""Like actions in one act: the sample is looked at, a defect ends it, each is recorded singly."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import batch_samples, batches, review
from approvals.batch_samples import Batch
from approvals.errors import Conflict, Invalid, Missing
from approvals.lots import Lot
from approvals.models import Action, BatchDefect, Decision
from approvals.states import State
from ledger import clock
from ledger.models import Event
from tests.approvals.batched import (
    create_title_type,
    drawn,
    lot_of,
    not_drawn,
    open_all,
    stage,
    stage_many,
)
from tests.factories import seen

pytestmark = pytest.mark.django_db


@pytest.fixture
def titles(workflow: Workflow) -> ActionType:
    return create_title_type(workflow)


@pytest.fixture
def batch(agent: Agent, titles: ActionType) -> Batch:
    """Twelve like actions, of which five are drawn."""
    return stage_many(agent, titles, 12)


def state_of(action_id: UUID) -> str:
    return Action.objects.get(pk=action_id).state


def states(batch: Batch) -> Counter[str]:
    return Counter(
        Action.objects.filter(action_type=batch.action_type_id).values_list("state", flat=True)
    )


def code_of(refused: Callable[[], Any]) -> str:
    with pytest.raises((Invalid, Conflict)) as refusal:
        refused()
    return refusal.value.code


def test_all_that_are_alike_are_approved_in_one_act(batch: Batch, reviewer: Person) -> None:
    open_all(reviewer, drawn(batch))
    act = batches.approve(person=reviewer, batch=batch, seen=lot_of(batch))
    assert (len(act.decided), act.left) == (12, ())
    assert states(batch) == {State.APPROVED: 12}


def test_each_is_recorded_singly(batch: Batch, reviewer: Person) -> None:
    lot = lot_of(batch)
    open_all(reviewer, drawn(batch))
    act = batches.approve(person=reviewer, batch=batch, seen=lot)
    decisions = Decision.objects.filter(act=act.id, person=reviewer, verdict="approved")
    assert {decision.action_id for decision in decisions} == lot.keys()
    for action in Action.objects.filter(pk__in=lot):
        told = Event.objects.filter(stream=action.stream).order_by("seq")
        assert [event.type for event in told] == ["action.staged", "action.approved"]
        assert action.approved_digest == lot[action.pk].payload_digest


def test_five_of_twelve_are_drawn_and_asking_again_draws_the_same(batch: Batch) -> None:
    first = drawn(batch)
    assert len(first) == 5
    assert drawn(batch) == first


def test_the_sample_hangs_on_the_key_of_the_installation(batch: Batch, settings: Any) -> None:
    keys = [f"key-{number}" for number in range(5)]
    samples = set()
    for settings.SECRET_KEY in keys:
        samples.add(tuple(drawn(batch)))
    assert len(samples) > 1


def test_the_drawn_must_be_opened_first(batch: Batch, reviewer: Person) -> None:
    *most, last = drawn(batch)
    open_all(reviewer, most)
    approve = partial(batches.approve, person=reviewer, batch=batch, seen=lot_of(batch))
    assert code_of(approve) == "not_opened"
    assert states(batch) == {State.PENDING: 12}
    open_all(reviewer, [last])
    assert len(approve().decided) == 12


def test_that_a_colleague_opened_them_does_not_count(
    batch: Batch, reviewer: Person, workflow: Workflow
) -> None:
    open_all(workflow.approval_owner, lot_of(batch))
    approve = partial(batches.approve, person=reviewer, batch=batch, seen=lot_of(batch))
    assert code_of(approve) == "not_opened"


def test_one_that_was_drawn_cannot_be_taken_out(batch: Batch, reviewer: Person) -> None:
    lot = lot_of(batch)
    open_all(reviewer, lot)
    del lot[drawn(batch)[0]]
    approve = partial(batches.approve, person=reviewer, batch=batch, seen=lot)
    assert code_of(approve) == "drawn_left_out"
    assert states(batch) == {State.PENDING: 12}


def test_others_can_be_taken_out(batch: Batch, reviewer: Person) -> None:
    lot, out = lot_of(batch), not_drawn(batch)[0]
    open_all(reviewer, lot)
    del lot[out]
    batches.approve(person=reviewer, batch=batch, seen=lot)
    assert state_of(out) == State.PENDING
    assert states(batch) == {State.APPROVED: 11, State.PENDING: 1}


def test_what_stands_out_must_be_opened_or_taken_out(
    agent: Agent, titles: ActionType, reviewer: Person
) -> None:
    batch = stage_many(agent, titles, 12)
    odd = not_drawn(batch)[0]
    change_source(odd, "web page")
    lot = lot_of(batch)
    open_all(reviewer, lot.keys() - {odd})
    approve = partial(batches.approve, person=reviewer, batch=batch, seen=lot)
    assert code_of(approve) == "not_opened"
    del lot[odd]
    assert len(approve().decided) == 11


def change_source(action_id: UUID, source: str) -> None:
    content = Action.objects.get(pk=action_id).contents.get()
    content.payload = {**content.payload, "source": source}
    content.save()


def test_at_most_five_of_those_that_stand_out_must_be_opened(
    agent: Agent, titles: ActionType, reviewer: Person
) -> None:
    for number in range(40):
        strange = {"title": f"odd {number}"} if number >= 32 else {}
        stage(agent, titles, number, payload=strange)
    batch = Batch.of(Action.objects.latest("created_at"))
    lot = Lot.of(batch, reviewer)
    assert len(lot.outliers) == 5
    assert len(lot.close) <= len(lot.drawn) + 5


@pytest.mark.parametrize("verdict", ["edited", "rejected", "changes_requested", "taken_over"])
def test_a_defect_among_the_drawn_sends_the_lot_to_single_review(
    batch: Batch, reviewer: Person, verdict: str
) -> None:
    decide_singly(drawn(batch)[0], reviewer, verdict)
    assert batch_samples.defect_of(batch)
    assert lot_of(batch) == {}
    left = {action.pk: seen(action) for action in Action.objects.filter(state=State.PENDING)}
    open_all(reviewer, left)
    approve = partial(batches.approve, person=reviewer, batch=batch, seen=left)
    assert code_of(approve) == "single_review"


@pytest.mark.parametrize("verdict", ["approved", "escalated"])
def test_what_is_no_defect_leaves_the_batch_together(
    batch: Batch, reviewer: Person, verdict: str
) -> None:
    decide_singly(drawn(batch)[0], reviewer, verdict)
    assert not BatchDefect.objects.exists()


def test_a_defect_outside_the_sample_leaves_the_batch_together(
    batch: Batch, reviewer: Person
) -> None:
    decide_singly(not_drawn(batch)[0], reviewer, "rejected")
    assert not BatchDefect.objects.exists()
    assert len(lot_of(batch)) == 11


def test_what_is_staged_after_the_defect_can_be_decided_together_again(
    agent: Agent, titles: ActionType, batch: Batch, reviewer: Person
) -> None:
    decide_singly(drawn(batch)[0], reviewer, "rejected")
    later = {stage(agent, titles, number).pk for number in (20, 21)}
    assert lot_of(batch).keys() == later


def test_a_defect_that_is_taken_back_no_longer_stands(batch: Batch, reviewer: Person) -> None:
    decision = decide_singly(drawn(batch)[0], reviewer, "rejected")
    review.undo(decision_id=decision.pk, person=reviewer)
    assert len(lot_of(batch)) == 12


def test_what_changed_meanwhile_is_left_and_said(batch: Batch, reviewer: Person) -> None:
    lot = lot_of(batch)
    open_all(reviewer, lot)
    decided, judged = not_drawn(batch)[:2]
    decide_singly(decided, reviewer, "approved")
    Action.objects.filter(pk=judged).update(policy_revision="sha256:other")
    open_all(reviewer, drawn(batch))
    act = batches.approve(person=reviewer, batch=batch, seen=lot)
    assert set(act.left) == {decided, judged}
    assert state_of(judged) == State.PENDING
    assert not Decision.objects.filter(action=judged).exists()


def test_when_all_of_it_changed_nothing_is_decided(batch: Batch, reviewer: Person) -> None:
    lot = lot_of(batch)
    Action.objects.filter(pk__in=lot).update(policy_revision="sha256:other")
    approve = partial(batches.approve, person=reviewer, batch=batch, seen=lot)
    assert code_of(approve) == "changed"


def test_a_new_content_has_to_be_opened_anew(batch: Batch, reviewer: Person) -> None:
    open_all(reviewer, lot_of(batch))
    action = Action.objects.get(pk=drawn(batch)[0])
    action.contents.update(created_at=clock.now())
    approve = partial(batches.approve, person=reviewer, batch=batch, seen=lot_of(batch))
    assert code_of(approve) == "not_opened"


def test_what_came_after_the_page_was_made_does_not_change_its_sample(
    agent: Agent, titles: ActionType, batch: Batch, reviewer: Person
) -> None:
    lot, as_of = lot_of(batch), clock.now()
    open_all(reviewer, drawn(batch))
    for number in range(30, 60):
        stage(agent, titles, number)
    act = batches.approve(person=reviewer, batch=batch, seen=lot, as_of=as_of)
    assert len(act.decided) == 12
    assert states(batch) == {State.APPROVED: 12, State.PENDING: 30}


def test_only_who_may_decide_each_of_them_decides(
    agent: Agent, titles: ActionType, batch: Batch, workflow: Workflow, reviewer: Person
) -> None:
    own = stage(agent, titles, 70, requested_by=reviewer.email).pk
    lot = lot_of(batch)
    for person in (workflow.workflow_owner, workflow.risk_owner, reviewer):
        open_all(person, lot)
        with pytest.raises(PermissionDenied):
            batches.approve(person=person, batch=batch, seen=lot)
        with pytest.raises(PermissionDenied):
            batches.reject(person=person, batch=batch, seen=lot, reason="tone")
    del lot[own]
    assert len(batches.approve(person=reviewer, batch=batch, seen=lot).decided) == 12


def test_rights_are_asked_for_each_kind_not_for_each_action(
    batch: Batch, reviewer: Person, django_assert_max_num_queries: Any
) -> None:
    lot = lot_of(batch)
    with django_assert_max_num_queries(12):
        Lot.of(batch, reviewer)
    with django_assert_max_num_queries(30):
        batches.reject(person=reviewer, batch=batch, seen={k: lot[k] for k in not_drawn(batch)},
                       reason="tone")  # fmt: skip


def test_another_team_does_not_find_it(batch: Batch, stranger: Person) -> None:
    with pytest.raises(Missing):
        batches.approve(person=stranger, batch=batch, seen=lot_of(batch))


def test_drafts_are_accepted(agent: Agent, workflow: Workflow, reviewer: Person) -> None:
    drafts = create_title_type(workflow, "draft_title", mode="draft_only")
    batch = stage_many(agent, drafts, 3)
    open_all(reviewer, lot_of(batch))
    batches.approve(person=reviewer, batch=batch, seen=lot_of(batch))
    assert states(batch) == {State.ACCEPTED: 3}


def test_where_two_approve_the_first_act_only_counts(
    agent: Agent, workflow: Workflow, reviewer: Person
) -> None:
    double = create_title_type(workflow, "double_title", approvals_needed=2)
    batch = stage_many(agent, double, 4)
    other = workflow.pool.people.order_by("-pk")[0]
    for person, expected in ((reviewer, State.PENDING), (other, State.APPROVED)):
        open_all(person, lot_of(batch))
        batches.approve(person=person, batch=batch, seen=lot_of(batch))
        assert states(batch) == {expected: 4}


def test_one_person_does_not_count_twice_in_an_act(
    agent: Agent, workflow: Workflow, reviewer: Person
) -> None:
    double = create_title_type(workflow, "double_title", approvals_needed=2)
    batch = stage_many(agent, double, 4)
    open_all(reviewer, lot_of(batch))
    batches.approve(person=reviewer, batch=batch, seen=lot_of(batch))
    with pytest.raises(PermissionDenied):
        batches.approve(person=reviewer, batch=batch, seen=lot_of(batch))
    assert states(batch) == {State.PENDING: 4}


def test_what_somebody_edited_is_no_longer_like_the_others(
    agent: Agent, workflow: Workflow, reviewer: Person
) -> None:
    double = create_title_type(workflow, "double_title", approvals_needed=2)
    batch = stage_many(agent, double, 12)
    edited = not_drawn(batch)[0]
    decide_singly(edited, reviewer, "edited")
    assert state_of(edited) == State.PENDING
    assert edited not in lot_of(batch)


def test_mandatory_ones_are_never_decided_together(batch: Batch, reviewer: Person) -> None:
    Action.objects.filter(pk__in=lot_of(batch)).update(tier="mandatory", tier_rank=0)
    lot = {action.pk: seen(action) for action in Action.objects.all()}
    open_all(reviewer, lot)
    approve = partial(batches.approve, person=reviewer, batch=batch, seen=lot)
    assert code_of(approve) == "changed"


def test_a_rejected_lot_says_why_and_its_sample_is_a_defect(batch: Batch, reviewer: Person) -> None:
    lot, out = lot_of(batch), not_drawn(batch)[0]
    sample = set(drawn(batch))
    del lot[out]
    act = batches.reject(person=reviewer, batch=batch, seen=lot, reason="tone", comment="no")
    assert len(act.decided) == 11
    reasons = Decision.objects.filter(act=act.id).values_list("reason", "comment")
    assert set(reasons) == {("tone", "no")}
    found = BatchDefect.objects.values_list("decision__action", flat=True)
    assert set(found) == sample
    assert lot_of(batch) == {}


@pytest.mark.parametrize("reason", ["", "nothing-like-this"])
def test_nothing_is_rejected_without_a_reason(batch: Batch, reviewer: Person, reason: str) -> None:
    everything = lot_of(batch)
    reject = partial(batches.reject, person=reviewer, batch=batch, seen=everything, reason=reason)
    assert code_of(reject) == "reason_missing"


def test_an_empty_choice_decides_nothing(batch: Batch, reviewer: Person) -> None:
    approve = partial(batches.approve, person=reviewer, batch=batch, seen={})
    assert code_of(approve) == "nothing_chosen"


def test_an_act_is_taken_back_as_far_as_it_can_be(batch: Batch, reviewer: Person) -> None:
    open_all(reviewer, drawn(batch))
    act = batches.approve(person=reviewer, batch=batch, seen=lot_of(batch))
    taken = act.decided[0]
    Action.objects.filter(pk=taken).update(state=State.RELEASED)
    done = batches.undo(act=act.id, person=reviewer)
    assert (done.undone, done.too_late) == (11, 1)
    assert states(batch) == {State.PENDING: 11, State.RELEASED: 1}


def test_nobody_takes_back_the_act_of_another(
    batch: Batch, reviewer: Person, workflow: Workflow
) -> None:
    open_all(reviewer, drawn(batch))
    act = batches.approve(person=reviewer, batch=batch, seen=lot_of(batch))
    with pytest.raises(Missing):
        batches.undo(act=act.id, person=workflow.approval_owner)


def decide_singly(action_id: UUID, person: Person, verdict: str) -> Decision:
    action = Action.objects.get(pk=action_id)
    page: dict[str, Any] = {"action_id": action_id, "person": person, "seen": seen(action)}
    match verdict:
        case "approved":
            return review.approve(**page)
        case "edited":
            payload = action.contents.get().payload
            return review.edit_and_approve(**page, payload={**payload, "title": "Mended"})
        case "rejected":
            return review.reject(**page, reason="wrong_facts")
        case "changes_requested":
            return review.ask_for_changes(**page, comment="mend it")
        case "taken_over":
            return review.take_over(**page, comment="mine")
    return review.escalate(**page, comment="look")
