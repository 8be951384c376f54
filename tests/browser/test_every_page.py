"""Every page: no finding of axe, light and dark; nothing scrolls sideways on a phone."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

SignIn = Callable[..., Page]
PLACES = [
    "/inbox/",
    "/inbox/?view=all",
    "/inbox/?q=nothing-like-this",
    "/inbox/?view=escalated",
    "/ownership/",
    "/registry/",
    "/team/",
    "/team/edit",
    "/nowhere/",
]


def addresses(page: Page) -> list[str]:
    """The fixed places, and one action, its edit form, a workflow and a type found on them."""
    page.goto("/inbox/")
    action = str(page.locator("li.row a.what").first.get_attribute("href"))
    page.goto("/registry/")
    workflow = str(page.locator("main table a").first.get_attribute("href"))
    page.goto(workflow)
    kind = str(page.locator("main table a").first.get_attribute("href"))
    return [*PLACES, action, action.replace("/?", "/edit?"), workflow, kind]


def findings_of(page: Page, where: str) -> list[str]:
    results: Any = Axe().run(page).response
    return [
        f"{where}: {found['id']}: {found['help']}: {found['nodes'][0]['html'][:120]}"
        for found in results["violations"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(sign_in: SignIn, scheme: str) -> None:
    page = sign_in("rita", color_scheme=scheme, bypass_csp=True)
    found = []
    for address in addresses(page):
        page.goto(address)
        found += findings_of(page, address)
    assert not found, "\n".join(found)


SECTIONS = ("people", "pools", "calendars", "chains", "agents")
FORMS = [
    "/team/edit",
    "/team/people/new",
    "/team/pools/new",
    "/team/calendars/new",
    "/team/chains/new",
    "/team/agents/new",
    "/registry/new",
]


def forms_of_a_manager(page: Page) -> list[str]:
    """The forms for new rows, and one of each kind of row that the team has."""
    page.goto("/team/")
    links = [page.locator(f"[aria-labelledby=h-{name}] tbody a").first for name in SECTIONS]
    rows = [str(link.get_attribute("href")) for link in links]
    page.goto("/registry/")
    workflow = str(page.locator("main table a").first.get_attribute("href"))
    return [*FORMS, *rows, f"{workflow}edit"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_forms_of_a_manager(sign_in: SignIn, scheme: str) -> None:
    page = sign_in("mona", color_scheme=scheme, bypass_csp=True)
    found = []
    for address in forms_of_a_manager(page):
        page.goto(address)
        found += findings_of(page, address)
    assert not found, "\n".join(found)


def test_no_form_scrolls_sideways_on_a_phone(sign_in: SignIn) -> None:
    page = sign_in("mona", viewport={"width": 380, "height": 800})
    for address in forms_of_a_manager(page):
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 380, f"{address} is {width} px wide"


def test_axe_finds_nothing_on_the_door(new_context: Callable[..., BrowserContext]) -> None:
    page = new_context(bypass_csp=True).new_page()
    page.goto("/login/")
    assert not findings_of(page, "/login/")


def test_nothing_scrolls_sideways_on_a_phone(sign_in: SignIn) -> None:
    page = sign_in("rita", viewport={"width": 380, "height": 800})
    for address in addresses(page):
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 380, f"{address} is {width} px wide"
