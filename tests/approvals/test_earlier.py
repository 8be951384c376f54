"""What was decided before about the same subject, and what was rejected and comes again."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import review
from approvals.models import Action, Content, Decision
from approvals.pages import earlier as pages
from ledger import clock
from tests.factories import (
    create_action,
    create_action_type,
    create_desk,
    create_person,
    create_team,
    create_workflow,
    reviewer_of,
    seen,
)

pytestmark = pytest.mark.django_db
KESTREL = {"type": "account", "id": "kestrel", "label": "Kestrel Robotics"}

Desk = tuple[Agent, Workflow, ActionType]


@pytest.fixture
def desk() -> Desk:
    return create_desk()


def stage(desk: Desk, **fields: Any) -> Action:
    return create_action(desk[0], desk[2], **{"subject": KESTREL, **fields})


def reject(desk: Desk, action: Action, **fields: Any) -> Decision:
    words = {"reason": "wrong_target", "cause": "", "comment": "", **fields}
    return review.reject(
        action_id=action.pk, person=reviewer_of(desk[1]), seen=seen(action), **words
    )


def approve(desk: Desk, action: Action, person: Person | None = None) -> Decision:
    person = person or reviewer_of(desk[1])
    return review.approve(action_id=action.pk, person=person, seen=seen(action), checked=["all"])


def page_of(desk: Desk, action: Action, person: Person | None = None) -> pages.Earlier:
    action = Action.objects.get(pk=action.pk)
    content = Content.objects.get(action=action, revision=action.revision)
    return pages.earlier(action, content, person or reviewer_of(desk[1]), view="mine")


def words_of(row: pages.Row) -> str:
    return "".join(span.text for span in row.sentence)


def test_decisions_on_the_same_subject_stand_there_newest_first(desk: Desk) -> None:
    first, second = (
        stage(desk),
        stage(desk, payload={"order": "B-2", "amount": 7, "currency": "EUR"}),
    )
    approve(desk, first)
    reject(desk, second, cause="segment", comment="They left in March.")
    rows = page_of(desk, stage(desk)).rows
    who = reviewer_of(desk[1])
    assert [row.words for row in rows] == [
        f"{who} rejected it: wrong customer or moment; the segment was wrong",
        f"{who} approved it",
    ]
    assert [row.state_words for row in rows] == ["rejected", "approved"]
    assert "order B-2" in words_of(rows[0])
    assert "".join(span.text for span in rows[0].comment) == "They left in March."


def test_it_is_said_loudly_that_a_rejected_action_comes_again(desk: Desk) -> None:
    decision = reject(desk, stage(desk))
    note = page_of(desk, stage(desk)).note
    assert note is not None
    assert note.title == (
        f"Rejected on {decision.created_at:%A} {decision.created_at.day} {decision.created_at:%B}"
        f" by {decision.person}: wrong customer or moment"
    )
    assert note.body == "This is the same again."


def test_what_differs_from_the_rejected_one_is_listed(desk: Desk) -> None:
    reject(desk, stage(desk))
    page = page_of(desk, stage(desk, payload={"order": "A-1", "amount": 60, "currency": "USD"}))
    assert page.note is not None
    assert "1 difference" in page.note.body
    assert ["".join(span.text for span in row.label) for row in page.differences] == ["amount"]


def test_the_same_content_comes_again_whatever_its_subject(desk: Desk) -> None:
    reject(desk, stage(desk))
    page = page_of(desk, stage(desk, subject={"type": "account", "id": "heron", "label": ""}))
    assert page.note is not None
    assert not page.rows
    assert page_of(desk, stage(desk, subject={})).note is not None


def test_another_type_of_action_is_no_repetition(desk: Desk) -> None:
    reject(desk, stage(desk))
    other = create_action_type(desk[1], "store_credit", name="Store credit")
    page = page_of(desk, create_action(desk[0], other, subject=KESTREL))
    assert page.note is None
    assert len(page.rows) == 1


def test_after_ninety_days_it_is_no_repetition(desk: Desk) -> None:
    old = stage(desk)
    reject(desk, old)
    Action.objects.filter(pk=old.pk).update(decided_at=clock.now() - timedelta(days=91))
    assert page_of(desk, stage(desk)).note is None


def test_a_rejection_that_was_taken_back_is_none(desk: Desk) -> None:
    desk[2].settle_seconds = 60
    desk[2].save()
    decision = reject(desk, stage(desk))
    review.undo(decision_id=decision.pk, person=decision.person)
    page = page_of(desk, stage(desk))
    assert (page.note, page.rows) == (None, [])
    assert page.waiting_words == "1 more waits about the same"


def test_a_verdict_on_what_is_still_pending_is_never_shown(desk: Desk) -> None:
    """The second of four eyes must not be told from a neighbouring page what the first said."""
    desk[2].approvals_needed = 2
    desk[2].save()
    half = stage(desk)
    approve(desk, half)
    page = page_of(desk, stage(desk))
    assert page.rows == []
    assert page.waiting_words == "1 more waits about the same"


def test_another_kind_of_subject_with_the_same_id_is_another(desk: Desk) -> None:
    approve(desk, stage(desk, subject={**KESTREL, "type": "contact"}))
    assert page_of(desk, stage(desk)).rows == []


def test_only_what_this_person_may_see_counts(desk: Desk) -> None:
    approve(desk, stage(desk))
    page = page_of(desk, stage(desk), create_person(team=create_team()))
    assert (page.rows, page.note, page.waiting_words) == ([], None, "")


def test_the_same_subject_in_another_team_is_not_mixed_in(desk: Desk) -> None:
    other = create_desk()
    approve(other, stage(other))
    both = reviewer_of(desk[1])
    other[1].team.memberships.create(person=both)
    assert page_of(desk, stage(desk), both).rows == []


def test_other_workflows_of_the_team_count(desk: Desk) -> None:
    second = create_workflow(desk[1].team)
    second.agents.add(desk[0])
    other = (desk[0], second, create_action_type(second))
    approve(other, stage(other))
    assert len(page_of(desk, stage(desk)).rows) == 1


def test_a_decided_action_is_not_warned_of(desk: Desk) -> None:
    reject(desk, stage(desk))
    decided = stage(desk)
    approve(desk, decided)
    page = page_of(desk, decided)
    assert page.note is None
    assert len(page.rows) == 1


def test_the_queries_do_not_grow_with_the_past(
    desk: Desk, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(7):
        reject(desk, stage(desk))
        stage(desk)
    action = stage(desk, payload={"order": "A-1", "amount": 60, "currency": "USD"})
    person = reviewer_of(desk[1])
    with django_assert_max_num_queries(11):
        page = page_of(desk, action, person)
    assert len(page.rows) == 5
    assert page.waiting_words == "7 more wait about the same"


def test_the_page_shows_note_and_card(desk: Desk, client: Client) -> None:
    reject(desk, stage(desk), comment="<b>no</b>")
    client.force_login(reviewer_of(desk[1]))
    text = client.get(f"/actions/{stage(desk).pk}/").content.decode()
    assert "This is the same again." in text
    assert "Earlier about the same" in text
    assert "&lt;b&gt;no&lt;/b&gt;" in text
