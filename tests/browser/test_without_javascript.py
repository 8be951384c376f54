"""The reviewer's whole journey in a browser that runs no script."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.hand import Hand
from tests.browser.staged import decided, new_run, stage_list, stage_mail, verdict_on

SignIn = Callable[..., Page]


def test_mixed_actions_are_cleared_without_javascript(
    sign_in: SignIn, demo: dict[str, Any]
) -> None:
    run = new_run()
    ids = [
        stage_mail(demo, run, 0),
        stage_mail(demo, run, 1, wrong=True),
        stage_list(demo, run, 2),
        stage_list(demo, run, 3, wrong=True),
        stage_list(demo, run, 4),
    ]
    page = sign_in("rita", java_script_enabled=False)
    page.goto(f"/inbox/?view=pool&q={run}")
    page.locator("li.row a.what").first.click()
    for _ in ids:
        decide(page)
    expect(page.locator("h2", has_text="No action matches")).to_be_visible()
    states = [decided(demo, action_id) for action_id in ids]
    assert states == ["approved", "rejected", "approved", "rejected", "approved"]


def decide(page: Page) -> None:
    if Hand(page).contradicts_its_sources():
        page.locator("summary", has_text="Reject").click()
        page.locator("input[value=wrong_facts]").check()
        page.locator("details.drop[open] button.no").click()
        expect(page.locator("#toast")).to_contain_text("Rejected")
        return
    if page.locator("summary[data-key=a]").count():
        page.locator("summary[data-key=a]").click()
        page.locator("details.drop[open] input[name=checked]").first.check()
        page.locator("details.drop[open] button.main").click()
    else:
        page.locator("button[data-key=a]").click()
    expect(page.locator("#toast")).to_contain_text("Approved")


def test_rows_are_ticked_and_decided_together_without_javascript(
    sign_in: SignIn, demo: dict[str, Any]
) -> None:
    run = new_run()
    batch = [stage_list(demo, run, number) for number in range(2)]
    mandatory = stage_mail(demo, run, 2)
    page = sign_in("rita", java_script_enabled=False)
    page.goto(f"/inbox/?view=pool&q={run}")
    for box in page.locator("li.row input[name=id]").all():
        box.check()
    page.locator("#chosen button").click()
    page.locator(f"#row-{batch[0]} input").uncheck()
    page.locator("summary", has_text="Ask").click()
    page.locator("textarea:visible").fill("Say why")
    page.locator("details.drop[open] button.main").click()
    expect(page.locator("p.told")).to_have_count(2)
    states = [verdict_on(demo, action_id)["state"] for action_id in (*batch, mandatory)]
    assert states == ["pending", "changes_requested", "changes_requested"]


def test_what_is_chosen_is_approved_one_by_one_and_only_when_it_was_opened(
    sign_in: SignIn, demo: dict[str, Any]
) -> None:
    run = new_run()
    opened, unopened = stage_list(demo, run, 0), stage_list(demo, run, 1)
    mandatory = stage_mail(demo, run, 2)
    page = sign_in("rita", java_script_enabled=False)
    page.goto(f"/actions/{opened}/")
    page.goto(f"/selection/?id={opened}&id={unopened}&id={mandatory}")
    expect(page.locator("button", has_text="Approve this one")).to_have_count(1)
    expect(page.locator(f"#row-{mandatory}")).to_contain_text("where you say what you checked")
    page.locator("button", has_text="Approve this one").click()
    expect(page.locator(f"#row-{opened} p.told")).to_contain_text("Approved")
    states = [verdict_on(demo, each)["state"] for each in (opened, unopened, mandatory)]
    assert states == ["approved", "pending", "pending"]
