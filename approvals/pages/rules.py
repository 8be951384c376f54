"""The editor of an action type: the form, what a draft of it changes, and one action tried."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse

from agents_registry import words
from agents_registry.changes.directions import Direction
from agents_registry.editing import Edited
from agents_registry.models import ActionType, ChangeRequest, Person, Standard, Workflow
from agents_registry.policy import documents
from agents_registry.policy.least import least_tier
from agents_registry.policy.library import LIBRARY, Common
from agents_registry.policy.shapes import Policy
from agents_registry.roles import Hole
from agents_registry.rule_forms import changing, showing
from agents_registry.rule_forms.options import options
from agents_registry.rule_forms.reading import Draft
from agents_registry.rule_forms.showing import ErrorLine, Option, ShownSection
from agents_registry.spec.rows import Document, Row
from approvals import trying
from approvals.models import Action
from approvals.pages import tried
from approvals.pages import words as says
from approvals.pages.notes import Note
from approvals.pages.tried import Tried

KEY, REASON = "/key", "/reason"
"""Where errors stand that are beside the row, not in it."""

OFFERED = ("metrics", "sums", "per", "paths")
"""Lists that inputs offer while one types."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What is read once per request. `stored` is the row as it is now, `whole` its team's model."""

    person: Person
    workflow: Workflow
    action_type: ActionType | None
    whole: Document
    stored: Row
    inherited: list[Standard]
    holes: list[Hole]

    @property
    def url(self) -> str:
        slug = self.workflow.slug
        if self.action_type is None:
            return reverse("new_type", args=[slug])
        return reverse("edit_type", args=[slug, self.action_type.key])

    @property
    def back_url(self) -> str:
        if self.action_type is None:
            return reverse("registry_workflow", args=[self.workflow.slug])
        return self.url_of(self.action_type.key)

    def url_of(self, key: str) -> str:
        return reverse("registry_action_type", args=[self.workflow.slug, key])


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What came with one request beside the row itself."""

    draft: Draft
    key: str
    base: str
    reason: str = ""
    chosen: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    focus: str = ""


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One value that the draft changes, with where that leads."""

    sign: str
    where: str
    words: str
    loosens: bool
    tightens: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change of this type that somebody has asked for and nobody has signed."""

    title: str
    body: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What stands beside the form and is made again while one types.

    `at_fields` is the error of each field by the id of its place; `tier` is empty while the draft
    cannot be judged by.
    """

    at_fields: list[tuple[str, str]]
    errors: list[ErrorLine] = field(default_factory=list)
    tier: str = ""
    tier_words: str = ""
    changes: list[ChangeLine] = field(default_factory=list)
    signing: str = ""
    tried: Tried | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePage:
    """Everything that `registry/edit_type.html` shows."""

    new: bool
    title: str
    key: str
    key_error: str
    url: str
    back_url: str
    workflow_name: str
    workflow_url: str
    base: str
    sections: list[ShownSection]
    offered: list[tuple[str, list[Option]]]
    hows: list[Option]
    library: tuple[Common, ...]
    standards: list[str]
    waiting: list[Waiting]
    samples: list[Option]
    chosen: str
    reason: str
    reason_error: str
    can_try: bool
    look: Look
    note: Note | None


def page(screen: Screen, typed: Typed, note: Note | None = None) -> RulePage:
    """The form as it stands, and what it would do."""
    choices = options(screen.whole, typed.draft.row)
    errors = showing.placed(typed.draft, _of_row(typed))
    sections = showing.sections(typed.draft, errors, choices, typed.focus)
    samples = trying.recorded(screen.workflow, screen.action_type)
    action = _chosen(samples, typed.chosen)
    return RulePage(
        new=screen.action_type is None,
        title=typed.draft.row.get("name") or typed.key or "A new action type",
        key=typed.key,
        key_error=typed.errors.get(KEY, ""),
        url=screen.url,
        back_url=screen.back_url,
        workflow_name=screen.workflow.name,
        workflow_url=reverse("registry_workflow", args=[screen.workflow.slug]),
        base=typed.base,
        sections=sections,
        offered=[(f"l-{name}", list(choices[name])) for name in OFFERED],
        hows=list(choices["hows"]),
        library=LIBRARY,
        standards=[standard.name for standard in screen.inherited],
        waiting=list(_waiting(screen)),
        samples=[Option(str(each.pk), _sample(each, screen)) for each in samples],
        chosen=str(action.pk) if action else "",
        reason=typed.reason,
        reason_error=typed.errors.get(REASON, ""),
        can_try=screen.action_type is not None,
        look=_look(screen, typed, sections, errors, action),
        note=note,
    )


def judged_by(screen: Screen, typed: Typed) -> dict[str, Any]:
    """The policy document of the draft, under the standards of its workflow."""
    return trying.document_of(typed.key or "new", typed.draft.row, screen.inherited)


def _waiting(screen: Screen) -> Iterator[Waiting]:
    if screen.action_type is None:
        return
    place = ["workflows", screen.workflow.slug, "action_types", screen.action_type.key]
    open_requests = ChangeRequest.objects.filter(
        team=screen.workflow.team, place=place, ended_at__isnull=True
    )
    for asked in open_requests.select_related("author").order_by("at"):
        at = says.clock_time(asked.at, screen.person)
        yield Waiting(
            f"A change waits to be signed, asked for by {asked.author} on {at}",
            asked.reason,
            reverse("requests"),
        )


def saved_words(edited: Edited) -> str:
    """What became of a save, for the toast."""
    if edited.request is None:
        return "Saved." if edited.done else "Nothing was changed."
    waits = "It waits to be signed; until then everything else stays as it is."
    return (
        f"Saved what may be saved. {waits}" if edited.done else f"Nothing is changed yet. {waits}"
    )


def _of_row(typed: Typed) -> dict[str, str]:
    beside = {REASON, KEY}
    return {at: words for at, words in typed.errors.items() if at not in beside}


def _beside(typed: Typed) -> Iterator[ErrorLine]:
    for pointer, id, label in ((KEY, "type-key", "Key"), (REASON, "why", "Why")):
        if pointer in typed.errors:
            yield ErrorLine(id, label, typed.errors[pointer])


def _look(
    screen: Screen,
    typed: Typed,
    sections: list[ShownSection],
    errors: Mapping[str, str],
    action: Action | None,
) -> Look:
    shown = [(f"{each.id}-e", each.error) for each in showing.fields(sections)]
    wrong = [*_beside(typed), *showing.summary(sections, errors)]
    policy = None if wrong else _policy(screen, typed)
    if policy is None:
        return Look(errors=wrong, at_fields=shown)
    tier = least_tier(policy, tuple(hole.role for hole in screen.holes))
    changes = list(_changes(screen, typed))
    return Look(
        at_fields=shown,
        tier=str(tier),
        tier_words=words.TIERS[tier],
        changes=changes,
        signing=_signing(screen, changes),
        tried=_tried(screen, action, policy) if action else None,
    )


def _policy(screen: Screen, typed: Typed) -> Policy | None:
    """What the draft says; None while it is not complete enough to judge by."""
    if documents.validate(trying.document_of(typed.key or "new", typed.draft.row, ())):
        return None
    return documents.parse(judged_by(screen, typed))


def _changes(screen: Screen, typed: Typed) -> Iterator[ChangeLine]:
    """Each value that differs from what is stored, in the words of the form."""
    if screen.action_type is None:
        return
    labels = dict(showing.labels(typed.draft))
    for change in changing.changes(typed.draft, screen.stored):
        yield ChangeLine(
            sign=str(change.sign),
            where=_label(change.pointer, labels),
            words=change.words,
            loosens=change.direction is Direction.LOOSENING,
            tightens=change.direction is Direction.TIGHTENING,
        )


def _label(pointer: str, labels: Mapping[str, str]) -> str:
    """The words of the nearest place of the form."""
    while pointer and pointer not in labels:
        pointer = pointer.rpartition("/")[0]
    return labels.get(pointer, "This type")


def _signing(screen: Screen, changes: list[ChangeLine]) -> str:
    """Who has to sign before any of it counts; empty where saving is enough."""
    if not any(change.loosens for change in changes):
        return ""
    owner = screen.workflow.risk_owner
    alone = screen.person == owner and not screen.workflow.team.second_person
    if alone:
        return "It loosens the policy. You are the risk owner: saving signs it."
    second = " and a second person" if screen.workflow.team.second_person else ""
    return (
        f"It loosens the policy, so the risk owner, {owner},{second} has to sign. Saved, it waits "
        "for that; until then everything stays as it is."
    )


def _chosen(samples: list[Action], chosen: str) -> Action | None:
    return next((each for each in samples if str(each.pk) == chosen), next(iter(samples), None))


def _sample(action: Action, screen: Screen) -> str:
    """One line of the list to choose from; only the registry's words and the reader's time."""
    at = says.clock_time(action.created_at, screen.person)
    return f"{action.action_type}, {at}, {says.TIERS[action.tier].lower()}"


def _tried(screen: Screen, action: Action, policy: Policy) -> Tried:
    own = screen.action_type.pk if screen.action_type else None
    return tried.page(action, policy, as_type=own, person=screen.person)
