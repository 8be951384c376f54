"""What a script adds to a page: buttons that copy, and a box that chooses all of a table."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

SignIn = Callable[..., Page]
CONNECT = "/team/agents/your-agent/connect/"


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_lines_to_paste_are_copied_as_they_stand_also_from_the_keyboard(sign_in: SignIn) -> None:
    page = sign_in("mona", permissions=["clipboard-read", "clipboard-write"])
    page.goto(CONNECT)
    button = page.get_by_role("button", name="Copy Stage it")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copied Stage it")).to_be_visible()
    assert clipboard(page) == page.locator("pre.paste").nth(3).text_content()


def test_where_nothing_may_be_copied_it_says_so(sign_in: SignIn) -> None:
    page = sign_in("mona")
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    page.goto(CONNECT)
    page.get_by_role("button", name="Copy Stage it").click()
    expect(page.get_by_role("button", name="Not copied Stage it")).to_be_visible()


def test_without_a_script_there_is_no_button_that_does_nothing(sign_in: SignIn) -> None:
    page = sign_in("mona", java_script_enabled=False)
    page.goto(CONNECT)
    expect(page.locator("pre.paste").first).to_be_visible()
    assert page.locator("[data-copy]:visible").count() == 0


def test_one_box_chooses_all_or_none_of_what_can_be_undone(sign_in: SignIn) -> None:
    page = sign_in("rhea")
    page.goto("/rollbacks/?agent=crm-steward&from=2020-01-01T00:00")
    every, boxes = page.get_by_label("All of them"), page.locator("input[name=id]")
    assert boxes.count() > 1
    expect(every).to_be_checked()
    every.uncheck()
    expect(page.locator("input[name=id]:checked")).to_have_count(0)
    boxes.first.check()
    assert every.evaluate("box => box.indeterminate")
    every.check()
    expect(page.locator("input[name=id]:checked")).to_have_count(boxes.count())
