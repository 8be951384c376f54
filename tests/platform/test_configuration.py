"""docs/configuration.md and the settings name the same environment variables."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_variable_that_is_read_is_documented_and_every_documented_one_is_read():
    settings = (ROOT / "reviewqueue" / "settings.py").read_text()
    page = (ROOT / "docs" / "configuration.md").read_text().partition("\n## ")[0]
    read = re.findall(r'environment\.\w+\(\s*"(\w+)"', settings)
    documented = re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)
    assert sorted(documented) == sorted(set(read))
