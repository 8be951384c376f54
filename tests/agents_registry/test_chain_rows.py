"""Chains with people of the subject, stand-ins and repeated reminders: file, form and pages."""

import copy
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents_registry import words
from agents_registry.models import EscalationChain, Person, Role, Team, Workflow
from agents_registry.pages import people, timing
from agents_registry.spec import text
from agents_registry.spec.apply import apply, known
from agents_registry.spec.check import check
from agents_registry.spec.export import export
from agents_registry.spec.lines import lines
from agents_registry.spec.plan import plan
from agents_registry.spec.rows import fill
from approvals import timetable
from ledger import record
from ledger.models import Event
from tests import factories
from tests.agents_registry.documents import create_document, install
from tests.agents_registry.html_forms import forms_of

LEAD = {
    "who": "subject:account_lead",
    "otherwise": "person:omar",
    "within": "4 business hours",
    "remind": "1 business hour",
    "repeat": 3,
}
NAMED = {"who": "payload:/account/owner", "otherwise": "manager", "within": "1 business day"}
PLACE = "chains/refund-escalation/stages/0"


def with_stages(*stages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    document = create_document()
    document["chains"]["refund-escalation"] |= {"stages": [*stages], **fields}
    return document


def problems(*stages: dict[str, Any], **fields: Any) -> dict[str, str]:
    return {each.place: each.sentence for each in check(with_stages(*stages, **fields))}


# What a check finds


def test_people_of_the_subject_and_of_the_payload_are_no_problem() -> None:
    assert problems(LEAD, NAMED, first_repeat=3) == {}


@pytest.mark.parametrize(
    ("fields", "place", "words"),
    [
        ({"otherwise": None}, "otherwise", "Say who is asked where nobody is known."),
        ({"otherwise": "subject:sales_lead"}, "otherwise", "Nobody may be known here either"),
        ({"otherwise": "payload:/owner"}, "otherwise", "Nobody may be known here either"),
        ({"otherwise": "person:ghost"}, "otherwise", "'ghost' is not in this team."),
        ({"otherwise": "the boss"}, "otherwise", "is no owner role"),
        ({"who": "manager"}, "otherwise", "It is only for subject:… and payload:…."),
        ({"who": "subject:"}, "who", "'' is no relation"),
        ({"who": "subject:Account lead"}, "who", "'Account lead' is no relation"),
        ({"who": f"subject:{'a' * 41}"}, "who", "is no relation"),
        ({"who": "payload:"}, "who", "'' is no JSON Pointer"),
        ({"who": "payload:owner"}, "who", "'owner' is no JSON Pointer"),
        ({"who": "payload:/a~2b"}, "who", "'/a~2b' is no JSON Pointer"),
        ({"remind": None}, "repeat", "There is no reminder that could be repeated."),
        (
            {"repeat": 4},
            "repeat",
            "4 reminders, each after 1 business hour, go past the 4 business",
        ),
        ({"repeat": 0}, "repeat", "must keep to minimum 1"),
        ({"repeat": 11}, "repeat", "must keep to maximum 10"),
        ({"repeat": "often"}, "repeat", "a whole number"),
    ],
)
def test_a_stage_that_cannot_work_is_said_at_its_place(
    fields: dict[str, Any], place: str, words: str
) -> None:
    found = problems({**LEAD, **fields})
    assert list(found) == [f"{PLACE}/{place}"]
    assert words in found[f"{PLACE}/{place}"]


def test_pointers_are_those_of_rfc_6901() -> None:
    for pointer in ("/a~1b/~0c", "/lines/0/owner", "/", "//x", "/with space"):
        assert problems({**LEAD, "who": f"payload:{pointer}"}) == {}, pointer


def test_a_step_that_asks_nobody_who_may_answer_is_impossible() -> None:
    document = with_stages({"who": "pool:night", "within": "1 hour"})
    document["pools"]["night"] = {"name": "Night desk"}
    document["people"]["audra"] = {"role": "auditor"}
    document["chains"]["second"] = {
        "name": "Second",
        "stages": [{**NAMED, "otherwise": "person:audra"}],
    }
    assert {each.place: each.sentence for each in check(document)} == {
        f"{PLACE}/who": "Nobody is in the pool 'night'.",
        "chains/second/stages/0/otherwise": "'audra' is an auditor, who decides nothing.",
    }


def test_whoever_was_asked_by_name_does_not_stand_in_later() -> None:
    asked = {"who": "person:omar", "within": "1 hour"}
    assert problems(asked, LEAD) == {
        "chains/refund-escalation/stages/1/otherwise": (
            "It goes in a circle: person:omar was asked before."
        )
    }
    assert problems(LEAD, asked) == {}, "they may be asked again where the lead was known"


def test_reminders_that_go_past_the_step_in_its_calendar_are_said_of_the_workflow() -> None:
    stage = {**LEAD, "within": "1 business day", "remind": "5 business hours", "repeat": 2}
    assert problems(stage) == {
        "workflows/refunds/chain": (
            "Step 2 of the chain: 2 reminders, each after 5 business hours, go past the "
            "1 business day that it has."
        )
    }
    assert problems({**stage, "remind": "3 business hours"}) == {}


def test_reminders_of_the_pool_fit_into_the_deadline_too() -> None:
    assert problems(LEAD, first_repeat=4) == {
        "workflows/refunds/chain": (
            "Step 1 of the chain: 4 reminders, each after 1 business hour, go past the "
            "4 business hours that it has."
        )
    }
    assert problems(LEAD, first_remind="", first_repeat=2) == {
        "chains/refund-escalation/first_repeat": "There is no reminder that could be repeated."
    }


# As a file


def test_a_chain_is_applied_exported_and_applied_again(db: None) -> None:
    document = with_stages(LEAD, NAMED, first_repeat=3)
    install(document)
    said = export(Team.objects.get(slug="shop"))["chains"]["refund-escalation"]
    assert said == {**document["chains"]["refund-escalation"], "stages": [LEAD, NAMED]}
    again = text.load(text.dump(export(Team.objects.get(slug="shop"))))
    assert plan(known("shop"), fill(again)) == []


def test_a_changed_repeat_is_one_line_and_one_event(db: None) -> None:
    install(with_stages(LEAD))
    document = with_stages({**LEAD, "repeat": 2, "otherwise": "manager"}, first_repeat=2)
    (change,) = plan(known("shop"), fill(document))
    assert {str(line) for line in lines(change)} == {
        "~ chains/refund-escalation/first_repeat: 1 → 2",
        "~ chains/refund-escalation/stages/0/otherwise: person:omar → manager",
        "~ chains/refund-escalation/stages/0/repeat: 3 → 2",
    }
    apply(document=document, team="shop", actor=Person.objects.get(username="mona"))
    body = record.body_of(Event.objects.filter(type="chain.changed").latest("id"))
    assert (body["before"]["first_repeat"], body["after"]["first_repeat"]) == (1, 2)


def test_a_chain_from_before_has_the_defaults(db: None) -> None:
    install()
    EscalationChain.objects.update(stages=[{"who": "manager", "within": "1 hour"}])
    (stage,) = known("shop")["chains"]["refund-escalation"]["stages"]
    assert (stage["otherwise"], stage["remind"], stage["repeat"]) == (None, None, 1)


def test_actions_freeze_repeat_and_otherwise(db: None) -> None:
    install(with_stages(LEAD))
    workflow = Workflow.objects.get(slug="refunds")
    frozen = timetable.freeze(workflow.action_types.get(key="refund_order"))
    stage = frozen["stages"][1]
    assert (stage["repeat"], stage["otherwise"]) == (3, "person:omar")


# In words


@pytest.mark.parametrize(
    ("addressee", "said"),
    [
        ("subject:account_lead", "account_lead of the subject"),
        ("payload:/account/owner", "person named in the payload at /account/owner"),
    ],
)
def test_whom_only_an_action_names_is_said(addressee: str, said: str) -> None:
    assert words.who(addressee) == said


def test_the_page_of_a_workflow_says_who_is_asked_where_nobody_is_known(db: None) -> None:
    install(with_stages(LEAD, NAMED, {"who": "risk_owner", "within": "1 day"}, first_repeat=2))
    workflow = Workflow.objects.get(slug="refunds")
    name = people.names_for(workflow, timing.addressees(workflow.chain))
    assert timing.chain(workflow.chain, workflow.sla, name).steps == [
        "First the reviewer pool, Refund desk: within 4 business hours, with a reminder every "
        "business hour, at most 2 times.",
        "Then the account_lead of the subject, or Omar Haddad where nobody is known: within "
        "4 business hours, with a reminder every business hour, at most 3 times.",
        "Then the person named in the payload at /account/owner, or a manager where nobody is "
        "known: within 1 business day.",
        "Then the risk owner, Rhea Vance: within 1 day.",
    ]


# In the browser


@pytest.fixture
def team(workflow: Workflow) -> Team:
    return workflow.team


@pytest.fixture
def managing(client: Client, team: Team) -> Client:
    client.force_login(factories.create_person("mona", team=team, role=Role.MANAGER))
    return client


@pytest.fixture
def url(workflow: Workflow) -> str:
    return reverse("team_row", args=["chains", workflow.chain.slug])


def posted(client: Client, url: str) -> dict[str, Any]:
    return forms_of(client.get(url).content.decode())["row-form"]


def stages(workflow: Workflow) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = EscalationChain.objects.get(pk=workflow.chain.pk).stages
    return found


def test_a_person_of_the_subject_is_chosen_without_javascript(
    managing: Client, workflow: Workflow, url: str
) -> None:
    said = {
        "stages-0-who": "subject:",
        "stages-0-of": " account_lead ",
        "stages-0-otherwise": "workflow_owner",
        "stages-0-within": "4 hours",
        "stages-0-remind": "1 hour",
        "stages-0-repeat": "3",
        "first_remind": "30 minutes",
        "first_repeat": "2",
    }
    assert managing.post(url, {**posted(managing, url), **said}).status_code == 303
    assert stages(workflow) == [
        {
            "who": "subject:account_lead",
            "otherwise": "workflow_owner",
            "within": "4 hours",
            "remind": "1 hour",
            "repeat": 3,
        }
    ]
    assert EscalationChain.objects.get(pk=workflow.chain.pk).first_repeat == 2


def test_saving_it_unchanged_writes_nothing(managing: Client, workflow: Workflow, url: str) -> None:
    stage = {**LEAD, "otherwise": "manager", "within": "4 hours", "remind": "1 hour"}
    named = {**stage, "who": "payload:/account/owner", "otherwise": "workflow_owner"}
    EscalationChain.objects.filter(pk=workflow.chain.pk).update(
        stages=[stage, named], first_remind="1 hour", first_repeat=3
    )
    post = posted(managing, url)
    assert (post["stages-1-who"], post["stages-1-of"]) == (["payload:"], ["/account/owner"])
    events = Event.objects.count()
    assert managing.post(url, post).status_code == 303
    assert Event.objects.count() == events
    assert stages(workflow) == [stage, named]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"stages-0-who": "subject:", "stages-0-of": "lead"}, "id_stages-0-otherwise"),
        ({"stages-0-who": "subject:", "stages-0-otherwise": "manager"}, "id_stages-0-who"),
        ({"stages-0-otherwise": "manager"}, "id_stages-0-otherwise"),
        ({"stages-0-repeat": "3"}, "id_stages-0-repeat"),
        ({"stages-0-repeat": "0"}, "id_stages-0-repeat"),
        ({"stages-0-repeat": "often"}, "id_stages-0-repeat"),
        ({"stages-0-remind": "1 hour", "stages-0-repeat": "2"}, "id_stages-0-repeat"),
        ({"first_repeat": "11"}, "id_first_repeat"),
        ({"first_remind": "", "first_repeat": "2"}, "id_first_repeat"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_stays_typed(
    managing: Client, workflow: Workflow, url: str, said: dict[str, str], field: str
) -> None:
    before = copy.deepcopy(stages(workflow))
    response = managing.post(url, {**posted(managing, url), **said})
    assert response.status_code == 422
    assert [wrong.field_id for wrong in response.context["row"].wrong] == [field]
    again = forms_of(response.content.decode())["row-form"]
    assert {name: again[name] for name in said} == {name: [value] for name, value in said.items()}
    assert stages(workflow) == before


def test_the_fields_that_few_chains_need_are_folded_away(
    managing: Client, workflow: Workflow, url: str
) -> None:
    assert [group.open for group in managing.get(url).context["row"].groups if group.more] == [
        False
    ]
    response = managing.post(url, {**posted(managing, url), "stages-0-who": "subject:"})
    (step,) = [group for group in response.context["row"].groups if group.more]
    assert step.open, "there is something to say in it"


def test_a_step_in_which_only_a_number_is_left_is_none(
    managing: Client, workflow: Workflow, url: str
) -> None:
    grown = managing.post(url, {**posted(managing, url), "add": "1"})
    post = forms_of(grown.content.decode())["row-form"]
    assert managing.post(url, {**post, "stages-1-repeat": "3"}).status_code == 303
    assert len(stages(workflow)) == 1


def test_who_may_only_read_reads_the_relation(
    client: Client, workflow: Workflow, reviewer: Person, url: str
) -> None:
    EscalationChain.objects.filter(pk=workflow.chain.pk).update(
        stages=[{**LEAD, "otherwise": "manager"}]
    )
    client.force_login(reviewer)
    facts = [(fact.label, fact.value) for fact in client.get(url).context["row"].facts]
    assert ("Who is asked", "A person of the subject") in facts
    assert ("Which person", "account_lead") in facts
    assert ("Where nobody is known", "A manager") in facts
