"""One run of an agent, as JSON."""

from rest_framework.request import Request
from rest_framework.response import Response

from agents_registry.models import Scope
from approvals import runs
from approvals.api import run_answers
from approvals.api.schema import operation
from approvals.api.views import AgentView, agent_of
from approvals.errors import Missing


class OneRun(AgentView):
    scopes = {"GET": Scope.READ}

    @operation("read_run", "Read a run", {200: run_answers.RunAnswer}, refuses=(404,))
    def get(self, request: Request, run_id: str) -> Response:
        """Its actions in order, each with its tool calls, decision and outcomes: the first 200.
        What other agents staged under the same `run_id` is not among them."""
        run = runs.of_agent(agent_of(request), run_id.replace("\x00", ""))
        if run is None:
            raise Missing("This agent has no such run.")
        return Response(runs.document(run))
