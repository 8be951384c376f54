"""The one-page operating model of a workflow, generated from the registry, in words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agents_registry import readiness, roles, standards, words
from agents_registry.models import ActionType, Calendar, Person, PolicyChange, Workflow
from agents_registry.pages import people, rules, timing, workflows
from agents_registry.pages.people import Name, Owner
from agents_registry.policy import documents, sampling
from agents_registry.policy.findings import Tier
from agents_registry.policy.floors import BUILT_IN
from agents_registry.policy.least import least_tier
from agents_registry.policy.shapes import Policy
from agents_registry.revisions import policy_document
from approvals.pages.words import at
from ledger.canonical import digest

LOGGED = (
    "Every input, tool call, finding, decision, edit and outcome, in a record that can only grow. "
    "Nothing of it is deleted yet."
)
RUNS_ALONE = {Tier.AUTONOMOUS, Tier.SPOT_CHECK}


@dataclass(frozen=True, slots=True)
class Line:
    """One action type. `hole` says what should stand as its way back and does not."""

    name: str
    key: str
    url: str
    mode_words: str
    tier: str
    tier_words: str
    way_back: str
    hole: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingModel:
    """The whole sheet. An empty text is a hole where the page draws one.

    `revision` changes whenever one of its policies does.
    """

    name: str
    slug: str
    purpose: str
    agents: str
    team: str
    modes: str
    revision: str
    as_of: str
    signed: str
    missing: list[readiness.Gap]
    held: bool
    owners: list[Owner]
    pool: str
    trigger: str
    reads: str
    writes: str
    sees: str
    inputs: list[str]
    types: list[Line]
    alone: list[str]
    human: list[str]
    stops: list[str]
    deadline: list[str]
    hours: list[str]
    windows: list[str]
    steps: list[str]
    logged: str
    evaluation: str
    success_metric: str
    failure_modes: list[str]
    pause_when: str
    runbook: str
    turned_on_by: str
    way_back: list[str]


@dataclass(frozen=True, slots=True)
class _Type:
    row: ActionType
    document: dict[str, Any]
    policy: Policy
    tier: Tier


def operating_model(workflow: Workflow, person: Person, now: datetime) -> OperatingModel:
    """The sheet of a workflow that `workflows.of_team` read, as this person reads times."""
    types = _types(workflow)
    rows = [each.row for each in types]
    name = people.names_for(workflow, _addressees(workflow, types))
    gaps = readiness.gaps(workflow, rows)
    return OperatingModel(
        name=workflow.name,
        slug=workflow.slug,
        purpose=workflow.purpose,
        agents=", ".join(sorted(str(agent) for agent in workflow.agents.all())),
        team=workflow.team.name,
        modes=_modes(types),
        revision=digest({each.row.key: each.document for each in types})[:15],
        as_of=at(now, person),
        signed=_signed(rows, person),
        missing=gaps,
        held=any(gap.holds for gap in gaps),
        owners=people.owners(workflow),
        pool=f"{workflow.pool}: {', '.join(people.active(workflow.pool.people.all())) or 'nobody'}",
        trigger=workflow.trigger,
        reads=_listed(system for row in rows for system in row.systems.get("reads", [])),
        writes=_listed(system for row in rows for system in row.systems.get("writes", [])),
        sees=_listed(each.replace("_", " ") for row in rows for each in row.data_classes),
        inputs=_inputs(types),
        types=[_line(each, workflow) for each in types],
        alone=[_alone(each) for each in types if each.tier in RUNS_ALONE],
        human=list(_human(types, name)),
        stops=list(_stops(types, name)),
        deadline=_deadline(workflow, name),
        hours=_hours(workflow),
        windows=list(_windows(rows)),
        steps=workflows.steps_words(workflow),
        logged=LOGGED,
        evaluation=workflow.evaluation,
        success_metric=workflow.success_metric,
        failure_modes=workflow.failure_modes,
        pause_when=workflow.pause_when,
        runbook=workflow.runbook,
        turned_on_by=people.owner_or_nobody(workflow, "risk_owner"),
        way_back=_unique(filter(None, (_way_back(row) for row in rows))),
    )


def _types(workflow: Workflow) -> list[_Type]:
    holes = tuple(hole.role for hole in roles.vacant(workflow))
    listed = workflow.action_types.filter(retired_at__isnull=True).exclude(key__in=BUILT_IN)
    inherited, found = standards.inherited(workflow), []
    for row in listed.select_related("chain", "send_window").order_by("key"):
        document = policy_document(row, inherited)
        policy = documents.parse(document)
        found.append(_Type(row, document, policy, least_tier(policy, holes)))
    return found


def _addressees(workflow: Workflow, types: list[_Type]) -> list[str]:
    asked = [who for each in types for who in rules.signers(each.policy)]
    return [*timing.addressees(workflow.chain), *asked]


def _modes(types: list[_Type]) -> str:
    """From the strictest: “Draft-only 2, Approval-gated 3”."""
    counts = {mode: sum(each.policy.mode == mode for each in types) for mode in words.MODES}
    return ", ".join(f"{words.MODES[mode]} {count}" for mode, count in counts.items() if count)


def _signed(rows: list[ActionType], person: Person) -> str:
    last = PolicyChange.objects.filter(action_type__in=rows).select_related("author").last()
    return f"Last changed by {last.author or 'a rule'}, {at(last.at, person)}" if last else ""


def _line(each: _Type, workflow: Workflow) -> Line:
    lacking = readiness.lacks_way_back(each.row)
    return Line(
        name=str(each.row),
        key=each.row.key,
        url=f"{workflows.url_of(workflow)}{each.row.key}/",
        mode_words=words.MODES[each.policy.mode],
        tier=str(each.tier),
        tier_words=words.TIERS[each.tier],
        way_back=_way_back(each.row) or "nothing to take back",
        hole="no way back is named" if lacking else "",
    )


def _inputs(types: list[_Type]) -> list[str]:
    rows = [row for each in types for row in rules.inputs(each.policy)]
    return _unique(f"{row.name.replace('_', ' ')}, {row.max_age_words}" for row in rows)


def _alone(each: _Type) -> str:
    rate = sampling.rate(each.tier, each.row.spot_check_rate)
    return f"{each.row} ({sampling.percent(rate)} is looked at afterwards)"


def _human(types: list[_Type], name: Name) -> Iterator[str]:
    """What always needs a person: whole types, then the lines that are crossed."""
    for tier in (Tier.MANDATORY, Tier.BATCH_REVIEW, Tier.BLOCKED):
        always = [str(each.row) for each in types if each.tier == tier]
        if always:
            yield f"{words.TIERS[tier]}: {', '.join(always)}."
    for each in types:
        for threshold, row in zip(
            each.policy.thresholds, rules.thresholds(each.policy, name), strict=True
        ):
            said = " ".join(dict.fromkeys([rules.in_words(threshold), row.words]))
            yield f"{each.row}: {said} {_then(row)}"
        for limit in rules.cumulative(each.policy, name):
            yield f"{each.row}: {limit.words} {_then(limit)}"
    yield from _confidence(types)


def _then(row: rules.ThresholdRow | rules.CumulativeRow | rules.StopRuleRow) -> str:
    """What follows: “At least mandatory approval, and the risk owner, Rhea, is asked.”."""
    effect = row.effect_words.capitalize()
    return f"{effect}, and {row.ask_words} is asked." if _asks(row) else f"{effect}."


def _asks(row: rules.ThresholdRow | rules.CumulativeRow | rules.StopRuleRow) -> bool:
    return bool(row.ask_words) and row.effect_words != "blocked"


def _confidence(types: list[_Type]) -> Iterator[str]:
    """Each line once, with the types that have it."""
    lines: dict[str, list[str]] = {}
    for each in types:
        if each.policy.confidence_line is not None:
            lines.setdefault(rules.confidence(each.policy), []).append(str(each.row))
    for line, names in lines.items():
        yield f"{', '.join(names)}: {line[0].lower()}{line[1:]}."


def _stops(types: list[_Type], name: Name) -> Iterator[str]:
    """The stop rules in plain words, each once, with what they do."""
    said = (
        f"{row.words} {_then(row)}" for each in types for row in rules.stop_rules(each.policy, name)
    )
    yield from _unique(said)


def _deadline(workflow: Workflow, name: Name) -> list[str]:
    chain = timing.chain(workflow.chain, workflow.sla, name)
    return [*chain.steps, chain.fallback_words]


def _hours(workflow: Workflow) -> list[str]:
    times = timing.calendar(workflow.calendar)
    return [f"{times.name}, {times.zone}", *(f"{row.days}: {row.hours}" for row in times.hours)]


def _windows(rows: list[ActionType]) -> Iterator[str]:
    """What is released at certain times only, each window once."""
    named: dict[Calendar, list[str]] = {}
    for row in rows:
        if row.send_window:
            named.setdefault(row.send_window, []).append(str(row))
    for calendar, types in named.items():
        yield f"{', '.join(types)}: released only {timing.window(calendar)}."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names))) or "nothing"


def _unique(said: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(said))


def _way_back(row: ActionType) -> str:
    return words.way_back(row.rollback_path, row.rollback)
