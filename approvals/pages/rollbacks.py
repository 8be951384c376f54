"""All of an incident on one page: how it is found, and what of it can be undone or is already."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse

from agents_registry import stops
from agents_registry.models import ActionType, Agent, Person, Team
from agents_registry.words import counted
from approvals import rollbacks
from approvals.pages import words
from approvals.pages.content import Text, text
from approvals.pages.head import STATE_CSS
from approvals.rollbacks import MOST, Act, Candidate, Incident

FIELDS = ("team", "agent", "type", "run", "rule", "from", "until")
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    words: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One action; with `why_not` it cannot be chosen."""

    id: UUID
    url: str
    sentence: Text
    where: str
    iso: str
    at_words: str
    state: str
    state_css: str
    way: str
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`place` is what is looked for, as a query; empty while nothing is."""

    typed: Mapping[str, str]
    agents: list[Option]
    types: list[Option]
    zone: str
    place: str
    rows: list[Row]
    can: int
    counts: list[tuple[str, str]]
    more: str
    stopped: str
    reason: str
    error: str


def read(said: Mapping[str, str], team: Team, person: Person) -> tuple[Incident, dict[str, str]]:
    """What a query asks for, and the same as it was typed; what cannot be read counts as empty."""
    typed = {name: said.get(name, "").replace("\x00", "").strip()[:LONGEST] for name in FIELDS}
    incident = Incident(
        team=team,
        agent=typed["agent"],
        run_id=typed["run"],
        action_type=typed["type"],
        rule=typed["rule"],
        since=_instant(typed["from"], person),
        until=_instant(typed["until"], person),
    )
    return incident, typed


def page(
    incident: Incident,
    typed: Mapping[str, str],
    person: Person,
    *,
    reason: str = "",
    error: str = "",
) -> Page:
    """The form, and what was found; nothing is looked for before something is named."""
    found = rollbacks.preview(incident, person) if incident.is_named else None
    candidates = found.candidates if found else []
    return Page(
        typed=typed,
        agents=_agents(incident),
        types=_types(incident),
        zone=person.time_zone.replace("_", " "),
        place=place_of(typed) if incident.is_named else "",
        rows=[_row(each, person) for each in candidates],
        can=sum(not each.why_not for each in candidates),
        counts=_counts(candidates),
        more=f"The newest {MOST} are shown. Narrow it down to see others." if _more(found) else "",
        stopped=_stopped(incident.team),
        reason=reason,
        error=error,
    )


def place_of(typed: Mapping[str, str]) -> str:
    """What is looked for, as a query."""
    return urlencode({name: value for name, value in typed.items() if value})


def done_words(act: Act, *, drilled: bool) -> str:
    """What the toast says after an act."""
    did = "Rehearsed" if drilled else "Asked for"
    said = [f"{did} the rollback of {counted(len(act.done), 'action')}."]
    if act.refused:
        said.append(f"{len(act.refused)} could not be, the list says why.")
    if act.left:
        said.append(f"{len(act.left)} are left: go on below.")
    return " ".join(said)


def _instant(said: str, person: Person) -> datetime | None:
    """A local time of the reader's, as browsers send it."""
    try:
        read = datetime.fromisoformat(said)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=ZoneInfo(person.time_zone))


def _agents(incident: Incident) -> list[Option]:
    rows = Agent.objects.filter(team=incident.team).order_by("name")
    return [Option(row.slug, row.name, row.slug == incident.agent) for row in rows]


def _types(incident: Incident) -> list[Option]:
    rows = ActionType.objects.filter(workflow__team=incident.team, retired_at__isnull=True)
    named: dict[str, str] = {}
    for row in rows.select_related("workflow").order_by("workflow__name", "key"):
        named.setdefault(f"{row.workflow.slug}/", f"All of {row.workflow}")
        named[f"{row.workflow.slug}/{row.key}"] = f"{row} in {row.workflow}"
    return [Option(value, said, value == incident.action_type) for value, said in named.items()]


def _row(candidate: Candidate, person: Person) -> Row:
    action, way = candidate.action, candidate.way
    by = f"by another action: {way.action_type}" if way.action_type else "by its agent"
    return Row(
        id=action.pk,
        url=reverse("action", args=[action.pk]),
        sentence=text(action.sentence),
        where=f"{action.action_type} in {action.workflow} · {action.agent.name}",
        iso=action.created_at.isoformat(),
        at_words=words.clock_time(action.created_at, person),
        state=words.state(action.state),
        state_css=STATE_CSS.get(action.state, ""),
        way="" if candidate.why_not else by,
        why_not=candidate.why_not,
    )


def _counts(candidates: Sequence[Candidate]) -> list[tuple[str, str]]:
    of_state = Counter(each.action.state for each in candidates).most_common()
    return [(f"{count} {words.state(name)}", STATE_CSS.get(name, "")) for name, count in of_state]


def _more(found: rollbacks.Preview | None) -> bool:
    return found is not None and found.more


def _stopped(team: Team) -> str:
    """What a stop means for an undoing, where one is in force."""
    if not stops.in_force(team):
        return ""
    return (
        "A stop is in force: what undoes a stopped agent's actions is decided now, and taken when "
        "it is turned on again."
    )
