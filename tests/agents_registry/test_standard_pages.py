"""Standards edited without JavaScript: who may, whom it reaches, what is refused where."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents_registry import presets
from agents_registry.changes.directions import Direction
from agents_registry.models import (
    ActionType,
    ChangeRequest,
    Person,
    PolicyChange,
    Role,
    Standard,
    Team,
    Workflow,
)
from agents_registry.policy.findings import Tier
from agents_registry.revisions import document_of, policy_document
from agents_registry.rule_forms import reading
from agents_registry.rule_forms.rearranging import rearranged
from agents_registry.rule_forms.standard_fields import FORM
from agents_registry.spec.rows import fill
from agents_registry.spec.shape import STANDARD
from approvals.models import Action
from ledger.models import Event
from tests import factories
from tests.agents_registry.filled_forms import as_browser
from tests.agents_registry.html_forms import Posted, forms_of

URL = "/standards/care/edit"
FRAUD = {
    "id": "fraud",
    "words": "It is fraud.",
    "when": "'fraud' in signals.categories",
    "effect": {"raise_to": "mandatory"},
}


@pytest.fixture
def care(refund: ActionType) -> Standard:
    """A standard that the refunds are under, with one stop rule."""
    team = refund.workflow.team
    rules = {"confidence_line": 0.5, "stop_rules": [FRAUD]}
    standard = Standard.objects.create(team=team, slug="care", name="Care", rules=rules)
    refund.workflow.standards.add(standard)
    return standard


@pytest.fixture
def lead(care: Standard) -> Person:
    person = factories.create_person("gaia", team=care.team)
    Team.objects.filter(pk=care.team.pk).update(governance_lead=person)
    return person


@pytest.fixture
def leading(client: Client, lead: Person) -> Client:
    client.force_login(lead)
    return client


@pytest.fixture
def managing(client: Client, lead: Person, care: Standard) -> Client:
    client.force_login(factories.create_person("mara", team=care.team, role=Role.MANAGER))
    return client


def form_of(response: Any, **changed: Any) -> Posted:
    """What a browser would post, with what was typed; `__` stands for a slash in a name."""
    beside = {"reason", "key", "do", "save", "base"}
    named = {n if n in beside else f"/{n.replace('__', '/')}": v for n, v in changed.items()}
    return {**forms_of(response.content.decode())["rule-form"], **named}


def save(client: Client, url: str = URL, **changed: Any) -> Any:
    response = client.get(url)
    assert response.status_code == 200
    return client.post(url, form_of(response, **{"reason": "Because.", **changed}))


def wrong(response: Any) -> dict[str, str]:
    """What the summary says, by the id of the field that it leads to."""
    assert response.status_code == 422
    html = response.content.decode()
    found = {line.id: line.message for line in response.context["page"].errors}
    assert all(f'id="{field}"' in html for field in found if field), "a link leads nowhere"
    return found


def toast(client: Client, response: Any) -> str:
    assert (response.status_code, response["Location"]) == (303, "/standards/")
    (message,) = client.get("/standards/").context["messages"]
    return str(message)


def rules_of(standard: Standard) -> dict[str, Any]:
    rules: dict[str, Any] = Standard.objects.get(pk=standard.pk).rules
    return rules


# What it reaches


def test_a_stop_rule_of_the_governance_lead_binds_every_type_that_inherits_it(
    leading: Client, care: Standard, refund: ActionType, agent: Any
) -> None:
    other = factories.create_action_type(refund.workflow, "credit")
    added = leading.post(URL, form_of(leading.get(URL), do="add /rules/stop_rules"))
    assert added.status_code == 200
    saved = leading.post(
        URL,
        form_of(
            added,
            rules__stop_rules__1__id="legal",
            rules__stop_rules__1__words="It is a legal matter.",
            rules__stop_rules__1__when="'legal' in signals.categories",
            rules__stop_rules__1__effect="block",
            reason="Counsel asked.",
        ),
    )
    assert toast(leading, saved) == "Saved. 2 action types are judged by it."
    for each in (refund, other):
        inherited = [rule["id"] for rule in policy_document(each)["stop_rules"]]
        assert inherited == ["standard:care:fraud", "standard:care:legal"]
    action: Action = factories.create_action(agent, other, signals={"categories": ["legal"]})
    assert action.tier == Tier.BLOCKED


def test_what_comes_again_is_asked_of_every_type_that_inherits_it(
    leading: Client, care: Standard, refund: ActionType, agent: Any
) -> None:
    before = policy_document(refund)["again"]
    typed = {"rules__again__done__days": "30", "rules__again__done__raise_to": "blocked"}
    assert "Saved." in toast(leading, save(leading, **typed))
    assert rules_of(care)["again"] == {"done": {"days": 30, "raise_to": "blocked"}}
    assert (before, policy_document(refund)["again"]) == ({}, rules_of(care)["again"])
    step = PolicyChange.objects.get(action_type=refund)
    assert document_of(step.after)["again"] == rules_of(care)["again"]
    assert step.direction == Direction.TIGHTENING
    assert "Done before within 30 days: blocked." in leading.get("/standards/").content.decode()
    page = leading.get(f"/registry/{refund.workflow.slug}/{refund.key}/revisions/")
    assert "Done before within 30 days: blocked" in page.content.decode()
    emptied = {"rules__again__done__days": "", "rules__again__done__raise_to": ""}
    assert "Saved." in toast(leading, save(leading, **emptied))
    assert rules_of(care)["again"] == {}


def test_a_manager_who_shortens_what_comes_again_waits_for_the_governance_lead(
    managing: Client, care: Standard
) -> None:
    assert "Saved." in toast(managing, save(managing, rules__again__rejected__days="90"))
    waits = toast(managing, save(managing, rules__again__rejected__days="30"))
    assert waits == "It waits for Gaia’s signature."
    assert rules_of(care)["again"] == {"rejected": {"days": 90}}


def test_what_comes_again_lacks_its_days_at_the_field(leading: Client, care: Standard) -> None:
    found = wrong(save(leading, rules__again__done__raise_to="blocked"))
    assert any("lacks days" in message for message in found.values())


def test_the_toast_counts_only_what_it_concerns(
    leading: Client, care: Standard, refund: ActionType
) -> None:
    factories.create_read_type(refund.workflow)
    factories.create_action_type(factories.create_workflow(care.team, "other"))
    assert "1 action type is judged by it." in toast(leading, save(leading, purpose="Kind."))
    assert "3 action types are judged" in toast(
        leading, save(leading, everywhere="true", rules__verbs=["read", refund.verb])
    )


def test_the_list_says_what_each_asks_for_and_who_is_under_it(
    leading: Client, care: Standard, workflow: Workflow
) -> None:
    html = leading.get("/standards/").content.decode()
    assert "It is fraud." in html
    assert "Confidence below 0.50, or none given: at least mandatory approval." in html
    assert f'Inherited by: <a href="/registry/{workflow.slug}/">{workflow.name}</a>' in html
    assert "Gaia" in html
    assert "/standards/new?preset=messaging" in html


def test_the_list_takes_as_many_queries_for_many_standards(leading: Client, care: Standard) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert leading.get("/standards/").status_code == 200
        return len(asked)

    few = queries()
    for number in range(5):
        Standard.objects.create(
            team=care.team, slug=f"s{number}", name=f"S{number}", everywhere=True, rules=care.rules
        )
        factories.create_action_type(factories.create_workflow(care.team, f"w{number}"))
    assert queries() == few


def test_without_a_governance_lead_the_page_shows_the_hole(client: Client, care: Standard) -> None:
    client.force_login(factories.create_person(team=care.team))
    assert 'chip hole">nobody' in client.get("/standards/").content.decode()


# Who may


def test_a_manager_who_loosens_makes_a_request_that_names_who_signs_it(
    managing: Client, care: Standard, lead: Person
) -> None:
    before = rules_of(care)
    saved = save(managing, rules__confidence_line="0.4", reason="Too many.")
    assert toast(managing, saved) == "It waits for Gaia’s signature."
    assert rules_of(care) == before
    asked = ChangeRequest.objects.get(team=care.team)
    assert (asked.place, asked.takes) == (["standards", "care"], "governance_lead")
    for url in ("/standards/", URL):
        html = managing.get(url).content.decode()
        assert "Mara asked for a change. It waits for Gaia’s signature." in html
        assert "Too many." in html


def test_a_manager_tightens_alone(managing: Client, care: Standard) -> None:
    assert "Saved." in toast(managing, save(managing, rules__confidence_line="0.9"))
    assert rules_of(care)["confidence_line"] == 0.9


def test_the_governance_lead_loosens_alone(leading: Client, care: Standard) -> None:
    assert "Saved." in toast(leading, save(leading, rules__confidence_line=""))
    assert rules_of(care)["confidence_line"] is None


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.MEMBER])
def test_others_read_and_cannot_edit(client: Client, care: Standard, role: Role) -> None:
    client.force_login(factories.create_person(team=care.team, role=role))
    listed = client.get("/standards/")
    assert "It is fraud." in listed.content.decode()
    assert not listed.context["page"].new_url
    assert not listed.context["page"].starts
    for url in (URL, "/standards/new"):
        assert client.get(url).status_code == 403
        refused = client.post(url, {"whole": "1", "/name": "Mine", "reason": "x"})
        assert refused.status_code == 403
    assert Standard.objects.get().name == "Care"


def test_where_a_team_wants_a_second_person_the_lead_waits_for_one(
    leading: Client, care: Standard
) -> None:
    Team.objects.filter(pk=care.team.pk).update(second_person=True)
    saved = save(leading, rules__confidence_line="0.1")
    assert "It waits for a second person" in toast(leading, saved)
    assert rules_of(care)["confidence_line"] == 0.5


def test_another_teams_is_not_there(client: Client, care: Standard, stranger: Person) -> None:
    stranger.memberships.update(role=Role.MANAGER)
    client.force_login(stranger)
    assert client.get(URL).status_code == 404
    assert client.post(URL, {"whole": "1"}).status_code == 404
    assert "Care" not in client.get("/standards/").content.decode()


# What is refused


def test_a_condition_that_is_no_cel_is_refused_at_its_place_and_nothing_is_saved(
    leading: Client, care: Standard
) -> None:
    events, before = Event.objects.count(), rules_of(care)
    response = save(
        leading, rules__stop_rules__0__when="payload.amount >", rules__confidence_line="0.9"
    )
    assert list(wrong(response)) == ["f-rules-stop_rules-0-when"]
    again = form_of(response)
    assert again["/rules/stop_rules/0/when"] == ["payload.amount >"]
    assert again["/rules/confidence_line"] == ["0.9"], "what was typed is kept"
    assert (Event.objects.count(), rules_of(care)) == (events, before)


def test_every_fault_is_said_at_once_and_at_its_field(leading: Client) -> None:
    response = save(
        leading,
        name="",
        rules__confidence_line="1.5",
        reason=" ",
    )
    assert list(wrong(response)) == ["why", "f-name", "f-rules-confidence_line"]


def test_whom_a_rule_asks_has_to_be_there(leading: Client) -> None:
    response = save(leading, rules__stop_rules__0__ask="pool:gone")
    assert list(wrong(response)) == ["f-rules-stop_rules-0-ask"]


def test_a_tier_without_its_line_is_refused_where_it_stands(leading: Client) -> None:
    response = save(leading, rules__confidence_line="", rules__confidence_tier="spot_check")
    assert list(wrong(response)) == ["f-rules-confidence_tier"]


def test_a_post_of_which_a_part_was_lost_changes_nothing(leading: Client, care: Standard) -> None:
    posted = form_of(leading.get(URL), reason="x", purpose="lost")
    posted.pop("whole")
    assert leading.post(URL, posted).status_code == 400
    assert not Standard.objects.get(pk=care.pk).purpose


def test_a_conflict_keeps_what_was_typed(leading: Client, care: Standard) -> None:
    form = form_of(leading.get(URL), purpose="Mine.", reason="Mine.")
    Standard.objects.filter(pk=care.pk).update(name="Care and more")
    response = leading.post(URL, form)
    assert response.status_code == 409
    assert "This changed while you looked. Nothing was saved." in response.content.decode()
    assert form_of(response)["/purpose"] == ["Mine."]
    assert "Saved." in toast(leading, leading.post(URL, form_of(response)))
    assert Standard.objects.get(pk=care.pk).purpose == "Mine."


# Adding one


@pytest.mark.parametrize("preset", presets.names())
def test_a_preset_fills_a_new_one_in_and_is_saved_as_it_stands(
    leading: Client, care: Standard, preset: str
) -> None:
    url = f"/standards/new?preset={preset}"
    assert url in leading.get("/standards/").content.decode()
    saved = save(leading, url, reason="A start.")
    assert toast(leading, saved) == "Saved. 0 action types are judged by it."
    made = Standard.objects.get(team=care.team, slug=preset)
    said = fill(presets.load(preset)["standards"][preset], STANDARD)
    assert (made.name, made.purpose, made.rules) == (said["name"], said["purpose"], said["rules"])
    assert url not in leading.get("/standards/").content.decode()
    assert "standard-key" in wrong(save(leading, url))


def test_a_new_one_is_called_by_its_name_where_no_short_name_is_typed(
    leading: Client, care: Standard
) -> None:
    assert save(leading, "/standards/new", name="Clean Data").status_code == 303
    made = Standard.objects.get(team=care.team, slug="clean-data")
    assert made.rules["stop_rules"] == []
    taken = save(leading, "/standards/new", name="Another", key="care")
    assert wrong(taken) == {"standard-key": "There is already one called care."}
    assert "standard-key" in wrong(save(leading, "/standards/new", name="Ok", key="Not Ok"))
    assert leading.get("/standards/new?preset=none").status_code == 404


@pytest.mark.parametrize("preset", presets.names())
def test_the_form_of_any_preset_comes_back_as_it_was(preset: str) -> None:
    for said in presets.load(preset)["standards"].values():
        row = fill(said, STANDARD)
        draft = reading.read(as_browser(reading.unread(row, FORM)), row, FORM)
        assert (draft.row, draft.errors) == (row, {})


# Its rules rearranged


def test_rules_are_added_moved_and_taken_out_without_saving(
    leading: Client, care: Standard
) -> None:
    before = rules_of(care)
    response = leading.get(URL)
    for asked in (
        "take /rules/stop_rules/legal",
        "up /rules/stop_rules/1",
        "add /rules/floors",
        "add /rules/thresholds",
        "add /rules/cumulative",
        "add /rules/required_inputs",
        "remove /rules/thresholds/0",
    ):
        response = leading.post(URL, form_of(response, do=asked))
        assert response.status_code == 200
    form = form_of(response)
    assert form["/rules/stop_rules/0/id"] == ["legal"]
    assert form["/rules/stop_rules/1"] == ["0"], "it is still known which one it was"
    assert "/rules/floors/0/floor" in form
    assert "/rules/cumulative/0/per" in form
    assert "/rules/required_inputs/0/name" in form
    assert "/rules/thresholds/0" not in form
    assert rules_of(care) == before


def test_a_button_of_the_type_editor_means_nothing_here() -> None:
    draft = reading.unread(fill({"name": "Care"}, STANDARD), FORM)
    for asked in ("add /stop_rules", "add /impact/metrics", "take /rules/thresholds/legal", "add "):
        assert rearranged(draft, asked) == (draft, "")


def test_of_a_rearranged_form_htmx_gets_the_form_alone(leading: Client) -> None:
    posted = form_of(leading.get(URL), do="add /rules/floors")
    html = leading.post(URL, posted, headers={"HX-Request": "true"}).content.decode()
    assert html.strip().startswith("<form")
    assert html.strip().endswith("</form>")


def test_the_registry_leads_there(leading: Client) -> None:
    assert f'href="{reverse("standards")}"' in leading.get("/registry/").content.decode()
