"""Adds a workflow in one go: itself, and of its preset the standards and the action types."""

from django.db import transaction

from agents_registry import editing, presets
from agents_registry.editing import Edited
from agents_registry.models import Person, Team
from agents_registry.spec.rows import Document, Row


@transaction.atomic
def make(
    *, team: Team, slug: str, row: Row, actor: Person, reason: str = "", preset: str = ""
) -> Edited:
    """Adds the workflow that `row` says. Its preset's action types come unconfirmed.

    A standard of the preset is added where the row lists it and the team has none of that name.
    Raises what `editing.edit` raises: then nothing at all is added.
    """
    said = presets.load(preset) if preset else {}
    known = set(team.standards.values_list("slug", flat=True))
    for name, standard in said.get("standards", {}).items():
        if name in row.get("standards", []) and name not in known:
            editing.edit(
                team=team, place=("standards", name), row=standard, actor=actor, reason=reason
            )
    here = ("workflows", slug)
    edited = editing.edit(team=team, place=here, row=row, actor=actor, reason=reason)
    for key, action_type in types_of(said).items():
        place = (*here, "action_types", key)
        editing.edit(team=team, place=place, row=action_type, actor=actor, reason=reason)
    return edited


def workflow_of(preset: str) -> Row:
    """What a preset says of its workflow, without its action types."""
    (row,) = presets.load(preset)["workflows"].values()
    return {name: value for name, value in row.items() if name != "action_types"}


def types_of(document: Document) -> dict[str, Row]:
    """The action types of a preset by their keys."""
    rows = document.get("workflows", {}).values()
    return {key: row for each in rows for key, row in each.get("action_types", {}).items()}
