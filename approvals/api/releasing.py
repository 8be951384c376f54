"""After a decision: take what was approved, one by id or the next ones."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from agents_registry.models import Scope
from approvals import answers as said
from approvals import release
from approvals.api import answers
from approvals.api.schema import operation
from approvals.api.serializers import DEFAULT_LIMIT, ReleaseBody, ReleaseNextBody
from approvals.api.views import AgentView, agent_of, valid


class Release(AgentView):
    scopes = {"POST": Scope.RELEASE}

    @operation(
        "release_action",
        "Take an approved action",
        {200: answers.ReleaseAnswer},
        body=ReleaseBody,
        refuses=(404, 409, 423),
    )
    def post(self, request: Request, action_id: UUID) -> Response:
        """Leases the approved content: do what `payload` says, once, and report the outcome
        under `lease_id` before `lease_expires_at`. Send what you `observed` at the paths of
        the action's preconditions."""
        asked = valid(ReleaseBody, request.data)
        taken = release.lease(
            agent=agent_of(request),
            action_id=action_id,
            seconds=asked.get("lease_seconds", release.DEFAULT_LEASE_SECONDS),
            observed=asked.get("observed"),
        )
        return Response(said.taken(taken))


class ReleaseNext(AgentView):
    scopes = {"POST": Scope.RELEASE}

    @operation(
        "release_next",
        "Take the next approved actions of a workflow",
        {200: answers.ReleasedAnswer},
        body=ReleaseNextBody,
        refuses=(404, 409),
    )
    def post(self, request: Request) -> Response:
        """Up to `limit` of them, each under a lease of its own; none that somebody else takes."""
        asked = valid(ReleaseNextBody, request.data)
        taken = release.lease_next(
            agent=agent_of(request),
            workflow_slug=asked["workflow"],
            limit=asked.get("limit", DEFAULT_LIMIT),
            seconds=asked.get("lease_seconds", release.DEFAULT_LEASE_SECONDS),
        )
        return Response({"results": [said.taken(one) for one in taken]})
