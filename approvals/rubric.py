"""PURE: what people ask of an action that was done without them, and when it has failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    NA = "na"


WORDS = {Answer.PASS: "pass", Answer.FAIL: "fail", Answer.NA: "n/a"}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the rubric; `asks` is answered with yes where it passes."""

    key: str
    name: str
    asks: str


CRITERIA = (
    Criterion("relevance", "Relevance", "Was it the right thing to do here?"),
    Criterion("accuracy", "Accuracy", "Are names, numbers and facts right?"),
    Criterion("tone", "Tone", "Would we have said it like this?"),
    Criterion("source_grounding", "Source grounding", "Do the sources say what it relies on?"),
    Criterion("policy", "Policy", "Does it keep to our rules?"),
    Criterion("usefulness", "Usefulness", "Did it help whom it was for?"),
    Criterion("escalation", "Going alone", "Was it right not to ask a person first?"),
)
"""A fail of the last one says that it should have been escalated."""

MOST_MINUTES = 100_000


def unanswered(ratings: Mapping[str, str]) -> list[Criterion]:
    """The criteria without an answer that counts as one."""
    return [criterion for criterion in CRITERIA if ratings.get(criterion.key) not in set(Answer)]


def has_passed(ratings: Mapping[str, str], cleanup_minutes: int) -> bool:
    """Whether nothing failed and nobody had to clean up after it."""
    return Answer.FAIL not in ratings.values() and not cleanup_minutes
