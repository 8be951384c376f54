"""A spot check as a person makes it: what an agent did alone is drawn, fails, and is asked back."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

SignIn = Callable[..., Page]
REPLY = {
    "workflow": "outreach",
    "action_type": "reply_in_thread",
    "payload": {
        "to": "lena@northwind.example",
        "recipient_role": "staff",
        "subject": "Your question about the export",
        "body": "Hello Lena, the export runs at 06:00 and at 18:00.\n\nMaya",
    },
    "confidence": 0.95,
    "evidence": [{"title": "Support thread 4417", "source": "helpdesk", "excerpt": "When?"}],
    "trace": {"model": "demo"},
    "take": True,
}


@pytest.fixture
def everything_is_drawn(demo: dict[str, Any]) -> None:
    with psycopg.connect(demo["database_url"]) as connection:
        connection.execute(
            "UPDATE agents_registry_actiontype SET spot_check_rate = 1"
            " WHERE key = 'reply_in_thread'"
        )


@pytest.fixture
def agent(demo: dict[str, Any]) -> httpx.Client:
    """The agent that nobody plays."""
    token = next(each["token"] for each in demo["agents"] if each["slug"] == "your-agent")
    return httpx.Client(
        base_url=f"{demo['url']}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30
    )


def done(agent: httpx.Client, subject: str) -> str:
    """Something that the agent did alone; its id."""
    body = {**REPLY, "payload": {**REPLY["payload"], "subject": subject}}
    staged = agent.post("/actions", json=body, headers={"Idempotency-Key": str(uuid4())})
    assert staged.status_code == 201, staged.text
    assert staged.json()["tier"] == "spot_check", staged.text
    outcome = {
        "lease_id": staged.json()["release"]["lease_id"],
        "status": "succeeded",
        "after": {"message_id": "m-1"},
    }
    action_id = str(staged.json()["id"])
    answer = agent.post(f"/actions/{action_id}/outcome", json=outcome)
    assert answer.json()["state"] == "succeeded", answer.text
    return action_id


def open_check(page: Page, subject: str) -> None:
    page.goto("/checks/")
    page.locator("li.row a.what", has_text=subject).first.click()
    expect(page.locator("#rubric")).to_be_visible()


def answer_by_keyboard(page: Page, fails: set[str]) -> None:
    """Each criterion with the arrow keys alone: pass is the first radio, fail the one beside."""
    keys = page.locator("#rubric input[value=pass]").all()
    page.locator("#rubric input[type=radio]").first.focus()
    for radio in keys:
        name = radio.get_attribute("name")
        assert page.evaluate("document.activeElement.name") == name
        page.keyboard.press("Space")
        if name in fails:
            page.keyboard.press("ArrowRight")
        page.keyboard.press("Tab")


def test_a_failed_check_asks_the_agent_to_roll_it_back(
    sign_in: SignIn, agent: httpx.Client, everything_is_drawn: None
) -> None:
    action_id = done(agent, "Export times, wrong")
    assert agent.get(f"/actions/{action_id}").json()["state"] == "succeeded"
    page = sign_in("rita", bypass_csp=True)
    open_check(page, "Export times, wrong")
    assert not Axe().run(page).response["violations"]
    answer_by_keyboard(page, {"accuracy"})
    page.keyboard.press("Tab")
    page.keyboard.type("It runs at 07:00.")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toast")).to_contain_text("The agent is asked to roll it back")
    assert agent.get(f"/actions/{action_id}").json()["state"] == "rollback_requested"
    page.goto(f"/actions/{action_id}/")
    expect(page.locator("ol.line")).to_contain_text("looked at it afterwards: it failed")


def test_it_works_without_javascript_on_a_phone(
    sign_in: SignIn, agent: httpx.Client, everything_is_drawn: None
) -> None:
    action_id = done(agent, "Export times, right")
    page = sign_in("ravi", java_script_enabled=False, viewport={"width": 380, "height": 800})
    open_check(page, "Export times, right")
    for radio in page.locator("#rubric input[value=pass]").all():
        radio.check()
    page.locator("#rubric button").click()
    expect(page.locator("#toast")).to_contain_text("Saved: it passed.")
    assert agent.get(f"/actions/{action_id}").json()["state"] == "succeeded"


def test_nothing_scrolls_sideways_on_a_phone(
    sign_in: SignIn, agent: httpx.Client, everything_is_drawn: None
) -> None:
    done(agent, "Export times, on a phone")
    page = sign_in("rita", viewport={"width": 380, "height": 800})
    open_check(page, "Export times, on a phone")
    for address in (page.url, "/checks/"):
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 380, f"{address} is {width} px wide"
