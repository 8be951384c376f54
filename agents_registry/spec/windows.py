"""PURE: finds window thresholds of a workflow that make no sense or speak of what is not there."""

from collections.abc import Iterator

from agents_registry.policy import windows
from agents_registry.spec import timing
from agents_registry.spec.problems import Problem
from agents_registry.spec.rows import Document, Row


def problems(place: str, workflow: Row, whole: Document) -> Iterator[Problem]:
    """What is wrong with the window thresholds of a filled workflow."""
    at, rows = f"{place}/window_thresholds", workflow["window_thresholds"]
    wrong = [Problem(f"{at}{pointer}", words) for pointer, words in windows.problems(rows)]
    yield from wrong
    if not wrong:
        for number, row in enumerate(rows):
            yield from _dangling(f"{at}/{number}", row, workflow, whole)


def _dangling(place: str, row: Row, workflow: Row, whole: Document) -> Iterator[Problem]:
    agent = row["source"].removeprefix(windows.AGENT)
    if row["source"] != windows.HERE and agent not in whole["agents"]:
        yield Problem(f"{place}/source", f"There is no agent {agent!r}.")
    if row.get("review"):
        yield from timing.addressee(f"{place}/review", row["review"], whole)
    for number, key in enumerate(row.get("action_types", ())):
        if key not in workflow["action_types"]:
            yield Problem(f"{place}/action_types/{number}", f"It has no action type {key!r}.")
