"""What an agent had to know is judged when it stages, by the time and the trace of that moment."""

from datetime import timedelta
from typing import Any

from agents_registry import revisions
from agents_registry.models import ActionType, Agent, Workflow
from agents_registry.policy import documents
from agents_registry.policy.evaluate import evaluate
from approvals import judging
from approvals.models import Action, Content
from approvals.states import State
from ledger import clock
from tests.factories import create_action, create_action_type


def create_note(workflow: Workflow, **fields: Any) -> ActionType:
    """A small write that runs alone once its input is there, and young enough."""
    return create_action_type(
        workflow,
        "note",
        verb="tag",
        authority_level="system_write_back",
        blast_radius="low",
        reversibility="reversible",
        mode="auto_executed",
        impact={"affected": {"const": 1}, "high_affected": 10},
        required_inputs=[{"name": "stock", "max_age_seconds": 3600}],
        systems={"reads": ["shop"], "writes": ["shop"]},
        **fields,
    )


def evidence(age: timedelta) -> list[dict[str, str]]:
    at = clock.now() - age
    return [{"title": "Stock", "source": "stock", "as_of": at.isoformat()}]


def rules(action: Action) -> list[str]:
    return [row["rule"] for row in action.contents.get().findings if ":" in row["rule"]]


def test_a_young_input_runs_alone_and_an_old_or_missing_one_does_not(
    agent: Agent, workflow: Workflow
) -> None:
    note = create_note(workflow)
    young = create_action(agent, note, evidence=evidence(timedelta(minutes=50)))
    assert (young.state, rules(young)) == (State.APPROVED, [])
    old = create_action(agent, note, evidence=evidence(timedelta(minutes=61)))
    assert (old.state, rules(old)) == (State.PENDING, ["stale:stock"])
    assert rules(create_action(agent, note)) == ["missing:stock"]


def test_a_trace_that_names_another_system_is_looked_at(agent: Agent, workflow: Workflow) -> None:
    trace = {"tool_calls": [{"tool": "sum", "system": "payroll"}]}
    young = evidence(timedelta(minutes=1))
    action = create_action(agent, create_note(workflow), evidence=young, trace=trace)
    assert (action.state, rules(action)) == (State.PENDING, ["undeclared:system"])


def test_what_was_young_enough_stays_so_when_it_is_judged_by_what_was_known(
    agent: Agent, workflow: Workflow
) -> None:
    note = create_note(workflow)
    action = create_action(agent, note, evidence=evidence(timedelta(minutes=50)))
    content = Content.objects.get(action=action)
    document = revisions.document_of(action.policy_revision)
    with clock.simulated(action.created_at + timedelta(days=30)):
        facts = judging.facts_of(
            content,
            confidence=action.confidence,
            subject={},
            agent=agent.slug,
            workflow=workflow.slug,
            circumstances=content.circumstances,
        )
        assert evaluate(documents.parse(document), facts).tier == action.tier == "autonomous"
