"""Reads a form out of a page, as a browser without JavaScript would post it."""

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

Posted = dict[str, list[str]]


def filled(html: str, form_id: str, changed: Mapping[str, Any] | None = None) -> Posted:
    """What the form posts, with the `changed` texts; not its buttons."""
    reader = _Reader(form_id)
    reader.feed(html)
    assert reader.found, f"there is no form {form_id}"
    for name, value in (changed or {}).items():
        reader.posted[name] = value if isinstance(value, list) else [value]
    return reader.posted


class _Reader(HTMLParser):
    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id, self.inside, self.found = form_id, False, False
        self.posted: Posted = {}
        self.area = self.select = ""
        self.text, self.options = "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "form":
            self.inside = said.get("id") == self.form_id
            self.found |= self.inside
        mine = self.inside if "form" not in said else said["form"] == self.form_id
        name = said.get("name") or ""
        match tag:
            case "input" if mine and name:
                if said.get("type") != "checkbox" or "checked" in said:
                    self._add(name, said.get("value") or "")
            case "textarea" if mine:
                self.area, self.text = name, ""
            case "select" if mine:
                self.select, self.options = name, 0
            case "option" if self.select:
                self._option(said)

    def _option(self, said: Mapping[str, str | None]) -> None:
        """The first option is chosen where no other one is."""
        self.options += 1
        if self.options > 1 and "selected" in said:
            self.posted[self.select].pop()
        if self.options == 1 or "selected" in said:
            self._add(self.select, said.get("value") or "")

    def handle_data(self, data: str) -> None:
        if self.area:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "form":
                self.inside = False
            case "select":
                self.select = ""
            case "textarea" if self.area:
                self._add(self.area, self.text.removeprefix("\n").replace("\n", "\r\n"))
                self.area = ""

    def _add(self, name: str, value: str) -> None:
        self.posted.setdefault(name, []).append(value)
