"""The request as the pages see it: Django's, with what django-htmx adds."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class PageRequest(HttpRequest):
    """Only a type: the middleware sets `htmx`, true when htmx asks for a part of a page."""

    htmx: HtmxDetails
