"""Signs and reads the links by which a member of the team shows one action to somebody outside."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core import signing

from agents_registry.models import Person
from approvals.errors import Missing, Refused
from approvals.models import Action
from approvals.querysets import in_teams_of
from ledger import clock

SALT = "approvals.why_links"
LIFE = timedelta(days=30)


class Expired(Refused):
    """The link was good once (410)."""

    code, status, title = "link_expired", 410, "This link has run out"


@dataclass(frozen=True, slots=True)
class WhyLink:
    """What a link opens, who made it, and until when it does."""

    action: Action
    maker: Person
    until: datetime


def make(action: Action, maker: Person) -> tuple[str, datetime]:
    """A link's signed part, and the instant at which it stops working."""
    until = clock.now() + LIFE
    said = [str(action.pk), maker.pk, int(until.timestamp())]
    return signing.dumps(said, salt=SALT, compress=True), until


def read(signed: str) -> WhyLink:
    """What the link opens. Missing when it is not ours, Expired when its time is over or whoever
    made it no longer sees the action."""
    try:
        action_id, maker_id, until = signing.loads(signed, salt=SALT)
    except signing.BadSignature:
        raise Missing("This link is not whole.", code="link_broken") from None
    ends = datetime.fromtimestamp(until, tz=clock.now().tzinfo)
    maker = Person.objects.filter(pk=maker_id, is_active=True).first()
    action = in_teams_of(maker).filter(pk=UUID(action_id)).first() if maker else None
    if ends <= clock.now() or maker is None or action is None:
        raise Expired("This link no longer opens anything.")
    return WhyLink(action, maker, ends)
