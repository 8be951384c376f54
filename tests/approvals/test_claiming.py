"""Somebody takes an action, another knows it, and whoever has it gives it back."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from agents_registry.models import Agent, Person, Role, Workflow
from approvals import addressing, deadlines, staging
from approvals.errors import Conflict, Missing
from approvals.models import Action
from approvals.pages.action import page
from approvals.proposals import Revised
from approvals.views.action import find
from ledger.models import Event
from tests.factories import create_person, make_due, seen
from tests.together import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def colleague(workflow: Workflow, reviewer: Person) -> Person:
    """The other one of the pool."""
    person: Person = workflow.pool.people.exclude(pk=reviewer.pk).get()
    return person


def fresh(action: Action) -> Action:
    return Action.objects.get(pk=action.pk)


def bound(action: Action, **fields: str) -> dict[str, str]:
    """What the forms of a page of this action post."""
    shown = seen(action)
    return {
        "revision": str(shown.revision),
        "digest": shown.payload_digest,
        "policy_revision": shown.policy_revision,
        **fields,
    }


def test_who_takes_it_has_it_and_the_record_says_so(action: Action, reviewer: Person) -> None:
    addressing.claim(action_id=action.pk, person=reviewer, seen=seen(action))
    assert fresh(action).assignee == reviewer
    told = Event.objects.filter(stream=action.stream).latest("seq")
    assert (told.type, told.actor) == ("action.claimed", f"person:{reviewer.pk}")


def test_taking_what_one_has_changes_nothing(action: Action, reviewer: Person) -> None:
    for _ in range(2):
        addressing.claim(action_id=action.pk, person=reviewer, seen=seen(action))
    assert Event.objects.filter(stream=action.stream, type="action.claimed").count() == 1


def test_what_somebody_else_has_is_taken_knowingly_or_not_at_all(
    action: Action, reviewer: Person, colleague: Person
) -> None:
    addressing.claim(action_id=action.pk, person=reviewer, seen=seen(action))
    with pytest.raises(Conflict, match=f"{reviewer} has it. You did not take it"):
        addressing.claim(action_id=action.pk, person=colleague, seen=seen(action))
    assert fresh(action).assignee == reviewer
    addressing.claim(
        action_id=action.pk, person=colleague, seen=seen(action), take_from=reviewer.username
    )
    assert fresh(action).assignee == colleague


def test_only_who_may_decide_it_takes_it(
    action: Action, workflow: Workflow, stranger: Person
) -> None:
    with pytest.raises(PermissionDenied):
        addressing.claim(action_id=action.pk, person=workflow.risk_owner, seen=seen(action))
    with pytest.raises(Missing):
        addressing.claim(action_id=action.pk, person=stranger, seen=seen(action))
    assert fresh(action).assignee is None


def test_an_old_page_takes_nothing(action: Action, reviewer: Person) -> None:
    old = seen(action)
    Action.objects.filter(pk=action.pk).update(revision=2)
    with pytest.raises(Conflict, match="This changed while you looked"):
        addressing.claim(action_id=action.pk, person=reviewer, seen=old)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_it_at_once_one_has_it_and_the_other_is_told(
    action: Action, reviewer: Person, colleague: Person
) -> None:
    shown = seen(action)

    def take(person: Person) -> Action:
        return addressing.claim(action_id=action.pk, person=person, seen=shown)

    results = at_once([lambda: take(reviewer), lambda: take(colleague)])
    (refused,) = [result for result in results if isinstance(result, Exception)]
    holder = fresh(action).assignee
    assert isinstance(refused, Conflict)
    assert refused.detail.startswith(f"{holder} has it")


def test_who_has_it_gives_it_back_to_the_pool(action: Action, reviewer: Person) -> None:
    addressing.claim(action_id=action.pk, person=reviewer, seen=seen(action))
    addressing.give_back(action_id=action.pk, person=reviewer, seen=seen(action))
    assert fresh(action).assignee is None
    told = Event.objects.filter(stream=action.stream).latest("seq")
    assert told.type == "action.given_back"


def test_an_owner_or_a_manager_gives_it_back_for_somebody_and_nobody_else_does(
    action: Action, reviewer: Person, colleague: Person, workflow: Workflow
) -> None:
    auditor = create_person(team=workflow.team, role=Role.AUDITOR)
    manager = create_person(team=workflow.team, role=Role.MANAGER)
    for person, may in [
        (colleague, False),
        (auditor, False),
        (manager, True),
        (workflow.system_owner, True),
    ]:
        Action.objects.filter(pk=action.pk).update(assignee=reviewer)
        if may:
            addressing.give_back(action_id=action.pk, person=person, seen=seen(action))
            assert fresh(action).assignee is None
        else:
            with pytest.raises(PermissionDenied):
                addressing.give_back(action_id=action.pk, person=person, seen=seen(action))


def test_what_only_one_person_may_sign_is_not_left_with_a_pool_that_may_not(
    action: Action, workflow: Workflow
) -> None:
    Action.objects.filter(pk=action.pk).update(
        signers=["approval_owner"], assignee=workflow.approval_owner
    )
    with pytest.raises(Conflict, match="Nobody in Reviewers may decide it"):
        addressing.give_back(action_id=action.pk, person=workflow.approval_owner, seen=seen(action))
    assert fresh(action).assignee == workflow.approval_owner


def test_whom_escalation_reached_may_still_decide_when_somebody_else_took_it(
    client: Client, action: Action, workflow: Workflow, reviewer: Person
) -> None:
    make_due(action)
    deadlines.sweep_steps()
    owner = workflow.workflow_owner
    assert fresh(action).assignee == owner
    addressing.claim(
        action_id=action.pk, person=reviewer, seen=seen(action), take_from=owner.username
    )
    client.force_login(owner)
    fields = {"verdict": "rejected", "reason": "tone"}
    client.post(f"/actions/{action.pk}/decide", bound(action, **fields))
    assert fresh(action).state == "rejected"


def test_what_is_taken_is_in_nobody_elses_work_but_still_in_the_pools(
    client: Client, action: Action, reviewer: Person, colleague: Person
) -> None:
    addressing.claim(action_id=action.pk, person=reviewer, seen=seen(action))
    client.force_login(colleague)
    assert "order A-1" not in client.get("/inbox/").content.decode()
    assert "order A-1" in client.get("/inbox/?view=pool").content.decode()
    client.force_login(reviewer)
    assert "order A-1" in client.get("/inbox/").content.decode()


def test_the_page_says_who_has_it_and_asks_before_it_is_taken(
    signed_in: Client, action: Action, colleague: Person, reviewer: Person
) -> None:
    url = f"/actions/{action.pk}/claim?view=mine"
    addressing.claim(action_id=action.pk, person=colleague, seen=seen(action))
    refused = signed_in.post(url, bound(action, take_from=""))
    text = refused.content.decode()
    assert refused.status_code == 409
    assert f"{colleague} has it. You did not take it." in text
    assert f"Take it from {colleague}" in text
    assert f'name="take_from" value="{colleague.username}"' in text
    taken = signed_in.post(url, bound(action, take_from=colleague.username))
    assert taken.status_code == 303
    after = signed_in.get(taken.headers["Location"]).content.decode()
    assert "You have it" in after
    assert "Give it back to Reviewers" in after
    assert fresh(action).assignee == reviewer


def test_a_manager_sees_who_has_it_and_gives_it_back(
    client: Client, action: Action, reviewer: Person
) -> None:
    manager = create_person(team=action.team, role=Role.MANAGER)
    addressing.claim(action_id=action.pk, person=reviewer, seen=seen(action))
    client.force_login(manager)
    text = client.get(f"/actions/{action.pk}/").content.decode()
    assert f"{reviewer} has it" in text
    assert "Take it" not in text
    answer = client.post(f"/actions/{action.pk}/give-back", bound(action))
    assert answer.status_code == 303
    assert fresh(action).assignee is None


def test_a_decision_on_an_old_revision_is_told_which_fields_changed(
    signed_in: Client, agent: Agent, action: Action
) -> None:
    old = bound(action, verdict="rejected", reason="tone", comment="my words")
    signed_in.post(
        f"/actions/{action.pk}/decide",
        bound(action, verdict="changes_requested", comment="less"),
    )
    payload = {"order": "A-1", "amount": 80, "currency": "USD", "note": "less"}
    staging.revise(agent=agent, action_id=action.pk, revised=Revised(payload=payload))
    refused = signed_in.post(f"/actions/{action.pk}/decide", old)
    text = refused.content.decode()
    assert refused.status_code == 409
    assert f"{agent} staged revision 2: amount and note changed." in text
    assert "my words" in text


def test_a_decision_under_an_old_policy_is_told_how_it_is_judged_now(
    signed_in: Client, action: Action
) -> None:
    old = bound(action, verdict="rejected", reason="tone")
    Action.objects.filter(pk=action.pk).update(policy_revision="sha256:other")
    text = signed_in.post(f"/actions/{action.pk}/decide", old).content.decode()
    assert "The policy judged it again: mandatory approval now." in text


def test_a_field_that_the_schema_does_not_know_is_counted_not_named(
    action: Action, reviewer: Person
) -> None:
    old = seen(action)
    content = action.contents.get()
    content.pk, content.revision = None, 2
    content.payload = {**content.payload, "amount": 1, "<b>evil</b>": 1}
    content.save(force_insert=True)
    Action.objects.filter(pk=action.pk).update(revision=2)
    refusal = Conflict("changed", seen=old)
    note = page(find(reviewer, action.pk), reviewer, refusal=refusal).notes[0]
    assert "amount and 1 further field changed" in note.body
    assert "evil" not in note.body
