"""Writes the JSON that a webhook gets: which notices, and where to see to them."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from approvals.delivery.claiming import Claim
from approvals.models import Delivery, Notice
from approvals.notices import saying
from approvals.notices.known import Known
from approvals.notices.letters import Message, absolute


def body(claim: Claim, words: Message, deliveries: Sequence[Delivery]) -> str:
    """`{type, id, at, title, url, notices: [{id, kind, title, url, action, due_at}]}`.

    `type` is `notices`, `digest`, or without any delivery `test`. `id` and `at` are the same
    however often it is tried. Titles are in words of ours and the registry's: nothing of a payload
    stands in them.
    """
    notices = [each.notice for each in deliveries if each.notice]
    digest = len(notices) < len(deliveries)
    items = _lines(words) if digest else _items(notices)
    document = {
        "type": "digest" if digest else "notices" if deliveries else "test",
        "id": str(claim.message),
        "at": _instant(max((each.created_at for each in claim.deliveries), default=claim.at)),
        "title": words.subject,
        "url": words.url,
        "notices": list(items),
    }
    return json.dumps(document, ensure_ascii=False)


def _items(notices: Sequence[Notice]) -> Iterator[dict[str, Any]]:
    known = Known.of(notices)
    for notice in notices:
        yield {
            "id": str(notice.pk),
            "kind": notice.kind,
            "title": saying.title(notice, known),
            "url": absolute(saying.path(notice)),
            "action": str(notice.action_id) if notice.action_id else None,
            "due_at": _instant(_due_at(notice)),
        }


def _lines(words: Message) -> Iterator[dict[str, Any]]:
    """A digest has no notice of its own: what it says, line by line."""
    for line in words.lines:
        yield {
            "id": None,
            "kind": "digest",
            "title": line.title,
            "url": line.url,
            "action": None,
            "due_at": None,
        }


def _due_at(notice: Notice) -> datetime | None:
    about = notice.follow_up or notice.action
    return about.due_at if about else None


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
