"""A reviewer who never touches the mouse: presses keys, counts them, and reads before deciding."""

import re
from dataclasses import dataclass, field

from playwright.sync_api import Page

REST = 650
"""Milliseconds: a verdict key counts only after 600 ms on screen."""

ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+\w")


@dataclass
class Hand:
    """`pressed` counts keys that do something, `written` the characters of texts."""

    page: Page
    pressed: int = 0
    written: int = 0
    decided: list[str] = field(default_factory=list)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.pressed += len(keys)

    def write(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.written += len(text)

    def on_screen(self) -> str:
        """The id of the action that is shown; empty where none is."""
        detail = self.page.locator("#detail")
        return detail.get_attribute("data-action") or "" if detail.count() else ""

    def next(self, key: str = "j") -> None:
        """To the next row, and waits until it is shown."""
        before = self.on_screen()
        self.press(key)
        self._until_not(before)

    def decide(self, *keys: str, text: str = "") -> None:
        """A verdict by these keys; with a text, it is written before the last of them."""
        before = self.on_screen()
        self.page.wait_for_timeout(REST)
        if text:
            self.press(*keys[:-1])
            self.write(text)
            self.press(keys[-1])
        else:
            self.press(*keys)
        self._until_not(before)
        self.decided.append(before)

    def approve(self) -> None:
        """In the top tier it says that the first thing of the list was checked."""
        asked = self.page.locator("summary[data-key=a]").count()
        self.decide(*(["a", "Space", "Control+Enter"] if asked else ["a"]))

    def reject(self, reason: int) -> None:
        self.decide("r", str(reason), "Enter")

    def contradicts_its_sources(self) -> bool:
        """Whether the sentence names an address that no source names: a reader sees that."""
        sentence = self.page.locator("#sentence").inner_text()
        sources = self.page.locator("[aria-labelledby=h-ev]").inner_text()
        return not set(ADDRESS.findall(sentence)) <= set(ADDRESS.findall(sources))

    def _until_not(self, before: str) -> None:
        shown = "before => (document.querySelector('#detail')?.dataset.action ?? '') !== before"
        self.page.wait_for_function(shown, arg=before, polling=50)
