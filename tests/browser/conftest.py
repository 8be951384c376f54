"""A whole installation, as `make demo` starts it, and a real Chromium to look at it with."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page

from tests.approvals.receivers import taking_mail

PATIENCE = 120
CHROMIUM = "/usr/bin/chromium"


# Playwright keeps an event loop in the thread in which later tests use the database, synchronously.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_itemcollected(item: pytest.Item) -> None:
    """All tests here share one installation, so one process of pytest runs them.

    Marked this early, because xdist names the groups before later hooks are asked.
    """
    if "browser" in Path(item.fspath).parts:
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": sandbox}


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo keeps what a clone has in `.data/`."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="session")
def mail() -> Iterator[SimpleNamespace]:
    """The mail server of the demo: `letters` has whatever anybody was sent, `url` leads there."""
    of_demo = SimpleNamespace()
    with taking_mail(of_demo) as box:
        url = f"smtp://{of_demo.EMAIL_HOST}:{of_demo.EMAIL_PORT}"
        yield SimpleNamespace(url=url, letters=box.letters)


@pytest.fixture(scope="session")
def demo(demo_folder: Path, mail: SimpleNamespace) -> Iterator[dict[str, Any]]:
    """What `.data/demo.json` of a running demo says."""
    data = demo_folder
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    own["EMAIL_URL"] = mail.url
    command = ["-m", "reviewqueue.launcher", "demo", "--data", str(data), "--port", str(port)]
    with (data / "launcher.log").open("w+") as log:
        launcher = subprocess.Popen(
            [sys.executable, *command], cwd=settings.BASE_DIR, env=own, stdout=log, stderr=log
        )
        try:
            _until_ready(launcher, data / "launcher.log")
            yield json.loads((data / "demo.json").read_text())
        finally:
            launcher.send_signal(signal.SIGINT)
            launcher.wait(30)


def _until_ready(launcher: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while "is ready at" not in log.read_text():
        if launcher.poll() is not None or time.monotonic() > end:
            pytest.fail(f"the demo did not start: {log.read_text()}")
        time.sleep(0.1)


@pytest.fixture
def new_context(browser: Browser, demo: dict[str, Any]) -> Iterator[Callable[..., BrowserContext]]:
    """Makes a browser of its own; nothing it logs as an error goes unseen."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def make(**options: Any) -> BrowserContext:
        defaults = {"viewport": {"width": 1440, "height": 900}, "base_url": demo["url"]}
        context = browser.new_context(**{**defaults, **options})
        context.set_default_timeout(20_000)
        context.on("console", lambda line: line.type == "error" and errors.append(line.text))
        context.on("weberror", lambda error: errors.append(str(error.error)))
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    refusals = ("404 (Not Found)", "409 (Conflict)", "422 (Unprocessable")
    overtaken = ("htmx:sendAbort", "htmx:afterRequest")  # a row that one has passed is not awaited
    unexpected = [
        line for line in errors if not any(known in line for known in (*refusals, *overtaken))
    ]
    assert not unexpected, f"the browser complained: {unexpected}"


@pytest.fixture
def sign_in(new_context: Callable[..., BrowserContext]) -> Callable[..., Page]:
    """A page on which this person is signed in."""

    def sign_in(username: str, **options: Any) -> Page:
        page = new_context(**options).new_page()
        page.goto("/login/")
        page.fill("[name=username]", username)
        page.fill("[name=password]", "demo-only")
        page.click("main button, form button")
        page.wait_for_url("**/inbox/**")
        return page

    return sign_in
