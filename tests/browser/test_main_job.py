"""The main job as a person does it: look, decide, see what the agent made of it."""

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


def rows(page: Page) -> Any:
    return page.locator("li.row a.what")


def approve_with_the_mouse(page: Page) -> None:
    page.locator("summary[data-key=a], button[data-key=a]").first.click()
    if page.locator("details.drop[open] input[name=checked]").count():
        for box in page.locator("details.drop[open] input[name=checked]").all():
            box.check()
        page.locator("details.drop[open] button.btn.main").click()


def open_one_to_approve(page: Page) -> str:
    """Opens the newest approvable action of the pool on a page of its own; its address."""
    for href in [row.get_attribute("href") for row in rows(page).all()]:
        page.goto(str(href))
        stopped = page.locator("#stopped").count()
        if page.locator("[data-key=a]", has_text="Approve").count() and not stopped:
            return page.url
    pytest.fail("the demo has nothing to approve")


def test_what_a_person_approves_the_agent_does_and_reports(sign_in: SignIn) -> None:
    page = sign_in("rita")
    address = open_one_to_approve(page)
    approve_with_the_mouse(page)
    expect(page.locator("#toast")).to_contain_text("Approved")
    for _ in range(40):
        page.goto(address)
        timeline = page.locator("ol.line").inner_text()
        if "reports: done" in timeline or "reports: it failed" in timeline:
            break
        page.wait_for_timeout(1_000)
    assert "approved it" in timeline
    assert "took it (lease 1)" in timeline
    assert "reports: " in timeline


def test_the_keyboard_alone_is_enough(sign_in: SignIn) -> None:
    page = sign_in("rita")
    page.keyboard.press("j")
    expect(page.locator("article.action")).to_be_visible()
    first = page.locator("article.action").get_attribute("data-action")
    page.wait_for_timeout(700)  # a verdict key counts only after 600 ms on screen
    page.keyboard.press("r")
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_contain_text("Rejected")
    expect(page.locator(f"#row-{first}")).to_have_count(0)
    assert page.locator("article.action").get_attribute("data-action") != first
    page.wait_for_timeout(700)
    page.keyboard.press("u")
    expect(page.locator("#toast")).to_contain_text("Taken back")


def test_everything_works_without_javascript(sign_in: SignIn) -> None:
    page = sign_in("ravi", java_script_enabled=False)
    rows(page).first.click()
    sentence = page.locator("#sentence").inner_text()
    page.locator("summary", has_text="Reject").click()
    page.locator("input[value=wrong_target]").check()
    page.locator("button", has_text="Reject").last.click()
    assert "Rejected" in page.locator("#toast").inner_text()
    page.locator("#toast button", has_text="Undo").click()
    assert "Taken back" in page.locator("#toast").inner_text()
    assert page.locator("#sentence").inner_text() == sentence


def test_the_second_of_two_windows_is_told_kindly(sign_in: SignIn) -> None:
    first, second = sign_in("rita"), sign_in("ravi")
    rows(first).last.click()
    expect(first.locator("article.action")).to_be_visible()
    address = first.url
    second.goto(address)
    expect(second.locator(".note", has_text="has this open")).to_be_visible()
    for page, reason in [(first, "tone"), (second, "policy")]:
        page.locator("summary", has_text="Reject").click()
        page.locator(f"input[value={reason}]").check()
        page.locator("details.drop[open] button.no").click()
        page.wait_for_load_state("networkidle")
    expect(second.locator(".note", has_text="decided this before you")).to_be_visible()


def test_an_edit_is_shown_as_a_diff_before_it_is_approved(sign_in: SignIn) -> None:
    page = sign_in("rita")
    open_one_to_approve(page)
    page.locator("a[data-key=e]").click()
    field = page.locator("#edit-form input[type=text], #edit-form textarea.input").first
    field.fill("Changed by a person")
    page.locator("button", has_text="Check the changes").click()
    expect(page.locator("#edit-diff ins").first).to_be_visible()


def test_somebody_of_another_team_sees_none_of_it(sign_in: SignIn) -> None:
    address = rows(sign_in("rita")).first.get_attribute("href")
    stranger = sign_in("tom")
    response = stranger.goto(str(address))
    assert response is not None
    assert response.status == 404


def test_an_auditor_reads_and_decides_nothing(sign_in: SignIn) -> None:
    page = sign_in("aida")
    page.goto("/inbox/?view=all")
    page.goto(str(rows(page).first.get_attribute("href")))
    expect(page.locator("#sentence")).to_be_visible()
    expect(page.locator(".decide")).to_have_count(0)


def test_a_stop_takes_one_click_a_reason_and_one_more_click(sign_in: SignIn) -> None:
    page = sign_in("ravi")
    page.locator("a.btn.stop", has_text="Stop").first.click()
    line = page.locator("tr", has_text="Lead router").first
    line.locator("summary").click()
    line.locator("input[name=reason]").fill("It routes to people who left")
    line.locator("button", has_text="Stop it now").click()
    expect(page.locator("tr.paused", has_text="Lead router").first).to_be_visible()
    owner = sign_in("rhea")
    owner.goto("/ownership/")
    line = owner.locator("tr.paused", has_text="Lead router").first
    line.locator("summary").click()
    line.locator("textarea[name=note]").fill("Routing table mended")
    line.locator("button", has_text="Turn it on").click()
    expect(owner.locator("tr.paused", has_text="Lead router")).to_have_count(0)


def test_new_work_announces_itself_and_the_list_waits_to_be_asked(
    sign_in: SignIn, demo: dict[str, Any]
) -> None:
    page = sign_in("rita")
    sentence = page.locator("li.row", has_text="lena@northwind.example")
    before = sentence.count()
    stage_from_the_readme(demo)
    expect(page.locator("a.fresh")).to_be_visible(timeout=20_000)
    expect(sentence).to_have_count(before)
    page.locator("a.fresh").click()
    expect(sentence).to_have_count(before + 1)


def stage_from_the_readme(demo: dict[str, Any]) -> None:
    """What the README's curl stages, by the agent that nobody plays."""
    token = next(each["token"] for each in demo["agents"] if each["slug"] == "your-agent")
    answer = httpx.post(
        f"{demo['url']}/api/v1/actions",
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())},
        json=json.loads((Path(settings.BASE_DIR) / "examples" / "stage.json").read_text()),
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "pending"
