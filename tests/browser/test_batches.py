"""A batch as a person reviews it: look closely, take one out, decide the rest, take it back."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

SignIn = Callable[..., Page]
TITLES = ("Buyer", "Planner", "Warehouse lead")


def stage_titles(demo: dict[str, Any], count: int) -> str:
    """Stages like actions through the API as their agent would; the key of their batch."""
    token = next(each["token"] for each in demo["agents"] if each["slug"] == "crm-steward")
    key = f"titles-{uuid4().hex[:8]}"
    for number in range(count):
        answer = httpx.post(
            f"{demo['url']}/api/v1/actions",
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": f"{key}-{number}"},
            json=title(key, number),
        )
        assert answer.status_code == 201, answer.text
        assert answer.json()["tier"] == "batch_review", answer.text
    return key


def title(key: str, number: int) -> dict[str, Any]:
    contact = f"Contact {key} {number}"
    return {
        "workflow": "crm-hygiene",
        "action_type": "set_job_title",
        "payload": {
            "contact": contact,
            "account": "Halden Logistics",
            "title": TITLES[number % 3],
            "source": "web page" if number == 7 else "mail signature",
            "days_old": 3 + number % 6,
        },
        "before": {"title": "not set"},
        "confidence": 0.9,
        "trace": {"model": "steward-1"},
        "subject": {"type": "contact", "id": f"{key}-{number}", "label": contact},
        "batch_key": key,
    }


def open_batch(page: Page, key: str) -> None:
    page.goto("/batches/")
    page.locator("tr", has_text=key).locator("a").first.click()
    expect(page.locator("h1")).to_contain_text("alike")


def look_closely(page: Page, key: str) -> int:
    """Opens each one that is to be looked at, by keys alone, and comes back."""
    opened = 0
    while page.locator("[data-key=n]").count():
        page.keyboard.press("n")
        expect(page.locator("#sentence")).to_be_visible()
        page.wait_for_timeout(700)  # a key on the action counts only after 600 ms on screen
        page.keyboard.press("o")
        expect(page.locator("h1")).to_contain_text("alike")
        opened += 1
    return opened


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_a_batch_is_looked_at_decided_and_taken_back(
    sign_in: SignIn, demo: dict[str, Any], javascript: bool
) -> None:
    key = stage_titles(demo, 12)
    page = sign_in("rita", java_script_enabled=javascript)
    open_batch(page, key)
    page.locator("button[value=approved]").click()
    expect(page.locator("[role=alert]", has_text="not opened yet")).to_be_visible()
    if javascript:
        assert look_closely(page, key) >= 5
    else:
        for address in [row.get_attribute("href") for row in page.locator("tr.close th a").all()]:
            page.goto(str(address))
        open_batch(page, key)
    box = page.locator("tbody tr:not(.close) input[name=take]").last
    box.focus()
    page.keyboard.press("Space")
    if javascript:
        expect(page.locator("#bar")).to_contain_text("11 of 12")
    page.locator("button[value=approved]").click()
    expect(page.locator("#toast")).to_contain_text("Approved: 11 actions")
    page.locator("#toast button", has_text="Undo").click()
    expect(page.locator("#toast")).to_contain_text("taken back")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_of_batches(
    sign_in: SignIn, demo: dict[str, Any], scheme: str
) -> None:
    key = stage_titles(demo, 6)
    page = sign_in("rita", color_scheme=scheme, bypass_csp=True)
    page.goto("/batches/")
    findings = findings_of(page)
    open_batch(page, key)
    findings += findings_of(page)
    assert not findings, "\n".join(findings)


def test_a_batch_fits_a_phone(sign_in: SignIn, demo: dict[str, Any]) -> None:
    key = stage_titles(demo, 6)
    page = sign_in("rita", viewport={"width": 380, "height": 800})
    open_batch(page, key)
    for address in ("/batches/", page.url):
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 380, f"{address} is {width} px wide"


def findings_of(page: Page) -> list[str]:
    results: Any = Axe().run(page).response
    return [
        f"{page.url}: {found['id']}: {found['help']}: {found['nodes'][0]['html'][:120]}"
        for found in results["violations"]
    ]
