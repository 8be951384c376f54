"""One recorded action as it was judged, beside how a policy that is not saved judges it."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse

from agents_registry.models import Person
from agents_registry.policy.findings import Verdict
from agents_registry.policy.shapes import Policy
from approvals import trying
from approvals.models import Action, Content
from approvals.pages import judgement, words
from approvals.pages.judgement import Finding


@dataclass(frozen=True, slots=True)
class TriedRow:
    """One rule on the tried action: what it found then, and what it finds under the draft."""

    was: Finding | None
    now: Finding | None

    @property
    def moved(self) -> str:
        if self.was is None or self.now is None:
            return "new" if self.now else "gone"
        return "same" if self.was == self.now else "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A recorded action as it was judged, beside how the draft judges it."""

    url: str
    sentence: str
    of_another_type: str
    at: str
    was_tier: str
    was_tier_words: str
    was_mode_words: str
    tier: str
    tier_words: str
    mode_words: str
    moved: bool
    rows: list[TriedRow]


def page(action: Action, policy: Policy, *, as_type: int | None, person: Person) -> Tried:
    """`as_type` is the id of the type whose policy it is, None while that is new."""
    content = Content.objects.get(action=action, revision=action.revision)
    verdict = trying.tried(action, content, policy, as_type=as_type)
    return Tried(
        url=reverse("action", args=[action.pk]),
        sentence=action.sentence,
        of_another_type="" if as_type == action.action_type_id else str(action.action_type),
        at=words.at(action.created_at, person),
        was_tier=action.tier,
        was_tier_words=words.TIERS[action.tier],
        was_mode_words=words.MODES[action.mode],
        tier=str(verdict.tier),
        tier_words=words.TIERS[verdict.tier],
        mode_words=words.MODES[verdict.mode],
        moved=(action.tier, action.mode) != (str(verdict.tier), str(verdict.mode)),
        rows=sorted(_rows(content, verdict), key=lambda row: row.moved == "same"),
    )


def _rows(content: Content, verdict: Verdict) -> Iterator[TriedRow]:
    """Rule by rule. Of several findings of one rule, those that say the same stand together."""
    was = [judgement.finding(each) for each in content.findings]
    now = [judgement.finding(each.to_dict()) for each in verdict.findings]
    for found in [each for each in now if each in was]:
        was.remove(found)
        now.remove(found)
        yield TriedRow(found, found)
    for found in now:
        before = next((each for each in was if _rule(each) == _rule(found)), None)
        if before:
            was.remove(before)
        yield TriedRow(before, found)
    for gone in was:
        yield TriedRow(gone, None)


def _rule(finding: Finding) -> tuple[str, str]:
    return finding.rule_words, finding.rule_code
