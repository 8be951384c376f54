"""The README's ten lines of curl, run as they stand there, with a person approving in between."""

import os
import subprocess
import sys
from collections.abc import Callable
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


@pytest.fixture
def terminal(demo: dict[str, Any], demo_folder: Path, tmp_path: Path) -> Any:
    script = f"set -e\n{commands(demo, demo_folder)}"
    running = subprocess.Popen(
        ["bash", "-c", script], cwd=tmp_path, env=os.environ, stdout=subprocess.PIPE, text=True
    )
    yield running
    running.kill()


def test_the_main_job_in_ten_lines_of_curl(
    sign_in: Callable[..., Page], terminal: subprocess.Popen[str]
) -> None:
    page = sign_in("rita")
    row = page.locator("li.row", has_text="lena@northwind.example").last
    for _ in range(20):
        if row.count():
            break
        page.wait_for_timeout(500)
        page.goto("/inbox/?q=northwind")
    page.goto(str(row.locator("a.what").get_attribute("href")))
    page.locator("summary[data-key=a]").click()
    for box in page.locator("details.drop[open] input[name=checked]").all():
        box.check()
    page.locator("details.drop[open] button.btn.main").click()
    expect(page.locator("#toast")).to_contain_text("Approved")
    said, _ = terminal.communicate(timeout=60)
    assert terminal.returncode == 0, said
    assert said.rstrip().endswith("}")
    assert '"state":"succeeded"' in said.replace(" ", "")
