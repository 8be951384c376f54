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
from approvals.models import Action, FollowUp, FollowUpKind, Purpose
from approvals.pages import words
from approvals.pages.content import Text, text
from approvals.pages.head import STATE_CSS
from approvals.rollbacks import MOST, Act, Candidate, Incident
from approvals.states import State

FIELDS = ("team", "agent", "type", "run", "rule", "from", "until")
LONGEST = 300
MOST_STAGED = 3
"""Of what was staged to undo one action, the newest."""

NOTHING_NAMED = (
    "Nothing was looked for. Name an agent, an action type, a run, a rule, or when it began."
)
GENERAL_RULES = {
    "confidence_line": "It was below the confidence line",
    "missing:before": "It did not say what was there before",
    "missing:trace": "It did not show how the agent came to it",
}


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    words: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Staged:
    """What was staged to undo an action, or to rehearse that."""

    words: str
    url: str
    state: str
    state_css: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One action; with `why_not` it cannot be chosen. `staged` has the newest first. `doubted`: its
    rollback is reported, and nothing had changed."""

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
    staged: list[Staged]
    doubted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`place` is what is looked for, as a query; empty while nothing is. `rules` are proposed: any
    other that a finding names can be typed."""

    typed: Mapping[str, str]
    agents: list[Option]
    types: list[Option]
    rules: list[Option]
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
    listed, staged = _listed(incident.team), _staged(candidates)
    doubted = _doubted(candidates)
    return Page(
        typed=typed,
        agents=_agents(incident),
        types=_types(listed, incident),
        rules=_rules(listed, incident),
        zone=person.time_zone.replace("_", " "),
        place=place_of(typed) if incident.is_named else "",
        rows=[
            _row(each, staged[each.action.pk], each.action.pk in doubted, person)
            for each in candidates
        ],
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
    if drilled and act.done:
        said.append("The list leads to what would be staged.")
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


def _listed(team: Team) -> list[ActionType]:
    rows = ActionType.objects.filter(workflow__team=team, retired_at__isnull=True)
    return list(rows.select_related("workflow").order_by("workflow__name", "key"))


def _types(listed: Sequence[ActionType], incident: Incident) -> list[Option]:
    named: dict[str, str] = {}
    for row in listed:
        named.setdefault(f"{row.workflow.slug}/", f"All of {row.workflow}")
        named[f"{row.workflow.slug}/{row.key}"] = f"{row} in {row.workflow}"
    return [Option(value, said, value == incident.action_type) for value, said in named.items()]


def _rules(listed: Sequence[ActionType], incident: Incident) -> list[Option]:
    """Stop rules, thresholds and limits of the action types, by the names that findings give."""
    named = dict(GENERAL_RULES)
    for row in listed:
        for rule in row.stop_rules:
            named.setdefault(f"stop_rule:{rule['id']}", rule.get("words") or "A stop rule")
        for each in row.thresholds:
            named.setdefault(f"threshold:{each['metric']}", "A threshold of an action")
        for each in row.cumulative:
            named.setdefault(f"cumulative:{each['id']}", "A limit over several actions")
    return [Option(value, said, value == incident.rule) for value, said in sorted(named.items())]


def _staged(candidates: Sequence[Candidate]) -> dict[UUID, list[Staged]]:
    """By the action, the newest first; in one query."""
    found: dict[UUID, list[Staged]] = {each.action.pk: [] for each in candidates}
    rows = Action.objects.filter(rolls_back__in=list(found)).order_by("-pk")
    for row in rows.only("state", "purpose", "rolls_back") if found else ():
        drill = row.purpose == Purpose.EVAL
        said = "A rehearsal of undoing it" if drill else "What undoes it"
        url, css = reverse("action", args=[row.pk]), STATE_CSS.get(row.state, "")
        if row.rolls_back_id:
            found[row.rolls_back_id].append(Staged(said, url, words.state(row.state), css))
    return {pk: each[:MOST_STAGED] for pk, each in found.items()}


def _doubted(candidates: Sequence[Candidate]) -> set[UUID]:
    ids = [each.action.pk for each in candidates if each.action.state == State.ROLLED_BACK]
    doubts = FollowUp.objects.filter(
        action__in=ids, kind=FollowUpKind.PHANTOM_ROLLBACK, closed_at__isnull=True
    )
    return set(doubts.values_list("action_id", flat=True)) if ids else set()


def _row(candidate: Candidate, staged: list[Staged], doubted: bool, person: Person) -> Row:
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
        staged=staged,
        doubted=doubted,
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
        "What is to undo something that was stopped can be decided now. It is taken when that is "
        "turned on again."
    )
