"""Form fields whose typed text stands for a value of the document, and is only read if changed."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from agents_registry.spec import text as spec_text

Choice = tuple[str, str]
Options = Sequence[Choice]

SPAN = re.compile(r"(\d{1,2}:\d{2})\s*(?:-|–|to|until)\s*(\d{1,2}:\d{2})")
ALL_DAY = [["00:00", "24:00"]]
COUNT = re.compile("[1-9]|10")


class Text(forms.CharField):
    """Text as the document holds it: line ends are one character, spaces inside are kept."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, **options})

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if isinstance(text, str) else text

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the text differs from the one that was shown, not counting what is trimmed."""
        return not self.disabled and _plain(self.prepare_value(initial)) != _plain(data)


class Lines(Text):
    """A list of sentences, one a line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"widget": forms.Textarea, **options})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        lines = (line.strip() for line in str(super().clean(value)).splitlines())
        return [line for line in lines if line]


class Rules(Text):
    """A list of rules as a file of the operating model writes them, in YAML."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return spec_text.dump(value) if value else ""

    def clean(self, value: Any) -> Any:
        try:
            return spec_text.load(str(super().clean(value))) or []
        except ValueError as error:
            raise ValidationError(str(error)) from None


class Hours(Text):
    """The opening hours of a day: `09:00-12:30, 13:00-17:00`, `all day`, or nothing: closed."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return "all day" if value == ALL_DAY else ", ".join(f"{o}-{c}" for o, c in value)

    def clean(self, value: Any) -> list[list[str]]:
        text = str(super().clean(value)).strip().lower()
        if text == "all day":
            return ALL_DAY
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return [_span(part) for part in parts if part != "closed"]


class Count(Text):
    """How many times, from once to ten times; nothing stands for once."""

    def clean(self, value: Any) -> int:
        text = str(super().clean(value)).strip()
        if text and not COUNT.fullmatch(text):
            raise ValidationError("Write a number from 1 to 10.")
        return int(text or 1)


def text(label: str, hint: str = "", *, longest: int = 120, **options: Any) -> Text:
    """One line of text."""
    return Text(label=label, help_text=hint, max_length=longest, **options)


def long_text(label: str, hint: str = "", **options: Any) -> Text:
    """Text of several lines."""
    area = forms.Textarea(attrs={"rows": 3})
    return Text(label=label, help_text=hint, max_length=20_000, widget=area, **options)


def lines(label: str, hint: str = "") -> Lines:
    return Lines(label=label, help_text=hint, widget=forms.Textarea(attrs={"rows": 4}))


def count(label: str) -> Count:
    number = forms.TextInput(attrs={"inputmode": "numeric"})
    return Count(label=label, help_text="3 times; empty: once.", max_length=8, widget=number)


def whole(
    label: str, hint: str = "", *, most: int, least: int = 1, required: bool = True
) -> forms.IntegerField:
    """A whole number from `least` on; None where it may be left empty and is."""
    number = forms.TextInput(attrs={"inputmode": "numeric"})
    return forms.IntegerField(
        label=label,
        help_text=hint,
        min_value=least,
        max_value=most,
        required=required,
        widget=number,
    )


def rules(label: str, hint: str = "") -> Rules:
    area = forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "input as-code"})
    return Rules(label=label, help_text=hint, max_length=20_000, widget=area)


def one_of(label: str, options: Options, hint: str = "", **more: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=options, help_text=hint, **more)


def some_of(label: str, options: Options, hint: str = "") -> forms.MultipleChoiceField:
    """Any of the options, each with a box of its own; held as the document holds them, sorted."""
    boxes = forms.CheckboxSelectMultiple
    return Some(label=label, choices=options, help_text=hint, required=False, widget=boxes)


class Some(forms.MultipleChoiceField):
    def clean(self, value: Any) -> list[str]:
        return sorted(super().clean(value))


def yes_or_no(label: str, hint: str = "") -> forms.BooleanField:
    return forms.BooleanField(label=label, help_text=hint, required=False)


def _span(words: str) -> list[str]:
    found = SPAN.fullmatch(words)
    if found is None:
        raise ValidationError(f"“{words[:40]}” is no time span. Write it like 09:00-17:00.")
    return [clock.rjust(5, "0") for clock in found.groups()]


def _plain(value: Any) -> str:
    """Text as browsers send it back: trimmed, with one kind of line end."""
    return str(value or "").replace("\r\n", "\n").strip()
