"""Cursors: opaque to whoever holds them, and checked when they come back."""

import base64
import binascii
import re
from uuid import UUID

from approvals.errors import Fault, Invalid

ACTION = re.compile(r"a([0-9a-f]{32})")
DECISION = re.compile(r"d([0-9]{1,18})")


def for_action(action_id: UUID) -> str:
    return _packed(f"a{action_id.hex}")


def for_decision(decision_id: int) -> str:
    return _packed(f"d{decision_id}")


def action_of(cursor: str, *, name: str) -> UUID:
    """The id in a cursor of the list; Invalid when it is none. `name` is the query's field."""
    return UUID(hex=_unpacked(cursor, ACTION, name))


def decision_of(cursor: str, *, name: str) -> int:
    """The id in a cursor of the feed; Invalid when it is none."""
    return int(_unpacked(cursor, DECISION, name))


def _packed(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _unpacked(cursor: str, form: re.Pattern[str], name: str) -> str:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found = form.fullmatch(raw.decode("ascii"))
    except (ValueError, binascii.Error):
        found = None
    if found is None:
        detail = "This is no cursor of this list."
        fault = Fault(f"/query/{name}", "cursor_invalid", detail)
        raise Invalid(detail, code="cursor_invalid", faults=[fault])
    return found[1]
