"""The pages of batches: one table, boxes that are bound to what they show, one form."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import review
from approvals.batch_samples import Batch
from approvals.models import Action, Decision
from approvals.pages.batch import BatchPage, address
from approvals.states import State
from tests.approvals.batched import (
    create_title_type,
    drawn,
    lot_of,
    not_drawn,
    stage,
    stage_many,
)
from tests.factories import seen

pytestmark = pytest.mark.django_db


@pytest.fixture
def titles(workflow: Workflow) -> ActionType:
    return create_title_type(workflow)


@pytest.fixture
def batch(agent: Agent, titles: ActionType) -> Batch:
    return stage_many(agent, titles, 12)


def page_of(client: Client, batch: Batch) -> BatchPage:
    response = client.get(address(batch))
    assert response.status_code == 200
    page: BatchPage = response.context["page"]
    return page


def form_of(page: BatchPage, verdict: str, **fields: Any) -> dict[str, Any]:
    boxes = [row.box for row in page.rows if row.box and row.taken]
    return {"verdict": verdict, "take": boxes, "as_of": page.as_of, **fields}


def open_in_browser(client: Client, ids: list[Any]) -> None:
    for action_id in ids:
        assert client.get(f"/actions/{action_id}/?view=batch").status_code == 200


def test_what_is_the_same_is_said_once_and_what_differs_stands_in_columns(
    signed_in: Client, batch: Batch
) -> None:
    page = page_of(signed_in, batch)
    said = ["".join(part.text for part in fact.path) for fact in page.same if fact.path]
    assert said == ["source", "title now"]
    columns = ["".join(part.text for part in each.path) for each in page.headings]
    assert sorted(columns) == ["age_days", "contact", "title"]


def test_folded_columns_are_said_and_can_be_shown(
    signed_in: Client, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("approvals.pages.batch.MOST_COLUMNS", 2)
    assert "1 more column differs and is folded" in signed_in.get(address(batch)).content.decode()
    whole = signed_in.get(f"{address(batch)}&columns=all").context["page"]
    assert (len(whole.headings), whole.folded) == (3, [])


def test_the_page_says_how_large_the_sample_is_and_what_it_promises(
    signed_in: Client, batch: Batch
) -> None:
    html = signed_in.get(address(batch)).content.decode()
    assert "5 were drawn at random" in html
    assert "If 5 or more of the 12 were wrong (42%), the sample would have shown one" in html


def test_opening_one_closely_counts_and_the_next_is_offered(
    signed_in: Client, batch: Batch
) -> None:
    first = page_of(signed_in, batch)
    sample = [row for row in first.rows if row.close]
    assert first.next_url == sample[0].url
    open_in_browser(signed_in, [sample[0].id])
    second = page_of(signed_in, batch)
    assert (second.looked_at, second.next_url) == (1, sample[1].url)


def test_the_action_leads_back_to_its_batch(signed_in: Client, batch: Batch) -> None:
    url = page_of(signed_in, batch).rows[0].url
    assert address(batch).replace("&", "&amp;") in signed_in.get(url).content.decode()


def test_the_rest_is_approved_by_a_plain_form_and_taken_back_from_the_toast(
    signed_in: Client, batch: Batch
) -> None:
    open_in_browser(signed_in, drawn(batch))
    page = page_of(signed_in, batch)
    answer = signed_in.post(page.decide_url, form_of(page, "approved"))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/batches/")
    toast = signed_in.get("/batches/").content.decode()
    assert "Approved: 12 actions" in toast
    act = Decision.objects.filter(verdict="approved")[0].act
    assert f"/batches/acts/{act}/undo" in toast
    signed_in.post(f"/batches/acts/{act}/undo")
    assert "12 decisions taken back." in signed_in.get("/batches/").content.decode()
    assert Action.objects.filter(state=State.PENDING).count() == 12


def test_before_all_are_opened_the_page_comes_back_with_its_boxes(
    signed_in: Client, batch: Batch
) -> None:
    page = page_of(signed_in, batch)
    form = form_of(page, "approved")
    out = next(row for row in page.rows if not row.close)
    form["take"].remove(out.box)
    answer = signed_in.post(page.decide_url, form)
    assert answer.status_code == 422
    assert "not opened yet" in answer.content.decode()
    again: BatchPage = answer.context["page"]
    assert [row.id for row in again.rows if not row.taken] == [out.id]
    assert not Decision.objects.exists()


def test_what_changed_meanwhile_comes_back_unchosen_and_marked(
    signed_in: Client, batch: Batch
) -> None:
    page = page_of(signed_in, batch)
    changed = page.rows[0].id
    Action.objects.filter(pk=changed).update(policy_revision="sha256:other")
    answer = signed_in.post(page.decide_url, form_of(page, "approved"))
    row = answer.context["page"].rows[0]
    assert (row.id, row.taken, row.changed) == (changed, False, True)
    assert "changed: look again" in answer.content.decode()


def test_when_everything_changed_it_is_a_conflict(signed_in: Client, batch: Batch) -> None:
    page = page_of(signed_in, batch)
    Action.objects.filter(pk__in=lot_of(batch)).update(policy_revision="sha256:other")
    answer = signed_in.post(page.decide_url, form_of(page, "rejected", reason="tone"))
    assert answer.status_code == 409
    assert "Nothing was decided" in answer.content.decode()


def test_a_rejection_without_a_reason_keeps_what_was_typed(signed_in: Client, batch: Batch) -> None:
    page = page_of(signed_in, batch)
    answer = signed_in.post(page.decide_url, form_of(page, "rejected", comment="see the mail"))
    assert answer.status_code == 422
    assert "see the mail" in answer.content.decode()
    signed_in.post(page.decide_url, form_of(page, "rejected", reason="tone", comment="so"))
    assert set(Decision.objects.values_list("reason", "comment")) == {("tone", "so")}


def test_counting_again_decides_nothing(signed_in: Client, batch: Batch) -> None:
    page = page_of(signed_in, batch)
    form = form_of(page, "approved")
    form["take"] = form["take"][:5]
    answer = signed_in.post(page.pick_url, form)
    assert "<b>5 of 12</b> chosen, 7 taken out" in answer.content.decode()
    live = signed_in.post(page.pick_url, form, headers={"HX-Request": "true"}).content.decode()
    assert "<b>5 of 12</b> chosen" in live
    assert "<table" not in live
    assert not Decision.objects.exists()


def test_a_defect_shows_who_found_it_and_what_is_reviewed_one_by_one(
    signed_in: Client, batch: Batch, reviewer: Person
) -> None:
    wrong = Action.objects.get(pk=drawn(batch)[0])
    review.reject(action_id=wrong.pk, person=reviewer, seen=seen(wrong), reason="tone")
    html = signed_in.get(address(batch)).content.decode()
    assert "11 reviewed one by one" in html
    assert f"{reviewer} found one of the sample wrong" in html
    assert f"/actions/{wrong.pk}/" in html
    assert "Approve" not in html.partition("<main")[2]
    assert "one by one" in signed_in.get("/batches/").content.decode()


def test_the_list_shows_what_i_can_decide_the_most_urgent_first(
    client: Client, agent: Agent, workflow: Workflow, titles: ActionType, reviewer: Person
) -> None:
    for number, key in enumerate(["late", "late", "soon", "soon", "alone"]):
        stage(agent, titles, number, batch_key=key)
    client.force_login(reviewer)
    page = client.get("/batches/").context["page"]
    assert ["".join(part.text for part in line.key) for line in page.lines] == ["late", "soon"]
    assert [line.count for line in page.lines] == ["2", "2"]
    client.force_login(workflow.risk_owner)
    assert "No batch waits for you" in client.get("/batches/").content.decode()


def test_the_list_says_when_it_looked_at_the_most_urgent_only(
    signed_in: Client, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "most urgent actions of this tier" not in signed_in.get("/batches/").content.decode()
    monkeypatch.setattr("approvals.pages.batches.LOOKED_AT", 6)
    page = signed_in.get("/batches/")
    assert "Found among the 6 most urgent actions of this tier" in page.content.decode()
    assert [line.count for line in page.context["page"].lines] == ["6"]


def test_the_rail_counts_batches_not_actions(
    signed_in: Client, agent: Agent, titles: ActionType, batch: Batch
) -> None:
    stage(agent, titles, batch_key="alone")
    assert '<span id="n-batches">1</span>' in signed_in.get("/batches/").content.decode()


@pytest.mark.parametrize("url", ["list", "batch"])
def test_the_number_of_queries_does_not_grow_with_the_batch(
    signed_in: Client,
    agent: Agent,
    titles: ActionType,
    url: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    batch = stage_many(agent, titles, 3)
    where = "/batches/" if url == "list" else address(batch)
    signed_in.get(where)
    with django_assert_max_num_queries(40) as few:
        signed_in.get(where)
    for number in range(3, 15):
        stage(agent, titles, number)
    with django_assert_max_num_queries(40) as many:
        signed_in.get(where)
    assert len(many) == len(few)


def test_what_the_agent_wrote_stays_text(
    signed_in: Client, agent: Agent, titles: ActionType
) -> None:
    for number in range(3):
        stage(
            agent, titles, number,
            payload={"title": f"<b>{number}</b>\u202e", "contact": "x" * 400 + str(number)},
            batch_key="<i>key</i>", subject={"type": "c", "id": "1", "label": "<u>who</u>"},
        )  # fmt: skip
    html = signed_in.get(address(Batch.of(Action.objects.latest("created_at")))).content.decode()
    for tag in ("<b>1", "<i>key", "<u>who"):
        assert tag not in html
    assert '<span class="tok">U+202E</span>' in html
    assert "241 more characters on its page" in html


@pytest.mark.parametrize("take", ["", "x", "a b c d", "a" * 500])
def test_a_form_that_is_not_whole_is_refused(signed_in: Client, batch: Batch, take: str) -> None:
    form = {"verdict": "approved", "take": [take], "as_of": "yesterday"}
    decide = page_of(signed_in, batch).decide_url
    assert signed_in.post(decide, form).status_code == 404
    assert signed_in.post(decide, {"verdict": "x"}).status_code == 422
    assert signed_in.post(decide, {"verdict": "approved"}).status_code == 422


def test_another_team_finds_no_batch(client: Client, batch: Batch, stranger: Person) -> None:
    client.force_login(stranger)
    for url in (address(batch), address(batch, "batch_pick"), address(batch, "batch_decide")):
        assert client.post(url).status_code in {404, 405}
        assert client.get(url).status_code in {404, 405}
    assert client.get(address(batch)).status_code == 404


def test_who_may_not_decide_reads_along(client: Client, batch: Batch, workflow: Workflow) -> None:
    client.force_login(workflow.risk_owner)
    page = page_of(client, batch)
    assert not page.can_decide
    assert not any(row.box for row in page.rows)
    action = Action.objects.get(pk=not_drawn(batch)[0])
    bound = seen(action)
    take = f"{action.pk} {bound.revision} {bound.payload_digest} {bound.policy_revision}"
    form = {"verdict": "rejected", "reason": "tone", "take": [take]}
    assert client.post(page.decide_url, form).status_code == 403
