"""Tries changed policies over recorded actions before they are saved: what would have moved."""

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Aggregate, Count, DurationField, F, OuterRef, Q, Subquery

from agents_registry import revisions
from agents_registry.models import ActionType, Membership, Person, Role, Team
from agents_registry.policy import documents as policies
from approvals import trial_rows
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import DECIDING, Decision, Purpose, Trial, TrialState, Viewing
from approvals.trial_figures import Tally
from approvals.trial_rows import Place, Span, Tried
from ledger import clock
from ledger.canonical import digest

log = structlog.get_logger(__name__)

Documents = Mapping[str, dict[str, Any]]
"""Policy documents by the id of their action type, as text."""

OPEN = Q(state__in=[TrialState.WAITING, TrialState.RUNNING])
MOST_DAYS = 365
MOST_OPEN = 5
"""Trials of one team that wait or run at the same time."""

BEAT = 1.0
TURN = 1.8
"""Seconds between two marks of how far it is, and until a worker turns to something else: a little
before the next tick, which would otherwise find the trial in hand and be lost."""

SILENCE = timedelta(seconds=10)
"""A worker that was not heard of for so long has died."""

GIVEN_UP = timedelta(hours=1)
"""A trial this old killed its workers, or had none."""


def start(*, team: Team, documents: Documents, days: int, author: Person) -> Trial:
    """Puts a trial in line. `documents` are the policies to try, by the id of their action type.

    PermissionDenied for auditors and strangers, Missing for a type of another team, Invalid for a
    document that is none and for days that are not 1 to 365, Conflict when too many are in line.
    """
    check_can_try(author, team)
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(f"Try it over 1 to {MOST_DAYS} days.", code="days_out_of_range")
    _check(team, documents)
    if Trial.objects.filter(OPEN, team=team).count() >= MOST_OPEN:
        raise Conflict(
            f"{MOST_OPEN} trials of this team are in line already. This one was not started; "
            "wait until one is done.",
            code="too_many_trials",
        )
    return Trial.objects.create(
        team=team, author=author, documents=dict(documents), days=days, created_at=clock.now()
    )


def check_can_try(person: Person, team: Team) -> None:
    """Everybody in the team may try a policy, except its auditors, who start nothing."""
    member = Membership.objects.filter(person=person, team=team, person__is_active=True)
    if not member.exclude(role=Role.AUDITOR).exists():
        raise PermissionDenied("Only people of this team can try its policies.")


def changed(documents: Documents) -> dict[str, dict[str, Any]]:
    """Those that differ from what their type is judged by now."""
    types = ActionType.objects.in_bulk([int(pk) for pk in documents])
    return {
        pk: document
        for pk, document in documents.items()
        if digest(document) != digest(revisions.policy_document(types[int(pk)]))
    }


def try_now(
    *, documents: Documents, days: int, progress: Callable[[int, int], object]
) -> dict[str, Any]:
    """The result at once, without a worker. `progress` is told now and then how many are done,
    and of how many."""
    now = clock.now()
    span, tally = Span(now - timedelta(days=days), now), Tally()
    total = trial_rows.actions(_type_ids(documents), span).count()
    for _ in _replay(documents, span, tally, None):
        if tally.replayed % trial_rows.PAGE == 0:
            progress(tally.replayed, total)
    return _result(tally, span)


def run_next(*, seconds: float = TURN) -> bool:
    """Works on the trial that waits longest, for about so many seconds; whether there was one.

    What is done is kept each second, so a worker that is killed loses a second, and another goes
    on where it was. Safe with any number of workers.
    """
    claimed = _claim()
    if claimed is None:
        return False
    try:
        _try_on(claimed, time.monotonic() + seconds)
    except _TakenOver:
        log.warning("trial taken over by another worker", trial=str(claimed.trial.pk))
    return True


class _TakenOver(Exception):
    """This worker was silent for so long that another one took the trial."""


@dataclass(slots=True)
class _Claimed:
    """A trial in this worker's hands; whose `beat` is not the stored one has lost it."""

    trial: Trial
    beat: datetime


@transaction.atomic
def _claim() -> _Claimed | None:
    now = clock.now()
    free = Q(beat_at__isnull=True) | Q(beat_at__lt=now - SILENCE)
    waiting = Trial.objects.select_for_update(skip_locked=True).filter(OPEN, free)
    trial = waiting.order_by("created_at").first()
    if trial is None:
        return None
    if trial.created_at < now - GIVEN_UP:
        trial.state, trial.finished_at, trial.result = TrialState.FAILED, now, None
        trial.save()
        return None
    if trial.state == TrialState.WAITING:
        trial.total = trial_rows.actions(_type_ids(trial.documents), _span(trial)).count()
    trial.state, trial.beat_at = TrialState.RUNNING, now
    trial.save()
    return _Claimed(trial, now)


def _try_on(claimed: _Claimed, until: float) -> None:
    """Goes on; what cannot be replayed has failed, but for a database that went away."""
    try:
        with _circles_uncollected():
            _go_on(claimed, until)
    except (OperationalError, InterfaceError, _TakenOver):
        raise
    except Exception:
        log.exception("trial failed", trial=str(claimed.trial.pk))
        _end(claimed, TrialState.FAILED, result=None)


@contextmanager
def _circles_uncollected() -> Iterator[None]:
    """Rows are trees, which go by themselves. Looking through everything that is loaded for
    circles, again and again while they pass, took a quarter of a trial's time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _go_on(claimed: _Claimed, until: float) -> None:
    """Replays from where the trial is; ends it, or gives it back for a later turn."""
    trial, kept = claimed.trial, claimed.trial.result
    tally = Tally.from_dict(kept["tally"]) if kept else Tally()
    begin = Place.from_dict(kept["place"]) if kept else None
    beat = time.monotonic()
    for place in _replay(trial.documents, _span(trial), tally, begin):
        if time.monotonic() >= until:
            _mark(claimed, tally, place, beat_at=None)
            return
        if time.monotonic() >= beat + BEAT:
            _mark(claimed, tally, place, beat_at=clock.now())
            beat = time.monotonic()
    _end(claimed, TrialState.DONE, result=_result(tally, _span(trial)), done=tally.replayed)


def _mark(claimed: _Claimed, tally: Tally, place: Place, *, beat_at: datetime | None) -> None:
    kept = {"tally": tally.to_dict(), "place": place.to_dict()}
    _write(claimed, beat_at=beat_at, done=tally.replayed, result=kept)


def _end(claimed: _Claimed, state: TrialState, **values: Any) -> None:
    _write(claimed, state=state, beat_at=None, finished_at=clock.now(), **values)


def _write(claimed: _Claimed, *, beat_at: datetime | None, **values: Any) -> None:
    mine = Trial.objects.filter(pk=claimed.trial.pk, beat_at=claimed.beat)
    if not mine.update(beat_at=beat_at, **values):
        raise _TakenOver
    claimed.beat = beat_at or claimed.beat


def _replay(documents: Documents, span: Span, tally: Tally, begin: Place | None) -> Iterator[Place]:
    """Adds action after action to the tally, and says the place of each."""
    types = ActionType.objects.filter(pk__in=_type_ids(documents)).select_related("workflow")
    for action_type in types.order_by("pk"):
        if begin and action_type.pk < begin.type_id:
            continue
        tried = Tried.of(action_type, documents[str(action_type.pk)])
        after = begin if begin and begin.type_id == action_type.pk else None
        for row in trial_rows.rows(action_type, span, after):
            tally.add(trial_rows.recorded(tried, span, row), trial_rows.judged(tried, row))
            yield trial_rows.place_of(action_type, row)


def _result(tally: Tally, span: Span) -> dict[str, Any]:
    """`{"tally", "paces"}`. `paces` says of each workflow whose load would change how long people
    take per decision: `{"seconds": median or null, "decisions": how many that is of}`."""
    moving = [workflow for workflow, load in tally.loads.items() if load.more or load.less]
    return {
        "tally": tally.to_dict(),
        "paces": {workflow: _pace(workflow, span) for workflow in moving},
    }


class _Median(Aggregate):
    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


def _pace(workflow: str, span: Span) -> dict[str, Any]:
    """From opening the action to deciding it, as the record has it."""
    opened = Viewing.objects.filter(
        action=OuterRef("action"), person=OuterRef("person"), since__lte=OuterRef("created_at")
    )
    found = (
        Decision.objects.filter(
            action__workflow__pk=workflow,
            action__purpose=Purpose.LIVE,
            verdict__in=DECIDING,
            created_at__range=(span.since, span.until),
        )
        .annotate(opened=Subquery(opened.values("since")[:1]))
        .filter(opened__isnull=False)
        .aggregate(median=_Median(F("created_at") - F("opened")), decisions=Count("pk"))
    )
    seconds = found["median"].total_seconds() if found["median"] is not None else None
    return {"seconds": seconds, "decisions": found["decisions"]}


def _check(team: Team, documents: Documents) -> None:
    known = ActionType.objects.filter(workflow__team=team, pk__in=_type_ids(documents))
    if not documents or known.count() != len(documents):
        raise Missing("There is no such action type in this team.")
    for document in documents.values():
        for error in policies.validate(document):
            raise Invalid(f"This policy cannot be tried. {error}", code="policy_invalid")


def _type_ids(documents: Documents) -> list[int]:
    return [int(pk) for pk in documents if pk.isdecimal()]


def _span(trial: Trial) -> Span:
    return Span(trial.created_at - timedelta(days=trial.days), trial.created_at)
