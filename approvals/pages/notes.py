"""What changes what one may do on this screen: conflicts, other people, stops, open work."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse

from agents_registry import stops
from agents_registry.models import Person
from agents_registry.pages import timing
from approvals import closing, four_eyes, presence, ruled_out, takeable
from approvals.errors import Refused
from approvals.models import Action
from approvals.pages import words
from approvals.pages.changed import what_changed
from approvals.pages.versions import COLLEAGUES, Shown
from approvals.ruled_out import Asked
from approvals.states import State
from ledger import clock

TOGETHER = "If both of you decide, the first decision counts and the second is told."
TOGETHER_BLIND = "It takes more than one person. Decide on your own."
CHOOSE = "Below is a colleague's version, beside the agent's: approve the one you stand for."
NUMBERS = {2: "Two", 3: "Three", 4: "Four", 5: "Five"}


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
    kind: str
    title: str
    waits_words: str
    choices: list[tuple[str, str]]
    sub: str


def notes(
    action: Action,
    person: Person,
    shown: Shown,
    refusal: Refused | None,
    *,
    barred: str,
    asked: Asked,
) -> list[Note]:
    """What is to be known first. `barred`: why this person may not decide it, if so; `asked`: what
    the library that it came from takes."""
    found = []
    if refusal and refusal.status == 409:
        found.append(_conflict(action, refusal))
    others = presence.others(action=action, person=person) if action.state == State.PENDING else ()
    for viewing in others:
        since = words.clock_time(viewing.since, person)
        found.append(
            Note(
                key=f"open-{viewing.person_id}", css="info", icon="eye",
                title=f"{viewing.person} has this open, since {since}",
                body=TOGETHER_BLIND if four_eyes.is_blind(action) else TOGETHER,
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
    if barred:
        found.append(
            Note(key="not-yours", css="info", icon="eye", title="You can read along", body=barred)
        )
    if four_eyes.is_blind(action):
        found.append(_four_eyes(action, person, shown))
    if action.held:
        found.append(
            Note(
                key="held", css="warn", icon="clock", title="Nobody answered in time",
                body="The escalation chain is at its end. Nothing is done until you decide.",
            )
        )  # fmt: skip
    if action.state == State.PENDING and not barred:
        found += _ruled_out(action, asked, shown)
    if action.state == State.APPROVED:
        found += _released_later(action, person)
    return found


def _ruled_out(action: Action, asked: Asked, shown: Shown) -> Iterator[Note]:
    """Which verdict is missing below, and why."""
    if limit := ruled_out.limits(action, asked, shown.digest):
        body = f"{limit.so} {limit.instead}".strip()
        yield Note(key="ruled-out", css="info", icon="bot", title=limit.title, body=body)


def _released_later(action: Action, person: Person) -> Iterator[Note]:
    """That the agent cannot take it yet, and from when on; or that it will end before that."""
    now, row = clock.now(), action.action_type.send_window
    first = takeable.releasable_at(action, takeable.window_of(action.action_type), now)
    window = f"Released only {timing.window(row)}. " if row else ""
    if first is None:
        end = min(filter(None, (action.approval_ends_at, action.not_after)))
        yield Note(
            key="never-released", css="warn", icon="clock",
            title="Approved, and it ends before the agent may take it",
            body=f"{window}It ends {words.at(end, person)}. The agent is told, and stages it anew.",
        )  # fmt: skip
    elif first > now:
        yield Note(
            key="released-later", css="info", icon="clock",
            title=f"Approved. The agent can take it from {words.day_time(first, person, now)}",
            body=f"{window}Nothing is done before, and the approval can be taken back.",
        )  # fmt: skip


def _four_eyes(action: Action, person: Person, shown: Shown) -> Note:
    """How many it takes, and one's own approval: of anybody else's there is not a word."""
    mine = four_eyes.own_approval(action, person)
    if mine:
        return Note(
            key="four-eyes", css="info", icon="pool",
            title="You approved; somebody else still has to",
            body="You see what others decided when all are in. Until then you can take it back.",
            undo_url=reverse("undo", args=[mine.pk]),
        )  # fmt: skip
    edited = f" {CHOOSE}" if shown.words == COLLEAGUES else ""
    return Note(
        key="four-eyes", css="info", icon="pool",
        title=f"{NUMBERS[action.approvals_needed]} different people must approve this",
        body=f"Decide on your own: you see the others' verdicts when all are in.{edited}",
    )  # fmt: skip


def _conflict(action: Action, refusal: Refused) -> Note:
    """Why the verdict was not taken, said kindly, with who was first."""
    if action.state == "pending":
        return Note(
            key="conflict", css="warn", icon="warn", title=refusal.detail,
            body=f"{what_changed(action, refusal.facts.get('seen'))} "
            f"Below is revision {action.revision}, as it is now. What you typed is kept.".strip(),
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
            kind=item.kind,
            title=f"Open work: {words.state(item.kind)}",
            waits_words=f"waits for {item.assignee or action.agent}, "
            f"until {words.at(item.due_at, person)}",
            choices=closing.choices(item, person) if closing.can_close(person, item) else [],
            sub="Somebody else ends this.",
        )
        for item in opened
    ]
