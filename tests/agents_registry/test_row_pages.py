"""The registry's rows edited in the browser: who may, what is refused where, and what is kept."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents_registry import presets
from agents_registry.models import (
    Agent,
    Calendar,
    EscalationChain,
    Membership,
    Person,
    Pool,
    Role,
    Team,
    Workflow,
)
from agents_registry.policy.floors import BUILT_IN
from agents_registry.spec.export import stored
from ledger.models import Event
from tests import factories
from tests.agents_registry.html_forms import Posted, forms_of

FORM = "row-form"


@pytest.fixture
def team(workflow: Workflow) -> Team:
    return workflow.team


@pytest.fixture
def manager(team: Team) -> Person:
    return factories.create_person("mona", team=team, role=Role.MANAGER)


@pytest.fixture
def managing(client: Client, manager: Person) -> Client:
    client.force_login(manager)
    return client


def row_url(section: str, name: str) -> str:
    return reverse("team_row", args=[section, name])


def shown(client: Client, url: str) -> tuple[Any, Posted]:
    """What the page shows, and what its form would post if nothing were changed."""
    response = client.get(url)
    assert response.status_code == 200, url
    forms = forms_of(response.content.decode())
    return response.context["row"], forms.get(FORM, {})


def save(client: Client, url: str, **changes: Any) -> Any:
    """Posts the form of the page with these changes; `__` in a name stands for `-`."""
    _, post = shown(client, url)
    assert post, "the page has no form for this person"
    return client.post(url, {**post, **{k.replace("__", "-"): v for k, v in changes.items()}})


def wrong(response: Any) -> dict[str, str]:
    """What the summary says, by the id of the field that it leads to."""
    assert response.status_code == 422
    html = response.content.decode()
    found = {line.field_id: line.message for line in response.context["row"].wrong}
    assert all(f'id="{field}"' in html for field in found if field), "a link leads nowhere"
    return found


def toast(client: Client, response: Any) -> str:
    """The message on the page to which the response leads."""
    assert response.status_code == 303
    page = client.get(response["Location"])
    return next((str(message) for message in page.context["messages"]), "")


def every_row(team: Team, workflow: Workflow, agent: Agent) -> list[str]:
    """The address of one row of each kind, each with text that browsers would change."""
    Team.objects.filter(pk=team.pk).update(governance_lead=workflow.risk_owner)
    Calendar.objects.filter(pk=workflow.calendar.pk).update(
        document={
            "time_zone": "Europe/Dublin",
            "hours": {"mon": [["09:00", "12:30"], ["13:00", "17:00"]], "sat": [["00:00", "24:00"]]},
            "holidays": {"country": "US", "subdivision": "CA"},
            "days_off": ["2026-12-24", "2026-12-31"],
        }
    )
    EscalationChain.objects.filter(pk=workflow.chain.pk).update(
        first_remind="1 hour",
        stages=[
            {"who": "approval_owner", "within": "2 hours", "remind": "1 hour"},
            {"who": f"pool:{workflow.pool.slug}", "within": "3 hours", "remind": None},
        ],
    )
    Agent.objects.filter(pk=agent.pk).update(description="Runs at night.\nOn two machines.\n")
    Workflow.objects.filter(pk=workflow.pk).update(
        purpose="Money back,\n\n  where it is due. \n",
        failure_modes=["It pays twice.", "It pays the wrong one,\nand nobody sees it."],
        window_thresholds=[
            {
                "id": "errors",
                "metric": "error_rate",
                "source": "computed",
                "window": "1 hour",
                "operator": ">",
                "limit": 0.2,
                "mode_to": "draft_only",
                "review": "risk_owner",
                "words": "More than a fifth fails.",
            }
        ],
    )
    return [
        reverse("team_edit"),
        row_url("people", workflow.risk_owner.username),
        row_url("pools", workflow.pool.slug),
        row_url("calendars", workflow.calendar.slug),
        row_url("chains", workflow.chain.slug),
        row_url("agents", agent.slug),
        reverse("registry_edit", args=[workflow.slug]),
    ]


# What is shown comes back as it was


def test_saving_unchanged_writes_nothing(
    managing: Client, team: Team, workflow: Workflow, agent: Agent
) -> None:
    urls = every_row(team, workflow, agent)
    before, events = stored(Team.objects.get(pk=team.pk)), Event.objects.count()
    for url in urls:
        assert toast(managing, save(managing, url)) == "Nothing was changed.", url
    assert stored(Team.objects.get(pk=team.pk)) == before
    assert Event.objects.count() == events


def test_what_is_changed_is_saved_and_the_rest_stays(
    managing: Client, workflow: Workflow, agent: Agent, team: Team
) -> None:
    *_, url = every_row(team, workflow, agent)
    response = save(
        managing,
        url,
        sla="2 hours",
        failure_modes="It pays twice.\r\n\r\nIt pays nobody.",
        runbook="https://wiki.example/refunds",
        reason="The old one was too long.",
    )
    assert toast(managing, response) == "Saved."
    now = Workflow.objects.get(pk=workflow.pk)
    assert now.sla == "2 hours"
    assert now.failure_modes == ["It pays twice.", "It pays nobody."]
    assert now.purpose == "Money back,\n\n  where it is due. \n"
    assert now.window_thresholds[0]["id"] == "errors"


# Each kind


def test_a_manager_names_the_team_and_who_leads_its_governance(
    managing: Client, team: Team, workflow: Workflow
) -> None:
    lead = workflow.risk_owner
    response = save(
        managing,
        reverse("team_edit"),
        name="Support and care",
        governance_lead=lead.username,
        second_person="on",
    )
    assert toast(managing, response) == "Saved."
    now = Team.objects.get(pk=team.pk)
    assert (now.name, now.governance_lead, now.second_person) == ("Support and care", lead, True)


def test_an_invitation_makes_the_account_and_its_place_in_the_team(
    managing: Client, team: Team
) -> None:
    response = save(
        managing,
        reverse("team_row_new", args=["people"]),
        key="kim",
        name="Kim Ito",
        email="kim@example.com",
        role="auditor",
    )
    assert toast(managing, response) == "Saved."
    kim = Membership.objects.get(team=team, person__username="kim")
    assert (kim.role, str(kim.person), kim.person.email) == (
        "auditor",
        "Kim Ito",
        "kim@example.com",
    )
    assert not kim.person.has_usable_password()


def test_a_role_is_changed_and_the_account_stays_its_own(managing: Client, team: Team) -> None:
    kim = factories.create_person("kim", team=team)
    _page, post = shown(managing, row_url("people", "kim"))
    assert "email" not in post
    save(managing, row_url("people", "kim"), role="manager")
    assert Membership.objects.get(person=kim).role == "manager"


def test_a_pool_is_made_and_its_short_name_comes_from_its_name(
    managing: Client, team: Team, reviewer: Person
) -> None:
    url = reverse("team_row_new", args=["pools"])
    save(managing, url, name="Night desk", people=[reviewer.username])
    pool = Pool.objects.get(team=team, slug="night-desk")
    assert list(pool.people.all()) == [reviewer]


def test_a_calendar_is_made_with_its_holidays(managing: Client, team: Team) -> None:
    response = save(
        managing,
        reverse("team_row_new", args=["calendars"]),
        name="Dublin hours",
        time_zone="Europe/Dublin",
        hours__mon="9:00-12:30, 13:00 to 17:00",
        hours__fri="",
        hours__sat="all day",
        holidays__country="IE",
        days_off="2026-12-24",
    )
    assert toast(managing, response) == "Saved."
    document = Calendar.objects.get(team=team, slug="dublin-hours").document
    assert document["hours"]["mon"] == [["09:00", "12:30"], ["13:00", "17:00"]]
    assert document["hours"]["sat"] == [["00:00", "24:00"]]
    assert document["hours"].get("fri", []) == []
    assert document["holidays"] == {"country": "IE", "subdivision": None}
    assert document["days_off"] == ["2026-12-24"]


def test_a_country_that_is_taken_out_leaves_no_holidays(
    managing: Client, workflow: Workflow, agent: Agent
) -> None:
    every_row(workflow.team, workflow, agent)
    save(managing, row_url("calendars", workflow.calendar.slug), holidays__country="")
    assert Calendar.objects.get(pk=workflow.calendar.pk).document["holidays"] is None


def test_a_chain_grows_and_shrinks_by_a_step_without_javascript(
    managing: Client, workflow: Workflow
) -> None:
    url = row_url("chains", workflow.chain.slug)
    _, post = shown(managing, url)
    grown = managing.post(url, {**post, "add": "1"})
    assert grown.status_code == 200
    post = forms_of(grown.content.decode())[FORM]
    assert post["stages-1-who"] == [""]
    two = {"stages-1-who": "manager", "stages-1-within": "1 hour", "stages-1-remind": ""}
    assert toast(managing, managing.post(url, {**post, **two})) == "Saved."
    chain = EscalationChain.objects.get(pk=workflow.chain.pk)
    assert chain.stages[1] == {
        **{"who": "manager", "otherwise": None},
        **{"within": "1 hour", "remind": None, "repeat": 1},
    }

    _, post = shown(managing, url)
    post = forms_of(managing.post(url, {**post, "remove": "0"}).content.decode())[FORM]
    assert toast(managing, managing.post(url, post)) == "Saved."
    chain.refresh_from_db()
    assert [stage["who"] for stage in chain.stages] == ["manager"]


def test_a_workflow_is_made_in_one_go(
    managing: Client, team: Team, workflow: Workflow, agent: Agent
) -> None:
    owners = {f"owners__{role}": who.username for role, who in workflow.owners().items()}
    response = save(
        managing,
        reverse("registry_new"),
        name="Returns",
        purpose="Takes parcels back.",
        pool=workflow.pool.slug,
        calendar=workflow.calendar.slug,
        chain=workflow.chain.slug,
        agents=[agent.slug],
        **owners,
    )
    assert toast(managing, response) == "Saved."
    made = Workflow.objects.get(team=team, slug="returns")
    assert made.owners() == workflow.owners()
    assert list(made.agents.all()) == [agent]
    assert sorted(made.action_types.values_list("key", flat=True)) == ["ask", "escalate"]


@pytest.mark.parametrize("preset", presets.names())
def test_a_workflow_is_made_from_a_preset_with_its_standard_and_types(
    managing: Client, team: Team, workflow: Workflow, preset: str
) -> None:
    owners = {f"owners__{role}": who.username for role, who in workflow.owners().items()}
    shared = {name: getattr(workflow, name).slug for name in ("pool", "calendar", "chain")}
    url = f"{reverse('registry_new')}?preset={preset}"
    response = save(managing, url, key="made", **owners, **shared)
    assert toast(managing, response) == "Saved."
    made = Workflow.objects.get(team=team, slug="made")
    assert [standard.slug for standard in made.standards.all()] == [preset]
    types = made.action_types.exclude(key__in=BUILT_IN)
    assert types.count() >= 2
    assert not types.filter(confirmed=True).exists()


def test_a_preset_that_is_refused_adds_nothing(
    managing: Client, team: Team, workflow: Workflow
) -> None:
    owners = {f"owners__{role}": who.username for role, who in workflow.owners().items()}
    shared = {name: getattr(workflow, name).slug for name in ("pool", "calendar", "chain")}
    url = f"{reverse('registry_new')}?preset=refund"
    found = wrong(save(managing, url, key="made", **owners, **shared, sla="whenever"))
    assert list(found) == ["id_sla"]
    assert not team.standards.exists()
    assert managing.get(f"{reverse('registry_new')}?preset=nothing").status_code == 404


# What is wrong is said where it is


def test_a_calendar_says_at_which_day_its_hours_are_wrong(
    managing: Client, workflow: Workflow
) -> None:
    url = row_url("calendars", workflow.calendar.slug)
    found = wrong(save(managing, url, hours__tue="nine to five"))
    assert list(found) == ["id_hours-tue"]
    found = wrong(save(managing, url, hours__wed="17:00-09:00"))
    assert found == {"id_hours-wed": "17:00 to 09:00 does not end after it begins."}
    found = wrong(save(managing, url, days_off="24 Dec"))
    assert list(found) == ["id_days_off"]


def test_a_chain_says_which_step_is_wrong(managing: Client, workflow: Workflow) -> None:
    url = row_url("chains", workflow.chain.slug)
    found = wrong(save(managing, url, **{"stages-0-within": "soon"}))
    assert list(found) == ["id_stages-0-within"]
    found = wrong(save(managing, url, **{"stages-0-who": ""}))
    assert list(found) == ["id_stages-0-who"]


def test_what_was_typed_stands_there_after_a_refusal(managing: Client, workflow: Workflow) -> None:
    url = reverse("registry_edit", args=[workflow.slug])
    response = save(managing, url, sla="whenever", purpose="Half typed")
    assert list(wrong(response)) == ["id_sla"]
    post = forms_of(response.content.decode())[FORM]
    assert (post["sla"], post["purpose"]) == (["whenever"], ["Half typed"])


@pytest.mark.parametrize(
    ("key", "said"),
    [("refund-desk", "There is already one called refund-desk."), ("Refund Desk", "Small letters")],
)
def test_a_short_name_that_cannot_be_is_refused(
    managing: Client, team: Team, key: str, said: str
) -> None:
    Pool.objects.create(team=team, slug="refund-desk", name="Refunds")
    url = reverse("team_row_new", args=["pools"])
    assert wrong(save(managing, url, name="Refunds", key=key))["id_key"].startswith(said)


def test_a_name_of_which_no_short_name_can_be_made_asks_for_one(managing: Client) -> None:
    found = wrong(save(managing, reverse("team_row_new", args=["pools"]), name="夜班"))
    assert list(found) == ["id_key"]


# Somebody else was there first


def test_who_saves_over_a_change_that_they_did_not_see_is_told_and_loses_nothing(
    managing: Client, workflow: Workflow
) -> None:
    url = reverse("registry_edit", args=[workflow.slug])
    _, post = shown(managing, url)
    Workflow.objects.filter(pk=workflow.pk).update(sla="7 hours")
    response = managing.post(url, {**post, "sla": "2 hours", "purpose": "Mine"})
    assert response.status_code == 409
    page, html = response.context["row"], response.content.decode()
    assert ("The pool answers within", "7 hours") in [
        (line.label, line.value) for line in page.notice.lines
    ]
    assert Workflow.objects.get(pk=workflow.pk).sla == "7 hours"
    again = managing.post(url, forms_of(html)[FORM])
    assert toast(managing, again) == "Saved."
    now = Workflow.objects.get(pk=workflow.pk)
    assert (now.sla, now.purpose) == ("2 hours", "Mine")


# What takes another signature


def test_what_only_the_governance_lead_may_do_waits_for_their_signature(
    managing: Client, team: Team, workflow: Workflow
) -> None:
    lead = workflow.risk_owner
    Team.objects.filter(pk=team.pk).update(governance_lead=lead, second_person=True)
    _, post = shown(managing, reverse("team_edit"))
    post.pop("second_person")
    response = managing.post(reverse("team_edit"), {**post, "reason": "It takes too long."})
    assert toast(managing, response) == f"It waits for {lead}’s signature."
    assert Team.objects.get(pk=team.pk).second_person
    assert managing.get(reverse("team")).context["team"].requests == 1


# Who may


WHO = {
    "team_edit": {"manager"},
    "people": {"manager"},
    "pools": {"manager", "workflow_owner"},
    "calendars": {"manager", "workflow_owner"},
    "chains": {"manager", "workflow_owner"},
    "agents": {"manager", "system_owner"},
    "registry_edit": {"manager", "workflow_owner"},
}


@pytest.mark.parametrize(
    "who", ["manager", "workflow_owner", "system_owner", "risk_owner", "member", "auditor"]
)
def test_only_who_may_gets_a_form_and_everybody_of_the_team_can_read(
    client: Client, workflow: Workflow, agent: Agent, who: str
) -> None:
    team = workflow.team
    factories.create_person("mo", team=team, role=Role.MANAGER)
    person = getattr(workflow, who, None) or factories.create_person(team=team, role=Role(who))
    client.force_login(person)
    for url, may in zip(every_row(team, workflow, agent), WHO.values(), strict=True):
        page, post = shown(client, url)
        assert bool(post) is page.may_edit is (who in may), url
        response = client.post(url, {"name": "Taken over"})
        assert response.status_code in ({422, 409} if who in may else {403}), url


def test_who_may_not_is_told_who_could(client: Client, workflow: Workflow) -> None:
    client.force_login(workflow.approval_owner)
    page, _ = shown(client, reverse("registry_edit", args=[workflow.slug]))
    assert page.who_may == "A workflow owner, a manager or an admin may change this."


def test_a_workflow_owner_sees_the_owners_and_cannot_name_them(
    client: Client, workflow: Workflow, stranger: Person
) -> None:
    client.force_login(workflow.workflow_owner)
    url = reverse("registry_edit", args=[workflow.slug])
    _, post = shown(client, url)
    assert "owners-risk_owner" not in post
    owner = workflow.workflow_owner.username
    assert toast(client, client.post(url, {**post, "owners-risk_owner": owner})) == (
        "Nothing was changed."
    )
    assert Workflow.objects.get(pk=workflow.pk).risk_owner == workflow.risk_owner


def test_another_teams_rows_are_not_there(
    client: Client, stranger: Person, workflow: Workflow, agent: Agent
) -> None:
    client.force_login(stranger)
    urls = every_row(workflow.team, workflow, agent)[1:]
    assert [client.get(url).status_code for url in urls] == [404] * len(urls)
    assert client.get("/team/secrets/new").status_code == 404


def test_the_team_page_offers_only_what_one_may(
    client: Client, workflow: Workflow, manager: Person, reviewer: Person
) -> None:
    client.force_login(reviewer)
    page = client.get(reverse("team")).context["team"]
    assert not page.edit_url
    assert not page.invite_url
    assert not any(card.new_url for card in page.shared)
    client.force_login(workflow.system_owner)
    page = client.get(reverse("team")).context["team"]
    assert [card.section for card in page.shared if card.new_url] == ["agents"]
    client.force_login(manager)
    page = client.get(reverse("team")).context["team"]
    assert page.edit_url
    assert page.invite_url
    assert all(card.new_url for card in page.shared)


def test_a_team_without_a_workflow_is_led_to_its_first_one(db: None, client: Client) -> None:
    team = factories.create_team()
    client.force_login(factories.create_person(team=team, role=Role.MANAGER))
    steps = client.get(reverse("team")).context["team"].steps
    assert [step.done for step in steps] == [False] * 7
    for step in steps:
        assert client.get(step.url).status_code == 200


# A number of queries that does not grow


def test_no_page_asks_the_database_more_often_when_there_is_more_to_show(
    managing: Client, workflow: Workflow, agent: Agent
) -> None:
    urls = [reverse("team"), *every_row(workflow.team, workflow, agent), reverse("registry_new")]
    before = [queries_of(managing, url) for url in urls]
    for _ in range(3):
        other = factories.create_workflow(workflow.team)
        other.agents.add(factories.create_agent(workflow.team), agent)
        factories.create_token(agent)
        factories.create_action_type(other)
        workflow.pool.people.add(factories.create_person(team=workflow.team))
    assert [queries_of(managing, url) for url in urls] == before


def queries_of(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


# What lowers modes by itself

WINDOW = "- {id: errors, metric: error_rate, source: computed, window: 1 day, operator: '>'"


def test_a_window_threshold_is_written_beside_the_workflow(
    client: Client, workflow: Workflow
) -> None:
    client.force_login(workflow.workflow_owner)
    url = reverse("registry_edit", args=[workflow.slug])
    response = save(client, url, window_thresholds=f"{WINDOW}, limit: 0.1, mode_to: draft_only}}")
    assert toast(client, response) == "Saved."
    (rule,) = Workflow.objects.get(pk=workflow.pk).window_thresholds
    assert (rule["metric"], rule["limit"], rule["mode_to"]) == ("error_rate", 0.1, "draft_only")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (f"{WINDOW}, limit: 0.1, mode_to: auto_executed}}", "mode_to"),
        (WINDOW, "Line"),
        ("nothing", "list"),
    ],
)
def test_a_window_threshold_that_makes_no_sense_is_refused_at_its_field(
    client: Client, workflow: Workflow, typed: str, said: str
) -> None:
    client.force_login(workflow.workflow_owner)
    url = reverse("registry_edit", args=[workflow.slug])
    response = save(client, url, window_thresholds=typed)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert Workflow.objects.get(pk=workflow.pk).window_thresholds == []
