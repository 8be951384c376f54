"""Window thresholds: when a metric's readings, one a window, take an action type's mode down."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from agents_registry.policy import cumulative, numbers, schema, wording
from agents_registry.policy.findings import Mode
from agents_registry.policy.rules import COMPARE
from agents_registry.policy.shapes import Operator

SHARES = ("error_rate", "rejection_rate", "rollback_rate", "check_failure_rate")
COMPUTED = (*SHARES, "volume")
"""What the system measures by itself: shares from 0 to 1, and how many actions were staged."""

HERE, AGENT = "computed", "agent:"
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=31)
MOST_WINDOWS = 100

ROW: dict[str, Any] = {
    "type": "object",
    "required": ["id", "metric", "source", "operator", "limit", "mode_to"],
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": 60},
        "metric": {"type": "string", "pattern": schema.METRIC},
        "source": {"type": "string", "maxLength": 80},
        "window": {"type": ["string", "null"], "maxLength": 40},
        "operator": {"enum": list(COMPARE)},
        "limit": schema.NUMBER,
        "windows": {"type": "integer", "minimum": 1, "maximum": MOST_WINDOWS},
        "least": {"type": "integer", "minimum": 0, "maximum": 1_000_000},
        "action_types": {"type": "array", "items": schema.NAME, "maxItems": 500},
        "mode_to": {"enum": [str(Mode.APPROVAL_GATED), str(Mode.DRAFT_ONLY)]},
        "review": schema.NAME,
        "words": {"type": ["string", "null"], "maxLength": 1000},
    },
    "additionalProperties": False,
}
ROWS = {"type": "array", "items": ROW, "maxItems": 100}


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRule:
    """`metric operator limit` in so many `windows` in a row takes the mode to `mode_to`.

    `source` is who measures: `computed`, once every `window`, or `agent:<slug>`, which says its
    windows itself. `least` cases make a computed share worth reading. `action_types` is empty for
    all of the workflow; `review` names who must look before the mode comes back.
    """

    id: str
    metric: str
    source: str
    operator: Operator
    limit: Decimal
    mode_to: Mode
    window: timedelta | None = None
    windows: int = 1
    least: int = 10
    action_types: frozenset[str] = frozenset()
    review: str = "risk_owner"
    words: str = ""

    @property
    def name(self) -> str:
        """How findings, downgrades and the record call it."""
        return f"window:{self.id}"

    @property
    def computed(self) -> bool:
        return self.source == HERE

    @property
    def read_as(self) -> str:
        """The source of its readings: what is computed is computed for one rule alone."""
        return f"{HERE}:{self.id}" if self.computed else self.source


def parse(rows: Iterable[Mapping[str, Any]]) -> list[WindowRule]:
    """The rules of a workflow, whose rows `problems` had nothing against."""
    return [
        _rule({name: value for name, value in row.items() if value is not None}) for row in rows
    ]


def crossed(rule: WindowRule, values: Sequence[Decimal]) -> bool:
    """Whether the last readings, in order of time, are all over the limit, and enough of them.

    Only readings count: a window without one neither adds to the row nor breaks it.
    """
    last = values[-rule.windows :]
    return len(last) == rule.windows and all(COMPARE[rule.operator](v, rule.limit) for v in last)


def because(rule: WindowRule, values: Sequence[Decimal]) -> str:
    """Why it was crossed: the readings that crossed it, the last ten, and the rule's own words."""
    last = [_figure(rule, value) for value in values[-rule.windows :]]
    row = "" if len(last) == 1 else f" in {len(last)} windows in a row"
    more = "… " if len(last) > 10 else ""
    bound = f"{wording.OPERATORS[rule.operator]} {_figure(rule, rule.limit)}"
    said = f"{wording.subject(rule.metric)} was {bound}{row}: {more}{', '.join(last[-10:])}."
    return f"{said} {rule.words}".rstrip()


def problems(rows: Any) -> Iterator[tuple[str, str]]:
    """What is wrong with a workflow's rows: a JSON Pointer into them, and words."""
    shape = [(error.pointer, error.detail) for error in schema.errors(rows, ROWS)]
    yield from shape
    if shape:
        return
    times = Counter(row["id"] for row in rows)
    for place, row in enumerate(rows):
        if times[row["id"]] > 1:
            yield f"/{place}/id", f"More than one window threshold is called {row['id']}."
        for field, words in _faults(row):
            yield f"/{place}/{field}", words


def _rule(row: Mapping[str, Any]) -> WindowRule:
    window = row.get("window")
    return WindowRule(
        id=row["id"],
        metric=row["metric"],
        source=row["source"],
        operator=row["operator"],
        limit=numbers.known(row["limit"]),
        mode_to=Mode(row["mode_to"]),
        window=cumulative.window(window) if window else None,
        windows=row.get("windows", 1),
        least=row.get("least", 10),
        action_types=frozenset(row.get("action_types", ())),
        review=row.get("review", "risk_owner"),
        words=row.get("words", ""),
    )


def _faults(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if row["source"] == HERE:
        yield from _computed_faults(row)
    elif row["source"].startswith(AGENT) and row["source"] != AGENT:
        if row.get("window"):
            yield "window", "The agent says its windows itself, with each reading."
    else:
        yield "source", f"It is {HERE}, or {AGENT} and the slug of an agent."


def _computed_faults(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    metric, limit = row["metric"], numbers.known(row["limit"])
    if metric not in COMPUTED:
        yield "metric", f"Computed are {', '.join(COMPUTED)}; any other comes from an agent."
    if metric in SHARES and not 0 <= limit <= 1:
        yield "limit", "It is a share from 0 to 1: five in a hundred are 0.05."
    if not row.get("window"):
        yield "window", "What is computed needs a window, such as 1 hour."
    elif fault := cumulative.fault(row["window"]):
        yield "window", fault
    elif not SHORTEST <= cumulative.window(row["window"]) <= LONGEST:
        yield "window", "A window lasts from 1 minute to 31 days."


def _figure(rule: WindowRule, value: Decimal) -> str:
    """A share in hundredths, as people say it; any other figure as it is."""
    if rule.computed and rule.metric in SHARES:
        return wording.figure("share_pct", round(value * 100, 1))
    return wording.figure(rule.metric, value)
