"""Sets when somebody is away and who stands in meanwhile, and calls that off again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet

from agents_registry import delegates
from agents_registry.models import Absence, Membership, Person, Role, Team
from ledger import clock, record

LONGEST = timedelta(days=366)
MOST_HOPS = 5
NOTHING_SET = "Nothing was set."


class CannotBeAway(Exception):
    """What is wrong with it, and what to do instead, in words; nothing was changed."""


@transaction.atomic
def set_away(
    *,
    person: Person,
    starts_at: datetime,
    ends_at: datetime,
    delegate: Person | None,
    note: str = "",
    actor: Person,
) -> Absence:
    """Writes down an absence; it begins now at the earliest.

    Raises PermissionDenied, or CannotBeAway: over already, longer than a year, another absence in
    that time, or a delegate who may not stand in.
    """
    check_may_set(actor, person)
    _lock(person, delegate)
    starts_at = max(starts_at, clock.now())
    _check_time(starts_at, ends_at)
    _check_no_other(person, starts_at, ends_at, actor)
    if delegate:
        _check_delegate(person, delegate, starts_at, ends_at)
    absence = Absence.objects.create(
        person=person,
        delegate=delegate,
        starts_at=starts_at,
        ends_at=ends_at,
        note=note[:200],
        set_by=actor,
        created_at=clock.now(),
    )
    _tell(absence, "absence.set", actor, sealed={"note": absence.note} if absence.note else {})
    return absence


@transaction.atomic
def call_off(*, absence: Absence, actor: Person) -> None:
    """Ends the absence now, or before it begins. What moved meanwhile stays where it is.

    Raises PermissionDenied, or CannotBeAway where it is over or called off already.
    """
    check_may_set(actor, absence.person)
    _lock(absence.person)
    absence.refresh_from_db(fields=["called_off_at", "ends_at"])
    if absence.called_off_at or absence.ends_at <= clock.now():
        raise CannotBeAway("It is over, or called off already. Nothing was changed.")
    absence.called_off_at = clock.now()
    absence.save(update_fields=["called_off_at"])
    _tell(absence, "absence.called_off", actor)


def of(person: Person) -> QuerySet[Absence]:
    """What is set for this person, now and later, the next one first."""
    standing = Absence.objects.filter(person=person, called_off_at=None, ends_at__gt=clock.now())
    return standing.select_related("person", "delegate", "set_by").order_by("starts_at")


def during(person: Person, starts_at: datetime, ends_at: datetime) -> QuerySet[Absence]:
    """The absences of this person that fall into that time."""
    standing = Absence.objects.filter(person=person, called_off_at=None)
    within = standing.filter(starts_at__lt=ends_at, ends_at__gt=starts_at)
    return within.select_related("delegate").order_by("starts_at")


def may_set(actor: Person, person: Person) -> bool:
    """People for themselves, and a manager for the people of the team."""
    if actor == person:
        return person.is_active
    managed = Membership.objects.filter(
        person=actor, role=Role.MANAGER, person__is_active=True
    ).values("team")
    return Membership.objects.filter(person=person, team__in=managed).exists()


def check_may_set(actor: Person, person: Person) -> None:
    if not may_set(actor, person):
        raise PermissionDenied(f"Only {person}, or a manager of a team of theirs, does this.")


def _check_time(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= clock.now():
        raise CannotBeAway(f"That time is over already. {NOTHING_SET} Choose a later end.")
    if ends_at <= starts_at:
        raise CannotBeAway(f"It would end before it begins. {NOTHING_SET} Choose a later end.")
    if ends_at - starts_at > LONGEST or starts_at - clock.now() > LONGEST:
        raise CannotBeAway(
            f"An absence begins within a year and lasts a year at most. {NOTHING_SET} For longer, "
            "a manager hands the roles to somebody else."
        )


def _check_no_other(person: Person, starts_at: datetime, ends_at: datetime, actor: Person) -> None:
    other = during(person, starts_at, ends_at).first()
    if other:
        zone = ZoneInfo(actor.time_zone)
        start, end = other.starts_at.astimezone(zone), other.ends_at.astimezone(zone)
        raise CannotBeAway(
            f"{person} is away already, from {start:%-d %b %Y %H:%M} to {end:%-d %b %Y %H:%M}. "
            f"{NOTHING_SET} Call that off first, or choose another time."
        )


def _check_delegate(
    person: Person, delegate: Person, starts_at: datetime, ends_at: datetime
) -> None:
    teams = list(Team.objects.filter(members=person).order_by("name"))
    if why_not := delegates.candidate(person, delegate, teams).why_not:
        raise CannotBeAway(f"{why_not} {NOTHING_SET}")
    if _leads_back(person, delegate, starts_at, ends_at):
        raise CannotBeAway(
            f"{delegate} is away in that time, and {person} stands in: it would go in a circle. "
            f"{NOTHING_SET} Choose somebody else."
        )


def _leads_back(
    person: Person, delegate: Person, starts_at: datetime, ends_at: datetime, hops: int = MOST_HOPS
) -> bool:
    """Whether whoever stands in for the delegate in that time is, in the end, the person."""
    if delegate == person or not hops:
        return delegate == person
    return any(
        _leads_back(
            person,
            each.delegate,
            max(starts_at, each.starts_at),
            min(ends_at, each.ends_at),
            hops - 1,
        )
        for each in during(delegate, starts_at, ends_at)
        if each.delegate
    )


def _lock(*people: Person | None) -> None:
    """One absence at a time for each of them, and no two that name each other at once."""
    ids = [person.pk for person in people if person]
    rows = Person.objects.select_for_update(no_key=True).filter(pk__in=ids)
    list(rows.order_by("pk").values("pk"))


def _tell(
    absence: Absence, event: str, actor: Person, sealed: Mapping[str, str] | None = None
) -> None:
    """On the person's stream, once for each team of theirs: a team reads its own record only."""
    delegate = absence.delegate_id
    for team in Team.objects.filter(members=absence.person_id).order_by("pk"):
        record.append(
            scope=str(team.pk),
            stream=f"person:{absence.person_id}",
            type=event,
            actor=f"person:{actor.pk}",
            body={
                "absence": absence.pk,
                "from": absence.starts_at.isoformat(),
                "until": absence.ends_at.isoformat(),
                "delegate": f"person:{delegate}" if delegate else None,
            },
            sealed=sealed,
        )
