"""Confirming what was imported: the risk owner gets through many types in one save, or in none."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents_registry import confirming
from agents_registry.confirming import Choice, Conflict
from agents_registry.models import ActionType, ChangeRequest, Person, Team, Workflow
from agents_registry.pages.workflows import least_tier_of
from agents_registry.policy.findings import Tier
from ledger.models import Event
from tests import factories

TOOLS = {
    "tools": [
        {"name": "get_ticket", "description": "Gets one ticket."},
        {"name": "list_desks", "description": "Lists the desks."},
        {"name": "get_password", "description": "Gets the password of a desk."},
        {"name": "close_ticket", "description": "Closes a ticket."},
        {"name": "send_reply", "description": "Sends a reply."},
    ]
}


@pytest.fixture
def kim(db: None) -> Person:
    return factories.create_person("kim", team=factories.create_team("desk-team"))


@pytest.fixture
def desk(kim: Person, tmp_path: Path) -> Workflow:
    """A workflow of kim's with five imported drafts: two reads, a sensitive one, two that act."""
    file = tmp_path / "tools.json"
    file.write_text(json.dumps(TOOLS))
    call_command("createsuperuser", interactive=False, username="root", email="root@example.com")
    call_command("registry", "import-tools", str(file), "--workflow", "desk", "--as", "kim")
    return Workflow.objects.get(slug="desk")


def modes() -> dict[str, str]:
    """Each listed type to its mode, as far as it is confirmed."""
    listed = ActionType.objects.filter(key__in=[tool["name"] for tool in TOOLS["tools"]])
    return {row.key: row.mode if row.confirmed else "unconfirmed" for row in listed}


def address(workflow: Workflow) -> str:
    return f"/registry/{workflow.slug}/confirm"


def shown(client: Client, workflow: Workflow) -> Any:
    response = client.get(address(workflow))
    assert response.status_code == 200
    return response.context["page"]


def post(client: Client, workflow: Workflow, page: Any, **fields: str) -> Any:
    form = {"base": page.base, "key": page.keys, "reason": "read them all", **fields}
    return client.post(address(workflow), form)


@pytest.fixture
def as_kim(client: Client, kim: Person) -> Client:
    client.force_login(kim)
    return client


def test_what_is_odd_comes_first_and_each_says_why(as_kim: Client, desk: Workflow) -> None:
    page = shown(as_kim, desk)
    assert {group.kind: [line.key for line in group.lines] for group in page.groups} == {
        "odd": ["get_password"],
        "read": ["get_ticket", "list_desks"],
        "waits": ["close_ticket", "send_reply"],
    }
    assert page.groups[0].kind == "odd"
    assert page.groups[0].lines[0].because == "What it reads is sensitive: password"
    assert "Its name is taken for “cancel”" in page.groups[2].lines[0].because


def test_all_of_a_group_are_confirmed_in_one_save(as_kim: Client, desk: Workflow) -> None:
    chosen = {"all:odd": "proposed", "all:read": "proposed", "all:waits": "proposed"}
    response = post(as_kim, desk, shown(as_kim, desk), **chosen)
    assert (response.status_code, response["Location"]) == (303, "/registry/desk/")
    assert modes() == {
        "get_password": "approval_gated",
        "get_ticket": "auto_executed",
        "list_desks": "auto_executed",
        "close_ticket": "approval_gated",
        "send_reply": "approval_gated",
    }


def test_one_of_a_group_may_be_chosen_otherwise(as_kim: Client, desk: Workflow) -> None:
    chosen = {"all:read": "proposed", "type:list_desks": "people", "type:send_reply": "proposed"}
    response = post(as_kim, desk, shown(as_kim, desk), **chosen)
    assert response["Location"] == address(desk)
    assert modes() == {
        "get_password": "unconfirmed",
        "get_ticket": "auto_executed",
        "list_desks": "approval_gated",
        "close_ticket": "unconfirmed",
        "send_reply": "approval_gated",
    }
    gated = ActionType.objects.get(key="list_desks")
    assert least_tier_of(gated, desk) == Tier.MANDATORY


def test_each_that_is_confirmed_is_one_event_in_the_persons_name(
    as_kim: Client, kim: Person, desk: Workflow
) -> None:
    post(as_kim, desk, shown(as_kim, desk), **{"all:waits": "proposed"})
    signed = Event.objects.filter(type="action_type.changed", actor=f"person:{kim.pk}")
    assert signed.count() == 2


def test_nothing_is_chosen_for_anybody(as_kim: Client, desk: Workflow) -> None:
    response = post(as_kim, desk, shown(as_kim, desk))
    assert response.status_code == 422
    assert "Nothing was chosen" in response.content.decode()
    assert set(modes().values()) == {"unconfirmed"}


def test_without_a_reason_nothing_is_confirmed_and_the_choice_is_kept(
    as_kim: Client, desk: Workflow
) -> None:
    chosen = {"all:read": "proposed", "reason": "  "}
    response = post(as_kim, desk, shown(as_kim, desk), **chosen)
    assert response.status_code == 422
    group = next(each for each in response.context["page"].groups if each.kind == "read")
    assert [option.value for option in group.options if option.selected] == ["proposed"]
    assert set(modes().values()) == {"unconfirmed"}


def test_what_changed_while_one_looked_is_not_confirmed(as_kim: Client, desk: Workflow) -> None:
    page = shown(as_kim, desk)
    ActionType.objects.filter(key="send_reply").update(description="Sends to everybody.")
    response = post(as_kim, desk, page, **{"all:read": "proposed"})
    assert response.status_code == 409
    assert set(modes().values()) == {"unconfirmed"}
    assert response.context["page"].base != page.base


def test_where_one_cannot_be_confirmed_none_is(as_kim: Client, desk: Workflow) -> None:
    ActionType.objects.filter(key="list_desks").update(payload_schema={"type": "nothing"})
    response = post(as_kim, desk, shown(as_kim, desk), **{"all:read": "proposed"})
    assert response.status_code == 422
    lines = [line for group in response.context["page"].groups for line in group.lines]
    assert [line.key for line in lines if line.problems] == ["list_desks"]
    assert set(modes().values()) == {"unconfirmed"}


def test_while_an_owner_is_missing_everything_stays_a_draft(as_kim: Client, desk: Workflow) -> None:
    gone = factories.create_person("lou", team=desk.team)
    Workflow.objects.filter(pk=desk.pk).update(system_owner=gone)
    gone.is_active = False
    gone.save()
    response = post(as_kim, desk, shown(as_kim, desk), **{"all:waits": "proposed"})
    assert response.status_code == 422
    assert "stays draft-only" in response.content.decode()
    assert set(modes().values()) == {"unconfirmed"}


def test_others_see_it_without_the_buttons_and_who_may(client: Client, desk: Workflow) -> None:
    client.force_login(factories.create_person("lou", team=desk.team))
    page = shown(client, desk)
    html = client.get(address(desk)).content.decode()
    assert not page.may
    assert "Kim confirms these as risk owner" in html
    assert 'id="confirm-form"' not in html
    assert post(client, desk, page, **{"all:read": "proposed"}).status_code == 403
    assert set(modes().values()) == {"unconfirmed"}


def test_of_another_team_it_is_not_there(client: Client, desk: Workflow) -> None:
    client.force_login(factories.create_person(team=factories.create_team()))
    assert client.get(address(desk)).status_code == 404


def test_the_verb_asks_again_who_it_is(desk: Workflow) -> None:
    drafts = confirming.waiting(desk)
    with pytest.raises(PermissionDenied, match="Only the risk owner"):
        confirming.confirm(
            workflow=desk,
            choices=dict.fromkeys(drafts, Choice.PROPOSED),
            base=confirming.base_of(drafts),
            actor=factories.create_person(team=desk.team),
            reason="why not",
        )


def test_a_type_that_is_confirmed_already_is_not_confirmed_again(
    kim: Person, desk: Workflow
) -> None:
    drafts = confirming.waiting(desk)
    told = {"choices": dict.fromkeys(drafts, Choice.PROPOSED), "actor": kim, "reason": "read"}
    base = confirming.base_of(drafts)
    confirming.confirm(workflow=desk, base=base, **told)
    with pytest.raises(Conflict):
        confirming.confirm(workflow=desk, base=base, **told)


def test_where_the_team_wants_a_second_person_each_waits_for_one(
    as_kim: Client, desk: Workflow
) -> None:
    Team.objects.filter(pk=desk.team_id).update(second_person=True)
    post(as_kim, desk, shown(as_kim, desk), **{"all:read": "proposed"})
    assert set(modes().values()) == {"unconfirmed"}
    assert ChangeRequest.objects.filter(takes="second_person").count() == 2
    lines = [line for group in shown(as_kim, desk).groups for line in group.lines]
    assert {line.key for line in lines if line.asked} == {"get_ticket", "list_desks"}


def test_an_edited_draft_that_no_longer_reads_does_not_run_alone(
    as_kim: Client, desk: Workflow
) -> None:
    ActionType.objects.filter(key="get_ticket").update(verb="write")
    ActionType.objects.filter(key="send_reply").update(
        verb="read", blast_radius="low", reversibility="reversible"
    )
    groups = {
        group.kind: [line.key for line in group.lines] for group in shown(as_kim, desk).groups
    }
    assert groups["odd"] == ["get_password", "get_ticket", "send_reply"]
    post(as_kim, desk, shown(as_kim, desk), **{"all:odd": "proposed"})
    assert modes()["get_ticket"] == modes()["send_reply"] == "approval_gated"


def test_the_number_of_queries_does_not_grow_with_the_types(as_kim: Client, desk: Workflow) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as counted:
            shown(as_kim, desk)
        return len(counted)

    queries()
    few = queries()
    for number in range(30):
        factories.create_action_type(
            desk, f"get_thing_{number}", confirmed=False, mode="draft_only"
        )
    assert queries() == few


def test_when_all_are_confirmed_it_says_so(as_kim: Client, desk: Workflow) -> None:
    ActionType.objects.filter(workflow=desk).update(confirmed=True)
    assert "Nothing waits to be confirmed" in as_kim.get(address(desk)).content.decode()
