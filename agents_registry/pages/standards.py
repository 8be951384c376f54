"""A team's standards in words: what each asks for, which workflows are under it, who owns them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from agents_registry import change_requests, presets, standards, words
from agents_registry.changes import rights
from agents_registry.changes.rights import Right
from agents_registry.models import ActionType, ChangeRequest, Person, Standard, Team, Workflow
from agents_registry.pages import people
from agents_registry.pages.editing import signer
from agents_registry.pages.inherited import FromStandard, in_words
from agents_registry.pages.people import Name
from agents_registry.policy.inheritance import concerns
from agents_registry.spec.standards import ASKING


@dataclass(frozen=True, slots=True)
class Under:
    """A workflow that inherits a standard."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change of a standard that somebody has asked for and nobody has signed."""

    title: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardCard:
    """One standard. `edit_url` is empty for who may not change it."""

    slug: str
    name: str
    everywhere: bool
    workflows: list[Under]
    reach_words: str
    meant_for: str
    said: FromStandard
    waiting: list[Waiting]
    edit_url: str


@dataclass(frozen=True, slots=True)
class Start:
    """A preset that a new standard can begin with."""

    name: str
    purpose: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardsPage:
    """Everything that `registry/standards.html` shows. `lead` is empty where nobody is named."""

    cards: list[StandardCard]
    lead: str
    new_url: str
    starts: list[Start]
    who_may: str


def page(team: Team, person: Person) -> StandardsPage:
    """The standards of the team as this person sees them."""
    known = list(Standard.objects.filter(team=team))
    name = people.names_in(team, list(_addressees(known)))
    may = rights.may(person, Right.STANDARDIZE, team=team, workflow=None)
    lead = team.governance_lead
    waiting = [each for each in change_requests.open_requests(team) if each.place[0] == "standards"]
    reaches = _reaches(team)
    return StandardsPage(
        cards=[_card(each, name, reaches, waiting, may=may) for each in known],
        lead=str(lead) if lead and lead.is_active else "",
        new_url=reverse("standard_new") if may else "",
        starts=list(_starts({each.slug for each in known})) if may else [],
        who_may=f"{words.any_of(rights.HOLDERS[Right.STANDARDIZE])} may add and tighten them, "
        "the governance lead alone loosens them.",
    )


def waiting_for(team: Team, slug: str) -> list[Waiting]:
    """What has been asked for of one standard."""
    return _of(slug, change_requests.open_requests(team))


def reach_of(team: Team, slug: str) -> str:
    """How many action types are judged by a standard now, in words."""
    rows, standard = _reaches(team), Standard.objects.get(team=team, slug=slug)
    return _reach_words(_reached(standard, rows))


Reaches = list[tuple[Workflow, list[Standard], list[str]]]
"""Each workflow with the standards that it is under and the verbs of its action types."""


def _reaches(team: Team) -> Reaches:
    """In four queries, however many there are."""
    workflows = list(Workflow.objects.filter(team=team, archived_at__isnull=True).order_by("name"))
    inherited = standards.inherited_by(workflows)
    listed = ActionType.objects.filter(workflow__in=workflows, retired_at__isnull=True)
    verbs: dict[Any, list[str]] = {workflow.pk: [] for workflow in workflows}
    for workflow_id, verb in listed.values_list("workflow_id", "verb"):
        verbs[workflow_id].append(verb)
    return [(flow, inherited[flow.pk], verbs[flow.pk]) for flow in workflows]


def _reached(standard: Standard, reaches: Reaches) -> int:
    return sum(
        concerns(standard.rules, {"verb": verb})
        for _, inherited, verbs in reaches
        if standard in inherited
        for verb in verbs
    )


def _reach_words(count: int) -> str:
    judged = "is" if count == 1 else "are"
    return f"{words.counted(count, 'action type')} {judged} judged by it"


def _card(
    standard: Standard, name: Name, reaches: Reaches, waiting: list[ChangeRequest], *, may: bool
) -> StandardCard:
    under = [flow for flow, inherited, _ in reaches if standard in inherited]
    return StandardCard(
        slug=standard.slug,
        name=standard.name,
        everywhere=standard.everywhere,
        workflows=[Under(w.name, reverse("registry_workflow", args=[w.slug])) for w in under],
        reach_words=_reach_words(_reached(standard, reaches)),
        meant_for=_meant_for(standard),
        said=in_words(standard, name),
        waiting=_of(standard.slug, waiting),
        edit_url=reverse("standard_edit", args=[standard.slug]) if may else "",
    )


def _meant_for(standard: Standard) -> str:
    verbs = [verb.replace("_", " ") for verb in standard.rules.get("verbs") or []]
    return f"Only for: {', '.join(verbs)}." if verbs else "For every verb but reading."


def _addressees(known: list[Standard]) -> Iterator[str]:
    """Everybody whom their rules name."""
    for standard in known:
        for part in ASKING:
            yield from (row["ask"] for row in standard.rules.get(part) or [] if row.get("ask"))


def _of(slug: str, waiting: Any) -> list[Waiting]:
    return [
        Waiting(f"{asked.author} asked for a change. It waits for {signer(asked)}.", asked.reason)
        for asked in waiting
        if asked.place == ["standards", slug]
    ]


def _starts(taken: set[str]) -> Iterator[Start]:
    """The presets whose standard the team does not have yet."""
    for preset in presets.names():
        for slug, row in presets.load(preset).get("standards", {}).items():
            if slug not in taken:
                url = f"{reverse('standard_new')}?preset={preset}"
                yield Start(row["name"], row["purpose"], url)
