"""PURE: the rungs on which people stand in a team: nobody hands their work down to a lower one."""

from enum import IntEnum


class Rung(IntEnum):
    """How much of a team's work somebody answers for, from the least to the most."""

    MEMBER = 0
    REVIEWER = 1
    OWNER = 2


WORDS = {
    Rung.MEMBER: "is a member",
    Rung.REVIEWER: "reviews",
    Rung.OWNER: "answers for work",
}
"""Followed by “in Support”."""

ASK_INSTEAD = {
    Rung.MEMBER: "anybody",
    Rung.REVIEWER: "somebody who reviews there, or an owner, a deputy or a manager",
    Rung.OWNER: "an owner, a deputy or a manager",
}


def rung(*, answers: bool, reviews: bool) -> Rung:
    """`answers`: owns a workflow, deputizes for an owner or manages; `reviews`: is in a pool."""
    if answers:
        return Rung.OWNER
    return Rung.REVIEWER if reviews else Rung.MEMBER


def may_stand_in(delegate: Rung, absent: Rung) -> bool:
    return delegate >= absent
