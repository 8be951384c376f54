"""The batches of a team that a person can decide, the most urgent first, and how many there are."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from agents_registry.models import ActionType, Person, Team
from approvals.batch_samples import FEWEST, TIER, Batch, standing, without_built_in
from approvals.models import TIER_RANKS, Action
from approvals.pages import words
from approvals.pages.batch import address
from approvals.pages.content import Text, text
from approvals.permissions import why_not_each
from approvals.querysets import pending, reviewed_by
from ledger import clock

LOOKED_AT = 2_000
"""How many of the most urgent pending actions batches are looked for among."""

MOST_LINES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One batch: how many of it wait, and when the first of them is due."""

    url: str
    name: str
    key: Text
    workflow_name: str
    count: str
    due: words.Due | None
    one_by_one: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchesPage:
    """`looked_at` is how many actions were looked at where there are more; else empty."""

    lines: list[Line]
    looked_at: str


def page(person: Person, team: Team) -> BatchesPage:
    """The batches with at least two actions that this person may decide."""
    base = _waiting(person, team)
    actions = list(_most_urgent(base).select_related("workflow").defer("search_text", "summary"))
    closed = why_not_each(person, actions)
    together = set(_most_urgent(standing(base)).values_list("pk", flat=True))
    groups: dict[tuple[Batch, bool], list[Action]] = {}
    for action in actions:
        if action.pk not in closed:
            groups.setdefault((Batch.of(action), action.pk in together), []).append(action)
    whole = len(actions) < LOOKED_AT
    return BatchesPage(lines=_lines(groups, person), looked_at="" if whole else f"{LOOKED_AT:,}")


def count(person: Person, team: Team) -> int:
    """How many batches of at least two stand among the most urgent, counted up to one over the
    cap; by pool and addressee alone, for the rail of every page."""
    kinds = (
        Action.objects.filter(pk__in=_most_urgent(standing(_waiting(person, team))).values("pk"))
        .order_by()
        .values("action_type", "batch_key", "shape")
        .annotate(members=Count("pk"))
        .filter(members__gte=FEWEST)
    )
    return len(kinds[: words.CAP + 1])


def _waiting(person: Person, team: Team) -> QuerySet[Action]:
    mine = reviewed_by(person, team).waiting() | Q(assignee=person, step__gt=0)
    return without_built_in(pending(team).filter(mine, tier_rank=TIER_RANKS[TIER]))


def _most_urgent(actions: QuerySet[Action]) -> QuerySet[Action]:
    return actions.order_by("due_at", "id")[:LOOKED_AT]


def _lines(groups: Mapping[tuple[Batch, bool], list[Action]], person: Person) -> list[Line]:
    """A line for each batch, in the order of their first actions."""
    found = [(batch, stands, group) for (batch, stands), group in groups.items()]
    found = [each for each in found if len(each[2]) >= FEWEST][:MOST_LINES]
    types = ActionType.objects.in_bulk({batch.action_type_id for batch, _, _ in found})
    now = clock.now()
    return [
        Line(
            url=address(batch),
            name=str(types[batch.action_type_id]),
            key=text(batch.batch_key),
            workflow_name=group[0].workflow.name,
            count=words.capped(len(group)),
            due=words.due_of(group[0], now, person),
            one_by_one=not stands,
        )
        for batch, stands, group in found
    ]
