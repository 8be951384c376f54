"""The demo: everything that a visitor should be able to see is there, and loading twice is safe."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from agents_registry import tokens
from agents_registry.models import ActionType, Agent, Membership, Person, Standard, Stop
from agents_registry.policy import documents
from agents_registry.policy.least import least_tier
from agents_registry.readiness import SAID
from agents_registry.revisions import own_document, policy_document
from approvals import staging
from approvals.models import Action, Content, Decision, FollowUp, Refusal
from ledger import clock
from ledger.models import Event
from reviewqueue.demo import load, organisation, people

URL = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def settings_file(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The demo.json of a demo that all tests here look at, with a third of its history."""
    path = tmp_path_factory.mktemp("demo") / "demo.json"
    with django_db_blocker.unblock(), transaction.atomic():
        load.load(url=URL, json_out=path, times=1)
        yield path
        transaction.set_rollback(True)


@pytest.fixture
def demo(settings_file: Path) -> Iterator[dict[str, Any]]:
    """What demo.json says; whatever the test changes is taken back."""
    said = settings_file.read_text()
    with transaction.atomic():
        yield json.loads(said)
        transaction.set_rollback(True)
    settings_file.write_text(said)


def again(path: Path) -> dict[str, Any]:
    load.load(url=URL, json_out=path, times=1)
    said: dict[str, Any] = json.loads(path.read_text())
    return said


def rows() -> dict[str, int]:
    kinds = (Action, Content, Decision, Event, FollowUp, Person, Stop)
    return {kind.__name__: kind._default_manager.count() for kind in kinds}


def matrix_cells() -> set[tuple[str, str]]:
    findings = Content.objects.values_list("findings", flat=True)
    placed = [
        finding["values"] for row in findings for finding in row if finding["rule"] == "matrix"
    ]
    return {(values["reversibility"], values["blast_radius"]) for values in placed}


@pytest.mark.parametrize("slug", organisation.TEAMS)
def test_the_documents_pass_the_registry_check(slug: str) -> None:
    assert organisation.document(slug)["team"]["slug"] == slug


def test_exactly_two_floors_are_loosened() -> None:
    loosened = [
        (name, key, row["loosened"])
        for slug in organisation.TEAMS
        for name, workflow in organisation.document(slug)["workflows"].items()
        for key, row in workflow["action_types"].items()
        if row.get("loosened")
    ]
    assert [entry[:2] for entry in loosened] == [
        ("outreach", "reply_in_thread"),
        ("renewal-risk", "offer_discount"),
    ]


def test_every_workflow_says_all_about_itself_but_one() -> None:
    missing = {
        (name, field)
        for slug in organisation.TEAMS
        for name, workflow in organisation.document(slug)["workflows"].items()
        for field in SAID
        if not workflow.get(field)
    }
    assert missing == {("budget-shift", "evaluation"), ("budget-shift", "success_metric")}


def test_the_house_rules_change_the_tier_of_nothing_that_is_to_be_seen(
    demo: dict[str, Any],
) -> None:
    rules = Standard.objects.get(team__governance_lead__username="mona")
    assert rules.everywhere
    findings = Content.objects.values_list("findings", flat=True)
    assert not [each for row in findings for each in row if "standard:" in each["rule"]]
    for action_type in ActionType.objects.filter(workflow__team=rules.team):
        own, judged = own_document(action_type), policy_document(action_type)
        assert least_tier(documents.parse(own)) == least_tier(documents.parse(judged))


def test_a_refund_that_may_be_paid_already_is_found_by_a_standard(demo: dict[str, Any]) -> None:
    again = Action.objects.get(summary__startswith="The payment system did not answer")
    (found,) = [row for row in again.contents.get().findings if row["rule"] == "done_again"]
    assert found["because"].startswith("The very same was done")
    assert Action.objects.get(pk=found["values"]["action"]).state == "unknown"
    refund = ActionType.objects.get(key="refund_order")
    assert (own_document(refund)["again"], set(policy_document(refund)["again"])) == ({}, {"done"})


def test_every_cell_of_the_matrix_every_mode_and_every_tier_is_to_be_seen(
    demo: dict[str, Any],
) -> None:
    assert len(matrix_cells()) == 4
    assert set(ActionType.objects.values_list("mode", flat=True)) == {
        *Action.objects.values_list("mode", flat=True)
    }
    assert len(set(Action.objects.values_list("mode", flat=True))) == 3
    assert len(set(Action.objects.values_list("tier", flat=True))) == 5


def test_work_waits_in_every_workflow_of_both_teams(demo: dict[str, Any]) -> None:
    pending = Action.objects.filter(state="pending")
    assert 69 <= pending.count() <= 90
    assert pending.values("workflow").distinct().count() == 8
    assert pending.filter(held=True).count() >= 2
    assert pending.filter(step__gt=0, held=False).exists()
    assert {"ask", "escalate"} <= set(pending.values_list("action_type__key", flat=True))


def test_some_of_it_is_late_and_nobody_has_swept_it_yet(demo: dict[str, Any]) -> None:
    unswept = Action.objects.filter(state="pending", held=False, step=0)
    assert unswept.filter(due_at__lt=clock.now()).count() >= 4


def test_what_went_wrong_is_open_work_of_a_named_person(demo: dict[str, Any]) -> None:
    open_work = FollowUp.objects.filter(closed_at__isnull=True, assignee__isnull=False)
    assert {"failed", "unknown", "blocked"} <= set(open_work.values_list("kind", flat=True))


def test_an_unlisted_type_was_refused_twice(demo: dict[str, Any]) -> None:
    assert Refusal.objects.get(key="send_contract").count == 2


def test_one_workflow_is_paused_and_the_others_run_again(demo: dict[str, Any]) -> None:
    assert Stop.objects.filter(lifted_at__isnull=True).count() == 1
    assert Stop.objects.filter(lifted_at__isnull=False).count() == 3
    assert Stop.objects.filter(by__isnull=True, lifted_by__username="rhea").exists()


def test_a_mode_was_lowered_on_record(demo: dict[str, Any]) -> None:
    merge = ActionType.objects.get(key="merge_duplicates")
    lowered = Event.objects.filter(stream=f"workflow:{merge.workflow_id}").order_by("-seq")[0]
    assert merge.mode == "approval_gated"
    assert lowered.type == "action_type.mode_lowered"
    assert [each.rule for each in merge.downgrades.filter(lifted_at=None)] == ["window:namesakes"]
    assert lowered.actor == f"agent:{Agent.objects.get(slug='crm-steward').pk}"


def test_agents_words_hide_characters_that_a_page_has_to_show(demo: dict[str, Any]) -> None:
    words = " ".join(Action.objects.filter(state="pending").values_list("summary", flat=True))
    sentences = " ".join(Action.objects.filter(state="pending").values_list("sentence", flat=True))
    assert "\u200b" in words
    assert "\u202e" in sentences


def test_the_record_of_each_action_is_in_order(demo: dict[str, Any]) -> None:
    events = list(Event.objects.filter(stream__startswith="action:").order_by("stream", "seq"))
    same = [(one, next_) for one, next_ in pairwise(events) if one.stream == next_.stream]
    assert [next_ for one, next_ in same if next_.at < one.at] == []


def test_people_of_another_team_are_in_no_other(demo: dict[str, Any]) -> None:
    teams = Membership.objects.filter(person__username="tom").values_list("team__slug", flat=True)
    both = Membership.objects.filter(person__username__in=["rhea", "sven"])
    assert list(teams) == ["support"]
    assert both.count() == 4


def test_everybody_may_sign_in_with_the_one_password(demo: dict[str, Any]) -> None:
    assert {user["username"] for user in demo["users"]} == set(people.ROLES)
    assert Person.objects.get(username="rita").check_password("demo-only")
    assert Person.objects.values("password").distinct().count() == 1


def test_the_file_has_a_working_token_for_each_agent_and_is_its_owners_alone(
    demo: dict[str, Any], settings_file: Path
) -> None:
    proved = {tokens.prove(agent["token"]).agent.slug for agent in demo["agents"]}  # type: ignore[union-attr]
    assert set(demo) == {"url", "database_url", "redis_url", "users", "agents"}
    assert proved == set(organisation.agents())
    assert settings_file.stat().st_mode & 0o777 == 0o600


def test_loading_again_adds_nothing(demo: dict[str, Any], settings_file: Path) -> None:
    before = rows()
    assert again(settings_file) == demo
    assert rows() == before


def test_a_token_that_ended_is_replaced_and_the_others_stay(
    demo: dict[str, Any], settings_file: Path
) -> None:
    ended, *others = demo["agents"]
    tokens.revoke(token=tokens.prove(ended["token"]), actor="person:test")  # type: ignore[arg-type]
    replaced, *kept = again(settings_file)["agents"]
    assert kept == others
    assert tokens.prove(replaced["token"]) is not None


def test_when_nothing_waits_any_more_there_is_fresh_work(
    demo: dict[str, Any], settings_file: Path
) -> None:
    for action in Action.objects.filter(state="pending").select_related("agent"):
        staging.withdraw(agent=action.agent, action_id=action.pk)
    again(settings_file)
    assert Action.objects.filter(state="pending").count() >= 45


def test_it_is_not_loaded_into_an_installation_that_is_no_demo(
    settings: Any, tmp_path: Path
) -> None:
    settings.DEMO = settings.DEBUG = False
    with pytest.raises(CommandError, match="DEMO=1"):
        call_command("load_demo", json_out=tmp_path / "demo.json")
