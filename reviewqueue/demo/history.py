"""The demo's past thirty days: everyday work, questions, stops, and what is open since yesterday."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from agents_registry.models import Person, Stop, StopKind, Workflow
from agents_registry.sla import Calendar, due_after_work, work_between
from approvals import follow_ups, review, stopping
from approvals.errors import Invalid
from approvals.models import FollowUp
from approvals.states import State
from approvals.transitions import Seen
from ledger import clock
from reviewqueue.demo import deciding, doing, organisation, texts
from reviewqueue.demo.tale import Tale, find, stage
from reviewqueue.demo.timeline import work_ago

DAYS = timedelta(days=30)
QUIET = timedelta(hours=7)
"""Working time before now in which no everyday work begins: it is decided by now."""
TIMES_A_MONTH = 4
"""How often an everyday action happens for each point of `often` in routine.json."""


def plan(tale: Tale) -> None:
    """Plans all of it. What one thing leads to is planned when it happens."""
    for workflow in Workflow.objects.filter(team__slug__in=organisation.TEAMS):
        workflow_calendar = Calendar.from_document(workflow.calendar.document)
        _everyday(tale, workflow.slug, workflow_calendar)
    lowered = tale.now - timedelta(days=tale.texts["lowered"]["days_ago"])
    tale.timeline.at(lowered, partial(organisation.lower, lowered))
    for question in tale.texts["questions"]:
        tale.timeline.at(_past(tale, question), partial(_ask, tale, question))
    for attempt in tale.texts["attempts"]:
        tale.timeline.at(_past(tale, attempt), partial(_attempt, tale, attempt))
    for stop in tale.texts["stops"]:
        tale.timeline.at(_past(tale, stop), partial(_stop, tale, stop))
    _loose_ends(tale)
