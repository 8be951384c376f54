"""By which right somebody decides an action: their own, or that of whom they stand in for."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from agents_registry import roles
from agents_registry.models import OWNER_ROLES, Person, Role, Workflow
from agents_registry.roles import Candidate
from agents_registry.spec.timing import OF_ACTION
from approvals.known import Crew, Known
from approvals.models import Action
from approvals.timetable import POOL
from ledger import record
from ledger.models import Event

REACHING = ("action.escalated", "action.handed_on", "action.held")
"""The events that bring an action to somebody by name."""


@dataclass(frozen=True, slots=True)
class Right:
    """A right to decide; `on_behalf_of` whom, where it is not one's own."""

    on_behalf_of: Person | None = None


OWN = Right()


def caused(person: Person, action: Action) -> bool:
    """Whether the action was staged at this person's request."""
    asked = action.requested_by.strip().lower()
    return bool(asked) and asked in {person.email.lower(), person.username.lower()}


def right_of(
    person: Person, action: Action, signers: Collection[str] = (), known: Known | None = None
) -> Right | None:
    """The right that this person has to decide it as things are; None for none.

    `signers` are those whom the content asks for, where it is an edit. It is not asked here whether
    they are in the team, an auditor, or caused it themselves.
    """
    deciding = rights_of(person, [action], known).get(action.pk)
    if deciding is None or set(signers) <= set(action.signers):
        return deciding
    signing = _right_to_sign(person, action, signers, known or Known())
    return deciding if signing == OWN else signing


def rights_of(
    person: Person, actions: Iterable[Action], known: Known | None = None
) -> dict[UUID, Right]:
    """The same for many actions, in a number of queries that does not grow."""
    own = known.own if known else {}
    found: dict[UUID, Right] = {}
    rest: list[Action] = []
    for action in actions:
        kind = (person.pk, action.workflow_id, *action.signers)
        if kind not in own:
            own[kind] = _is_first_asked(person, action)
        if own[kind]:
            found[action.pk] = OWN
        else:
            rest.append(action)
    if not rest:
        return found
    known = known or Known.of(rest)
    now = {action.pk: _right_now(person, action, known) for action in rest}
    found |= {pk: right for pk, right in now.items() if right}
    return found | _reached_by_name(person, [each for each in rest if each.pk not in found])


def answering(action: Action, who: str, known: Known, *, signs: bool = False) -> list[Candidate]:
    """Whoever answers to `who` for this action now, and may: not who caused it, and no auditor.

    Of those who have to sign it (`signs`) nobody but a delegate or deputy takes the place; where
    nobody is known, the workflow owner does.
    """
    found = [each for each in known.candidates(action, who) if may_answer(each, action, known)]
    if signs and who in OWNER_ROLES:
        named = getattr(action.workflow, f"{who}_id")
        return [each for each in found if (each.stands_for or each.person).pk == named]
    if signs and not found and who.partition(":")[0] in OF_ACTION:
        return answering(action, "workflow_owner", known)
    return found


def is_anybody_there(crew: Crew, action: Action, known: Known) -> bool:
    """Whether somebody of the pool is there who may decide it."""
    return any(
        known.roster.is_present(person) and may_answer(Candidate(person), action, known)
        for person in crew.people
    )


def standing_in_for(crew: Crew, action: Action, known: Known) -> Iterator[Candidate]:
    """Whoever acts for somebody of a pool in which nobody is there."""
    for person in crew.people:
        for candidate in roles.standing(person, action.team_id, known.roster):
            if candidate.stands_for and may_answer(candidate, action, known):
                yield candidate


def may_answer(candidate: Candidate, action: Action, known: Known) -> bool:
    """Neither they, nor whom they act for, nor who passed it on to them caused it; nor are they an
    auditor, or gone."""
    behind = [candidate.person, *candidate.through]
    if candidate.stands_for:
        behind.append(candidate.stands_for)
    return known.roster.may_act(candidate.person, action.team_id) and not any(
        caused(person, action) for person in behind
    )


def is_pool(who: str) -> bool:
    return who.partition(":")[0] == POOL


def _is_first_asked(person: Person, action: Action) -> bool:
    """By name: whom the policy asks to sign, else pool and approval owner."""
    named = Q(pool__people=person) | Q(approval_owner=person)
    if action.signers:
        named = _signing(person, action.signers)
    return Workflow.objects.filter(named, pk=action.workflow_id).exists()


def _signing(person: Person, signers: Collection[str]) -> Q:
    """The workflow, if this person is one of those whom a finding named."""
    named = Q(pk__in=[])
    for signer in signers:
        kind, _, name = signer.partition(":")
        if signer in OWNER_ROLES:
            named |= Q(**{signer: person})
        elif kind == POOL:
            named |= Q(team__pools__slug=name, team__pools__people=person)
        elif kind == "person" and name == person.username:
            named |= Q(team__members=person)
        elif signer == "manager":
            named |= Q(team__memberships__person=person, team__memberships__role=Role.MANAGER)
    return named


def _right_now(person: Person, action: Action, known: Known) -> Right | None:
    """By whatever the policy and the chain have named so far; one's own before another's."""
    rights = list(_rights_now(person, action, known))
    return OWN if OWN in rights else next(iter(rights), None)


def _rights_now(person: Person, action: Action, known: Known) -> Iterator[Right]:
    for who in action.signers or (POOL, "approval_owner"):
        yield from _right_by(person, action, who, known, signs=True)
    for stage in action.stages[1 : action.step + 1]:
        yield from _right_by(person, action, stage["who"], known)
        if stage.get("otherwise") and not answering(action, stage["who"], known):
            yield from _right_by(person, action, stage["otherwise"], known)
    if action.held:
        yield from _right_by(person, action, "workflow_owner", known)


def _right_by(
    person: Person, action: Action, who: str, known: Known, *, signs: bool = False
) -> Iterator[Right]:
    """What the person may because `who` is asked: themselves, as one of a pool, or for another."""
    if is_pool(who):
        crew = known.crew(action, who)
        if person in crew.people:
            yield OWN
        if is_anybody_there(crew, action, known):
            return
        found: Iterable[Candidate] = standing_in_for(crew, action, known)
    else:
        if _is_named(person, action, who, known):
            yield OWN
        found = answering(action, who, known, signs=signs)[:1]
    for candidate in found:
        if candidate.person == person:
            yield Right(candidate.stands_for)


def _is_named(person: Person, action: Action, who: str, known: Known) -> bool:
    """Whether it is this very person, there or away."""
    kind, _, name = who.partition(":")
    if who in OWNER_ROLES:
        return bool(getattr(action.workflow, f"{who}_id") == person.pk)
    if kind in OF_ACTION:
        return known.person_of(action, who) == person
    return kind == "person" and name == person.username


def _right_to_sign(
    person: Person, action: Action, signers: Collection[str], known: Known
) -> Right | None:
    if Workflow.objects.filter(_signing(person, signers), pk=action.workflow_id).exists():
        return OWN
    rights = [
        right for who in signers for right in _right_by(person, action, who, known, signs=True)
    ]
    return OWN if OWN in rights else next(iter(rights), None)


def _reached_by_name(person: Person, actions: list[Action]) -> dict[UUID, Right]:
    """Those that came to this person by name at their present revision.

    What escalation brought stays theirs to decide, whoever is back; what was only handed on to
    them does while they have it.
    """
    maybe = {each.stream: each for each in actions if each.step or each.assignee_id == person.pk}
    found = {each.pk: OWN for each in maybe.values() if each.step and _has(person, each)}
    events = Event.objects.filter(stream__in=list(maybe), type__in=REACHING)
    for event in events.order_by("seq").prefetch_related("sealed"):
        action, said = maybe[event.stream], record.body_of(event)
        theirs = said.get("to") == f"person:{person.pk}" and said["revision"] == action.revision
        if theirs and (said.get("step") or _has(person, action)):
            found[action.pk] = Right(_named_in_record(said.get("instead_of")))
    return found


def _has(person: Person, action: Action) -> bool:
    return action.assignee_id == person.pk


def _named_in_record(said: str | None) -> Person | None:
    """The person behind `person:<id>`."""
    return Person.objects.filter(pk=said.partition(":")[2]).first() if said else None
