"""Which of a person's teams a page is about: the one chosen last, else their first."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from agents_registry.models import Person, Team

SESSION_KEY = "team"
KEPT = "_teams_of_person"


def person_of(request: HttpRequest) -> Person:
    """The signed-in person; views that call it require sign-in."""
    assert isinstance(request.user, Person)
    return request.user


def teams_of(person: Person) -> list[Team]:
    """The teams whose pages this person sees: their own; an administrator's are all."""
    return list(teams_seen_by(person).order_by("name"))


def teams_seen_by(person: Person) -> QuerySet[Team]:
    return Team.objects.all() if person.is_superuser else Team.objects.filter(members=person)


def team_of(request: HttpRequest) -> Team:
    """The team of this page; Http404 for somebody who is in none."""
    teams = teams_on(request)
    chosen = request.session.get(SESSION_KEY)
    for team in teams:
        if str(team.pk) == chosen:
            return team
    if not teams:
        raise Http404("You are in no team yet. A manager can add you.")
    return teams[0]


def teams_on(request: HttpRequest) -> list[Team]:
    """The person's teams, asked for once per request."""
    teams: list[Team] | None = getattr(request, KEPT, None)
    if teams is None:
        teams = teams_of(person_of(request))
        setattr(request, KEPT, teams)
    return teams


def choose(request: HttpRequest, team_id: str) -> None:
    """Remembers the team; one that the person is not in is left alone."""
    if any(str(team.pk) == team_id for team in teams_of(person_of(request))):
        request.session[SESSION_KEY] = str(UUID(team_id))
