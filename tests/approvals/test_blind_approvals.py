"""While several are to approve, nobody learns what another one decided; afterwards all do."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from agents_registry.models import ActionType, Agent, Person, Role, Workflow
from approvals import presence, review
from approvals.models import Action, Decision
from approvals.pages import action as pages
from approvals.states import State
from ledger import clock
from ledger.canonical import digest
from tests.approvals.test_two_approvals import LESS, approve, create_double, edit, state_of
from tests.factories import create_person, create_token, seen

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(workflow: Workflow) -> tuple[Person, Person]:
    one, other = workflow.pool.people.order_by("pk")
    Person.objects.filter(pk=one.pk).update(first_name="Firstapprover")
    one.refresh_from_db()
    return one, other


@pytest.fixture
def double(agent: Agent, refund: ActionType) -> Action:
    return create_double(agent, refund)


SECRETS = re.compile(r"(?<!sha256:)\b[A-Za-z0-9]{64}\b|/why/[^/]*/")
COLLEAGUES = re.compile(r'<select class="input" id="to".*?</select>', re.DOTALL)


def text_of(person: Person, address: str) -> str:
    """The page without what differs from one look to the next."""
    client = Client()
    client.force_login(person)
    return SECRETS.sub("", client.get(address).content.decode())


def page_of(action: Action, person: Person, query: str = "") -> str:
    return text_of(person, f"/actions/{action.pk}/{query}")


def told_to(agent: Agent, client: Client, address: str) -> dict[str, Any]:
    token = create_token(agent, scopes=["read"])
    answer = client.get(address, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.content
    said: dict[str, Any] = answer.json()
    return said


def others(workflow: Workflow, pair: tuple[Person, Person]) -> list[Person]:
    """Everybody but the first approver who can open the page."""
    roles = [create_person(team=workflow.team, role=role) for role in (Role.MANAGER, Role.AUDITOR)]
    return [pair[1], workflow.approval_owner, *roles]


@pytest.mark.parametrize("address", ["/actions/{}/", "/inbox/?view=all", "/inbox/?view=mine"])
def test_what_everybody_else_sees_is_the_same_before_and_after_an_approval(
    double: Action, workflow: Workflow, pair: tuple[Person, Person], address: str
) -> None:
    people = others(workflow, pair)
    with clock.simulated(clock.now()):
        if "actions" in address:
            for person in people:
                page_of(double, person)
        before = [text_of(person, address.format(double.pk)) for person in people]
        approve(double, pair[0])
        after = [text_of(person, address.format(double.pk)) for person in people]
    for one, other in zip(before, after, strict=True):
        assert one.splitlines() == other.splitlines()


def test_the_agent_learns_nothing_before_all_are_in(
    double: Action, agent: Agent, client: Client, pair: tuple[Person, Person]
) -> None:
    addresses = [f"/api/v1/actions/{double.pk}", "/api/v1/decisions", "/api/v1/actions"]
    before = [told_to(agent, client, address) for address in addresses]
    edit(double, pair[0], LESS)
    given = approve(double, pair[1])
    assert [told_to(agent, client, address) for address in addresses] == before
    review.undo(decision_id=given.pk, person=pair[1])
    assert [told_to(agent, client, address) for address in addresses] == before


def test_the_agent_learns_one_verdict_with_the_edit_and_why(
    double: Action, agent: Agent, client: Client, pair: tuple[Person, Person]
) -> None:
    edit(double, pair[0], LESS, comment="Only the part that was broken.")
    approve(double, pair[1], LESS)
    decision = told_to(agent, client, f"/api/v1/actions/{double.pk}")["decision"]
    assert decision["verdict"] == "edited"
    assert decision["edits"] == [{"op": "replace", "path": "/amount", "value": 5}]
    assert decision["comment"] == "Only the part that was broken."
    assert decision["by"] == pair[1].username


def test_the_feed_tells_of_each_action_once_and_never_of_one_that_is_open(
    agent: Agent, refund: ActionType, client: Client, pair: tuple[Person, Person]
) -> None:
    with clock.simulated(clock.now() - timedelta(minutes=1)):
        approved, rejected, still_open = [create_double(agent, refund) for _ in range(3)]
        for action in (approved, rejected, still_open):
            approve(action, pair[0])
    with clock.simulated(clock.now() - timedelta(seconds=40)):
        review.reject(action_id=rejected.pk, person=pair[1], seen=seen(rejected), reason="tone")
    with clock.simulated(clock.now() - timedelta(seconds=30)):
        approve(approved, pair[1])
    told = told_to(agent, client, "/api/v1/decisions")["results"]
    assert [(each["action_id"], each["verdict"], each["by"]) for each in told] == [
        (str(rejected.pk), "rejected", pair[1].username),
        (str(approved.pk), "approved", pair[1].username),
    ]


def test_ones_own_approval_stands_there_and_can_be_taken_back(
    double: Action, pair: tuple[Person, Person]
) -> None:
    given = approve(double, pair[0])
    page = page_of(double, pair[0])
    assert "You approved; somebody else still has to" in page
    assert f"/decisions/{given.pk}/undo" in page
    assert 'value="approved"' not in page
    client = Client()
    client.force_login(pair[0])
    assert client.post(f"/decisions/{given.pk}/undo").status_code == 303
    assert 'value="approved"' in page_of(double, pair[0])


def test_the_others_are_told_how_many_it_takes_and_to_decide_on_their_own(
    double: Action, pair: tuple[Person, Person]
) -> None:
    page = page_of(double, pair[1])
    assert "Two different people must approve this" in page
    assert "Decide on your own" in page


def test_when_all_are_in_everybody_sees_who_approved(
    double: Action, pair: tuple[Person, Person]
) -> None:
    approve(double, pair[0])
    approve(double, pair[1])
    assert "Firstapprover approved it; somebody else still had to" in page_of(double, pair[1])


def test_a_rejection_opens_the_eyes_too(double: Action, pair: tuple[Person, Person]) -> None:
    approve(double, pair[0])
    review.reject(action_id=double.pk, person=pair[1], seen=seen(double), reason="tone")
    assert "Firstapprover approved it" in page_of(double, pair[1])


def test_who_has_it_open_is_told_without_a_word_on_verdicts(
    double: Action, pair: tuple[Person, Person]
) -> None:
    presence.note(action=double, person=pair[0])
    page = page_of(double, pair[1])
    assert "Firstapprover has this open" in page
    assert "the first decision counts" not in page


def test_the_second_sees_a_colleagues_version_beside_the_agents_without_a_name(
    double: Action, pair: tuple[Person, Person]
) -> None:
    edit(double, pair[0], LESS)
    page = page_of(double, pair[1])
    assert "A colleague" in page
    assert "Firstapprover" not in COLLEAGUES.sub("", page)
    assert f'name="content_digest" value="{digest(LESS)}"' in page
    shown = pages.page(Action.objects.get(pk=double.pk), pair[1])
    (row,) = shown.changes.rows
    assert ([s.text for s in row.before], [s.text for s in row.after]) == (["120"], ["5"])
    assert shown.changes.before_words == "The agent's version"


def test_the_agents_version_is_one_link_away(double: Action, pair: tuple[Person, Person]) -> None:
    edit(double, pair[0], LESS)
    page = page_of(double, pair[1], f"?version={double.payload_digest}")
    assert f'name="content_digest" value="{double.payload_digest}"' in page
    assert f"version={digest(LESS).replace(':', '%3A')}" in page


def test_who_does_not_decide_sees_the_agents_version_alone(
    double: Action, workflow: Workflow, pair: tuple[Person, Person]
) -> None:
    edit(double, pair[0], LESS)
    for person in others(workflow, pair)[2:]:
        page = page_of(double, person, f"?version={digest(LESS)}")
        assert "colleague" not in page
        assert digest(LESS) not in page


def test_what_the_form_showed_is_what_is_approved(
    double: Action, pair: tuple[Person, Person]
) -> None:
    edit(double, pair[0], LESS)
    bound = seen(double)
    client = Client()
    client.force_login(pair[1])
    form = {
        "verdict": "approved",
        "revision": bound.revision,
        "digest": bound.payload_digest,
        "policy_revision": bound.policy_revision,
        "checked": ["all"],
    }
    gone = client.post(f"/actions/{double.pk}/decide", {**form, "content_digest": "sha256:none"})
    assert gone.status_code == 409
    assert "no longer there" in gone.content.decode()
    approved = client.post(f"/actions/{double.pk}/decide", {**form, "content_digest": digest(LESS)})
    assert approved.status_code == 303
    assert Action.objects.get(pk=double.pk).approved_digest == digest(LESS)


def test_an_edit_can_begin_with_the_colleagues_version(
    double: Action, pair: tuple[Person, Person]
) -> None:
    edit(double, pair[0], {**LESS, "note": "Only the part that was broken"})
    version = Decision.objects.get(person=pair[0]).payload_digest
    address = f"/actions/{double.pk}/edit?version={version}"
    assert "Only the part that was broken" in text_of(pair[1], address)
    bound = seen(double)
    client = Client()
    client.force_login(pair[1])
    client.post(
        address,
        {
            "verdict": "edited",
            "revision": bound.revision,
            "digest": bound.payload_digest,
            "policy_revision": bound.policy_revision,
            "checked": ["all"],
            "f/amount": "7",
        },
    )
    mine = Decision.objects.get(person=pair[1])
    assert mine.edited_payload == {**LESS, "amount": 7, "note": "Only the part that was broken"}
    assert {"op": "replace", "path": "/amount", "value": 7} in (mine.patch or [])
    assert state_of(double) == State.PENDING


def test_the_toast_says_that_somebody_else_still_has_to(
    double: Action, pair: tuple[Person, Person]
) -> None:
    decision = approve(double, pair[0])
    waiting = Action.objects.get(pk=double.pk)
    assert pages.done_words(decision, waiting) == "Approved; somebody else still has to: Refund"
    decision = approve(double, pair[1])
    assert pages.done_words(decision, Action.objects.get(pk=double.pk)) == "Approved: Refund"
