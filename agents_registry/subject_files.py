"""PURE: reads a CSV file of who answers for which subject, and says what is wrong in which line."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from reprlib import repr as brief

from agents_registry.spec.problems import Problem

COLUMNS = {"subject_type": 80, "subject_id": 200, "relation": 40, "person": 254}
"""What each line says, and how long that may be."""

ALSO_PERSON = {"username", "email", "username-or-email"}
"""Other names for the column of the person."""

MOST_LINES = 500_000
WHOLE = "the whole line"
_RELATION = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Line:
    """One relation of a subject; `person` is the key of an account, `number` that of the line."""

    subject_type: str
    subject_id: str
    relation: str
    person: int
    number: int

    @property
    def key(self) -> tuple[str, str, str]:
        return self.subject_type, self.subject_id, self.relation


@dataclass(frozen=True, slots=True)
class People:
    """Accounts by username and by address in small letters; `refused` says of those who cannot be
    asked why not."""

    by_username: Mapping[str, int]
    by_email: Mapping[str, list[int]]
    refused: Mapping[str, str]


def read(file: Iterable[bytes], people: People) -> Iterator[Line | Problem]:
    """Each line of a file, and everything that is wrong in it; nothing is held in memory.

    The first line names the columns, in any order. It ends early where no line can be understood.
    """
    rows = _rows(file)
    names, problem = _columns(next(rows, ([], 1)))
    if problem:
        yield problem
        return
    for count, (row, number) in enumerate(rows):
        if count == MOST_LINES:
            yield Problem(WHOLE, f"The file has more than {MOST_LINES} lines. Split it.", number)
            return
        if isinstance(row, str):
            yield Problem(WHOLE, row, number)
        elif len(row) != len(names):
            what = f"It has {len(row)} values, and the first line names {len(names)} columns."
            yield Problem(WHOLE, what, number)
        else:
            yield from _line(
                dict(zip(names, (value.strip() for value in row), strict=True)), number, people
            )


def _rows(file: Iterable[bytes]) -> Iterator[tuple[list[str] | str, int]]:
    """The values of each line that is not empty, or why it cannot be read, with its number."""
    text = (raw.decode("utf-8", errors="surrogateescape") for raw in file)
    head = next(text, "").removeprefix("\ufeff")
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(chain([head], text), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield f"It is no CSV: {error}.", number
            continue
        if row is None:
            return
        if row:
            yield row, number


def _columns(first: tuple[list[str] | str, int]) -> tuple[list[str], Problem | None]:
    row, number = first
    if isinstance(row, str):
        return [], Problem(WHOLE, row, number)
    said = [name.strip().lower() for name in row]
    names = ["person" if name in ALSO_PERSON else name for name in said]
    if sorted(names) == sorted(COLUMNS):
        return names, None
    wanted = ", ".join(COLUMNS)
    return [], Problem(WHOLE, f"The first line has to name the columns: {wanted}.", number)


def _line(row: dict[str, str], number: int, people: People) -> Iterator[Line | Problem]:
    wrong = [
        Problem(name, sentence, number)
        for name, most in COLUMNS.items()
        if (sentence := _wrong(row[name], most))
    ]
    relation, person = row["relation"], row["person"]
    if not wrong and not _RELATION.fullmatch(relation):
        sentence = f"{brief(relation)} is no relation: a-z, 0-9, - and _ only."
        wrong.append(Problem("relation", sentence, number))
    found = _person(person, people)
    if not any(problem.place == "person" for problem in wrong) and isinstance(found, str):
        wrong.append(Problem("person", found, number))
    yield from wrong
    if not wrong and isinstance(found, int):
        yield Line(row["subject_type"], row["subject_id"], relation, found, number)


def _wrong(value: str, most: int) -> str:
    """What cannot be stored or seen in a value; empty where nothing is wrong."""
    if not value:
        return "It is empty."
    if len(value) > most:
        return f"It is longer than {most} characters."
    if any("\udc80" <= char <= "\udcff" for char in value):
        return "It is not written in UTF-8."
    if hidden := next((char for char in value if not char.isprintable()), ""):
        return f"It holds a character that nobody sees, U+{ord(hidden):04X}."
    return ""


def _person(name: str, people: People) -> int | str:
    """The account, or why there is none."""
    if name in people.by_username:
        return people.by_username[name]
    match people.by_email.get(name.lower(), []):
        case [person]:
            return person
        case [_, *_]:
            return f"{brief(name)} is the address of several people: write the username."
    return people.refused.get(name.lower(), f"{brief(name)} is nobody in this team.")
