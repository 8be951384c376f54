"""Says what a workflow still lacks before anybody should rely on it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agents_registry import going_live, roles, words
from agents_registry.away import Roster
from agents_registry.models import ActionType, Workflow
from agents_registry.policy.floors import BUILT_IN, CHANGES_NOTHING
from agents_registry.spec import handoff
from agents_registry.spec.export import present
from agents_registry.spec.rows import Document

SAID = {
    "trigger": "Nothing says what sets it to work.",
    "failure_modes": "Nothing says how it can go wrong.",
    "success_metric": "No success metric is named.",
    "evaluation": "Nothing says how its work is evaluated.",
    "pause_when": "Nothing says when to stop it.",
}


@dataclass(frozen=True, slots=True)
class Gap:
    """Something missing, in a sentence. `holds` says that no mode may rise until it is there."""

    what: str
    words: str
    holds: bool = False


def gaps(
    workflow: Workflow,
    types: Iterable[ActionType],
    *,
    roster: Roster | None = None,
    there: Document | None = None,
) -> list[Gap]:
    """Everything that is missing, people first. `types`: the workflow's own, not retired.

    `roster` and `there` (what `present` says of its team) are for who asks of many workflows.
    """
    own = [each for each in types if each.key not in BUILT_IN]
    return [
        *(Gap(hole.role, _hole(hole), holds=hole.holds) for hole in roles.holes(workflow, roster)),
        *_chains(workflow, own, there or present(workflow.team)),
        *_approvers(workflow, own),
        *_handoffs(own),
        *_types(own),
        *(Gap(name, said) for name, said in SAID.items() if not getattr(workflow, name)),
    ]  # fmt: skip


def lacks_way_back(action_type: ActionType) -> bool:
    """Whether it changes something and nothing says how that is taken back."""
    named = action_type.rollback_path or action_type.rollback
    return not named and action_type.verb not in CHANGES_NOTHING


def chains(
    workflow: Workflow, types: Iterable[ActionType], there: Document
) -> list[tuple[str, str]]:
    """The slugs of its escalation chains that cannot work as things stand, each with why not.

    Those of the workflow and of the types that have one, or a deadline, of their own.
    """
    times = going_live.times_of(workflow)
    asked = {(workflow.sla, times["chain"])}
    for each in types:
        chain = each.chain.slug if each.chain else times["chain"]
        asked.add((each.sla or workflow.sla, chain))
    found: dict[str, list[str]] = {}
    for sla, chain in sorted(asked):
        for fault in handoff.timely(sla, chain, times, there):
            found.setdefault(chain, []).append(fault.sentence)
    return [(chain, " ".join(dict.fromkeys(said))) for chain, said in found.items()]


def _chains(workflow: Workflow, types: list[ActionType], there: Document) -> Iterator[Gap]:
    for slug, said in chains(workflow, types, there):
        name = there["chains"][slug]["name"]
        yield Gap("chain", f"The escalation chain “{name}” leads nowhere. {said}", holds=True)


def _hole(hole: roles.Hole) -> str:
    role = words.ROLES.get(hole.role, hole.role)
    return f"Nobody {'is' if hole.holds else 'stands in as'} {role}. {hole.because}"


def _approvers(workflow: Workflow, types: list[ActionType]) -> Iterator[Gap]:
    """The types that ask for more different people than there are to decide."""
    if all(each.approvals_needed == 1 for each in types):
        return
    may = {person.pk for person in workflow.pool.people.all() if person.is_active}
    if workflow.approval_owner.is_active:
        may.add(workflow.approval_owner_id)
    for each in types:
        if each.approvals_needed > len(may):
            said = (
                f"{each.key} takes {each.approvals_needed} different people to approve, "
                f"and {len(may)} may decide it."
            )
            yield Gap("approvers", said)


def _handoffs(types: list[ActionType]) -> Iterator[Gap]:
    """The live types that are handed to people with less than these need to decide."""
    lacking: dict[tuple[str, ...], list[str]] = {}
    for each in types:
        if unsaid := handoff.unsaid(going_live.row_of(each, {})):
            lacking.setdefault(tuple(unsaid), []).append(each.key)
    for parts, keys in lacking.items():
        said = " or ".join(handoff.PARTS[part] for part in parts)
        yield Gap("handoff", f"Nothing says {said}, for {_some(keys)}.")


def _types(types: list[ActionType]) -> Iterator[Gap]:
    if not types:
        yield Gap("action_types", "It lists no action type, so its agents can stage nothing.")
    for what, said, lacking in (
        ("rollback", "No way back is named for {}.", filter(lacks_way_back, types)),
        ("schema", "No payload schema is given for {}.", (t for t in types if not _shaped(t))),
        ("unconfirmed", "Nobody has confirmed {}.", (t for t in types if not t.confirmed)),
    ):
        if names := [each.key for each in lacking]:
            yield Gap(what, said.format(_some(names)))


def _shaped(action_type: ActionType) -> bool:
    return bool(action_type.payload_schema.get("properties"))


def _some(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
