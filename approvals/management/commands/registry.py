"""`manage.py registry`: the operating model as YAML, and drafts of action types from tools."""

import json
import sys
from argparse import ArgumentParser
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress

from agents_registry import presets, subjects
from agents_registry.importing import drafts, proposals, tools
from agents_registry.management import printing
from agents_registry.models import Person, Team
from agents_registry.spec import text
from agents_registry.spec.apply import Waiting, apply, known
from agents_registry.spec.check import check, check_text
from agents_registry.spec.export import export
from agents_registry.spec.plan import plan
from agents_registry.spec.problems import Problem
from agents_registry.spec.rows import Document, fill
from agents_registry.spec.text import Written
from agents_registry.words import counted
from approvals import trial_documents, trials
from approvals.pages import trial as trial_pages
from approvals.pages import trial_table


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
        verbs.choices["check"].add_argument(
            "--days", type=int, help="also say what would have moved tier in so many last days"
        )
        one = verbs.choices["import-tools"]
        one.add_argument("--workflow", required=True, help="its slug; made if it is new")
        one.add_argument("--agent", help="the slug of the agent that may use them")
        one.add_argument("--accept", action="store_true", help="confirm the proposals as they are")
        one = verbs.add_parser("import-people")
        one.add_argument("file", help="the CSV file; - is the terminal")
        one.add_argument("--team", help="its slug; the only team where there is one")
        one.add_argument("--as", dest="person", metavar="USER", help="in whose name")
        one.add_argument(
            "--replace", action="store_true", help="also remove what the file leaves out"
        )
        one = verbs.add_parser("preset")
        one.add_argument("name", choices=presets.names())
        one.add_argument("file", help="the file; - is the terminal")

    def handle(self, *args: Any, **options: Any) -> None:
        self.console = printing.console(self.stdout)
        verbs = {
            "export": self.export,
            "check": self.check_file,
            "apply": self.apply,
            "import-tools": self.import_tools,
            "import-people": self.import_people,
            "preset": self.preset,
        }
        verbs[options["verb"]](options)

    def export(self, options: dict[str, Any]) -> None:
        """Writes the team's operating model to the file."""
        slug = _team(options["team"], None)
        team = Team.objects.filter(slug=slug).first()
        if team is None:
            raise CommandError(f"There is no team {slug}.")
        _write(options["file"], text.dump(export(team)), self.stdout)

    def preset(self, options: dict[str, Any]) -> None:
        """Writes a preset to the file, to be completed by hand and applied."""
        _write(options["file"], text.dump(presets.load(options["name"])), self.stdout)

    def check_file(self, options: dict[str, Any]) -> None:
        """Says what is wrong with the file, exit status 1 if anything is, and what it moves."""
        written = _load(options["file"])
        team = _team(options["team"], written.document)
        self._refuse(check_text(written, known(team)))
        self.console.print("Nothing is wrong with it.")
        if options["days"] is not None:
            self._try(written.document, team, options["days"])

    def apply(self, options: dict[str, Any]) -> None:
        """Shows what the file changes, asks, and does it; exit status 1 if something waits."""
        written = _load(options["file"])
        document = written.document
        team = _team(options["team"], document)
        self._refuse(check_text(written, known(team)))
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
        self._refuse(check(document, known(team)))
        if made:
            printing.proposals(self.console, made, accepted=options["accept"])
        else:
            self.console.print("The workflow lists all of them already.")
        self._apply(document, team, list(dict.fromkeys([*_administrators(), *people])))

    def import_people(self, options: dict[str, Any]) -> None:
        """Puts the people of subjects that the file names in place of those that are known."""
        slug = _team(options["team"], None)
        team = Team.objects.filter(slug=slug).first()
        if team is None:
            raise CommandError(f"There is no team {slug}.")
        person = _person(options["person"]) if options["person"] else _administrator()
        try:
            with _bytes(options["file"]) as file:
                done = subjects.import_people(
                    team=team, file=file, actor=person, replace=options["replace"]
                )
        except subjects.NotImported as refused:
            printing.problems(self.console, refused.problems)
            raise CommandError(f"Problems: {refused.count}. Nothing was changed.") from None
        except PermissionDenied as refused:
            raise CommandError(f"{refused} Nothing was changed.") from None
        self.console.print(
            f"Lines: {done.lines}. New: {done.added}, changed: {done.changed}, "
            f"removed: {done.removed}."
        )

    def _try(self, document: Document, slug: str, days: int) -> None:
        """Judges again what was staged in the last days, by the policies that the file changes."""
        team = Team.objects.filter(slug=slug).first()
        policies = trial_documents.documents_of(team, document) if team else {}
        changed = trials.changed(policies)
        if not 1 <= days <= trials.MOST_DAYS:
            raise CommandError(f"Name 1 to {trials.MOST_DAYS} days.")
        if not changed:
            self.console.print("It changes no policy of an action type that is there.")
            return
        with Progress(console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("Judging again", total=None)
            result = trials.try_now(
                documents=changed,
                days=days,
                progress=lambda done, total: progress.update(bar, completed=done, total=total),
            )
        trial_table.tell(self.console, trial_pages.outcome(result, counted(days, "day")))

    def _refuse(self, found: list[Problem]) -> None:
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


def _load(file: str) -> Written:
    try:
        return text.read(_read(file))
    except ValueError as error:
        raise CommandError(f"{file}: {error}") from None


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}") from None


def _bytes(file: str) -> AbstractContextManager[BinaryIO]:
    """A file to be read line by line; the terminal's stays open."""
    try:
        return nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb")
    except OSError as error:
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
