"""PURE: the transition table as the page `docs/states.md`."""

from approvals.states import TRANSITIONS, State, is_final

HEAD = """# The states of a staged action

Made from `approvals/states.py` by `make docs`; a test fails when the two differ.

No automatic arrow leads to `approved`, with two exceptions that approve nothing new: staging in
the tiers autonomous and spot_check (the policy approves, and the record says so), and a lease
that ran out on an action whose type is idempotent (a person or the policy had approved it).
"""


def page() -> str:
    return "\n".join([HEAD, _diagram(), "", _table(), "", _finals(), ""])


def _diagram() -> str:
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f"    {arrow.start or '[*]'} --> {arrow.end}" for arrow in TRANSITIONS]
    lines += [f"    {state} --> [*]" for state in State if is_final(state)]
    return "\n".join([*lines, "```"])


def _table() -> str:
    rows = [
        f"| {arrow.start or 'staging'} | {arrow.end} | {', '.join(sorted(arrow.movers))} "
        f"| {arrow.when} |"
        for arrow in TRANSITIONS
    ]
    return "\n".join(["| from | to | moved by | when |", "|---|---|---|---|", *rows])


def _finals() -> str:
    return "Final: " + ", ".join(f"`{state}`" for state in State if is_final(state)) + "."
