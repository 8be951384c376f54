"""One action on one screen, each part made by its own module."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from agents_registry.models import Person
from approvals import four_eyes, ruled_out
from approvals.errors import Refused
from approvals.models import Action, Content, Decision, Verdict
from approvals.pages.afterwards import Afterwards, afterwards
from approvals.pages.bar import Bar, bar
from approvals.pages.batch import address_of
from approvals.pages.changes import Changes, changes
from approvals.pages.content import Claim, LeafRow, claims, leaves
from approvals.pages.earlier import Earlier, earlier
from approvals.pages.evidence import Evidence, evidence
from approvals.pages.head import Head, head
from approvals.pages.holder import Holder, holder
from approvals.pages.judgement import Reading, Why, confidence, why
from approvals.pages.memory import Memory, memory
from approvals.pages.notes import Note, OpenWork, notes, open_work
from approvals.pages.steps import Place, Steps, not_as_approved, steps
from approvals.pages.timeline import Line, timeline
from approvals.pages.undoing import Undoing, is_asked_for, undoing
from approvals.pages.versions import shown
from approvals.permissions import why_not
from approvals.states import State

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that `action.html` shows; `open`, `typed` and `error` after a refusal.

    A verdict is bound to `revision`, `digest` and `policy_revision`, an approval to
    `content_digest` as well: what stands on the page may be a colleague's edit.
    """

    id: UUID
    title: str
    view: str
    revision: int
    digest: str
    digest_short: str
    content_digest: str
    policy_revision: str
    policy_short: str
    head: Head
    holder: Holder | None
    notes: list[Note]
    follow_ups: list[OpenWork]
    steps: Steps | None
    not_as_approved: list[Place]
    why: Why
    earlier: Earlier
    memory: Memory
    changes: Changes
    claims: list[Claim]
    evidence: Evidence
    trace: list[LeafRow]
    confidence: Reading
    undoing: Undoing
    afterwards: Afterwards
    batch_url: str
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
    version: str = "",
    refusal: Refused | None = None,
    typed: Mapping[str, str] | None = None,
) -> Page:
    """The page as this person sees it now."""
    staged = Content.objects.get(action=action, revision=action.revision)
    version_shown = shown(action, staged, person, asked=version, view=view)
    content = version_shown.content
    changed = changes(action, version_shown, view=view, since_last=since_last)
    barred = why_not(person, action) if action.state == State.PENDING else ""
    asked = ruled_out.of(action)
    return Page(
        id=action.pk,
        title=f"{action.action_type} in {action.workflow}",
        view=view,
        revision=action.revision,
        digest=action.payload_digest,
        digest_short=short(version_shown.digest),
        content_digest=version_shown.digest,
        policy_revision=action.policy_revision,
        policy_short=action.policy_revision[7:11] + "…",
        head=head(action, person, staged=staged.payload, sent=changed.sent),
        holder=holder(action, person, decides=not barred),
        notes=notes(action, person, version_shown, refusal, barred=barred, asked=asked),
        follow_ups=open_work(action, person),
        steps=steps(action),
        not_as_approved=not_as_approved(action),
        why=why(action, content),
        earlier=earlier(action, content, person, view=view),
        memory=memory(action, person),
        changes=changed,
        claims=[] if is_asked_for(action, content) else claims(action, content),
        evidence=evidence(action, content, person),
        trace=_trace(action, content),
        confidence=confidence(action),
        undoing=undoing(action, person, content),
        afterwards=afterwards(action, person),
        batch_url=address_of(action),
        timeline=timeline(action, person),
        bar=None
        if barred
        else bar(action, person, folded=changed.folded, shown=version_shown, asked=asked),
        open=(typed or {}).get("verdict", "") if refusal and refusal.status != 409 else "",
        typed=typed or {},
        error=refusal.detail if refusal else "",
    )


def _trace(action: Action, content: Content) -> list[LeafRow]:
    """How the agent got there, where it was an agent."""
    told = content.trace and not is_asked_for(action, content)
    return leaves(content.trace) if told else []


def done_words(decision: Decision, action: Action) -> str:
    """What the toast says after a verdict; never the agent's words."""
    more = "; somebody else still has to" if four_eyes.waits_for_more(decision, action) else ""
    accepted = action.state == State.ACCEPTED and decision.verdict == Verdict.APPROVED
    done = "Accepted" if accepted else DONE[Verdict(decision.verdict)]
    return f"{done}{more}: {action.action_type}"


def short(digest: str) -> str:
    """A digest as the page names it."""
    return f"{digest[:11]}…{digest[-4:]}"
