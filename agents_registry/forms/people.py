"""The forms of a team, of the people in it, of its pools and of its agents."""

from agents_registry.forms.choices import Choices, asked, with_current
from agents_registry.forms.fields import long_text, one_of, some_of, text, whole, yes_or_no
from agents_registry.forms.rows import Shape
from agents_registry.models import Role
from agents_registry.spec.rows import Row

ROLES = {
    Role.MEMBER: "Member: sees everything of the team, may stop its agents",
    Role.MANAGER: "Manager: names people, owners and workflows as well",
    Role.AUDITOR: "Auditor: sees everything, changes nothing",
}


def team(row: Row, choices: Choices) -> Shape:
    people = with_current(asked(choices.people, "nobody"), row.get("governance_lead"))
    return Shape(
        {
            "name": text("Name", required=True),
            "governance_lead": one_of(
                "Governance lead", people, "Owns the team's standards.", required=False
            ),
            "second_person": yes_or_no(
                "Loosening a policy takes a second person",
                "What the risk owner loosens waits until somebody else has signed it too.",
            ),
        },
        finish=lambda said: {**said, "governance_lead": said.get("governance_lead") or None},
    )


def person(row: Row, *, new: bool) -> Shape:
    """An account's name and address are its own: a team says them only when it makes it."""
    about = {
        "name": text("Full name", longest=150),
        "email": text("E-mail address", longest=254),
    }
    role = one_of("Role in this team", [(str(value), said) for value, said in ROLES.items()])
    return Shape({**(about if new else {}), "role": role})


def pool(row: Row, choices: Choices) -> Shape:
    people = with_current(choices.people, row["people"])
    hint = "Any of them may decide what the pool is asked."
    return Shape(
        {"name": text("Name", required=True), "people": some_of("People", people, hint)},
    )


def agent(row: Row) -> Shape:
    return Shape(
        {
            "name": text("Name", required=True),
            "description": long_text("What it is", "Who runs it, on which model, for what."),
            "most_pending": whole(
                "How many of its actions may wait for people",
                "A further one is refused until one is decided. Empty: any number may wait.",
                most=100_000,
                required=False,
            ),
        }
    )
