"""A risk owner's way: change a line, see what would move, save, see the revision, undo it."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

SignIn = Callable[..., Page]
TYPE = "/registry/outreach/reply_in_thread/"
STRICT, REASON = "0.99", "Replies sound too sure of themselves."


def line_of(page: Page) -> Any:
    return page.get_by_label("Confidence line", exact=True)


def raise_the_line(page: Page) -> str:
    """Opens the editor and raises the confidence line; what it was."""
    page.goto(f"{TYPE}edit")
    was = str(line_of(page).input_value())
    line_of(page).fill(STRICT)
    return was


def what_would_move(page: Page) -> Any:
    page.get_by_role("button", name="See what would move").click()
    return page.locator("#trial")


def test_a_line_is_changed_tried_saved_seen_as_a_revision_and_undone(sign_in: SignIn) -> None:
    page = sign_in("rhea")
    was = raise_the_line(page)
    expect(page.locator("#rule-look")).to_contain_text("tightens")

    trial = what_would_move(page)
    expect(trial.locator("#h-moves")).to_contain_text("in another tier", timeout=60_000)
    expect(trial).to_contain_text("stricter")

    raise_the_line(page)
    page.get_by_label("Reason", exact=True).fill(REASON)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("main")).to_contain_text(STRICT)

    page.goto(f"{TYPE}revisions/")
    expect(page.locator("main")).to_contain_text(REASON)
    expect(page.locator("main")).to_contain_text("Rhea Castellanos")

    undoing = page.locator("form", has=page.get_by_role("button", name="Undo it"))
    undoing.get_by_role("textbox").fill("They were fine.")
    undoing.get_by_role("button", name="Undo it").click()
    page.goto(f"{TYPE}edit")
    expect(line_of(page)).to_have_value(was)
