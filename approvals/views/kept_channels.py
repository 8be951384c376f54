"""Choosing how one is told, and how a pool is: the list, one channel, its test and its end."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from agents_registry.current_team import person_of, team_of
from agents_registry.models import Pool
from agents_registry.pages.beside import Given
from approvals import channels
from approvals.channel_forms import ChannelForm
from approvals.channels import FURTHER, Holder
from approvals.errors import Refused
from approvals.models import Channel, ChannelKind
from approvals.pages import kept_channels as pages


@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """A person's own channels; a post changes the mailbox."""
    person = person_of(request)
    mailbox = channels.of(person).filter(kind=ChannelKind.EMAIL).first()
    form = _form(request, person, ChannelKind.EMAIL, mailbox)
    if form.is_valid():
        channels.keep_mailbox(person=person, wishes=form.wishes())
        messages.success(request, "Kept. It holds from now on.")
        return _to(pages.url(person))
    context = {
        "mailbox": pages.mailbox(person, form, mailbox),
        "holding": pages.holding(person, person),
    }
    return render(request, "me_notices.html", context, status=422 if form.is_bound else 200)


@login_required
@require_safe
def of_pool(request: HttpRequest, slug: str) -> HttpResponse:
    """How a pool is told: everybody of its team may know."""
    holding = pages.holding(_holder(request, slug), person_of(request))
    return render(request, "pool_channels.html", {"holding": holding})


@login_required
def add(request: HttpRequest, kind: str, slug: str = "") -> HttpResponse:
    """A new channel; a webhook's secret stands in the answer itself, and nowhere else."""
    holder, person = _holder(request, slug), person_of(request)
    channels.check_may_keep(person, holder)
    if kind not in FURTHER:
        raise Http404("There is no such kind of channel.")
    form = _form(request, holder, kind, None)
    if form.is_valid():
        try:
            channel = channels.add(
                holder=holder,
                kind=kind,
                address=form.cleaned_data["address"],
                name=form.cleaned_data["name"],
                wishes=form.wishes(),
                actor=person,
            )
        except Refused as refusal:
            form.add_error("address", refusal.detail)
        else:
            if given := pages.given(channel):
                form = ChannelForm(holder, kind, channel, time_zone=channel.time_zone)
                return _show(request, holder, form, kind, channel, given)
            messages.success(request, f"{channel} is added. Send a test to see whether it arrives.")
            return _to(pages.url(holder, "one", channel.pk))
    return _show(request, holder, form, kind, None)


@login_required
def one(request: HttpRequest, channel_id: int, slug: str = "") -> HttpResponse:
    """One channel; a post changes its name and times."""
    holder, person = _holder(request, slug), person_of(request)
    channels.check_may_keep(person, holder)
    channel = _channel(holder, channel_id)
    form = _form(request, holder, channel.kind, channel)
    if form.is_valid():
        name, wishes = form.cleaned_data["name"], form.wishes()
        try:
            channels.change(channel=channel, name=name, wishes=wishes, actor=person)
        except Refused as refusal:
            messages.warning(request, refusal.detail)
        else:
            messages.success(request, "Kept. It holds from now on.")
        return _to(pages.url(holder))
    return _show(request, holder, form, channel.kind, channel)


@login_required
@require_POST
def send_test(request: HttpRequest, channel_id: int, slug: str = "") -> HttpResponse:
    """Sends a message over it at once, and says what became of it."""
    holder, person = _holder(request, slug), person_of(request)
    channel = get_object_or_404(channels.of(holder), pk=channel_id)
    try:
        channels.send_test(channel=channel, actor=person)
    except Refused as refusal:
        messages.warning(request, refusal.detail)
    else:
        messages.success(request, "Sent. Look whether it is there.")
    is_mailbox = channel.kind == ChannelKind.EMAIL
    return _to(pages.url(holder) if is_mailbox else pages.url(holder, "one", channel.pk))


@login_required
@require_POST
def remove(request: HttpRequest, channel_id: int, slug: str = "") -> HttpResponse:
    holder, person = _holder(request, slug), person_of(request)
    channel = _channel(holder, channel_id)
    try:
        channels.remove(channel=channel, actor=person)
    except Refused as refusal:
        messages.warning(request, refusal.detail)
    else:
        messages.success(request, f"{channel} is removed. Nothing goes there any more.")
    return _to(pages.url(holder))


def _show(
    request: HttpRequest,
    holder: Holder,
    form: ChannelForm,
    kind: str,
    channel: Channel | None,
    given: Given | None = None,
) -> HttpResponse:
    page = pages.one(holder, person_of(request), form, kind=kind, channel=channel, given=given)
    return render(request, "channel.html", {"one": page}, status=422 if page.fields.wrong else 200)


def _holder(request: HttpRequest, slug: str) -> Holder:
    """The person of this request, or the pool of that name in the team of this page."""
    if not slug:
        return person_of(request)
    pool = Pool.objects.select_related("team").filter(team=team_of(request), slug=slug).first()
    if pool is None:
        raise Http404("There is no pool of this name in this team.")
    return pool


def _channel(holder: Holder, channel_id: int) -> Channel:
    """A channel that people add and remove; a mailbox is none."""
    further = channels.of(holder).filter(kind__in=FURTHER).select_related("person", "pool")
    return get_object_or_404(further, pk=channel_id)


def _form(request: HttpRequest, holder: Holder, kind: str, channel: Channel | None) -> ChannelForm:
    posted = request.POST if request.method == "POST" else None
    return ChannelForm(holder, kind, channel, posted, time_zone=person_of(request).time_zone)


def _to(url: str) -> HttpResponse:
    return HttpResponseRedirect(url, status=303)
