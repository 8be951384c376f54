"""What the tests of sending share: deliveries that wait, and time that passes until they leave."""

import itertools
from datetime import timedelta
from typing import Any

from django.db.models import Min

from approvals.delivery import outgoing
from approvals.models import Channel, Delivery, Notice
from ledger import clock
from tests.approvals.told import create_channel
from tests.factories import create_person, create_team

SECRET = "whsec_c2VjcmV0IG9mIHRoZXNlIHRlc3RzIGFsb25l"
SOON = timedelta(minutes=1)
_numbers = itertools.count(1)


def create_hook(address: str, **fields: Any) -> Channel:
    """A person's webhook."""
    person = create_person(team=create_team())
    return create_channel(person, address=address, secret=SECRET, **fields)


def create_mailbox(name: str = "") -> Channel:
    person = create_person(name, team=create_team())
    return create_channel(person, kind="email", address="")


def queue(channel: Channel, count: int = 1, **fields: Any) -> list[Notice]:
    """So many notices about nothing that could be over, each with its delivery that is due."""
    holder = {"person": channel.person} if channel.person else {"pool": channel.pool}
    team = channel.person.teams.first() if channel.person else channel.pool and channel.pool.team
    now = clock.now()
    notices = [
        Notice(team=team, **holder, kind="resumed", key=f"resumed:{number}",
               about={"what": f"Desk {number}"}, created_at=now)
        for number in itertools.islice(_numbers, count)
    ]  # fmt: skip
    Notice.objects.bulk_create(notices)
    wanted = {"due_at": now, "created_at": now, **fields}
    Delivery.objects.bulk_create(
        Delivery(channel=channel, notice=notice, **wanted) for notice in notices
    )
    return notices


def states(channel: Channel) -> list[str]:
    rows = Delivery.objects.filter(channel=channel).order_by("pk")
    return list(rows.values_list("state", flat=True))


def send_later(by: timedelta) -> int:
    """One turn, after so much time has passed."""
    with clock.simulated(clock.now() + by):
        return outgoing.send_due()


def send_until_nothing_waits() -> int:
    """Turn after turn, each soon after the next message is due; how many messages were tried."""
    tried = 0
    while True:
        waiting = Delivery.objects.filter(state="queued", channel__disabled_at__isnull=True)
        due = waiting.aggregate(at=Min("due_at"))["at"]
        if due is None:
            return tried
        with clock.simulated(max(due, clock.now()) + SOON):
            tried += outgoing.send_due()
