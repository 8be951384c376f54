"""`manage.py registry`: the operating model as YAML, and drafts of action types from tools."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agents_registry.importing import drafts, proposals, tools
from agents_registry.management import printing
from agents_registry.models import Person, Team
from agents_registry.spec import text
from agents_registry.spec.apply import Waiting, apply, known
from agents_registry.spec.check import check
from agents_registry.spec.export import export
from agents_registry.spec.plan import plan
from agents_registry.spec.rows import Document, fill


class Command(BaseCommand):
    help = "Exports, checks and applies the operating model, and imports tools as action types."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb in ("export", "check", "apply", "import-tools"):
            one = verbs.add_parser(verb)
            one.add_argument("file", help="the file; - is the terminal")
            one.add_argument("--team", help="its slug; the only team where there is one")
            if verb in {"apply", "import-tools"}:
                one.add_argument(
                    "--as",
                    dest="people",
                    action="append",
                    metavar="USER",
                    help="in whose name; the first administrator if nobody is named",
                )
        verbs.choices["apply"].add_argument("--yes", action="store_true", help="do not ask")
        one = verbs.choices["import-tools"]
        one.add_argument("--workflow", required=True, help="its slug; made if it is new")
        one.add_argument("--agent", help="the slug of the agent that may use them")
        one.add_argument("--accept", action="store_true", help="confirm the proposals as they are")

    def handle(self, *args: Any, **options: Any) -> None:
        self.console = printing.console(self.stdout)
        verbs = {
            "export": self.export,
            "check": self.check_file,
            "apply": self.apply,
            "import-tools": self.import_tools,
        }
        verbs[options["verb"]](options)

    def export(self, options: dict[str, Any]) -> None:
        """Writes the team's operating model to the file."""
        slug = _team(options["team"], None)
        team = Team.objects.filter(slug=slug).first()
        if team is None:
            raise CommandError(f"There is no team {slug}.")
        _write(options["file"], text.dump(export(team)), self.stdout)

    def check_file(self, options: dict[str, Any]) -> None:
        """Says what is wrong with the file; exit status 1 if anything is."""
        document = _load(options["file"])
        self._check(document, _team(options["team"], document))
        self.console.print("Nothing is wrong with it.")

    def apply(self, options: dict[str, Any]) -> None:
        """Shows what the file changes, asks, and does it; exit status 1 if something waits."""
        document = _load(options["file"])
        team = _team(options["team"], document)
        self._check(document, team)
        changes = plan(known(team), fill(document))
        if not changes:
            self.console.print("Nothing to change.")
            return
        printing.plan(self.console, changes)
        people = options["people"] or [_administrator().username]
        if options["yes"] or _agreed(f"Apply this as {', then '.join(people)}? [y/N] "):
            self._apply(document, team, people)
        else:
            self.console.print("Nothing was changed.")

    def import_tools(self, options: dict[str, Any]) -> None:
        """Drafts an action type of each tool that the workflow does not list yet.

        The administrator puts in place what is new, the named person signs with --accept.
        """
        team, workflow = _team(options["team"], None), options["workflow"]
        there, people = known(team), options["people"] or [_administrator().username]
        try:
            read = map(proposals.propose, tools.read(_parsed(_read(options["file"]))))
            made = drafts.pending(there, workflow, read, accepted=options["accept"])
        except (ValueError, RecursionError) as error:
            raise CommandError(f"{options['file']}: {error}") from None
        document = drafts.document(
            there,
            workflow=workflow,
            agent=options["agent"],
            owner=_person(people[-1]).username,
            proposals=made,
            accepted=options["accept"],
        )
        if there["team"] is None:
            document["team"] = {"slug": team, "name": team.replace("-", " ").capitalize()}
        self._check(document, team)
        if made:
            printing.proposals(self.console, made, accepted=options["accept"])
        else:
            self.console.print("The workflow lists all of them already.")
        self._apply(document, team, list(dict.fromkeys([*_administrators(), *people])))

    def _check(self, document: Document, team: str) -> None:
        found = check(document, known(team))
        printing.problems(self.console, found)
        if found:
            raise CommandError(f"Problems: {len(found)}. Nothing was changed.")

    def _apply(self, document: Document, team: str, people: list[str]) -> None:
        done, left = 0, list[Waiting]()
        for username in people:
            applied = apply(document=document, team=team, actor=_person(username))
            done, left = done + len(applied.done), applied.waiting
        self.console.print(f"Changes made: {done}.")
        printing.waiting(self.console, left)
        if left:
            raise CommandError(f"Changes that wait for somebody else: {len(left)}.")


def _team(named: str | None, document: Any) -> str:
    """The slug of the team: the file's own, which --team may only repeat, or the only one."""
    about = document.get("team") if isinstance(document, dict) else None
    said = about.get("slug") if isinstance(about, dict) else None
    if isinstance(said, str):
        if named not in {None, said}:
            raise CommandError(f"The file is about the team {said}, not {named}.")
        return said
    if named:
        return named
    slugs = list(Team.objects.order_by("slug").values_list("slug", flat=True))
    if len(slugs) != 1:
        names = ", ".join(slugs) or "there is none yet, and a new slug makes one"
        raise CommandError(f"Name a team with --team ({names}).")
    return slugs[0]


def _person(username: str) -> Person:
    person = Person.objects.filter(username=username, is_active=True).first()
    if person is None:
        raise CommandError(f"There is no active account {username}.")
    return person


def _administrator() -> Person:
    for username in _administrators():
        return _person(username)
    raise CommandError("There is no administrator yet: manage.py createsuperuser makes one.")


def _administrators() -> list[str]:
    """The first administrator, if there is one."""
    found = Person.objects.filter(is_superuser=True, is_active=True).order_by("pk")
    return list(found.values_list("username", flat=True)[:1])


def _load(file: str) -> Any:
    try:
        return text.load(_read(file))
    except ValueError as error:
        raise CommandError(f"{file}: {error}") from None


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}") from None


def _write(file: str, words: str, out: Any) -> None:
    if file == "-":
        out.write(words)
        return
    try:
        Path(file).write_text(words, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error}") from None


def _parsed(words: str) -> Any:
    """JSON as JSON, since YAML of another maker's reads some of its numbers as text."""
    try:
        return json.loads(words)
    except ValueError:
        return text.load(words)


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() in {"y", "yes"}
    except EOFError:
        return False
