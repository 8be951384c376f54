"""The form of a channel: where it goes, how soon it is used, and when it is quiet."""

from typing import Any

from django import forms
from django.http import QueryDict

from agents_registry import own_settings
from agents_registry.models import Person
from approvals.channels import LONGEST_ADDRESS, LONGEST_NAME, Holder, Wishes
from approvals.models import Channel, ChannelKind, Pace
from approvals.notices.hours import Hours

PACES = [
    (Pace.AT_ONCE.value, "At once, outside of the quiet hours"),
    (Pace.DIGEST.value, "Once a day, together"),
    (Pace.NEVER.value, "Never"),
]
ADDRESS = {
    ChannelKind.CHAT: (
        "Address of the room",
        "As Apprise writes it: slack://…, msteams://…, mattermosts://… No page shows it again.",
    ),
    ChannelKind.WEBHOOK: (
        "Address",
        "It begins with https://, and its host is on the public internet. No page shows it again.",
    ),
}
HELD_BACK = "What comes in between waits for their end. Empty: no hour is quiet."


class ChannelForm(forms.Form):
    """`wishes()` of a valid one is what the verbs take. A new one is in `time_zone` at first."""

    name = forms.CharField(label="Name", max_length=LONGEST_NAME)
    address = forms.CharField(max_length=LONGEST_ADDRESS)
    own = forms.ChoiceField(label="What is addressed to me", choices=PACES)
    pools = forms.ChoiceField(label="What waits with my pools", choices=PACES)
    quiet_from = forms.TimeField(label="Quiet from", required=False, help_text=HELD_BACK)
    quiet_until = forms.TimeField(label="Quiet until", required=False)
    digest_at = forms.TimeField(label="The day’s digest leaves at")
    time_zone = forms.ChoiceField(label="In the time of", choices=own_settings.zones)

    def __init__(
        self,
        holder: Holder,
        kind: str,
        channel: Channel | None,
        data: QueryDict | None = None,
        *,
        time_zone: str,
    ) -> None:
        super().__init__(data, initial=_initial(channel or Channel(time_zone=time_zone)))
        for name in _not_asked(holder, kind, channel):
            del self.fields[name]
        if "address" in self.fields:
            label, hint = ADDRESS[ChannelKind(kind)]
            self.fields["address"].label, self.fields["address"].help_text = label, hint
        if "own" not in self.fields:
            self.fields["pools"].label = f"What waits with {holder}"
        for name, field in self.fields.items():
            _dress(name, field)

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if not self.errors and (said["quiet_from"] is None) != (said["quiet_until"] is None):
            missing = "quiet_until" if said["quiet_until"] is None else "quiet_from"
            self.add_error(missing, "Quiet hours have a beginning and an end. Give both, or none.")
        return said

    def wishes(self) -> Wishes:
        said = self.cleaned_data
        hours = Hours(
            time_zone=said["time_zone"],
            quiet_from=said["quiet_from"],
            quiet_until=said["quiet_until"],
            digest_at=said["digest_at"],
        )
        return Wishes(own=said.get("own", Pace.NEVER), pools=said["pools"], hours=hours)


def _not_asked(holder: Holder, kind: str, channel: Channel | None) -> set[str]:
    """An address is given once, a mailbox has its account's, and a pool has nothing of its own."""
    left_out = set() if isinstance(holder, Person) else {"own"}
    if kind == ChannelKind.EMAIL:
        return left_out | {"name", "address"}
    return left_out | ({"address"} if channel else set())


def _initial(channel: Channel) -> dict[str, Any]:
    """As it is; a new one as the row itself would have it."""
    names = ("name", "own", "pools", "quiet_from", "quiet_until", "digest_at", "time_zone")
    return {name: getattr(channel, name) for name in names}


def _dress(name: str, field: forms.Field) -> None:
    if name in {"own", "pools"}:
        field.widget = forms.RadioSelect(choices=PACES)
        return
    if isinstance(field, forms.TimeField):
        field.widget = forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    field.widget.attrs.update({"class": "input", "autocomplete": "off"})
