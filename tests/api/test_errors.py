"""Bad input: a clear problem with a code and a pointer, nothing half-stored, never a 500."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError

from approvals import staging
from approvals.api.codes import CODES
from approvals.api.parsers import MAX_BYTES
from approvals.models import Action
from approvals.strict_json import MAX_DEPTH
from tests.api.client import API, AgentClient, pointers, problem

pytestmark = pytest.mark.django_db


def nested(depth: int) -> Any:
    """`depth` objects in each other."""
    return {"a": nested(depth - 1)} if depth > 1 else {}


def raw(body: dict[str, Any], fragment: str) -> bytes:
    """The body with a payload whose `note` is this piece of JSON text."""
    text = json.dumps({**body, "payload": {"note": "@"}})
    return text.replace('"@"', fragment).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"{", "body_not_json"),
        (b"\xff\xfe", "body_not_utf8"),
        (b"\xef\xbb\xbf{}", "body_not_json"),
        (b'{"a": "\t"}', "body_not_json"),
        (b"{'a': 1}", "body_not_json"),
        (b'{"a": 1,}', "body_not_json"),
        (b"[]", "body_not_object"),
        (b"null", "body_not_object"),
        (b'"text"', "body_not_object"),
        (b"1", "body_not_object"),
        (b"[" * 200_000, "too_deep"),
        (b'{"a":' * 30_000, "too_deep"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(api: AgentClient, sent: bytes, code: str) -> None:
    problem(api.stage(sent, "k1"), 400, code)


@pytest.mark.parametrize(
    ("fragment", "code", "pointer"),
    [
        ('"\\u0000"', "text_has_nul", "/payload/note"),
        ('"a\\ud800b"', "text_has_lone_surrogate", "/payload/note"),
        ('{"\\udfff": 1}', "text_has_lone_surrogate", "/payload/note/\\udfff"),
        ('{"\\u0000": 1}', "text_has_nul", "/payload/note/\0"),
        ("NaN", "number_not_finite", "/payload/note"),
        ("[1, -Infinity]", "number_not_finite", "/payload/note/1"),
        ("1e999", "number_out_of_range", "/payload/note"),
        ("-1e17", "number_out_of_range", "/payload/note"),
        ("9007199254740992", "number_out_of_range", "/payload/note"),
        ("-" + "9" * 5000, "number_out_of_range", "/payload/note"),
        ('{"a/b": {"c~d": 1e400}}', "number_out_of_range", "/payload/note/a~1b/c~0d"),
        ('{"x": 1, "y": 2, "x": 1}', "name_repeated", "/payload/note/x"),
    ],
)
def test_json_that_readers_understand_differently_is_refused_where_it_stands(
    api: AgentClient, body: dict[str, Any], fragment: str, code: str, pointer: str
) -> None:
    found = problem(api.stage(raw(body, fragment), "k1"), 400, code)
    assert (pointer, code) in pointers(found)
    assert not Action.objects.exists()


def test_the_largest_exact_number_and_any_character_pass(
    api: AgentClient, read_body: dict[str, Any]
) -> None:
    odd = {"n": 2**53 - 1, "tiny": 5e-324, "bidi": "\u202e<script>", "pair": "\U0001f642", "": []}
    staged = api.post("/actions", {**read_body, "payload": odd})
    assert staged.status_code == 201
    assert staged.json()["payload"] == odd


def test_nesting_is_taken_to_its_limit_and_not_beyond(
    api: AgentClient, read_body: dict[str, Any]
) -> None:
    deep = {**read_body, "payload": nested(MAX_DEPTH - 1)}
    assert api.post("/actions", deep).status_code == 201
    deeper = {**read_body, "payload": nested(MAX_DEPTH)}
    found = problem(api.post("/actions", deeper), 400, "too_deep")
    assert pointers(found) == [("/payload" + "/a" * (MAX_DEPTH - 1), "too_deep")]


def test_a_body_is_taken_up_to_its_limit_and_not_beyond(
    api: AgentClient, read_body: dict[str, Any]
) -> None:
    padding = MAX_BYTES - len(json.dumps({**read_body, "payload": {"order": ""}}))
    full = {**read_body, "payload": {"order": "x" * padding}}
    assert api.post("/actions", full).status_code == 201
    over = {**read_body, "payload": {"order": "x" * (padding + 1)}}
    problem(api.post("/actions", over), 413, "too_large")
    assert Action.objects.count() == 1


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"workflow": 5}, "/workflow", "invalid"),
    ({"workflow": ""}, "/workflow", "blank"),
    ({"workflow": None}, "/workflow", "null"),
    ({"workflow": "w" * 51}, "/workflow", "max_length"),
    ({"payload": [1]}, "/payload", "invalid"),
    ({"payload": "x"}, "/payload", "invalid"),
    ({"no_such": 1}, "/no_such", "unknown_field"),
    ({"a/b~c": 1}, "/a~1b~0c", "unknown_field"),
    ({"idempotency_key": "k"}, "/idempotency_key", "unknown_field"),
    ({"confidence": 1.1}, "/confidence", "invalid"),
    ({"confidence": -0.1}, "/confidence", "invalid"),
    ({"confidence": "0.5"}, "/confidence", "invalid"),
    ({"confidence": True}, "/confidence", "invalid"),
    ({"impact": {"affected": -1}}, "/impact/affected", "min_value"),
    ({"impact": {"affected": 1.5}}, "/impact/affected", "invalid"),
    ({"impact": {"spend_delta": 12.5}}, "/impact/spend_delta", "invalid"),
    ({"impact": {"spend_delta": "12,50"}}, "/impact/spend_delta", "invalid"),
    ({"impact": {"spend_delta": "5\n"}}, "/impact/spend_delta", "invalid"),
    ({"impact": {"currency": "usd"}}, "/impact/currency", "invalid"),
    ({"impact": {"metrics": {"a": "x"}}}, "/impact/metrics/a", "invalid"),
    ({"impact": {"metrics": {"a": None}}}, "/impact/metrics/a", "invalid"),
    ({"impact": {"total": 1}}, "/impact/total", "unknown_field"),
    ({"impact": []}, "/impact", "invalid"),
    ({"signals": {"missing": "usage"}}, "/signals/missing", "not_a_list"),
    ({"signals": {"missing": [7]}}, "/signals/missing/0", "invalid"),
    ({"evidence": [{"url": "x"}]}, "/evidence/0/title", "required"),
    ({"evidence": [{"title": "t"}, 5]}, "/evidence/1", "invalid"),
    ({"evidence": [{"title": "t", "x": 1}]}, "/evidence/0/x", "unknown_field"),
    ({"evidence": [{"title": "t"}] * 101}, "/evidence", "max_length"),
    ({"trace": "t"}, "/trace", "invalid"),
    ({"handoff": {"next_steps": [""]}}, "/handoff/next_steps/0", "blank"),
    ({"subject": {"type": "a"}}, "/subject/id", "required"),
    ({"subject": {"type": "a", "id": "x" * 201}}, "/subject/id", "max_length"),
    ({"run_id": "r" * 201}, "/run_id", "max_length"),
    ({"preconditions": [{"path": "status"}]}, "/preconditions/0/path", "invalid"),
    ({"preconditions": [{"path": "/a~2"}]}, "/preconditions/0/path", "invalid"),
    ({"not_after": "2026-11-25T17:00:00"}, "/not_after", "instant_invalid"),
    ({"not_after": "2026-11-25"}, "/not_after", "instant_invalid"),
    ({"not_after": "2026-13-25T17:00:00Z"}, "/not_after", "instant_invalid"),
    ({"not_after": "0001-01-01T00:00:00+14:00"}, "/not_after", "instant_invalid"),
    ({"not_after": 1767225600}, "/not_after", "instant_invalid"),
    ({"take": "true"}, "/take", "invalid"),
    ({"take": 1}, "/take", "invalid"),
]


@pytest.mark.parametrize(("field", "pointer", "code"), WRONG, ids=lambda value: str(value)[:40])
def test_a_field_of_the_wrong_shape_is_pointed_at(
    api: AgentClient, body: dict[str, Any], field: dict[str, Any], pointer: str, code: str
) -> None:
    found = problem(api.stage({**body, **field}, "k1"), 400, "invalid")
    assert (pointer, code) in pointers(found)
    assert not Action.objects.exists()


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "/;;"]
)
def test_only_json_is_read(api: AgentClient, kind: str) -> None:
    response = api.client.post(f"{API}/actions", data="{}", content_type=kind, headers=api.headers)
    problem(response, 415, "unsupported_media_type")


def test_a_body_in_chunks_is_asked_for_its_length(api: AgentClient) -> None:
    response = api.client.generic(
        "POST", f"{API}/actions", headers={**api.headers, "Transfer-Encoding": "chunked"}
    )
    problem(response, 411, "length_required")


@pytest.mark.parametrize(
    "path",
    [
        "/actions/no-uuid",
        "/actions/%00",
        "/actions/0193-",
        "/nothing",
        "/actions/",
        "/",
        "/actions/0193b1a0-0000-7000-8000-00000000000a",
    ],
)
def test_what_is_not_there_is_a_problem_and_not_a_page(api: AgentClient, path: str) -> None:
    problem(api.get(path), 404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "POST"])
def test_another_method_is_told_which_ones_there_are(api: AgentClient, method: str) -> None:
    response = api.client.generic(method, f"{API}/me", headers=api.headers)
    problem(response, 405, "method_not_allowed")
    assert response["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "", ";;", "x" * 9000])
def test_no_accept_header_makes_it_answer_html(api: AgentClient, accept: str) -> None:
    assert api.get("/me", accept=accept)["Content-Type"] == "application/json"
    problem(api.get("/nothing", accept=accept), 404, "not_found")


@pytest.mark.parametrize(
    "query",
    [
        "state=done",
        "state=%00",
        "workflow=%00",
        "run_id=" + "x" * 201,
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=" + "9" * 5000,
        "cursor=",
        "page=2",
        "&".join(f"a{n}=1" for n in range(1001)),
    ],
)
def test_a_list_refuses_questions_it_does_not_know(api: AgentClient, query: str) -> None:
    found = problem(api.get(f"/actions?{query}"), 400, "invalid")
    assert all(pointer.startswith("/query/") for pointer, _ in pointers(found))


@pytest.mark.parametrize("cursor", ["x", "YWJj", "ä", "ZDE", "=", "a" * 200])
def test_a_cursor_that_is_none_is_refused(api: AgentClient, cursor: str) -> None:
    found = problem(api.get(f"/actions?cursor={cursor}"), 400, "cursor_invalid")
    assert pointers(found) == [("/query/cursor", "cursor_invalid")]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError("boom"), 500, "internal_error"),
        (OperationalError("server closed the connection"), 503, "unavailable"),
        (PermissionDenied("Only the pool decides."), 403, "permission_denied"),
        (SuspiciousOperation("odd"), 400, "invalid"),
    ],
)
def test_what_nobody_foresaw_is_a_problem_without_a_traceback(
    api: AgentClient,
    body: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    code: str,
) -> None:
    def fail(**_: Any) -> None:
        raise error

    monkeypatch.setattr(staging, "check", fail)
    found = problem(api.post("/actions/check", body), status, code)
    assert "boom" not in found["detail"]
    assert "Traceback" not in found["detail"]


def test_every_code_that_a_verb_or_view_can_give_is_explained(api: AgentClient) -> None:
    root = Path(settings.BASE_DIR, "approvals")
    names = ["staging", "release", "outcome", "judging", "payloads", "errors"]
    names += ["strict_json", "threads"]
    files = [root / f"{name}.py" for name in names] + list((root / "api").glob("*.py"))
    text = "\n".join(path.read_text() for path in files)
    pattern = r'(?:code=|code, status, title = |Fault\([^,]*, )"([a-z_]+)"'
    used = set(re.findall(pattern, text)) - {"refused"}
    assert len(used) > 25
    assert used <= set(CODES)
    for code in CODES:
        assert api.get(f"/problems/{code}").json()["advice"]
    problem(api.get("/problems/no_such_code"), 404, "not_found")
