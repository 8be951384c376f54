"""Many actions, some of them wrong, cleared by keys alone."""

import os
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.hand import REST, Hand
from tests.browser.staged import decided, new_run, stage_list, stage_mail, verdict_on

SignIn = Callable[..., Page]
FULL = os.environ.get("FAULTS") == "full"
ACTIONS, PLANTED = (100, {7, 23, 48, 71, 94}) if FULL else (20, {3, 14})


def stage(demo: dict[str, Any], run: str, number: int) -> str:
    kind = stage_list if number % 3 else stage_mail
    return kind(demo, run, number % 26, wrong=number in PLANTED)


def test_mixed_actions_are_cleared_by_keys_alone(sign_in: SignIn, demo: dict[str, Any]) -> None:
    run = new_run()
    ids = [stage(demo, run, number) for number in range(ACTIONS)]
    page = sign_in("rita")
    page.goto(f"/inbox/?view=pool&q={run}")
    hand = Hand(page)
    hand.next()
    for turn in range(ACTIONS):
        if hand.contradicts_its_sources():
            hand.reject(1)
        elif turn == 5:
            hand.decide("c", "Control+Enter", text="Say which export")
        elif turn == 8:
            edit(hand)
        else:
            hand.approve()
    expect(page.locator("h2", has_text="No action matches")).to_be_visible()
    states = [decided(demo, action_id) for action_id in ids]
    assert {n for n, state in enumerate(states) if state == "rejected"} == PLANTED
    assert states.count("changes_requested") == 1
    assert states.count("approved") == ACTIONS - len(PLANTED) - 1
    print(f"{hand.pressed / ACTIONS:.2f} keys a decision, and {hand.written} characters of text")


def edit(hand: Hand) -> None:
    """Opens the form and approves what stands there."""
    before = hand.on_screen()
    hand.page.wait_for_timeout(REST)
    hand.press("e")
    hand.page.wait_for_url("**/edit?**")
    if hand.page.locator("input[name=checked]").count():
        box = hand.page.locator("input[name=checked]").first
        while not box.evaluate("box => box === document.activeElement"):
            hand.press("Tab")
        hand.press("Space")
    hand.press("Control+Enter")
    hand.page.wait_for_url("**/actions/*/?**")
    assert hand.on_screen() != before
    hand.decided.append(before)


def test_a_held_key_and_a_key_in_a_field_do_nothing(sign_in: SignIn, demo: dict[str, Any]) -> None:
    run = new_run()
    ids = [stage_list(demo, run, number) for number in range(2)]
    page = sign_in("rita")
    page.goto(f"/inbox/?view=pool&q={run}")
    hand = Hand(page)
    hand.next()
    page.wait_for_timeout(REST)
    page.keyboard.down("a")
    page.keyboard.down("a")  # what the browser sends while it is held
    page.keyboard.up("a")
    expect(page.locator("#toast")).to_contain_text("Approved")
    hand.press("/")
    hand.write("jarx")
    expect(page.locator("#q")).to_have_value("jarx")
    states = sorted(verdict_on(demo, action_id)["state"] for action_id in ids)
    assert states == ["approved", "pending"]


def test_rows_are_chosen_by_keys_and_decided_together(
    sign_in: SignIn, demo: dict[str, Any]
) -> None:
    run = new_run()
    ids = [stage_list(demo, run, number) for number in range(3)]
    page = sign_in("rita")
    page.goto(f"/inbox/?view=pool&q={run}")
    hand = Hand(page)
    hand.next()
    hand.next("J")
    hand.next("J")
    hand.press("s")
    expect(page.locator("table input[name=seen]:checked")).to_have_count(3)
    page.wait_for_timeout(REST)
    hand.press("r", "2", "Enter")
    expect(page.locator("p.told", has_text="Rejected")).to_have_count(3)
    assert {verdict_on(demo, action_id)["state"] for action_id in ids} == {"rejected"}
    page.locator("button", has_text="Undo").first.click()
    expect(page.locator("#toast")).to_contain_text("Taken back")


def test_the_help_lists_only_the_keys_of_this_page(sign_in: SignIn) -> None:
    page = sign_in("rita")
    page.goto("/registry/")
    page.keyboard.press("?")
    dialog = page.locator("dialog")
    expect(dialog).to_contain_text("to the inbox")
    expect(dialog).not_to_contain_text("approve")
