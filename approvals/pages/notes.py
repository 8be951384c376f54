"""What changes what one may do on this screen: conflicts, other people, stops, open work."""

from dataclasses import dataclass

from django.urls import reverse

from agents_registry import stops
from agents_registry.models import Person
from approvals import closing, presence
from approvals.errors import Refused
from approvals.models import Action
from approvals.pages import words
from approvals.permissions import why_not
from approvals.states import State
from approvals.verdicts import approvals_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A state of this screen that changes what one may do."""

    key: str
    css: str
    icon: str
    title: str
    body: str = ""
    link_words: str = ""
    link_url: str = ""
    undo_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWork:
    id: int
    title: str
    waits_words: str
    choices: list[tuple[str, str]]
    sub: str


def notes(action: Action, person: Person, refusal: Refused | None) -> list[Note]:
    found = []
    if refusal and refusal.status == 409:
        found.append(_conflict(action, refusal))
    for viewing in presence.others(action=action, person=person):
        since = words.clock_time(viewing.since, person)
        found.append(
            Note(
                key=f"open-{viewing.person_id}", css="info", icon="eye",
                title=f"{viewing.person} has this open, since {since}",
                body="If both of you decide, the first decision counts and the second is told.",
            )
        )  # fmt: skip
    if stop := stops.stop_over(action.agent, action.action_type):
        owner = action.workflow.risk_owner
        found.append(
            Note(
                key="stopped", css="bad", icon="stop", title="Stopped: nothing is released",
                body=f"“{stop.reason}” {owner} can turn it back on.",
            )
        )  # fmt: skip
    if action.state == State.PENDING and (why := why_not(person, action)):
        found.append(
            Note(key="not-yours", css="info", icon="eye", title="You can read along", body=why)
        )
    if action.approvals_needed > 1 and action.state == State.PENDING:
        found.append(_four_eyes(action))
    if action.held:
        found.append(
            Note(
                key="held", css="warn", icon="clock", title="Nobody answered in time",
                body="The escalation chain is at its end. Nothing is done until you decide.",
            )
        )  # fmt: skip
    return found


def _four_eyes(action: Action) -> Note:
    given = [str(decision.person) for decision in approvals_of(action).select_related("person")]
    return Note(
        key="four-eyes",
        css="info",
        icon="pool",
        title=f"{len(given)} of {action.approvals_needed} approvals",
        body=f"By {', '.join(given)}. An edit starts the count again." if given else "",
    )


def _conflict(action: Action, refusal: Refused) -> Note:
    """Why the verdict was not taken, said kindly, with who was first."""
    if action.state == "pending":
        return Note(
            key="conflict", css="warn", icon="warn", title=refusal.detail,
            body=f"Below is revision {action.revision}, as it is now. What you typed is kept.",
        )  # fmt: skip
    first = action.decisions.select_related("person").order_by("-pk").first()
    who = f"{first.person} decided this before you. " if first else ""
    return Note(
        key="conflict", css="info", icon="check",
        title=f"{who}It is {words.state(action.state)}.",
        body="Your decision was not needed and was not recorded.",
        link_words="Next action", link_url=reverse("inbox"),
    )  # fmt: skip


def open_work(action: Action, person: Person) -> list[OpenWork]:
    opened = action.follow_ups.filter(closed_at__isnull=True).select_related("assignee")
    return [
        OpenWork(
            id=item.pk,
            title=f"Open work: {words.state(item.kind)}",
            waits_words=f"waits for {item.assignee or action.agent}, "
            f"until {words.at(item.due_at, person)}",
            choices=closing.choices(item) if closing.can_close(person, item) else [],
            sub="Somebody else ends this.",
        )
        for item in opened
    ]
