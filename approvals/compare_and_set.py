"""Writes columns of many actions in one statement, each row only if it still is as it was seen."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Field, JSONField, Model

from approvals.models import Action
from ledger import columns
from ledger.columns import Column


@dataclass(frozen=True, slots=True)
class Write:
    """New values for columns of one action, and what is expected of columns until then."""

    action: Action
    expected: Mapping[str, Any]
    changes: Mapping[str, Any]

    @property
    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return tuple(self.expected), tuple(self.changes)


def write_all(writes: Iterable[Write]) -> set[UUID]:
    """One UPDATE for all that expect and change the same columns; the ids of what was written.

    What is not as expected any more is left as it is. The rows in memory are not changed.
    """
    alike: dict[Any, list[Write]] = defaultdict(list)
    for write in writes:
        alike[write.names].append(write)
    return {pk for group in alike.values() for pk in _written(group)}


def _written(writes: Sequence[Write]) -> Iterable[UUID]:
    """What is expected stands in the columns `was_…`, what is written in `new_…`."""
    was, new = ({name: _field(name) for name in names} for names in writes[0].names)
    wish = {"id": _column(_field("id"), [write.action.pk for write in writes])}
    wish |= {f"was_{n}": _column(f, [w.expected[n] for w in writes]) for n, f in was.items()}
    wish |= {f"new_{n}": _column(f, [w.changes[n] for w in writes]) for n, f in new.items()}
    rows, parameters = columns.select(wish)
    sets = ", ".join(f'"{field.column}" = wish.new_{name}' for name, field in new.items())
    holds = [f'now."{f.column}" IS NOT DISTINCT FROM wish.was_{n}' for n, f in was.items()]
    statement = (
        f"UPDATE {Action._meta.db_table} AS now SET {sets} FROM ({rows}) AS wish "  # noqa: S608
        f"WHERE {' AND '.join(['now.id = wish.id', *holds])} RETURNING now.id"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [pk for (pk,) in cursor.fetchall()]


def _column(field: "Field[Any, Any]", values: Sequence[Any]) -> Column:
    """As the database driver takes it: JSON wrapped, rows by their keys, members of an
    enumeration as the plain words that they are."""
    kind = field.db_type(connection) or ""
    if isinstance(field, JSONField):
        return kind, [field.get_db_prep_save(value, connection) for value in values]
    return kind, [_plain(value) for value in values]


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.pk
    return str(value) if isinstance(value, Enum) else value


def _field(name: str) -> "Field[Any, Any]":
    field = Action._meta.get_field(name)
    assert isinstance(field, Field)
    return field
