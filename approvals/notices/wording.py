"""Puts deliveries into a message and a notice into a line, from how things stand now."""

from collections.abc import Iterable, Sequence

from agents_registry.models import Person
from approvals.models import Delivery, Notice
from approvals.notices import digests, in_full, letters, saying
from approvals.notices.known import Known
from approvals.notices.letters import Letter, Line, Message
from approvals.notices.saying import Reader
from approvals.notices.standing import standing, still_matters
from ledger import clock

__all__ = [
    "FOR_LINES",
    "FOR_WORDS",
    "Line",
    "Message",
    "line",
    "lines",
    "message",
    "needed",
    "standing",
    "still_matters",
]

FOR_LINES = ("pool", "action__workflow", "action__action_type", "follow_up")
"""What `select_related` of notices takes, so that their words need few queries."""

FOR_WORDS = ("channel__person", "channel__pool__team", *(f"notice__{name}" for name in FOR_LINES))
"""The same of deliveries."""


def message(deliveries: Sequence[Delivery]) -> Message | None:
    """What all of these, of one channel, say together; None where nothing is left to say.

    Several notices about one action are told as the newest of them.
    """
    wanted = needed(deliveries)
    letter = _letter(wanted) if wanted else None
    return letters.laid_out(letter) if letter else None


def needed(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """Those whose matter is not over, and digests; none to who has left. A few queries, however
    many."""
    found = [each for each in deliveries if each.channel.person is None or _is_here(each)]
    matters = {notice.pk for notice in standing(each.notice for each in found if each.notice)}
    return [each for each in found if each.notice is None or each.notice.pk in matters]


def line(notice: Notice, person: Person) -> Line:
    """The notice in the app, for this reader; `url` is a path."""
    return lines([notice], person)[0]


def lines(notices: Sequence[Notice], person: Person) -> list[Line]:
    """The same of many, in their order and in a few queries."""
    reader, known = Reader.of_person(person, clock.now()), Known.of(notices)
    return [saying.line(notice, reader, known) for notice in notices]


def _letter(deliveries: Sequence[Delivery]) -> Letter | None:
    channel, now = deliveries[0].channel, clock.now()
    told = _newest([each.notice for each in deliveries if each.notice])
    if any(each.notice is None for each in deliveries):
        return digests.letter(channel, told, now)
    reader = Reader.of(channel, now)
    return in_full.of_one(told[0], reader) if len(told) == 1 else in_full.of_many(told, reader)


def _newest(notices: Iterable[Notice]) -> list[Notice]:
    """One for each matter: what waits about an action, each piece of open work, all else."""
    in_order = sorted(notices, key=lambda notice: notice.created_at)
    return list({_matter(notice): notice for notice in in_order}.values())


def _matter(notice: Notice) -> str:
    if notice.action_id and not notice.follow_up_id:
        return str(notice.action_id)
    return notice.key


def _is_here(delivery: Delivery) -> bool:
    person = delivery.channel.person
    return person is not None and person.is_active
