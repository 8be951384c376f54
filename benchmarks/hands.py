"""How fast the hand is: a hundred actions decided by keys alone, a hundred thousand pending."""

import math
import os
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals.models import Action, Decision
from approvals.models.actions import new_id
from benchmarks.inbox import LARGE, fill
from ledger import clock
from tests.api import server
from tests.browser.hand import REST, Hand
from tests.factories import (
    PASSWORD,
    create_action,
    create_action_type,
    create_desk,
    reviewer_of,
)

ACTIONS, STEPS, HURRY = 100, 100, 200
PLANTED = {7, 23, 48, 71, 94}
CHROMIUM = "/usr/bin/chromium"

PROBE = """
addEventListener("keydown", (event) => { window.pressedAt = event.timeStamp; }, true);
window.painted = (done) => requestAnimationFrame(() => {
  const channel = new MessageChannel();
  channel.port1.onmessage = done;
  channel.port2.postMessage(0);
});
window.waits = [];
let shown = null;
const look = () => {
  const detail = document.getElementById("detail");
  if (!detail || detail === shown) return;
  const first = shown === null, from = window.pressedAt;
  shown = detail;
  if (!first) window.painted(() => window.waits.push(performance.now() - from));
};
new MutationObserver(look).observe(document, { childList: true, subtree: true });
"""
"""Notes how long it took from the last key to the first frame with another detail."""

ROUND_TRIP = """
() => new Promise((done) => {
  const from = performance.now();
  fetch("/api/v1/health/live").then((answer) => answer.text())
    .then(() => window.painted(() => done(performance.now() - from)));
})
"""


def measure() -> Iterator[tuple[str, str]]:
    agent, workflow, _ = create_desk()
    types = _types(workflow)
    _fill(agent, types[0])
    planted = _stage(agent, types)
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright keeps a loop running
    with _signed_in(reviewer_of(workflow)) as page:
        served = _served(page)
        page.goto("/inbox/")
        floor = [page.evaluate(ROUND_TRIP) for _ in range(STEPS)]
        yield ("floor: health/live asked for, answer painted", _figures(floor))
        hand, waits = Hand(page), defaultdict[str, list[float]](list)
        begun = clock.now()
        _clear(hand, waits)
        seconds = (clock.now() - begun).total_seconds()
        keys = f"{hand.pressed / ACTIONS:.2f} keys, {hand.written / ACTIONS:.1f} characters of text"
        yield (f"{ACTIONS} actions decided by keys alone, each", f"{keys}, {seconds:.0f} s in all")
        _walk(hand, waits)
    yield ("the machine's load meanwhile", "{:.1f}, {:.1f}, {:.1f}".format(*os.getloadavg()))
    for keys, found in waits.items():
        yield (f"{keys} → next action on screen", _figures(found, floor))
    for step, found in served.items():
        yield (f"the server's time: {step}", _figures(found))
    caught = Decision.objects.filter(action__in=planted, verdict="rejected").count()
    yield ("planted wrong ones rejected", f"{caught} of {len(PLANTED)}")


def _types(workflow: Workflow) -> list[ActionType]:
    """Two kinds of mail: one of the top tier, and one that is reviewed in batches."""
    texts = {name: {"type": "string"} for name in ("to", "subject", "body")}
    fields: dict[str, Any] = {
        "sentence": "Send a mail to {to}: “{subject}”",
        "payload_schema": {"type": "object", "properties": texts},
        "impact": {"affected": {"const": 1}},
    }
    message = {"verb": "send", "authority_level": "external_message"}
    write = {"verb": "write", "authority_level": "system_write_back", "reversibility": "reversible"}
    return [
        create_action_type(workflow, "mail", name="Mail", **fields, **message),
        create_action_type(workflow, "note", name="Note", **fields, **write),
    ]


def _fill(agent: Agent, mail: ActionType) -> None:
    """What waits behind the hundred: due days later."""
    pattern = _mail(agent, mail, 0)
    Action.objects.filter(pk=pattern.pk).update(due_at=clock.now() + timedelta(days=3))
    fill(Action.objects.get(pk=pattern.pk), LARGE)


def _stage(agent: Agent, types: list[ActionType]) -> list[Any]:
    """The hundred, due first; the ids of the planted ones, whose sources name another address."""
    made = [_mail(agent, types[number % 2], number) for number in range(ACTIONS)]
    for number, action in enumerate(made):
        due = clock.now() - timedelta(minutes=2 * ACTIONS - number)
        Action.objects.filter(pk=action.pk).update(due_at=due)
    return [made[number].pk for number in PLANTED]


def _mail(agent: Agent, action_type: ActionType, number: int) -> Action:
    to = f"kim{number}@customer.example"
    wrong = number in PLANTED
    excerpt = f"From: {'kim' if wrong else f'kim{number}'}@customer.example. When does it run?"
    return create_action(
        agent,
        action_type,
        key=str(new_id()),
        payload={"to": to, "subject": f"Question {number}", "body": "It runs at six. " * 20},
        before={"to": "", "subject": "", "body": ""},
        evidence=[{"title": f"Thread {n}", "source": "mail", "excerpt": excerpt} for n in range(3)],
        subject={"type": "customer", "id": f"customer-{number}", "label": f"Customer {number}"},
    )


@contextmanager
def _signed_in(person: Person) -> Iterator[Page]:
    """A page of a real browser on which this person is signed in to a server of its own."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with server.running(Path(folder) / "server.log") as url:
            context = chromium.new_context(base_url=url, viewport={"width": 1440, "height": 900})
            context.add_init_script(PROBE)
            page = context.new_page()
            page.goto("/login/")
            page.fill("[name=username]", person.username)
            page.fill("[name=password]", PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url("**/inbox/**")
            yield page
            chromium.close()


def _clear(hand: Hand, waits: dict[str, list[float]]) -> None:
    """Decides the hundred: what contradicts its sources is rejected."""
    hand.next()
    for number in range(ACTIONS):
        keys, act = _verdict(hand, number)
        _timed(hand, waits[keys], act)


def _verdict(hand: Hand, number: int) -> tuple[str, Callable[[], None]]:
    mandatory = bool(hand.page.locator("summary[data-key=a]").count())
    if hand.contradicts_its_sources():
        return "r 2 Enter", lambda: hand.reject(2)
    if number % 20 == 5:
        return "c, a text, Ctrl+Enter", lambda: hand.decide("c", "Control+Enter", text="Say when")
    if number % 20 == 11:
        return "h Ctrl+Enter", lambda: hand.decide("h", "Control+Enter")
    return ("a Space Ctrl+Enter" if mandatory else "a"), hand.approve


def _walk(hand: Hand, waits: dict[str, list[float]]) -> None:
    """Through the rows, at the pace of somebody who looks and of somebody who rushes."""
    for name, pause in (("j", REST), (f"j, every {HURRY} ms", HURRY)):
        hand.page.goto("/inbox/")
        hand.next()
        for _ in range(STEPS // 2 - 2):
            hand.page.wait_for_timeout(pause)
            _timed(hand, waits[name], hand.next)


def _timed(hand: Hand, found: list[float], act: Callable[[], None]) -> None:
    """Does it and adds what the page measured, if it still is the same page."""
    hand.page.evaluate("window.waits = []")
    act()
    hand.page.wait_for_function("() => window.waits.length", polling=50)
    found += hand.page.evaluate("window.waits")[-1:]


def _served(page: Page) -> dict[str, list[float]]:
    """Milliseconds from the request's last byte to the answer's first, by what was asked for."""
    served = defaultdict[str, list[float]](list)

    def note(request: Any) -> None:
        path = request.url.partition("?")[0].rstrip("/").rpartition("/")[2]
        kind = path if path in {"decide", "seen", "inbox", "fresh", "undo"} else "action"
        if "/static/" in request.url or "/api/" in request.url:
            return
        if request.headers.get("x-prefetch"):
            kind = "action, before it is asked for"
        served[kind].append(request.timing["responseStart"] - request.timing["requestStart"])

    page.on("requestfinished", note)
    return served


def _figures(found: list[float], floor: list[float] | None = None) -> str:
    p50, p95 = statistics.median(found), sorted(found)[math.ceil(0.95 * len(found)) - 1]
    ratio = f", {p50 / statistics.median(floor):.1f} × the floor" if floor else ""
    return f"p50 {p50:.0f} ms, p95 {p95:.0f} ms of {len(found)}{ratio}"
