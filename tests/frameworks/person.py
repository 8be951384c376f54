"""A reviewer over plain HTTP: signs in, reads the action's page, and posts the form that it has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Literal

import httpx

Verdict = Literal["approve", "edit", "reject", "ask_for_changes", "take_over"]
POSTED = {
    "approve": "approved",
    "reject": "rejected",
    "ask_for_changes": "changes_requested",
    "take_over": "taken_over",
}


@dataclass
class Form:
    """Where a form of a page leads, what it posts as it stands, and the boxes one may tick."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    boxes: list[tuple[str, str]] = field(default_factory=list)


class Person:
    """One signed-in browser without JavaScript."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.http = httpx.Client(base_url=url, follow_redirects=True, timeout=60)
        page = self.http.get("/login/")
        (form,) = [form for form in forms_of(page.text) if "username" in form.fields]
        filled = form.fields | {"username": username, "password": password}
        page = self.http.post("/login/", data=filled, headers=self._from("/login/"))
        assert page.url.path == "/inbox/", page.text

    def decide(
        self,
        action_id: str,
        verdict: Verdict,
        payload: Mapping[str, Any] | None = None,
        *,
        comment: str = "",
        reason: str = "wrong_facts",
    ) -> None:
        """Decides as a person does. `payload` has the top-level fields that an edit changes."""
        if verdict == "edit":
            self._edit(action_id, payload or {}, comment)
        else:
            self._decide(action_id, POSTED[verdict], comment, reason)

    def _decide(self, action_id: str, verdict: str, comment: str, reason: str) -> None:
        page = self.http.get(f"/actions/{action_id}/")
        forms = forms_of(page.raise_for_status().text)
        form = next(form for form in forms if form.fields.get("verdict") == verdict)
        words = {"comment": comment} | ({"reason": reason} if verdict == "rejected" else {})
        self._post(form, form.fields | words)

    def _edit(self, action_id: str, payload: Mapping[str, Any], comment: str) -> None:
        page = self.http.get(f"/actions/{action_id}/edit")
        forms = forms_of(page.raise_for_status().text)
        form = next(form for form in forms if form.fields.get("verdict") == "edited")
        changed = {f"f/{name}": str(value) for name, value in payload.items()}
        assert changed.keys() <= form.fields.keys(), f"{changed} are not all in {form.fields}"
        self._post(form, form.fields | changed | {"comment": comment})

    def _post(self, form: Form, filled: dict[str, str]) -> None:
        ticked: dict[str, list[str]] = {}
        for name, value in form.boxes:
            ticked.setdefault(name, []).append(value)
        answer = self.http.post(
            form.action, data={**filled, **ticked}, headers=self._from(form.action)
        )
        assert answer.is_success, answer.text
        assert answer.history, f"The page came again instead of the next one: {answer.text}"

    def _from(self, path: str) -> dict[str, str]:
        return {"Referer": f"{self.http.base_url}{path.lstrip('/')}"}


def forms_of(page: str) -> list[Form]:
    reader = _Reader()
    reader.feed(page)
    return reader.forms


class _Reader(HTMLParser):
    """Collects the forms that post, as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.inside = False
        self.area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = given.get("method") == "post"
            if self.inside:
                self.forms.append(Form(given.get("action", "")))
        elif self.inside and tag == "input":
            self._input(given)
        elif self.inside and tag == "textarea":
            self.area = given.get("name", "")
            self.forms[-1].fields[self.area] = ""
        elif self.inside and tag == "select":
            self.select = given.get("name", "")
            self.forms[-1].fields[self.select] = ""
        elif self.inside and tag == "option" and "selected" in given:
            self.forms[-1].fields[self.select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "textarea":
            self.area = ""

    def handle_data(self, data: str) -> None:
        if self.inside and self.area:
            # The first line break of a textarea is not part of its value.
            kept = self.forms[-1].fields[self.area]
            self.forms[-1].fields[self.area] = kept + (data if kept else data.removeprefix("\n"))

    def _input(self, given: dict[str, str]) -> None:
        name, value = given.get("name", ""), given.get("value", "")
        if given.get("type") == "checkbox":
            if name == "checked" or "checked" in given:
                self.forms[-1].boxes.append((name, value or "on"))
        elif given.get("type") != "radio" and name:
            self.forms[-1].fields[name] = value
