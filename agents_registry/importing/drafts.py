"""PURE: makes the document that adds proposals to a workflow, new or known."""

from collections.abc import Iterable
from typing import Any

from agents_registry.importing.proposals import Proposal
from agents_registry.policy.floors import BUILT_IN
from agents_registry.spec.rows import Document

CALENDAR, CHAIN = "around-the-clock", "to-the-workflow-owner"
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def pending(
    known: Document, workflow: str, proposals: Iterable[Proposal], *, accepted: bool
) -> list[Proposal]:
    """What there is to do: tools that are not listed yet and, when accepted, drafts to confirm.

    ValueError where two tools share a key.
    """
    listed = known["workflows"].get(workflow, {}).get("action_types", {})
    found: dict[str, Proposal] = {}
    for proposal in proposals:
        if proposal.key in found:
            raise ValueError(f"Two tools would share the key {proposal.key}.")
        stored = listed.get(proposal.key)
        found[proposal.key] = proposal if stored is None else proposal.of_draft(stored)
    return [
        proposal
        for key, proposal in found.items()
        if key not in BUILT_IN
        and (key not in listed or (accepted and not listed[key]["confirmed"]))
    ]


def document(
    known: Document,
    *,
    workflow: str,
    agent: str | None,
    owner: str,
    proposals: Iterable[Proposal],
    accepted: bool,
) -> Document:
    """What the workflow is to be: as it is known, or new with one owner, and the proposals added.

    `known` is filled. Whatever is not among the proposals stays as it is.
    """
    made = {} if workflow in known["workflows"] else _scaffold(known, workflow, owner)
    row: dict[str, Any] = dict(known["workflows"].get(workflow) or made["workflows"][workflow])
    drafts = {proposal.key: proposal.as_row(accepted=accepted) for proposal in proposals}
    row["action_types"] = {**row.get("action_types", {}), **drafts}
    agents = {agent: {"name": _title(agent)}} if agent and agent not in known["agents"] else {}
    if agent:
        row["agents"] = sorted({*row.get("agents", []), agent})
    return {**made, "agents": agents, "workflows": {workflow: row}}


def _scaffold(known: Document, workflow: str, owner: str) -> Document:
    """A workflow whose every part is the owner's to begin with; shared parts are kept."""
    pool = f"{workflow[:40]}-reviewers"
    return {
        "people": {} if owner in known["people"] else {owner: {}},
        "pools": _unless(known, "pools", pool, {"name": "Reviewers", "people": [owner]}),
        "calendars": _unless(known, "calendars", CALENDAR, _AROUND_THE_CLOCK),
        "chains": _unless(known, "chains", CHAIN, _TO_THE_OWNER),
        "workflows": {
            workflow: {
                "name": _title(workflow),
                "owners": {
                    "workflow_owner": owner,
                    "system_owner": owner,
                    "risk_owner": owner,
                    "approval_owner": owner,
                },
                "pool": pool,
                "calendar": CALENDAR,
                "chain": CHAIN,
                "sla": "4 hours",
            }
        },
    }


_AROUND_THE_CLOCK = {
    "name": "Around the clock",
    "time_zone": "UTC",
    "hours": {day: [["00:00", "24:00"]] for day in WEEK},
}
_TO_THE_OWNER = {
    "name": "To the workflow owner",
    "first_remind": "2 hours",
    "stages": [{"who": "workflow_owner", "within": "8 hours"}],
    "fallback": "hold",
}


def _unless(known: Document, section: str, slug: str, row: dict[str, Any]) -> dict[str, Any]:
    return {} if slug in known[section] else {slug: row}


def _title(slug: str) -> str:
    return slug.replace("-", " ").replace("_", " ").capitalize()
