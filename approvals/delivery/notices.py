"""Follows the record and writes down who is told what, from how things stand now."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, transaction

from approvals.models import Notice
from approvals.notices import news, of_actions, of_registry, telling
from approvals.notices.news import News
from ledger import clock, following
from ledger.models import Event

log = structlog.get_logger(__name__)

FOLLOWER = "notices"
IS_NEWS = timedelta(days=1)
"""What happened earlier is told to nobody any more."""


@transaction.atomic
def tell(*, limit: int = 200) -> int:
    """Hears of up to `limit` events; how many. Each person, and each pool, is told once.

    What is told is how things stand now, whatever happened in between: what was decided meanwhile
    is told to nobody. A few queries, however many events are about actions.
    """
    events = following.take(FOLLOWER, limit=limit)
    now = clock.now()
    new = [event for event in events if event.at >= now - IS_NEWS]
    if new and not _told(new, now):
        for event in new:
            _told([event], now)
    return len(events)


def _told(events: Sequence[Event], now: datetime) -> bool:
    """Whether they could be told of. What cannot keeps nobody from hearing of the others."""
    since = now - IS_NEWS
    try:
        with transaction.atomic():
            _tell(news.by_stream(events), since, now)
    except DatabaseError:
        raise
    except Exception:
        log.exception("not_told", events=[event.pk for event in events])
        return False
    return True


def _tell(found: Mapping[str, Mapping[str, News]], since: datetime, now: datetime) -> None:
    happened = found.get("action", {})
    waiting = of_actions.waiting(happened) if happened else []
    notices = [*of_actions.asked(waiting, happened), *_beside(found, since, now)]
    told = telling.keep(notices, at=now)
    telling.keep(list(of_actions.reminded(waiting, happened, told)), at=now)


def _beside(
    found: Mapping[str, Mapping[str, News]], since: datetime, now: datetime
) -> Iterator[Notice]:
    """Whatever else there is to tell of: open work, and what the registry's people do."""
    if "action" in found:
        yield from of_actions.open_work(found["action"])
    if "stop" in found:
        yield from of_registry.stops(found["stop"])
    if "workflow" in found:
        yield from of_registry.lowered_modes(found["workflow"], since)
    if "team" in found:
        yield from of_registry.signatures(found["team"], since)
    if "person" in found:
        yield from of_registry.delegations(found["person"], now)
