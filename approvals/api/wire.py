"""Interrupts of other libraries, as those send them: opened, waited for, answered, taken."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from agents_registry.models import Scope
from approvals import answers as said
from approvals import interrupts, threads, traces
from approvals.api import wire_answers
from approvals.api.parsers import StrictListParser
from approvals.api.reading import ask_again
from approvals.api.schema import operation
from approvals.api.serializers import InterruptQuery, TakeBody
from approvals.api.staging import KEY_HEADER, key_of
from approvals.api.views import AgentView, agent_of, asked, purpose_of, valid
from approvals.delivery.waiting import PENDING_HEADER, WAITS_FOR_HEADER, wait_seconds
from approvals.errors import Missing
from approvals.interrupts import Asked
from approvals.release import DEFAULT_LEASE_SECONDS
from approvals.states import State
from approvals.threads import Reading
from approvals.wire.shapes import SHAPES, Shape

PLACES = {"shape": tuple(SHAPES)}
INTERRUPT = {"application/json": {"type": ["object", "array"]}}
PAYLOAD: dict[str, Any] = {"type": ["object", "array"]}


class Interrupts(AgentView):
    scopes = {"POST": Scope.STAGE}
    for_tests = True
    parser_classes = (StrictListParser,)

    @operation(
        "open_thread",
        "Stage the calls of a library's interrupt",
        {201: wire_answers.ThreadAnswer},
        body=INTERRUPT,
        query=InterruptQuery,
        places=PLACES,
        refuses=(404, 409, 422, 423),
        takes=KEY_HEADER,
        gives={
            "Location": "Where the thread is.",
            "Idempotency-Replayed": "true when this interrupt had been answered before.",
        },
    )
    def post(self, request: Request, shape: str) -> Response:
        """The body is the interrupt as the library has it: each call of it becomes an action, its
        tool's name the action type and its arguments the payload. All are staged, or none."""
        reader, query = _shape(shape), asked(InterruptQuery, request)
        opened = interrupts.open_thread(
            agent=agent_of(request),
            asked=Asked(
                shape=shape,
                interrupt=reader.read(request.data),
                key=key_of(request) or "",
                purpose=purpose_of(request),
                trace_id=traces.trace_id_of_header(request.headers.get("traceparent", "")),
                **query,
            ),
        )
        thread_id = str(opened.thread.pk)
        location = reverse("api:thread", kwargs={"shape": shape, "thread_id": thread_id})
        replayed = {"Idempotency-Replayed": "true"} if opened.replayed else {}
        answer = {"thread_id": thread_id, "actions": opened.answers}
        return Response(answer, status=201, headers={"Location": location, **replayed})


class Thread(AgentView):
    scopes = {"GET": Scope.READ}

    @operation(
        "read_thread",
        "Read what to resume a library with",
        {200: PAYLOAD, 202: wire_answers.WaitingThreadAnswer},
        places=PLACES,
        refuses=(404,),
        takes={"Prefer": "`wait=30` answers as soon as every call is decided, at most 60 seconds."},
        gives={"Preference-Applied": "`wait` was heeded."},
    )
    def get(self, request: Request, shape: str, thread_id: UUID) -> Response:
        """200 with exactly the payload that the library is resumed with once every call is
        decided, until then 202. It takes nothing: what is done without a lease is not held back
        by a stop."""
        _shape(shape)
        reading = threads.read(agent=agent_of(request), shape=shape, thread_id=thread_id)
        if reading.resume is not None:
            return Response(reading.resume)
        response = Response(_waiting(reading), status=202)
        if wait_seconds(request.headers.get("Prefer", "")):
            response.headers[PENDING_HEADER] = str(min(map(ask_again, reading.actions)))
            response.headers[WAITS_FOR_HEADER] = ",".join(str(each.pk) for each in reading.actions)
        return response


class Take(AgentView):
    scopes = {"POST": Scope.RELEASE}

    @operation(
        "take_thread",
        "Take what is approved of an interrupt",
        {200: wire_answers.TakenThreadAnswer},
        body=TakeBody,
        places=PLACES,
        refuses=(404, 409),
    )
    def post(self, request: Request, shape: str, thread_id: UUID) -> Response:
        """Leases every approved call. `releases` are in the order of the calls, null where there
        is none; what can be done no more is a rejection in `resume`."""
        _shape(shape)
        seconds = valid(TakeBody, request.data).get("lease_seconds", DEFAULT_LEASE_SECONDS)
        taken = threads.take(
            agent=agent_of(request), shape=shape, thread_id=thread_id, seconds=seconds
        )
        releases = [said.taken(lease) if lease else None for lease in taken.leases]
        return Response({"resume": taken.resume, "releases": releases})


def _shape(name: str) -> Shape:
    if name not in SHAPES:
        raise Missing(f"No shape {name!r}. There are {', '.join(SHAPES)}.")
    return SHAPES[name]


def _waiting(reading: Reading) -> dict[str, Any]:
    actions = [
        {"id": str(each.pk), "state": State.PENDING if said.is_settling(each) else each.state}
        for each in reading.actions
    ]
    return {"thread_id": str(reading.thread.pk), "state": "pending", "actions": actions}
