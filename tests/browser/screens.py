"""Takes a picture of every page of the demo for `docs/screens/`: light and dark, wide and a phone.

    python -m tests.browser.screens [ADDRESS]

Starts a demo of its own, unless the address of one that runs is given.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.browser.places import PLACES, Place

ROOT = Path(__file__).resolve().parents[2]
SCREENS = ROOT / "docs" / "screens"
PORT = 8399
PATIENCE = 600
QUALITY = 45
LOOKS = [
    ("light", {"width": 1440, "height": 900}),
    ("dark", {"width": 1440, "height": 900}),
    ("light", {"width": 380, "height": 800}),
]


def main(words: list[str]) -> int:
    """Status 1 where a page of the list could not be taken; the others are taken all the same."""
    with running(words[0]) if words else started() as url, sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=sandbox)
        shutil.rmtree(SCREENS, ignore_errors=True)
        SCREENS.mkdir(parents=True)
        taken = dict(take_all(browser, url))
        browser.close()
    (SCREENS / "README.md").write_text(index(taken))
    size = sum(picture.stat().st_size for picture in SCREENS.glob("*.jpg"))
    print(f"{len(taken)} pages, {size / 1_000_000:.1f} MB in {SCREENS.relative_to(ROOT)}")
    missing = [place.name for place in PLACES if place.shown and place.name not in taken]
    for name in missing:
        print(f"Not taken: {name}")
    return 1 if missing else 0


@contextmanager
def running(url: str) -> Iterator[str]:
    yield url


@contextmanager
def started() -> Iterator[str]:
    """The address of a fresh demo, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        own = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
        command = ["-m", "reviewqueue.launcher", "demo", "--data", folder, "--port", str(PORT)]
        log = Path(folder) / "launcher.log"
        with log.open("w") as out:
            demo = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=own, stdout=out, stderr=out
            )
            try:
                until_ready(demo, log)
                yield str(json.loads((Path(folder) / "demo.json").read_text())["url"])
            finally:
                demo.send_signal(signal.SIGINT)
                demo.wait(60)


def until_ready(demo: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while "is ready at" not in log.read_text():
        if demo.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"The demo did not start: {log.read_text()}")
        time.sleep(0.5)


def take_all(browser: Browser, url: str) -> Iterator[tuple[str, list[str]]]:
    """The pictures of each place that was there, person by person."""
    shown = [place for place in PLACES if place.shown]
    for who in dict.fromkeys(place.who for place in shown):
        page = signed_in(browser, url, who)
        for place in (place for place in shown if place.who == who):
            if pictures := take(page, place):
                yield place.name, pictures
        page.context.close()


def signed_in(browser: Browser, url: str, who: str) -> Page:
    context = browser.new_context(base_url=url, viewport=LOOKS[0][1], reduced_motion="reduce")
    context.set_default_timeout(20_000)
    page = context.new_page()
    if who:
        page.goto("/login/")
        page.fill("[name=username]", who)
        page.fill("[name=password]", "demo-only")
        page.click("form button")
        page.wait_for_url("**/inbox/**")
    return page


def take(page: Page, place: Place) -> list[str]:
    """One picture for each look; what of it could not be taken is said."""
    pictures = []
    try:
        page.set_viewport_size(LOOKS[0][1])
        address = place.find(page)
        for scheme, viewport in LOOKS if address else []:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(viewport)
            page.goto(str(address))
            place.then(page)
            name = f"{place.name}-{scheme}-{viewport['width']}.jpg"
            page.screenshot(path=SCREENS / name, type="jpeg", quality=QUALITY)
            pictures.append(name)
    except Error as error:
        print(f"{place.name}: {error.message.splitlines()[0]}")
    return pictures


def index(taken: dict[str, list[str]]) -> str:
    """The pictures in a table, in the order of the list."""
    lines = [
        "# Every page",
        "",
        "Taken from the demo by `make screens`. Light and dark at 1440 px, light at 380 px.",
        "",
        "| page | what it shows | light | dark | phone |",
        "|---|---|---|---|---|",
    ]
    for place in PLACES:
        if place.name in taken:
            pictures = [f"[![{name}]({name})]({name})" for name in taken[place.name]]
            cells = [*pictures, *["not taken"] * (len(LOOKS) - len(pictures))]
            lines.append(f"| {place.name} | {place.words} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
