"""Deputies of owners: in the file, in the form, on the page, on record, gone with who leaves."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from agents_registry import departures, editing
from agents_registry.models import OWNER_ROLES, Person, Role, Team, Workflow
from agents_registry.spec import text
from agents_registry.spec.apply import apply, known
from agents_registry.spec.check import check
from agents_registry.spec.export import export, stored
from agents_registry.spec.lines import lines
from agents_registry.spec.plan import plan
from agents_registry.spec.rows import fill
from ledger import record
from ledger.models import Event
from tests import factories
from tests.agents_registry.documents import create_document, install
from tests.agents_registry.html_forms import forms_of

PLACE = "workflows/refunds/deputies"


def with_deputies(**deputies: Any) -> dict[str, Any]:
    document = create_document()
    document["workflows"]["refunds"]["deputies"] = deputies
    return document


def refunds() -> Workflow:
    return Workflow.objects.get(slug="refunds")


# As a file


def test_deputies_are_applied_exported_and_applied_again(db: None) -> None:
    install(with_deputies(risk_owner="omar", approval_owner="rita"))
    workflow = refunds()
    assert (str(workflow.risk_deputy), str(workflow.approval_deputy)) == (
        "Omar Haddad",
        "Rita Original",
    )
    assert (workflow.workflow_deputy, workflow.system_deputy) == (None, None)
    said = export(workflow.team)
    assert said["workflows"]["refunds"]["deputies"] == {
        "risk_owner": "omar",
        "approval_owner": "rita",
    }
    assert plan(known("shop"), fill(text.load(text.dump(said)))) == []


def test_a_workflow_without_deputies_says_nothing_of_them(db: None) -> None:
    install()
    assert "deputies" not in export(Team.objects.get(slug="shop"))["workflows"]["refunds"]
    assert stored(Team.objects.get(slug="shop"))["workflows"]["refunds"]["deputies"] == (
        dict.fromkeys(OWNER_ROLES)
    )


@pytest.mark.parametrize(
    ("deputies", "place", "sentence"),
    [
        ({"risk_owner": "rhea"}, f"{PLACE}/risk_owner", "Nobody stands in for themselves"),
        ({"risk_owner": "ghost"}, f"{PLACE}/risk_owner", "'ghost' is not in this team."),
        ({"risk_owner": "audra"}, f"{PLACE}/risk_owner", "'audra' is an auditor"),
        ({"risk_owner": "Not a name"}, f"{PLACE}/risk_owner", "is no username"),
        ({"boss": "omar"}, f"{PLACE}/boss", "There is no field boss."),
    ],
)
def test_a_deputy_who_cannot_be_one_is_a_problem(
    deputies: dict[str, str], place: str, sentence: str
) -> None:
    document = with_deputies(**deputies)
    document["people"]["audra"] = {"role": "auditor"}
    (problem,) = check(document)
    assert (problem.place, sentence in problem.sentence) == (place, True), problem


def test_one_person_may_stand_in_for_several_owners() -> None:
    assert check(with_deputies(risk_owner="omar", workflow_owner="omar")) == []


def test_a_new_deputy_is_a_line_of_the_diff_and_an_event(db: None) -> None:
    install()
    document = with_deputies(risk_owner="omar")
    (change,) = plan(known("shop"), fill(document))
    assert [str(line) for line in lines(change)] == [f"~ {PLACE}/risk_owner: null → omar"]
    apply(document=document, team="shop", actor=Person.objects.get(username="mona"))
    omar = Person.objects.get(username="omar")
    body = record.body_of(Event.objects.filter(type="workflow.changed").latest("id"))
    assert (body["fields"], body["before"], body["after"]) == (
        ["risk_deputy"],
        {"risk_deputy": None},
        {"risk_deputy": f"person:{omar.pk}"},
    )


@pytest.mark.parametrize("username", ["rhea", "omar", "rita"])
def test_only_a_manager_names_deputies(db: None, username: str) -> None:
    install()
    team = Team.objects.get(slug="shop")
    place = ("workflows", "refunds")
    row = stored(team)["workflows"]["refunds"]
    row["deputies"]["risk_owner"] = "omar"
    del row["action_types"]
    with pytest.raises(PermissionDenied, match="name people, owners and workflows"):
        editing.edit(
            team=team,
            place=place,
            row=row,
            actor=Person.objects.get(username=username),
            base=editing.base_of(team, place),
        )
    assert refunds().risk_deputy is None


# In the browser


@pytest.fixture
def team(workflow: Workflow) -> Team:
    return workflow.team


@pytest.fixture
def url(workflow: Workflow) -> str:
    return reverse("registry_edit", args=[workflow.slug])


@pytest.fixture
def kim(team: Team) -> Person:
    return factories.create_person("kim", team=team)


@pytest.fixture
def managing(client: Client, team: Team) -> Client:
    client.force_login(factories.create_person("mona", team=team, role=Role.MANAGER))
    return client


def posted(client: Client, url: str) -> dict[str, Any]:
    return forms_of(client.get(url).content.decode())["row-form"]


def test_a_deputy_is_named_in_the_form_and_stands_on_the_page(
    managing: Client, workflow: Workflow, kim: Person, url: str
) -> None:
    post = posted(managing, url)
    assert post["deputies-risk_owner"] == [""]
    assert managing.post(url, {**post, "deputies-risk_owner": "kim"}).status_code == 303
    workflow.refresh_from_db()
    assert workflow.risk_deputy == kim
    page = managing.get(reverse("registry_workflow", args=[workflow.slug]))
    owners = {owner.role_words: owner.deputy for owner in page.context["workflow"].owners}
    assert owners == {
        "workflow owner": "",
        "system owner": "",
        "risk owner": "Kim",
        "approval owner": "",
    }
    assert "or Kim, when away" in page.content.decode()


def test_a_deputy_is_taken_out_again(
    managing: Client, workflow: Workflow, kim: Person, url: str
) -> None:
    Workflow.objects.filter(pk=workflow.pk).update(risk_deputy=kim)
    post = posted(managing, url)
    assert post["deputies-risk_owner"] == ["kim"]
    assert managing.post(url, {**post, "deputies-risk_owner": ""}).status_code == 303
    assert Workflow.objects.get(pk=workflow.pk).risk_deputy is None


def test_an_owner_as_their_own_deputy_is_refused_at_the_field(
    managing: Client, workflow: Workflow, url: str
) -> None:
    owner = workflow.risk_owner.username
    response = managing.post(url, {**posted(managing, url), "deputies-risk_owner": owner})
    assert response.status_code == 422
    assert [wrong.field_id for wrong in response.context["row"].wrong] == ["id_deputies-risk_owner"]


def test_a_workflow_owner_reads_deputies_and_cannot_write_them(
    client: Client, workflow: Workflow, kim: Person, url: str
) -> None:
    client.force_login(workflow.workflow_owner)
    post = posted(client, url)
    assert "deputies-risk_owner" not in post
    client.post(url, {**post, "deputies-risk_owner": "kim", "sla": "5 hours"})
    workflow.refresh_from_db()
    assert (workflow.risk_deputy, workflow.sla) == (None, "5 hours")


# Who leaves


def test_who_leaves_the_team_stands_in_for_nobody_any_more(
    managing: Client, team: Team, workflow: Workflow, kim: Person
) -> None:
    Workflow.objects.filter(pk=workflow.pk).update(risk_deputy=kim, system_deputy=kim)
    mona = Person.objects.get(username="mona")
    departures.leave_team(team=team, person=kim, actor=mona)
    workflow.refresh_from_db()
    assert (workflow.risk_deputy, workflow.system_deputy) == (None, None)


def test_a_deputy_who_takes_a_role_over_is_its_deputy_no_more(
    managing: Client, team: Team, workflow: Workflow, kim: Person
) -> None:
    Workflow.objects.filter(pk=workflow.pk).update(risk_deputy=kim, system_deputy=kim)
    mona = Person.objects.get(username="mona")
    departures.leave_team(team=team, person=workflow.risk_owner, actor=mona, successor=kim)
    workflow.refresh_from_db()
    assert (workflow.risk_owner, workflow.risk_deputy, workflow.system_deputy) == (kim, None, kim)
    document = stored(Team.objects.get(pk=team.pk))
    assert [each for each in check(document) if "deputies" in each.place] == []
