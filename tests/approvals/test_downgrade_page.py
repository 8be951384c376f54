"""The page of a lowered mode: why, by which readings, who reviews it, and the way back."""

from typing import Any

import pytest
from django.test import Client

from agents_registry.models import ActionType, Downgrade, Workflow
from tests.approvals.windowed import create_windowed_desk, report, rule
from tests.factories import create_person, create_team, reviewer_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def lowered(db: None) -> Downgrade:
    _, workflow, tag = create_windowed_desk(rule(windows=2, words="Bids <b>may</b> run away."))
    report(workflow, 30, days_ago=2)
    report(workflow, "40.5", days_ago=1)
    return Downgrade.objects.get(action_type=tag)


@pytest.fixture
def workflow(lowered: Downgrade) -> Workflow:
    return lowered.action_type.workflow


def text_of(response: Any) -> str:
    return str(response.content.decode())


def test_the_types_page_says_that_and_why_it_went_down(
    client: Client, lowered: Downgrade, workflow: Workflow
) -> None:
    client.force_login(reviewer_of(workflow))
    page = text_of(client.get(f"/registry/{workflow.slug}/tag_order/"))
    assert "A rule lowered its mode" in page
    assert "in 2 windows in a row: 30%, 40.5%" in page
    assert f"/downgrades/{lowered.pk}/" in page
    assert f"{workflow.risk_owner} reviews it" in page


def test_its_page_shows_the_readings_and_that_another_person_brings_it_back(
    client: Client, lowered: Downgrade, workflow: Workflow
) -> None:
    client.force_login(reviewer_of(workflow))
    page = text_of(client.get(f"/downgrades/{lowered.pk}/"))
    assert "From auto-executed to approval-gated" in page
    assert page.count('<td class="num">') == 2
    assert "&lt;b&gt;may&lt;/b&gt;" in page
    assert f"{workflow.risk_owner} brings it back, as risk owner." in page
    assert 'name="note"' not in page


def test_the_risk_owner_brings_it_back_and_the_page_tells_of_it(
    client: Client, lowered: Downgrade, workflow: Workflow
) -> None:
    client.force_login(workflow.risk_owner)
    assert "Auto-executed, as it was" in text_of(client.get(f"/downgrades/{lowered.pk}/"))
    form = {"to": "auto_executed", "note": "The feed was broken."}
    response = client.post(f"/downgrades/{lowered.pk}/restore", form)
    assert response.status_code == 303
    assert response["Location"] == f"/registry/{workflow.slug}/tag_order/"
    assert "A rule lowered" not in text_of(client.get(response["Location"]))
    assert ActionType.objects.get(pk=lowered.action_type_id).mode == "auto_executed"
    page = text_of(client.get(f"/downgrades/{lowered.pk}/"))
    assert "The feed was broken." in page
    assert f"{workflow.risk_owner} set it to auto-executed" in page
    assert client.post(f"/downgrades/{lowered.pk}/restore", form).status_code == 409


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"to": "auto_executed", "note": "  "}, "Write down what was found"),
        ({"to": "", "note": "Kept note"}, "Choose what it is from now on"),
        ({"to": "draft_only", "note": "Kept note"}, "from what it was before"),
    ],
)
def test_a_refusal_keeps_what_was_typed(
    client: Client, lowered: Downgrade, workflow: Workflow, form: dict[str, str], says: str
) -> None:
    client.force_login(workflow.risk_owner)
    response = client.post(f"/downgrades/{lowered.pk}/restore", form)
    assert response.status_code == 422
    assert says in text_of(response)
    assert form["note"] in text_of(response)
    assert Downgrade.objects.get(pk=lowered.pk).lifted_at is None


def test_a_workflow_with_a_hole_says_whom_it_lacks(
    client: Client, lowered: Downgrade, workflow: Workflow
) -> None:
    workflow.system_owner.is_active = False
    workflow.system_owner.save()
    client.force_login(workflow.risk_owner)
    form = {"to": "auto_executed", "note": "Mended."}
    response = client.post(f"/downgrades/{lowered.pk}/restore", form)
    assert response.status_code == 422
    assert "no longer has an active account" in text_of(response)


def test_it_is_not_there_for_another_team(client: Client, lowered: Downgrade) -> None:
    client.force_login(create_person(team=create_team()))
    assert client.get(f"/downgrades/{lowered.pk}/").status_code == 404
    form = {"to": "auto_executed", "note": "Mended."}
    assert client.post(f"/downgrades/{lowered.pk}/restore", form).status_code == 404
