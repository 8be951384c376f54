"""Shows every instant on a page in the zone of the person who reads it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from agents_registry.models import Person

Respond = Callable[[HttpRequest], HttpResponse]


def reader_zone(respond: Respond) -> Respond:
    """Middleware, after sign-in is known."""

    def in_zone(request: HttpRequest) -> HttpResponse:
        person = request.user
        zone = person.time_zone if isinstance(person, Person) else "UTC"
        with timezone.override(zone):
            return respond(request)

    return in_zone
