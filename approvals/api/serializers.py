"""The shape of what agents send, field by field; what it means is judged by the verbs."""

from typing import Any

from rest_framework import serializers

from agents_registry.policy import numbers
from agents_registry.policy.impact import METRIC_NAME
from approvals import dependencies
from approvals.api.fields import (
    INSTANT,
    Anything,
    Figure,
    Figures,
    Flag,
    Id,
    Instant,
    Matching,
    Object,
    Share,
    Strict,
    Text,
    Whole,
)
from approvals.states import State

MOST_IN_A_BATCH = 200
LONGEST_LEASE = 86_400
DEFAULT_LIMIT = 50
KEY = "[!-~]([ -~]{0,253}[!-~])?"
POINTER = r"(/([^/~]|~[01])*)*"

MAYBE: dict[str, Any] = {"required": False, "allow_null": True}
WORDS: dict[str, Any] = {**MAYBE, "allow_blank": True}


def _list_of(child: serializers.Field[Any, Any, Any, Any], most: int) -> serializers.ListField:
    return serializers.ListField(child=child, max_length=most, **MAYBE)


class ImpactBody(Strict):
    """What the agent says the action touches; money is a decimal string with its currency."""

    affected = Whole(min_value=0, max_value=numbers.LARGEST, **MAYBE)
    spend_delta = Matching(numbers.DECIMAL, **MAYBE)
    currency = Matching(numbers.CURRENCY, **MAYBE)
    metrics = Figures(**MAYBE)


class SignalsBody(Strict):
    """What the agent noticed about its own work."""

    missing = _list_of(Text(max_length=300), 100)
    conflicts = _list_of(Text(max_length=1000), 100)
    categories = _list_of(Text(max_length=100), 100)


class EvidenceBody(Strict):
    """Something that the agent read. `input` names the required input that it is, `as_of` says
    when that was true, as it is written here."""

    title = Text(max_length=300)
    url = Text(max_length=2000, **WORDS)
    excerpt = Text(max_length=10_000, **WORDS)
    source = Text(max_length=300, **WORDS)  # type: ignore[assignment]
    input = Text(max_length=160, **WORDS)
    as_of = Matching(INSTANT.pattern, **MAYBE)


class HandoffBody(Strict):
    """What a person needs to know to decide."""

    trigger = Text(max_length=4000, **WORDS)
    context = Text(max_length=4000, **WORDS)  # type: ignore[assignment]
    decision_asked = Text(max_length=2000, **WORDS)
    next_steps = _list_of(Text(max_length=1000), 50)
    inputs = Object(**MAYBE)


class SubjectBody(Strict):
    """Whom or what the action is about."""

    type = Text(max_length=80)
    id = Text(max_length=200)
    label = Text(max_length=300, **WORDS)  # type: ignore[assignment]


class PreconditionBody(Strict):
    """What must still hold when it is done; without `equals`, what `before` says there."""

    keeps_null = frozenset({"equals"})
    path = Matching(POINTER, max_length=500)
    equals = Anything(**MAYBE)


class ObservedBody(Strict):
    """What the agent read at a precondition's path just now."""

    path = Matching(POINTER, max_length=500)
    value = Anything(allow_null=True, required=False)


class RevisionBody(Strict):
    """The content of an action: everything that a revision may change."""

    payload = Object()
    summary = Text(max_length=2000, **WORDS)
    before = Anything(**MAYBE)
    confidence = Share(**MAYBE)
    impact = ImpactBody(**MAYBE)
    signals = SignalsBody(**MAYBE)
    evidence = _list_of(EvidenceBody(), 100)
    trace = Object(**MAYBE)
    handoff = HandoffBody(**MAYBE)
    preconditions = _list_of(PreconditionBody(), 50)


class ActionBody(RevisionBody):
    """One submission. `take` leases what needs no person in the same call.

    `depends_on` names the agent's own actions that have to be done before this one is taken,
    `callback_url` where this one is called about instead of the agent's webhook.
    """

    workflow = Text(max_length=50)
    action_type = Text(max_length=80)
    agent_version = Text(max_length=120, **WORDS)
    run_id = Text(max_length=200, **WORDS)
    subject = SubjectBody(**MAYBE)
    batch_key = Text(max_length=200, **WORDS)
    depends_on = _list_of(Id(), dependencies.MOST)
    requested_by = Text(max_length=254, **WORDS)
    callback_url = Text(max_length=2000, **WORDS)
    not_before = Instant(**MAYBE)
    not_after = Instant(**MAYBE)
    take = Flag(**MAYBE)


class BatchBody(Strict):
    """Each item is the body of a single submission with its `idempotency_key` beside the rest.

    What is wrong with one item is told at its place in the answer and harms no other.
    """

    actions = serializers.ListField(
        child=Anything(allow_null=True), allow_empty=False, min_length=1, max_length=MOST_IN_A_BATCH
    )


class ReleaseBody(Strict):
    lease_seconds = Whole(min_value=1, max_value=LONGEST_LEASE, **MAYBE)
    observed = _list_of(ObservedBody(), 50)


class ReleaseNextBody(Strict):
    workflow = Text(max_length=50)
    limit = Whole(min_value=1, max_value=MOST_IN_A_BATCH, **MAYBE)
    lease_seconds = Whole(min_value=1, max_value=LONGEST_LEASE, **MAYBE)


class InterruptQuery(Strict):
    """Where the calls of an interrupt belong: a workflow, and a run of the agent."""

    workflow = Text(max_length=50)
    run_id = Text(max_length=200, required=False)


class TakeBody(Strict):
    lease_seconds = Whole(min_value=1, max_value=LONGEST_LEASE, **MAYBE)


class OutcomeBody(Strict):
    """What came of it. The same body again changes nothing."""

    lease_id = Id()
    status = serializers.ChoiceField(choices=["succeeded", "failed"])
    after = Anything(**MAYBE)
    error = Text(max_length=10_000, **WORDS)
    cost = Object(**MAYBE)
    value = Object(**MAYBE)
    occurred_at = Instant(**MAYBE)


class RollbackBody(Strict):
    """How it went; `after` is the state that was found then."""

    status = serializers.ChoiceField(choices=["succeeded", "failed"])
    after = Anything(**MAYBE)
    error = Text(max_length=10_000, **WORDS)


class ReadingBody(Strict):
    """What a metric was in one window that has ended. A window begins at `window_start` and ends
    just before `window_end`."""

    workflow = Text(max_length=50)
    metric = Matching(METRIC_NAME)
    window_start = Instant()
    window_end = Instant()
    value = Figure()


class NothingBody(Strict):
    """A body without fields; it may be left out."""


class ListQuery(Strict):
    """Which of the agent's actions to list, the newest first."""

    state = serializers.ChoiceField(choices=[state.value for state in State], required=False)
    workflow = Text(max_length=50, required=False)
    run_id = Text(max_length=200, required=False)
    cursor = Text(max_length=200, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=200, required=False)


class DecisionsQuery(Strict):
    """From where on to read the feed of decisions, the oldest first."""

    after = Text(max_length=200, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=1000, required=False)
