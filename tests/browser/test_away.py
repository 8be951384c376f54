"""Somebody goes away: their work is with whoever stands in, who decides it in their name."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser.staged import new_run, stage_mail, verdict_on

SignIn = Callable[..., Page]
THEIR_ZONE = ZoneInfo("America/New_York")


@pytest.fixture
def omar(sign_in: SignIn) -> Iterator[Page]:
    """He is back afterwards, for whoever needs him next."""
    page = sign_in("omar")
    yield page
    page.goto("/me/away/")
    back = page.get_by_role("button", name="End it now")
    if back.count():
        back.first.click()
        expect(page.locator("#toast")).to_contain_text("Called off")


def take_on(page: Page, action_id: str) -> None:
    page.goto(f"/actions/{action_id}/")
    page.get_by_role("button", name="Take it").click()
    expect(page.locator(".holder")).to_contain_text("You have it")


def day(days: int) -> str:
    return f"{datetime.now(THEIR_ZONE) + timedelta(days=days):%Y-%m-%d}"


def test_the_work_of_who_is_away_is_decided_by_who_stands_in(
    omar: Page, sign_in: SignIn, demo: dict[str, Any]
) -> None:
    run = new_run()
    action_id = stage_mail(demo, run)
    take_on(omar, action_id)

    omar.goto("/me/away/")
    omar.locator("#from-on").fill(day(0))
    omar.locator("#from-at").fill("00:00")
    omar.locator("#until-on").fill(day(7))
    omar.locator("#delegate").focus()
    omar.keyboard.type("Wanda")
    omar.keyboard.press("Tab")
    omar.get_by_role("button", name="See what moves").press("Enter")
    expect(omar.get_by_role("status").filter(has_text="What moves")).to_contain_text(
        "to Wanda Kowalczyk"
    )
    omar.get_by_role("button", name="Set it").press("Enter")
    expect(omar.locator("#toast")).to_contain_text("to Wanda Kowalczyk")
    expect(omar.get_by_role("region", name="Now and later")).to_contain_text(
        "Wanda Kowalczyk stands in"
    )
    omar.goto(f"/inbox/?q={run}")
    expect(omar.locator(f"#row-{action_id}")).to_have_count(0)

    wanda = sign_in("wanda")
    wanda.goto(f"/inbox/?q={run}")
    wanda.locator(f"#row-{action_id} a.what").click()
    expect(wanda.locator(".holder")).to_contain_text("You have it, for Omar Haddad, away until")
    wanda.goto(f"/actions/{action_id}/")
    asked = wanda.locator("details", has=wanda.locator("summary", has_text="Who is asked when"))
    asked.locator("summary").press("Enter")
    expect(asked).to_contain_text("Wanda Kowalczyk has it.")
    expect(asked.locator("li").last).to_contain_text("Nobody has decided")
    wanda.locator("summary[data-key=a]").click()
    for box in wanda.locator("details.drop[open] input[name=checked]").all():
        box.check()
    wanda.locator("details.drop[open] button.main").click()
    expect(wanda.locator("#toast")).to_contain_text("Approved")
    wanda.goto(f"/actions/{action_id}/")
    lines = wanda.locator("ol.line").first
    expect(lines).to_contain_text("Omar Haddad is away: it goes to Wanda Kowalczyk")
    expect(lines).to_contain_text("Wanda Kowalczyk, for Omar Haddad, approved it")
    assert verdict_on(demo, action_id)["state"] in {"pending", "approved"}


def test_an_absence_is_set_and_called_off_without_javascript(
    sign_in: SignIn, demo: dict[str, Any]
) -> None:
    page = sign_in("rita", java_script_enabled=False)
    page.goto("/me/")
    page.get_by_role("navigation", name="About you").get_by_role("link", name="Away").click()
    page.locator("#from-on").fill(day(300))
    page.locator("#until-on").fill(day(299))
    page.locator("#delegate").select_option(label="Ravi Menon")
    page.get_by_role("button", name="Set it").click()
    expect(page.get_by_role("alert").first).to_contain_text("It would end before it begins.")
    page.locator("#until-on").fill(day(301))
    page.get_by_role("button", name="Set it").click()
    expect(page.locator("#toast")).to_contain_text("You are away until")
    page.get_by_role("button", name="Call it off").click()
    expect(page.get_by_role("region", name="Now and later")).to_contain_text("No time is set")

    page.goto(f"/actions/{stage_mail(demo, new_run())}/")
    page.locator("summary", has_text="Who is asked when").click()
    page.get_by_role("link", name="Show the steps that are still to come").click()
    expect(page.locator("ol.line li").last).to_contain_text("Nobody has decided")
