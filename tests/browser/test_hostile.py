"""What an agent, a customer or a source wrote does nothing on any page, and all of it is there."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from django.conf import settings
from playwright.sync_api import BrowserContext, Page

from tests.browser import hostile
from tests.browser.hostile import ADDRESSES, EXTREMES, MARK, PLACES, REFUSED, TEXTS

SignIn = Callable[..., Page]

SHAPE = """() => {
  const counts = {};
  for (const element of document.querySelectorAll("*")) {
    const names = [...element.attributes].map((attribute) => attribute.name).sort();
    const shape = `${element.localName}[${names}]`;
    counts[shape] = (counts[shape] ?? 0) + 1;
  }
  return counts;
}"""
"""How often each element with each set of attributes stands in the page."""

VARYING = ("span[", "a[", "code[", "ins[", "del[", "br[", "q[", "details[", "summary[")
"""What may come oftener with one text than with another: tokens, chips, word diffs, folds."""

MARKED = """(mark) => [...document.querySelectorAll("*")].flatMap((element) =>
  [...element.attributes]
    .filter(({ value }) => value.includes(mark))
    .filter(({ value }) => !/^\\/[^\\s<>"'`]*$/.test(value) && !/^[\\w.-]+$/.test(value))
    .map(({ name, value }) => `${element.localName} ${name} ${value}`))"""
"""Every attribute into which a hostile text has come, but for addresses of ours that carry it
escaped and for names that are spelled out in letters."""

READ = """(selector) => {
  const part = document.querySelector(selector).cloneNode(true);
  for (const token of part.querySelectorAll(".tok"))
    token.replaceWith(String.fromCodePoint(parseInt(token.textContent.slice(2), 16)));
  for (const summary of part.querySelectorAll("summary")) summary.remove();
  return part.textContent;
}"""
"""The text of a part as it was sent, each token the character that it stands for."""


def api(demo: dict[str, Any], path: str = "/actions", **options: Any) -> httpx.Response:
    token = next(each["token"] for each in demo["agents"] if each["slug"] == "refund-clerk")
    headers = {
        "Authorization": f"Bearer {token}",
        "Idempotency-Key": uuid4().hex,
        "Content-Type": "application/json",
    }
    return httpx.post(f"{demo['url']}/api/v1{path}", headers=headers, timeout=60, **options)


def stage(demo: dict[str, Any], body: dict[str, Any]) -> str:
    answer = api(demo, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture(scope="module")
def letters(demo: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The demo with a workflow that takes any payload."""
    model = tmp_path_factory.mktemp("hostile") / "model.json"
    model.write_text(json.dumps(hostile.MODEL))
    apply = ["registry", "apply", str(model), "--team", "support"]
    names = ["--as", "malik", "--as", "rhea", "--yes"]
    addresses = {name.upper(): demo[name] for name in ("database_url", "redis_url")}
    subprocess.run(
        [sys.executable, "manage.py", *apply, *names],
        cwd=Path(settings.BASE_DIR),
        env={**os.environ, **addresses, "DEMO": "1"},
        check=True,
        capture_output=True,
    )
    return demo


@pytest.fixture(scope="module")
def staged(letters: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every hostile text in every place of an action of its own, by the action's id."""
    bodies = [hostile.everywhere(text) for text in TEXTS]
    return {stage(letters, body): body for body in bodies}


class Watch:
    """What a page does while somebody looks at it; a dialog is closed, and told."""

    def __init__(self, page: Page, home: str) -> None:
        self.page, self.trouble = page, list[str]()
        page.on("dialog", self._dialog)
        page.on("popup", lambda popup: self.trouble.append(f"a window: {popup.url}"))
        page.on(
            "request",
            lambda request: (
                request.url.startswith(home)
                or self.trouble.append(f"a request: {request.url[:200]}")
            ),
        )

    def _dialog(self, dialog: Any) -> None:
        self.trouble.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def look(self, address: str) -> None:
        self.page.goto(address, timeout=90_000)
        if self.page.evaluate("window.hacked"):
            self.trouble.append(f"{address}: a text ran")


@pytest.fixture
def watch(sign_in: SignIn, demo: dict[str, Any]) -> Iterator[Watch]:
    watch = Watch(sign_in("ines"), demo["url"])
    yield watch
    assert not watch.trouble, "\n".join(watch.trouble)


def leaves(value: Any) -> Iterator[str]:
    """Every key and every value with nothing inside, as the page writes it."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield key if key.replace("_", "a").isalnum() else json.dumps(key, ensure_ascii=False)
            yield from leaves(inner)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from leaves(inner)
    else:
        yield value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def bare(text: str) -> str:
    return "".join(text.split())


def missing(page: Page, body: dict[str, Any]) -> list[str]:
    """What was sent and does not stand on the page."""
    shown = bare(page.evaluate(READ, "#detail"))
    said = [*leaves(body["payload"]), *leaves(body.get("trace", {})), *leaves(words(body))]
    return [text[:80] for text in said if bare(text) not in shown]


def words(body: dict[str, Any]) -> dict[str, Any]:
    """What else of a body has to be readable, without the names of our own fields."""
    signals, handoff = body.get("signals", {}), body.get("handoff", {})
    plain = ("summary", "run_id", "batch_key", "agent_version", "requested_by")
    return {
        "text": [
            *(body[name] for name in plain if name in body),
            *(item for listed in signals.values() for item in listed),
            *(text for source in body.get("evidence", []) for text in without_date(source)),
            *body.get("subject", {}).values(),
            *(handoff.get(name, "") for name in ("trigger", "context", "decision_asked")),
            *handoff.get("next_steps", []),
            *(each["value"] for each in handoff.get("inputs", {}).values()),
        ]
    }


def without_date(source: dict[str, str]) -> list[str]:
    return [text for name, text in source.items() if name != "as_of"]


@pytest.mark.parametrize("what", REFUSED)
def test_the_api_refuses_what_cannot_be_shown(demo: dict[str, Any], what: str) -> None:
    body, status, code = REFUSED[what]
    answer = api(demo, content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_no_text_acts_or_gets_lost_on_its_page(
    watch: Watch, staged: dict[str, dict[str, Any]], letters: dict[str, Any]
) -> None:
    watch.look(f"/actions/{stage(letters, hostile.everywhere('plain words, said twice'))}/")
    plain = watch.page.evaluate(SHAPE)
    title = watch.page.title()
    found = []
    for action, body in staged.items():
        watch.look(f"/actions/{action}/")
        found += differences(plain, watch.page.evaluate(SHAPE), body["summary"])
        found += [f"lost: {text}" for text in missing(watch.page, body)]
        found += marked(watch.page, allowed=("a href /inbox/?", "a href /outside/?"))
        if watch.page.title() != title:
            found.append(f"title: {watch.page.title()}")
    print(f"{len(staged)} texts in {len(PLACES)} places: {len(staged) * len(PLACES)} cases")
    assert not found, "\n".join(found)


def differences(plain: dict[str, int], shape: dict[str, int], text: str) -> list[str]:
    """Elements or attributes that are there with this text and not with a plain one."""
    new = [name for name in shape if name not in plain and not name.startswith(VARYING)]
    counted = [
        f"{name} {plain[name]} times, with this text {shape.get(name, 0)}"
        for name in plain
        if not name.startswith(VARYING) and shape.get(name, 0) != plain[name]
    ]
    return [f"{text[:60]}: {each}" for each in [*new, *counted]]


def marked(page: Page, *, allowed: tuple[str, ...]) -> list[str]:
    found: list[str] = page.evaluate(MARKED, MARK)
    return [f"attribute: {each[:160]}" for each in found if not each.startswith(allowed)]


def test_hidden_characters_stand_there_as_tokens(watch: Watch, letters: dict[str, Any]) -> None:
    text = "pay \u202e001\u202c ap\u200bprove\x07 \U000e0041"
    watch.look(f"/actions/{stage(letters, hostile.everywhere(text))}/")
    sentence = watch.page.locator("#sentence")
    tokens = sentence.locator(".tok").all_text_contents()
    assert set(tokens) == {"U+202E", "U+202C", "U+200B", "U+0007", "U+E0041"}
    raw = watch.page.evaluate("document.body.textContent")
    assert not set(raw) & set("\u202e\u202c\u200b\x07\U000e0041")


def test_joiners_that_scripts_and_emoji_need_stay(watch: Watch, letters: dict[str, Any]) -> None:
    for text in hostile.PLAIN:
        watch.look(f"/actions/{stage(letters, hostile.everywhere(text))}/")
        assert watch.page.locator("#detail .tok").count() == 0, text
        assert text in watch.page.locator(".leaves").first.text_content()


@pytest.mark.parametrize("what", EXTREMES)
def test_what_is_large_deep_or_odd_is_all_there(
    watch: Watch, letters: dict[str, Any], what: str
) -> None:
    body = EXTREMES[what]
    watch.page.set_viewport_size({"width": 380, "height": 800})
    watch.look(f"/actions/{stage(letters, body)}/")
    assert not missing(watch.page, body)
    assert watch.page.evaluate("document.documentElement.scrollWidth") <= 380


def test_lists_searches_and_forms_stay_clean(
    watch: Watch, staged: dict[str, dict[str, Any]], letters: dict[str, Any]
) -> None:
    page, found = watch.page, []
    for text in [*TEXTS[:3], *TEXTS[:3]]:
        stage(letters, hostile.everywhere(text, action_type="file_letter"))
    for address in [
        "/inbox/?view=all&workflow=odd-letters",
        f"/inbox/?view=all&q={MARK}",
        "/batches/",
    ]:
        watch.look(address)
        assert MARK in page.content()
        found += marked(page, allowed=("input value", "a href /inbox/?", "a href /batches/"))
    batches = page.locator("main table a", has_text="File a letter").all()
    for address in [str(link.get_attribute("href")) for link in batches[:3]]:
        watch.look(address)
        found += marked(page, allowed=("input value", "a href /", "form "))
    for action, body in staged.items():
        watch.look(f"/inbox/?view=all&q={quote(body['summary'])}")
        found += marked(page, allowed=("input value", "a href /inbox/?", "a hx-get /inbox/?"))
        watch.look(f"/actions/{action}/edit")
        found += marked(page, allowed=FORM)
        if page.title() != "Edit: Answer a letter · Review Queue":
            found.append(page.title())
    assert not found, "\n".join(sorted(set(found)))


FORM = tuple(
    f"{tag} {name}" for tag in ("input", "textarea", "option") for name in ("value", "name", "id")
)
"""A form carries the text that is edited, and the path to it, in these and no other attributes."""


def test_a_decision_on_a_hostile_text_leaves_a_clean_toast(
    watch: Watch, letters: dict[str, Any]
) -> None:
    page = watch.page
    text = f"{MARK} <img src=x onerror='window.hacked=1'>"
    watch.look(f"/actions/{stage(letters, hostile.everywhere(text))}/")
    page.locator("summary[data-key=r]").click()
    page.locator("details[open] input[value=tone]").check()
    page.locator("details[open] textarea").fill(text)
    page.locator("details[open] button[type=submit]").click()
    page.locator("#toast .toast").wait_for()
    assert (
        page.locator("#toast .toast span, #toast .toast")
        .first.inner_text()
        .startswith("Rejected: Answer a letter")
    )
    watch.look(f"/actions/{stage(letters, hostile.everywhere(text))}/")
    assert page.locator("#again").count() == 1
    assert page.locator("img").count() == 0
    assert not marked(page, allowed=("a href /inbox/?", "a href /outside/?"))


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_address_is_followed_unseen(watch: Watch, letters: dict[str, Any], address: str) -> None:
    body = hostile.everywhere("plain", url=address)
    watch.look(f"/actions/{stage(letters, body)}/")
    page = watch.page
    links = page.eval_on_selector_all("#detail a", "links => links.map((link) => link.protocol)")
    hosts = page.eval_on_selector_all("#detail a", "links => links.map((link) => link.host)")
    assert set(links) == {"http:"}
    assert set(hosts) == {page.evaluate("location.host")}
    opening = page.locator("#detail a[href^='/outside/']")
    if opening.count():
        watch.look(str(opening.get_attribute("href")))
        outgoing = page.locator("main a.btn")
        assert outgoing.get_attribute("rel") == "noreferrer noopener"
        shown = page.locator("main dd").all_text_contents()
        host = page.evaluate("document.querySelector('main a.btn').host")
        assert any(host in text for text in shown)
        assert bare(address) in bare(page.evaluate(READ, "main"))


def test_the_page_of_an_address_takes_only_what_we_signed(
    new_context: Callable[..., BrowserContext], sign_in: SignIn
) -> None:
    page = sign_in("ines")
    for forged in ("https://evil.example/", "", "ImV2aWwi:1abc:xyz"):
        answer = page.goto(f"/outside/?to={quote(forged)}")
        assert answer is not None
        assert answer.status == 404


def test_the_policy_of_every_page_lets_no_text_run(sign_in: SignIn) -> None:
    page = sign_in("ines")
    answer = page.goto("/inbox/")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert answer.headers["referrer-policy"] == "same-origin"
