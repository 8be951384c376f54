"""The page of an agent's webhook: its address, its secret, its test, and its calls once more."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from agents_registry.current_team import person_of, team_of
from agents_registry.models import Agent
from agents_registry.pages.beside import Given
from agents_registry.words import counted
from approvals import endpoints
from approvals.errors import Conflict, Refused
from approvals.pages import endpoint as pages
from approvals.pages.endpoint import EndpointForm


@login_required
def show(request: HttpRequest, slug: str) -> HttpResponse:
    """Everybody of the team may look; a post keeps the address."""
    agent, person = _agent(request, slug), person_of(request)
    if request.method != "POST":
        return _show(request, agent)
    form = EndpointForm(request.POST)
    if form.is_valid():
        address = form.cleaned_data["address"]
        try:
            endpoint = endpoints.keep(agent=agent, address=address, actor=person)
        except Refused as refusal:
            form.add_error("address", refusal.detail)
        else:
            messages.success(request, KEPT if endpoint.address else NOWHERE)
            return _to(agent)
    return _show(request, agent, form)


KEPT = "Kept. Send a test to see whether it arrives."
NOWHERE = "Kept. Only the callback_url of an action is called."
NONE_LEFT = "None is given up that has somewhere to go. Nothing was sent."


@login_required
def reveal(request: HttpRequest, slug: str) -> HttpResponse:
    """The secret stands in the answer itself, and in no address: who comes back to this one finds
    the webhook."""
    agent = _agent(request, slug)
    if request.method != "POST":
        return _to(agent)
    try:
        secret = endpoints.reveal(agent=agent, actor=person_of(request))
    except Conflict as refusal:
        return _back(request, agent, refusal)
    return _show(request, agent, given=pages.shown(secret))


@login_required
def rotate(request: HttpRequest, slug: str) -> HttpResponse:
    agent, person = _agent(request, slug), person_of(request)
    if request.method != "POST":
        return _to(agent)
    try:
        endpoint = endpoints.rotate(agent=agent, actor=person)
    except Conflict as refusal:
        return _back(request, agent, refusal)
    return _show(request, agent, given=pages.rotated(endpoint, person))


@login_required
@require_POST
def switch_on(request: HttpRequest, slug: str) -> HttpResponse:
    agent = _agent(request, slug)
    try:
        waiting = endpoints.switch_on(agent=agent, actor=person_of(request))
    except Conflict as refusal:
        return _back(request, agent, refusal)
    said = f"It is on. {counted(waiting, 'call')} will be made within seconds."
    messages.success(request, said if waiting else "It is on. Nothing waits for it.")
    return _to(agent)


@login_required
@require_POST
def send_test(request: HttpRequest, slug: str) -> HttpResponse:
    """Calls at once, and says what came of it."""
    agent = _agent(request, slug)
    try:
        endpoints.send_test(agent=agent, actor=person_of(request))
    except Conflict as refusal:
        return _back(request, agent, refusal)
    messages.success(request, "The test was taken. Look whether its signature was right.")
    return _to(agent)


@login_required
@require_POST
def resend(request: HttpRequest, slug: str, call_id: UUID) -> HttpResponse:
    agent = _agent(request, slug)
    try:
        endpoints.resend(agent=agent, call_id=call_id, actor=person_of(request))
    except Conflict as refusal:
        return _back(request, agent, refusal)
    messages.success(request, "It was taken, under the id that it had before.")
    return _to(agent)


@login_required
@require_POST
def resend_all(request: HttpRequest, slug: str) -> HttpResponse:
    agent = _agent(request, slug)
    try:
        count = endpoints.resend_given_up(agent=agent, actor=person_of(request))
    except Conflict as refusal:
        return _back(request, agent, refusal)
    said = f"{counted(count, 'call')} will be made again within seconds."
    messages.success(request, said if count else NONE_LEFT)
    return _to(agent)


def _agent(request: HttpRequest, slug: str) -> Agent:
    agents = Agent.objects.select_related("team")
    return get_object_or_404(agents, team=team_of(request), slug=slug)


def _show(
    request: HttpRequest,
    agent: Agent,
    form: EndpointForm | None = None,
    given: Given | None = None,
) -> HttpResponse:
    before = request.GET.get("before", "")
    page = pages.screen(agent, person_of(request), form=form, given=given, before=before)
    status = 422 if page.wrong else 200
    return render(request, "endpoint.html", {"page": page}, status=status)


def _back(request: HttpRequest, agent: Agent, refusal: Conflict) -> HttpResponse:
    messages.warning(request, refusal.detail)
    return _to(agent)


def _to(agent: Agent) -> HttpResponse:
    return HttpResponseRedirect(pages.url(agent), status=303)
