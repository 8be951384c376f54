"""Every way in which a verb can refuse, each with its stable code and a sentence of what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request, at a JSON Pointer into it."""

    pointer: str
    code: str
    detail: str


class Refused(Exception):
    """The verb did nothing. `code` is stable, `detail` is for people."""

    code = "refused"
    status = 400
    title = "Refused"

    def __init__(
        self, detail: str, *, code: str = "", faults: Sequence[Fault] = (), **facts: Any
    ) -> None:
        super().__init__(detail)
        self.code = code or self.code
        self.detail = detail
        self.faults = tuple(faults)
        self.facts = facts


class Invalid(Refused):
    """The request itself is wrong (400)."""

    code, status, title = "invalid", 400, "The request is not valid"


class Missing(Refused):
    """What it names is not there, or is another team's (404)."""

    code, status, title = "not_found", 404, "Not found"


class Conflict(Refused):
    """The world is not as the caller saw it (409)."""

    code, status, title = "conflict", 409, "Something changed first"


class KeyReused(Refused):
    """An idempotency key came back with another body (422)."""

    code, status, title = "idempotency_key_reused", 422, "This key was used for another request"


class TooManyPending(Refused):
    """More of the agent's actions wait for people than may (429)."""

    code, status, title = "too_many_pending", 429, "Too many wait already"


class Stopped(Refused):
    """A stop is in force (423)."""

    code, status, title = "paused", 423, "Stopped by a person"
