"""Sends one message to a webhook of somebody's own, in the form of Standard Webhooks."""

import base64
from collections.abc import Collection, Sequence
from datetime import datetime
from secrets import token_bytes
from uuid import UUID

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from approvals.delivery import outward
from approvals.delivery.not_taken import After, NotTaken
from approvals.delivery.outward import NotAllowed, Unreachable

NOBODY = {404, 410}
"""Answers that say that there is no such receiver any more."""

SECRET_BYTES = 32


def send(
    *,
    address: str,
    secrets: Sequence[str],
    message_id: UUID,
    at: datetime,
    body: str,
    nobody: Collection[int] = NOBODY,
) -> int:
    """Posts the JSON `body`, signed with each of the secrets; the status of who took it. Raises
    NotTaken, for good where the answer is one of `nobody`.

    `webhook-id` is the same however often it is tried, so that the receiver takes it once;
    `webhook-timestamp` is the instant of this attempt. Any one of the signatures is enough.
    """
    headers = {
        "Content-Type": "application/json",
        "webhook-id": str(message_id),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(
            _signature(secret, str(message_id), at, body) for secret in secrets
        ),
    }
    try:
        answer = outward.post(address, body=body.encode(), headers=headers)
    except (NotAllowed, Unreachable) as error:
        raise NotTaken(str(error)) from None
    if not 200 <= answer.status < 300:
        raise _refused(answer.status, nobody)
    return answer.status


def new_secret() -> str:
    """As Standard Webhooks writes one."""
    return f"whsec_{base64.b64encode(token_bytes(SECRET_BYTES)).decode()}"


def _signature(secret: str, message_id: str, at: datetime, body: str) -> str:
    try:
        return Webhook(secret).sign(message_id, at, body)
    except (ValueError, EmptyWebhookSecretError):
        raise NotTaken("Its secret cannot sign anything.") from None


def _refused(status: int, nobody: Collection[int]) -> NotTaken:
    if status in nobody:
        words = f"It answered {status}: nobody is there any more."
        return NotTaken(words, After.SWITCH_OFF, status=status)
    if 300 <= status < 400:
        words = f"It answered {status} and pointed elsewhere, where nothing is sent."
        return NotTaken(words, status=status)
    return NotTaken(f"It answered {status}.", status=status)
