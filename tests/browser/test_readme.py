"""The README's agents, run as they stand there, with a person deciding in between."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

ROOT = Path(settings.BASE_DIR)


def commands(demo: dict[str, Any], folder: Path) -> str:
    """The block of the README, at this demo's address and with this Python."""
    blocks = (ROOT / "README.md").read_text().split("```sh\n")[1:]
    block = next(text.split("```")[0] for text in blocks if "actions/$ID/release" in text)
    return (
        block.replace("http://127.0.0.1:8000", demo["url"])
        .replace(".data/demo.json", str(folder / "demo.json"))
        .replace(".venv/bin/python", sys.executable)
        .replace("@examples/", f"@{ROOT}/examples/")
    )


def program(demo: dict[str, Any], folder: Path) -> str:
    """The Python of the README, with this demo's settings."""
    (block,) = (ROOT / "README.md").read_text().split("```python\n")[1:]
    return block.split("```")[0].replace(".data/demo.json", str(folder / "demo.json"))


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[list[str]], subprocess.Popen[str]]]:
    """Starts a command, and ends it with the test."""
    running: list[subprocess.Popen[str]] = []

    def start(command: list[str]) -> subprocess.Popen[str]:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        running.append(subprocess.Popen(command, cwd=tmp_path, env=os.environ, **streams))
        return running[-1]

    yield start
    for each in running:
        each.kill()
        each.wait()


def open_row(page: Page, words: str) -> None:
    """Waits until an action with these words is in the inbox, and opens it."""
    row = page.locator("li.row", has_text=words).last
    for _ in range(40):
        if row.count():
            break
        page.wait_for_timeout(500)
        page.goto("/inbox/?q=northwind")
    page.goto(str(row.locator("a.what").get_attribute("href")))


def test_an_agent_in_ten_lines_of_python(
    sign_in: Callable[..., Page],
    started: Callable[[list[str]], subprocess.Popen[str]],
    demo: dict[str, Any],
    demo_folder: Path,
) -> None:
    agent = started([sys.executable, "-c", program(demo, demo_folder)])
    page = sign_in("rita")
    open_row(page, "Your export")
    page.goto(f"{page.url.split('?')[0]}edit")
    page.locator("[name='f/body']").fill("It runs at seven.")
    for box in page.locator("#edit-form input[name=checked]").all():
        box.check()
    page.locator("button[form=edit-form].main").click()
    expect(page.locator("#toast")).to_contain_text("pproved")
    said, _ = agent.communicate(timeout=60)
    assert (agent.returncode, said) == (0, "sent to lena@northwind.example: It runs at seven.\n")


def test_the_main_job_in_ten_lines_of_curl(
    sign_in: Callable[..., Page],
    started: Callable[[list[str]], subprocess.Popen[str]],
    demo: dict[str, Any],
    demo_folder: Path,
) -> None:
    terminal = started(["bash", "-c", f"set -e\n{commands(demo, demo_folder)}"])
    page = sign_in("rita")
    open_row(page, "Your question about the export")
    page.locator("summary[data-key=a]").click()
    for box in page.locator("details.drop[open] input[name=checked]").all():
        box.check()
    page.locator("details.drop[open] button.btn.main").click()
    expect(page.locator("#toast")).to_contain_text("Approved")
    said, _ = terminal.communicate(timeout=60)
    assert terminal.returncode == 0, said
    assert said.rstrip().endswith("}")
    assert '"state":"succeeded"' in said.replace(" ", "")
