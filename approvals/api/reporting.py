"""What the agent reports back: how it went, and how undoing it went."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from agents_registry.models import Scope
from approvals import answers as said
from approvals import outcome
from approvals.api import answers
from approvals.api.schema import operation
from approvals.api.serializers import OutcomeBody, RollbackBody
from approvals.api.views import AgentView, agent_of, valid
from ledger.canonical import digest


class Outcome(AgentView):
    scopes = {"POST": Scope.REPORT}

    @operation(
        "report_outcome",
        "Report the outcome",
        {200: answers.ActionAnswer},
        body=OutcomeBody,
        refuses=(404, 409),
    )
    def post(self, request: Request, action_id: UUID) -> Response:
        """Under the live lease, once; the same body again gets the same answer."""
        fields = valid(OutcomeBody, request.data)
        action = outcome.report(
            agent=agent_of(request),
            action_id=action_id,
            body_digest=digest(request.data),
            **fields,
        )
        return Response(said.whole_of(action.pk))


class Rollback(AgentView):
    scopes = {"POST": Scope.REPORT}

    @operation(
        "report_rollback",
        "Report a rollback that was asked for",
        {200: answers.ActionAnswer},
        body=RollbackBody,
        refuses=(404, 409),
    )
    def post(self, request: Request, action_id: UUID) -> Response:
        """Only where the action is in `rollback_requested`."""
        fields = valid(RollbackBody, request.data)
        action = outcome.report_rollback(
            agent=agent_of(request),
            action_id=action_id,
            succeeded=fields["status"] == "succeeded",
            error=fields.get("error", ""),
            after=fields.get("after"),
        )
        return Response(said.whole_of(action.pk))
