"""People hear of what waits: the bell in the app, and the day's digest by mail, as they chose."""

import re
from collections.abc import Callable
from email.message import Message
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.staged import new_run, stage_mail

SignIn = Callable[..., Page]
SOON = 30_000
NEW = re.compile(r"\d\+? new notices?$")


def bell(page: Page) -> Any:
    return page.locator("#n-notices .sr")


def hand_to(page: Page, name: str) -> None:
    page.locator(".drop.gap > summary").click()
    page.locator(".drop.gap[open] select[name=to]").select_option(label=name)
    page.locator(".drop.gap[open] button[type=submit]").first.click()


def letter_to(page: Page, mail: SimpleNamespace, address: str) -> Message:
    """The newest one, as soon as it is there."""
    for _ in range(60):
        found = [letter for letter in mail.letters if address in letter["To"]]
        if found:
            return found[-1]
        page.wait_for_timeout(500)
    pytest.fail(f"nothing came for {address}")


def never(page: Page) -> None:
    """Nothing of the demo leaves this machine."""
    for choice in page.get_by_label("Never").all():
        choice.check()


def text_of(letter: Message) -> str:
    parts = [part for part in letter.walk() if part.get_content_type() == "text/plain"]
    return parts[0].get_payload(decode=True).decode()


def test_the_bell_tells_while_the_inbox_stands_open_and_leads_to_the_work(
    sign_in: SignIn, demo: dict[str, Any]
) -> None:
    rita, ravi = sign_in("rita"), sign_in("ravi")
    rita.goto("/notices/")
    rita.goto("/inbox/?view=all")
    before = [row.get_attribute("id") for row in rita.locator("li.row").all()]
    action_id = stage_mail(demo, new_run())
    ravi.goto(f"/actions/{action_id}/")
    hand_to(ravi, "Rita Okafor")
    expect(bell(rita)).to_have_text(NEW, timeout=SOON)
    assert [row.get_attribute("id") for row in rita.locator("li.row").all()] == before

    mine = rita.locator(f".notices li:has(a[href*='{action_id}'])", has_text="for you")
    for _ in range(20):  # the pool may have been told first
        rita.goto("/notices/")
        if mine.count():
            break
        rita.wait_for_timeout(1_000)
    expect(mine).to_contain_text("New: ")
    expect(bell(rita)).to_have_text("Notices, none new")
    mine.locator("a").press("Enter")
    rita.wait_for_url(f"**/actions/{action_id}/**")
    expect(rita.locator("article.action")).to_be_visible()


def test_the_bell_counts_on_a_page_that_is_not_the_inbox(
    sign_in: SignIn, demo: dict[str, Any]
) -> None:
    page = sign_in("ravi")
    page.goto("/notices/")
    page.goto("/me/")
    stage_mail(demo, new_run())
    expect(bell(page)).to_have_text(NEW, timeout=60_000)


def test_somebody_chooses_the_digest_and_gets_it(
    sign_in: SignIn, demo: dict[str, Any], mail: SimpleNamespace
) -> None:
    omar = sign_in("omar")
    action_id = stage_mail(demo, run := new_run())
    omar.goto(f"/actions/{action_id}/")
    omar.get_by_role("button", name="Take it").click()
    omar.goto("/me/")
    omar.get_by_role("link", name="How else you are told").click()
    choose = omar.get_by_role("group", name="What is addressed to me")
    choose.get_by_label("Once a day, together").check()
    omar.get_by_label("Quiet from").fill("")
    omar.get_by_label("Quiet until").fill("")
    omar.get_by_role("button", name="Keep this").press("Enter")
    expect(omar.locator("#toast")).to_contain_text("Kept")
    expect(choose.get_by_label("Once a day, together")).to_be_checked()

    mail.letters.clear()
    as_if_the_hour_had_come(demo, "omar")
    letter = letter_to(omar, mail, "omar@")
    assert letter["Subject"].startswith("Your work: ")
    assert demo["url"] in text_of(letter)
    assert run not in letter["Subject"]


def as_if_the_hour_had_come(demo: dict[str, Any], username: str) -> None:
    """What waiting until tomorrow morning would do."""
    with psycopg.connect(demo["database_url"]) as connection:
        moved = connection.execute(
            "UPDATE approvals_channel SET next_digest_at = now() FROM agents_registry_person person"
            " WHERE person.id = person_id AND person.username = %s AND kind = 'email'",
            [username],
        )
        assert moved.rowcount == 1


def test_a_channel_is_added_tried_and_removed_without_javascript(sign_in: SignIn) -> None:
    page = sign_in("rita", java_script_enabled=False, viewport={"width": 380, "height": 800})
    page.goto("/me/notices/")
    page.get_by_role("link", name="Add a webhook").click()
    page.get_by_label("Name").fill("My own listener")
    page.get_by_label("Address", exact=True).fill("https://hooks.example.com/in?key=hidden-part")
    never(page)
    page.get_by_role("button", name="Add a webhook").click()
    expect(page.get_by_label("Signing secret")).to_have_value(re.compile("^whsec_"))
    page.get_by_role("link", name="How I am told").click()
    page.get_by_role("link", name="My own listener").click()
    assert "hidden-part" not in page.content()
    assert "whsec_" not in page.content()
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
    page.get_by_role("button", name="Remove the channel").click()
    expect(page.locator("#toast")).to_contain_text("Nothing goes there any more")


def test_a_channel_of_a_pool_is_for_everybody_who_keeps_it(sign_in: SignIn) -> None:
    page = sign_in("mona", bypass_csp=True)
    page.goto("/team/")
    page.locator("[aria-labelledby=h-pools] tbody a").first.click()
    page.get_by_role("link", name="How this pool is told").click()
    page.get_by_role("link", name="Add a chat room").click()
    page.get_by_label("Name").fill("The room")
    page.get_by_label("Address of the room").fill("slack://nowhere")
    never(page)
    page.get_by_role("button", name="Add a chat room").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was kept")
    page.get_by_label("Address of the room").fill(
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    )
    page.get_by_role("button", name="Add a chat room").click()
    expect(page.locator("#toast")).to_contain_text("The room is added")
    results: Any = Axe().run(page).response
    assert not results["violations"]
    page.get_by_role("button", name="Remove the channel").click()
    expect(page.locator("#toast")).to_contain_text("Nothing goes there any more")
