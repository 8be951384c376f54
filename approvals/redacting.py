"""What others than its own agent may read of an action: nothing that its schema calls sensitive."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from approvals import sensitive
from approvals.models import Action, Content


def secrets_of(action: Action, content: Content) -> frozenset[str]:
    """What must not be read of it; the action type has to be loaded."""
    return sensitive.secrets(content.payload, action.action_type.payload_schema)


def redacted(answer: Mapping[str, Any], action: Action, content: Content) -> dict[str, Any]:
    """The answer without sensitive parts of the payload, wherever else they are repeated."""
    schema = action.action_type.payload_schema
    hidden = {
        name: sensitive.hidden(answer[name], schema)
        for name in ("payload", "before")
        if name in answer
    }
    return dict(masked({**answer, **hidden}, secrets_of(action, content)))


def without_secrets(
    line: Mapping[str, Any], schema: Any, payloads: Collection[str]
) -> dict[str, Any]:
    """The same of a line that holds payloads under these names: what is sensitive in one of them
    is in none of the rest."""
    hidden = {name: sensitive.hidden(line[name], schema) for name in payloads}
    secrets = frozenset().union(*(sensitive.secrets(line[name], schema) for name in payloads))
    return dict(masked({**line, **hidden}, secrets))


def masked(value: Any, secrets: Collection[str]) -> Any:
    """JSON with every secret in it as “•••”: in texts, and as a number of its own."""
    if not secrets:
        return value
    match value:
        case str():
            return sensitive.masked(value, secrets)
        case Mapping():
            return {key: masked(part, secrets) for key, part in value.items()}
        case list() | tuple():
            return [masked(part, secrets) for part in value]
        case int() | float() if not isinstance(value, bool) and json.dumps(value) in secrets:
            return sensitive.HIDDEN
    return value
