"""How a person or a pool is told: their channels in words, and the form of each."""

from dataclasses import dataclass

from django.conf import settings
from django.forms import RadioSelect
from django.urls import reverse

from agents_registry.models import Person, Pool
from agents_registry.pages.beside import Given
from agents_registry.pages.editing import Crumb, Field, Wrong
from approvals import channels
from approvals.channel_forms import ChannelForm
from approvals.channels import Holder
from approvals.models import Channel, ChannelKind, Pace
from approvals.pages import words
from approvals.pages.content import Text, text

PACES = {Pace.AT_ONCE: "at once", Pace.DIGEST: "once a day", Pace.NEVER: "never"}
ADD = {ChannelKind.CHAT: "Add a chat room", ChannelKind.WEBHOOK: "Add a webhook"}
NEW = {ChannelKind.CHAT: "A new chat room", ChannelKind.WEBHOOK: "A new webhook"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One channel. `trouble` says since when it fails or is off, `why` what the last error was."""

    url: str
    name: str
    kind: str
    address: str
    own: str
    pools: str
    times: str
    trouble: str
    why: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The form of one channel, in the groups in which it is read."""

    where: list[Field]
    how_soon: list[Field]
    when: list[Field]
    wrong: list[Wrong]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """All channels of one holder. `add` is empty for whoever may only look."""

    name: str
    crumbs: list[Crumb]
    lines: list[Line]
    add: list[Crumb]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """`silent`: in words, why nothing is sent there whatever is chosen."""

    address: str
    fields: Fields
    test_url: str
    silent: str
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """One channel by itself; a new one has no `line` and cannot be tried or removed yet."""

    title: str
    lead: str
    crumbs: list[Crumb]
    fields: Fields
    save_url: str
    save_words: str
    back_url: str
    line: Line | None
    test_url: str
    remove_url: str
    given: Given | None


def holding(holder: Holder, person: Person) -> Holding:
    """What stands beside the mailbox, or all that a pool has."""
    further = channels.of(holder).exclude(kind=ChannelKind.EMAIL).select_related("person", "pool")
    may = channels.may_keep(person, holder)
    return Holding(
        name=str(holder),
        crumbs=_crumbs(holder),
        lines=[line(channel, person) for channel in further],
        add=[(url(holder, "add", kind), said) for kind, said in ADD.items()] if may else [],
    )


def mailbox(person: Person, form: ChannelForm, channel: Channel | None) -> Mailbox:
    return Mailbox(
        address=person.email,
        fields=fields(form),
        test_url=url(person, "test", channel.pk) if channel and not _silent(person) else "",
        silent=_silent(person),
        trouble=_trouble(channel, person) if channel else "",
    )


def one(
    holder: Holder,
    person: Person,
    form: ChannelForm,
    *,
    kind: str,
    channel: Channel | None,
    given: Given | None = None,
) -> One:
    title = str(channel) if channel else NEW[ChannelKind(kind)]
    return One(
        title=title,
        lead=LEADS[ChannelKind(kind)],
        crumbs=[*_crumbs(holder)[:-1], (url(holder), _crumbs(holder)[-1][1]), ("", title)],
        fields=fields(form),
        save_url=url(holder, "one", channel.pk) if channel else url(holder, "add", kind),
        save_words="Keep it" if channel else ADD[ChannelKind(kind)],
        back_url=url(holder),
        line=line(channel, person) if channel else None,
        test_url=url(holder, "test", channel.pk) if channel else "",
        remove_url=url(holder, "remove", channel.pk) if channel else "",
        given=given,
    )


LEADS = {
    ChannelKind.CHAT: "Short messages into a room of your chat. Whoever reads the room reads them: "
    "they hold no value that is marked as sensitive, and nothing is decided there.",
    ChannelKind.WEBHOOK: "Each message is posted as JSON, signed as Standard Webhooks says. It "
    "holds no value that is marked as sensitive, and nothing is decided by it.",
    ChannelKind.EMAIL: "",
}


def given(channel: Channel) -> Given | None:
    """A webhook's secret, for the one answer that shows it."""
    if not channel.secret:
        return None
    return Given(
        "The webhook is added",
        "Give this secret to whoever receives the messages now: they check the signature with it. "
        "It is shown this once, and nobody can look it up later.",
        "Signing secret",
        channel.secret,
    )


def line(channel: Channel, person: Person) -> Line:
    holder = channels.holder_of(channel)
    return Line(
        url=url(holder, "one", channel.pk),
        name=channel.name or channel.get_kind_display(),
        kind=channel.get_kind_display(),
        address=channels.masked(channel),
        own=PACES[Pace(channel.own)],
        pools=PACES[Pace(channel.pools)],
        times=_times(channel),
        trouble=_trouble(channel, person),
        why=text(channel.last_error),
    )


def fields(form: ChannelForm) -> Fields:
    """The form as it stands, with what is wrong with it once it was posted."""
    errors = [
        Wrong(bound.auto_id, str(bound.label), str(error))
        for bound in form
        for error in bound.errors
    ]
    general = [Wrong("", "", str(error)) for error in form.non_field_errors()]
    return Fields(
        where=_fields(form, "name", "address"),
        how_soon=_fields(form, "own", "pools"),
        when=_fields(form, "quiet_from", "quiet_until", "digest_at", "time_zone"),
        wrong=general + errors,
    )


def url(holder: Holder, what: str = "", *args: object) -> str:
    """The address of a page about the holder's channels: their list, `add`, `one`, `test` …"""
    whose = ("my", []) if isinstance(holder, Person) else ("pool", [holder.slug])
    name = f"{whose[0]}_channels" if not what else f"{whose[0]}_channel_{what}"
    return reverse(name, args=[*whose[1], *args])


def _fields(form: ChannelForm, *names: str) -> list[Field]:
    return [
        Field(
            form[name],
            "boxes" if isinstance(form.fields[name].widget, RadioSelect) else "line",
            not form.fields[name].required,
            [str(error) for error in form[name].errors] if form.is_bound else [],
        )
        for name in names
        if name in form.fields
    ]


def _crumbs(holder: Holder) -> list[Crumb]:
    if isinstance(holder, Pool):
        pool = (reverse("team_row", args=["pools", holder.slug]), holder.name)
        return [(reverse("team"), holder.team.name), pool, ("", "How it is told")]
    return [(reverse("me"), "Settings"), ("", "How I am told")]


def _silent(person: Person) -> str:
    if not settings.EMAIL_HOST:
        return (
            "This installation sends no mail: whoever runs it has named no mail server "
            "(EMAIL_URL). What you choose here holds as soon as there is one."
        )
    if not person.email:
        return "Your account has no e-mail address. Whoever runs this installation can add one."
    return ""


def _trouble(channel: Channel, person: Person) -> str:
    if channel.disabled_at:
        since = words.at(channel.disabled_at, person)
        return f"It failed for long and is switched off since {since}. Keeping it turns it on."
    if channel.failing_since:
        return f"Nothing has arrived since {words.at(channel.failing_since, person)}."
    return ""


def _times(channel: Channel) -> str:
    if channel.own == channel.pools == Pace.NEVER:
        return "nothing is sent"
    said = []
    if Pace.DIGEST in {channel.own, channel.pools}:
        said.append(f"digest at {channel.digest_at:%H:%M}")
    if channel.quiet_from and channel.quiet_until:
        said.append(f"quiet {channel.quiet_from:%H:%M} to {channel.quiet_until:%H:%M}")
    zone = channel.time_zone.replace("_", " ")
    return f"{', '.join(said)} ({zone})" if said else "at any time"
