"""Which workflow sees which class of data, for legal and for whoever answers a data subject."""

from collections import defaultdict
from dataclasses import dataclass

from agents_registry.models import ActionType, Team
from agents_registry.policy.floors import CHANGES_NOTHING


@dataclass(frozen=True, slots=True)
class Seen:
    """The action types of a workflow that see a class of data; `changes` when one of them acts."""

    types: list[str]
    changes: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A class of data, and what each workflow, in the order of the columns, does with it."""

    name: str
    cells: list[Seen | None]


@dataclass(frozen=True, slots=True)
class DataMap:
    """The whole page. `undeclared`: workflows with types that say of no class that they see it."""

    workflows: list[tuple[str, str]]
    rows: list[Row]
    undeclared: list[str]


def data_map(team: Team) -> DataMap:
    """The map of a team's workflows in use, in one query."""
    types = (
        ActionType.objects.filter(
            workflow__team=team, retired_at__isnull=True, workflow__archived_at__isnull=True
        )
        .select_related("workflow")
        .order_by("workflow__name", "key")
    )
    seen: dict[str, dict[str, list[ActionType]]] = defaultdict(lambda: defaultdict(list))
    workflows, silent = dict[str, str](), dict[str, str]()
    for row in types:
        workflows[row.workflow.slug] = row.workflow.name
        for name in row.data_classes:
            seen[name][row.workflow.slug].append(row)
        if not row.data_classes and any(row.systems.values()):
            silent[row.workflow.slug] = row.workflow.name
    return DataMap(
        workflows=list(workflows.items()),
        rows=[
            Row(name.replace("_", " "), [_seen(places.get(slug)) for slug in workflows])
            for name, places in sorted(seen.items())
        ],
        undeclared=list(silent.values()),
    )


def _seen(types: list[ActionType] | None) -> Seen | None:
    if types is None:
        return None
    changes = any(row.verb not in CHANGES_NOTHING for row in types)
    return Seen([str(row) for row in types], changes)
