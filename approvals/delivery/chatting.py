"""Sends one message to a chat, through apprise, and says which chats there are.

Apprise reaches far more than chats: files, programs, the system's log, any host. So a service is
named here or it is none. Most of those named have hosts of their own that nobody can choose; where
the address names the host, it is a service's own or one of the setting CHAT_HOSTS. Nobody follows a
redirect, and no option is taken that would read a file, fetch a page or trust any certificate.
"""

import re
from dataclasses import dataclass
from typing import Any

import apprise
from apprise.plugins import url_to_dict
from django.conf import settings

from approvals.delivery.not_taken import After, NotTaken
from approvals.delivery.outward import NotAllowed
from approvals.notices.letters import Message

SECONDS = 10

OWN_HOSTS = {
    "discord": "Discord",
    "flock": "Flock",
    "gchat": "Google Chat",
    "pagerduty": "PagerDuty",
    "pover": "Pushover",
    "signl4": "SIGNL4",
    "slack": "Slack",
    "tgram": "Telegram",
    "webex": "Webex",
    "wxteams": "Webex",
}
"""Services that are reached at hosts which are written in apprise, whatever the address says."""


@dataclass(frozen=True, slots=True)
class Named:
    """A service whose host stands in the address. `hosts`: those that are the service's own; one
    with a dot before it stands for everything below it."""

    name: str
    hosts: tuple[str, ...] = ()


NAMED_HOSTS = {
    "gotify": Named("Gotify"),
    "gotifys": Named("Gotify"),
    "matrix": Named("Matrix"),
    "matrixs": Named("Matrix"),
    "mmost": Named("Mattermost"),
    "mmosts": Named("Mattermost"),
    "ntfy": Named("ntfy", ("ntfy.sh",)),
    "ntfys": Named("ntfy", ("ntfy.sh",)),
    "rocket": Named("Rocket.Chat"),
    "rockets": Named("Rocket.Chat"),
    "workflow": Named("Teams", (".logic.azure.com", ".environment.api.powerplatform.com")),
    "workflows": Named("Teams", (".logic.azure.com", ".environment.api.powerplatform.com")),
    "zulip": Named("Zulip", (".zulipchat.com",)),
}
OPTIONS = {
    *("to", "channel", "channels", "thread", "topic", "priority", "region"),
    *("key", "token", "workspace", "mode", "pa", "api-version", "sp", "sv", "sig"),
}
"""What may stand after the question mark: where to, and the parts of a service's own addresses."""

NOBODY = re.compile(r"\berror=(404|410)\b")
STATUS = re.compile(r"\berror=(\d{3})\b")
CALLS_SOMEBODY = re.compile(r"(?<=@)(?=everyone|here|channel|all\b)|(?<=<)(?=[!@#&]|at>)", re.I)
"""Where a service would read a call for somebody's attention in a text that only speaks of it."""

ASSET = apprise.AppriseAsset(
    app_id="Review Queue",
    app_desc="Review Queue",
    app_url="",
    image_url_mask="",
    image_url_logo="",
    http_redirects=False,
    storage_mode="memory",
)


def check_address(address: str) -> None:
    """Raises NotAllowed where nothing would be sent to it, and says why without repeating it.

    An apprise address (`slack://…`), or the https address that Slack, Discord, Google Chat, Teams
    or ntfy shows for a webhook.
    """
    _service(address)


def masked(address: str) -> str:
    """Enough to tell two channels apart, and too little to send anything there."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://…{rest[-3:] if len(rest) >= 12 else ''}"


def send(*, address: str, message: Message) -> None:
    """One message of subject, link and text, cut where the service takes no more. Raises NotTaken.

    Chats know no message ids: what was taken although no answer came is there twice.
    """
    chat = apprise.Apprise(asset=ASSET)
    try:
        chat.add(_service(address))
    except NotAllowed as refusal:
        raise NotTaken(str(refusal)) from None
    result = chat.notify(
        title=_harmless(message.subject),
        body=_harmless(f"{message.url}\n\n{message.text}"),
        body_format="text",
        timeout=SECONDS,
    )
    if not result:
        raise _refused(result)


def _service(address: str) -> apprise.NotifyBase:
    """The one that the address names. Apprise reads it once: what is checked is what is used."""
    scheme = address.strip().partition("://")[0].lower()
    if scheme not in OWN_HOSTS | NAMED_HOSTS and scheme != "https":
        raise NotAllowed(f"There is no such chat here. It begins with one of: {_known()}.")
    read: dict[str, Any] | None = url_to_dict(address.strip())  # type: ignore[no-untyped-call]
    if not read or read["schema"] not in OWN_HOSTS | NAMED_HOSTS:
        raise NotAllowed("This is not the whole address of a chat.")
    options = {name for kind in ("qsd", "qsd+", "qsd-", "qsd:") for name in read.get(kind) or ()}
    if not options <= OPTIONS:
        raise NotAllowed("Nothing but the chat may be chosen by what follows the question mark.")
    service = apprise.Apprise.instantiate({**read, "overflow": "truncate"}, asset=ASSET)
    if service is None:
        raise NotAllowed("This is not the whole address of a chat.")
    if read["schema"] in NAMED_HOSTS:
        _check_host(_host(service), NAMED_HOSTS[read["schema"]])
    return service


def _host(service: Any) -> str:
    if service.secure_protocol == "zulip":
        return f"{service.organization}.{service.hostname}".lower()
    if service.secure_protocol == "ntfys" and service.mode == "cloud":
        return "ntfy.sh"
    return str(service.host).lower()


def _check_host(host: str, named: Named) -> None:
    """Hosts of CHAT_HOSTS are whoever runs the installation's to vouch for."""
    own = any(host.endswith(each) if each[0] == "." else host == each for each in named.hosts)
    if not own and host not in settings.CHAT_HOSTS:
        raise NotAllowed(
            f"No {named.name} at this host is known here. Whoever runs this installation can allow "
            "it (CHAT_HOSTS)."
        )


def _known() -> str:
    """Plain http is left out: it works, and nobody should be led to it."""
    plain = {scheme for scheme in NAMED_HOSTS if f"{scheme}s" in NAMED_HOSTS}
    return ", ".join(f"{scheme}://" for scheme in sorted({*OWN_HOSTS, *NAMED_HOSTS} - plain))


def _harmless(text: str) -> str:
    return CALLS_SOMEBODY.sub("\u200b", text)


def _refused(result: apprise.AppriseResult) -> NotTaken:
    """Apprise says in its log lines alone what the service answered."""
    if result.status == apprise.AppriseResultStatus.TIMEOUT:
        return NotTaken(f"It did not answer within {SECONDS} s.")
    logged = " ".join(entry.message for entry in result.logs())
    if found := NOBODY.search(logged):
        return NotTaken(f"It answered {found[1]}: nobody is there any more.", After.SWITCH_OFF)
    if found := STATUS.search(logged):
        return NotTaken(f"It answered {found[1]}.")
    return NotTaken("It could not be reached, or did not take the message.")
