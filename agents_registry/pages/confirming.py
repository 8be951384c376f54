"""The page on which a risk owner confirms what was drafted: grouped as proposed, and why so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.urls import reverse

from agents_registry import change_requests, confirming, words
from agents_registry.confirming import Choice
from agents_registry.importing.proposals import Kind, Proposal, of_stored
from agents_registry.models import Person, Workflow
from agents_registry.pages import people, workflows
from agents_registry.permissions import is_risk_owner
from agents_registry.spec.problems import Problem

FIELDS_SHOWN = 6
AS_THE_GROUP = ""
TITLES = {
    Kind.ODD: ("Look at these first", "Something about them does not fit. A person decides each."),
    Kind.READ: ("Would run alone", "Each only reads, as far as its name and words can tell."),
    Kind.WAITS: ("Wait for people", "A person approves each one before anything happens."),
}
_OF_READS = (
    (Choice.DRAFT, "leave as drafts", "leave as a draft"),
    (Choice.PROPOSED, "confirm, run alone", "confirm, runs alone"),
    (Choice.PEOPLE, "confirm, a person decides each", "confirm, a person decides each"),
)
_OF_OTHERS = (
    (Choice.DRAFT, "leave as drafts", "leave as a draft"),
    (Choice.PROPOSED, "confirm, a person decides each", "confirm, a person decides each"),
)


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    words: str
    selected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One drafted type. `asked` says that its confirmation waits for a signature already."""

    key: str
    name: str
    url: str
    description: str
    verb_words: str
    because: str
    fields: str
    asked: bool
    problems: list[str]
    field: str
    options: list[Option]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Types of which the same is proposed, and the choice for all of them."""

    kind: str
    title: str
    words: str
    lines: list[Line]
    field: str
    options: list[Option]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmPage:
    """The whole page. `base` is what the verb compares with what is stored then."""

    workflow_name: str
    workflow_url: str
    url: str
    risk_owner: str
    may: bool
    base: str
    count_words: str
    reason: str
    wrong: str
    elsewhere: list[str]
    keys: list[str]
    groups: list[Group]


def page(
    workflow: Workflow,
    person: Person,
    *,
    posted: Mapping[str, str],
    wrong: str = "",
    problems: Iterable[Problem] = (),
) -> ConfirmPage:
    """The page for a workflow that `workflows.of_team` read, with what was typed and refused."""
    drafts = confirming.waiting(workflow)
    asked = _asked(workflow)
    proposals = [of_stored(key, row) for key, row in drafts.items()]
    refused = list(problems)
    return ConfirmPage(
        workflow_name=workflow.name,
        workflow_url=workflows.url_of(workflow),
        url=reverse("registry_confirm", args=[workflow.slug]),
        risk_owner=people.owner_or_nobody(workflow, "risk_owner"),
        may=is_risk_owner(person, workflow),
        base=confirming.base_of(drafts),
        count_words=words.counted(len(drafts), "action type"),
        reason=posted.get("reason", ""),
        wrong=wrong,
        elsewhere=[str(each) for each in refused if each.place.split("/")[0] not in drafts],
        keys=list(drafts),
        groups=[
            _group(kind, among, workflow, posted, asked, refused)
            for kind in Kind
            if (among := [each for each in proposals if each.kind is kind])
        ],
    )


def choices(
    posted: Mapping[str, str], keys: Iterable[str], workflow: Workflow
) -> dict[str, Choice]:
    """What was chosen for each type that the page showed: for itself, else for its group."""
    drafts = confirming.waiting(workflow)
    chosen: dict[str, Choice] = {}
    for key in keys:
        kind = of_stored(key, drafts[key]).kind if key in drafts else Kind.WAITS
        said = posted.get(_field(key)) or posted.get(_group_field(kind)) or Choice.DRAFT
        chosen[key] = Choice(said) if said in set(Choice) else Choice.DRAFT
    return chosen


def _group(
    kind: Kind,
    proposals: list[Proposal],
    workflow: Workflow,
    said: Mapping[str, str],
    asked: set[str],
    wrong: list[Problem],
) -> Group:
    title, about = TITLES[kind]
    offered = _OF_READS if kind is Kind.READ else _OF_OTHERS
    for_all = said.get(_group_field(kind), Choice.DRAFT)
    return Group(
        kind=str(kind),
        title=title,
        words=about,
        lines=[_line(each, workflow, said, each.key in asked, wrong) for each in proposals],
        field=_group_field(kind),
        options=[Option(str(value), of_all, value == for_all) for value, of_all, _ in offered],
    )


def _line(
    proposal: Proposal,
    workflow: Workflow,
    said: Mapping[str, str],
    asked: bool,
    wrong: list[Problem],
) -> Line:
    row, key = proposal.row, proposal.key
    mine = said.get(_field(key), AS_THE_GROUP)
    offered = _OF_READS if proposal.is_read else _OF_OTHERS
    return Line(
        key=key,
        name=row["name"] or key,
        url=reverse("registry_action_type", args=[workflow.slug, key]),
        description=row["description"],
        verb_words=words.VERBS[row["verb"]],
        because=proposal.because[:1].upper() + proposal.because[1:],
        fields=_fields(row["payload_schema"]),
        asked=asked,
        problems=[each.sentence for each in wrong if each.place.split("/")[0] == key],
        field=_field(key),
        options=[
            Option(AS_THE_GROUP, "as all of these", mine == AS_THE_GROUP),
            *(Option(str(value), of_one, value == mine) for value, _, of_one in offered),
        ],
    )


def _fields(schema: Mapping[str, object]) -> str:
    """`order, reason and 3 more`, as the agent fills them in."""
    properties = schema.get("properties")
    names = list(properties) if isinstance(properties, dict) else []
    more = len(names) - FIELDS_SHOWN
    return ", ".join(names[:FIELDS_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _asked(workflow: Workflow) -> set[str]:
    """The keys of the types for which something waits to be signed."""
    above = ["workflows", workflow.slug, "action_types"]
    places = change_requests.open_requests(workflow.team).values_list("place", flat=True)
    return {place[3] for place in places if place[:3] == above}


def _field(key: str) -> str:
    return f"type:{key}"


def _group_field(kind: Kind) -> str:
    return f"all:{kind}"
