"""The transition table: every pair of states, and the promises that hold over all of it."""

import itertools

import pytest
from django.conf import settings

from approvals import state_table, transitions
from approvals.errors import Conflict
from approvals.models import Action
from approvals.states import APPROVED_ONCE, ARROWS, TRANSITIONS, Mover, State, can_move, is_final
from ledger.models import Event

PAIRS = list(itertools.product(State, State))


def test_each_arrow_stands_in_the_table_once() -> None:
    assert len(ARROWS) == len(TRANSITIONS)


def test_silence_never_approves() -> None:
    automatic = {(a.start, a.end) for a in TRANSITIONS if a.automatic and a.end == State.APPROVED}
    assert automatic == {(None, State.APPROVED), (State.RELEASED, State.APPROVED)}


def test_nothing_is_taken_that_was_not_approved() -> None:
    starts = {arrow.start for arrow in TRANSITIONS if arrow.end == State.RELEASED}
    assert starts == {State.APPROVED}
    entries = {a.start for a in TRANSITIONS if a.end in APPROVED_ONCE} - APPROVED_ONCE
    assert entries == {None, State.PENDING}


def test_every_state_but_the_final_ones_leads_somewhere() -> None:
    finals = {state for state in State if is_final(state)}
    assert State.PENDING not in finals
    assert {State.BLOCKED, State.WITHDRAWN, State.EXPIRED, State.ROLLED_BACK} <= finals


@pytest.mark.django_db
def test_only_an_arrow_of_the_table_moves_an_action(action: Action) -> None:
    """Every pair: `move` refuses what the table does not list, and writes nothing."""
    events = Event.objects.count()
    for (start, end), mover in itertools.product(PAIRS, Mover):
        action.state = start
        if can_move(start, end) and mover in ARROWS[start, end].movers:
            continue
        with pytest.raises(Conflict):
            transitions.move(action=action, to=end, mover=mover, actor="test")
    assert Action.objects.get(pk=action.pk).state == State.PENDING
    assert Event.objects.count() == events


def test_the_page_of_the_states_is_made_from_the_table() -> None:
    written = (settings.BASE_DIR / "docs" / "states.md").read_text()
    assert written == state_table.page(), "run `make docs`"
