"""Keeps who answers for which account or customer: imported from a file or removed, on record."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b, sha256
from itertools import islice

from django.db import transaction

from agents_registry import subject_files
from agents_registry.changes import rights
from agents_registry.changes.rights import Right
from agents_registry.models import Membership, Person, Role, SubjectPerson, Team
from agents_registry.spec.problems import Problem
from agents_registry.subject_files import WHOLE, Line, People
from ledger import record

BATCH = 1000
MOST_PROBLEMS = 100
MOST_NAMED = 50


class NotImported(Exception):
    """Everything that is wrong with a file, as far as it is told: `count` is how much in all."""

    def __init__(self, problems: list[Problem], count: int) -> None:
        super().__init__(" ".join(str(problem) for problem in problems))
        self.problems, self.count = problems, count


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file of so many lines changed. `removed` only where it replaced whole relations."""

    lines: int
    added: int
    changed: int
    removed: int

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@transaction.atomic
def import_people(
    *, team: Team, file: Iterable[bytes], actor: Person, replace: bool = False
) -> Imported:
    """Puts the lines of a CSV file in place of what is known of the same relations and subjects.

    With `replace`, what the file does not name of a relation that it names for this type of
    subject goes as well. The file is read once and never held whole. Raises PermissionDenied,
    and NotImported where anything is wrong in any line: then nothing is done.
    """
    _hold(team, actor)
    reading = _Reading(team)
    counts = Counter[str]()
    for lines in _batches(reading.lines(file)):
        counts += _put(team, lines)
    if reading.count:
        raise NotImported(reading.problems, reading.count)
    removed = _remove_others(team, reading) if replace else 0
    done = Imported(counts.total(), counts["added"], counts["changed"], removed)
    if done:
        _tell_import(team, actor, done, reading, replace)
    return done


@transaction.atomic
def remove(
    *, team: Team, actor: Person, subject_type: str, relation: str, subject_id: str = ""
) -> int:
    """Removes a relation of one subject, or of all subjects of the type; how many that were.

    Raises PermissionDenied.
    """
    _hold(team, actor)
    rows = SubjectPerson.objects.filter(team=team, subject_type=subject_type, relation=relation)
    if subject_id:
        rows = rows.filter(subject_id=subject_id)
    count, _ = rows.delete()
    if count:
        record.append(
            scope=str(team.pk),
            stream=f"team:{team.pk}",
            type="subjects.removed",
            actor=f"person:{actor.pk}",
            body={"row": "subjects", "relation": relation, "removed": count},
            sealed={"subject": {"type": subject_type, "id": subject_id}},
        )
    return count


def _hold(team: Team, actor: Person) -> None:
    """Somebody who may, and nobody else at the same time."""
    rights.check(actor, Right.OPERATE, team=team, workflow=None)
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)


class _Reading:
    """What one reading of a file found out so far."""

    def __init__(self, team: Team) -> None:
        self.people = people_of(team)
        self.sha = sha256()
        self.seen: dict[bytes, int] = {}
        self.relations = Counter[tuple[str, str]]()
        self.problems: list[Problem] = []
        self.count = 0

    def lines(self, file: Iterable[bytes]) -> Iterator[Line]:
        """The lines up to the first that is wrong; after it they are only read for what is."""
        for read in subject_files.read(self._hashed(file), self.people):
            problem = self._twice(read) if isinstance(read, Line) else read
            if problem:
                self.count += 1
                if len(self.problems) < MOST_PROBLEMS:
                    self.problems.append(problem)
            elif isinstance(read, Line) and not self.count:
                self.relations[read.subject_type, read.relation] += 1
                yield read

    def has(self, key: tuple[str, str, str]) -> bool:
        return _short(key) in self.seen

    def _hashed(self, file: Iterable[bytes]) -> Iterator[bytes]:
        for raw in file:
            self.sha.update(raw)
            yield raw

    def _twice(self, line: Line) -> Problem | None:
        first = self.seen.setdefault(_short(line.key), line.number)
        if first == line.number:
            return None
        return Problem(WHOLE, f"Line {first} says who that is already.", line.number)


def people_of(team: Team) -> People:
    """Whom a file may name: everybody in the team who could decide something."""
    by_username: dict[str, int] = {}
    by_email: dict[str, list[int]] = defaultdict(list)
    refused: dict[str, str] = {}
    for membership in Membership.objects.filter(team=team).select_related("person"):
        person = membership.person
        names = {person.username.lower(), person.email.lower()} - {""}
        if not person.is_active:
            refused |= dict.fromkeys(names, f"The account of {person.username} is closed.")
        elif membership.role == Role.AUDITOR:
            refused |= dict.fromkeys(names, f"{person.username} is an auditor, who never decides.")
        else:
            by_username[person.username] = person.pk
            by_email[person.email.lower()].append(person.pk)
    return People(by_username, {k: v for k, v in by_email.items() if k}, refused)


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while batch := list(islice(lines, BATCH)):
        yield batch


def _put(team: Team, lines: list[Line]) -> Counter[str]:
    """Writes what differs, and counts the lines by what they were: added, changed or same."""
    here = SubjectPerson.objects.filter(team=team, subject_id__in={x.subject_id for x in lines})
    known = {
        (kind, subject, relation): person
        for kind, subject, relation, person in here.values_list(
            "subject_type", "subject_id", "relation", "person_id"
        )
    }
    rows = [
        SubjectPerson(
            team=team,
            subject_type=line.subject_type,
            subject_id=line.subject_id,
            relation=line.relation,
            person_id=line.person,
        )
        for line in lines
        if known.get(line.key) != line.person
    ]
    SubjectPerson.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["team", "subject_type", "subject_id", "relation"],
        update_fields=["person"],
    )
    return Counter(_became(known.get(line.key), line.person) for line in lines)


def _became(before: int | None, after: int) -> str:
    if before is None:
        return "added"
    return "same" if before == after else "changed"


def _remove_others(team: Team, reading: _Reading) -> int:
    """What the file left out of the relations that it names."""
    rows = SubjectPerson.objects.filter(team=team)
    every = rows.values_list("pk", "subject_type", "subject_id", "relation")
    gone = [
        pk
        for pk, kind, subject, relation in every.iterator()
        if (kind, relation) in reading.relations and not reading.has((kind, subject, relation))
    ]
    for start in range(0, len(gone), BATCH):
        rows.filter(pk__in=gone[start : start + BATCH]).delete()
    return len(gone)


def _tell_import(
    team: Team, actor: Person, done: Imported, reading: _Reading, replace: bool
) -> None:
    """One event, however many lines there were; the file itself is known by its digest."""
    record.append(
        scope=str(team.pk),
        stream=f"team:{team.pk}",
        type="subjects.imported",
        actor=f"person:{actor.pk}",
        body={
            "row": "subjects",
            "lines": done.lines,
            "added": done.added,
            "changed": done.changed,
            "removed": done.removed,
            "relations": sorted({relation for _, relation in reading.relations})[:MOST_NAMED],
            "replaced": replace,
        },
        sealed={"file": reading.sha.hexdigest()},
    )


def _short(key: tuple[str, str, str]) -> bytes:
    """Enough of a digest to tell half a million lines apart, in little memory."""
    return blake2b("\0".join(key).encode(), digest_size=16).digest()
