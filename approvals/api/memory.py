"""What came of an action, what others think of it, what is known of a subject, and cases."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from agents_registry.models import Scope
from approvals import evaluation_set, memory, opinions, results
from approvals.api import cursors
from approvals.api import memory_shapes as shapes
from approvals.api.renderers import JSONLinesRenderer, JSONRenderer
from approvals.api.schema import operation
from approvals.api.views import AgentView, agent_of, asked, valid
from approvals.errors import Missing

PAGE = 50
CASES = 100


class Results(AgentView):
    scopes = {"POST": Scope.REPORT}

    @operation(
        "report_result",
        "Report what came of an action",
        {201: shapes.ResultAnswer, 200: shapes.ResultAnswer},
        body=shapes.ResultBody,
        refuses=(404, 409),
    )
    def post(self, request: Request, action_id: UUID) -> Response:
        """A reply, a meeting, revenue: later, without a lease, as often as something comes of it.
        The same again is answered the same with 200."""
        fields = valid(shapes.ResultBody, request.data)
        told = results.report(agent=agent_of(request), action_id=action_id, **fields)
        answer = {"action_id": str(action_id), **results.said_of(told.result)}
        return Response(answer, status=200 if told.repeated else 201)


class Opinions(AgentView):
    scopes = {"POST": Scope.CHECK}

    @operation(
        "give_opinion",
        "Say what a checker thinks of a pending action",
        {201: shapes.OpinionAnswer, 200: shapes.OpinionAnswer},
        body=shapes.OpinionBody,
        refuses=(404, 409),
    )
    def post(self, request: Request, action_id: UUID) -> Response:
        """Of a workflow that this agent is let into, and not its own. Shown to the reviewer as a
        claim; it can raise the tier, and decides nothing. The same again is answered with 200."""
        fields = valid(shapes.OpinionBody, request.data)
        given = opinions.give(checker=agent_of(request), action_id=action_id, **fields)
        return Response(opinions.said_of(given.opinion), status=200 if given.repeated else 201)


class History(AgentView):
    scopes = {"GET": Scope.READ}

    @operation(
        "read_history",
        "What was done, decided and left as guidance about a subject",
        {200: shapes.HistoryAnswer},
        query=shapes.HistoryQuery,
        refuses=(404,),
    )
    def get(self, request: Request, subject_type: str, subject_id: str) -> Response:
        """Read it before you act: in the workflows of this agent, whoever staged it, without what
        is sensitive. Results are claims of the agents that reported them."""
        query = asked(shapes.HistoryQuery, request)
        if "\0" in subject_type + subject_id:
            raise Missing("No subject is called that.")
        subject = {"subject_type": subject_type, "subject_id": subject_id}
        cursor, agent = query.get("cursor"), agent_of(request)
        rows, more = memory.history(
            agent=agent,
            before=cursors.action_of(cursor, name="cursor") if cursor else None,
            limit=query.get("limit", PAGE),
            **subject,
        )
        return Response(
            {
                "subject": {"type": subject_type, "id": subject_id},
                "guidance": memory.guidance_for(agent=agent, **subject),
                "results": rows,
                "next": cursors.for_action(UUID(rows[-1]["action_id"])) if more else None,
            }
        )


class EvaluationSet(AgentView):
    scopes = {"GET": Scope.READ}
    renderer_classes = (JSONRenderer, JSONLinesRenderer)

    @operation(
        "read_evaluation_set",
        "Cases to try the agent on, from people's verdicts",
        {
            (200, "application/json"): shapes.EvaluationAnswer,
            (200, "application/jsonl"): shapes.CaseAnswer,
        },
        query=shapes.EvaluationQuery,
        refuses=(404,),
    )
    def get(self, request: Request) -> Response:
        """Of the agent's own actions in one workflow, without what is sensitive; verdicts of the
        last ten minutes are not among them yet. `next` is where to go on. With
        `Accept: application/jsonl` one case a line, each with its own cursor."""
        query, agent = asked(shapes.EvaluationQuery, request), agent_of(request)
        workflow = agent.workflows.filter(slug=query["workflow"]).first()
        if workflow is None:
            raise Missing("No such workflow for this agent.", code="unknown_workflow")
        after = query.get("after")
        cases = evaluation_set.of_agent(
            agent=agent,
            workflow=workflow,
            after=cursors.decision_of(after, name="after") if after else 0,
            limit=query.get("limit", CASES),
        )
        results = [{"cursor": cursors.for_decision(pk), **case} for pk, case in cases]
        return Response({"results": results, "next": results[-1]["cursor"] if results else after})
