"""Rows chosen together: each is decided by itself, as it was shown; the page says what happened."""

import pytest
from django.test import Client

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals.models import Action, Decision, Viewing
from approvals.pages.selection import bound
from tests.approvals import batched
from tests.factories import create_action

pytestmark = pytest.mark.django_db


def address(*actions: Action) -> str:
    return "/selection/?" + "&".join(f"id={action.pk}" for action in actions)


def post(client: Client, *actions: Action, **fields: object) -> str:
    """What the page says after a verdict on these, as they are in the database now."""
    ids = [str(action.pk) for action in actions]
    seen = [bound(action) for action in actions]
    posted = {"id": ids, "seen": seen, **fields}
    response = client.post("/selection/?view=mine", posted, follow=True)
    assert response.redirect_chain[0][1] == 303
    return response.content.decode()


def states(*actions: Action) -> list[str]:
    return [Action.objects.get(pk=action.pk).state for action in actions]


def test_several_are_rejected_with_one_reason_each_by_a_decision_of_its_own(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    actions = [create_action(agent, refund) for _ in range(3)]
    page = post(signed_in, *actions, verdict="rejected", reason="tone")
    assert page.count("Rejected.") == 3
    assert states(*actions) == ["rejected"] * 3
    assert Decision.objects.filter(verdict="rejected", reason="tone").count() == 3


def test_what_changed_meanwhile_is_left_out_and_said(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    same, changed = create_action(agent, refund), create_action(agent, refund)
    posted = {"id": [same.pk, changed.pk], "seen": [bound(same), bound(changed)]}
    Action.objects.filter(pk=changed.pk).update(revision=2)
    verdict = {"verdict": "changes_requested", "comment_changes_requested": "Say why"}
    page = signed_in.post("/selection/", {**posted, **verdict}, follow=True).content.decode()
    assert "This changed while you looked" in page
    assert states(same, changed) == ["changes_requested", "pending"]


def test_they_are_handed_over_to_somebody_who_may_decide_them_all(
    signed_in: Client, agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    other = workflow.pool.people.order_by("-pk")[0]
    action = create_action(agent, refund)
    post(signed_in, action, verdict="reassigned", to=other.username)
    assert Action.objects.get(pk=action.pk).assignee == other


def test_the_top_tier_is_never_approved_from_the_table(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    action = create_action(agent, refund)
    page = post(signed_in, action, approve=bound(action))
    assert "Approve it on its own page" in page
    assert states(action) == ["pending"]


def test_one_press_approves_one_and_only_what_was_opened_has_a_button(
    signed_in: Client, agent: Agent, workflow: Workflow
) -> None:
    titles = batched.create_title_type(workflow)
    first, second = (batched.stage(agent, titles, number) for number in range(2))
    assert "Approve this one" not in signed_in.get(address(first, second)).content.decode()
    signed_in.get(f"/actions/{first.pk}/")
    assert signed_in.get(address(first, second)).content.decode().count("Approve this one") == 1
    assert "Approve it on its own page" in post(signed_in, first, second, approve=bound(second))
    post(signed_in, first, second, approve=bound(first))
    assert states(first, second) == ["approved", "pending"]


@pytest.mark.parametrize("fields", [{}, {"verdict": "approved"}, {"verdict": "rejected"}])
def test_a_form_that_is_not_whole_decides_nothing(
    signed_in: Client, action: Action, fields: dict[str, str]
) -> None:
    assert "Nothing was decided" in post(signed_in, action, **fields)
    assert states(action) == ["pending"]


def test_what_is_another_teams_is_neither_shown_nor_decided(
    client: Client, action: Action, stranger: Person
) -> None:
    client.force_login(stranger)
    assert "order A-1" not in client.get(address(action)).content.decode()
    post(client, action, verdict="rejected", reason="tone")
    assert states(action) == ["pending"]


def test_the_page_asks_the_same_number_of_questions_however_many_are_chosen(
    signed_in: Client, agent: Agent, refund: ActionType, django_assert_max_num_queries: object
) -> None:
    actions = [create_action(agent, refund) for _ in range(20)]
    with django_assert_max_num_queries(45) as few:  # type: ignore[operator]
        signed_in.get(address(*actions[:3]))
    with django_assert_max_num_queries(45) as many:  # type: ignore[operator]
        signed_in.get(address(*actions))
    assert len(many) == len(few)


def test_a_detail_that_is_fetched_ahead_is_not_open_yet(
    signed_in: Client, action: Action, reviewer: Person
) -> None:
    url = f"/actions/{action.pk}/?view=mine"
    headers = {"HX-Request": "true"}
    signed_in.get(url, headers={**headers, "X-Prefetch": "1"})
    assert not Viewing.objects.filter(action=action, person=reviewer).exists()
    signed_in.get(url, headers=headers)
    assert Viewing.objects.filter(action=action, person=reviewer).exists()


def test_a_page_that_has_the_next_detail_gets_the_toast_alone(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    first, second = create_action(agent, refund), create_action(agent, refund)
    _, revision, digest, policy = bound(first).split()
    posted = {"verdict": "rejected", "reason": "tone", "revision": revision, "digest": digest}
    response = signed_in.post(
        f"/actions/{first.pk}/decide?view=mine",
        {**posted, "policy_revision": policy},
        headers={"HX-Request": "true", "X-Ahead": str(second.pk)},
    )
    assert response.headers["HX-Reswap"] == "none"
    assert str(second.pk) in response.headers["HX-Trigger"]
    assert "Rejected" in response.content.decode()
    assert 'id="detail"' not in response.content.decode()


def test_the_list_that_one_came_from_is_kept_through_a_decision(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    subject = {"type": "customer", "id": "c-7", "label": "Halden"}
    mine = [create_action(agent, refund, subject=subject) for _ in range(2)]
    create_action(agent, refund)
    place = f"view=mine&agent={agent.slug}&subject=c-7"
    page = signed_in.get(f"/inbox/?{place}").content.decode()
    assert page.count('<li class="row') == 2
    _, revision, digest, policy = bound(mine[0]).split()
    posted = {"verdict": "rejected", "reason": "tone", "revision": revision, "digest": digest}
    response = signed_in.post(
        f"/actions/{mine[0].pk}/decide?{place}", {**posted, "policy_revision": policy}
    )
    assert response.headers["Location"] == f"/actions/{mine[1].pk}/?{place}"
