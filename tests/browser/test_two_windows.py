"""Two windows on one action: one wins, the other is told kindly; and taking a decision back."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.hand import REST
from tests.browser.staged import new_run, revise, stage_list, take, verdict_on

SignIn = Callable[..., Page]


def open_in_the_inbox(page: Page, run: str) -> None:
    page.goto(f"/inbox/?view=pool&q={run}")
    page.keyboard.press("j")
    expect(page.locator("article.action")).to_be_visible()
    page.wait_for_timeout(REST)


def test_the_second_window_is_told_and_keeps_what_was_typed(
    sign_in: SignIn, demo: dict[str, Any]
) -> None:
    run = new_run()
    action = stage_list(demo, run)
    first, second = sign_in("rita"), sign_in("ravi")
    for page in (first, second):
        open_in_the_inbox(page, run)
    second.keyboard.press("c")
    second.keyboard.type("Say which list")
    first.keyboard.press("a")
    expect(first.locator("#toast")).to_contain_text("Approved")
    second.keyboard.press("Control+Enter")
    conflict = second.locator("#conflict")
    expect(conflict).to_contain_text("Rita")
    expect(conflict).to_contain_text("was not recorded")
    expect(conflict).to_be_focused()
    assert verdict_on(demo, action)["state"] == "approved"


def test_what_was_typed_stands_there_again_on_the_new_revision(
    sign_in: SignIn, demo: dict[str, Any]
) -> None:
    run = new_run()
    action = stage_list(demo, run)
    first, second = sign_in("rita"), sign_in("ravi")
    for page in (first, second):
        open_in_the_inbox(page, run)
    first.keyboard.press("c")
    first.keyboard.type("Leave the first one out")
    second.keyboard.press("c")
    second.keyboard.type("Say which list")
    first.keyboard.press("Control+Enter")
    expect(first.locator("#toast")).to_contain_text("Sent back")
    contacts = [f"b.{run}@customer.example"]
    revise(demo, action, {"sequence": "Quiet customers", "contacts": contacts, "reason": run})
    second.keyboard.press("Control+Enter")
    expect(second.locator("#conflict")).to_contain_text("Nothing was decided")
    expect(second.locator("#conflict")).to_contain_text("revision 2")
    expect(second.locator("#ask")).to_have_value("Say which list")


def test_an_approval_is_taken_back_until_the_agent_has_taken_it(
    sign_in: SignIn, demo: dict[str, Any]
) -> None:
    run = new_run()
    ids = [stage_list(demo, run, number) for number in range(2)]
    page = sign_in("rita")
    open_in_the_inbox(page, run)
    shown = page.locator("article.action").get_attribute("data-action")
    page.keyboard.press("a")
    expect(page.locator("#toast")).to_contain_text("Approved")
    page.wait_for_timeout(REST)
    page.keyboard.press("u")
    expect(page.locator("#toast")).to_contain_text("Taken back")
    expect(page.locator(f"article.action[data-action='{shown}']")).to_be_visible()
    expect(page.locator(f"#row-{shown}")).to_be_visible()
    assert {verdict_on(demo, each)["state"] for each in ids} == {"pending"}


def test_taking_back_too_late_is_said(sign_in: SignIn, demo: dict[str, Any]) -> None:
    run = new_run()
    action = stage_list(demo, run)
    page = sign_in("rita")
    page.goto(f"/actions/{action}/?view=pool&q={run}")
    page.wait_for_timeout(REST)
    page.keyboard.press("a")
    expect(page.locator("#toast")).to_contain_text("Approved")
    take(demo, action)
    page.keyboard.press("u")
    expect(page.locator("#toast")).to_contain_text("Too late to undo")
    assert verdict_on(demo, action)["state"] == "released"
