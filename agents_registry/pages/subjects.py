"""The page of who answers for which account or customer: what is known, and how it is imported."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse

from agents_registry import words
from agents_registry.changes import rights
from agents_registry.changes.rights import Right
from agents_registry.models import Membership, Person, Role, SubjectPerson, Team
from agents_registry.permissions import role_in
from agents_registry.subjects import Imported, NotImported

PAGE = 50
COUNTED = 10_000
"""Rows of a team that are counted: of more, the page says that there are at least so many."""

ORDER = ("subject_type", "subject_id", "relation")


@dataclass(frozen=True, slots=True)
class RelationLine:
    """A relation that is known or that a chain asks for; `hole` says what it lacks."""

    subject_type: str
    relation: str
    known: str
    chains: list[str]
    hole: str


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Who that is for one subject; `hole` says why they cannot be asked."""

    subject_type: str
    subject_id: str
    relation: str
    person: str
    hole: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectsPage:
    """`more_url` leads to the next subjects; `refused` is what was wrong with a file."""

    may_edit: bool
    q: str
    relations: list[RelationLine]
    lines: list[PersonLine]
    more_url: str
    refused: NotImported | None
    refused_more: int


def may_see(person: Person, team: Team) -> bool:
    """Who keeps it, and the auditors."""
    return role_in(person, team.pk) == Role.AUDITOR or may_edit(person, team)


def may_edit(person: Person, team: Team) -> bool:
    return rights.may(person, Right.OPERATE, team=team, workflow=None)


def page(
    team: Team, person: Person, *, q: str = "", after: str = "", refused: NotImported | None = None
) -> SubjectsPage:
    """Subjects whose id begins with `q`, from the row with the key `after` on."""
    found = _rows(team, q, after)
    last = found[PAGE - 1] if len(found) > PAGE else None
    return SubjectsPage(
        may_edit=may_edit(person, team),
        q=q,
        relations=_relations(team),
        lines=_lines(team, found[:PAGE]),
        more_url=_url(q, last.pk) if last else "",
        refused=refused,
        refused_more=refused.count - len(refused.problems) if refused else 0,
    )


def done_words(done: Imported) -> str:
    if not done:
        return "Nothing was changed: all of it was known."
    counts = f"{done.added} new, {done.changed} changed, {done.removed} removed"
    return f"Imported {words.counted(done.lines, 'line')}: {counts}."


def _rows(team: Team, q: str, after: str) -> list[SubjectPerson]:
    """One page and one row more, in the order of the index."""
    rows = SubjectPerson.objects.filter(team=team).select_related("person").order_by(*ORDER)
    if q:
        rows = rows.filter(subject_id__startswith=q)
    known = SubjectPerson.objects.filter(team=team)
    last = known.filter(pk=int(after)).first() if after.isdecimal() and len(after) < 19 else None
    return list((rows.filter(_behind(last)) if last else rows)[: PAGE + 1])


def _behind(last: SubjectPerson) -> Q:
    kind, subject, relation = (getattr(last, name) for name in ORDER)
    same_kind = Q(subject_type=kind)
    return Q(subject_type__gte=kind) & (
        Q(subject_type__gt=kind)
        | same_kind & Q(subject_id__gt=subject)
        | same_kind & Q(subject_id=subject, relation__gt=relation)
    )


def _lines(team: Team, rows: list[SubjectPerson]) -> list[PersonLine]:
    people = {row.person_id for row in rows}
    memberships = Membership.objects.filter(team=team, person__in=people)
    roles = dict(memberships.values_list("person_id", "role"))
    return [
        PersonLine(
            row.subject_type,
            row.subject_id,
            row.relation,
            str(row.person),
            _hole(row.person, roles.get(row.person_id)),
        )
        for row in rows
    ]


def _hole(person: Person, role: str | None) -> str:
    if role is None:
        return "left the team"
    if not person.is_active:
        return "account closed"
    return "auditor" if role == Role.AUDITOR else ""


def _relations(team: Team) -> list[RelationLine]:
    """Each relation with how often it is known, and those that a chain asks for in vain."""
    rows = SubjectPerson.objects.filter(team=team).values_list("subject_type", "relation")
    counts = Counter(rows[: COUNTED + 1])
    at_least = "at least " if counts.total() > COUNTED else ""
    chains = _asking(team)
    lines = [
        RelationLine(kind, relation, f"{at_least}{count}", chains.get(relation, []), "")
        for (kind, relation), count in sorted(counts.items())
    ]
    known = {relation for _, relation in counts}
    lacking = [
        relation
        for relation in sorted(chains.keys() - known)
        if not (at_least and rows.filter(relation=relation).exists())
    ]
    return lines + [
        RelationLine("", relation, "", chains[relation], "nobody") for relation in lacking
    ]


def _asking(team: Team) -> dict[str, list[str]]:
    """The chains of the team by the relations that they ask for."""
    asking: dict[str, list[str]] = defaultdict(list)
    for chain in team.chains.order_by("name"):
        for stage in chain.stages:
            kind, _, relation = stage["who"].partition(":")
            if kind == "subject":
                asking[relation].append(chain.name)
    return asking


def _url(q: str, after: int) -> str:
    said = {"q": q, "after": str(after)} if q else {"after": str(after)}
    return f"{reverse('subjects')}?{urlencode(said)}"
