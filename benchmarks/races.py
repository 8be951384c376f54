"""How many win when many decide, post or take at once: always exactly one."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from approvals import release, review, staging
from approvals.models import Action, Decision
from approvals.states import State
from ledger.models import Event
from tests.factories import (
    create_action,
    create_desk,
    create_person,
    create_read_type,
    propose,
    seen,
)
from tests.together import at_once

REVIEWERS, ROUNDS = 50, 200
POSTERS, KEYS = 50, 20
TAKERS, WAITING = 8, 500


def measure() -> Iterator[tuple[str, str]]:
    yield (f"{REVIEWERS} people approve one action, {ROUNDS} times", _approvals())
    yield (f"{POSTERS} parallel posts of one key, {KEYS} keys", _posts())
    yield (f"{TAKERS} agents take {WAITING} approved actions", _takers())


def _approvals() -> str:
    agent, workflow, refund = create_desk()
    people = [create_person(team=workflow.team) for _ in range(REVIEWERS)]
    workflow.pool.people.add(*people)
    tally: Counter[tuple[int, int, int, int]] = Counter()
    for _ in range(ROUNDS):
        action = create_action(agent, refund)
        page = seen(action)
        jobs = [_approver(action, person, page) for person in people]
        results = Counter(type(result).__name__ for result in at_once(jobs))
        events = Event.objects.filter(stream=action.stream, type="action.approved").count()
        decisions = Decision.objects.filter(action=action).count()
        tally[results["Decision"], results["Conflict"], decisions, events] += 1
    return ", ".join(
        f"{rounds} × ({won} won, {lost} conflicts, {decisions} decision, {events} event)"
        for (won, lost, decisions, events), rounds in tally.items()
    )


def _approver(action: Action, person: Any, page: Any) -> Callable[[], Decision]:
    return lambda: review.approve(action_id=action.pk, person=person, seen=page, checked=["amount"])


def _posts() -> str:
    agent, _, refund = create_desk()
    proposal = propose(refund)
    for number in range(KEYS):
        key = f"key-{number}"
        at_once([partial(staging.stage, agent=agent, proposal=proposal, key=key)] * POSTERS)
    return f"{Action.objects.filter(agent=agent).count()} rows for {KEYS} keys"


def _takers() -> str:
    agent, workflow, _ = create_desk()
    read = create_read_type(workflow)
    for _ in range(WAITING):
        create_action(agent, read, payload={"order": "A-1"})

    def take_all() -> list[Any]:
        mine: list[Any] = []
        while _left(agent):
            taken = release.lease_next(agent=agent, workflow_slug=workflow.slug, limit=5)
            mine += [one.action.pk for one in taken]
        return mine

    taken = [pk for mine in at_once([take_all] * TAKERS) for pk in mine]
    return f"{len(taken)} taken, {len(taken) - len(set(taken))} twice"


def _left(agent: Any) -> bool:
    return Action.objects.filter(agent=agent, state=State.APPROVED).exists()
