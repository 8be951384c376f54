"""One action on one screen: sentence, impact, why, what changes, claims, undo and timeline."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse

from agents_registry import stops
from agents_registry.models import Person
from approvals import follow_ups, presence
from approvals.errors import Refused
from approvals.models import Action, Content, Decision, Verdict
from approvals.pages import content as says
from approvals.pages import words
from approvals.pages.bar import Bar, bar
from approvals.pages.content import Claim, DiffRow, LeafRow, Source, Text
from approvals.pages.timeline import Line, timeline
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
RULE_WORDS = {
    "matrix": "blast radius and reversibility",
    "mode": "the type's mode",
    "confidence_line": "confidence line",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of the impact."""

    label: str
    value: str
    small: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """The agent's confidence beside the line of its type."""

    text: str
    low: bool
    width: int
    line_x: int | None
    line_words: str
    record_words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    tier: str
    tier_words: str
    because: str
    rule_words: str
    rule_code: str
    ask_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A state of this screen that changes what one may do."""

    key: str
    css: str
    icon: str
    title: str
    body: str = ""
    link_words: str = ""
    link_url: str = ""
    undo_url: str = ""


@dataclass(frozen=True, slots=True)
class UndoPath:
    icon: str
    words: str
    sub: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWork:
    id: int
    title: str
    waits_words: str
    choices: list[tuple[str, str]]
    sub: str


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
    refusal: Refused | None = None,
    typed: Mapping[str, str] | None = None,
) -> Page:
    """The page as this person sees it now."""
    content = Content.objects.get(action=action, revision=action.revision)
    approved = _approved_payload(action, content)
    changes = says.changes(content.before, approved)
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
        run=says.text(action.run_id),
        run_url="",
        revision=action.revision,
        digest=action.payload_digest,
        digest_short=short(action.payload_digest),
        policy_revision=action.policy_revision,
        policy_short=action.policy_revision[7:11] + "…",
        policy_url=_type_url(action),
        needs_person=action.tier in {"mandatory", "batch_review"},
        facts=_facts(action),
        notes=_notes(action, person, refusal),
        follow_ups=_open_work(action, person),
        impact=_impact(action, content),
        findings=[finding(each) for each in content.findings],
        changes=changes,
        changes_words=says.changes_words(changes),
        before_words="Now, as the agent read it"
        if content.before is not None
        else "Now: not given",
        payload=says.leaves(approved),
        claims=says.claims(action, content),
        evidence=says.evidence(content),
        evidence_words=_counted(len(content.evidence), "source"),
        trace=trace,
        trace_words=_counted(len(trace), "entry", "entries"),
        confidence=_confidence(action),
        undo_paths=_undo_paths(action),
        timeline=timeline(action, person),
        bar=bar(action, person),
        open=(typed or {}).get("verdict", "") if refusal and refusal.status != 409 else "",
        typed=typed or {},
        error=refusal.detail if refusal else "",
    )


def done_words(decision: Decision, action: Action) -> str:
    """What the toast says after a verdict; never the agent's words."""
    return f"{DONE[Verdict(decision.verdict)]}: {action.action_type}"


def _approved_payload(action: Action, content: Content) -> Any:
    """The content that counts: the approved edit where there is one, else the agent's."""
    edited = action.decisions.filter(
        revision=action.revision, verdict=Verdict.EDITED, undone_at__isnull=True
    ).first()
    return edited.edited_payload if edited else content.payload


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
    if action.assignee:
        facts.append(f"with {action.assignee}")
    if action.requested_by:
        facts.append("asked for by a person")
    if action.authority == "advisory":
        facts.append("a recommendation, not an order")
    return facts


def _notes(action: Action, person: Person, refusal: Refused | None) -> list[Note]:
    notes = []
    if refusal and refusal.status == 409:
        notes.append(_conflict(action, refusal))
    for viewing in presence.others(action=action, person=person):
        since = words.clock_time(viewing.since, person)
        notes.append(
            Note(
                key=f"open-{viewing.person_id}", css="info", icon="eye",
                title=f"{viewing.person} has this open, since {since}",
                body="If both of you decide, the first decision counts and the second is told.",
            )
        )  # fmt: skip
    if stop := stops.stop_over(action.agent, action.action_type):
        owner = action.workflow.risk_owner
        notes.append(
            Note(
                key="stopped", css="bad", icon="stop", title="Stopped: nothing is released",
                body=f"“{stop.reason}” {owner} can turn it back on.",
            )
        )  # fmt: skip
    if action.held:
        notes.append(
            Note(
                key="held", css="warn", icon="clock", title="Nobody answered in time",
                body="The escalation chain is at its end. Nothing is done until you decide.",
            )
        )  # fmt: skip
    return notes


def _conflict(action: Action, refusal: Refused) -> Note:
    """Why the verdict was not taken, said kindly, with who was first."""
    if action.state == "pending":
        return Note(
            key="conflict", css="warn", icon="warn", title=refusal.detail,
            body=f"Below is revision {action.revision}, as it is now. What you typed is kept.",
        )  # fmt: skip
    first = action.decisions.select_related("person").order_by("-pk").first()
    who = f"{first.person} decided this before you. " if first else ""
    return Note(
        key="conflict", css="info", icon="check",
        title=f"{who}It is {words.state(action.state)}.",
        body="Your decision was not needed and was not recorded.",
        link_words="Next action", link_url=reverse("inbox"),
    )  # fmt: skip


def _open_work(action: Action, person: Person) -> list[OpenWork]:
    opened = action.follow_ups.filter(closed_at__isnull=True).select_related("assignee")
    return [
        OpenWork(
            id=item.pk,
            title=f"Open work: {words.state(item.kind)}",
            waits_words=f"waits for {item.assignee or action.agent}, "
            f"until {words.at(item.due_at, person)}",
            choices=follow_ups.choices(item) if follow_ups.can_close(person, item) else [],
            sub="Somebody else ends this.",
        )
        for item in opened
    ]


def _impact(action: Action, content: Content) -> list[Cell]:
    figures = content.computed_impact or {}
    money, people = figures.get("spend_delta"), figures.get("affected")
    line = action.action_type.confidence_line
    return [
        Cell("Money", f"{money} {figures.get('currency') or ''}".strip() if money else "none"),
        Cell("Reaches", "not known" if people is None else _counted(people, "record")),
        Cell("Undo", _undo_word(action)),
        Cell(
            "Confidence",
            "none given" if action.confidence is None else f"{action.confidence:.2f}",
            f"line is {line:.2f}" if line is not None else "this type has no line",
        ),
    ]


def _undo_word(action: Action) -> str:
    return "cannot be undone" if action.action_type.reversibility == "irreversible" else "possible"


def _undo_paths(action: Action) -> list[UndoPath]:
    path = action.action_type.rollback_path
    return [UndoPath("undo", path)] if path else []


def finding(found: Mapping[str, Any]) -> Finding:
    """A finding of the policy, in the same words for agent, reviewer and auditor."""
    rule, _, code = str(found["rule"]).partition(":")
    ask = found.get("ask")
    return Finding(
        tier=found["tier"],
        tier_words=words.TIERS[found["tier"]],
        because=found["because"],
        rule_words=RULE_WORDS.get(rule, rule.replace("_", " ")),
        rule_code=code,
        ask_words=f"{words.who(ask)} signs" if ask else "",
    )


def _confidence(action: Action) -> Reading:
    line, given = action.action_type.confidence_line, action.confidence
    return Reading(
        text="" if given is None else f"{given:.2f}",
        low=line is not None and (given is None or given < line),
        width=round(40 * float(given or 0)),
        line_x=None if line is None else round(40 * float(line)),
        line_words="" if line is None else f"{line:.2f}",
    )


def _type_url(action: Action) -> str:
    return reverse("registry_action_type", args=[action.workflow.slug, action.action_type.key])


def short(digest: str) -> str:
    """A digest as the page names it."""
    return f"{digest[:11]}…{digest[-4:]}"


def _counted(count: int, noun: str, nouns: str = "") -> str:
    return f"{count} {noun if count == 1 else nouns or noun + 's'}"
