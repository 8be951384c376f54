"""Every page that a person can reach in the demo: whose it is, how to get there, what it shows."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from playwright.sync_api import Page

Find = Callable[[Page], str | None]


def nothing(_: Page) -> None:
    """The page as it comes."""


@dataclass(frozen=True)
class Place:
    """`find` leads to the address, or to None where the demo has no such page; `then` brings the
    page into the state that is looked at. `page` is its name in the URLconf. `shown`: among the
    screens of the docs."""

    name: str
    page: str
    who: str
    find: Find
    words: str
    then: Callable[[Page], None] = nothing
    shown: bool = True


def at(address: str) -> Find:
    return lambda _: address


def first(listing: str, selector: str, *more: str) -> Find:
    """The first link on a page that fits; then the first on that page, and so on."""
    return partial(_first, listing, [selector, *more])


def _first(listing: str, selectors: list[str], page: Page) -> str | None:
    address: str | None = listing
    for selector in selectors:
        page.goto(str(address))
        link = page.locator(selector).first
        address = link.get_attribute("href") if link.count() else None
        if address is None:
            return None
    return address


def under(find: Find, rest: str) -> Find:
    """The page below another one, which may have a query."""

    def below(page: Page) -> str | None:
        address = find(page)
        path, _, query = (address or "").partition("?")
        return f"{path}{rest}{'?' + query if query else ''}" if path else None

    return below


def press(*keys: str) -> Callable[[Page], None]:
    def then(page: Page) -> None:
        page.wait_for_timeout(700)  # a verdict key counts only after 600 ms on screen
        for key in keys:
            page.keyboard.press(key)

    return then


def click(selector: str) -> Callable[[Page], None]:
    """Clicks it where it is."""

    def then(page: Page) -> None:
        element = page.locator(selector).first
        if element.count():
            element.click()

    return then


def stale(page: Page) -> None:
    """Rejects what somebody else has changed meanwhile, as far as the form can tell."""
    page.eval_on_selector_all(
        ".decide [name=digest]", "fields => fields.forEach((field) => (field.value = 'old'))"
    )
    click("summary[data-key=r]")(page)
    page.locator("details[open] input[name=reason]").first.check()
    with page.expect_response(lambda response: "/decide" in response.url):
        page.locator("details[open] button[type=submit]").click()
    page.locator("#conflict").wait_for()


def beside(page: Page) -> None:
    """Opens the first action beside the list, where there is room."""
    if (page.viewport_size or {"width": 0})["width"] > 1152:
        page.locator("li.row a.what").first.click()
        page.locator("#detail[data-action]").wait_for()


ROW = "li.row a.what"
MINE, ALL = "/inbox/", "/inbox/?view=all"
MANDATORY = first(f"{ALL}&tier=mandatory", ROW)
WORKFLOW = first("/registry/", "main table a")
TYPE = first("/registry/", "main table a", "main table a")
POOL = first("/team/", "[aria-labelledby=h-pools] tbody a")
CALENDAR = first("/team/", "[aria-labelledby=h-calendars] tbody a")
WITH_SOURCE = "#detail a[href^='/outside/']"


def decided(state: str) -> Find:
    return first(f"{ALL}&state={state}", ROW)


REVIEWERS = [
    Place("inbox", "inbox", "rita", at(MINE), "What waits for me, late first.", beside),
    Place("inbox-all", "inbox", "rita", at(ALL), "Everything that is open in the team."),
    Place(
        "inbox-nothing",
        "inbox",
        "rita",
        at("/inbox/?q=nothing-like-this"),
        "A filter without a hit.",
    ),
    Place(
        "inbox-escalated", "inbox", "rita", at("/inbox/?view=escalated"), "What went up its chain."
    ),
    Place("action", "action", "rita", first(MINE, ROW), "One action on one screen."),
    Place("action-mandatory", "action", "rita", MANDATORY, "An action of the strictest tier."),
    Place(
        "approve", "action", "rita", MANDATORY, "What did you check?", click("summary[data-key=a]")
    ),
    Place(
        "reject",
        "action",
        "rita",
        first(MINE, ROW),
        "Why it is rejected.",
        click("summary[data-key=r]"),
    ),
    Place(
        "changes", "action", "rita", first(MINE, ROW), "What should change.", click("[data-key=c]")
    ),
    Place(
        "escalate", "action", "rita", first(MINE, ROW), "To whom it goes.", click("[data-key=x]")
    ),
    Place(
        "hand-over",
        "action",
        "rita",
        first(MINE, ROW),
        "To a colleague.",
        click(".drop.gap > summary"),
    ),
    Place("conflict", "action", "rita", first(MINE, ROW), "It changed while I looked.", stale),
    Place("keys", "action", "rita", first(MINE, ROW), "The keys, all of them.", press("?")),
    Place("edit", "edit", "rita", under(first(MINE, ROW), "edit"), "My own version, and its diff."),
    Place(
        "source",
        "outside",
        "rita",
        first(ALL, ROW, WITH_SOURCE),
        "The whole address before it opens.",
    ),
    Place("rejected", "action", "rita", decided("rejected"), "A rejected action."),
    Place(
        "done",
        "action",
        "rita",
        decided("succeeded"),
        "A finished action, and how to report a mistake.",
    ),
    Place(
        "failed",
        "action",
        "wanda",
        decided("failed"),
        "A failure with the work that it leaves open.",
    ),
    Place("blocked", "action", "wanda", decided("blocked"), "What the policy blocks."),
    Place("batches", "batches", "rita", at("/batches/"), "Like actions together."),
    Place("runs", "runs", "rita", at("/runs/"), "What agents did in one go."),
    Place("run", "run", "rita", first("/runs/", ".runs a"), "One run, step by step."),
    Place(
        "rollbacks",
        "rollbacks",
        "mona",
        at("/rollbacks/?from=2020-01-01T00:00"),
        "What of an incident can be undone, and how.",
    ),
    Place(
        "batch",
        "batch",
        "rita",
        first("/batches/", "main table a:has-text('job title')"),
        "A batch in one table.",
    ),
    Place("checks", "checks", "rita", at("/checks/"), "What was drawn to be looked at."),
    Place("check", "check", "rita", first("/checks/", "main .row a.what"), "One spot check."),
    Place(
        "selection",
        "selection",
        "rita",
        lambda page: chosen(page),
        "Several chosen actions at once.",
    ),
    Place(
        "why",
        "why",
        "rita",
        first(f"{ALL}&state=succeeded", ROW, "a[href*='/why/']"),
        "Why, for all.",
    ),
    Place("me", "me", "rita", at("/me/"), "My settings."),
    Place("notices", "notices", "rita", at("/notices/"), "What I was told."),
    Place("my-channels", "my_channels", "rita", at("/me/notices/"), "How I am told."),
    Place(
        "my-new-channel",
        "my_channel_add",
        "rita",
        at("/me/notices/add/webhook/"),
        "A new channel of mine.",
        shown=False,
    ),
    Place("my-password", "password_change", "rita", at("/me/password/"), "A new password."),
    Place("decided", "decided", "rita", at("/me/decided/"), "What I decided."),
    Place("away", "away", "omar", at("/me/away/"), "When I am away, and who stands in."),
    Place(
        "asked", "asked", "rita", under(first(MINE, ROW), "asked/"), "Who is asked when, and then?"
    ),
    Place("nowhere", "", "rita", at("/nowhere/"), "A page that is not here."),
]
OWNERS = [
    Place(
        "ownership", "ownership", "mona", at("/ownership/"), "Who owns what, and where a hole is."
    ),
    Place("registry", "registry", "mona", at("/registry/"), "The workflows."),
    Place(
        "workflow",
        "registry_workflow",
        "mona",
        WORKFLOW,
        "One workflow and what its agents may do.",
    ),
    Place("action-type", "registry_action_type", "mona", TYPE, "The rules of one action type."),
    Place("type-editor", "edit_type", "wanda", under(TYPE, "edit"), "The rules, edited."),
    Place("revisions", "revisions", "mona", under(TYPE, "revisions/"), "How the rules came to be."),
    Place(
        "operating-model",
        "operating_model",
        "mona",
        under(WORKFLOW, "model/"),
        "The sheet to print.",
    ),
    Place(
        "would-be-asked",
        "would_be_asked",
        "mona",
        under(WORKFLOW, "asked/"),
        "Who would be asked when.",
    ),
    Place(
        "away-of",
        "away_of",
        "mona",
        at("/team/people/omar/away"),
        "When somebody of the team is away.",
        shown=False,
    ),
    Place("data-map", "data_map", "mona", at("/registry/data/"), "Which data goes where."),
    Place(
        "workflow-editor", "registry_edit", "mona", under(WORKFLOW, "edit"), "A workflow, edited."
    ),
    Place(
        "confirm",
        "registry_confirm",
        "rhea",
        under(WORKFLOW, "confirm"),
        "Drafted types to confirm.",
        shown=False,
    ),
    Place(
        "new-type",
        "new_type",
        "wanda",
        under(WORKFLOW, "new-type"),
        "A new action type.",
        shown=False,
    ),
    Place(
        "new-workflow", "registry_new", "mona", at("/registry/new"), "A new workflow.", shown=False
    ),
    Place("standards", "standards", "mona", at("/standards/"), "Rules that many types share."),
    Place("standard", "standard_new", "mona", at("/standards/new"), "A new standard.", shown=False),
    Place(
        "requests", "requests", "rhea", at("/requests/"), "Loosenings that wait for a signature."
    ),
    Place(
        "stop",
        "stopped",
        "mona",
        first("/ownership/", "a[href^='/stops/']"),
        "What a stop touched.",
    ),
    Place("team", "team", "mona", at("/team/"), "People, pools, calendars, agents."),
    Place(
        "webhook",
        "endpoint",
        "mona",
        under(first("/team/", "[aria-labelledby=h-agents] tbody a"), "webhook/"),
        "Where an agent is called, and every attempt of each call.",
    ),
    Place(
        "connect",
        "connect",
        "mona",
        under(first("/team/", "[aria-labelledby=h-agents] tbody a"), "connect/"),
        "An agent's token, lines to paste for its workflow, and its last calls.",
    ),
    Place("codes", "codes", "mona", at("/codes/"), "What each code means.", shown=False),
    Place("channels", "channels", "mona", at("/channels/"), "Which channels reach people."),
    Place("pool-channels", "pool_channels", "mona", under(POOL, "channels/"), "How it is told."),
    Place(
        "pool-new-channel",
        "pool_channel_add",
        "mona",
        under(POOL, "channels/add/chat/"),
        "A new channel of a pool.",
        shown=False,
    ),
    Place(
        "calendar-weeks",
        "calendar_weeks",
        "mona",
        under(CALENDAR, "weeks/?at=2026-11-24T15:00&within=3+business+days"),
        "When a team works, and when something staged then is due.",
    ),
    Place(
        "subjects",
        "subjects",
        "mona",
        at("/team/subjects/"),
        "Who answers for which account.",
        shown=False,
    ),
    Place("team-editor", "team_edit", "mona", at("/team/edit"), "The team, edited.", shown=False),
    *(
        Place(
            f"new-{name}",
            "team_row_new",
            "mona",
            at(f"/team/{name}/new"),
            "A new one.",
            shown=False,
        )
        for name in ("people", "pools", "calendars", "chains", "agents")
    ),
    *(
        Place(
            f"one-of-{name}",
            "team_row",
            "mona",
            first("/team/", f"[aria-labelledby=h-{name}] tbody a"),
            "One of them.",
            shown=False,
        )
        for name in ("people", "pools", "calendars", "chains", "agents")
    ),
]
DOOR = [
    Place("sign-in", "login", "", at("/login/"), "The door."),
    Place("forgotten", "forgotten", "", at("/password/"), "A forgotten password."),
]
PLACES = [*REVIEWERS, *OWNERS, *DOOR]


def chosen(page: Page) -> str | None:
    """Three actions of the list, chosen."""
    page.goto(ALL)
    rows = page.locator("li.row").evaluate_all("rows => rows.map((row) => row.id)")
    ids = [name.removeprefix("row-") for name in rows[:3]]
    return f"/selection/?{'&'.join(f'id={each}' for each in ids)}" if ids else None
