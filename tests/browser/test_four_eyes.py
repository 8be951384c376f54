"""Two people who must both approve: the first edits, the second decides without knowing who."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

SignIn = Callable[..., Page]
TYPE = "/registry/outreach/send_email/"
MENDED = "The export, and when it runs"


def need(page: Page, people: int) -> None:
    """The risk owner says how many people approve an e-mail."""
    page.goto(f"{TYPE}edit")
    page.get_by_label("Approvals needed").fill(str(people))
    page.get_by_label("Reason", exact=True).fill("A test of four eyes.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).not_to_have_url(f"{TYPE}edit")


@pytest.fixture
def address(sign_in: SignIn, demo: dict[str, Any]) -> str:
    """The page of an e-mail that takes two; those after it take one again."""
    owner = sign_in("rhea")
    need(owner, 2)
    token = next(each["token"] for each in demo["agents"] if each["slug"] == "your-agent")
    answer = httpx.post(
        f"{demo['url']}/api/v1/actions",
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())},
        json=json.loads((Path(settings.BASE_DIR) / "examples" / "stage.json").read_text()),
    )
    need(owner, 1)
    assert answer.status_code == 201, answer.text
    return f"/actions/{answer.json()['id']}/"


def check_all(page: Page, within: str) -> None:
    for box in page.locator(f"{within} input[name=checked]").all():
        box.check()


def edit(page: Page) -> None:
    page.locator("a[data-key=e]").click()
    page.get_by_label("Subject").fill(MENDED)
    check_all(page, "#edit-form")
    page.get_by_role("button", name="Approve my version").click()
    expect(page.locator("#toast")).to_contain_text("somebody else still has to")


def approve(page: Page) -> None:
    page.locator("summary[data-key=a], button[data-key=a]").first.click()
    if page.locator("details.drop[open]").count():
        check_all(page, "details.drop[open]")
        page.locator("details.drop[open] button.btn.main").click()
    expect(page.locator("#toast")).to_contain_text("Approved")


def test_the_second_sees_the_edit_of_the_first_but_not_whose_it_is(
    sign_in: SignIn, address: str
) -> None:
    first, second = sign_in("rita"), sign_in("ravi")
    for page in (first, second):
        page.goto(address)
        expect(page.locator("#four-eyes")).to_contain_text("Two different people")
    edit(first)
    first.goto(address)
    expect(first.locator("#four-eyes")).to_contain_text("You approved; somebody else still has to")
    expect(first.locator("summary[data-key=a], button[data-key=a]")).to_have_count(0)

    second.goto(address)
    expect(second.locator("#four-eyes")).to_contain_text("a colleague's version")
    expect(second.locator("table.diff")).to_contain_text(MENDED.split()[-1])
    expect(second.locator("ol.line")).not_to_contain_text("Rita")
    second.get_by_role("link", name="The agent's version").click()
    content = second.locator("[aria-labelledby=h-change] dl.leaves")
    expect(content).to_contain_text("Your question about the export")
    second.get_by_role("link", name="A colleague's version").click()
    expect(content).to_contain_text(MENDED)
    approve(second)
    second.goto(address)
    expect(second.locator("ol.line")).to_contain_text("Rita Okafor approved it")


def test_the_first_takes_their_approval_back_and_the_second_is_not_told(
    sign_in: SignIn, address: str
) -> None:
    first, second = sign_in("rita"), sign_in("ravi")
    first.goto(address)
    approve(first)
    second.goto(address)
    expect(second.locator("#four-eyes")).to_contain_text("Decide on your own")
    expect(second.locator("ol.line")).not_to_contain_text("Rita")
    first.goto(address)
    first.locator("#four-eyes button", has_text="Undo").click()
    expect(first.locator("#four-eyes")).to_contain_text("Two different people")
