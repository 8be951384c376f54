"""PURE: says where a web address leads, and whether it can be trusted to lead where it says."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from approvals.inert import HIDDEN, in_ascii, mixed_scripts

WEB = re.compile(
    r"(?P<scheme>https?)://(?P<host>[^\s/?#\\@:%\[\]]+)(?P<port>:\d{1,5})?(?P<rest>(?:[/?#].*)?)",
    re.IGNORECASE,
)
"""Stricter than browsers are: no name before the host, no escapes in it, both slashes there."""

ASCII_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?", re.IGNORECASE)
IN_A_LINK = "/?#%&=+,;:@!$'()*~[]"
STARTS_AS_WEB = re.compile(r"\s*https?:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """An address as somebody wrote it. `href` is plain ASCII and leads to `ascii_host` in every
    browser; it is empty where `why_not` says why nothing leads there."""

    whole: str
    host: str = ""
    ascii_host: str = ""
    mixed: bool = False
    href: str = ""
    why_not: str = ""


def read(whole: str) -> Address:
    """What an address says. Others wrote it: `whole` and `host` need `inert.segments`."""
    if not STARTS_AS_WEB.match(HIDDEN.sub("", whole)):
        return Address(whole, why_not="It is no web address.")
    found = WEB.fullmatch(whole)
    if not found or HIDDEN.search(whole) or "\\" in whole or re.search(r"\s", whole):
        return _disguised(whole)
    host = in_ascii(found["host"]).lower()
    if not ASCII_HOST.fullmatch(host):
        return _disguised(whole)
    start = f"{found['scheme'].lower()}://{host}{found['port'] or ''}"
    return Address(
        whole=whole,
        host=found["host"],
        ascii_host=host,
        mixed=mixed_scripts(whole) is not None,
        href=start + quote(found["rest"], safe=IN_A_LINK),
    )


def _disguised(whole: str) -> Address:
    return Address(whole, why_not="It is written so that it may lead elsewhere than it seems to.")
