"""What an open page asks while it stands: what others do with its rows; and that one is here."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from agents_registry.current_team import person_of, team_of
from approvals import presence
from approvals.pages.elsewhere import ON_ONE_SCREEN, elsewhere
from approvals.views import action as action_page


@login_required
@require_GET
def rows(request: HttpRequest) -> JsonResponse:
    """The rows in `?rows=id,id`: who has one open, and what became of each. `person` and `team`
    say for whom this is."""
    person = person_of(request)
    found = elsewhere(person, rows_of(request.GET.get("rows", "")))
    return JsonResponse({"person": person.pk, "team": str(team_of(request).pk), **found})


@login_required
@require_POST
def here(request: HttpRequest, action_id: UUID) -> JsonResponse:
    """This person still has it open; the same answer, for this one action."""
    person = person_of(request)
    presence.note(action=action_page.find(person, action_id), person=person)
    return JsonResponse(elsewhere(person, [action_id]))


def no_stream(request: HttpRequest) -> HttpResponse:
    """A process that only answers at once has no stream: the page goes on asking."""
    return HttpResponse(status=204)


def rows_of(text: str) -> list[UUID]:
    """The ids in a comma-separated list; what is none is left out."""
    found = []
    for part in text.split(",")[:ON_ONE_SCREEN]:
        try:
            found.append(UUID(part))
        except ValueError:
            continue
    return found
