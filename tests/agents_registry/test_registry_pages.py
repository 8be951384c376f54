"""The registry's pages: what agents may do and who answers for it, for everyone of the team."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents_registry import built_in, stops, words
from agents_registry.models import ActionType, Agent, Person, Pool, Role, Stop, StopKind, Workflow
from tests import factories


def index_of(client: Client) -> Any:
    """The rows of the list by the name of their workflow, from a page that answered 200."""
    response = client.get(reverse("registry"))
    assert response.status_code == 200
    return {line.name: line for line in response.context["workflows"]}


def page_of(client: Client, workflow: Workflow) -> tuple[Any, str]:
    """What the workflow's page shows, and its HTML."""
    response = client.get(reverse("registry_workflow", args=[workflow.slug]))
    assert response.status_code == 200
    return response.context["workflow"], response.content.decode()


def type_page_of(client: Client, action_type: ActionType) -> tuple[Any, str]:
    """What the action type's page shows, and its HTML."""
    address = [action_type.workflow.slug, action_type.key]
    response = client.get(reverse("registry_action_type", args=address))
    assert response.status_code == 200
    return response.context["type"], response.content.decode()


def facts_of(page: Any) -> dict[str, str]:
    return {fact.label: fact.hole or fact.value for fact in page.facts}


def leave(person: Person) -> None:
    person.is_active = False
    person.save()


def stop(action_type: ActionType, kind: StopKind, target: str) -> Stop:
    return stops.put(
        team=action_type.workflow.team,
        kind=kind,
        target=target,
        reason="It pays twice.",
        actor="person:test",
        by=action_type.workflow.system_owner,
    )


# Who may see them


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("registry", 0),
        ("registry_workflow", 1),
        ("registry_action_type", 2),
    ],
)
def test_whoever_is_not_signed_in_is_asked_to(
    client: Client, refund: ActionType, name: str, parts: int
) -> None:
    response = client.get(reverse(name, args=[refund.workflow.slug, refund.key][:parts]))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("login"))


def test_another_teams_workflows_are_not_there(
    client: Client, stranger: Person, refund: ActionType
) -> None:
    client.force_login(stranger)
    slug = refund.workflow.slug
    assert index_of(client) == {}
    assert client.get(reverse("registry_workflow", args=[slug])).status_code == 404
    assert client.get(reverse("registry_action_type", args=[slug, "refund"])).status_code == 404


def test_a_key_that_is_not_listed_has_no_page(signed_in: Client, workflow: Workflow) -> None:
    address = reverse("registry_action_type", args=[workflow.slug, "delete_order"])
    assert signed_in.get(address).status_code == 404


# The list


def test_the_list_names_agents_owners_and_what_is_not_confirmed(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    factories.create_action_type(refund.workflow, "credit", confirmed=False, mode="draft_only")
    line = index_of(signed_in)[refund.workflow.name]
    assert line.agents == [agent.name]
    assert line.types_words == "2 action types"
    assert line.unconfirmed_words == "1 not confirmed"
    assert [owner.name for owner in line.owners] == [
        str(person) for person in refund.workflow.owners().values()
    ]
    assert not line.stopped


def test_the_list_shows_a_stopped_workflow_and_a_role_that_nobody_fills(
    signed_in: Client, refund: ActionType
) -> None:
    workflow = refund.workflow
    stop(refund, StopKind.WORKFLOW, stops.workflow_target(workflow))
    leave(workflow.risk_owner)
    line = index_of(signed_in)[workflow.name]
    assert line.stopped
    assert [bool(owner.hole) for owner in line.owners] == [False, False, True, False]


def test_the_list_counts_no_retired_types(signed_in: Client, refund: ActionType) -> None:
    refund.retired_at = factories.create_action(refund.workflow.agents.get(), refund).created_at
    refund.save()
    assert index_of(signed_in)[refund.workflow.name].types_words == "0 action types"


# One workflow


def test_a_workflow_says_who_decides_and_what_is_missing(
    signed_in: Client, workflow: Workflow
) -> None:
    leave(workflow.system_owner)
    page, html = page_of(signed_in, workflow)
    assert page.pool.people == sorted(str(person) for person in workflow.pool.people.all())
    assert page.holes == [
        f"{workflow.system_owner} no longer has an active account. "
        "Until a system owner is named, nothing here runs without a person."
    ]
    assert "1 thing is missing" in html


def test_a_hole_that_nothing_waits_for_claims_no_more_than_it_does(
    signed_in: Client, workflow: Workflow
) -> None:
    leave(workflow.workflow_owner)
    page, html = page_of(signed_in, workflow)
    assert page.holes == [f"{workflow.workflow_owner} no longer has an active account."]
    assert "nothing here runs without a person" not in html


def test_an_action_type_stands_with_verb_mode_tier_and_way_back(
    signed_in: Client, refund: ActionType
) -> None:
    (line,) = page_of(signed_in, refund.workflow)[0].types
    assert (line.name, line.key) == ("Refund", "refund")
    assert line.verb_words == "Giving money back"
    assert line.authority_words == "A decision that a customer feels, binding"
    assert line.mode_words == "Approval-gated"
    assert (line.tier, line.tier_words) == ("mandatory", "Mandatory approval")
    assert line.rollback == "charge the customer again after a phone call"
    assert line.url == reverse("registry_action_type", args=[refund.workflow.slug, "refund"])


def test_a_write_without_a_way_back_is_a_hole_and_a_read_needs_none(
    signed_in: Client, workflow: Workflow, refund: ActionType
) -> None:
    ActionType.objects.update(rollback_path="")
    read = factories.create_read_type(workflow)
    ActionType.objects.filter(pk=read.pk).update(rollback_path="")
    page, html = page_of(signed_in, workflow)
    assert {line.key: line.rollback_hole for line in page.types} == {
        "look_up_order": False,
        "refund": True,
    }
    assert "no way back is named" in html
    assert "nothing to take back" in html


def test_asking_and_handing_over_stand_last_and_retired_types_nowhere(
    signed_in: Client, action: Any, refund: ActionType
) -> None:
    ActionType.objects.bulk_create(built_in.action_types(refund.workflow))
    factories.create_action_type(refund.workflow, "credit", retired_at=action.created_at)
    page, _ = page_of(signed_in, refund.workflow)
    assert [line.key for line in page.types] == ["refund", "ask", "escalate"]


def test_the_chain_begins_with_the_pool_and_ends_with_nothing_done(
    signed_in: Client, workflow: Workflow
) -> None:
    legal = Pool.objects.create(team=workflow.team, slug="legal", name="Legal desk")
    kim = factories.create_person("kim", team=workflow.team)
    workflow.chain.first_remind = "1 hour"
    workflow.chain.stages = [
        {"who": "approval_owner", "within": "2 hours", "remind": "30 minutes"},
        {"who": f"pool:{legal.slug}", "within": "3 hours", "remind": None},
        {"who": f"person:{kim.username}", "within": "4 hours", "remind": None},
        {"who": "manager", "within": "1 business day", "remind": None},
    ]
    workflow.chain.save()
    page, _ = page_of(signed_in, workflow)
    assert page.sla_words == "A person decides within 4 hours."
    assert page.chain.steps == [
        "First the reviewer pool, Reviewers: within 4 hours, with a reminder after 1 hour.",
        f"Then the approval owner, {workflow.approval_owner}: within 2 hours, "
        "with a reminder after 30 minutes.",
        "Then the pool Legal desk: within 3 hours.",
        "Then Kim: within 4 hours.",
        "Then a manager: within 1 business day.",
    ]
    assert page.chain.fallback_words == "Nobody answers: it expires, nothing is done."


def test_business_time_groups_days_that_are_alike(signed_in: Client, workflow: Workflow) -> None:
    day = [["08:00", "12:00"], ["13:00", "17:00"]]
    workflow.calendar.document = {
        "time_zone": "Europe/Dublin",
        "hours": {**dict.fromkeys(("mon", "tue", "wed", "thu"), day), "fri": [["08:00", "12:00"]]},
        "holidays": {"country": "US", "subdivision": "CA"},
        "days_off": ["2026-12-24"],
    }
    workflow.calendar.save()
    calendar = page_of(signed_in, workflow)[0].calendar
    assert [(line.days, line.hours) for line in calendar.hours] == [
        ("Monday to Thursday", "08:00 to 12:00, 13:00 to 17:00"),
        ("Friday", "08:00 to 12:00"),
        ("Saturday to Sunday", "closed"),
    ]
    assert calendar.days_off == ["public holidays of US-CA", "24 Dec 2026"]


def test_a_calendar_that_never_closes_is_said_in_a_line(
    signed_in: Client, workflow: Workflow
) -> None:
    (line,) = page_of(signed_in, workflow)[0].calendar.hours
    assert (line.days, line.hours) == ("Every day", "all day")


@pytest.mark.parametrize(
    ("addressee", "said"),
    [
        ("pool", "reviewer pool"),
        ("pool:legal", "legal pool"),
        ("risk_owner", "risk owner"),
        ("person:kim", "kim"),
    ],
)
def test_an_addressee_is_said_without_reading_anything(addressee: str, said: str) -> None:
    assert words.who(addressee) == said


# One action type


def test_a_type_says_what_it_is(signed_in: Client, refund: ActionType) -> None:
    page, html = type_page_of(signed_in, refund)
    facts = facts_of(page)
    assert facts["Verb"] == "Giving money back"
    assert facts["Undo"] == "cannot be taken back"
    assert facts["Deadline"] == "4 hours, as the workflow has it"
    assert facts["Writes"] == "no system"
    assert page.tier_words == "Mandatory approval"
    assert '"minLength": 1' in page.schema
    assert "Mandatory approval" in html


def test_thresholds_and_stop_rules_stand_beside_what_is_computed(
    signed_in: Client, refund: ActionType
) -> None:
    refund.confidence_line = Decimal("0.85")
    refund.thresholds = [
        {
            "metric": "spend_delta",
            "operator": ">",
            "limit": 200,
            "currency": "EUR",
            "effect": {"raise_to": "mandatory"},
            "words": "Above 200.00 EUR the approval owner signs.",
            "ask": "approval_owner",
        },
        {"metric": "affected", "operator": ">=", "limit": 5, "effect": {"block": True}},
    ]
    conflict = {"id": "conflict", "words": "Sources differ.", "when": "size(signals.conflicts) > 0"}
    refund.stop_rules = [
        {**conflict, "effect": {"raise_to": "mandatory"}},
        {
            "id": "legal",
            "words": "A lawyer is mentioned.",
            "when": '"legal" in signals.categories',
            "effect": {"mode_to": "draft_only"},
            "ask": "risk_owner",
            "instead": "Send nothing, and escalate.",
        },
    ]
    refund.save()
    page, html = type_page_of(signed_in, refund)
    first, second = page.thresholds
    assert first.words == "Above 200.00 EUR the approval owner signs."
    assert first.code == "|spend_delta| > 200 EUR"
    assert first.effect_words == "at least mandatory approval"
    assert first.ask_words == f"the approval owner, {refund.workflow.approval_owner}"
    assert second.words == "The number affected is at or above 5."
    assert (second.effect_words, second.ask_words) == ("blocked", "nobody: it cannot be approved")
    usual, rule = page.stop_rules
    assert usual.ask_words == ""
    assert rule.cel == '"legal" in signals.categories'
    assert rule.effect_words == "at least batch review, draft-only"
    assert rule.instead == "Send nothing, and escalate."
    assert "as usual" in html
    assert page.confidence_words == (
        "Confidence below 0.85, or none given: at least mandatory approval"
    )


def test_inputs_waived_parts_and_loosened_floors_are_named(
    signed_in: Client, refund: ActionType
) -> None:
    refund.required_inputs = [
        {"name": "usage", "max_age_seconds": 604_800},
        {"name": "contract", "max_age_seconds": None},
    ]
    refund.waives = ["trace", "before"]
    refund.loosened = [{"floor": "refund", "tier": "spot_check"}]
    refund.save()
    page, _ = type_page_of(signed_in, refund)
    assert [row.max_age_words for row in page.inputs] == ["at most 7 days old", "of any age"]
    assert page.waives == ["what was there before", "how the agent came to it"]
    (row,) = page.loosened
    assert row.words == "Giving money back: at least spot check"
    assert row.sub == "Otherwise at least mandatory approval."


def test_the_reach_says_where_each_figure_comes_from(signed_in: Client, refund: ActionType) -> None:
    refund.blast_radius = "low"
    refund.impact = {
        "affected": {"count": "/orders"},
        "spend_delta": {"sum": "/orders/*/amount"},
        "currency": "/currency",
        "high_affected": 10,
        "high_spend": "200",
        "high_currency": "EUR",
        "metrics": {"share_pct": {"const": 5}},
    }
    refund.save()
    page, _ = type_page_of(signed_in, refund)
    assert [(row.label, row.words, row.code) for row in page.impact] == [
        ("Number affected", "how many there are at", "/orders"),
        ("Amount", "the sum of", "/orders/*/amount"),
        ("Currency", "what stands at", "/currency"),
        ("Share", "always 5", ""),
        (
            "Counts as high",
            "from 10 affected on, or from 200.00 EUR on, or in another currency",
            "",
        ),
    ]


def test_without_an_impact_a_write_has_a_hole_and_a_read_has_none(
    signed_in: Client, workflow: Workflow, refund: ActionType
) -> None:
    refund.impact = None
    refund.save()
    read = factories.create_read_type(workflow)
    assert "not computed" in type_page_of(signed_in, refund)[1]
    assert "not computed" not in type_page_of(signed_in, read)[1]


def test_an_unconfirmed_type_names_who_confirms_it(signed_in: Client, workflow: Workflow) -> None:
    credit = factories.create_action_type(workflow, "credit", confirmed=False, mode="draft_only")
    page, html = type_page_of(signed_in, credit)
    assert not page.confirmed
    assert f"{workflow.risk_owner} confirms it as risk owner." in html
    leave(workflow.risk_owner)
    assert "Nobody confirms it as risk owner." in type_page_of(signed_in, credit)[1]


def test_a_chain_of_its_own_is_said_whole(signed_in: Client, refund: ActionType) -> None:
    refund.chain = refund.workflow.chain
    refund.sla = "1 hour"
    refund.save()
    facts = facts_of(type_page_of(signed_in, refund)[0])
    assert facts["Deadline"] == "1 hour"
    assert facts["Who is asked"] == (
        "First the reviewer pool, Reviewers: within 1 hour. "
        f"Then the workflow owner, {refund.workflow.workflow_owner}: within 2 hours. "
        "Nobody answers: it expires, nothing is done."
    )


@pytest.mark.parametrize("key", ["ask", "escalate"])
def test_what_every_workflow_has_needs_a_person_and_no_figures(
    signed_in: Client, workflow: Workflow, key: str
) -> None:
    ActionType.objects.bulk_create(built_in.action_types(workflow))
    page, _ = type_page_of(signed_in, workflow.action_types.get(key=key))
    assert page.tier == "mandatory"
    assert [row.words for row in page.impact] == ["a person answers each one"]


def test_a_retired_type_still_has_its_page(
    signed_in: Client, action: Any, refund: ActionType
) -> None:
    refund.retired_at = action.created_at
    refund.save()
    page, _ = type_page_of(signed_in, refund)
    assert facts_of(page)["Retired"] == "nothing new of it is taken in"


# Stopping it


def test_a_member_can_stop_a_type_from_its_page(signed_in: Client, refund: ActionType) -> None:
    page, html = type_page_of(signed_in, refund)
    assert page.stop_target == stops.action_type_target(refund)
    assert "Stop it now" in html
    post = {"kind": "action_type", "target": page.stop_target, "reason": "It pays twice."}
    assert signed_in.post(reverse("stop"), post).status_code == 303
    assert Stop.objects.get().target == page.stop_target


def test_a_stopped_type_says_why_and_offers_no_second_stop(
    signed_in: Client, refund: ActionType
) -> None:
    stop(refund, StopKind.ACTION_TYPE, stops.action_type_target(refund))
    page, html = type_page_of(signed_in, refund)
    workflow = refund.workflow
    assert facts_of(page)["Stopped"] == (
        f"by {workflow.system_owner}: “It pays twice.” {workflow.risk_owner} can turn it back on."
    )
    assert "Stop it now" not in html


def test_an_auditor_reads_everything_and_stops_nothing(client: Client, refund: ActionType) -> None:
    team = refund.workflow.team
    client.force_login(factories.create_person(team=team, role=Role.AUDITOR))
    assert refund.workflow.name in index_of(client)
    page, html = type_page_of(client, refund)
    assert page.stop_target == ""
    assert "Stop it now" not in html


# A number of queries that does not grow


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def grow(refund: ActionType) -> None:
    """More of everything that the pages list."""
    workflow = refund.workflow
    for number in range(3):
        other = factories.create_workflow(workflow.team)
        other.agents.add(factories.create_agent(workflow.team))
        factories.create_action_type(other)
        factories.create_action_type(workflow, f"refund{number}")
        workflow.agents.add(factories.create_agent(workflow.team))
        workflow.pool.people.add(factories.create_person(f"pat{number}", team=workflow.team))
        workflow.chain.stages.append(
            {"who": f"person:pat{number}", "within": "2 hours", "remind": None}
        )
        refund.stop_rules.append(
            {"id": f"rule{number}", "words": "Legal.", "when": "payload.legal",
             "effect": {"raise_to": "mandatory"}, "ask": f"person:pat{number}"}
        )  # fmt: skip
    workflow.chain.save()
    refund.save()


def test_no_page_asks_the_database_more_often_when_there_is_more_to_show(
    signed_in: Client, refund: ActionType
) -> None:
    slug = refund.workflow.slug
    addresses = [
        reverse("registry"),
        reverse("registry_workflow", args=[slug]),
        reverse("registry_action_type", args=[slug, refund.key]),
    ]
    factories.create_person("pat", team=refund.workflow.team)
    refund.workflow.chain.stages = [{"who": "person:pat", "within": "2 hours", "remind": None}]
    refund.stop_rules = [
        {"id": "rule", "words": "Legal.", "when": "payload.legal",
         "effect": {"raise_to": "mandatory"}, "ask": "person:pat"}
    ]  # fmt: skip
    refund.workflow.chain.save()
    refund.save()
    before = [queries_of(signed_in, address) for address in addresses]
    grow(refund)
    assert [queries_of(signed_in, address) for address in addresses] == before
