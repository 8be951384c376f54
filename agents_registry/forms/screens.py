"""One row of a team as somebody has it before them: how it is, what they may, and its form."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import Http404, QueryDict

from agents_registry import editing, new_workflows, presets
from agents_registry.changes import rights
from agents_registry.changes.directions import Direction
from agents_registry.changes.rights import Right
from agents_registry.forms import choices, kinds, times
from agents_registry.forms.rows import RowForm
from agents_registry.forms.workflows import DEPUTIES, OWNERS
from agents_registry.models import Agent, Person, Team, Workflow
from agents_registry.spec.export import stored
from agents_registry.spec.rows import Place, Row, rows
from agents_registry.words import any_of


@dataclass(frozen=True, slots=True)
class Screen:
    """`name` is empty for a new row and for the team; `subject` is what can be archived.

    `preset` is what a new workflow begins with.
    """

    team: Team
    person: Person
    section: str
    name: str
    row: Row
    base: str
    subject: Team | Workflow | Agent | None = None
    preset: str = ""

    @property
    def new(self) -> bool:
        return not self.name and self.section != "team"

    @property
    def title(self) -> str:
        noun = kinds.KINDS[self.section].noun
        return f"New {noun}" if self.new else str(self.row["name"] or self.name)

    @property
    def workflow(self) -> Workflow | None:
        return self.subject if isinstance(self.subject, Workflow) else None

    @property
    def archived(self) -> bool:
        return self.subject is not None and self.subject.archived_at is not None

    @property
    def right(self) -> Right:
        """What changing it takes at the least; making a workflow names its owners."""
        kind = kinds.KINDS[self.section].kind
        field = "owners" if self.new else "name"
        return rights.right_for(kind, field, Direction.NEUTRAL)

    @property
    def may_edit(self) -> bool:
        return not self.archived and self.may(self.right)

    def check_may_edit(self) -> None:
        """PermissionDenied, saying who could, for who may not; also while it is archived."""
        rights.check(self.person, self.right, team=self.team, workflow=self.workflow)
        if self.archived:
            raise PermissionDenied(f"{self.title} is archived: it has to be brought back first.")

    def may(self, right: Right) -> bool:
        return rights.may(self.person, right, team=self.team, workflow=self.workflow)

    def place_of(self, name: str) -> Place:
        return ("team",) if self.section == "team" else (self.section, name)

    def taken(self, name: str) -> bool:
        return kinds.taken(self.team, self.section, name)


def screen_of(team: Team, person: Person, section: str, name: str) -> Screen:
    """The row of that name as it is now, or a new one; Http404 where there is none."""
    if section != "team" and not name:
        return Screen(team, person, section, "", kinds.KINDS[section].blank, "")
    place: Place = ("team",) if section == "team" else (section, name)
    row = rows(stored(team)).get(place)
    if row is None:
        raise Http404("There is nothing of that name in this team.")
    base = editing.base_of(team, place)
    return Screen(team, person, section, name, row, base, _subject(team, section, name))


def new_workflow(team: Team, person: Person, preset: str) -> Screen:
    """A workflow of which nothing is said yet, or what the preset says; Http404 for no preset."""
    if preset and preset not in presets.names():
        raise Http404("There is no preset of this name.")
    said = new_workflows.workflow_of(preset) if preset else {}
    row = {**kinds.KINDS["workflows"].blank, **said}
    return Screen(team, person, "workflows", "", row, "", preset=preset)


def form_of(screen: Screen, data: QueryDict | None = None, *, stages: int | None = None) -> RowForm:
    """The form, blank or with what was posted. A chain's has as many steps as were posted."""
    if stages is None:
        said = screen.row.get("stages", []) if data is None else times.stages_of(data)
        stages = max(1, len(said))
        if data is not None and screen.section == "chains":
            data = times.with_stages(data, times.stages_of(data))
    offered = choices.of_team(screen.team, presets.load(screen.preset) if screen.preset else {})
    shape = kinds.shape(screen.section, screen.row, offered, new=screen.new, stages=stages)
    key = kinds.key(screen.section) if screen.new else None
    form = RowForm(shape, screen.row, data, base=screen.base, key=key)
    if screen.section == "workflows" and not screen.may(Right.MANAGE):
        form.lock((*OWNERS, *DEPUTIES), f"{any_of(rights.HOLDERS[Right.MANAGE])} names the owners.")
    return form


def reshaped(screen: Screen, data: QueryDict) -> RowForm:
    """A chain's form as it was posted, with one step more or without one."""
    stages = times.stages_of(data)
    gone = data.get("remove", "")
    if gone.isdigit() and int(gone) < len(stages):
        del stages[int(gone)]
    count = max(1, len(stages) + ("add" in data))
    return form_of(screen, times.with_stages(data, stages), stages=min(count, times.MOST_STAGES))


def _subject(team: Team, section: str, name: str) -> Team | Workflow | Agent | None:
    match section:
        case "team":
            return team
        case "agents":
            return Agent.objects.get(team=team, slug=name)
        case "workflows":
            return Workflow.objects.get(team=team, slug=name)
    return None
