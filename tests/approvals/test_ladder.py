"""Who comes next: the steps of a chain, whoever stands in for somebody, and who is passed over."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents_registry.models import (
    ActionType,
    Agent,
    Membership,
    Person,
    Pool,
    Role,
    SubjectPerson,
    Workflow,
)
from approvals import deadlines, ladder
from approvals.known import Known
from approvals.ladder import Reached
from approvals.models import Action
from approvals.permissions import can_decide
from ledger import record
from ledger.models import Event
from tests.factories import (
    create_absence,
    create_action,
    create_person,
    create_team,
    make_due,
)

pytestmark = pytest.mark.django_db

ASKS = {"id": "asks", "words": "Somebody signs it.", "when": "true"}


def chain(workflow: Workflow, *stages: str | dict[str, Any]) -> None:
    """The chain of the workflow: after the pool these are asked."""
    workflow.chain.stages = [
        {"within": "2 hours", "remind": None, **(each if isinstance(each, dict) else {"who": each})}
        for each in stages
    ]
    workflow.chain.save()


def asking(refund: ActionType, who: str) -> None:
    """A finding names who is asked first."""
    refund.stop_rules = [{**ASKS, "ask": who, "effect": {"raise_to": "mandatory"}}]
    refund.save()


def fresh(action: Action) -> Action:
    return Action.objects.get(pk=action.pk)


def next_of(action: Action) -> Reached:
    reached = ladder.next_stage(fresh(action))
    assert reached
    return reached


def told(action: Action) -> dict[str, Any]:
    return record.body_of(Event.objects.filter(stream=action.stream).latest("seq"))


def step(action: Action) -> Action:
    make_due(action)
    assert deadlines.sweep_steps() == 1
    return fresh(action)


def answers_for(workflow: Workflow, relation: str, subject: str, person: Person) -> None:
    SubjectPerson.objects.create(
        team=workflow.team,
        subject_type="account",
        subject_id=subject,
        relation=relation,
        person=person,
    )


def of_account(agent: Agent, refund: ActionType, subject: str, **fields: Any) -> Action:
    return create_action(agent, refund, subject={"type": "account", "id": subject}, **fields)


@pytest.fixture
def manager(workflow: Workflow) -> Person:
    return create_person(team=workflow.team, role=Role.MANAGER)


@pytest.fixture
def lead(workflow: Workflow) -> Person:
    """Who answers for the account `acme`."""
    person = create_person(team=workflow.team)
    answers_for(workflow, "account_lead", "acme", person)
    return person


def test_each_step_asks_whom_it_names(
    agent: Agent, refund: ActionType, workflow: Workflow, manager: Person
) -> None:
    colleague = create_person(team=workflow.team)
    chain(workflow, f"person:{colleague.username}", "system_owner", "manager")
    action = create_action(agent, refund)
    for number, person in enumerate([colleague, workflow.system_owner, manager], start=1):
        action = step(action)
        assert (action.step, action.assignee) == (number, person)
        assert told(action) == {"revision": 1, "step": number, "to": f"person:{person.pk}"}
    assert ladder.next_stage(action) is None


def test_the_delegate_of_an_owner_who_is_away_is_asked_and_the_record_says_for_whom(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    chain(workflow, "system_owner")
    create_absence(workflow.system_owner, delegate=workflow.risk_owner)
    action = step(create_action(agent, refund))
    assert action.assignee == workflow.risk_owner
    assert told(action)["instead_of"] == f"person:{workflow.system_owner_id}"
    assert can_decide(workflow.risk_owner, action)
    assert can_decide(workflow.system_owner, action), "being away takes no right away"


def test_a_person_who_is_away_alone_is_passed_over_and_the_record_says_so(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    colleague = create_person(team=workflow.team)
    who = f"person:{colleague.username}"
    chain(workflow, who, "system_owner")
    create_absence(colleague)
    action = create_action(agent, refund)
    assert next_of(action).passed_over == (who,)
    action = step(action)
    assert (action.step, action.assignee) == (2, workflow.system_owner)
    assert told(action)["passed_over"] == [1]


@pytest.mark.parametrize("why", ["gone", "left the team", "auditor", "caused it", "unknown"])
def test_nobody_is_asked_who_may_not_decide(
    agent: Agent, refund: ActionType, workflow: Workflow, why: str
) -> None:
    colleague = create_person(team=workflow.team)
    chain(workflow, f"person:{colleague.username}", "system_owner")
    requested_by = colleague.email.upper() if why == "caused it" else ""
    action = create_action(agent, refund, requested_by=requested_by)
    membership = Membership.objects.filter(person=colleague)
    if why == "gone":
        Person.objects.filter(pk=colleague.pk).update(is_active=False)
    if why == "left the team":
        membership.delete()
    if why == "auditor":
        membership.update(role=Role.AUDITOR)
    if why == "unknown":
        Person.objects.filter(pk=colleague.pk).update(username="somebody-else")
    assert next_of(action).asked.person == workflow.system_owner


def test_an_owner_who_caused_it_is_passed_over_with_whoever_acts_for_them(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    chain(workflow, "system_owner", "risk_owner")
    action = create_action(agent, refund, requested_by=workflow.system_owner.email)
    assert next_of(action).step == 2
    create_absence(workflow.system_owner, delegate=workflow.workflow_owner)
    reached = next_of(action)
    assert reached.asked.person == workflow.workflow_owner
    assert reached.asked.instead_of is None, "asked as workflow owner, not as the delegate"


def test_a_delegate_who_caused_it_is_not_asked(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    chain(workflow, "system_owner")
    create_absence(workflow.system_owner, delegate=workflow.risk_owner)
    action = create_action(agent, refund, requested_by=workflow.risk_owner.username)
    assert next_of(action).asked.person == workflow.workflow_owner


def test_a_pool_is_asked_while_somebody_of_it_is_there(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    legal = Pool.objects.create(team=workflow.team, slug="legal", name="Legal")
    first, second = create_person(team=workflow.team), create_person(team=workflow.team)
    legal.people.add(first, second)
    chain(workflow, "pool:legal", "system_owner")
    action = create_action(agent, refund)
    create_absence(first, delegate=workflow.risk_owner)
    assert next_of(action).asked.for_record() == "pool:legal"
    create_absence(second)
    asked = next_of(action).asked
    assert (asked.person, asked.pool, asked.instead_of) == (workflow.risk_owner, legal, first)
    Person.objects.filter(pk=workflow.risk_owner_id).update(is_active=False)
    assert next_of(action).passed_over == ("pool:legal",)


def test_a_pool_whose_only_person_caused_it_is_passed_over(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    legal = Pool.objects.create(team=workflow.team, slug="legal", name="Legal")
    lawyer = create_person(team=workflow.team)
    legal.people.add(lawyer)
    chain(workflow, "pool:legal", "system_owner")
    action = create_action(agent, refund, requested_by=lawyer.email)
    assert next_of(action).asked.person == workflow.system_owner


def test_delegation_never_goes_down_the_ladder(
    agent: Agent, refund: ActionType, workflow: Workflow, manager: Person
) -> None:
    chain(workflow, "system_owner", "risk_owner", "manager")
    action = step(create_action(agent, refund))
    assert action.assignee == workflow.system_owner
    create_absence(workflow.risk_owner, delegate=workflow.system_owner)
    create_absence(workflow.workflow_owner, delegate=workflow.system_owner)
    reached = next_of(action)
    assert reached.asked.person == manager, "the system owner let it pass already"
    assert reached.step == 2, "a manager answers for a risk owner for whom nobody else does"


def test_whoever_is_named_at_two_steps_is_asked_twice(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    chain(workflow, "system_owner", f"person:{workflow.system_owner.username}")
    action = step(create_action(agent, refund))
    assert next_of(action).asked.person == workflow.system_owner


def test_the_chain_is_at_its_end_where_nobody_further_is_there(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    chain(workflow, "manager")
    action = create_action(agent, refund)
    assert ladder.next_stage(fresh(action)) is None
    assert step(action).state == "expired"


def test_the_person_of_the_subject_is_asked(
    agent: Agent, refund: ActionType, workflow: Workflow, lead: Person
) -> None:
    chain(workflow, {"who": "subject:account_lead", "otherwise": "manager"})
    action = step(of_account(agent, refund, "acme"))
    assert action.assignee == lead
    assert can_decide(lead, action)


def test_where_that_is_unknown_the_named_stand_in_is_asked(
    agent: Agent, refund: ActionType, workflow: Workflow, lead: Person
) -> None:
    chain(workflow, {"who": "subject:account_lead", "otherwise": "system_owner"})
    action = step(of_account(agent, refund, "other"))
    assert action.assignee == workflow.system_owner
    assert can_decide(workflow.system_owner, action)
    assert not can_decide(lead, action)
    assert told(action).keys() == {"revision", "step", "to"}, "the step reached somebody"


def test_the_person_of_a_subject_hands_on_to_a_delegate_before_anybody_else(
    agent: Agent, refund: ActionType, workflow: Workflow, lead: Person
) -> None:
    chain(workflow, {"who": "subject:account_lead", "otherwise": "system_owner"})
    action = of_account(agent, refund, "acme")
    absence = create_absence(lead, delegate=create_person(team=workflow.team))
    assert next_of(action).asked.person == absence.delegate
    absence.delegate = None
    absence.save()
    assert next_of(action).asked.person == workflow.system_owner
    Person.objects.filter(pk=lead.pk).update(is_active=False)
    assert next_of(action).asked.person == workflow.system_owner


@pytest.mark.parametrize("said", ["username", "email"])
def test_the_person_whom_the_payload_names_is_asked(
    agent: Agent, refund: ActionType, workflow: Workflow, said: str
) -> None:
    chain(workflow, {"who": "payload:/note", "otherwise": "system_owner"})
    colleague = create_person(team=workflow.team)
    payload = {"order": "A-1", "amount": 120, "currency": "USD"}
    named = create_action(
        agent, refund, payload={**payload, "note": f" {getattr(colleague, said).upper()} "}
    )
    action = step(named)
    assert action.assignee == colleague
    assert can_decide(colleague, action)


@pytest.mark.parametrize("whose", ["another team", "an auditor", "nobody", "two people", "absent"])
def test_who_is_no_active_member_of_the_team_is_not_asked_because_a_payload_says_so(
    agent: Agent, refund: ActionType, workflow: Workflow, whose: str
) -> None:
    chain(workflow, {"who": "payload:/note", "otherwise": "system_owner"})
    team = create_team() if whose == "another team" else workflow.team
    role = Role.AUDITOR if whose == "an auditor" else Role.MEMBER
    person = create_person(team=team, role=role)
    if whose == "two people":
        other = create_person(team=team)
        Person.objects.filter(pk=other.pk).update(email=person.email)
    note = {"nobody": {"note": "no-such-person"}, "absent": {}}.get(whose, {"note": person.email})
    payload = {"order": "A-1", "amount": 120, "currency": "USD", **note}
    action = step(create_action(agent, refund, payload=payload))
    assert action.assignee == workflow.system_owner
    assert not can_decide(person, action)


def test_a_finding_may_ask_the_person_of_the_subject_first(
    agent: Agent, refund: ActionType, workflow: Workflow, lead: Person, reviewer: Person
) -> None:
    asking(refund, "subject:account_lead")
    action = of_account(agent, refund, "acme")
    assert (action.signers, action.assignee) == (["subject:account_lead"], lead)
    assert can_decide(lead, action)
    assert not can_decide(reviewer, action)
    assert not can_decide(workflow.workflow_owner, action)


def test_where_that_person_is_unknown_the_workflow_owner_signs(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    asking(refund, "payload:/note")
    action = create_action(agent, refund)
    assert action.assignee == workflow.workflow_owner
    assert can_decide(workflow.workflow_owner, action)
    assert not can_decide(workflow.approval_owner, action)


def test_a_finding_may_ask_whom_the_payload_names_first(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    asking(refund, "payload:/note")
    colleague = create_person(team=workflow.team)
    payload = {"order": "A-1", "amount": 1, "currency": "USD", "note": colleague.username}
    action = create_action(agent, refund, payload=payload)
    assert action.assignee == colleague
    assert can_decide(colleague, action)


def test_staging_asks_nobody_whether_people_are_away(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    asking(refund, "approval_owner")
    create_absence(workflow.approval_owner, delegate=workflow.risk_owner)
    with CaptureQueriesContext(connection) as queries:
        action = create_action(agent, refund)
    assert action.assignee == workflow.approval_owner
    assert not any("agents_registry_absence" in each["sql"] for each in queries)


def queries_for(actions: Sequence[Action]) -> int:
    rows = list(Action.objects.select_related("workflow").filter(pk__in=[a.pk for a in actions]))
    with CaptureQueriesContext(connection) as queries:
        known = Known.of(rows)
        assert all(ladder.next_stage(row, known) for row in rows)
    return len(queries)


@pytest.mark.parametrize(
    "who",
    ["system_owner", "manager", "pool:legal", "person:somebody", "subject:lead", "payload:/note"],
)
def test_a_batch_is_looked_up_once_however_many_it_has(
    agent: Agent, refund: ActionType, workflow: Workflow, manager: Person, who: str
) -> None:
    legal = Pool.objects.create(team=workflow.team, slug="legal", name="Legal")
    legal.people.add(create_person(team=workflow.team))
    create_person("somebody", team=workflow.team)
    create_absence(workflow.system_owner, delegate=workflow.risk_owner)
    chain(workflow, "risk_owner", {"who": who, "otherwise": "manager"})
    actions = []
    for number in range(12):
        person = create_person(team=workflow.team)
        answers_for(workflow, "lead", f"s{number}", person)
        payload = {"order": "A-1", "amount": 1, "currency": "USD", "note": person.username}
        fields = {"payload": payload, "requested_by": person.email if number % 2 else ""}
        actions.append(of_account(agent, refund, f"s{number}", **fields))
    Action.objects.all().update(step=1)
    assert queries_for(actions[:2]) == queries_for(actions) < 15
