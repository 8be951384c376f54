"""Requests to addresses that somebody typed reach the public internet and nothing else, and end."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from approvals.delivery import outward
from approvals.delivery.outward import NotAllowed, Unreachable
from approvals.errors import Invalid
from tests.approvals.receivers import receiving, talking

PRIVATE = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
    "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192",
    "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:10.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "100::1", "2001::7f00:1", "2001:db8::1",
    "2002:7f00:1::", "2002:a00:1::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254",
    "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700::1111", "2a00:1450:4001::200e"]
ODD = [
    "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/",
    "https://0177.0.0.1/", "https://127.0.0.1./", "https://127.0.0.0x1/", "https://0/",
    "https://0x/", "https://134744072/", "https://8.8.2056/", "https://010.8.8.8/",
    "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[0:0:0:0:0:0:0:1]/",
    "https://[fe80::1%25eth0]/", "https://①②⑦.⓪.⓪.①/", "https://１２７.0.0.1/",
]  # fmt: skip
NOT_HTTPS = [
    "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/",
    "//example.com/", "example.com", "", "https://", "https:///path", "https:example.com",
    "https://user@example.com/", "https://user:secret@example.com/",
    "https://exa mple.com/", "https://example.com\n.internal/", "javascript:alert(1)",
    "https://[::1", "https://example.com:99999/", "https://example.com:x/",
]  # fmt: skip


@pytest.fixture
def inside(settings: Any) -> None:
    """The servers of these tests are on this machine."""
    settings.ALLOW_PRIVATE_ADDRESSES = True


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Whatever is looked up has these addresses, other ones each time. What was asked for."""
    asked: list[str] = []
    rest, really = iter(answers), socket.getaddrinfo

    def look_up(host: str, port: int, *how: Any, **kind: Any) -> list[Any]:
        if outward._as_ip(host):
            return really(host, port, *how, **kind)
        asked.append(host)
        return [(None, None, None, "", (address, port)) for address in next(rest)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def post(url: str, body: bytes = b"{}") -> outward.Answer:
    return outward.post(url, body=body, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_on_the_public_internet_is_not_public(address: str) -> None:
    assert not outward.is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_on_it_is_public(address: str) -> None:
    assert outward.is_public(address)


@given(st.ip_addresses(v=4))
def test_no_spelling_in_ipv6_makes_a_private_address_public(ip: ipaddress.IPv4Address) -> None:
    inside = [
        f"::ffff:{ip}",
        f"::{ip}",
        f"64:ff9b::{ip}",
        str(ipaddress.IPv6Address(0x2002 << 112 | int(ip) << 80)),
        str(ipaddress.IPv6Address(0x2001 << 112 | int(ip) ^ 0xFFFFFFFF)),
    ]
    assert not any(outward.is_public(address) for address in inside)


@pytest.mark.parametrize("url", [*ODD, *NOT_HTTPS])
def test_odd_spellings_and_other_schemes_are_refused_before_anybody_is_asked(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = names(monkeypatch)
    with pytest.raises(NotAllowed):
        outward.check_address(url)
    with pytest.raises(NotAllowed):
        post(url)
    assert asked == []


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_in_numbers_is_refused_when_it_is_typed(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(NotAllowed):
        outward.check_address(f"https://{host}/hook")


def test_a_refusal_is_one_for_people_and_repeats_no_secret() -> None:
    with pytest.raises(Invalid) as refusal:
        outward.check_address("https://user:hunter2@example.com/")
    assert refusal.value.code == "address_not_allowed"
    assert "hunter2" not in str(refusal.value)
    with pytest.raises(ValueError, match="https://"):
        outward.check_address("http://example.com/hunter2")


@pytest.mark.parametrize("url", ["https://example.com/x", "https://bücher.example:8443/x?y=z"])
def test_a_public_name_is_taken_as_it_is(url: str) -> None:
    outward.check_address(url)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_stands_for_a_private_address_leads_nowhere(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, [address])
    with pytest.raises(NotAllowed):
        post("https://inside.example/")


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names(monkeypatch, ["1.1.1.1", "10.0.0.1"])
    with pytest.raises(NotAllowed):
        post("https://both.example/")


def test_a_name_that_changes_between_two_looks_gets_only_one(
    inside: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(lambda: 200) as (receiver, url):
        asked = names(monkeypatch, ["127.0.0.1"], ["192.0.2.1"])
        port = url.rpartition(":")[2]
        assert post(f"http://turning.example:{port}").status == 200
    assert asked == ["turning.example"]
    assert receiver.taken[0][1]["Host"] == f"turning.example:{port.partition('/')[0]}"


def test_where_the_first_address_takes_nothing_the_next_one_is_tried(
    inside: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(lambda: 200) as (_, url):
        names(monkeypatch, ["127.0.0.77", "127.0.0.1"])
        assert post(url.replace("127.0.0.1", "two.example")).status == 200


def test_a_redirect_is_an_answer_and_nobody_follows_it(inside: None) -> None:
    with receiving(lambda: 302) as (receiver, url):
        assert post(url).status == 302
    assert list(receiver.outcomes.values()) == [[302]]


@pytest.fixture
def shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outward, "SECONDS", 0.6)


def drip(*parts: bytes) -> Any:
    """Sends the parts, and then a byte now and then for as long as anybody listens."""

    def talk(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
        while True:
            time.sleep(0.05)
            connection.sendall(b"x")

    return talk


OPENINGS = [(), (b"HTTP/1.1 200 OK\r\nX-Slow: ",), (b"HTTP/1.1 200 OK\r\n\r\n", b"slow")]


@pytest.mark.parametrize("opening", OPENINGS)
def test_whoever_answers_a_byte_at_a_time_is_left_when_the_time_is_over(
    inside: None, shortly: None, opening: tuple[bytes, ...]
) -> None:
    with talking(drip(*opening)) as port:
        began = time.monotonic()
        with pytest.raises(Unreachable):
            post(f"http://127.0.0.1:{port}/")
    assert time.monotonic() - began < 5


def test_whoever_says_nothing_is_left_when_the_time_is_over(inside: None, shortly: None) -> None:
    silent = talking(lambda connection: time.sleep(5))
    with silent as port, pytest.raises(Unreachable, match="did not answer"):
        post(f"http://127.0.0.1:{port}/")


def test_whoever_does_not_read_is_left_when_the_time_is_over(inside: None, shortly: None) -> None:
    with talking(lambda connection: time.sleep(5)) as port, pytest.raises(Unreachable):
        post(f"http://127.0.0.1:{port}/", b"x" * 20_000_000)


def test_a_name_server_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **kind: silent.wait(30) and [])
    monkeypatch.setattr(outward, "LOOK_UP_SECONDS", 0.2)
    with pytest.raises(Unreachable, match="in time"):
        post("https://silent.example/")
    silent.set()


def test_of_an_endless_answer_only_the_beginning_is_read(inside: None) -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)

    with talking(endless) as port:
        answer = post(f"http://127.0.0.1:{port}/")
    assert (answer.status, len(answer.body)) == (200, outward.MOST_BYTES)


NO_HTTP = [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 1_000_000]


@pytest.mark.parametrize("said", NO_HTTP, ids=["nothing", "ssh", "endless-headers"])
def test_what_is_not_http_is_no_answer(inside: None, said: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(said)

    with talking(talk) as port, pytest.raises(Unreachable, match=r"broke off|connect"):
        post(f"http://127.0.0.1:{port}/")


def test_a_closed_port_and_an_unknown_name_are_said_so(inside: None) -> None:
    with talking(lambda connection: None) as port:
        pass
    with pytest.raises(Unreachable, match="connect"):
        post(f"http://127.0.0.1:{port}/")
    with pytest.raises(Unreachable, match="name"):
        post("http://nobody.invalid/")


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A server's side of TLS for hooks.example, which these tests trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "hooks.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    outward._tls.cache_clear()
    yield context
    outward._tls.cache_clear()


def test_tls_asks_for_the_name_and_trusts_no_other_name_at_the_same_address(
    inside: None, certified: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for: list[str | None] = []
    certified.sni_callback = lambda connection, name, context: asked_for.append(name)
    heads: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        with certified.wrap_socket(connection, server_side=True) as safe:
            said = b""
            while not said.endswith(b"{}"):  # What is left unread breaks off the answer.
                said += safe.recv(65_536)
            heads.append(said)
            safe.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with talking(talk) as port:
        names(monkeypatch, ["127.0.0.1"], ["127.0.0.1"])
        assert post(f"https://hooks.example:{port}/in?x=1").body == b"ok"
        with pytest.raises(Unreachable, match="certificate"):
            post(f"https://other.example:{port}/")
    assert asked_for == ["hooks.example", "other.example"]
    assert heads[0].startswith(b"POST /in?x=1 HTTP/1.1\r\n")
    assert f"host: hooks.example:{port}".encode() in heads[0].lower()
