"""An agent's webhook as a page: where it is called, and every attempt of each call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Count, Prefetch, Q, QuerySet
from django.urls import reverse

from agents_registry.models import Agent, Person
from agents_registry.pages.beside import Given
from agents_registry.pages.editing import Crumb, Field, Wrong
from agents_registry.words import counted
from approvals import endpoints
from approvals.models import Call, CallAttempt, CallState, Endpoint
from approvals.pages import words
from approvals.pages.content import Text, text
from ledger import clock

PAGE = 30
STATES = {
    CallState.QUEUED: ("waits", ""),
    CallState.SENT: ("taken", "good"),
    CallState.DROPPED: ("no news any more", ""),
    CallState.GAVE_UP: ("given up", "bad"),
}
KEEP = (
    "Whoever receives the calls checks the signature with it. It can be shown again here, and each "
    "look is on record."
)
BOTH = "Until then each call carries two signatures, so nothing is refused while you replace it."


class EndpointForm(forms.Form):
    address = forms.CharField(
        label="Address",
        required=False,
        max_length=endpoints.LONGEST_ADDRESS,
        help_text="It begins with https://, and its host is on the public internet. Left empty, "
        "only the callback_url of an action is called.",
        widget=forms.TextInput(
            attrs={
                "class": "input as-code",
                "inputmode": "url",
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
    )


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt: when, what was answered, how long that took, and what was wrong."""

    iso: str
    at_words: str
    status: str
    took: str
    error: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    """One call. `action_url` is empty for a test, `resend_url` for whoever may not send it."""

    id: UUID
    kind: str
    iso: str
    at_words: str
    about: str
    action_url: str
    state: str
    css: str
    again: str
    why: Text
    tries: list[Try]
    tries_words: str
    resend_url: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """What stands above the page: since when nothing arrives, and the last error."""

    title: str
    why: Text
    off: bool


@dataclass(frozen=True, slots=True)
class Resend:
    """The button that makes the calls again that were given up, and which ones it makes."""

    url: str
    words: str
    which: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """`fields` is None for whoever may only look, who sees the host and no more of the address."""

    name: str
    slug: str
    crumbs: list[Crumb]
    address: str
    field: Field | None
    wrong: list[Wrong]
    has_secret: bool
    old_until: str
    trouble: Trouble | None
    waiting: str
    gave_up: str
    resend: Resend | None
    lines: list[CallLine]
    older_url: str
    given: Given | None


def screen(
    agent: Agent,
    person: Person,
    *,
    form: EndpointForm | None = None,
    given: Given | None = None,
    before: str = "",
) -> Screen:
    """The newest calls, or those before the one with this id; a fixed number of queries."""
    endpoint, may = endpoints.of(agent), endpoints.may_keep(person, agent)
    address = endpoint.address if endpoint else ""
    form = form or EndpointForm(initial={"address": address})
    calls = _calls(endpoint, before) if endpoint else []
    counts = _counts(endpoint)
    return Screen(
        name=agent.name,
        slug=agent.slug,
        crumbs=_crumbs(agent),
        address=masked(address),
        field=_field(form) if may else None,
        wrong=_wrong(form),
        has_secret=endpoint is not None,
        old_until=_old_until(endpoint, person),
        trouble=_trouble(endpoint, person) if endpoint else None,
        waiting=words.capped(counts["waiting"]),
        gave_up=words.capped(counts["gave_up"]),
        resend=_resend(agent, endpoint, counts["gave_up"]) if may else None,
        lines=[_line(call, agent, person, may) for call in calls[:PAGE]],
        older_url=_older(agent, calls),
        given=given,
    )


def masked(address: str) -> str:
    """The host alone: the rest may be a secret."""
    read = urlsplit(address)
    return f"{read.scheme}://{read.hostname}/…" if address else ""


def shown(secret: str) -> Given:
    return Given("The signing secret", KEEP, "Signing secret", secret)


def rotated(endpoint: Endpoint, person: Person) -> Given:
    until = f"The one before it signs as well until {_old_until(endpoint, person)}. {BOTH}"
    return Given("There is a new signing secret", until, "Signing secret", endpoint.secret)


def url(agent: Agent) -> str:
    return reverse("endpoint", args=[agent.slug])


def _crumbs(agent: Agent) -> list[Crumb]:
    row = (reverse("team_row", args=["agents", agent.slug]), agent.name)
    return [(reverse("team"), agent.team.name), row, ("", "Webhook")]


def _field(form: EndpointForm) -> Field:
    errors = [str(error) for error in form["address"].errors] if form.is_bound else []
    return Field(form["address"], "line", True, errors)


def _wrong(form: EndpointForm) -> list[Wrong]:
    bound = form["address"]
    return [Wrong(bound.auto_id, str(bound.label), str(error)) for error in bound.errors]


def _calls(endpoint: Endpoint, before: str) -> list[Call]:
    """One more than the page shows: then there are older ones."""
    tries = Prefetch("tries", queryset=CallAttempt.objects.order_by("-at"))
    found = Call.objects.filter(_older_than(endpoint, before), endpoint=endpoint)
    whole = found.select_related("action__action_type", "endpoint").prefetch_related(tries)
    return list(whole.order_by("-created_at", "-pk")[: PAGE + 1])


def _older_than(endpoint: Endpoint, before: str) -> Q:
    try:
        last = Call.objects.filter(endpoint=endpoint, pk=UUID(before)).first()
    except ValueError:
        return Q()
    if last is None:
        return Q()
    return Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk)


def _older(agent: Agent, calls: Sequence[Call]) -> str:
    return f"{url(agent)}?before={calls[PAGE - 1].pk}" if len(calls) > PAGE else ""


def _counts(endpoint: Endpoint | None) -> dict[str, int]:
    """Of the days for which anything waits."""
    lately: QuerySet[Call] = Call.objects.filter(
        endpoint=endpoint, created_at__gte=clock.now() - endpoints.LATELY
    )
    return lately.aggregate(
        waiting=Count("pk", filter=Q(state=CallState.QUEUED)),
        gave_up=Count("pk", filter=endpoints.GAVE_UP),
    )


def _resend(agent: Agent, endpoint: Endpoint | None, gave_up: int) -> Resend | None:
    """Not where it is switched off: nothing would be sent."""
    if not gave_up or endpoint is None or endpoint.disabled_at:
        return None
    most = endpoints.MOST_AT_ONCE
    days, bound = endpoints.LATELY.days, f", the newest {most:,} at a time"
    return Resend(
        url=reverse("endpoint_resend_all", args=[agent.slug]),
        words="Send it again" if gave_up == 1 else f"Send all {min(gave_up, most):,} again",
        which=f"What was given up in the last {days} days can be sent again"
        f"{bound if gave_up > most else ''}, to where {agent.name} is called now; what is no news "
        "any more is left out.",
    )


def _old_until(endpoint: Endpoint | None, person: Person) -> str:
    until = endpoint.old_secret_until if endpoint else None
    return words.at(until, person) if until and until > clock.now() else ""


def _trouble(endpoint: Endpoint, person: Person) -> Trouble | None:
    if endpoint.disabled_at:
        since = words.at(endpoint.disabled_at, person)
        title = f"It is switched off since {since}. What happens waits, five days at most."
        return Trouble(title, text(endpoint.last_error), True)
    if endpoint.failing_since:
        since = words.at(endpoint.failing_since, person)
        return Trouble(f"Nothing has arrived since {since}.", text(endpoint.last_error), False)
    return None


def _line(call: Call, agent: Agent, person: Person, may: bool) -> CallLine:
    state, css = STATES[CallState(call.state)]
    action = call.action
    return CallLine(
        id=call.pk,
        kind=call.kind,
        iso=call.created_at.isoformat(),
        at_words=words.clock_time(call.created_at, person),
        about=str(action.action_type) if action else "",
        action_url=reverse("action", args=[action.pk]) if action else "",
        state=state if action or call.state == CallState.SENT else "not taken",
        css=css,
        again=_again(call, person),
        why=text(call.last_error),
        tries=[_try(each, person) for each in call.tries.all()],
        tries_words=counted(len(call.tries.all()), "attempt"),
        resend_url=reverse("endpoint_resend", args=[agent.slug, call.pk]) if may else "",
    )


def _again(call: Call, person: Person) -> str:
    """When it is tried next, where it was tried before and is not held back."""
    endpoint = call.endpoint
    held_back = endpoint.disabled_at and call.address == endpoint.address
    waits = call.state == CallState.QUEUED and call.last_error and not held_back
    return f"again {_to_the_second(call.due_at, person)}" if waits else ""


def _try(attempt: CallAttempt, person: Person) -> Try:
    return Try(
        iso=attempt.at.isoformat(),
        at_words=_to_the_second(attempt.at, person),
        status=str(attempt.status or "no answer"),
        took=f"{attempt.milliseconds} ms",
        error=text(attempt.error),
    )


def _to_the_second(at: datetime, person: Person) -> str:
    """The first attempts follow each other within seconds."""
    return at.astimezone(ZoneInfo(person.time_zone)).strftime("%-d %b %H:%M:%S")
