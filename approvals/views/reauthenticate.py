"""Signing in, and proving again who one is before approving in the top tier."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from agents_registry.current_team import person_of
from approvals.models import Action
from approvals.views.requests import PageRequest
from ledger import clock

PROVED_AT, WRONG = "proved_at", "wrong_passwords"
FIELD = "current_password"
MOST_TRIES = 5


class SignIn(LoginView):
    """Signing in counts as a proof."""

    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        _note_proof(self.request.session)
        return response


def question(request: PageRequest, action: Action) -> HttpResponse | None:
    """The page that asks for the password, or None where this session proved lately, or proves
    with this very post, who sits there.

    What was posted stands in the page, so that the same view gets the same post once more.
    """
    if is_proved(request.session):
        return None
    if FIELD not in request.POST:
        return _ask(request, action)
    if person_of(request).check_password(request.POST[FIELD]):
        _note_proof(request.session)
        return None
    tries = request.session[WRONG] = request.session.get(WRONG, 0) + 1
    if tries >= MOST_TRIES:
        return _sign_out(request, action)
    return _ask(request, action, tries_left=MOST_TRIES - tries)


def is_proved(session: SessionBase) -> bool:
    """Whether the person of this session proved who they are, as lately as is asked for."""
    lately = timedelta(minutes=settings.REAUTHENTICATE_MINUTES)
    if not lately:
        return True
    since = clock.now().timestamp() - session.get(PROVED_AT, 0)
    return bool(since < lately.total_seconds())


def _note_proof(session: SessionBase) -> None:
    session[PROVED_AT] = clock.now().timestamp()
    session.pop(WRONG, None)


def _ask(request: PageRequest, action: Action, *, tries_left: int = 0) -> HttpResponse:
    context: dict[str, Any] = {
        "action": action,
        "kept": _kept(request),
        "post_url": request.get_full_path(),
        "back_url": _back(request, action),
        "minutes": settings.REAUTHENTICATE_MINUTES,
        "tries_left": tries_left,
    }
    template = "reauthenticate.html#detail" if request.htmx else "reauthenticate.html"
    return render(request, template, context, status=422)


def _kept(request: PageRequest) -> list[tuple[str, str]]:
    """Everything that was posted, but for what is of this page alone."""
    own = {FIELD, "csrfmiddlewaretoken"}
    posted = request.POST.lists()
    return [(name, str(value)) for name, values in posted if name not in own for value in values]


def _sign_out(request: PageRequest, action: Action) -> HttpResponse:
    back = _back(request, action)
    logout(request)
    messages.warning(
        request,
        f"You are signed out: {MOST_TRIES} wrong passwords. Nothing was approved. "
        "Sign in to go on.",
    )
    url = f"{reverse('login')}?{urlencode({'next': back})}"
    return HttpResponseClientRedirect(url) if request.htmx else HttpResponseRedirect(url)


def _back(request: PageRequest, action: Action) -> str:
    query = urlencode({"view": request.GET.get("view", "mine")})
    return f"{reverse('action', args=[action.pk])}?{query}"
