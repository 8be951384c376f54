"""The inbox while it stands open: told by the stream or by asking, out of reach and back again,
and what was typed through all of it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from tests.browser.test_main_job import rows, stage_from_the_readme

SignIn = Callable[..., Page]
SOON = 20_000


def sent_by(page: Page) -> list[str]:
    """What this page asks for from now on, as "GET address"."""
    sent: list[str] = []

    def note(request: Request) -> None:
        sent.append(f"{request.method} {request.url}")

    page.on("request", note)
    return sent


def open_one_to_reject(page: Page) -> str:
    """Opens a row of the list beside it; the id of its action."""
    for row in rows(page).all():
        row.click()
        action = str(row.get_attribute("href")).split("/")[2]
        expect(page.locator(f"article[data-action='{action}']")).to_be_visible()
        if page.locator("summary", has_text="Reject").count():
            return action
    pytest.fail("the demo has nothing to reject")


def reject(page: Page) -> None:
    page.locator("summary", has_text="Reject").click()
    page.locator("input[name=reason][value=tone]").check()
    page.locator("details.drop[open] button.no").click()


def type_a_note(page: Page, text: str) -> None:
    page.locator("summary", has_text="Reject").click()
    page.locator("#rc").fill(text)


def test_new_work_is_told_by_the_stream_alone(sign_in: SignIn, demo: dict[str, Any]) -> None:
    page = sign_in("rita")
    page.route("**/inbox/fresh*", lambda route: route.abort())
    sent = sent_by(page)
    page.goto("/inbox/?view=all")
    expect(rows(page).first).to_be_visible()
    before = [row.get_attribute("href") for row in rows(page).all()]
    stage_from_the_readme(demo)
    expect(page.locator("a.fresh")).to_be_visible(timeout=SOON)
    assert any("/live/inbox" in each for each in sent)
    assert [row.get_attribute("href") for row in rows(page).all()] == before


def test_without_the_stream_the_page_asks(sign_in: SignIn, demo: dict[str, Any]) -> None:
    page = sign_in("rita")
    page.route("**/live/inbox*", lambda route: route.fulfill(status=204))
    page.goto("/inbox/?view=all")
    stage_from_the_readme(demo)
    expect(page.locator("a.fresh")).to_be_visible(timeout=SOON)


def test_who_has_it_open_and_what_they_decide_is_told_and_nothing_typed_is_lost(
    sign_in: SignIn,
) -> None:
    mine, theirs = sign_in("rita"), sign_in("ravi")
    mine.goto("/inbox/?view=pool")
    action = open_one_to_reject(mine)
    type_a_note(mine, "Not like this")
    row = mine.locator(f"#row-{action}")
    theirs.goto(f"/actions/{action}/")
    expect(row.locator(".open")).to_contain_text("has it open", timeout=SOON)
    expect(mine.locator("article .note", has_text="has this open")).to_be_visible()
    reject(theirs)
    note = mine.locator("#changed-elsewhere")
    expect(note).to_contain_text("decided this: it is rejected.", timeout=SOON)
    expect(row.locator(".due")).to_have_text("rejected")
    assert "gone" in str(row.get_attribute("class"))
    assert mine.locator("#rc").input_value() == "Not like this"
    note.locator("a", has_text="Show it").click()
    expect(mine.locator("article .decide")).to_have_count(0)


@pytest.fixture
def alone(browser: Browser, demo: dict[str, Any]) -> Iterator[BrowserContext]:
    """A browser whose errors nobody minds: it loses its connection on purpose."""
    context = browser.new_context(base_url=demo["url"], viewport={"width": 1440, "height": 900})
    context.set_default_timeout(SOON)
    yield context
    context.close()


def sign_in_as(context: BrowserContext, username: str) -> Page:
    page = context.new_page()
    page.goto("/login/")
    enter(page, username)
    return page


def enter(page: Page, username: str) -> None:
    page.fill("[name=username]", username)
    page.fill("[name=password]", "demo-only")
    page.click("main button, form button")
    page.wait_for_load_state()


def test_out_of_reach_is_said_deciding_waits_and_it_comes_back_by_itself(
    alone: BrowserContext,
) -> None:
    page = sign_in_as(alone, "rita")
    page.goto("/inbox/?view=pool")
    action = open_one_to_reject(page)
    sent = sent_by(page)
    alone.set_offline(True)
    expect(page.locator("#away")).to_contain_text("Offline since")
    type_a_note(page, "Typed on the train")
    page.locator("input[name=reason][value=tone]").check()
    page.locator("details.drop[open] button.no").click(force=True)  # it says that it is off
    expect(page.locator("#away")).to_be_focused()
    assert not any(each.startswith("POST") and "/decide" in each for each in sent)
    alone.set_offline(False)
    expect(page.locator("#away")).to_be_hidden(timeout=SOON)
    assert page.locator("#rc").input_value() == "Typed on the train"
    page.locator("details.drop[open] button.no").click()
    expect(page.locator("#toast")).to_contain_text("Rejected")
    assert page.locator(f"#row-{action}").count() == 0


def test_a_server_that_does_not_answer_is_told_from_being_offline(alone: BrowserContext) -> None:
    page = sign_in_as(alone, "rita")
    for path in ("**/live/inbox*", "**/inbox/fresh*", "**/inbox/elsewhere*"):
        page.route(path, lambda route: route.abort())
    page.goto("/inbox/?view=pool")
    expect(page.locator("#away")).to_contain_text("The server has not answered since")
    expect(page.locator("#trouble")).to_be_hidden()
    for path in ("**/live/inbox*", "**/inbox/fresh*", "**/inbox/elsewhere*"):
        page.unroute(path)
    expect(page.locator("#away")).to_be_hidden(timeout=SOON)


def test_what_is_typed_is_there_after_a_reload_and_a_lost_session_and_gone_after_signing_out(
    alone: BrowserContext,
) -> None:
    page = sign_in_as(alone, "rita")
    page.goto("/inbox/?view=pool")
    action = open_one_to_reject(page)
    page.goto(f"/actions/{action}/")
    type_a_note(page, "Half a sentence")
    page.reload()
    assert page.locator("#rc").input_value() == "Half a sentence"
    alone.clear_cookies()
    page.reload()
    enter(page, "rita")
    assert page.locator("#rc").input_value() == "Half a sentence"
    page.locator("details.menu summary").last.click()
    page.locator("button", has_text="Sign out").click()
    page.wait_for_url("**/login/**")
    assert not page.evaluate("JSON.stringify(sessionStorage).includes('Half')")


def test_what_one_person_typed_is_not_shown_to_the_next(alone: BrowserContext) -> None:
    page = sign_in_as(alone, "rita")
    page.goto("/inbox/?view=pool")
    action = open_one_to_reject(page)
    page.goto(f"/actions/{action}/")
    type_a_note(page, "Between you and me")
    alone.clear_cookies()
    page.reload()
    enter(page, "ravi")
    page.goto(f"/actions/{action}/")
    assert page.locator("#rc").input_value() == ""
    assert not page.evaluate("JSON.stringify(sessionStorage).includes('Between')")
