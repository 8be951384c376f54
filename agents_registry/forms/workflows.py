"""The form of a workflow: everything about it but its action types."""

from django import forms

from agents_registry.forms.choices import Choices, asked, with_current
from agents_registry.forms.fields import (
    Options,
    lines,
    long_text,
    one_of,
    rules,
    some_of,
    text,
    whole,
)
from agents_registry.forms.rows import Shape
from agents_registry.models import OWNER_ROLES, AfterStep, OnStop
from agents_registry.spec.rows import Row
from agents_registry.words import ROLES

OWNERS = tuple(f"owners-{role}" for role in OWNER_ROLES)
DEPUTIES = tuple(f"deputies-{role}" for role in OWNER_ROLES)
DUTIES = {
    "workflow_owner": "Answers for what it is worth, its deadlines and its results.",
    "system_owner": "Answers for connections, permissions and the health of what runs.",
    "risk_owner": "Signs what is loosened, and turns it back on after a stop.",
    "approval_owner": "Signs what the policy names, and stands beside the pool.",
}
WINDOWS = (
    "What lowers a mode by itself, a rule for each dash: - {id: errors, metric: error_rate, "
    "source: computed, window: 1 day, operator: '>', limit: 0.1, mode_to: approval_gated}"
)
STOPPED = {
    OnStop.HOLD: "Take in what its agents stage, and let it wait",
    OnStop.REFUSE: "Refuse what its agents stage",
}


def workflow(row: Row, choices: Choices) -> Shape:
    return Shape(
        {
            "name": text("Name", required=True),
            "purpose": long_text("Purpose", "What it is there for, in a sentence or two."),
            **_owners(row, choices),
            **_deputies(row, choices),
            **_ways(row, choices),
            **_steps(),
            **_said(row, choices),
        }
    )


def _owners(row: Row, choices: Choices) -> dict[str, forms.Field]:
    owners = row.get("owners") or {}
    return {
        f"owners-{role}": one_of(
            ROLES[role].capitalize(),
            _chosen(choices.people, owners.get(role), "Choose a person"),
            DUTIES[role],
        )
        for role in OWNER_ROLES
    }


def _deputies(row: Row, choices: Choices) -> dict[str, forms.Field]:
    deputies = row.get("deputies") or {}
    return {
        f"deputies-{role}": forms.TypedChoiceField(
            label=f"Deputy of the {ROLES[role]}",
            choices=asked(with_current(choices.people, deputies.get(role)), "nobody"),
            required=False,
            empty_value=None,
        )
        for role in OWNER_ROLES
    }


def _ways(row: Row, choices: Choices) -> dict[str, forms.Field]:
    """How its open work reaches people."""
    return {
        "pool": one_of("Reviewer pool", _chosen(choices.pools, row.get("pool"), "Choose a pool")),
        "calendar": one_of(
            "Calendar", _chosen(choices.calendars, row.get("calendar"), "Choose a calendar")
        ),
        "chain": one_of(
            "Escalation chain", _chosen(choices.chains, row.get("chain"), "Choose a chain")
        ),
        "sla": text(
            "The pool answers within",
            "4 business hours, 1 business day",
            longest=40,
            required=True,
        ),
        "when_stopped": one_of(
            "While it is stopped", [(str(value), said) for value, said in STOPPED.items()]
        ),
        "agents": some_of(
            "Agents",
            with_current(choices.agents, row["agents"]),
            "Only these may stage what it lists.",
        ),
    }


def _steps() -> dict[str, forms.Field]:
    """What becomes of actions that wait for one that comes to nothing."""
    after = [(str(value), value.label) for value in AfterStep]
    return {
        "after_failed_step": one_of("When a step fails", after),
        "after_rejected_step": one_of("When a step is not approved", after),
        "step_retries": whole(
            "A failed step is tried again",
            "So many times, before that. 0: never.",
            least=0,
            most=10,
        ),
    }


def _said(row: Row, choices: Choices) -> dict[str, forms.Field]:
    """What its one-page operating model says."""
    return {
        "trigger": long_text("Trigger", "What sets its agents to work."),
        "evaluation": long_text("Evaluation", "How its work is evaluated, and by whom."),
        "failure_modes": lines("Failure modes", "How it can go wrong, one sentence a line."),
        "success_metric": long_text("Success metric", "The figure by which it is worth having."),
        "pause_when": long_text("Pause when", "When anybody should press the stop button."),
        "runbook": text("Runbook", "The address of what to do when it goes wrong.", longest=500),
        "standards": some_of(
            "Standards",
            with_current(choices.standards, row.get("standards", [])),
            "What is set for the whole team holds anyway.",
        ),
        "window_thresholds": rules("Window thresholds", WINDOWS),
    }


def _chosen(options: Options, current: str | None, words: str) -> Options:
    """What may be chosen; a line that asks to choose only where nothing is."""
    offered = with_current(options, current)
    return offered if current else asked(offered, words)
