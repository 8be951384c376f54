"""Mistakes that people reported about an action, and the form for one more."""

from dataclasses import dataclass

from agents_registry.models import Person
from agents_registry.words import counted
from approvals import mistakes, rollback
from approvals.models import Action, FollowUpKind, Mistake, Severity
from approvals.pages import words
from approvals.pages.bar import Choice
from approvals.pages.content import Text, text
from approvals.permissions import why_no_rollback
from ledger import record
from ledger.models import Event

SEVERITY_CSS = {Severity.MINOR: "", Severity.HARMFUL: "warn", Severity.SEVERE: "bad"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A mistake, by whom and when."""

    who: str
    iso: str
    at_words: str
    what: Text
    severity_words: str
    severity_css: str
    cleanup_words: str
    wishes_rollback: bool


@dataclass(frozen=True, slots=True)
class ReportForm:
    """`rollback_words`: what becomes of the wish to roll it back; empty where that is no way."""

    url: str
    severities: list[Choice]
    rollback_words: str


def reports(action: Action, person: Person, *, only_own: bool = False) -> list[Report]:
    """What was reported about it, by anybody or by this person, the oldest first."""
    mine = {"reporter": person} if only_own else {}
    found = action.mistakes.filter(**mine).select_related("reporter").order_by("created_at", "pk")
    reported = list(found)
    wishes = _wishes(action) if reported else set()
    return [_report(mistake, person, mistake.pk in wishes) for mistake in reported]


def report_form(action: Action, person: Person, url: str) -> ReportForm:
    return ReportForm(
        url=url,
        severities=[Choice(each.value, str(each.label)) for each in Severity],
        rollback_words=_rollback_words(action, person),
    )


def reported_words(mistake: Mistake) -> str:
    """What the reporter is told: whose work it is now, or that the agent was asked to undo it."""
    work = mistake.action.follow_ups.filter(kind=FollowUpKind.MISTAKE, closed_at__isnull=True)
    if work.exists():
        return "Reported. The workflow owner has it as open work."
    return "Reported, and the agent is asked to roll it back."


def _report(mistake: Mistake, person: Person, wishes_rollback: bool) -> Report:
    severity, minutes = Severity(mistake.severity), mistake.cleanup_minutes
    return Report(
        who=str(mistake.reporter),
        iso=mistake.created_at.isoformat(),
        at_words=words.clock_time(mistake.created_at, person),
        what=text(mistake.what),
        severity_words=str(severity.label),
        severity_css=SEVERITY_CSS[severity],
        cleanup_words=f"{counted(minutes, 'minute')} of cleanup" if minutes else "",
        wishes_rollback=wishes_rollback,
    )


def _wishes(action: Action) -> set[int]:
    """The reports whose wish for rollback somebody else has to carry out."""
    events = Event.objects.filter(stream=action.stream, type=mistakes.REPORTED)
    bodies = [record.body_of(event) for event in events.prefetch_related("sealed")]
    return {body["mistake"] for body in bodies if body["wishes_rollback"]}


def _rollback_words(action: Action, person: Person) -> str:
    if rollback.why_not_now(action):
        return ""
    if why_no_rollback(person, action):
        return "The workflow owner is told that you wish it"
    return "The agent is asked at once"
