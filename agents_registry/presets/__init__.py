"""Reads the presets of the product: a standard and a workflow for each common kind of work."""

from pathlib import Path

from agents_registry.spec import text
from agents_registry.spec.rows import Document

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Which presets there are, in the order of the alphabet."""
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def load(name: str) -> Document:
    """The preset as a part of a team's document; KeyError where there is none of this name.

    Its workflow lacks what only the team knows: owners, pool, calendar and chain. Its action
    types are unconfirmed, so that nothing runs before their risk owner has read them.
    """
    if name not in names():
        raise KeyError(name)
    document: Document = text.load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return document
