"""Reads a channel's row as the hours that it may be used at."""

from approvals.models import Channel
from approvals.notices.hours import Hours


def of(channel: Channel) -> Hours:
    return Hours(channel.time_zone, channel.quiet_from, channel.quiet_until, channel.digest_at)
