"""Prints problems, plans and proposals of the registry on a terminal."""

from collections.abc import Iterable

from django.core.management.base import OutputWrapper
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents_registry.changes.directions import Direction
from agents_registry.importing.proposals import Proposal
from agents_registry.spec.apply import Waiting
from agents_registry.spec.lines import Line, Sign, lines
from agents_registry.spec.plan import RowChange
from agents_registry.spec.problems import Problem

_COLOURS = {Sign.ADDED: "green", Sign.CHANGED: "yellow", Sign.REMOVED: "red"}
_MARKS = {Direction.NEUTRAL: "", Direction.TIGHTENING: "green", Direction.LOOSENING: "bold red"}


WIDE = 160
"""Columns where nobody looks at a terminal: lines are not broken for a file."""


def console(out: OutputWrapper) -> Console:
    width = None if out.isatty() else WIDE
    return Console(file=out, width=width, highlight=False, soft_wrap=True)  # type: ignore[arg-type]


def problems(to: Console, found: Iterable[Problem]) -> None:
    for problem in found:
        line = f"Line {problem.line}, " if problem.line else ""
        where = (problem.place or "the document", "bold")
        to.print(Text.assemble(line, where, ": ", problem.sentence))


def plan(to: Console, changes: Iterable[RowChange]) -> None:
    """Each line of the diff, what loosens and tightens marked in words and in colour."""
    for change in changes:
        for line in lines(change):
            to.print(_line(line))


def waiting(to: Console, left: Iterable[Waiting]) -> None:
    """Who could do what was left, and the places under it."""
    places: dict[str, list[str]] = {}
    for wait in left:
        places.setdefault(wait.because, []).append("/".join(wait.change.place))
    for because, waits in places.items():
        to.print(Text(because, style="yellow"))
        for place in waits:
            to.print(Text(f"  waits: {place}"))


def proposals(to: Console, made: Iterable[Proposal], *, accepted: bool) -> None:
    """A table of what was drafted or confirmed, with the reason for each."""
    table = Table("Action type", "Verb", "Level", "Impact", "Mode", "Because")
    for proposal in made:
        row = proposal.as_row(accepted=accepted)
        impact = f"{row['blast_radius']}, {row['reversibility']}"
        cells = (row["verb"], row["authority_level"], impact, row["mode"], proposal.because)
        colour = "green" if proposal.is_read else "yellow"
        table.add_row(*map(Text, (proposal.key, *cells)), style=colour)
    to.print(table)


def _line(line: Line) -> Text:
    mark = "" if line.direction is Direction.NEUTRAL else f"  [{line.direction}]"
    return Text.assemble((str(line), _COLOURS[line.sign]), (mark, _MARKS[line.direction]))
