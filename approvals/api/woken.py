"""What agents that waited are answered, many at once: the same as `GET /actions/{id}` says, without
the way through the framework, which each of them went when it began to wait."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import Error, connection

from agents_registry import tokens
from approvals import answers as said
from approvals import told
from approvals.api.reading import ask_again, etag_of
from approvals.api.renderers import JSONRenderer
from approvals.delivery.lane import News, Question
from approvals.states import State
from approvals.told import Told


def answers(questions: Sequence[Question]) -> list[News | None]:
    """In the order of the questions; None where the token would be let in no more, or the action
    is not its agent's."""
    try:
        return _answers(questions)
    except Error:
        connection.close()  # No request begins or ends here, which would do it.
        raise


def _answers(questions: Sequence[Question]) -> list[News | None]:
    agents = tokens.still_live({each.token_id for each in questions})
    read = told.read([UUID(each.action_id) for each in questions])
    asked = [(read.get(UUID(each.action_id)), agents.get(each.token_id)) for each in questions]
    return [_news(one) if one and one.action.agent_id == agent else None for one, agent in asked]


def _news(read: Told) -> News:
    answer: dict[str, Any] = said.whole(read)
    pending = answer["state"] == State.PENDING
    body = JSONRenderer().render(answer)
    return News(body, etag_of(answer), ask_again(read.action) if pending else 0)
