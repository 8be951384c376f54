"""Whom stops, lowered modes, changes to be signed and absences concern as they stand now."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from agents_registry import change_requests, roles
from agents_registry.models import (
    OWNER_ROLES,
    Absence,
    ActionType,
    Agent,
    ChangeRequest,
    Downgrade,
    Membership,
    Person,
    Role,
    Stop,
    StopKind,
    Team,
    Workflow,
)
from approvals.models import Notice, NoticeKind
from approvals.notices.news import News
from approvals.stopping import workflows_under

LIFTED = {"stop.lifted"}
ASKED = {"change.asked"}
LOWERED = {"action_type.mode_lowered"}
SET = {"absence.set"}


def stops(news: Mapping[str, News]) -> Iterator[Notice]:
    """A stop: to the four owners of what it covers and the managers. Its end: to whoever heard of
    it and whoever pressed it. Not to who did it."""
    for stop in Stop.objects.filter(pk__in=news).select_related("team", "by"):
        if stop.lifted_at is None:
            kind, key, people = NoticeKind.STOPPED, f"stop:{stop.pk}", _answering(stop)
            done_by = stop.by_id
        else:
            kind, key, people = NoticeKind.RESUMED, f"resumed:{stop.pk}", _who_heard(stop)
            done_by = stop.lifted_by_id
        about = {"stop": str(stop.pk), "what": _name(stop)}
        for person_id in people - {done_by}:
            yield Notice(team_id=stop.team_id, person_id=person_id, kind=kind, key=key, about=about)


def lowered_modes(news: Mapping[str, News], since: datetime) -> Iterator[Notice]:
    """A mode that went down: to whoever is to review it."""
    names = [UUID(name) for name, happened in news.items() if happened.has(LOWERED)]
    lowered = Downgrade.objects.filter(
        action_type__workflow__in=names, lifted_at__isnull=True, at__gte=since
    )
    for downgrade in lowered.select_related("action_type__workflow"):
        yield Notice(
            team_id=downgrade.action_type.workflow.team_id,
            person_id=downgrade.reviewer_id,
            kind=NoticeKind.DOWNGRADED,
            key=f"downgrade:{downgrade.pk}",
            about={"downgrade": str(downgrade.pk)},
        )


def signatures(news: Mapping[str, News], since: datetime) -> Iterator[Notice]:
    """A change that waits to be signed: to everybody who may sign it now."""
    names = [name for name, happened in news.items() if happened.has(ASKED)]
    for team in Team.objects.filter(pk__in=names):
        requests = list(change_requests.open_requests(team).filter(at__gte=since))
        for person in _who_answer_in(team) if requests else ():
            yield from _to_sign(requests, person)


def delegations(news: Mapping[str, News], now: datetime) -> Iterator[Notice]:
    """Somebody is to stand in: to them, unless they set it themselves."""
    people = [int(name) for name, happened in news.items() if happened.has(SET)]
    standing = Absence.objects.filter(
        person__in=people, called_off_at__isnull=True, ends_at__gt=now, delegate__isnull=False
    )
    for absence in standing:
        if absence.delegate_id != absence.set_by_id:
            yield Notice(
                team_id=UUID(news[str(absence.person_id)].scope),
                person_id=absence.delegate_id,
                kind=NoticeKind.DELEGATED,
                key=f"absence:{absence.pk}",
                about={"absence": absence.pk},
            )


def _answering(stop: Stop) -> set[int]:
    """The owners as they can be reached now, and the team's managers."""
    covered = workflows_under(stop.team, StopKind(stop.kind), stop.target)
    owners = {roles.owner(workflow, role) for workflow in covered for role in OWNER_ROLES}
    managers = Membership.objects.filter(
        team=stop.team_id, role=Role.MANAGER, person__is_active=True
    )
    return {owner.pk for owner in owners if owner} | set(
        managers.values_list("person_id", flat=True)
    )


def _who_heard(stop: Stop) -> set[int]:
    heard = Notice.objects.filter(key=f"stop:{stop.pk}", person__is_active=True)
    people = set(heard.values_list("person_id", flat=True))
    return {person for person in (*people, stop.by_id) if person is not None}


def _name(stop: Stop) -> str:
    """What is stopped, as the registry calls it."""
    found: Agent | Workflow | ActionType | None = None
    match stop.kind:
        case StopKind.AGENT:
            found = Agent.objects.filter(pk=stop.target).first()
        case StopKind.WORKFLOW:
            found = Workflow.objects.filter(pk=stop.target).first()
        case StopKind.ACTION_TYPE:
            workflow, _, key = stop.target.partition("/")
            found = ActionType.objects.filter(workflow=UUID(workflow), key=key).first()
    return str(found or stop.target)


def _who_answer_in(team: Team) -> Iterable[Person]:
    """Everybody who can hold a role that signs: owners, managers, the governance lead."""
    managers = Membership.objects.filter(team=team, role=Role.MANAGER).values("person")
    owners = [
        Workflow.objects.filter(team=team, archived_at__isnull=True).values(role)
        for role in OWNER_ROLES
    ]
    named = Q(pk__in=managers) | Q(pk=team.governance_lead_id)
    for owner in owners:
        named |= Q(pk__in=owner)
    return Person.objects.filter(named, is_active=True)


def _to_sign(requests: Iterable[ChangeRequest], person: Person) -> Iterator[Notice]:
    for request_id in change_requests.signable(requests, person):
        yield Notice(
            team_id=next(each.team_id for each in requests if each.pk == request_id),
            person=person,
            kind=NoticeKind.SIGNATURE,
            key=f"signature:{request_id}",
            about={"request": str(request_id)},
        )
