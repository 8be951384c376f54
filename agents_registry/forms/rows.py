"""One row of the operating model as a Django form that writes back only what was changed."""

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.text import slugify

from agents_registry.forms import fields
from agents_registry.spec.problems import Problem
from agents_registry.spec.rows import Row

Fields = Mapping[str, forms.Field]
"""Fields by their place in the row, with `-` for `/`: `owners-risk_owner`, `stages-0-who`."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of a kind of row; `finish` sets right what single fields cannot.

    `begin` lays out what one part of the row says but several fields show; `finish` undoes it.
    """

    fields: Fields
    begin: Callable[[Row], Row] = lambda row: row
    finish: Callable[[Row], Row] = lambda row: row


class RowForm(forms.Form):
    """A row with the fields of it that a page lets people write.

    `base` is the digest of the row that was shown, `key` the field for the name of a new one.
    What no field shows, and what nobody changed, stays in the row exactly as it was.
    """

    def __init__(
        self,
        shape: Shape,
        row: Row,
        data: QueryDict | None = None,
        *,
        base: str = "",
        key: forms.Field | None = None,
    ) -> None:
        row = shape.begin(row)
        super().__init__(data, initial={name: _at(row, name) for name in shape.fields})
        self.original, self.finish, self.shown = row, shape.finish, tuple(shape.fields)
        self.fields.update(shape.fields)
        if key is not None:
            self.fields["key"] = key
        self.fields["reason"] = fields.text("Why", "It stands beside the change.", longest=2000)
        self.fields["base"] = forms.CharField(
            required=False, widget=forms.HiddenInput, initial=base
        )
        for field in self.fields.values():
            if not isinstance(field.widget, forms.CheckboxInput | forms.CheckboxSelectMultiple):
                field.widget.attrs.setdefault("class", "input")
                field.widget.attrs.setdefault("autocomplete", "off")

    def row(self) -> Row:
        """The row as it shall be; only of a form that is valid."""
        row = copy.deepcopy(self.original)
        for name in self.shown:
            if name in self.changed_data:
                _put(row, name, self.cleaned_data[name])
        return self.finish(row)

    def name_of_new(self, taken: Callable[[str], bool]) -> str:
        """What the new row is called, from its name where nothing else was typed."""
        if not self.is_valid():
            return ""
        said = str(self.cleaned_data["key"])
        name = said or slugify(self.cleaned_data.get("name", ""))[:50].strip("-_")
        if not name:
            self.add_error("key", "Give it a short name: none can be made from its name.")
        elif taken(name):
            self.add_error("key", f"There is already one called {name}.")
        return name

    def lock(self, names: Iterable[str], because: str) -> None:
        """Shows these fields without letting anybody write them, and says who may."""
        for name in names:
            self.fields[name].disabled = True
            self.fields[name].help_text = because

    def blame(self, problems: Iterable[Problem]) -> None:
        """Shows each problem at the field that its place leads to, else above the form."""
        for problem in problems:
            name = self._field_at(problem.place)
            words = problem.sentence if name or not problem.place else str(problem)
            self.add_error(name, words)

    def _field_at(self, place: str) -> str | None:
        """The field at the place, at the nearest one around it, or the first one inside."""
        steps = place.split("[")[0].strip("/").split("/")
        for length in range(len(steps), 0, -1):
            name = "-".join(steps[:length])
            inside = (shown for shown in self.shown if f"{shown}-".startswith(f"{name}-"))
            if (found := next(inside, None)) is not None:
                return found
        return None


def steps_of(name: str) -> list[str]:
    return name.split("-")


def _at(row: Any, name: str) -> Any:
    """What stands at the field's place in the row; None where the way there ends."""
    for step in steps_of(name):
        match row:
            case dict():
                row = row.get(step)
            case list() if int(step) < len(row):
                row = row[int(step)]
            case _:
                return None
    return row


def _put(row: Any, name: str, value: Any) -> None:
    """Puts the value at the field's place; a list grows by rows that are still empty."""
    *way, last = steps_of(name)
    for step in way:
        if isinstance(row, list):
            row.extend({} for _ in range(int(step) + 1 - len(row)))
            row = row[int(step)]
        else:
            row[step] = {} if row.get(step) is None else row[step]
            row = row[step]
    row[last] = value
