"""Answers 404 on every page whose verb found nothing of that name in the person's teams."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse

from approvals.errors import Missing

Respond = Callable[[HttpRequest], HttpResponse]


class MissingIsNotFound:
    """Middleware: a verb's `Missing` becomes Django's Http404."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.respond(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        if isinstance(exception, Missing):
            raise Http404(exception.detail) from exception
