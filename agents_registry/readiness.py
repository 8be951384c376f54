"""Says what a workflow still lacks before anybody should rely on it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agents_registry import roles, words
from agents_registry.models import ActionType, Workflow
from agents_registry.policy.floors import BUILT_IN, CHANGES_NOTHING

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


def gaps(workflow: Workflow, types: Iterable[ActionType]) -> list[Gap]:
    """Everything that is missing, people first. `types`: the workflow's own, not retired."""
    own = [each for each in types if each.key not in BUILT_IN]
    return [
        *(Gap(hole.role, _hole(hole.role, hole.because), holds=True)
          for hole in roles.holes(workflow)),
        *_approvers(workflow, own),
        *_types(own),
        *(Gap(name, said) for name, said in SAID.items() if not getattr(workflow, name)),
    ]  # fmt: skip


def lacks_way_back(action_type: ActionType) -> bool:
    """Whether it changes something and nothing says how that is taken back."""
    return not action_type.rollback_path and action_type.verb not in CHANGES_NOTHING


def _hole(role: str, because: str) -> str:
    return f"Nobody is {words.ROLES.get(role, role)}. {because}"


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
