"""Sends one message to a webhook of somebody's own, in the form of Standard Webhooks."""

from datetime import datetime
from uuid import UUID

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from approvals.delivery import outward
from approvals.delivery.not_taken import After, NotTaken
from approvals.delivery.outward import NotAllowed, Unreachable

NOBODY = {404, 410}
"""Answers that say that there is no such receiver any more."""


def send(*, address: str, secret: str, message_id: UUID, at: datetime, body: str) -> None:
    """Posts the JSON `body`, signed with the channel's secret. Raises NotTaken.

    `webhook-id` is the same however often it is tried, so that the receiver takes it once;
    `webhook-timestamp` is the instant of this attempt.
    """
    headers = {
        "Content-Type": "application/json",
        "webhook-id": str(message_id),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": _signature(secret, str(message_id), at, body),
    }
    try:
        answer = outward.post(address, body=body.encode(), headers=headers)
    except (NotAllowed, Unreachable) as error:
        raise NotTaken(str(error)) from None
    if not 200 <= answer.status < 300:
        raise _refused(answer.status)


def _signature(secret: str, message_id: str, at: datetime, body: str) -> str:
    try:
        return Webhook(secret).sign(message_id, at, body)
    except (ValueError, EmptyWebhookSecretError):
        raise NotTaken("Its secret cannot sign anything.") from None


def _refused(status: int) -> NotTaken:
    if status in NOBODY:
        return NotTaken(f"It answered {status}: nobody is there any more.", After.SWITCH_OFF)
    if 300 <= status < 400:
        return NotTaken(f"It answered {status} and pointed elsewhere, where nothing is sent.")
    return NotTaken(f"It answered {status}.")
