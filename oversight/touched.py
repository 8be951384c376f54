"""One stop and what agents had done under it before: the list for whoever cleans up after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse

from agents_registry.models import Agent, Person, Stop, StopKind, Workflow
from agents_registry.words import way_back
from approvals.models import Action, Lease
from approvals.pages import words
from approvals.pages.content import Text, text
from approvals.querysets import covered_by
from approvals.stopping import workflows_under
from oversight.needs import stopped_name

SINCE = {"1h": ("an hour before", 1), "24h": ("a day before", 24), "7d": ("a week before", 7 * 24)}
"""How far back to look, in words, and its hours."""
DEFAULT = "24h"
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Touched:
    """An action that an agent took in that time."""

    url: str
    sentence: Text
    subject: Text
    agent: str
    state: str
    way_back: str
    taken: str
    iso: str


@dataclass(frozen=True, slots=True)
class StopPage:
    """The whole page; `more` is the address of what comes after, or empty; `incident` that of
    the page on which all that was done under it can be undone."""

    id: UUID
    name: str
    reason: str
    by: str
    at: str
    lifted: str
    note: str
    turned_on_by: str
    can_resume: bool
    stop: Stop
    since: str
    choices: dict[str, str]
    rows: list[Touched]
    more: str
    incident: str


def page(stop: Stop, person: Person, asked: Mapping[str, str]) -> StopPage:
    """The page for this person; `asked` may name `since` and the lease `after` which to go on."""
    since = asked.get("since", "")
    since = since if since in SINCE else DEFAULT
    begin = stop.at - timedelta(hours=SINCE[since][1])
    leases = _leases(stop, begin, asked.get("before", ""))
    rows, rest = leases[:AT_ONCE], leases[AT_ONCE:]
    owners = {w.risk_owner for w in workflows_under(stop.team, StopKind(stop.kind), stop.target)}
    return StopPage(
        id=stop.pk,
        name=stopped_name(stop.team, stop),
        reason=stop.reason,
        by=str(stop.by) if stop.by else "the escalation chain",
        at=words.at(stop.at, person),
        lifted=f"{stop.lifted_by}, {words.at(stop.lifted_at, person)}" if stop.lifted_at else "",
        note=stop.note,
        turned_on_by=", ".join(sorted(str(owner) for owner in owners)),
        can_resume=owners == {person} and stop.lifted_at is None,
        stop=stop,
        since=since,
        choices={name: title for name, (title, _) in SINCE.items()},
        rows=[_touched(lease, person) for lease in rows],
        more="?" + urlencode({"since": since, "before": _cursor(rows[-1])}) if rest else "",
        incident=f"{reverse('rollbacks')}?{urlencode(_incident(stop, begin, person))}",
    )


def _incident(stop: Stop, begin: datetime, person: Person) -> dict[str, str]:
    """What the stop covers, since then, as the page that undoes it asks for it."""
    local = begin.astimezone(ZoneInfo(person.time_zone))
    found = {"team": stop.team.slug, "from": f"{local:%Y-%m-%dT%H:%M}"}
    pk, _, key = stop.target.partition("/")
    if stop.kind == StopKind.AGENT:
        return {**found, "agent": Agent.objects.get(pk=pk).slug}
    if stop.kind in {StopKind.WORKFLOW, StopKind.ACTION_TYPE}:
        return {**found, "type": f"{Workflow.objects.get(pk=pk).slug}/{key}"}
    return found


def _leases(stop: Stop, begin: datetime, before: str) -> list[Lease]:
    """What was taken from then on, the last first, one more than a page holds."""
    until = _instant(before) or stop.lifted_at
    leases = Lease.objects.filter(action__in=covered_by(stop), leased_at__gte=begin)
    if until:
        leases = leases.filter(leased_at__lt=until)
    found = leases.select_related("action__agent", "action__action_type").order_by("-leased_at")
    return list(found[: AT_ONCE + 1])


def _cursor(lease: Lease) -> str:
    return lease.leased_at.isoformat()


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _touched(lease: Lease, person: Person) -> Touched:
    action: Action = lease.action
    return Touched(
        url=f"/actions/{action.pk}/",
        sentence=text(action.sentence),
        subject=text(action.subject_label or action.subject_id),
        agent=str(action.agent),
        state=words.state(action.state),
        way_back=way_back(action.action_type.rollback_path, action.action_type.rollback),
        taken=words.clock_time(lease.leased_at, person),
        iso=lease.leased_at.isoformat(),
    )
