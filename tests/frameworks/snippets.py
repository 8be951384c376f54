"""The Python of docs/wire.md, run as it stands there: its snippets are what these tests resume
the frameworks with."""

import os
import re
from types import SimpleNamespace
from typing import Any

from tests.frameworks.product import ROOT, Product

FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def under(heading: str, product: Product) -> SimpleNamespace:
    """What the snippet under a heading defines, on top of the one for all."""
    sections = (ROOT / "docs" / "wire.md").read_text().split("\n## ")
    by_name = {section.partition("\n")[0]: section for section in sections}
    os.environ |= {"REVIEW_QUEUE_URL": product.url, "REVIEW_QUEUE_TOKEN": product.token}
    names: dict[str, Any] = {}
    for name in ("Three calls", heading):
        (code,) = FENCE.findall(by_name[name])
        exec(compile(code, f"docs/wire.md: {name}", "exec"), names)
    return SimpleNamespace(**names)
