"""Says in words that an address takes only what a form sends: to whoever opens it by itself, or was
asked to sign in when they sent the form."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render

Respond = Callable[[HttpRequest], HttpResponse]


class FormsAreExplained:
    """Middleware: Django's empty 405 becomes a page."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.respond(request)
        if request.method != "GET" or not isinstance(response, HttpResponseNotAllowed):
            return response
        page = render(request, "405.html", status=response.status_code)
        page.headers["Allow"] = response.headers["Allow"]
        return page
