"""What agents measure: readings of a workflow's metrics, which may lower its modes."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from agents_registry.models import Agent, Downgrade, Scope, Workflow
from agents_registry.policy.impact import as_text
from approvals import readings
from approvals.answers import instant
from approvals.api import house_answers
from approvals.api.schema import operation
from approvals.api.serializers import ReadingBody
from approvals.api.views import AgentView, agent_of, valid
from approvals.errors import Missing
from approvals.readings import Taken


class Metrics(AgentView):
    scopes = {"POST": Scope.METRICS}

    @operation(
        "report_reading",
        "Report a metric of one window",
        {201: house_answers.ReadingAnswer, 200: house_answers.ReadingAnswer},
        body=ReadingBody,
        refuses=(404, 409),
    )
    def post(self, request: Request) -> Response:
        """Only metrics that the workflow lists with this agent as their source. A window is read
        once: the same again is answered the same with 200. `changed` tells which modes went
        down; none ever goes up."""
        agent, fields = agent_of(request), valid(ReadingBody, request.data)
        taken = readings.take(
            workflow=_workflow(agent, fields.pop("workflow")),
            source=f"agent:{agent.slug}",
            actor=f"agent:{agent.pk}",
            **fields,
        )
        return Response(_answer(taken), status=200 if taken.repeated else 201)


def _workflow(agent: Agent, slug: str) -> Workflow:
    workflow = agent.workflows.filter(slug=slug, archived_at__isnull=True).first()
    if workflow is None:
        raise Missing("No such workflow for this agent.", code="unknown_workflow")
    return workflow


def _answer(taken: Taken) -> dict[str, Any]:
    reading = taken.reading
    return {
        "workflow": reading.workflow.slug,
        "metric": reading.metric,
        "source": reading.source,
        "window_start": instant(reading.window_start),
        "window_end": instant(reading.window_end),
        "value": as_text(reading.value.normalize()),
        "at": instant(reading.at),
        "changed": [_lowered(downgrade) for downgrade in taken.changed],
    }


def _lowered(downgrade: Downgrade) -> dict[str, str]:
    return {
        "action_type": downgrade.action_type.key,
        "mode_from": downgrade.from_mode,
        "mode_to": downgrade.to_mode,
        "rule": downgrade.rule,
        "because": downgrade.because,
        "reviewer": downgrade.reviewer.username,
    }
