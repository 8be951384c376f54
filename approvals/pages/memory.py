"""What is known beside the decisions: guidance about the subject, checkers' opinions, results."""

from dataclasses import dataclass

from django.urls import reverse

from agents_registry.models import Person
from agents_registry.policy import wording
from approvals import guidance as verbs
from approvals.models import Action, Guidance, Opinion, Result
from approvals.pages import words
from approvals.pages.content import Text, text

MOST = 20
"""Results that are shown, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidanceRow:
    """`until_words` is empty where it stands until it is taken back, `take_back_url` where this
    person cannot take it back."""

    text: Text
    words: str
    until_words: str
    iso: str
    at_words: str
    take_back_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionRow:
    """What a checker claims about one revision."""

    who: str
    words: str
    text: Text
    iso: str
    at_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """What the agent claims came of it; `value` is empty where it names none."""

    kind: str
    value: str
    iso: str
    at_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """`leave_url` is empty where this person leaves none, or nobody knows whom it is about."""

    subject: Text
    workflow: str
    guidance: list[GuidanceRow]
    leave_url: str
    longest: int
    opinions: list[OpinionRow]
    results: list[ResultRow]


def memory(action: Action, person: Person) -> Memory:
    guides = bool(action.subject_id) and verbs.can_guide(person, action)
    rows = action.results.order_by("-at", "-id")[:MOST]
    given = action.opinions.select_related("checker").order_by("-id")
    return Memory(
        subject=text(action.subject_label or action.subject_id),
        workflow=str(action.workflow),
        guidance=[_guidance(each, person, guides) for each in verbs.about(action)],
        leave_url=reverse("leave_guidance", args=[action.pk]) if guides else "",
        longest=verbs.LONGEST,
        opinions=[_opinion(each, person) for each in given],
        results=[_result(each, person) for each in rows],
    )


def _guidance(left: Guidance, person: Person, guides: bool) -> GuidanceRow:
    where = f"in {left.workflow}" if left.workflow else "in every workflow of the team"
    return GuidanceRow(
        text=text(left.words),
        words=f"{left.person}, {where}",
        until_words=words.at(left.ends_at, person),
        iso=left.created_at.isoformat(),
        at_words=words.at(left.created_at, person),
        take_back_url=reverse("take_guidance_back", args=[left.pk]) if guides else "",
    )


def _opinion(opinion: Opinion, person: Person) -> OpinionRow:
    asks = f", asks for {words.TIERS[opinion.raise_to]}" if opinion.raise_to else ""
    return OpinionRow(
        who=opinion.checker.name,
        words=f"concern {opinion.concern:.2f} about revision {opinion.revision}{asks}",
        text=text(opinion.words),
        iso=opinion.created_at.isoformat(),
        at_words=words.clock_time(opinion.created_at, person),
    )


def _result(result: Result, person: Person) -> ResultRow:
    value, currency = result.value, result.currency
    return ResultRow(
        kind=result.kind.replace("_", " "),
        value="" if value is None else wording.figure("value", value.normalize(), currency),
        iso=result.at.isoformat(),
        at_words=words.clock_time(result.at, person),
    )
