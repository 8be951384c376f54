"""Setting when somebody is away, for oneself or by a manager, and calling it off."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from agents_registry.absences import check_may_set
from agents_registry.current_team import person_of, team_of, teams_seen_by
from agents_registry.models import Absence, Person
from approvals import absences
from approvals.errors import Conflict, Invalid
from approvals.pages import away as pages
from approvals.pages import words
from ledger import clock

TYPED = ("from_on", "from_at", "until_on", "until_at", "delegate", "note")


@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """The absences of whoever is signed in; a post sets another one."""
    return _show(request, person_of(request))


@login_required
def of_person(request: HttpRequest, username: str) -> HttpResponse:
    """Those of a person of the team, for a manager."""
    person = get_object_or_404(Person, teams=team_of(request), username=username)
    check_may_set(person_of(request), person)
    return _show(request, person)


@login_required
@require_POST
def call_off(request: HttpRequest, absence_id: int) -> HttpResponse:
    actor = person_of(request)
    visible = Q(person=actor) | Q(person__teams__in=teams_seen_by(actor))
    absence = get_object_or_404(Absence.objects.filter(visible).distinct(), pk=absence_id)
    try:
        absences.call_off(absence=absence, actor=actor)
    except Conflict as refusal:
        messages.warning(request, refusal.detail)
    else:
        messages.success(request, "Called off. What moved meanwhile stays where it is.")
    return _back(absence.person, actor)


def _show(request: HttpRequest, person: Person) -> HttpResponse:
    """The page; a post sets an absence, or with `check` only tells what would move."""
    if request.method != "POST":
        return render(request, "away.html", {"away": pages.page(person, person_of(request))})
    typed = {name: request.POST.get(name, "").replace("\x00", "").strip() for name in TYPED}
    try:
        if "check" in request.POST:
            return _checked(request, person, typed)
        return _set(request, person, typed)
    except Invalid as refusal:
        page = pages.page(person, person_of(request), typed=typed, error=refusal.detail)
        return render(request, "away.html", {"away": page}, status=422)


def _checked(request: HttpRequest, person: Person, typed: dict[str, str]) -> HttpResponse:
    reader = person_of(request)
    starts_at, ends_at = _times(typed, reader)
    handed = absences.preview(
        person=person,
        starts_at=starts_at,
        ends_at=ends_at,
        delegate=_delegate(typed),
        actor=reader,
    )
    verb = "would go" if starts_at > clock.now() else "go"
    said = pages.handed_words(handed, person, verb=verb)
    page = pages.page(
        person, reader, typed=typed, preview=said or ["Nothing waits, so nothing moves."]
    )
    return render(request, "away.html", {"away": page})


def _set(request: HttpRequest, person: Person, typed: dict[str, str]) -> HttpResponse:
    actor = person_of(request)
    starts_at, ends_at = _times(typed, actor)
    away = absences.set_away(
        person=person,
        starts_at=starts_at,
        ends_at=ends_at,
        delegate=_delegate(typed),
        note=typed["note"],
        actor=actor,
    )
    moved = pages.handed_words(away.handed, person, verb="went")
    until = words.at(away.absence.ends_at, actor)
    said = "You are" if person == actor else f"{person} is"
    messages.success(request, " ".join([f"{said} away until {until}.", *moved]))
    return _back(person, actor)


def _times(typed: dict[str, str], reader: Person) -> tuple[datetime, datetime]:
    """From and until, as the reader's clock shows them."""
    zone = ZoneInfo(reader.time_zone)
    return _instant("from", typed, zone), _instant("until", typed, zone)


def _instant(which: str, typed: dict[str, str], zone: ZoneInfo) -> datetime:
    try:
        day = date.fromisoformat(typed[f"{which}_on"])
        at = time.fromisoformat(typed[f"{which}_at"])
        instant = datetime.combine(day, at.replace(tzinfo=None), zone)
        return instant.astimezone(ZoneInfo("UTC"))
    except (ValueError, OverflowError):
        raise Invalid(
            f"“{which.capitalize()}” lacks a day or a time, or is none. Nothing was set. Write "
            "them like 2026-12-01 and 09:00.",
            code="cannot_be_away",
        ) from None


def _delegate(typed: dict[str, str]) -> Person | None:
    username = typed["delegate"]
    if not username:
        return None
    delegate = Person.objects.filter(username=username).first()
    if delegate is None:
        raise Invalid("There is no such person. Nothing was set. Choose one of the list.")
    return delegate


def _back(person: Person, actor: Person) -> HttpResponse:
    own = person == actor
    url = reverse("away") if own else reverse("away_of", args=[person.username])
    return HttpResponseRedirect(url, status=303)
