"""When somebody is away, who stands in, and what moves: the page for it and its words."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse

from agents_registry import absences, delegates
from agents_registry.calendars import working_spans
from agents_registry.current_team import teams_seen_by
from agents_registry.models import Absence, Person, Team, Workflow
from agents_registry.permissions import owned_by
from agents_registry.sla import Calendar
from agents_registry.words import counted
from approvals.absences import Handed, waiting_for
from approvals.pages import words
from ledger import clock

START_OF_WORK = time(9)
A_WEEK = timedelta(days=7)
NOBODY = (
    "Nobody is named. What waits goes to the deputy of the role, else to the workflow owner, else "
    "to the manager; what was taken from a pool goes back to it."
)


@dataclass(frozen=True, slots=True)
class Line:
    """An absence that is set. `remarks` say where its delegate does not cover it."""

    id: int
    begun: bool
    from_words: str
    from_iso: str
    until_words: str
    until_iso: str
    stands_in: str
    note: str
    set_by: str
    remarks: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`typed` is what stands in the form; `may` are usernames and names of who may stand in,
    `may_not` says why others may not, `preview` what would move."""

    name: str
    own: bool
    url: str
    back_url: str
    zone: str
    lines: list[Line]
    typed: Mapping[str, str]
    may: list[tuple[str, str]]
    may_not: list[str]
    waiting_words: str
    preview: list[str]
    error: str


def page(
    person: Person,
    reader: Person,
    *,
    typed: Mapping[str, str] | None = None,
    preview: Sequence[str] = (),
    error: str = "",
) -> Page:
    """The page of `person`, as they or a manager of theirs read it."""
    own = person == reader
    teams = list(teams_in_common(person, reader))
    colleagues = delegates.candidates(person, teams)
    return Page(
        name=str(person),
        own=own,
        url=reverse("away") if own else reverse("away_of", args=[person.username]),
        back_url=reverse("me") if own else reverse("team_row", args=["people", person.username]),
        zone=reader.time_zone.replace("_", " "),
        lines=[_line(each, reader, teams) for each in absences.of(person)],
        typed=typed or _defaults(person, reader),
        may=[(each.person.username, str(each.person)) for each in colleagues if not each.why_not],
        may_not=[each.why_not for each in colleagues if each.why_not],
        waiting_words=_waiting_words(person, reader),
        preview=list(preview),
        error=error,
    )


def teams_in_common(person: Person, reader: Person) -> Iterable[Team]:
    """What a manager sees of somebody who is in other teams too ends at the team's wall."""
    theirs = Team.objects.filter(members=person).order_by("name")
    return theirs if person == reader else theirs.filter(pk__in=teams_seen_by(reader).values("pk"))


def handed_words(handed: Sequence[Handed], person: Person, *, verb: str) -> list[str]:
    """To whom open work goes, would go or went (`verb`), a sentence for each of them."""
    return [_handed(each, person, verb) for each in handed]


def _handed(each: Handed, person: Person, verb: str) -> str:
    one = each.actions + each.open_items == 1
    work = _work_words(each.actions, each.open_items)
    if each.to == person:
        return f"{work} stay{'s' if one else ''} with {person}: nobody else may have it."
    moves = "goes" if one and verb == "go" else verb
    return f"{work} {moves} {f'to {each.to}' if each.to else 'back to the pool'}."


def _line(absence: Absence, reader: Person, teams: Collection[Team]) -> Line:
    by = absence.set_by
    return Line(
        id=absence.pk,
        begun=absence.starts_at <= clock.now(),
        from_words=words.at(absence.starts_at, reader),
        from_iso=absence.starts_at.isoformat(),
        until_words=words.at(absence.ends_at, reader),
        until_iso=absence.ends_at.isoformat(),
        stands_in=str(absence.delegate or ""),
        note=absence.note,
        set_by="" if by == absence.person else str(by),
        remarks=_remarks(absence, reader, teams),
    )


def _remarks(absence: Absence, reader: Person, teams: Collection[Team]) -> list[str]:
    """Where the delegate does not cover the absence, and who is asked then."""
    delegate = absence.delegate
    if delegate is None:
        return [NOBODY]
    standing = delegates.candidate(absence.person, delegate, teams)
    if standing.why_not:
        return [f"{standing.why_not} Until then the next named person is asked."]
    missing = [
        f"{delegate} is not in {team}: there, the next named person is asked."
        for team in standing.not_in
    ]
    also = absences.during(delegate, absence.starts_at, absence.ends_at)
    return [*missing, *(_also_away(each, delegate, reader) for each in also)]


def _also_away(other: Absence, delegate: Person, reader: Person) -> str:
    start, end = (words.clock_time(at, reader) for at in (other.starts_at, other.ends_at))
    then = f"{other.delegate} stands in" if other.delegate else "the next named person is asked"
    return f"{delegate} is away too, from {start} to {end}: then {then}."


def _waiting_words(person: Person, reader: Person) -> str:
    waiting, whom = waiting_for(person, reader), "you" if person == reader else str(person)
    actions, items = len(waiting.actions), len(waiting.open_items)
    if not actions and not items:
        return f"Nothing waits for {whom} in particular now."
    waits = "waits" if actions + items == 1 else "wait"
    return f"{_work_words(actions, items)} {waits} for {whom} now."


def _work_words(actions: int, open_items: int) -> str:
    parts = [counted(actions, "action")] if actions else []
    return " and ".join([*parts, counted(open_items, "open item")] if open_items else parts)


# What stands in the form before anybody typed


def _defaults(person: Person, reader: Person) -> dict[str, str]:
    """From the start of work tomorrow, for a week."""
    zone, calendar = ZoneInfo(reader.time_zone), _calendar(person)
    tomorrow = clock.now().astimezone(zone).date() + timedelta(days=1)
    start = _start_of_work(tomorrow, zone, calendar)
    end = _start_of_work(start.date() + A_WEEK, zone, calendar)
    return {
        "from_on": f"{start:%Y-%m-%d}",
        "from_at": f"{start:%H:%M}",
        "until_on": f"{end:%Y-%m-%d}",
        "until_at": f"{end:%H:%M}",
    }


def _start_of_work(day: date, zone: ZoneInfo, calendar: Calendar | None) -> datetime:
    """The first opening of the calendar from that day on, or nine o'clock."""
    midnight = datetime.combine(day, time(), zone)
    spans = working_spans(midnight, midnight + 4 * A_WEEK, calendar) if calendar else iter(())
    _, opens, _ = next(spans, (day, datetime.combine(day, START_OF_WORK, zone), None))
    return opens.astimezone(zone)


def _calendar(person: Person) -> Calendar | None:
    """The working hours of a workflow that the person has to do with."""
    theirs = Workflow.objects.filter(owned_by(person) | Q(pool__people=person), archived_at=None)
    workflow = theirs.select_related("calendar").order_by("name").first()
    return Calendar.from_document(workflow.calendar.document) if workflow else None
