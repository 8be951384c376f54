"""Lets people of a team download a workflow's cases, to try agents on."""

import json
from collections.abc import Iterator

from django.contrib.auth.decorators import login_required
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from agents_registry.current_team import team_of
from agents_registry.models import Workflow
from agents_registry.pages.workflows import of_team
from approvals import evaluation_set
from approvals.views.requests import PageRequest


@login_required
@require_safe
def download(request: PageRequest, slug: str) -> StreamingHttpResponse:
    """One case a line, as it is read: however many, little of it is in memory at a time."""
    workflow = get_object_or_404(of_team(team_of(request)), slug=slug)
    headers = {"Content-Disposition": f'attachment; filename="{workflow.slug}.jsonl"'}
    return StreamingHttpResponse(
        _lines(workflow), content_type="application/jsonl", headers=headers
    )


def _lines(workflow: Workflow) -> Iterator[str]:
    for case in evaluation_set.whole(workflow):
        yield json.dumps(case, ensure_ascii=False) + "\n"
