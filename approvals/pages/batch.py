"""One batch on one screen: what is the same said once, what differs in columns, what to look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse

from agents_registry import stops
from agents_registry.models import ActionType, Person
from agents_registry.words import counted, way_back
from approvals import acceptance, alike, batch_samples
from approvals.batch_samples import TIER, Batch
from approvals.errors import Refused
from approvals.judging import BUILT_IN
from approvals.lots import Lot
from approvals.models import Action, Cause, Reason
from approvals.pages import batch_table as table
from approvals.pages import words
from approvals.pages.bar import HINTS, Choice
from approvals.pages.batch_table import Chosen, Heading, Row
from approvals.pages.content import Text, text
from approvals.states import State
from ledger import clock

MOST_COLUMNS = 7
ONE_BY_ONE = 50


@dataclass(frozen=True, slots=True)
class Fact:
    """What is the same in all rows; `label` is ours, `path` is the agent's name of a leaf."""

    value: Text
    label: str = ""
    path: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What the two buttons would decide, and what is still missing before the rest is approved."""

    chosen: int
    of: int
    taken_out: int
    accepts: bool
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    """A defect in the sample: who found it when, and what is reviewed one by one since."""

    words: str
    action_url: str
    count: str
    rows: list[tuple[str, Text]]
    inbox_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPage:
    """Everything that `batch.html` shows."""

    title: str
    key: Text
    workflow_name: str
    agent_name: str
    due: words.Due | None
    url: str
    pick_url: str
    decide_url: str
    as_of: str
    stopped: str
    can_decide: bool
    why_not: str
    count: int
    more: bool
    same: list[Fact]
    headings: list[Heading]
    folded: list[Heading]
    folded_words: str
    all_columns_url: str
    rows: list[Row]
    to_look_at: int
    looked_at: int
    drawn: int
    outliers: int
    promise: str
    next_url: str
    stand_out: int
    bar: Bar
    single: Single | None
    reasons: list[Choice]
    causes: list[Choice]
    refusal: Refused | None
    typed: Mapping[str, str]


def address(batch: Batch, name: str = "batch") -> str:
    """Where the batch is: its type and shape in the path, the agent's key in the query."""
    path = reverse(name, args=[batch.action_type_id, batch.shape])
    return f"{path}?{urlencode({'key': batch.batch_key})}"


def address_of(action: Action) -> str:
    """Where the action stands with its like; empty where it is decided by itself."""
    alone = action.tier != TIER or action.state != State.PENDING or not action.shape
    return "" if alone or action.action_type.key in BUILT_IN else address(Batch.of(action))


def is_left(batch: Batch) -> bool:
    """Whether there still is something in it to decide together."""
    return len(batch_samples.members(batch)) >= batch_samples.FEWEST


def page(
    batch: Batch,
    action_type: ActionType,
    person: Person,
    *,
    chosen: Chosen | None = None,
    refusal: Refused | None = None,
    all_columns: bool = False,
) -> BatchPage:
    """The batch as this person sees it now, with the boxes as they were in `chosen`."""
    now = clock.now()
    lot = Lot.of(batch, person)
    first = lot.actions[0] if lot.actions else None
    columns = lot.differences.differs
    most = len(columns) if all_columns else MOST_COLUMNS
    shown, folded = alike.shown(columns, most)
    rows = table.rows(lot, shown, chosen)
    whys = _whys(lot)
    close = lot.close
    waiting = [row for row in rows if row.close and not row.opened]
    return BatchPage(
        title=f"{action_type}: {len(rows)} alike",
        key=text(batch.batch_key),
        workflow_name=action_type.workflow.name,
        agent_name=_agents(lot.actions),
        due=words.due_of(first, now, person) if first else None,
        url=address(batch),
        pick_url=address(batch, "batch_pick"),
        decide_url=address(batch, "batch_decide"),
        as_of=now.isoformat(),
        stopped=_stopped(first),
        can_decide=any(row.box for row in rows),
        why_not=next(iter(lot.closed.values()), ""),
        count=len(rows),
        more=len(rows) == batch_samples.MOST,
        same=_same(lot, action_type, whys),
        headings=[table.heading(column, lot) for column in shown],
        folded=[table.heading(column, lot) for column in folded],
        folded_words=counted(len(folded), "more column"),
        all_columns_url=f"{address(batch)}&columns=all",
        rows=rows,
        to_look_at=len(close),
        looked_at=len(close & lot.opened),
        drawn=len(lot.drawn),
        outliers=len(lot.outliers - lot.drawn),
        promise=_promise(len(rows), len(lot.drawn)),
        next_url=waiting[0].url if waiting else "",
        stand_out=sum(row.stands_out for row in rows),
        bar=_bar(rows, first),
        single=_single(batch, action_type, person),
        reasons=[Choice(r.value, str(r.label), HINTS.get(r.value, "")) for r in Reason],
        causes=[Choice(c.value, str(c.label)) for c in Cause],
        refusal=refusal,
        typed=chosen.typed if chosen else {},
    )


def _same(lot: Lot, action_type: ActionType, whys: list[str]) -> list[Fact]:
    """What is said once instead of in every row; ours before the agent's."""
    if not lot.actions:
        return []
    ours = {
        "Does": action_type.description or str(action_type),
        "Why a human": whys[0] if len(whys) == 1 else f"for {len(whys)} reasons, on their pages",
        "Undo": way_back(action_type.rollback_path, action_type.rollback)
        or "no way back is declared",
    }
    facts = [Fact(text(value), label=label) for label, value in ours.items()]
    for column in lot.differences.same:
        path = f"{column.leaf.path} {table.side_of(column, lot)}".strip()
        facts.append(Fact(text(column.leaf.value_text), path=text(path)))
    return facts


def _whys(lot: Lot) -> list[str]:
    """The findings that brought them to a person, each once."""
    return list(dict.fromkeys(words.why(content.findings) for content in lot.contents.values()))


def _agents(actions: Sequence[Action]) -> str:
    names = sorted({action.agent.name for action in actions})
    return names[0] if len(names) == 1 else counted(len(names), "agent")


def _stopped(first: Action | None) -> str:
    if first is None or not (stop := stops.stop_over(first.agent, first.action_type)):
        return ""
    return f"“{stop.reason}” {first.workflow.risk_owner} can turn it back on."


def _promise(lot: int, sample: int) -> str:
    """What it means when none of the sample is wrong."""
    if not sample:
        return ""
    fewest = acceptance.shows_from(lot, sample)
    share = round(100 * fewest / lot)
    if sample == lot:
        return "It is all of them, so nothing is left to chance."
    return (
        f"If {fewest} or more of the {lot} were wrong ({share}%), the sample would have shown one "
        "95 times in 100. Fewer it can miss."
    )


def _bar(rows: Sequence[Row], first: Action | None) -> Bar:
    mine = [row for row in rows if row.box]
    chosen = [row for row in mine if row.taken]
    return Bar(
        chosen=len(chosen),
        of=len(mine),
        taken_out=len(mine) - len(chosen),
        accepts=first is not None and first.is_only_accepted,
        why_not=_why_not_yet(mine),
    )


def _why_not_yet(rows: Sequence[Row]) -> str:
    if out := sum(row.drawn and not row.taken for row in rows):
        return (
            f"{out} of those drawn at random {'is' if out == 1 else 'are'} taken out. "
            "Decide it by itself first, or take it back in."
        )
    close = [row for row in rows if row.close and row.taken]
    if unopened := sum(not row.opened for row in close):
        return (
            f"{unopened} of the {len(close)} to look at closely "
            f"{'is' if unopened == 1 else 'are'} not opened yet."
        )
    return ""


def _single(batch: Batch, action_type: ActionType, person: Person) -> Single | None:
    defect = batch_samples.defect_of(batch)
    if defect is None:
        return None
    waiting = _one_by_one(batch, defect.found_at)
    rows = list(waiting[: words.CAP + 1])
    if not rows:
        return None
    decision = defect.decision
    filters = {"view": "all", "tier": TIER, "workflow": action_type.workflow.slug}
    return Single(
        words=f"{decision.person} found one of the sample wrong "
        f"({words.state(decision.verdict)}), {words.at(defect.found_at, person)}.",
        action_url=reverse("action", args=[decision.action_id]),
        count=words.capped(len(rows)),
        rows=[
            (f"{reverse('action', args=[row.pk])}?view=batch", text(row.sentence))
            for row in rows[:ONE_BY_ONE]
        ],
        inbox_url=f"{reverse('inbox')}?{urlencode(filters)}",
    )


def _one_by_one(batch: Batch, found_at: datetime) -> QuerySet[Action]:
    return batch_samples.pending_in(batch).filter(created_at__lte=found_at)
