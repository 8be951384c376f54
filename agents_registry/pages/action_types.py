"""One action type: what it is, the rules it is judged by, and how it is stopped."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse

from agents_registry import modes, standards, stops, words
from agents_registry.changes import rights
from agents_registry.changes.rights import Right
from agents_registry.going_live import row_of
from agents_registry.models import ActionType, Downgrade, Person, Stop, StopKind, Workflow
from agents_registry.pages import people, rules, timing, workflows
from agents_registry.pages.inherited import FromStandard, from_standards
from agents_registry.pages.people import Name
from agents_registry.pages.rules import (
    CumulativeRow,
    ImpactRow,
    InputRow,
    LoosenedRow,
    StopRuleRow,
    ThresholdRow,
)
from agents_registry.permissions import can_stop
from agents_registry.policy import documents, sampling
from agents_registry.policy.findings import Mode
from agents_registry.policy.floors import BUILT_IN
from agents_registry.readiness import lacks_way_back
from agents_registry.revisions import own_document, policy_document
from agents_registry.spec import handoff
from ledger.canonical import digest

HANDED_OVER = {
    "trigger": "What sets it off",
    "context": "What the reviewer should know",
    "decision_asked": "What the reviewer is asked",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A line about the type; `hole` says what should stand there and does not."""

    label: str
    value: str
    hole: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypePage:
    """The whole page. `stop_target` is empty where this person has nothing to stop, `edit_url`
    where they may not edit it."""

    key: str
    name: str
    description: str
    workflow_name: str
    workflow_url: str
    risk_owner: str
    tier: str
    tier_words: str
    mode_words: str
    confirmed: bool
    lowered: list[Downgrade]
    policy_short: str
    facts: list[Fact]
    confidence_words: str
    thresholds: list[ThresholdRow]
    cumulative: list[CumulativeRow]
    stop_rules: list[StopRuleRow]
    standards: list[FromStandard]
    inputs: list[InputRow]
    waives: list[str]
    impact: list[ImpactRow]
    loosened: list[LoosenedRow]
    schema: str
    stop_target: str
    edit_url: str
    revisions_url: str


def page(action_type: ActionType, workflow: Workflow, person: Person) -> TypePage:
    """The page of one type of a workflow that `workflows.of_team` read, for this person."""
    inherited = [] if action_type.key in BUILT_IN else standards.inherited(workflow)
    own, document = own_document(action_type), policy_document(action_type, inherited)
    policy, whole = documents.parse(own), documents.parse(document)
    name = people.names_for(workflow, [*rules.signers(whole), *_own_addressees(action_type)])
    tier = workflows.least_tier_of(action_type, workflow)
    target = stops.action_type_target(action_type)
    stop = _stop_on(workflow, target)
    url = reverse("registry_action_type", args=[workflow.slug, action_type.key])
    return TypePage(
        key=action_type.key,
        name=str(action_type),
        description=action_type.description,
        workflow_name=workflow.name,
        workflow_url=workflows.url_of(workflow),
        risk_owner=people.owner_or_nobody(workflow, "risk_owner"),
        tier=tier,
        tier_words=words.TIERS[tier],
        mode_words=words.MODES[whole.mode],
        confirmed=action_type.confirmed,
        lowered=modes.waiting_for_review(action_type),
        policy_short=_short(digest(document)),
        facts=[*_standing(action_type, workflow, stop), *_facts(action_type, workflow, name)],
        confidence_words=rules.confidence(policy),
        thresholds=rules.thresholds(policy, name),
        cumulative=rules.cumulative(policy, name),
        stop_rules=rules.stop_rules(policy, name),
        standards=from_standards(inherited, own, name),
        inputs=rules.inputs(policy),
        waives=rules.waives(policy),
        impact=rules.impact(policy, action_type.impact),
        loosened=rules.loosened(policy),
        schema=json.dumps(action_type.payload_schema, indent=2, ensure_ascii=False),
        stop_target="" if stop or not can_stop(person, workflow.team) else target,
        edit_url=f"{url}edit" if _may_edit(action_type, person) else "",
        revisions_url=f"{url}revisions/",
    )


def _may_edit(action_type: ActionType, person: Person) -> bool:
    """Those who may tighten it; what they may not loosen alone waits for the risk owner."""
    if action_type.key in BUILT_IN or action_type.retired_at:
        return False
    workflow = action_type.workflow
    return rights.may(person, Right.TIGHTEN, team=workflow.team, workflow=workflow)


def _own_addressees(action_type: ActionType) -> list[str]:
    return timing.addressees(action_type.chain) if action_type.chain else []


def _stop_on(workflow: Workflow, target: str) -> Stop | None:
    return stops.in_force(workflow.team).filter(kind=StopKind.ACTION_TYPE, target=target).first()


def _standing(action_type: ActionType, workflow: Workflow, stop: Stop | None) -> Iterator[Fact]:
    """What keeps it from being used at all."""
    if action_type.retired_at:
        yield Fact("Retired", "nothing new of it is taken in")
    if stop:
        by = stop.by or "the escalation chain"
        owner = people.owner_or_nobody(workflow, "risk_owner")
        yield Fact("Stopped", f"by {by}: “{stop.reason}” {owner} can turn it back on.")


def _facts(action_type: ActionType, workflow: Workflow, name: Name) -> Iterator[Fact]:
    if action_type.sentence:
        yield Fact("In a sentence", action_type.sentence)
    yield Fact("Verb", words.VERBS[action_type.verb])
    yield Fact("Authority", workflows.authority_words(action_type))
    yield Fact("Blast radius", f"{action_type.blast_radius}, as it is registered")
    yield Fact("Undo", words.REVERSIBILITIES[action_type.reversibility])
    yield _way_back(action_type)
    if action_type.changes_terms:
        yield Fact("Price or terms", "it changes them")
    yield Fact("Reads", ", ".join(action_type.systems.get("reads", [])) or "no system")
    yield Fact("Writes", ", ".join(action_type.systems.get("writes", [])) or "no system")
    if action_type.data_classes:
        yield Fact("Sees", ", ".join(each.replace("_", " ") for each in action_type.data_classes))
    yield from (Fact(row.label, row.words) for row in rules.again(action_type.again))
    yield from _deciding(action_type, workflow, name)
    if action_type.key not in BUILT_IN:
        yield from _taking(action_type)


def _way_back(action_type: ActionType) -> Fact:
    if lacks_way_back(action_type):
        return Fact("Taken back by", "", hole="no way back is named")
    way = words.way_back(action_type.rollback_path, action_type.rollback)
    return Fact("Taken back by", way or "nothing to take back")


def _deciding(action_type: ActionType, workflow: Workflow, name: Name) -> Iterator[Fact]:
    """How people decide it."""
    yield from _handed_over(action_type)
    yield Fact("Deadline", action_type.sla or f"{workflow.sla}, as the workflow has it")
    if action_type.chain:
        chain = timing.chain(action_type.chain, action_type.sla or workflow.sla, name)
        yield Fact("Who is asked", " ".join([*chain.steps, chain.fallback_words]))
    if action_type.approvals_needed > 1:
        yield Fact("Approvals needed", f"{action_type.approvals_needed} people")
    if action_type.mode == Mode.AUTO_EXECUTED or action_type.spot_check_rate is not None:
        yield Fact("Looked at afterwards", sampling.in_words(action_type.spot_check_rate))
    if action_type.checks:
        yield Fact("Reviewers check", "; ".join(action_type.checks))


def _handed_over(action_type: ActionType) -> Iterator[Fact]:
    """What reviewers are told where the agent is silent; a hole where a live type lacks it."""
    lacking = handoff.unsaid(row_of(action_type, {}))
    for part, label in HANDED_OVER.items():
        said = action_type.handoff.get(part, "")
        if said or part in lacking:
            yield Fact(label, said, hole="" if said else "not said")


def _taking(action_type: ActionType) -> Iterator[Fact]:
    """What an approval is worth, and what becomes of an outcome that stays away."""
    if action_type.settle_seconds is not None:
        yield Fact("Undo is certain for", words.duration(action_type.settle_seconds))
    yield Fact("An approval lasts", _lasts(action_type))
    if action_type.send_window:
        yield Fact("Released only", timing.window(action_type.send_window))
    if action_type.matches:
        said = "; ".join(f"{row['after']} says {row['payload']}" for row in action_type.matches)
        yield Fact("The after-state at", said)
    if action_type.idempotent:
        yield Fact("Done twice", "does no harm: without an outcome it may be taken again")
    else:
        yield Fact("Done twice", "may do harm: without an outcome the system owner settles it")


def _lasts(action_type: ActionType) -> str:
    apart = words.lives(action_type.approval_lives)
    return f"{action_type.approval_life}; but {apart}" if apart else action_type.approval_life


def _short(digest: str) -> str:
    return f"{digest[:11]}…{digest[-4:]}"
