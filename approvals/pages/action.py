"""One action on one screen: sentence, impact, why, what changes, claims, undo and timeline."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from agents_registry.models import Person
from agents_registry.words import counted
from approvals.errors import Refused
from approvals.judging import PEOPLES_TIERS
from approvals.models import Action, Content, Decision, Verdict
from approvals.pages import content as says
from approvals.pages import words
from approvals.pages.bar import Bar, bar
from approvals.pages.content import Claim, DiffRow, LeafRow, Source, Text
from approvals.pages.judgement import Cell, Finding, Reading, confidence, finding, impact
from approvals.pages.notes import Note, OpenWork, notes, open_work
from approvals.pages.timeline import Line, timeline
from approvals.payloads import in_schema_order
from approvals.release import approved_payload
from ledger import clock

CAN_BE_UNDONE = {Verdict.APPROVED, Verdict.EDITED, Verdict.REJECTED}
DONE = {
    Verdict.APPROVED: "Approved",
    Verdict.EDITED: "Approved with your changes",
    Verdict.REJECTED: "Rejected",
    Verdict.CHANGES_REQUESTED: "Sent back to the agent",
    Verdict.TAKEN_OVER: "Taken over",
    Verdict.ANSWERED: "Answered",
    Verdict.ESCALATED: "Escalated",
    Verdict.REASSIGNED: "Reassigned",
}
STATE_CSS = {
    "approved": "good", "succeeded": "good", "accepted": "good", "answered": "good",
    "released": "info", "rejected": "bad", "failed": "bad", "blocked": "bad", "unknown": "warn",
    "rollback_failed": "bad", "changes_requested": "warn", "expired": "warn",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Version:
    """A way to look at the changes: against now, or against the revision before."""

    url: str
    words: str
    current: bool


@dataclass(frozen=True, slots=True)
class UndoPath:
    icon: str
    words: str
    sub: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that `action.html` shows; `open`, `typed` and `error` after a refusal."""

    id: UUID
    title: str
    view: str
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
    subject_url: str
    run: Text
    run_url: str
    revision: int
    digest: str
    digest_short: str
    policy_revision: str
    policy_short: str
    policy_url: str
    needs_person: bool
    facts: list[str]
    notes: list[Note]
    follow_ups: list[OpenWork]
    impact: list[Cell]
    findings: list[Finding]
    changes: list[DiffRow]
    changes_words: str
    before_words: str
    versions: list[Version]
    payload: list[LeafRow]
    claims: list[Claim]
    evidence: list[Source]
    evidence_words: str
    trace: list[LeafRow]
    trace_words: str
    confidence: Reading
    undo_paths: list[UndoPath]
    timeline: list[Line]
    bar: Bar | None
    open: str
    typed: Mapping[str, str]
    error: str


def page(
    action: Action,
    person: Person,
    *,
    view: str = "mine",
    since_last: bool = False,
    refusal: Refused | None = None,
    typed: Mapping[str, str] | None = None,
) -> Page:
    """The page as this person sees it now."""
    content = Content.objects.get(action=action, revision=action.revision)
    approved = in_schema_order(action.action_type.payload_schema, approved_payload(action, content))
    earlier = _earlier(action) if since_last else None
    before = earlier.payload if earlier else content.before
    versions = earlier is not None
    changes = [] if before is None else says.changes(before, approved, versions=versions)
    payload = says.leaves(approved)
    trace = says.leaves(content.trace) if content.trace else []
    return Page(
        id=action.pk,
        title=f"{action.action_type} in {action.workflow}",
        view=view,
        tier=action.tier,
        tier_words=words.TIERS[action.tier],
        workflow_name=action.workflow.name,
        workflow_url=reverse("registry_workflow", args=[action.workflow.slug]),
        state_words="held" if action.held else words.state(action.state),
        state_css=STATE_CSS.get(action.state, ""),
        due=words.due_of(action, clock.now(), person) if action.state == "pending" else None,
        next_words=_next_words(action, person),
        sentence=says.text(action.sentence),
        agent_name=action.agent.name,
        subject=says.text(action.subject_label or action.subject_id),
        subject_url=_subject_url(action),
        run=says.text(action.run_id),
        run_url="",
        revision=action.revision,
        digest=action.payload_digest,
        digest_short=short(action.payload_digest),
        policy_revision=action.policy_revision,
        policy_short=action.policy_revision[7:11] + "…",
        policy_url=_type_url(action),
        needs_person=action.tier in PEOPLES_TIERS,
        facts=_facts(action),
        notes=notes(action, person, refusal),
        follow_ups=open_work(action, person),
        impact=impact(action, content),
        findings=[finding(each) for each in content.findings],
        changes=changes,
        changes_words=_changes_words(before, changes),
        before_words=_before_words(content, earlier),
        versions=_versions(action, view, since_last),
        payload=payload,
        claims=says.claims(action, content),
        evidence=says.evidence(content),
        evidence_words=counted(len(content.evidence), "source"),
        trace=trace,
        trace_words=counted(len(trace), "entry", "entries"),
        confidence=confidence(action),
        undo_paths=_undo_paths(action),
        timeline=timeline(action, person),
        bar=bar(action, person, folded=any(leaf.rest for leaf in payload)),
        open=(typed or {}).get("verdict", "") if refusal and refusal.status != 409 else "",
        typed=typed or {},
        error=refusal.detail if refusal else "",
    )


def done_words(decision: Decision, action: Action) -> str:
    """What the toast says after a verdict; never the agent's words."""
    return f"{DONE[Verdict(decision.verdict)]}: {action.action_type}"


def _earlier(action: Action) -> Content | None:
    """What the revision before this one said."""
    return action.contents.filter(revision=action.revision - 1).first()


def _changes_words(before: Any, changes: list[DiffRow]) -> str:
    if before is None:
        return "Nothing was there before, or the agent did not say"
    return says.changes_words(changes)


def _before_words(content: Content, earlier: Content | None) -> str:
    if earlier:
        return f"Revision {earlier.revision}"
    return "Now: not given" if content.before is None else "Now, as the agent read it"


def _versions(action: Action, view: str, since_last: bool) -> list[Version]:
    if action.revision == 1:
        return []
    url = f"{reverse('action', args=[action.pk])}?view={view}"
    last = f"Changes since revision {action.revision - 1}"
    return [
        Version(url, "As it will be done", not since_last),
        Version(f"{url}&since=last", last, since_last),
    ]


def _next_words(action: Action, person: Person) -> str:
    if action.state != "pending" or action.due_at is None or action.held:
        return ""
    due = words.clock_time(action.due_at, person)
    if action.step + 1 < len(action.stages):
        whom = words.who(action.stages[action.step + 1]["who"])
        return f"due {due}, then it goes to the {whom}"
    return f"due {due}, then the chain is at its end"


def _subject_url(action: Action) -> str:
    if not action.subject_id:
        return ""
    return f"{reverse('inbox')}?{urlencode({'view': 'all', 'q': action.subject_id})}"


def _facts(action: Action) -> list[str]:
    facts = [words.MODES[action.mode]]
    if action.assignee:
        facts.append(f"with {action.assignee}")
    if action.requested_by:
        facts.append("asked for by a person")
    if action.authority == "advisory":
        facts.append("a recommendation, not an order")
    return facts


def _undo_paths(action: Action) -> list[UndoPath]:
    path = action.action_type.rollback_path
    return [UndoPath("undo", path)] if path else []


def _type_url(action: Action) -> str:
    return reverse("registry_action_type", args=[action.workflow.slug, action.action_type.key])


def short(digest: str) -> str:
    """A digest as the page names it."""
    return f"{digest[:11]}…{digest[-4:]}"
