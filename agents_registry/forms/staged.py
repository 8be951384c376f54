"""The question that the page of a calendar answers: if staged then, with so long, due when?"""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from agents_registry.calendar_days import is_skipped
from agents_registry.calendars import Calendar
from agents_registry.forms.fields import text
from agents_registry.sla import Duration, due_at

YEARS = range(2000, 2101)


class StagedForm(forms.Form):
    """`at` is a time on the calendar's clock; `due` is the answer of a form that is valid."""

    at = forms.CharField(
        label="Staged at",
        max_length=40,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": "input"}),
    )
    within = text("Decided within", "1 business day, 4 business hours, 90 minutes.", longest=40)

    due: datetime

    def __init__(
        self, calendar: Calendar, data: QueryDict | None = None, *, at: datetime, within: str
    ) -> None:
        local = at.astimezone(calendar.zone)
        shown = local.replace(tzinfo=None).isoformat(timespec="minutes")
        super().__init__(data, initial={"at": shown, "within": within}, auto_id="due_%s")
        self.calendar = calendar
        self.fields["at"].help_text = f"On the clock of {calendar.time_zone.replace('_', ' ')}."
        self.fields["within"].required = True
        self.fields["within"].widget.attrs |= {"class": "input", "autocomplete": "off"}

    def clean_at(self) -> datetime:
        try:
            wall = datetime.fromisoformat(self.cleaned_data["at"])
        except ValueError:
            raise ValidationError("Write a day and a time like 2026-11-24 15:00.") from None
        if wall.tzinfo is not None:
            raise ValidationError("Leave the zone out: it is that of the calendar.")
        if wall.year not in YEARS:
            raise ValidationError(f"Write a year from {YEARS[0]} to {YEARS[-1]}.")
        if is_skipped(self.calendar, wall):
            raise ValidationError("The clock skips this time: it is put ahead over it.")
        return wall.replace(tzinfo=self.calendar.zone)

    def clean_within(self) -> Duration:
        try:
            duration = Duration.parse(self.cleaned_data["within"])
        except ValueError as error:
            raise ValidationError(str(error)) from None
        if not duration.amount:
            raise ValidationError("It takes no time at all.")
        return duration

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if {"at", "within"} <= said.keys():
            try:
                self.due = due_at(said["at"], said["within"], self.calendar)
            except ValueError as error:
                self.add_error("within", str(error))
        return said
