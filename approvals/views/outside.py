"""Shows where a link from an action leads before anybody goes there."""

from django.contrib.auth.decorators import login_required
from django.core.signing import BadSignature
from django.http import Http404, HttpResponse
from django.shortcuts import render

from approvals.pages import outside
from approvals.views.requests import PageRequest


@login_required
def show(request: PageRequest) -> HttpResponse:
    """The whole address, and a link that tells the other side nothing of where it stood."""
    try:
        page = outside.page(request.GET.get("to", ""))
    except BadSignature as error:
        raise Http404("No page of this installation made this link.") from error
    response = render(request, "outside.html", {"page": page})
    response["Referrer-Policy"] = "no-referrer"
    return response
