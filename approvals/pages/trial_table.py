"""Prints what a trial found on a terminal: the same words as on its page."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from approvals.pages.trial import Cell, Outcome

EXAMPLES = 3
COLOURS = {"stricter": "yellow", "laxer": "red", "": ""}


def tell(to: Console, outcome: Outcome) -> None:
    to.print(Text(outcome.headline, style="bold"))
    if outcome.rows:
        to.print(table(outcome))
    for move in outcome.moves:
        ids = ", ".join(example.url.split("/")[2] for example in move.examples[:EXAMPLES])
        said = f"{move.count:,} {move.way}: {move.old_words} → {move.new_words}"
        to.print(Text(f"{said}, such as {ids}", style=COLOURS[move.way]))
    for fact in outcome.facts:
        to.print(Text(f"{fact.words} {fact.more}".rstrip()))


def table(outcome: Outcome) -> Table:
    """Rows: the tier as staged. Columns: the tier as it would be."""
    columns = [words for _, words in outcome.columns]
    shown = Table("As it was, and would be", *columns)
    for row in outcome.rows:
        shown.add_row(row.tier_words, *map(_cell, row.cells))
    return shown


def _cell(cell: Cell) -> Text:
    return Text(f"{cell.count:,}", style=COLOURS[cell.way] if cell.count else "dim")
