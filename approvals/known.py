"""Whom the `who` of a step or signer stands for at this moment, looked up once for many actions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Lower

from agents_registry import roles
from agents_registry.away import Roster
from agents_registry.models import Membership, Person, Pool, SubjectPerson, Workflow
from agents_registry.policy import pointers
from agents_registry.roles import Candidate
from agents_registry.spec.timing import OF_ACTION
from approvals.models import Action, Content

Subject = tuple[UUID, str, str, str]


@dataclass(frozen=True, slots=True)
class Crew:
    """The people of a pool with an active account, there or away. No pool: the workflow's own."""

    pool: Pool | None
    people: tuple[Person, ...]


@dataclass(slots=True)
class Known:
    """Who is away, and whom each `who` names: for one request or one turn of the sweep, never
    longer. `own`: who has a right of their own, by person, workflow and signers."""

    roster: Roster = field(default_factory=Roster)
    payloads: dict[UUID, Any] = field(default_factory=dict)
    own: dict[tuple[Any, ...], bool] = field(default_factory=dict)
    _answering: dict[tuple[UUID, str], tuple[Candidate, ...]] = field(default_factory=dict)
    _crews: dict[tuple[UUID, str], Crew] = field(default_factory=dict)
    _subjects: dict[Subject, Person | None] = field(default_factory=dict)
    _people: dict[tuple[UUID, str], Person | None] = field(default_factory=dict)

    @classmethod
    def of(cls, actions: Iterable[Action]) -> Self:
        """With the people of their subjects and payloads, in a number of queries that does not
        grow."""
        known, actions = cls(), list(actions)
        known._look_up_subjects({s for action in actions for s in _subjects_of(action)})
        named = {action.pk: action for action in actions if any(_pointers_of(action))}
        known._look_up_payloads(named)
        names = {
            (action.team_id, name)
            for action in named.values()
            for pointer in _pointers_of(action)
            if (name := known._said(action, pointer))
        }
        known._look_up_people(names)
        return known

    def candidates(self, action: Action, who: str) -> tuple[Candidate, ...]:
        """Whoever answers to `who` for this action, the first one first; nobody for a pool."""
        if who.partition(":")[0] in OF_ACTION:
            person = self.person_of(action, who)
            return tuple(self._standing(person, action)) if person else ()
        key = (action.workflow_id, who)
        if key not in self._answering:
            found = roles.candidates(action.workflow, who, self.roster)
            self._answering[key] = tuple(found)
        return self._answering[key]

    def crew(self, action: Action, who: str) -> Crew:
        """The pool that `who` names; nobody is in a pool that is not there."""
        key = (action.workflow_id, who)
        if key not in self._crews:
            self._crews[key] = _crew(action.workflow, who)
        return self._crews[key]

    def person_of(self, action: Action, who: str) -> Person | None:
        """The person whom the subject, or a field of the payload, names; None if nobody does."""
        kind, _, name = who.partition(":")
        if kind == "subject":
            subject = _subject(action, name)
            if subject not in self._subjects:
                self._look_up_subjects({subject})
            return self._subjects[subject]
        key = (action.team_id, self._said(action, name))
        if key not in self._people:
            self._look_up_people({key})
        return self._people[key]

    def _standing(self, person: Person, action: Action) -> Iterator[Candidate]:
        if self.roster.may_act(person, action.team_id):
            yield from roles.standing(person, action.team_id, self.roster)

    def _said(self, action: Action, pointer: str) -> str:
        """What stands in the payload there, as a name to look for; empty where nothing does."""
        if action.pk not in self.payloads:
            self._look_up_payloads({action.pk: action})
        try:
            (said,) = pointers.find(self.payloads[action.pk], pointers.steps(pointer))
        except (LookupError, ValueError):
            return ""
        return said.strip().lower() if isinstance(said, str) else ""

    def _look_up_subjects(self, subjects: set[Subject]) -> None:
        self._subjects |= dict.fromkeys(subjects)
        if not subjects:
            return
        teams, types, ids, relations = (set(column) for column in zip(*subjects, strict=True))
        rows = SubjectPerson.objects.select_related("person").filter(
            team__in=teams, subject_type__in=types, subject_id__in=ids, relation__in=relations
        )
        for row in rows:
            key = (row.team_id, row.subject_type, row.subject_id, row.relation)
            self._subjects[key] = row.person

    def _look_up_payloads(self, actions: dict[UUID, Action]) -> None:
        self.payloads |= dict.fromkeys(actions)
        now = Content.objects.filter(action__in=list(actions), revision=F("action__revision"))
        self.payloads |= dict(now.values_list("action", "payload")) if actions else {}

    def _look_up_people(self, names: set[tuple[UUID, str]]) -> None:
        """By username or e-mail address; a name that two people answer to is nobody's."""
        self._people |= dict.fromkeys(names)
        if not names:
            return
        said = {name for _, name in names if name}
        members = Membership.objects.alias(
            username=Lower("person__username"), email=Lower("person__email")
        ).filter(Q(username__in=said) | Q(email__in=said), person__is_active=True)
        answers: dict[tuple[UUID, str], set[Person]] = defaultdict(set)
        for member in members.filter(team__in={team for team, _ in names}).select_related("person"):
            for name in (member.person.username.lower(), member.person.email.lower()):
                answers[member.team_id, name].add(member.person)
        for key in answers.keys() & {(team, name) for team, name in names if name}:
            self._people[key] = answers[key].pop() if len(answers[key]) == 1 else None


def _crew(workflow: Workflow, who: str) -> Crew:
    slug = who.partition(":")[2]
    if slug in {"", workflow.pool.slug}:
        return Crew(None, _people_of(workflow.pool))
    pool = Pool.objects.filter(team=workflow.team_id, slug=slug).first()
    return Crew(pool, _people_of(pool) if pool else ())


def _people_of(pool: Pool) -> tuple[Person, ...]:
    return tuple(pool.people.filter(is_active=True).order_by("pk"))


def _whos(action: Action) -> Iterator[str]:
    """Everybody whom its policy or its chain names."""
    yield from action.signers
    for stage in action.stages:
        yield from filter(None, (stage["who"], stage.get("otherwise")))


def _subject(action: Action, relation: str) -> Subject:
    return action.team_id, action.subject_type, action.subject_id, relation


def _subjects_of(action: Action) -> Iterator[Subject]:
    for who in _whos(action):
        kind, _, relation = who.partition(":")
        if kind == "subject":
            yield _subject(action, relation)


def _pointers_of(action: Action) -> Iterator[str]:
    for who in _whos(action):
        kind, _, pointer = who.partition(":")
        if kind == "payload":
            yield pointer
