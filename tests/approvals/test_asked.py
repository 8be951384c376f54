"""Who is asked when: told beforehand, and then the real sweep does just that."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from agents_registry import absences
from agents_registry.models import (
    ActionType,
    Agent,
    EscalationChain,
    Person,
    Pool,
    Role,
    Stop,
    StopKind,
    Workflow,
)
from approvals import foretelling, stopping, sweep
from approvals.addressees import Addressee
from approvals.foretelling import Moment
from approvals.models import Action
from approvals.pages.asked import AsThingsAre
from approvals.states import State
from ledger import clock
from ledger.models import Event
from tests.factories import create_action, create_person

pytestmark = pytest.mark.django_db
FIVE_TO_NINE = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


@dataclass(frozen=True)
class Told:
    """What both the simulator and the record say of one moment."""

    event: str
    at: datetime
    step: int
    asked: Addressee | None


def foretold(action: Action) -> list[Told]:
    standing = foretelling.Standing.of(action)
    return [told(each) for each in foretelling.moments(standing, AsThingsAre(action), clock.now())]


def told(moment: Moment) -> Told:
    return Told(moment.event, moment.at, moment.step, moment.asked)


def happened(action: Action, instants: list[datetime]) -> list[Told]:
    """Drives the real sweep to each instant, a little before it too, and reads what it did."""
    story: list[Told] = []
    now = clock.now()
    for at in instants:
        with clock.simulated(max(now, at - timedelta(seconds=1))):
            before = at > clock.now() and sweep.turn()
        assert not (before and happened_since(action, len(story))), f"something came before {at}"
        with clock.simulated(at):
            sweep.turn()
        (event,) = happened_since(action, len(story))
        after = Action.objects.get(pk=action.pk)
        asked = None if after.state == State.EXPIRED else Addressee.of(after)
        story.append(Told(event.type, event.at, after.step, asked))
    return story


def happened_since(action: Action, count: int) -> list[Event]:
    events = Event.objects.filter(stream=action.stream).order_by("seq")
    return [event for event in events if event.type != "action.staged"][count:]


def assert_same_story(action: Action) -> list[Told]:
    expected = foretold(action)
    assert happened(action, [each.at for each in expected]) == expected
    return expected


def chain(workflow: Workflow, stages: list[dict[str, Any]], **fields: Any) -> None:
    workflow.chain = EscalationChain.objects.create(
        team=workflow.team, slug=f"chain-{clock.now().timestamp()}", stages=stages, **fields
    )
    workflow.save()


WHOS = ["workflow_owner", "risk_owner", "approval_owner", "manager", "pool:second", "person:pia"]
DURATIONS = ["30 minutes", "2 hours", "3 business hours", "1 business day"]
STAGES = st.lists(
    st.fixed_dictionaries(
        {
            "who": st.sampled_from(WHOS),
            "within": st.sampled_from(DURATIONS),
            "remind": st.sampled_from([None, "20 minutes", "1 business hour"]),
            "repeat": st.integers(1, 3),
            "otherwise": st.none(),
        }
    ),
    max_size=4,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stages=STAGES,
    fallback=st.sampled_from(["expire", "hold", "hold_and_pause"]),
    first_remind=st.sampled_from(["", "1 hour", "1 business hour"]),
    gone=st.sets(st.sampled_from(["risk_owner", "approval_owner", "workflow_owner", "pia"])),
    days_off=st.integers(0, 5),
)
def test_the_real_sweep_does_what_was_foretold(
    agent: Agent,
    refund: ActionType,
    workflow: Workflow,
    stages: list[dict[str, Any]],
    fallback: str,
    first_remind: str,
    gone: set[str],
    days_off: int,
) -> None:
    workflow.calendar.document = {"time_zone": "Europe/Dublin", "hours": FIVE_TO_NINE}
    workflow.calendar.save()
    people = named_in_the_chain(workflow)
    chain(workflow, stages, fallback=fallback, first_remind=first_remind, first_repeat=2)
    refund.workflow = workflow
    start = clock.now() + timedelta(days=days_off)
    for name in gone:
        absences.set_away(
            person=people[name],
            starts_at=start - timedelta(hours=1),
            ends_at=start + timedelta(days=2, hours=5),
            delegate=None,
            actor=people[name],
        )
    with clock.simulated(start):
        assert_same_story(create_action(agent, refund))
    Stop.objects.all().update(lifted_at=clock.now())
    for person in people.values():
        person.absences.all().delete()


def named_in_the_chain(workflow: Workflow) -> dict[str, Person]:
    """Whoever the stages name beside the owners, made once for all examples."""
    if not (pia := Person.objects.filter(username="pia").first()):
        pia = create_person("pia", team=workflow.team)
        create_person("mo", team=workflow.team, role=Role.MANAGER)
        second = Pool.objects.create(team=workflow.team, slug="second", name="Second line")
        second.people.add(create_person(team=workflow.team))
    return {"pia": pia, **workflow.owners()}


@pytest.fixture
def patient(workflow: Workflow) -> Workflow:
    """A workflow whose chain has two steps, each with a reminder, and holds at the end."""
    chain(
        workflow,
        [
            {"who": "workflow_owner", "within": "2 hours", "remind": "1 hour", "repeat": 1},
            {"who": "risk_owner", "within": "2 hours", "remind": None, "repeat": 1},
        ],
        fallback="hold",
    )
    return workflow


@pytest.fixture
def waiting(agent: Agent, refund: ActionType, patient: Workflow) -> Action:
    refund.workflow = patient
    return create_action(agent, refund)


def test_an_absence_that_is_set_already_counts_from_when_it_begins(
    waiting: Action, patient: Workflow
) -> None:
    owner = patient.risk_owner
    start = waiting.created_at + timedelta(hours=5)
    absences.set_away(
        person=owner,
        starts_at=start,
        ends_at=start + timedelta(days=1),
        delegate=patient.system_owner,
        actor=owner,
    )
    story = assert_same_story(waiting)
    assert [each.asked and each.asked.person for each in story] == [
        patient.workflow_owner,
        patient.workflow_owner,
        patient.system_owner,
        patient.workflow_owner,
    ]


def test_what_ends_by_itself_before_its_chain_does_expires_then(waiting: Action) -> None:
    ends = waiting.created_at + timedelta(hours=4, minutes=30)
    Action.objects.filter(pk=waiting.pk).update(not_after=ends)
    waiting.refresh_from_db()
    story = assert_same_story(waiting)
    assert [each.event for each in story] == ["action.escalated", "action.expired"]
    assert story[-1].at == ends


def test_what_is_late_already_happens_now(waiting: Action) -> None:
    assert waiting.due_at is not None
    with clock.simulated(waiting.due_at + timedelta(days=1)):
        story = assert_same_story(waiting)
    assert story[0].at == waiting.due_at + timedelta(days=1)


# The pages


def get(client: Client, url: str, **headers: str) -> str:
    return str(client.get(url, headers=headers).content.decode())


def test_the_page_names_persons_instants_and_the_end(
    signed_in: Client, reviewer: Person, waiting: Action, patient: Workflow
) -> None:
    Person.objects.filter(pk=reviewer.pk).update(time_zone="America/New_York")
    page = get(signed_in, f"/actions/{waiting.pk}/asked/")
    assert f"It waits with Reviewers: {reviewer}" in page
    assert f"It goes to {patient.workflow_owner}" in page
    assert f"A reminder to {patient.workflow_owner}" in page
    assert f"It goes to {patient.risk_owner}" in page
    assert f"it is held for {patient.workflow_owner}, nothing is done" in page
    assert " EST" in page
    assert page.index("A reminder to") < page.index(f"It goes to {patient.risk_owner}")


def test_the_actions_page_asks_for_it_only_when_it_is_opened(
    signed_in: Client, waiting: Action
) -> None:
    page = get(signed_in, f"/actions/{waiting.pk}/")
    assert f'hx-get="/actions/{waiting.pk}/asked/"' in page
    assert "A reminder to" not in page
    part = get(signed_in, f"/actions/{waiting.pk}/asked/", **{"HX-Request": "true"})
    assert "A reminder to" in part
    assert "<html" not in part


def test_what_is_stopped_held_or_decided_says_so(
    signed_in: Client, waiting: Action, patient: Workflow
) -> None:
    url = f"/actions/{waiting.pk}/asked/"
    stopping.stop(
        team=patient.team,
        kind=StopKind.WORKFLOW,
        target=str(patient.pk),
        reason="wrong prices",
        person=patient.risk_owner,
    )
    assert "its clock stands still" in get(signed_in, url)
    Action.objects.filter(pk=waiting.pk).update(held=True, next_step_at=None)
    assert "nobody else is asked" in get(signed_in, url)
    Action.objects.filter(pk=waiting.pk).update(state="rejected", held=False)
    assert "Nobody is asked any more: it is rejected." in get(signed_in, url)


def test_for_a_workflow_it_tells_what_would_come_of_something_staged_then(
    signed_in: Client, refund: ActionType, patient: Workflow
) -> None:
    ActionType.objects.filter(pk=refund.pk).update(sla="30 minutes")
    url = f"/registry/{patient.slug}/asked/"
    by_type = get(signed_in, f"{url}?type=refund&on=2026-12-01&at=09:00")
    assert "Tue 1 Dec 2026 09:30 UTC" in by_type
    assert f"It goes to {patient.workflow_owner}" in by_type
    by_workflow = get(signed_in, f"{url}?on=2026-12-01&at=09:00")
    assert "Tue 1 Dec 2026 13:00 UTC" in by_workflow
    assert get(signed_in, f"{url}?on=never&at=99&type=none")
    assert not Action.objects.exists()


def test_somebody_who_is_away_then_is_passed_over_with_the_reason(
    signed_in: Client, patient: Workflow
) -> None:
    starts = datetime.fromisoformat("2026-12-01T00:00:00+00:00")
    with clock.simulated(starts - timedelta(days=1)):
        absences.set_away(
            person=patient.risk_owner,
            starts_at=starts,
            ends_at=starts + timedelta(days=2),
            delegate=patient.system_owner,
            actor=patient.risk_owner,
        )
        url = f"/registry/{patient.slug}/asked/?at=09:00&on="
        away = get(signed_in, f"{url}2026-12-01")
        here = get(signed_in, f"{url}2026-12-05")
    assert f"It goes to {patient.system_owner}, for {patient.risk_owner}" in away
    assert f"In place of the risk owner. {patient.risk_owner} is away until 3 Dec." in away
    assert f"It goes to {patient.risk_owner}" in here
    assert str(patient.system_owner) not in here


def test_a_step_that_reaches_nobody_is_passed_over_with_the_reason(
    signed_in: Client, agent: Agent, refund: ActionType, patient: Workflow
) -> None:
    refund.workflow = patient
    asked_for_it = create_action(agent, refund, requested_by=patient.risk_owner.email)
    stages = [{"who": "person:nobody", "within": "1 hour"}, *patient.chain.stages[:1]]
    stages[0]["who"] = f"person:{patient.risk_owner.username}"
    frozen = asked_for_it.frozen
    frozen["stages"][1:] = stages
    Action.objects.filter(pk=asked_for_it.pk).update(frozen=frozen)
    page = get(signed_in, f"/actions/{asked_for_it.pk}/asked/")
    assert f"It goes to {patient.workflow_owner}" in page
    assert f"Passed over: {patient.risk_owner.username}." in page
    assert f"{patient.risk_owner} asked for it." in page


def test_the_number_of_queries_does_not_grow_with_the_reminders(
    signed_in: Client, waiting: Action, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(60):
        get(signed_in, f"/actions/{waiting.pk}/asked/", **{"HX-Request": "true"})
