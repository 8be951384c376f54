"""Hands many rows to one SQL statement, column by column."""

from collections.abc import Mapping, Sequence
from typing import Any

Column = tuple[str, Sequence[Any]]
"""A type of the database, and one value for each row."""


def select(columns: Mapping[str, Column]) -> tuple[str, list[Any]]:
    """A SELECT that yields these rows, by the names of their columns, and its parameters.

    What is the same in every row is sent once. At least one column tells the rows apart.
    """
    terms, parameters = [], []
    for name, (kind, values) in columns.items():
        first = values[0]
        same = all(value == first for value in values)
        terms.append(f"%s::{kind} AS {name}" if same else f"unnest(%s::{kind}[]) AS {name}")
        parameters.append(first if same else list(values))
    return f"SELECT {', '.join(terms)}", parameters
