"""The two teams of the demo, from their documents, as people would have set them up."""

import copy
from datetime import datetime, timedelta
from typing import Any

from agents_registry import absences, subjects
from agents_registry.models import ActionType, Agent, Person, Team
from agents_registry.spec import text
from agents_registry.spec.apply import apply
from agents_registry.spec.check import check
from ledger import clock
from reviewqueue.demo import people, texts

TEAMS = ("go-to-market", "support")
SET_UP, SIGNED = timedelta(days=33), timedelta(days=32)
HOLIDAY_IN, HOLIDAY = timedelta(days=3), timedelta(days=7)


class Unfit(Exception):
    """A document of the demo that the registry does not take; the message says where."""


def document(slug: str) -> dict[str, Any]:
    """The operating model of a demo team, checked. Unfit when it is wrong."""
    said: dict[str, Any] = text.load((texts.FOLDER / f"{slug}.yaml").read_text())
    if wrong := check(said):
        raise Unfit(f"{slug}.yaml: " + "; ".join(map(str, wrong)))
    return said


def set_up(now: datetime) -> None:
    """Makes the teams a month ago: the admin writes everything down, the risk owner signs."""
    for slug in TEAMS:
        as_it_was = as_first_signed(document(slug))
        with clock.simulated(now - SET_UP):
            apply(document=as_it_was, team=slug, actor=people.admin())
        with clock.simulated(now - SIGNED):
            make(slug, as_it_was, by="rhea")
    _name_account_owners()


def make(slug: str, said: dict[str, Any], *, by: str) -> None:
    applied = apply(document=said, team=slug, actor=Person.objects.get(username=by))
    if applied.waiting:
        left = applied.waiting[0]
        raise Unfit(f"{slug}: {'/'.join(left.change.place)}: {left.because}")


def _name_account_owners() -> None:
    with (texts.FOLDER / "subject_people.csv").open("rb") as file:
        team = Team.objects.get(slug="go-to-market")
        subjects.import_people(team=team, file=file, actor=Person.objects.get(username="mona"))


def plan_a_holiday(now: datetime) -> None:
    """One of the two reviewers goes away in a few days, and the other stands in."""
    ravi, rita = (Person.objects.get(username=name) for name in ("ravi", "rita"))
    absences.set_away(
        person=ravi,
        starts_at=now + HOLIDAY_IN,
        ends_at=now + HOLIDAY_IN + HOLIDAY,
        delegate=rita,
        note="On the coast, without a phone",
        actor=ravi,
    )


def as_first_signed(said: dict[str, Any]) -> dict[str, Any]:
    """The document with the mode that a rule lowered later."""
    lowered = texts.history()["lowered"]
    earlier = copy.deepcopy(said)
    workflow = earlier["workflows"].get(lowered["workflow"])
    if workflow:
        workflow["action_types"][lowered["action_type"]]["mode"] = "auto_executed"
    return earlier


def is_there() -> bool:
    return Team.objects.filter(slug__in=TEAMS).exists()


def agents() -> dict[str, Agent]:
    """Every agent of both teams, by its slug."""
    found = Agent.objects.filter(team__slug__in=TEAMS).select_related("team").order_by("slug")
    return {agent.slug: agent for agent in found}


def action_types() -> dict[int, ActionType]:
    """Every action type of both teams, with its workflow and the people who decide, by its id."""
    found = ActionType.objects.filter(workflow__team__slug__in=TEAMS).select_related(
        "workflow__pool", "workflow__calendar", "workflow__approval_owner"
    )
    return {action_type.pk: action_type for action_type in found}
