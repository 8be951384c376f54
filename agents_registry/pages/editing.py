"""One row of the registry as a page shows it: a form for who may write it, facts for the rest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from django.forms import (
    BoundField,
    CheckboxInput,
    CheckboxSelectMultiple,
    ChoiceField,
    Form,
    Textarea,
)

from agents_registry import change_requests, words
from agents_registry.changes.rights import HOLDERS, Right
from agents_registry.editing import Edited
from agents_registry.forms.fields import Options
from agents_registry.forms.kinds import KINDS
from agents_registry.forms.rows import RowForm
from agents_registry.forms.times import ASKED, WHOM
from agents_registry.forms.workflows import DEPUTIES, OWNERS
from agents_registry.models import ChangeRequest
from agents_registry.pages.timing import DAYS

LAYOUT: dict[str, dict[str, tuple[str, ...]]] = {
    "calendars": {
        "": ("name", "key", "time_zone"),
        "Hours of each day, like 09:00-12:30, 13:00-17:00. Empty: closed": tuple(
            f"hours-{day}" for day in DAYS
        ),
        "Days off": ("holidays-country", "holidays-subdivision", "days_off"),
    },
    "workflows": {
        "": ("name", "key", "purpose"),
        "Who decides": (*OWNERS, "pool"),
        "Who stands in for an owner who is away without a delegate": DEPUTIES,
        "Until when, and who is asked then": ("sla", "calendar", "chain", "when_stopped"),
        "When a step comes to nothing that other actions wait for": (
            *("after_failed_step", "after_rejected_step", "step_retries"),
        ),
        "Who may stage": ("agents",),
        "Its operating model": (
            *("trigger", "evaluation", "failure_modes", "success_metric"),
            *("pause_when", "runbook", "standards", "window_thresholds"),
        ),
    },
}
"""Which fields stand together under which heading; all others stand together without one."""
META = ("reason", "base")
NEVER_OPTIONAL = ("hours-", "stages-", "deputies-", "first_")
"""Fields that say themselves what it means to leave them empty."""

Crumb = tuple[str, str]
"""An address and its words; the last one of a page has no address."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field as the template draws it; `shape` is box, boxes, wide or line."""

    html: BoundField
    shape: str
    optional: bool
    errors: list[str]


@dataclass(frozen=True, slots=True)
class Group:
    """Fields under one heading; `step` is the number of a chain's step, which can be taken out.

    `more` is folded away while nothing is said in it.
    """

    title: str
    fields: list[Field]
    step: int | None = None
    last_step: bool = False
    more: list[Field] = field(default_factory=list)

    @property
    def open(self) -> bool:
        return any(each.html.value() or each.errors for each in self.more)

    @property
    def side_by_side(self) -> str:
        """How its fields stand beside each other: long texts need more room."""
        wide = any(isinstance(each.html.field.widget, Textarea) for each in self.fields)
        return "two" if wide or self.fields[0].shape == "boxes" else "pair"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line of the summary above a refused form."""

    field_id: str
    label: str
    message: str


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Why nothing was saved. `lines` says what is different now."""

    title: str
    body: str
    lines: list[Fact] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPage:
    """The whole page. Without `may_edit` it shows `facts`, and `who_may` says who could."""

    section: str
    title: str
    lead: str
    crumbs: list[Crumb]
    groups: list[Group]
    hidden: BoundField
    reason: Field
    wrong: list[Wrong]
    facts: list[Fact]
    may_edit: bool
    who_may: str
    save_words: str
    back_url: str
    notice: Notice | None


def page(
    form: RowForm,
    section: str,
    *,
    title: str,
    crumbs: list[Crumb],
    right: Right,
    may_edit: bool,
    new: bool = False,
    checked: bool = False,
    notice: Notice | None = None,
) -> RowPage:
    """The form as it stands; `checked` shows what is wrong with it."""
    kind = KINDS[section]
    return RowPage(
        section=section,
        title=title,
        lead=kind.lead,
        crumbs=crumbs,
        groups=groups(form, section, checked=checked),
        hidden=form["base"],
        reason=next(_fields(form, ["reason"], checked)),
        wrong=wrong(form) if checked else [],
        facts=facts(form),
        may_edit=may_edit,
        who_may=f"{words.any_of(HOLDERS[right])} may change this.",
        save_words=f"Add this {kind.noun}" if new else "Save",
        back_url=crumbs[-2][0],
        notice=notice,
    )


def done_words(edited: Edited) -> str:
    """What became of a row that was saved, and whose signature the rest waits for."""
    if edited.request is None:
        return "Saved." if edited.done else "Nothing was changed."
    waits = f"It waits for {signer(edited.request)}."
    return f"Saved, but for one part. {waits}" if edited.done else waits


def signer(request: ChangeRequest) -> str:
    """Whose signature a request waits for."""
    workflow = change_requests.workflow_of(request)
    if request.takes == "risk_owner" and workflow:
        return f"{workflow.risk_owner}’s signature"
    if request.takes == "governance_lead" and request.team.governance_lead:
        return f"{request.team.governance_lead}’s signature"
    return change_requests.SIGNERS[request.takes]


def groups(form: RowForm, section: str, *, checked: bool) -> list[Group]:
    """Every field of the form once, in the order of its section; errors only where `checked`."""
    layout = dict(LAYOUT.get(section, {"": ("name", "key")}))
    placed = {name for names in layout.values() for name in names}
    rest = [name for name in form.fields if name not in placed and name not in META]
    if section == "chains":
        return _chain_groups(form, checked)
    if section not in LAYOUT:
        layout[""] = (*layout[""], *rest)
    return [
        Group(title, list(_fields(form, names, checked)))
        for title, names in layout.items()
        if any(name in form.fields for name in names)
    ]


def fields_of(form: Form, *, checked: bool) -> list[Field]:
    """Every field of a form that is no row's, in its order."""
    return list(_fields(form, form.fields, checked))


def wrong(form: Form) -> list[Wrong]:
    """What a checked form complains of, in the order of its fields."""
    found = [Wrong("", "", str(error)) for error in form.non_field_errors()]
    for bound in form:
        at = bound.id_for_label or bound.auto_id
        found += [Wrong(at, str(bound.label), str(error)) for error in bound.errors]
    return found


def facts(form: RowForm) -> list[Fact]:
    """The row in words, for those who may only read it."""
    return [Fact(str(form[name].label), said(form, name)) for name in form.shown]


def differences(form: RowForm) -> list[Fact]:
    """Of a form over the row as it is now: what stands there where something else was typed."""
    return [
        Fact(str(form[name].label), said(form, name))
        for name in form.shown
        if name in form.changed_data
    ]


def said(form: RowForm, name: str) -> str:
    """The stored value of a field as people read it."""
    made, value = form.fields[name], form.initial.get(name)
    if isinstance(made.widget, CheckboxInput):
        return "yes" if value else "no"
    if isinstance(made, ChoiceField):
        labels = dict(cast(Options, made.choices))
        values = value if isinstance(value, list) else [value]
        return ", ".join(labels.get(one, str(one)) for one in values if one) or "none"
    return str(made.prepare_value(value) or "") or ("closed" if "hours-" in name else "not said")


def _chain_groups(form: RowForm, checked: bool) -> list[Group]:
    steps = sum(1 for name in form.shown if name.endswith("-who"))
    stages = [
        Group(
            f"Step {number + 1}",
            list(_fields(form, [f"stages-{number}-{part}" for part in ASKED], checked)),
            step=number,
            last_step=number == steps - 1,
            more=list(_fields(form, [f"stages-{number}-{part}" for part in WHOM], checked)),
        )
        for number in range(steps)
    ]
    return [
        Group("", list(_fields(form, ("name", "key", "first_remind", "first_repeat"), checked))),
        *stages,
        Group("When nobody has answered", list(_fields(form, ("fallback",), checked))),
    ]


def _fields(form: Form, names: Iterable[str], checked: bool) -> Iterator[Field]:
    for name in names:
        if name in form.fields:
            bound = form[name]
            errors = [str(error) for error in bound.errors] if checked else []
            made = form.fields[name]
            optional = not made.required and not name.startswith(NEVER_OPTIONAL)
            yield Field(bound, _shape(made.widget), optional, errors)


def _shape(widget: Any) -> str:
    match widget:
        case CheckboxSelectMultiple():
            return "boxes"
        case CheckboxInput():
            return "box"
    return "line"
