"""What only a real server meets: bytes that no client library sends."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from approvals.models import Action

pytestmark = pytest.mark.django_db(transaction=True)


def raw(server: str, request: bytes) -> tuple[int, bytes]:
    """The status and the body of the answer to these bytes."""
    address = urlsplit(server)
    with socket.create_connection((str(address.hostname), int(address.port or 0))) as wire:
        wire.settimeout(20)
        wire.sendall(request)
        answer = b""
        while chunk := wire.recv(65536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


def request(line: bytes, token: str, *headers: bytes, body: bytes = b"") -> bytes:
    always = [b"Host: 127.0.0.1", b"Connection: close", b"Authorization: Bearer " + token.encode()]
    return b"\r\n".join([line, *always, *headers, b"", body])


@pytest.mark.parametrize(
    ("line", "statuses"),
    [
        (b"GET /api/v1/actions?run_id=\xff\xfe HTTP/1.1", {200, 400}),
        (b"GET /api/v1/actions?run_id=%ff%fe HTTP/1.1", {200, 400}),
        (b"GET /api/v1/actions/%ff%00 HTTP/1.1", {404}),
        (b"GET /api/v1/\xc3\xa4 HTTP/1.1", {400, 404}),
        (b"GET /api/v1/actions/%2e%2e/me HTTP/1.1", {404}),
        (b"GET //api/v1/me HTTP/1.1", {404}),
        (b"GET /api/v1/me?" + b"a=1&" * 5000 + b" HTTP/1.1", {200, 400}),
    ],
)
def test_odd_addresses_are_refused_or_read_but_never_a_500(
    server: str, token: str, line: bytes, statuses: set[int]
) -> None:
    status, _ = raw(server, request(line, token))
    assert status in statuses


def test_a_body_in_chunks_is_asked_for_its_length(server: str, token: str) -> None:
    kind = b"Content-Type: application/json"
    chunked = request(
        b"POST /api/v1/actions HTTP/1.1",
        token,
        kind,
        b"Transfer-Encoding: chunked",
        body=b"2\r\n{}\r\n0\r\n\r\n",
    )
    status, body = raw(server, chunked)
    assert (status, json.loads(body)["code"]) == (411, "length_required")


def test_whoever_sends_too_much_still_hears_why_it_is_refused(
    server: str, token: str, body: dict[str, Any]
) -> None:
    large = json.dumps({**body, "summary": "x" * 1_000_000}).encode()
    length = b"Content-Length: %d" % len(large)
    kind = b"Content-Type: application/json"
    whole = request(b"POST /api/v1/actions HTTP/1.1", token, kind, length, body=large)
    status, answer = raw(server, whole)
    assert (status, json.loads(answer)["code"]) == (413, "too_large")
    assert not Action.objects.exists()


def test_a_header_does_not_pose_as_another(server: str, token: str, body: dict[str, Any]) -> None:
    text = json.dumps(body).encode()
    headers = [
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(text),
        b"Idempotency_Key: posing",
    ]
    status, answer = raw(
        server, request(b"POST /api/v1/actions HTTP/1.1", token, *headers, body=text)
    )
    assert (status, json.loads(answer)["code"]) == (400, "idempotency_key_missing")
