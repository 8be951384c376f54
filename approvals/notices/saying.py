"""Says in a line what a notice is about, to the reader it is shown or sent to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.urls import reverse

from agents_registry import words
from agents_registry.models import Absence, ChangeRequest, Downgrade, Person, Stop
from agents_registry.sla import in_words
from approvals import timetable
from approvals.models import Action, Channel, Endpoint, FollowUpKind, Notice, NoticeKind
from approvals.notices import foreign
from approvals.notices.known import Known
from approvals.notices.letters import Line
from approvals.states import State

FOLLOW_UPS = {
    FollowUpKind.FAILED: "{type} failed",
    FollowUpKind.UNKNOWN: "{type}: nobody knows whether it was done",
    FollowUpKind.BLOCKED: "{type} was blocked",
    FollowUpKind.ROLLBACK_FAILED: "{type}: the rollback failed",
    FollowUpKind.CHECK_FAILED: "{type} did not pass its spot check",
    FollowUpKind.MISTAKE: "{type}: somebody reported a mistake",
    FollowUpKind.NOT_AS_APPROVED: "{type} was done, but not as approved",
    FollowUpKind.ROLLBACK_ASKED: "{type}: somebody has to see that its rollback is done",
    FollowUpKind.PHANTOM_ROLLBACK: "{type}: its rollback is reported, and nothing has changed",
    FollowUpKind.HALTED: "{type} came to nothing, and what depends on it was stopped",
}
ICONS = {
    NoticeKind.ASKED: "i-inbox",
    NoticeKind.REMINDED: "i-clock",
    NoticeKind.HELD: "i-warn",
    NoticeKind.FOLLOW_UP: "i-edit",
    NoticeKind.STOPPED: "i-stop",
    NoticeKind.RESUMED: "i-play",
    NoticeKind.DOWNGRADED: "i-down",
    NoticeKind.SIGNATURE: "i-edit",
    NoticeKind.DELEGATED: "i-swap",
    NoticeKind.CHANNEL_FAILED: "i-off",
}


@dataclass(frozen=True, slots=True)
class Reader:
    """To whom it is said: in which zone, at which moment, and of which pool, if it is one."""

    zone: ZoneInfo
    now: datetime
    pool: str = ""

    @classmethod
    def of(cls, channel: Channel, now: datetime) -> Self:
        """Whoever reads this channel; a person everywhere in the zone of their account."""
        if channel.person:
            return cls.of_person(channel.person, now)
        return cls(ZoneInfo(channel.time_zone), now, foreign.line(channel.pool))

    @classmethod
    def of_person(cls, person: Person, now: datetime) -> Self:
        return cls(ZoneInfo(person.time_zone), now)

    def at(self, instant: datetime) -> str:
        """Like “Tue 24 Nov 2026 11:40 EST”."""
        return instant.astimezone(self.zone).strftime("%a %-d %b %Y %H:%M %Z")


def line(notice: Notice, reader: Reader, known: Known) -> Line:
    return Line(
        title=title(notice, known),
        sub=_sub(notice, reader, known),
        url=path(notice),
        at=notice.created_at,
        icon=ICONS[NoticeKind(notice.kind)],
        notice=notice.pk,
    )


def line_of(action: Action, reader: Reader, known: Known) -> Line:
    """A line about what waits, whoever was told of it."""
    return Line(
        title=f"{_type(action)}: {words.TIERS[action.tier].lower()}",
        sub=_waiting(action, reader, known),
        url=reverse("action", args=[action.pk]),
        at=action.created_at,
        icon=ICONS[NoticeKind.ASKED],
    )


def title(notice: Notice, known: Known) -> str:
    """In our own words and the registry's; nothing of it is an agent's."""
    action = notice.action
    match notice.kind:
        case NoticeKind.FOLLOW_UP if action and notice.follow_up:
            return FOLLOW_UPS[FollowUpKind(notice.follow_up.kind)].format(type=_type(action))
        case NoticeKind.STOPPED:
            return f"{foreign.line(notice.about['what'])} is stopped"
        case NoticeKind.RESUMED:
            return f"{foreign.line(notice.about['what'])} is turned on again"
        case NoticeKind.DOWNGRADED:
            lowered = known.row(notice, "downgrade")
            named = foreign.line(lowered.action_type) if lowered else "An action type"
            return f"{named} is stricter now: you look at why"
        case NoticeKind.SIGNATURE:
            return "A change waits for your signature"
        case NoticeKind.DELEGATED:
            absence = known.row(notice, "absence")
            return f"You stand in for {foreign.line(absence.person) if absence else 'somebody'}"
        case NoticeKind.CHANNEL_FAILED:
            return f"{foreign.line(notice.about.get('name', 'A channel'))} is switched off"
    assert action is not None, "what is left is about an action"
    return _asking(notice, action)


def path(notice: Notice) -> str:
    """The page where it is seen to, or read about."""
    if notice.action_id:
        return reverse("action", args=[notice.action_id])
    match notice.kind:
        case NoticeKind.STOPPED:
            return reverse("stopped", args=[notice.about["stop"]])
        case NoticeKind.DOWNGRADED:
            return reverse("downgrade", args=[notice.about["downgrade"]])
        case NoticeKind.SIGNATURE:
            return reverse("requests")
        case NoticeKind.CHANNEL_FAILED if "agent" in notice.about:
            return reverse("endpoint", args=[notice.about["agent"]])
        case NoticeKind.CHANNEL_FAILED:
            return reverse("channels")
    return reverse("ownership" if notice.kind == NoticeKind.RESUMED else "inbox")


def due_words(action: Action, reader: Reader) -> str:
    """Business time that is left, like “1 h 48 min left”; empty where no clock runs."""
    if action.due_at is None or action.state != State.PENDING or action.held:
        return ""
    return in_words(reader.now, action.due_at, timetable.calendar_of(action.frozen))


def _asking(notice: Notice, action: Action) -> str:
    named = _type(action)
    whom = f"with {foreign.line(notice.pool)}" if notice.pool else "for you"
    match notice.kind:
        case NoticeKind.HELD:
            return f"{named} is held {whom}: nobody answered"
        case NoticeKind.REMINDED:
            return f"Reminder: {named} waits {whom}"
    if notice.about.get("step"):
        to = foreign.line(notice.pool) if notice.pool else "you"
        return f"{named} has come to {to}"
    return f"{named} waits {whom}"


def _sub(notice: Notice, reader: Reader, known: Known) -> str:
    if notice.action and notice.follow_up:
        return f"until {reader.at(notice.follow_up.due_at)}: {_sentence(notice.action, known)}"
    if notice.action:
        return _waiting(notice.action, reader, known)
    return _of_registry(notice, reader, known)


def _waiting(action: Action, reader: Reader, known: Known) -> str:
    left = due_words(action, reader)
    return f"{left}: {_sentence(action, known)}" if left else _sentence(action, known)


def _of_registry(notice: Notice, reader: Reader, known: Known) -> str:
    """Whoever did it, and why, in their own words."""
    name = next((name for name in ROWS_SAID if name in notice.about), "")
    row = known.row(notice, name)
    return ROWS_SAID[name](notice, row, reader) if row else ""


def _said_of_stop(notice: Notice, stop: Stop, reader: Reader) -> str:
    lifted = notice.kind == NoticeKind.RESUMED
    who, said = (stop.lifted_by, stop.note) if lifted else (stop.by, stop.reason)
    return foreign.line(f"{who or 'The clock'}: {said}")


def _said_of_downgrade(notice: Notice, downgrade: Downgrade, reader: Reader) -> str:
    workflow = downgrade.action_type.workflow
    return foreign.line(f"{workflow}: {downgrade.because}")


def _said_of_request(notice: Notice, request: ChangeRequest, reader: Reader) -> str:
    return foreign.line(f"{request.author}, {' / '.join(request.place)}: {request.reason}")


def _said_of_absence(notice: Notice, absence: Absence, reader: Reader) -> str:
    note = f": {absence.note}" if absence.note else ""
    return foreign.line(
        f"from {reader.at(absence.starts_at)} until {reader.at(absence.ends_at)}{note}"
    )


def _said_of_channel(notice: Notice, channel: Channel | Endpoint, reader: Reader) -> str:
    if channel.disabled_at is None:
        return "It is on again."
    return foreign.line(f"since {reader.at(channel.disabled_at)}: {notice.about.get('why', '')}")


ROWS_SAID: Mapping[str, Callable[[Notice, Any, Reader], str]] = {
    "stop": _said_of_stop,
    "downgrade": _said_of_downgrade,
    "request": _said_of_request,
    "absence": _said_of_absence,
    "channel": _said_of_channel,
    "endpoint": _said_of_channel,
}


def _type(action: Action) -> str:
    return foreign.line(action.action_type)


def _sentence(action: Action, known: Known) -> str:
    return foreign.line(known.sentence(action), known.secrets(action))
