"""Whoever stands in for somebody who is away decides in their place: what that takes, how the
record tells it, and when it ends."""

from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agents_registry.models import (
    Absence,
    ActionType,
    Agent,
    Membership,
    Person,
    Pool,
    Role,
    Workflow,
)
from agents_registry.permissions import is_risk_owner
from approvals import addressing, batches, deadlines, leaving, review
from approvals.errors import Conflict
from approvals.models import Action, Decision
from approvals.permissions import can_decide
from approvals.rights import right_of
from ledger import record
from ledger.models import Event
from tests.approvals.batched import create_title_type, lot_of, open_all, stage_many
from tests.factories import (
    create_absence,
    create_action,
    create_desk,
    create_person,
    create_team,
    end_absence,
    make_due,
    seen,
)

pytestmark = pytest.mark.django_db

APPROVAL_OWNER_SIGNS = {
    "id": "large",
    "words": "The approval owner signs it.",
    "when": "true",
    "ask": "approval_owner",
    "effect": {"raise_to": "mandatory"},
}


@pytest.fixture
def owner(workflow: Workflow) -> Person:
    """The approval owner, who decides beside the pool."""
    person: Person = workflow.approval_owner
    return person


@pytest.fixture
def delegate(workflow: Workflow) -> Person:
    """Somebody who answers for the workflow and may not decide by themselves."""
    person: Person = workflow.system_owner
    return person


@pytest.fixture
def absence(owner: Person, delegate: Person) -> Absence:
    """The approval owner is away, and the delegate acts."""
    return create_absence(owner, delegate=delegate)


def fresh(action: Action) -> Action:
    return Action.objects.get(pk=action.pk)


def approve(action: Action, person: Person) -> Decision:
    return review.approve(action_id=action.pk, person=person, seen=seen(action), checked=["all"])


def decide_for(person: Person, action: Action) -> Person | None:
    """On whose behalf this person would decide it."""
    right = right_of(person, fresh(action))
    assert right
    return right.on_behalf_of


def last(action: Action) -> tuple[str, dict[str, Any]]:
    event = Event.objects.filter(stream=action.stream).latest("seq")
    return event.type, record.body_of(event)


def test_a_delegate_decides_while_somebody_is_away_and_not_before_or_after(
    action: Action, owner: Person, delegate: Person
) -> None:
    assert not can_decide(delegate, action)
    absence = create_absence(owner, delegate=delegate)
    assert can_decide(delegate, action)
    assert can_decide(owner, action), "being away takes no right away"
    end_absence(absence)
    assert not can_decide(delegate, action)


def test_the_decision_and_the_record_say_on_whose_behalf_it_was_taken(
    action: Action, owner: Person, delegate: Person, absence: Absence
) -> None:
    decision = approve(action, delegate)
    assert (decision.person, decision.on_behalf_of) == (delegate, owner)
    kind, body = last(action)
    assert (kind, body["for"]) == ("action.approved", f"person:{owner.pk}")


def test_who_may_decide_anyhow_decides_on_nobodys_behalf(
    action: Action, owner: Person, reviewer: Person
) -> None:
    create_absence(owner, delegate=reviewer)
    decision = approve(action, reviewer)
    assert decision.on_behalf_of is None
    assert "for" not in last(action)[1]


def test_every_verdict_says_on_whose_behalf(
    action: Action, owner: Person, delegate: Person, absence: Absence
) -> None:
    shown: dict[str, Any] = {"action_id": action.pk, "person": delegate, "seen": seen(action)}
    handed = review.reassign(**shown, to=action.workflow.pool.people.all()[0])
    assert handed.on_behalf_of == owner
    assert last(action)[1]["for"] == f"person:{owner.pk}"
    rejected = review.reject(**shown, reason="tone")
    assert rejected.on_behalf_of == owner


def test_the_deputy_acts_for_an_owner_who_is_away_without_a_delegate(
    action: Action, workflow: Workflow, owner: Person, delegate: Person
) -> None:
    deputy = create_person(team=workflow.team)
    Workflow.objects.filter(pk=workflow.pk).update(approval_deputy=deputy)
    assert not can_decide(deputy, fresh(action))
    absence = create_absence(owner)
    assert decide_for(deputy, action) == owner
    absence.delegate = delegate
    absence.save()
    assert not can_decide(deputy, fresh(action)), "the delegate comes first"


def test_a_workflow_owner_who_answers_for_the_approval_owner_does_not_decide_in_their_place(
    action: Action, workflow: Workflow, owner: Person
) -> None:
    create_absence(owner)
    assert not can_decide(workflow.workflow_owner, action)


def test_the_delegate_of_whom_a_finding_names_signs(
    agent: Agent, refund: ActionType, owner: Person, delegate: Person, reviewer: Person
) -> None:
    refund.stop_rules = [APPROVAL_OWNER_SIGNS]
    refund.save()
    action = create_action(agent, refund)
    create_absence(owner, delegate=delegate)
    assert decide_for(delegate, action) == owner
    assert not can_decide(reviewer, action)


def test_an_edit_that_needs_the_owners_signature_is_signed_by_the_delegate_for_them(
    action: Action, refund: ActionType, workflow: Workflow, owner: Person, reviewer: Person
) -> None:
    refund.stop_rules = [{**APPROVAL_OWNER_SIGNS, "when": "payload.amount > 500.0"}]
    refund.save()
    action = create_action(action.agent, refund)
    edit: dict[str, Any] = {
        "action_id": action.pk,
        "person": reviewer,
        "seen": seen(action),
        "payload": {"order": "A-1", "amount": 900, "currency": "USD"},
        "checked": ["all"],
    }
    with pytest.raises(PermissionDenied, match="only the approval owner"):
        review.edit_and_approve(**edit)
    Workflow.objects.filter(pk=workflow.pk).update(risk_deputy=reviewer)
    create_absence(owner, delegate=reviewer)
    assert review.edit_and_approve(**edit).on_behalf_of == owner


def test_a_reviewers_delegate_decides_only_while_nobody_of_the_pool_is_there(
    action: Action, workflow: Workflow
) -> None:
    first, second = workflow.pool.people.order_by("pk")
    stand_in = workflow.system_owner
    create_absence(first, delegate=stand_in)
    assert not can_decide(stand_in, action)
    absence = create_absence(second)
    assert decide_for(stand_in, action) == first
    end_absence(absence)
    assert not can_decide(stand_in, action)


@pytest.mark.parametrize("who", ["owner", "delegate"])
def test_nobody_decides_for_somebody_what_either_of_them_caused(
    agent: Agent, refund: ActionType, owner: Person, delegate: Person, absence: Absence, who: str
) -> None:
    causer = owner if who == "owner" else delegate
    assert not can_decide(delegate, create_action(agent, refund, requested_by=causer.email))


@pytest.mark.parametrize("role", [Role.AUDITOR, None])
def test_neither_an_auditor_nor_who_left_decides_for_somebody(
    action: Action, delegate: Person, absence: Absence, role: str | None
) -> None:
    membership = Membership.objects.filter(person=delegate)
    membership.update(role=role) if role else membership.delete()
    assert not can_decide(delegate, action)


def test_an_auditor_decides_nothing_even_where_they_are_named(
    action: Action, owner: Person, reviewer: Person
) -> None:
    for person in (owner, reviewer):
        Membership.objects.filter(person=person).update(role=Role.AUDITOR)
        assert not can_decide(person, action)


def test_what_only_the_risk_owner_may_do_does_not_pass_to_a_delegate(
    workflow: Workflow, delegate: Person
) -> None:
    Workflow.objects.filter(pk=workflow.pk).update(risk_deputy=workflow.workflow_owner)
    create_absence(workflow.risk_owner, delegate=delegate)
    assert not is_risk_owner(delegate, workflow)
    assert not is_risk_owner(workflow.workflow_owner, workflow)


def test_the_owner_and_their_delegate_are_two_people_and_one_person_for_two_is_one(
    agent: Agent, refund: ActionType, owner: Person, delegate: Person, absence: Absence
) -> None:
    refund.approvals_needed = 2
    refund.save()
    action = create_action(agent, refund)
    assert approve(action, delegate).on_behalf_of == owner
    with pytest.raises(Conflict, match="decided this already"):
        approve(action, delegate)
    assert fresh(action).state == "pending"
    approve(action, owner)
    assert fresh(action).state == "approved"


def test_an_approval_on_behalf_of_somebody_still_counts_when_they_are_back(
    agent: Agent, refund: ActionType, reviewer: Person, delegate: Person, absence: Absence
) -> None:
    refund.approvals_needed = 2
    refund.save()
    action = create_action(agent, refund)
    approve(action, delegate)
    end_absence(absence)
    approve(action, reviewer)
    assert fresh(action).state == "approved"


@pytest.mark.parametrize("why", ["the delegate is an auditor now", "the owner owns it no more"])
def test_an_approval_on_behalf_of_somebody_lapses_with_the_right_behind_it(
    agent: Agent,
    refund: ActionType,
    workflow: Workflow,
    reviewer: Person,
    delegate: Person,
    absence: Absence,
    why: str,
) -> None:
    refund.approvals_needed = 2
    refund.save()
    action = create_action(agent, refund)
    approve(action, delegate)
    if why.startswith("the delegate"):
        Membership.objects.filter(person=delegate).update(role=Role.AUDITOR)
    else:
        Workflow.objects.filter(pk=workflow.pk).update(approval_owner=workflow.risk_owner)
    approve(action, reviewer)
    assert fresh(action).state == "pending"


def test_ones_own_decision_is_taken_back_also_when_they_are_back(
    action: Action, delegate: Person, absence: Absence
) -> None:
    decision = review.reject(action_id=action.pk, person=delegate, seen=seen(action), reason="tone")
    end_absence(absence)
    assert review.undo(decision_id=decision.pk, person=delegate).state == "pending"


def test_a_batch_is_decided_on_behalf_of_somebody_too(
    agent: Agent, workflow: Workflow, owner: Person, delegate: Person, absence: Absence
) -> None:
    batch = stage_many(agent, create_title_type(workflow), 4)
    open_all(delegate, lot_of(batch))
    act = batches.approve(person=delegate, batch=batch, seen=lot_of(batch))
    assert len(act.decided) == 4
    assert {each.on_behalf_of for each in Decision.objects.filter(act=act.id)} == {owner}
    assert last(Action.objects.get(pk=act.decided[0]))[1]["for"] == f"person:{owner.pk}"
    end_absence(absence)
    assert batches.undo(act=act.id, person=delegate).undone == 4


def shows(client: Client, person: Person) -> bool:
    client.force_login(person)
    return "order A-1" in client.get("/inbox/?view=mine").content.decode()


def test_what_a_delegate_may_decide_is_in_their_inbox(
    client: Client, action: Action, owner: Person, delegate: Person
) -> None:
    assert not shows(client, delegate)
    absence = create_absence(owner, delegate=delegate)
    assert shows(client, delegate)
    end_absence(absence)
    assert not shows(client, delegate)


def test_what_a_deputy_may_decide_is_in_their_inbox(
    client: Client, action: Action, workflow: Workflow, owner: Person, delegate: Person
) -> None:
    deputy = create_person(team=workflow.team)
    Workflow.objects.filter(pk=workflow.pk).update(approval_deputy=deputy)
    assert not shows(client, deputy)
    absence = create_absence(owner)
    assert shows(client, deputy)
    absence.delegate = delegate
    absence.save()
    assert not shows(client, deputy)


def test_the_work_of_a_pool_in_which_nobody_is_there_is_in_the_inbox_of_who_stands_in(
    client: Client, action: Action, workflow: Workflow, delegate: Person
) -> None:
    first, second = workflow.pool.people.order_by("pk")
    create_absence(first, delegate=delegate)
    assert not shows(client, delegate)
    create_absence(second)
    assert shows(client, delegate)


def test_what_was_handed_to_a_delegate_stays_theirs_when_the_other_is_back(
    agent: Agent, refund: ActionType, workflow: Workflow, owner: Person, delegate: Person
) -> None:
    refund.stop_rules = [APPROVAL_OWNER_SIGNS]
    refund.save()
    action = create_action(agent, refund)
    absence = create_absence(owner, delegate=delegate)
    leaving.move_from(owner)
    end_absence(absence)
    assert fresh(action).assignee == delegate
    assert decide_for(delegate, action) == owner
    Action.objects.filter(pk=action.pk).update(assignee=workflow.workflow_owner, step=1)
    assert not can_decide(delegate, fresh(action)), "only while they have it"


def test_whom_escalation_reached_for_somebody_may_decide_it_for_good(
    agent: Agent, refund: ActionType, workflow: Workflow, delegate: Person
) -> None:
    stage = {"within": "2 hours", "remind": None}
    workflow.chain.stages = [{**stage, "who": "workflow_owner"}, {**stage, "who": "risk_owner"}]
    workflow.chain.save()
    absence = create_absence(workflow.workflow_owner, delegate=delegate)
    action = create_action(agent, refund)
    for _ in range(2):
        make_due(fresh(action))
        deadlines.sweep_steps()
    end_absence(absence)
    assert fresh(action).assignee == workflow.risk_owner
    assert decide_for(delegate, action) == workflow.workflow_owner


def test_what_reached_somebody_in_an_earlier_revision_gives_no_right_to_the_next(
    agent: Agent, refund: ActionType, workflow: Workflow, delegate: Person
) -> None:
    absence = create_absence(workflow.workflow_owner, delegate=delegate)
    action = create_action(agent, refund)
    make_due(action)
    deadlines.sweep_steps()
    end_absence(absence)
    Action.objects.filter(pk=action.pk).update(revision=2, step=1, assignee=None)
    assert not can_decide(delegate, fresh(action))


def test_work_is_not_handed_to_somebody_who_is_away(action: Action, reviewer: Person) -> None:
    other = action.workflow.pool.people.exclude(pk=reviewer.pk).get()
    create_absence(other)
    with pytest.raises(Conflict, match="is away until"):
        review.reassign(action_id=action.pk, person=reviewer, seen=seen(action), to=other)


def test_who_is_away_takes_nothing_that_would_only_be_handed_on(
    action: Action, reviewer: Person
) -> None:
    create_absence(reviewer)
    with pytest.raises(Conflict, match="Call the absence off"):
        addressing.claim(action_id=action.pk, person=reviewer, seen=seen(action))
    assert approve(action, reviewer).on_behalf_of is None, "it may be decided all the same"


def test_who_is_away_is_not_offered_to_hand_it_to(
    signed_in: Client, action: Action, owner: Person
) -> None:
    page = f"/actions/{action.pk}/"
    assert f'value="{owner.username}"' in signed_in.get(page).content.decode()
    create_absence(owner)
    assert f'value="{owner.username}"' not in signed_in.get(page).content.decode()


def test_work_is_handed_to_a_pool_in_which_a_delegate_may_decide_it(
    action: Action, workflow: Workflow, reviewer: Person, delegate: Person, absence: Absence
) -> None:
    legal = Pool.objects.create(team=workflow.team, slug="legal", name="Legal")
    legal.people.add(delegate)
    assert addressing.anybody_decides(legal, action)
    end_absence(absence)
    assert not addressing.anybody_decides(legal, fresh(action))


CAST = ["wfo", "sys", "risk", "appr", "one", "two", "manager", "auditor", "stranger", "causer"]
NEVER = {"auditor", "stranger", "causer"}
WHO = st.sampled_from(CAST)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("away"), WHO, WHO),
        st.tuples(st.just("away"), WHO, WHO),
        st.tuples(st.just("alone"), WHO, WHO),
        st.tuples(st.just("back"), WHO, WHO),
        st.tuples(st.just("gone"), WHO, WHO),
        st.tuples(st.just("deputy"), WHO, WHO),
        st.tuples(st.just("sweep"), WHO, WHO),
        st.tuples(st.just("due"), WHO, WHO),
    ),
    min_size=4,
    max_size=14,
)


def play(move: str, who: Person, other: Person, workflow: Workflow, action: Action) -> None:
    match move:
        case "away" | "alone" if who != other:
            delegate = other if move == "away" else None
            Absence.objects.filter(person=who).delete()
            create_absence(who, delegate=delegate)
        case "back":
            Absence.objects.filter(person=who).delete()
        case "gone":
            Person.objects.filter(pk=who.pk).update(is_active=False)
        case "deputy":
            Workflow.objects.filter(pk=workflow.pk).update(
                approval_deputy=other, workflow_deputy=who
            )
        case "sweep":
            leaving.sweep_left()
        case "due":
            make_due(action)
            deadlines.sweep_steps()


@pytest.mark.django_db
@settings(
    max_examples=40,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(moves=MOVES, signed=st.booleans())
def test_no_sequence_of_absences_lets_an_auditor_a_stranger_or_who_caused_it_decide(
    db: None, moves: list[tuple[str, str, str]], signed: bool
) -> None:
    with transaction.atomic():
        agent, workflow, refund = create_desk()
        cast = cast_of(workflow)
        if signed:
            refund.stop_rules = [APPROVAL_OWNER_SIGNS]
            refund.save()
        action = create_action(agent, refund, requested_by=cast["causer"].email)
        for move, who, other in moves:
            play(move, cast[who], cast[other], workflow, fresh(action))
            now = fresh(action)
            for name in NEVER:
                person = Person.objects.get(pk=cast[name].pk)
                assert not can_decide(person, now), name
                assert now.assignee_id != person.pk, name
        transaction.set_rollback(True)


def cast_of(workflow: Workflow) -> dict[str, Person]:
    """Everybody of the desk; who caused it reviews and is a deputy, and the auditor too."""
    one, two = workflow.pool.people.order_by("pk")
    causer = create_person(team=workflow.team)
    auditor = create_person(team=workflow.team, role=Role.AUDITOR)
    workflow.pool.people.add(causer, auditor)
    stage = {"within": "2 hours", "remind": None}
    whos = ["workflow_owner", "pool", f"person:{auditor.username}", "risk_owner", "manager"]
    workflow.chain.stages = [{**stage, "who": who} for who in whos]
    workflow.chain.fallback = "hold"
    workflow.chain.save()
    people = [
        workflow.workflow_owner,
        workflow.system_owner,
        workflow.risk_owner,
        workflow.approval_owner,
        one,
        two,
        create_person(team=workflow.team, role=Role.MANAGER),
        auditor,
        create_person(team=create_team()),
        causer,
    ]
    return dict(zip(CAST, people, strict=True))


@pytest.mark.django_db
def test_no_circle_of_delegates_hangs(action: Action, workflow: Workflow) -> None:
    people = [*workflow.owners().values(), *workflow.pool.people.all()]
    for person, delegate in pairwise([*people, people[0]]):
        create_absence(person, delegate=delegate)
    with suppress(Conflict):
        leaving.sweep_left()
    make_due(action)
    deadlines.sweep_steps()
    assert fresh(action).state == "expired"
