"""PURE: what an action type lacks before its actions can be handed to a person to decide.

A handoff says what set it off, what the reviewer should know, what is asked, until when, and what
happens if nobody answers. Agents fill it per action; what the type says holds where they do not.
"""

from collections.abc import Iterator

from agents_registry.policy.findings import Mode
from agents_registry.policy.floors import READ_LEVEL, READ_VERB
from agents_registry.spec import timing
from agents_registry.spec.problems import Problem
from agents_registry.spec.rows import Document, Row

PARTS = {
    "trigger": "what sets it off",
    "context": "what the reviewer should know",
    "decision_asked": "what the reviewer is asked",
}
"""What people write, in words that go on after “it says …”."""


def is_due(row: Row) -> bool:
    """Whether the type is live, so that its actions reach people who have to decide.

    What is draft-only is not yet. A pure read that runs alone never is: it changes nothing and
    nobody is asked, and one that a rule raises all the same is refused unless its agent says the
    whole handoff.
    """
    reads = row["verb"] == READ_VERB and row["authority_level"] == READ_LEVEL
    runs_alone = reads and row["mode"] == Mode.AUTO_EXECUTED
    return row["mode"] != Mode.DRAFT_ONLY and not runs_alone


def unsaid(row: Row) -> list[str]:
    """The parts that a live type leaves out of its defaults."""
    if not is_due(row):
        return []
    return [part for part in PARTS if not row["handoff"].get(part, "").strip()]


def problems(row: Row) -> Iterator[Problem]:
    """The same by JSON Pointer into the row, in words."""
    for part in unsaid(row):
        yield Problem(f"/handoff/{part}", f"A type that is live says {PARTS[part]}.")


def lacking(row: Row, workflow: Row, whole: Document) -> Iterator[Problem]:
    """All that a live type lacks: parts that nobody wrote, a deadline, a chain that ends.

    Of the workflow its `sla`, `chain` and `calendar` are read; `whole` has the chains, calendars,
    people and pools that count.
    """
    if is_due(row):
        yield from problems(row)
        yield from timely(row["sla"] or workflow["sla"], row["chain"], workflow, whole)


def timely(sla: str, chain: str | None, workflow: Row, whole: Document) -> Iterator[Problem]:
    """What keeps a deadline and the chain behind it from coming to an end, at /sla and /chain."""
    steps = whole["chains"][chain or workflow["chain"]]
    faults = [each.sentence for each in timing.chain("", steps, whole)]
    wrong = [each.sentence for each in timing.duration("", sla)]
    if not faults and not wrong:
        calendar = whole["calendars"][workflow["calendar"]]
        faults = [each.sentence for each in timing.fits("", sla, steps, calendar)]
    yield from (Problem("/sla", sentence) for sentence in wrong)
    yield from (Problem("/chain", sentence) for sentence in faults)
