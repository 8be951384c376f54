"""The page between an action and an address that somebody else wrote: the whole of it first."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.core import signing
from django.urls import reverse

from approvals import addresses
from approvals.pages.content import Text, text

SALT = "approvals.outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """`ascii_host` where the host is not plain ASCII; `href` is empty where nothing leads there."""

    whole: Text
    host: Text
    ascii_host: str
    mixed: bool
    href: str
    why_not: str


def url_of(address: str) -> str:
    """The page that shows this address. Signed, so that nobody can make it show another."""
    return f"{reverse('outside')}?{urlencode({'to': signing.dumps(address, salt=SALT)})}"


def page(token: str) -> Outside:
    """What the token stands for; signing.BadSignature when this installation did not make it."""
    address = addresses.read(signing.loads(token, salt=SALT))
    return Outside(
        whole=text(address.whole),
        host=text(address.host),
        ascii_host="" if address.host.isascii() else address.ascii_host,
        mixed=address.mixed,
        href=address.href,
        why_not=address.why_not,
    )
