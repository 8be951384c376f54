"""The kinds of rows that people edit in the browser, and which form each has."""

from dataclasses import dataclass

from django import forms
from django.core.validators import RegexValidator

from agents_registry.forms import people, times, workflows
from agents_registry.forms.choices import Choices
from agents_registry.forms.fields import Text
from agents_registry.forms.rows import Shape
from agents_registry.models import (
    Agent,
    Calendar,
    EscalationChain,
    Membership,
    Pool,
    Team,
    Workflow,
)
from agents_registry.spec.rows import Row
from agents_registry.spec.shape import SLUG, USERNAME


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of row. `kind` is what rights and events call it, `lead` what it is there for."""

    section: str
    kind: str
    noun: str
    lead: str
    blank: Row


NINE_TO_FIVE: Row = {
    "hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    "holidays": None,
    "days_off": [],
}
KINDS = {
    each.section: each
    for each in (
        Kind("team", "team", "team", "What holds for everything in this team.", {}),
        Kind(
            "people",
            "person",
            "person",
            "Somebody who sees what this team does.",
            {"role": "member"},
        ),
        Kind("pools", "pool", "reviewer pool", "People of whom any may decide.", {"people": []}),
        Kind(
            "calendars",
            "calendar",
            "calendar",
            "When a team works. Deadlines count only this time.",
            NINE_TO_FIVE,
        ),
        Kind(
            "chains",
            "chain",
            "escalation chain",
            "Who is asked when the pool does not answer, and what happens at the end. "
            "No end approves anything.",
            {"stages": [], "fallback": "expire"},
        ),
        Kind("agents", "agent", "agent", "A program that asks before it acts.", {}),
        Kind(
            "workflows",
            "workflow",
            "workflow",
            "A piece of work that agents do, and the people who answer for it.",
            {
                **{"owners": {}, "agents": [], "sla": "1 business day", "when_stopped": "hold"},
                **{"after_failed_step": "halt", "after_rejected_step": "halt", "step_retries": 0},
            },
        ),
    )
}
OF_TEAM = ("people", "pools", "calendars", "chains", "agents")
"""The sections whose rows are edited under the team's page."""

_MODELS: dict[str, type[Pool | Calendar | EscalationChain | Agent | Workflow]] = {
    "pools": Pool,
    "calendars": Calendar,
    "chains": EscalationChain,
    "agents": Agent,
    "workflows": Workflow,
}


def shape(section: str, row: Row, choices: Choices, *, new: bool, stages: int) -> Shape:
    """The form of a row; `stages` is how many steps a chain's form shows."""
    match section:
        case "team":
            return people.team(row, choices)
        case "people":
            return people.person(row, new=new)
        case "pools":
            return people.pool(row, choices)
        case "calendars":
            return times.calendar(row)
        case "chains":
            return times.chain(row, choices, stages)
        case "agents":
            return people.agent(row)
    return workflows.workflow(row, choices)


def key(section: str) -> forms.Field:
    """What a new row is called in addresses and files."""
    if section == "people":
        pattern = RegexValidator(USERNAME, "Letters, digits and . @ + - _ only.")
        hint = "They sign in with it. Somebody who has an account already keeps theirs."
        return Text(
            label="Username", help_text=hint, max_length=150, required=True, validators=[pattern]
        )
    pattern = RegexValidator(SLUG, "Small letters a-z, digits, - and _ only, at most 50.")
    hint = "It stands in addresses, files and calls of agents. Empty: made from the name."
    return Text(label="Short name", help_text=hint, max_length=50, validators=[pattern])


def taken(team: Team, section: str, name: str) -> bool:
    """Whether the team has such a row, an archived one too."""
    if section == "people":
        return Membership.objects.filter(team=team, person__username=name).exists()
    return _MODELS[section].objects.filter(team=team, slug=name).exists()
