"""Finds the standards that a workflow inherits, and what a type is judged by under them."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Q

from agents_registry.models import Standard, Workflow
from agents_registry.policy.inheritance import merged, named

__all__ = ["inherited", "inherited_by", "merged", "under"]


def inherited(workflow: Workflow) -> list[Standard]:
    """Those that its team keeps everywhere and those that it lists, by slug; one query."""
    listed = Workflow.standards.through._default_manager.filter(workflow=workflow.pk)
    everywhere_or_listed = Q(everywhere=True) | Q(pk__in=listed.values("standard"))
    found = Standard.objects.filter(everywhere_or_listed, team=workflow.team_id)
    return sorted(found, key=lambda standard: standard.slug)


def inherited_by(workflows: Collection[Workflow]) -> dict[UUID, list[Standard]]:
    """The same of several workflows, by their ids, in two queries at most."""
    teams = {workflow.team_id for workflow in workflows}
    found = Standard.objects.filter(team__in=teams).prefetch_related("workflows")
    known = sorted(found, key=lambda standard: standard.slug)
    return {
        workflow.pk: [standard for standard in known if _binds(standard, workflow)]
        for workflow in workflows
    }


def under(own: Mapping[str, Any], standards: Iterable[Standard]) -> dict[str, Any]:
    """A type's own policy document with the rules of these standards, under their names."""
    return merged(own, [named(standard.slug, standard.rules) for standard in standards])


def _binds(standard: Standard, workflow: Workflow) -> bool:
    everywhere = standard.everywhere and standard.team_id == workflow.team_id
    return everywhere or workflow in standard.workflows.all()
