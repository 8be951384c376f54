"""The editor of a standard: its form as it stands, and what is wrong with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.urls import reverse

from agents_registry.editing import Edited
from agents_registry.models import Person, Team
from agents_registry.pages.editing import done_words
from agents_registry.pages.standards import Waiting, reach_of, waiting_for
from agents_registry.policy.library import LIBRARY, Common
from agents_registry.rule_forms import showing
from agents_registry.rule_forms.options import options
from agents_registry.rule_forms.reading import Draft, get
from agents_registry.rule_forms.showing import ErrorLine, Option, ShownSection
from agents_registry.spec.rows import Document, Row

KEY, REASON = "/key", "/reason"
"""Where errors stand that are beside the row, not in it."""

OFFERED = ("metrics", "sums", "per")
"""Lists that inputs offer while one types."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What is read once per request: `stored` is the row as it is now, or what a new one begins
    with; `slug` is empty for a new one, `whole` its team's model.
    """

    team: Team
    person: Person
    slug: str
    stored: Row
    whole: Document
    preset: str = ""

    @property
    def url(self) -> str:
        if self.slug:
            return reverse("standard_edit", args=[self.slug])
        return reverse("standard_new") + (f"?preset={self.preset}" if self.preset else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What came with one request beside the row itself."""

    draft: Draft
    key: str
    base: str
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    focus: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Why nothing was saved."""

    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardForm:
    """Everything that `registry/edit_standard.html` shows."""

    new: bool
    title: str
    key: str
    key_error: str
    url: str
    base: str
    sections: list[ShownSection]
    offered: list[tuple[str, list[Option]]]
    library: tuple[Common, ...]
    waiting: list[Waiting]
    reach_words: str
    reason: str
    reason_error: str
    errors: list[ErrorLine]
    note: Note | None


def page(screen: Screen, typed: Typed, note: Note | None = None) -> StandardForm:
    """The form as it stands."""
    choices = options(screen.whole, _measured(screen.whole))
    of_row = {at: words for at, words in typed.errors.items() if at not in {KEY, REASON}}
    errors = showing.placed(typed.draft, of_row)
    sections = showing.sections(typed.draft, errors, choices, typed.focus)
    return StandardForm(
        new=not screen.slug,
        title=str(screen.stored["name"] or "New standard"),
        key=typed.key,
        key_error=typed.errors.get(KEY, ""),
        url=screen.url,
        base=typed.base,
        sections=sections,
        offered=[(f"l-{name}", list(choices[name])) for name in OFFERED],
        library=LIBRARY,
        waiting=waiting_for(screen.team, screen.slug) if screen.slug else [],
        reach_words=reach_of(screen.team, screen.slug) if screen.slug else "",
        reason=typed.reason,
        reason_error=typed.errors.get(REASON, ""),
        errors=[*_beside(typed.errors), *showing.summary(sections, errors)],
        note=note,
    )


def saved_words(team: Team, slug: str, edited: Edited) -> str:
    """What became of a save, for the toast, and how far what is saved reaches."""
    said = done_words(edited)
    return said if edited.request else f"{said} {reach_of(team, slug)}."


def _measured(whole: Document) -> Row:
    """A row with every figure that an action type of the team computes."""
    metrics = {
        name: None
        for workflow in whole["workflows"].values()
        for row in workflow["action_types"].values()
        for name in _metrics(row)
    }
    return {"impact": {"metrics": metrics}}


def _metrics(row: Row) -> list[str]:
    named = get(row, "impact/metrics")
    return list(named) if isinstance(named, dict) else []


def _beside(errors: Mapping[str, str]) -> Iterator[ErrorLine]:
    for pointer, id, label in ((KEY, "standard-key", "Short name"), (REASON, "why", "Why")):
        if pointer in errors:
            yield ErrorLine(id, label, errors[pointer])
