"""HTTP to addresses that somebody typed: to the public internet only, for a limited time only.

The name is looked up once, every address it has is checked, and the connection goes to one of those
and nowhere else, so that a name which points elsewhere a moment later leads nowhere. Redirects are
answers like any other: nobody follows them.
"""

import re
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from queue import Empty, SimpleQueue
from typing import Any

import httpcore
import httpx
from django.conf import settings

from approvals.errors import Invalid

SECONDS = 10.0
"""Within which everything is over, from looking up the name to the last byte of the answer."""

LOOK_UP_SECONDS = 3.0
CONNECT_SECONDS = 4.0
MOST_BYTES = 64 * 1024
"""Of an answer; what comes after them is not read."""

GLOBAL_UNICAST = IPv6Network("2000::/3")
NEVER = tuple(
    ip_network(net)
    for net in (
        "168.63.129.16/32",  # a cloud's own service, at a public address
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # Teredo and others that carry an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
    )
)
"""Besides what `ipaddress` calls not global, and what IPv6 has not handed out: there are NAT64,
IPv4-mapped, IPv4-compatible, unique local, link-local and multicast addresses."""

NAME = re.compile(r"[a-z0-9._-]+")
NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)


class NotAllowed(Invalid, ValueError):
    """Nothing is ever sent to such an address. Says why, and not which address."""

    code = "address_not_allowed"


class Unreachable(Exception):
    """No answer came, and why, in words."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is cut after MOST_BYTES."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class _Target:
    """An address, read once: what is checked is what is connected to."""

    scheme: bytes
    host: str
    port: int
    netloc: bytes
    path: bytes


def check_address(url: str) -> None:
    """Raises NotAllowed for what can be seen to be no public https address without asking anybody.

    What its name stands for is looked at each time that something is sent.
    """
    target = _read(url)
    if spelled := _as_ip(target.host):
        _check_public([str(spelled)])


def post(url: str, *, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Sends `body` and gives the answer, whatever its status.

    Raises NotAllowed, and Unreachable where none came within SECONDS.
    """
    target, deadline = _read(url), time.monotonic() + SECONDS
    addresses = _look_up(target)
    _check_public(addresses)
    to = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    with httpcore.ConnectionPool(
        ssl_context=_tls(), network_backend=_Pinned(addresses, deadline)
    ) as pool:
        try:
            with pool.stream("POST", to, headers=_headers(target, headers), content=body) as answer:
                return Answer(answer.status, _beginning(answer.iter_stream()))
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise Unreachable(_words(error)) from None


def _read(url: str) -> _Target:
    try:
        read = httpx.URL(url.strip())
    except (httpx.InvalidURL, UnicodeError):
        raise NotAllowed("This is not an address.") from None
    if read.scheme != "https" and not (read.scheme == "http" and settings.ALLOW_PRIVATE_ADDRESSES):
        raise NotAllowed("The address must begin with https://.")
    if read.userinfo or not read.host:
        raise NotAllowed("The address must have a host, and no user or password before it.")
    host, port = read.raw_host.decode(), read.port or (443 if read.scheme == "https" else 80)
    if not (NAME.fullmatch(host) or _as_ip(host)) or not 0 < port < 65_536:
        raise NotAllowed("This is not an address.")
    if NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]) and _as_ip(host) is None:
        raise NotAllowed("A host in numbers is written as four of them, like 198.51.100.7.")
    return _Target(read.raw_scheme, host, port, read.netloc, read.raw_path)


def _as_ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _check_public(addresses: Iterable[str]) -> None:
    """One address that is not public is enough: such a name has no good reason."""
    if settings.ALLOW_PRIVATE_ADDRESSES:
        return
    if not all(is_public(address) for address in addresses):
        raise NotAllowed("This host is not on the public internet, so nothing is sent to it.")


def is_public(address: str) -> bool:
    """Whether an IP address, as text, belongs to the public internet whoever looks at it."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip not in GLOBAL_UNICAST:
        return False
    inside = any(ip.version == net.version and ip in net for net in NEVER)
    return ip.is_global and not ip.is_multicast and not inside


def _look_up(target: _Target) -> list[str]:
    """The IP addresses of the host, in the order in which the system would try them.

    In a thread of its own, which is left behind where the name server does not answer: the system's
    call has no time limit.
    """
    if spelled := _as_ip(target.host):
        return [str(spelled)]
    answers: SimpleQueue[list[str] | Exception] = SimpleQueue()
    asked = (target.host, target.port, answers)
    threading.Thread(target=_ask, args=asked, name="look-up", daemon=True).start()
    try:
        found = answers.get(timeout=LOOK_UP_SECONDS)
    except Empty:
        raise Unreachable("Its name could not be looked up in time.") from None
    if isinstance(found, Exception):
        raise Unreachable("Nobody knows its name.") from None
    return found


def _ask(host: str, port: int, answers: "SimpleQueue[list[str] | Exception]") -> None:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        answers.put(list(dict.fromkeys(str(row[4][0]) for row in rows)))
    except (OSError, UnicodeError) as error:
        answers.put(error)


def _headers(target: _Target, headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    fixed = {"Host": target.netloc.decode(), "User-Agent": "Review-Queue", "Connection": "close"}
    return [(name.encode(), value.encode()) for name, value in {**headers, **fixed}.items()]


def _beginning(parts: Iterable[bytes]) -> bytes:
    read = b""
    for part in parts:
        read += part
        if len(read) >= MOST_BYTES:
            break
    return read[:MOST_BYTES]


@cache
def _tls() -> ssl.SSLContext:
    """Trusts what httpx trusts: SSL_CERT_FILE where it is set, else the list of certifi."""
    return httpx.create_ssl_context()


def _words(error: Exception) -> str:
    if isinstance(error, httpcore.TimeoutException):
        return f"It did not answer within {SECONDS:.0f} s."
    if any(isinstance(why, ssl.SSLCertVerificationError) for why in error.args):
        return "Its certificate is not one that is trusted, or another host's."
    if isinstance(error, httpcore.ConnectError):
        return "Nothing could connect to it."
    return "It broke off the connection, or answered what is not HTTP."


class _Pinned(httpcore.NetworkBackend):
    """Connects to the addresses that were checked and ignores the name."""

    def __init__(self, addresses: list[str], deadline: float) -> None:
        self.addresses = addresses
        self.deadline = deadline
        self.sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        *others, last = self.addresses
        for address in others:
            try:
                return self._connect(address, port)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(last, port)

    def _connect(self, address: str, port: int) -> httpcore.NetworkStream:
        seconds = min(CONNECT_SECONDS, _left(self.deadline))
        return _Timed(self.sockets.connect_tcp(address, port, timeout=seconds), self.deadline)


class _Timed(httpcore.NetworkStream):
    """A connection of which every wait ends at the same instant: whoever sends a byte now and then
    gains nothing."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self.stream = stream
        self.deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, timeout=_left(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, timeout=_left(self.deadline))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self.stream.start_tls(ssl_context, server_hostname, timeout=_left(self.deadline))
        return _Timed(inner, self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def _left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout
    return seconds
