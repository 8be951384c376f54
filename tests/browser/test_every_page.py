"""Every page: no finding of axe, light and dark, wide and on a phone; nothing scrolls sideways
there, and nothing that has the focus is behind a bar."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import Resolver404, URLPattern, get_resolver
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.places import PLACES, Place

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 380, "height": 800}
CONTRAST = {"runOnly": ["color-contrast"]}
"""All that can differ between the schemes."""

HIDDEN_FOCUS = """() => {
  const bars = [...document.querySelectorAll(".decide, .bar-bottom, .top, .picked")].filter(
    (bar) => getComputedStyle(bar).position === "sticky");
  const main = document.querySelector("main");
  const fields = [...main.querySelectorAll("a[href], button, input, select, textarea, summary")];
  return fields.flatMap((field) => {
    if (!field.getClientRects().length) return [];
    if (field.closest(".decide, .bar-bottom, .picked, .sr")) return [];
    field.focus();
    if (document.activeElement !== field) return [];
    const { top, bottom } = field.getBoundingClientRect();
    const behind = bars.find((bar) => {
      const box = bar.getBoundingClientRect();
      return box.top <= top && box.bottom >= bottom;
    });
    return behind ? [`${field.outerHTML.slice(0, 90)} is behind ${behind.className}`] : [];
  });
}"""


@pytest.fixture(scope="module")
def pages(browser: Browser, demo: dict[str, Any]) -> Iterator[Callable[[str], Page]]:
    """A page for each person, signed in once; the page of nobody for the door."""
    contexts: dict[str, BrowserContext] = {}
    signed_in: dict[str, Page] = {}

    def page_of(who: str) -> Page:
        if who not in signed_in:
            contexts[who] = browser.new_context(
                base_url=demo["url"], viewport=WIDE, bypass_csp=True, reduced_motion="reduce"
            )
            contexts[who].set_default_timeout(20_000)
            page = signed_in[who] = contexts[who].new_page()
            if who:
                page.goto("/login/")
                page.fill("[name=username]", who)
                page.fill("[name=password]", "demo-only")
                page.click("form button")
                page.wait_for_url("**/inbox/**")
        return signed_in[who]

    yield page_of
    for context in contexts.values():
        context.close()


def findings_of(page: Page, **options: Any) -> list[str]:
    results: Any = Axe().run(page, options=options or None).response
    return [
        f"{found['id']}: {found['help']}: {found['nodes'][0]['html'][:160]}"
        for found in results["violations"]
    ]


def resolve_name(address: str) -> str:
    """The name of its page in the URLconf; empty where there is none."""
    try:
        return str(get_resolver().resolve(address.partition("?")[0]).url_name)
    except Resolver404:
        return ""


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_page_is_for_everybody(pages: Callable[[str], Page], place: Place) -> None:
    page = pages(place.who)
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light")
    address = place.find(page)
    assert address, f"the demo has no {place.name}"
    assert resolve_name(address) == place.page
    page.goto(address)
    place.then(page)
    found = []
    for name, viewport in (("wide", WIDE), ("phone", PHONE)):
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme="light")
        found += [f"{name}, light: {each}" for each in findings_of(page)]
        page.emulate_media(color_scheme="dark")
        found += [f"{name}, dark: {each}" for each in findings_of(page, **CONTRAST)]
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > PHONE["width"]:
        found.append(f"it is {width} px wide on a phone")
    found += page.evaluate(HIDDEN_FOCUS)
    assert not found, f"{address}\n" + "\n".join(found)


NO_PAGES = {
    "home", "inbox_fresh", "inbox_elsewhere", "live_inbox", "here", "ownership_matrix",
    "decide", "undo", "follow_up", "claim", "give_back", "hand_to_pool", "ask_rollback",
    "report_mistake", "taken_over_done", "mark_used", "why_report", "batch_pick", "batch_decide",
    "batch_undo", "check_save", "keep_view", "forget_view", "stop", "resume", "restore_mode",
    "switch_team", "team_found", "team_leave", "team_invite", "team_token_new",
    "team_token_revoke", "team_archive", "revision_undo", "request_sign", "request_decline",
    "request_withdraw", "logout",
    "notices_count", "my_channel_test", "my_channel_remove", "pool_channel_test",
    "pool_channel_remove", "channel_again", "channel_test", "away_call_off", "subjects_import",
    "drill_rollback", "rollbacks_ask", "rollbacks_drill", "run_json",
    "subjects_remove", "metrics", "evaluation_set", "leave_guidance", "take_guidance_back",
    "endpoint_test", "endpoint_secret", "endpoint_rotate", "endpoint_on", "endpoint_resend",
    "endpoint_resend_all",
}  # fmt: skip
"""Redirects, parts of pages, and what only takes a form."""

BY_MAIL = {"welcome", "reset"}
"""Behind a link that only a mail holds; tried where mails are."""

ON_DEMAND = {"trial", "standard_edit", "downgrade", "my_channel_one", "pool_channel_one"}
"""Made by a person first; tried where they are made."""


def test_no_page_is_left_out() -> None:
    """A new address is a page of the list above, or is named as none."""
    patterns = get_resolver().url_patterns
    known = {str(each.name) for each in patterns if isinstance(each, URLPattern)}
    assert known - NO_PAGES - BY_MAIL - ON_DEMAND == {place.page for place in PLACES if place.page}
