"""Which verdicts the library that an action came from has no word for: it would get them as a
rejection, so they are neither offered nor taken."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from approvals.errors import Conflict
from approvals.judging import BUILT_IN
from approvals.models import Action, WireCall
from approvals.wire.calls import Answer, Kind


@dataclass(frozen=True, slots=True)
class Limit:
    """What a library does not take, in words: a title, what it would make of it, and what to do
    instead."""

    title: str
    so: str
    instead: str

    @property
    def refusal(self) -> str:
        return f"{self.title}. Nothing was decided. {self.instead}"

    @property
    def in_a_table(self) -> str:
        return f"{self.title}. Decide it on its own page."


NO_EDIT = Limit(
    "This agent's library takes a yes or a no here",
    "It would get an edit as a rejection, so none is offered.",
    "Approve it as it is, or reject it and say what should change.",
)
NO_APPROVAL = Limit(
    "This agent's library takes no approval here",
    "It would get one as a rejection, so none is offered.",
    "Reject it and say why, or take it over.",
)
NOT_WHAT_IT_ASKED = Limit(
    "This agent's library takes only what it asked for first",
    "The agent has changed it since. The library would get an approval of that as a rejection, so "
    "none is offered.",
    "Reject it and say why: the agent can ask again.",
)
NO_ANSWER = Limit(
    "This agent's library takes no answer here",
    "It gets yours as a rejection, with your words in it.",
    "",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the library takes for a verdict, and the digest of the content that it asked about."""

    can: frozenset[Kind] = frozenset(Kind)
    digest: str = ""

    def takes(self, kind: Kind) -> bool:
        return Answer(kind, "", {}).within(self.can).kind != Kind.REJECT

    def against_edit(self) -> Limit | None:
        return None if self.takes(Kind.EDIT) else NO_EDIT

    def against_approval_of(self, digest: str) -> Limit | None:
        """Why content of this digest cannot be approved; None where it can."""
        if not self.takes(Kind.APPROVE):
            return NO_APPROVAL
        if self.takes(approval_of(digest, self.digest)):
            return None
        return NOT_WHAT_IT_ASKED


def approval_of(approved: str, asked: str) -> Kind:
    """What an approval says to a library that asked about content of the digest `asked`."""
    return Kind.APPROVE if approved == asked else Kind.EDIT


def of(action: Action) -> Asked:
    return of_each([action]).get(action.pk, Asked())


def of_each(actions: Collection[Action]) -> dict[UUID, Asked]:
    """By id, for those that are calls of a library; one query.

    A draft or a piece of advice is not among them: whatever its content, no library carries it out.
    """
    calls = WireCall.objects.filter(
        action__in=[action.pk for action in actions if not action.is_only_accepted],
        action__contents__revision=1,
    )
    rows = calls.values_list(
        "action", "place", "thread__request__can", "action__contents__payload_digest"
    )
    return {pk: Asked(frozenset(map(Kind, can[at])), digest) for pk, at, can, digest in rows}


def check_approval(action: Action, digest: str) -> None:
    """Conflict where the library would get the approval of this content as a rejection."""
    if limit := of(action).against_approval_of(digest):
        raise Conflict(limit.refusal, code="ruled_out")


def check_edit(action: Action) -> None:
    """Conflict where the library would get an edit as a rejection."""
    if limit := of(action).against_edit():
        raise Conflict(limit.refusal, code="ruled_out")


def limits(action: Action, asked: Asked, digest: str) -> Limit | None:
    """What whoever decides on content of this digest has to know first."""
    if action.action_type.key in BUILT_IN:
        return None if asked.takes(Kind.ANSWER) else NO_ANSWER
    return asked.against_approval_of(digest) or asked.against_edit()
