"""The head of an action's page: how strict, whose, in which state, until when, and the sentence."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from agents_registry.models import Person, Team
from approvals.models import Action, Purpose
from approvals.pages import words
from approvals.pages.content import Text, chips, text
from approvals.sentences import sentence
from ledger import clock

STATE_CSS = {
    "approved": "good", "succeeded": "good", "accepted": "good", "answered": "good",
    "released": "info", "rejected": "bad", "failed": "bad", "blocked": "bad", "unknown": "warn",
    "rollback_failed": "bad", "changes_requested": "warn", "expired": "warn",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands above everything else."""

    tier: str
    tier_words: str
    workflow_name: str
    workflow_url: str
    state_words: str
    state_css: str
    due: words.Due | None
    next_words: str
    sentence: Text
    agent_name: str
    subject: Text
    subject_name: Text
    subject_chips: list[str]
    subject_url: str
    run: Text
    run_url: str
    facts: list[str]


def head(action: Action, person: Person, *, staged: Any, sent: Any) -> Head:
    """`sent` is the payload that the page shows, `staged` the one that the agent sent."""
    return Head(
        tier=action.tier,
        tier_words=words.TIERS[action.tier],
        workflow_name=action.workflow.name,
        workflow_url=reverse("registry_workflow", args=[action.workflow.slug]),
        state_words="held" if action.held else words.state(action.state),
        state_css=STATE_CSS.get(action.state, ""),
        due=words.due_of(action, clock.now(), person) if action.state == "pending" else None,
        next_words=_next_words(action, person),
        sentence=text(_sentence(action, staged, sent)),
        agent_name=action.agent.name,
        subject=text(action.subject_label or action.subject_id),
        subject_name=text(_subject_name(action)),
        subject_chips=list(chips(action.subject_label)) + list(chips(action.subject_id)),
        subject_url=subject_url(action),
        run=text(action.run_id),
        run_url=run_url(action.run_id, action.team),
        facts=_facts(action),
    )


def run_url(run_id: str, team: Team, name: str = "run") -> str:
    """The page of a run, or another that is about it; empty for what belongs to none."""
    return f"{reverse(name)}?{urlencode({'run': run_id, 'team': team.slug})}" if run_id else ""


def subject_url(action: Action) -> str:
    """The list of everything that concerns the same subject; empty where none is named."""
    if not action.subject_id:
        return ""
    return f"{reverse('inbox')}?{urlencode({'view': 'all', 'q': action.subject_id})}"


def _subject_name(action: Action) -> str:
    """What tells it from another of the same label, where it has one."""
    return f"{action.subject_type} {action.subject_id}" if action.subject_label else ""


def _sentence(action: Action, staged: Any, sent: Any) -> str:
    """What will happen; of a person's version as well, where there is one."""
    if sent == staged:
        return action.sentence
    return sentence(action.action_type.sentence, sent, otherwise=action.sentence)


def _next_words(action: Action, person: Person) -> str:
    if action.state != "pending" or action.due_at is None or action.held:
        return ""
    due = words.clock_time(action.due_at, person)
    if action.step + 1 < len(action.stages):
        whom = words.who(action.stages[action.step + 1]["who"])
        return f"due {due}, then it goes to the {whom}"
    return f"due {due}, then the chain is at its end"


def _facts(action: Action) -> list[str]:
    facts = [words.MODES[action.mode]]
    if action.purpose == Purpose.EVAL:
        facts.append("a test or a drill, never done")
    if action.requested_by:
        facts.append("asked for by a person")
    if action.authority == "advisory":
        facts.append("a recommendation, not an order")
    return facts
