"""What somebody should look at, each with where to go: holes, stops, late work, refused types."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.db.models import Count

from agents_registry import readiness, roles
from agents_registry.away import Roster
from agents_registry.changes import rights
from agents_registry.changes.rights import Right
from agents_registry.models import (
    ActionType,
    Agent,
    ChangeRequest,
    Downgrade,
    Person,
    Stop,
    StopKind,
    Team,
    Workflow,
)
from agents_registry.spec.export import present
from agents_registry.spec.rows import Document
from approvals.models import FollowUp, Refusal
from approvals.pages import words
from approvals.stopping import workflows_under

WITHOUT = "Nothing of it runs without a person until somebody is named."
HOLDS = {"system_owner": WITHOUT, "risk_owner": WITHOUT}
FALLS = "Its open work falls to the next named person."
PASSES = "What nobody answers in time passes that step over, and may come to its end unseen."


@dataclass(frozen=True, slots=True)
class Need:
    """Something that somebody should look at, with where to go."""

    kind: str
    title: str
    sub: str
    url: str = ""
    link: str = ""


def needs(
    team: Team,
    person: Person,
    late: Mapping[Workflow, int],
    in_force: Iterable[Stop],
    roster: Roster,
) -> list[Need]:
    """What this person should see first. `late`: each workflow with how much of it is late."""
    there = present(team)
    return [
        *_hole_needs(late, roster),
        *_chain_needs(late, person, there),
        *(_stop_need(team, stop) for stop in in_force),
        *_late_needs(late),
        *_refusal_needs(team, person),
        *_follow_up_needs(team),
        *_unconfirmed_needs(team),
        *_downgrade_needs(team),
        *_request_needs(team),
        *_gap_needs(late, roster, there),
    ]


def _hole_needs(workflows: Iterable[Workflow], roster: Roster) -> list[Need]:
    return [
        _hole_need(workflow, hole)
        for workflow in workflows
        for hole in roles.holes(workflow, roster)
    ]


def _hole_need(workflow: Workflow, hole: roles.Hole) -> Need:
    """Gone for good, or away for a while: that is another thing to do."""
    role, url = words.ROLES.get(hole.role, hole.role), f"/registry/{workflow.slug}/"
    if not hole.holds:
        title = f"Nobody stands in as {role} of {workflow}."
        sub = f"{hole.because} {FALLS} They name a delegate, or a manager names a deputy."
        return Need("hole", title, sub, url, "Name somebody")
    sub = f"{hole.because} {HOLDS.get(hole.role, FALLS)} A manager names another one."
    return Need("hole", f"{workflow} has no {role}.", sub, url, "Name somebody")


def _chain_needs(workflows: Iterable[Workflow], person: Person, there: Document) -> list[Need]:
    """Escalation chains at which work would be left lying, each once, with where it is mended."""
    broken: dict[tuple[str, str], list[Workflow]] = {}
    for workflow in workflows:
        types = [row for row in workflow.action_types.all() if row.retired_at is None]
        for chain in readiness.chains(workflow, types, there):
            broken.setdefault(chain, []).append(workflow)
    return [
        _chain_need(there["chains"][slug]["name"], slug, said, hit, person)
        for (slug, said), hit in broken.items()
    ]


def _chain_need(name: str, slug: str, said: str, hit: list[Workflow], person: Person) -> Need:
    where = ", ".join(str(workflow) for workflow in hit)
    owners = ", ".join(sorted({str(workflow.workflow_owner) for workflow in hit}))
    need = Need(
        "hole",
        f"The escalation chain “{name}” of {where} leads nowhere.",
        f"{said} {PASSES} {owners} or a manager mends it.",
    )
    if not rights.may(person, Right.OPERATE, team=hit[0].team, workflow=None):
        return need
    return replace(need, url=f"/team/chains/{slug}/", link="Edit the chain")


def _stop_need(team: Team, stop: Stop) -> Need:
    under = workflows_under(team, StopKind(stop.kind), stop.target)
    owners = sorted({str(workflow.risk_owner) for workflow in under})
    by = str(stop.by) if stop.by else "the escalation chain"
    return Need(
        "stop",
        f"{stopped_name(team, stop)} is stopped by {by}: “{stop.reason}”",
        f"Only {', '.join(owners)} can turn it back on, with a note.",
        f"/stops/{stop.pk}/",
        "What it touched",
    )


def stopped_name(team: Team, stop: Stop) -> str:
    """What is stopped, by the name that people know it by."""
    if stop.kind == StopKind.AGENT:
        return str(Agent.objects.get(pk=stop.target, team=team))
    if stop.kind == StopKind.WORKFLOW:
        return str(Workflow.objects.get(pk=stop.target, team=team))
    return stop.target.partition("/")[2] or stop.target


def _late_needs(late: Mapping[Workflow, int]) -> list[Need]:
    count = sum(late.values())
    if not count:
        return []
    where = ", ".join(str(workflow) for workflow, number in late.items() if number)
    noun = "decision is" if count == 1 else "decisions are"
    return [Need("late", f"{words.capped(count)} {noun} late", f"In {where}.",
                 "/inbox/?view=all", "Show them")]  # fmt: skip


def _refusal_needs(team: Team, person: Person) -> list[Need]:
    refusals = Refusal.objects.filter(workflow__team=team).select_related("workflow", "agent")
    return [_refusal_need(refusal, person) for refusal in refusals.order_by("-last_at")[:10]]


def _refusal_need(refusal: Refusal, person: Person) -> Need:
    tried = f"{refusal.agent} tried “{refusal.key}” {refusal.count} times in {refusal.workflow}."
    unlisted = "The action type is not listed, so it was refused each time."
    if refusal.workflow.risk_owner_id != person.pk:
        return Need("refused", tried, f"{unlisted} Its risk owner decides whether to list it.")
    yours = f"{unlisted} You are the risk owner: list it or leave it so."
    url = f"/registry/{refusal.workflow.slug}/new-type"
    return Need("refused", tried, yours, url, "List it")


def _follow_up_needs(team: Team) -> list[Need]:
    opened = (
        FollowUp.objects.filter(action__team=team, closed_at__isnull=True)
        .exclude(kind="changes_requested")
        .select_related("assignee", "action")
        .order_by("due_at")[:10]
    )
    return [
        Need(
            "follow_up",
            f"{words.state(item.kind).capitalize()}: it waits for {item.assignee}.",
            "It stays open until somebody chooses how it ends.",
            f"/actions/{item.action_id}/",
            "Open it",
        )
        for item in opened
    ]


def _unconfirmed_needs(team: Team) -> list[Need]:
    waiting = (
        ActionType.objects.filter(workflow__team=team, confirmed=False, retired_at__isnull=True)
        .values("workflow__name", "workflow__slug")
        .annotate(count=Count("pk"))
        .order_by("workflow__name")
    )
    return [
        Need(
            "unconfirmed",
            f"{row['count']} action types of {row['workflow__name']} are not confirmed.",
            "They stay draft-only until the risk owner confirms them.",
            f"/registry/{row['workflow__slug']}/",
            "Look at them",
        )
        for row in waiting
    ]


def _downgrade_needs(team: Team) -> list[Need]:
    lowered = (
        Downgrade.objects.filter(action_type__workflow__team=team, lifted_at__isnull=True)
        .select_related("action_type__workflow", "reviewer")
        .order_by("at")[:10]
    )
    return [
        Need(
            "downgrade",
            f"{item.action_type} is {words.MODES[item.to_mode].lower()}: {item.because}",
            f"{item.reviewer} reviews it before the mode comes back.",
            f"/registry/{item.action_type.workflow.slug}/{item.action_type.key}/",
            "Review it",
        )
        for item in lowered
    ]


def _request_needs(team: Team) -> list[Need]:
    waiting = ChangeRequest.objects.filter(team=team, ended_at__isnull=True).count()
    if not waiting:
        return []
    noun = "change waits" if waiting == 1 else "changes wait"
    sub = "Until then everything stays as it was."
    return [
        Need("request", f"{waiting} {noun} for a signature.", sub, "/requests/", "Look at them")
    ]


def _gap_needs(workflows: Iterable[Workflow], roster: Roster, there: Document) -> list[Need]:
    """What the operating models lack, a line per workflow; people and confirming stand above."""
    needs = []
    for workflow in workflows:
        types = [row for row in workflow.action_types.all() if row.retired_at is None]
        every = readiness.gaps(workflow, types, roster=roster, there=there)
        gaps = [gap for gap in every if gap.what in _OF_THE_MODEL]
        if gaps:
            needs.append(
                Need(
                    "gap",
                    f"The operating model of {workflow} is not whole.",
                    " ".join(gap.words for gap in gaps),
                    f"/registry/{workflow.slug}/model/",
                    "Look at it",
                )
            )
    return needs


_OF_THE_MODEL = {*readiness.SAID, "action_types", "approvers", "handoff", "rollback", "schema"}
