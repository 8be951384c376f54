"""What a workflow says of steps that come to nothing, and a type of its after-state: on their way
through documents, forms and the record."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents_registry import editing
from agents_registry.changes.directions import Direction
from agents_registry.models import ActionType, Person, Team, Workflow
from agents_registry.spec.apply import apply
from agents_registry.spec.check import check
from agents_registry.spec.export import export, stored
from agents_registry.spec.rows import Place, rows
from ledger.models import Event
from ledger.record import body_of
from tests.agents_registry.documents import create_document, install
from tests.agents_registry.html_forms import forms_of
from tests.approvals.html_forms import filled

REFUNDS: Place = ("workflows", "refunds")
REFUND: Place = (*REFUNDS, "action_types", "refund_order")
POLICY = {"after_failed_step": "go_on", "after_rejected_step": "go_on", "step_retries": 2}
MATCHES = [{"payload": "/amount", "after": "/refunded"}]

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Team:
    install()
    return Team.objects.get()


def person(name: str) -> Person:
    return Person.objects.get(username=name)


def edit(shop: Team, place: Place, who: str, **fields: Any) -> editing.Edited:
    row = rows(stored(Team.objects.get(pk=shop.pk)))[place]
    base = editing.base_of(shop, place)
    return editing.edit(
        team=shop, place=place, row={**row, **fields}, actor=person(who), reason="x", base=base
    )


def said(place: Place, **fields: Any) -> list[tuple[str, str]]:
    """What is wrong with the shop's document where it says this as well."""
    document: Any = create_document()
    row = document
    for step in place:
        row = row[step]
    row |= fields
    at = "/".join(place)
    return [(each.place.removeprefix(at), each.sentence) for each in check(document)]


def test_without_a_word_everything_stops_and_nothing_is_tried_again(shop: Team) -> None:
    workflow = Workflow.objects.get()
    assert (workflow.after_failed_step, workflow.after_rejected_step) == ("halt", "halt")
    assert workflow.step_retries == 0
    assert not POLICY.keys() & export(shop)["workflows"]["refunds"].keys()


def test_the_policy_is_edited_exported_told_and_applied(shop: Team) -> None:
    (change,) = edit(shop, REFUNDS, "mona", **POLICY).done
    assert {field.direction for field in change.fields} == {Direction.NEUTRAL}
    document = export(shop)
    assert document["workflows"]["refunds"].items() >= POLICY.items()
    event = Event.objects.filter(type="workflow.changed").latest("pk")
    assert body_of(event)["after"] == POLICY
    assert not apply(document=document, team="shop", actor=person("mona")).done


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"after_failed_step": "retry"}, "/after_failed_step"),
        ({"after_rejected_step": None}, "/after_rejected_step"),
        ({"step_retries": 11}, "/step_retries"),
        ({"step_retries": -1}, "/step_retries"),
        ({"step_retries": 1.5}, "/step_retries"),
    ],
)
def test_what_is_no_policy_is_a_problem_at_its_place(fields: dict[str, Any], place: str) -> None:
    assert [where for where, _ in said(REFUNDS, **fields)] == [place]


def test_the_form_of_a_workflow_has_it_and_keeps_it(shop: Team, client: Client) -> None:
    client.force_login(person("mona"))
    url = reverse("registry_edit", args=["refunds"])
    for name, value in POLICY.items():
        assert name in client.get(url).content.decode()
        (form,) = (
            each for each in forms_of(client.get(url).content.decode()).values() if name in each
        )
        response = client.post(url, {**form, name: str(value), "reason": "x"})
        assert response.status_code == 303 or response.status_code == 302, response.content
    workflow = Workflow.objects.get()
    assert {name: getattr(workflow, name) for name in POLICY} == POLICY


def test_the_one_page_model_says_it(shop: Team, client: Client) -> None:
    edit(shop, REFUNDS, "mona", step_retries=1)
    client.force_login(person("rita"))
    model = client.get("/registry/refunds/model/").content.decode()
    assert "it is tried again, 1 time at most. Then what depends on it is stopped" in model


def test_pairs_are_edited_exported_and_applied(shop: Team) -> None:
    (change,) = edit(shop, REFUND, "omar", matches=MATCHES).done
    assert [field.direction for field in change.fields] == [Direction.NEUTRAL]
    assert ActionType.objects.get(key="refund_order").matches == MATCHES
    document = export(shop)
    types = document["workflows"]["refunds"]["action_types"]
    assert types["refund_order"]["matches"] == MATCHES
    assert not apply(document=document, team="shop", actor=person("rhea")).done


@pytest.mark.parametrize(
    ("pair", "place"),
    [
        ({"payload": "/nowhere", "after": "/refunded"}, "/matches/0/payload"),
        ({"payload": "amount", "after": "/refunded"}, "/matches/0/payload"),
        ({"payload": "/amount", "after": ""}, "/matches/0/after"),
        ({"payload": "/amount"}, "/matches/0"),
    ],
)
def test_a_pair_that_leads_nowhere_is_a_problem_at_its_place(
    pair: dict[str, str], place: str
) -> None:
    where, _ = said(REFUND, matches=[pair])[0]
    assert where.startswith(place)


def test_the_editor_of_a_type_takes_a_pair_and_the_page_says_it(shop: Team, client: Client) -> None:
    edit(shop, REFUND, "omar", matches=MATCHES)
    client.force_login(person("rhea"))
    url = reverse("edit_type", args=["refunds", "refund_order"])
    page = client.get(url).content.decode()
    typed = filled(page, "rule-form", {"/matches/0/after": "/paid_back", "reason": "x"})
    response = client.post(url, typed)
    assert response.status_code in {302, 303}, response.content.decode()
    refund = ActionType.objects.get(key="refund_order")
    assert refund.matches == [{"payload": "/amount", "after": "/paid_back"}]
    page = client.get("/registry/refunds/refund_order/").content.decode()
    assert "/paid_back says /amount" in page
