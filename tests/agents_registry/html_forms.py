"""Reads the forms of a page as a browser without JavaScript does, and says what it would post."""

from collections import defaultdict
from html.parser import HTMLParser

Posted = dict[str, list[str]]


class _Forms(HTMLParser):
    """Each form by its id or else its action; buttons are not pressed, so they post nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, Posted] = {}
        self.form: Posted | None = None
        self.select: tuple[str, list[str], list[str]] | None = None
        self.area: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        name = said.get("name") or ""
        if tag == "form":
            self.form = defaultdict(list)
            self.forms[said.get("id") or said.get("action") or ""] = self.form
        elif self.form is None or "disabled" in said:
            return
        elif tag == "input" and name:
            self._input(name, said)
        elif tag == "textarea":
            self.area = (name, [])
        elif tag == "select":
            self.select = (name, [], [])
        elif tag == "option" and self.select:
            _, chosen, first = self.select
            (chosen if "selected" in said else first).append(said.get("value") or "")

    def handle_data(self, data: str) -> None:
        if self.area:
            self.area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif self.form is None:
            return
        elif tag == "textarea" and self.area:
            name, parts = self.area
            text = "".join(parts).removeprefix("\n").replace("\r\n", "\n")
            self.form[name].append(text.replace("\n", "\r\n"))
            self.area = None
        elif tag == "select" and self.select:
            name, chosen, first = self.select
            self.form[name] += chosen or first[:1]
            self.select = None

    def _input(self, name: str, said: dict[str, str | None]) -> None:
        assert self.form is not None
        if said.get("type") not in {"checkbox", "radio"} or "checked" in said:
            self.form[name].append(said.get("value") or "")


def forms_of(html: str) -> dict[str, Posted]:
    reader = _Forms()
    reader.feed(html)
    return {name: dict(form) for name, form in reader.forms.items()}
