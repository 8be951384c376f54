"""The page that connects an agent: its token, lines to paste for this very workflow, its last
calls, and what keeps it waiting."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.urls import reverse

from agents_registry.models import ActionType, Agent, Person
from agents_registry.pages import beside
from agents_registry.pages.beside import Given, Tokens
from agents_registry.pages.editing import Crumb
from agents_registry.policy.findings import Mode
from agents_registry.words import counted
from approvals import call_log, pressure
from approvals.api.codes import CODES
from approvals.call_log import Call
from approvals.example_payloads import fits, payload_for
from approvals.judging import BUILT_IN
from approvals.pages import pasteable, words
from approvals.pages.content import Text, text
from approvals.pages.pasteable import Block
from approvals.pressure import Queue
from ledger import clock


@dataclass(frozen=True, slots=True)
class Choice:
    """An action type that the lines can be made for."""

    url: str
    workflow: str
    name: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """What is pasted, for one action type. `unsure`: no payload came to mind that fits."""

    name: str
    workflow: str
    first: list[Block]
    further: list[Block]
    python: str
    unsure: bool
    waiting: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    """One call; `advice` and `code_url` are there where it was refused."""

    at: str
    method: str
    path: Text
    status: int
    bad: bool
    test: bool
    code: str
    title: str
    advice: str
    code_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectPage:
    """`calls` is None while nobody knows them, `lines` while no workflow lists the agent."""

    name: str
    slug: str
    crumbs: list[Crumb]
    archived: bool
    tokens: Tokens
    given: Given | None
    choices: list[Choice]
    lines: Lines | None
    calls: list[CallLine] | None


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A code of the API and what to do about it."""

    code: str
    status: int
    title: str
    advice: str


def page(
    agent: Agent, person: Person, *, chosen: str = "", token: str = "", test: bool = False
) -> ConnectPage:
    """`chosen` is `<workflow>/<action type>`, `token` the one that was made for this answer, and
    `test` whether it is for tests."""
    url = reverse("connect", args=[agent.slug])
    types = _types(agent)
    current = _current(types, chosen)
    calls = call_log.last(agent)
    return ConnectPage(
        name=agent.name,
        slug=agent.slug,
        crumbs=_crumbs(agent),
        archived=agent.archived_at is not None,
        tokens=beside.tokens(agent, person, issue_url=_issue_url(url, types, chosen)),
        given=_given(agent, token, test) if token else None,
        choices=[_choice(each, url, each == current) for each in types],
        lines=_lines(agent, current, token) if current else None,
        calls=None if calls is None else [_call(call, person) for call in calls],
    )


def codes() -> list[CodeLine]:
    """Every code that an answer can carry."""
    return [CodeLine(code, each.status, each.title, _advice(code)) for code, each in CODES.items()]


def _types(agent: Agent) -> list[ActionType]:
    """What it may stage, its own types before those that every workflow has."""
    workflows = agent.workflows.filter(archived_at__isnull=True)
    listed = ActionType.objects.filter(workflow__in=workflows, retired_at__isnull=True)
    found = listed.select_related("workflow__calendar").order_by("workflow__name", "key")
    return sorted(found, key=lambda each: each.key in BUILT_IN)


def _current(types: Sequence[ActionType], chosen: str) -> ActionType | None:
    """The chosen one, else the first that the agent may carry out itself, else the first."""
    named = [each for each in types if _name(each) == chosen]
    carried_out = [each for each in types if each.mode != Mode.DRAFT_ONLY]
    return next(iter([*named, *carried_out, *types]), None)


def _issue_url(url: str, types: Sequence[ActionType], chosen: str) -> str:
    """Where a token is asked for, so that the lines stay those of the chosen type."""
    return f"{url}?type={chosen}" if chosen in map(_name, types) else url


def _name(action_type: ActionType) -> str:
    return f"{action_type.workflow.slug}/{action_type.key}"


def _choice(action_type: ActionType, url: str, chosen: bool) -> Choice:
    address = f"{url}?type={_name(action_type)}#lines"
    return Choice(address, str(action_type.workflow), _words(action_type), chosen)


def _words(action_type: ActionType) -> str:
    return action_type.name or action_type.key


def _lines(agent: Agent, action_type: ActionType, token: str) -> Lines:
    workflow, schema = action_type.workflow, action_type.payload_schema
    payload, now = payload_for(schema), clock.now()
    body = pasteable.body_for(workflow.slug, action_type.key, payload, action_type.handoff)
    queue = pressure.queues(agent=agent, workflows=[workflow], now=now)[workflow.pk]
    return Lines(
        name=_words(action_type),
        workflow=str(workflow),
        first=pasteable.first_calls(settings.PUBLIC_URL, token, body),
        further=pasteable.further_calls(),
        python=pasteable.in_python(body),
        unsure=not fits(schema, payload),
        waiting=_waiting(agent, queue, queue.expected(now)),
    )


def _waiting(agent: Agent, queue: Queue, seconds: int | None) -> str:
    """How much waits there, how much of it is the agent's, and how long a new one would."""
    waiting = counted(queue.all, "action waits", "actions wait")
    said = f"{waiting} for a person in this workflow, {queue.own} of this agent{_cap(agent)}."
    if seconds is None:
        return f"{said} Nobody has decided anything here within a week, so no wait can be foretold."
    span = _span(timedelta(seconds=seconds))
    return f"{said} As fast as people decide here now, a new one waits {span}."


def _cap(agent: Agent) -> str:
    most = agent.most_pending
    return "" if most is None else f", which may have {most} waiting at once"


def _span(wait: timedelta) -> str:
    if wait < timedelta(minutes=1):
        return "less than a minute"
    minutes = round(wait.total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return f"about {counted(round(hours / 24), 'day')}"
    return f"about {hours} h {rest:02} min" if hours else f"about {rest} min"


def _call(call: Call, person: Person) -> CallLine:
    known = CODES.get(call.code)
    return CallLine(
        at=words.at(call.at, person),
        method=call.method,
        path=text(call.path),
        status=call.status,
        bad=call.status >= 400 or bool(call.code),
        test=call.test,
        code=call.code,
        title=known.title if known else "",
        advice=_advice(call.code),
        code_url=f"{reverse('codes')}#{call.code}" if known else "",
    )


def _advice(code: str) -> str:
    """What to do about it, without the marks that only a terminal needs."""
    return CODES[code].advice.replace("`", "") if code in CODES else ""


def _given(agent: Agent, token: str, test: bool) -> Given:
    return Given(
        "The token is made, for tests only" if test else "The token is made",
        f"Give it to {agent} now: it is shown this once, and nobody can look it up later. It "
        "stands in the lines below too.",
        "Token",
        token,
    )


def _crumbs(agent: Agent) -> list[Crumb]:
    row = (reverse("team_row", args=["agents", agent.slug]), agent.name)
    return [(reverse("team"), agent.team.name), row, ("", "Connect")]
