"""“Why did this happen”: one action as somebody outside may read it, who was given the link."""

from dataclasses import dataclass

from django.urls import reverse

from agents_registry.models import Person
from agents_registry.words import way_back
from approvals.four_eyes import is_blind
from approvals.models import DECIDING, Action, Content, Verdict
from approvals.pages import words
from approvals.pages.content import DiffRow, LeafRow, Text, changes, changes_words, leaves, text
from approvals.pages.head import STATE_CSS
from approvals.pages.judgement import Finding, finding
from approvals.pages.reports import Report, ReportForm, report_form, reports
from approvals.payloads import in_schema_order
from approvals.querysets import in_teams_of
from approvals.release import approved_payload
from approvals.states import APPROVED_ONCE, State
from approvals.why_links import WhyLink

DECIDED = {
    Verdict.APPROVED: "approved it",
    Verdict.EDITED: "approved it with changes",
    Verdict.REJECTED: "rejected it",
    Verdict.CHANGES_REQUESTED: "sent it back to the agent",
    Verdict.TAKEN_OVER: "took it over",
    Verdict.ANSWERED: "answered it",
}
NOBODY = {
    State.PENDING: "It is not decided yet.",
    State.BLOCKED: "The policy blocked it. No person decided it.",
    State.EXPIRED: "No person decided it.",
    State.WITHDRAWN: "Nobody decided it before the agent took it back.",
}
BY_POLICY = "The policy let it happen by itself. No person decided it."
CAME_OF = {
    State.BLOCKED: "Nothing was done: the policy blocked it.",
    State.PENDING: "Nothing is done yet: it waits for a person.",
    State.CHANGES_REQUESTED: "Nothing is done yet: the agent was asked to change it.",
    State.APPROVED: "It is approved, and not done yet.",
    State.REJECTED: "Nothing was done: it was rejected.",
    State.TAKEN_OVER: "The agent left it: a person does it.",
    State.ANSWERED: "The agent got an answer. Nothing else was done.",
    State.ACCEPTED: "It was accepted as a draft. Nothing was carried out by the agent.",
    State.EXPIRED: "Nothing was done: its time ran out.",
    State.WITHDRAWN: "Nothing was done: the agent took it back.",
    State.REVOKED: "Nothing was done: the approval was taken back in time.",
    State.OBSERVED: "Nothing was done: it was only looked at.",
    State.RELEASED: "The agent is doing it now.",
    State.SUCCEEDED: "It is on record as done.",
    State.FAILED: "It is on record as failed.",
    State.UNKNOWN: "Nobody knows yet whether it was done. A person finds out.",
    State.ROLLBACK_REQUESTED: "The agent was asked to undo it.",
    State.ROLLED_BACK: "It was undone.",
    State.ROLLBACK_FAILED: "Undoing it failed. A person sees to it.",
}


@dataclass(frozen=True, slots=True)
class Decided:
    """Who decided what, and when; never with what they wrote about it."""

    words: str
    iso: str
    at_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that `why.html` shows. `leaves` stand where nothing is known to differ;
    `action_url` only for those who see the action itself; `mine` are the reader's own reports."""

    title: str
    sentence: Text
    agent_name: str
    workflow_name: str
    team_name: str
    type_name: str
    tier: str
    tier_words: str
    state_words: str
    state_css: str
    changes_title: str
    changes: list[DiffRow]
    changes_words: str
    leaves: list[LeafRow]
    findings: list[Finding]
    decided: list[Decided]
    nobody_words: str
    came_of: str
    came_iso: str
    came_at_words: str
    way_back: str
    shared_words: str
    action_url: str
    form: ReportForm
    mine: list[Report]


def page(link: WhyLink, signed: str, person: Person) -> Page:
    """The page as this reader sees it now."""
    action, state = link.action, State(link.action.state)
    content = Content.objects.get(action=action, revision=action.revision)
    sent = in_schema_order(action.action_type.payload_schema, approved_payload(action, content))
    changed = [] if content.before is None else changes(content.before, sent)
    decided = _decided(action, person)
    return Page(
        title=f"Why did this happen: {action.action_type}",
        sentence=text(action.sentence),
        agent_name=action.agent.name,
        workflow_name=action.workflow.name,
        team_name=action.team.name,
        type_name=str(action.action_type),
        tier=action.tier,
        tier_words=words.TIERS[action.tier],
        state_words=words.state(action.state),
        state_css=STATE_CSS.get(action.state, ""),
        changes_title=_changes_title(state),
        changes=changed,
        changes_words=changes_words(changed) if changed else "",
        leaves=[] if changed else leaves(sent),
        findings=[finding(each) for each in content.findings],
        decided=decided,
        nobody_words="" if decided else NOBODY.get(state, BY_POLICY),
        came_of=CAME_OF[state],
        came_iso=action.changed_at.isoformat(),
        came_at_words=words.at(action.changed_at, person),
        way_back=way_back(action.action_type.rollback_path, action.action_type.rollback),
        shared_words=f"{link.maker} of {action.team} shared this. "
        f"The link works until {words.at(link.until, person)}.",
        action_url=_action_url(action, person),
        form=report_form(action, person, reverse("why_report", args=[signed])),
        mine=reports(action, person, only_own=True),
    )


def _changes_title(state: State) -> str:
    if state in APPROVED_ONCE - {State.APPROVED, State.RELEASED}:
        return "What was done"
    return "What it wants to change"


def _decided(action: Action, person: Person) -> list[Decided]:
    """The decisions that count for what it says now; none while others are still to decide."""
    if is_blind(action):
        return []
    standing = action.decisions.filter(
        revision=action.revision, verdict__in=DECIDING, undone_at__isnull=True
    )
    return [
        Decided(
            f"{decision.person} {DECIDED[Verdict(decision.verdict)]}",
            decision.created_at.isoformat(),
            words.at(decision.created_at, person),
        )
        for decision in standing.select_related("person").order_by("created_at")
    ]


def _action_url(action: Action, person: Person) -> str:
    seen = in_teams_of(person).filter(pk=action.pk).exists()
    return reverse("action", args=[action.pk]) if seen else ""
