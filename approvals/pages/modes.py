"""A lowered mode on its page: what lowered it, by which readings, and how it comes back."""

from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse

from agents_registry.models import Downgrade, Person
from agents_registry.modes import can_come_back_to
from agents_registry.pages.people import owner_or_nobody
from agents_registry.permissions import is_risk_owner
from agents_registry.policy.wording import figure
from approvals import readings
from approvals.pages import words


@dataclass(frozen=True, slots=True)
class ReadingRow:
    window: str
    value: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A mode that the review may end in."""

    value: str
    words: str
    checked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LoweredPage:
    """One downgrade. `choices` is empty where this person cannot bring it back: `why_not` says
    who can, or what is missing. `ended` tells of a review that is over."""

    pk: UUID
    type_name: str
    type_url: str
    workflow_name: str
    workflow_url: str
    from_words: str
    to_words: str
    because: str
    rule: str
    at_words: str
    iso: str
    metric: str
    readings: list[ReadingRow]
    reviewer: str
    risk_owner: str
    choices: list[Choice]
    why_not: str
    ended: str
    note: str
    refusal: str
    typed: str


def page(
    downgrade: Downgrade, person: Person, *, refusal: str = "", typed: str = "", to: str = ""
) -> LoweredPage:
    """The page for this person. `refusal` says why nothing was done; `typed` and `to` are kept."""
    action_type = downgrade.action_type
    workflow = action_type.workflow
    behind = readings.behind(downgrade)
    why_not = _why_not(downgrade, person)
    return LoweredPage(
        pk=downgrade.pk,
        type_name=str(action_type),
        type_url=reverse("registry_action_type", args=[workflow.slug, action_type.key]),
        workflow_name=workflow.name,
        workflow_url=reverse("registry_workflow", args=[workflow.slug]),
        from_words=words.MODES[downgrade.from_mode].lower(),
        to_words=words.MODES[downgrade.to_mode].lower(),
        because=downgrade.because,
        rule=downgrade.rule.partition(":")[2] or downgrade.rule,
        at_words=words.at(downgrade.at, person),
        iso=downgrade.at.isoformat(),
        metric=behind[0].metric.removesuffix("_pct").replace("_", " ") if behind else "",
        readings=[
            ReadingRow(
                window=f"{words.at(each.window_start, person)} to "
                f"{words.at(each.window_end, person)}",
                value=figure(each.metric, each.value),
            )
            for each in behind
        ],
        reviewer=str(downgrade.reviewer),
        risk_owner=owner_or_nobody(workflow, "risk_owner"),
        choices=[] if why_not else _choices(downgrade, to),
        why_not=why_not,
        ended=_ended(downgrade, person),
        note=downgrade.note,
        refusal=refusal,
        typed=typed,
    )


def _choices(downgrade: Downgrade, to: str) -> list[Choice]:
    """None is chosen beforehand: whoever reviews says which."""
    modes = can_come_back_to(downgrade)
    return [Choice(str(mode), _choice(downgrade, mode), mode == to) for mode in modes]


def _choice(downgrade: Downgrade, mode: str) -> str:
    said = words.MODES[mode]
    if mode == downgrade.from_mode:
        return f"{said}, as it was"
    return f"{said}, as it is now" if mode == downgrade.to_mode else said


def _why_not(downgrade: Downgrade, person: Person) -> str:
    workflow = downgrade.action_type.workflow
    if downgrade.lifted_at is not None:
        return "It has been reviewed."
    if not is_risk_owner(person, workflow):
        return f"{owner_or_nobody(workflow, 'risk_owner')} brings it back, as risk owner."
    return ""


def _ended(downgrade: Downgrade, person: Person) -> str:
    if downgrade.lifted_at is None:
        return ""
    mode = words.MODES[downgrade.lifted_to].lower()
    return f"{downgrade.lifted_by} set it to {mode}, {words.at(downgrade.lifted_at, person)}"
