"""Fills the form of an action type in as a browser does, and posts what a person changed."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from agents_registry.rule_forms import reading, showing
from agents_registry.rule_forms.reading import Draft
from agents_registry.spec.rows import Row


def as_browser(draft: Draft, changed: Mapping[str, Any] | None = None) -> QueryDict:
    """What a browser sends of a shown draft, with the `changed` texts by their pointers."""
    post = QueryDict(mutable=True)
    shown = showing.sections(draft, {}, {})
    for section in shown:
        for item in section.items:
            for rule in getattr(item, "rules", ()):
                post[rule.pointer] = rule.origin
    for field in showing.fields(shown):
        post.setlist(field.pointer, [_on_the_wire(field.control, v) for v in field.values])
    for pointer, value in (changed or {}).items():
        post.setlist(pointer, list(value) if isinstance(value, list | tuple) else [value])
    post[reading.LAST] = "1"
    return post


def _on_the_wire(control: str, value: str) -> str:
    """Browsers send line ends as CR LF, and an input of one line has none."""
    if control in {"area", "code", "json"}:
        return value.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    return value.replace("\n", "").replace("\r", "")


def typed(row: Row, **changed: Any) -> Draft:
    """The draft of a stored row after these changes; `/` in a name is written `__`."""
    pointers = {f"/{name.replace('__', '/')}": value for name, value in changed.items()}
    return reading.read(as_browser(reading.unread(row), pointers), row)
