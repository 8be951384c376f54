"""What the words of several notices need, read in a few queries, however many notices there are."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from django.db.models import F

from agents_registry.models import Absence, ChangeRequest, Downgrade, Stop
from approvals import sensitive
from approvals.models import Action, Channel, Content, Endpoint, Notice
from approvals.sentences import sentence

ROWS: dict[str, Any] = {
    "stop": Stop.objects.select_related("by", "lifted_by"),
    "downgrade": Downgrade.objects.select_related("action_type__workflow"),
    "request": ChangeRequest.objects.select_related("author"),
    "absence": Absence.objects.select_related("person"),
    "channel": Channel.objects.all(),
    "endpoint": Endpoint.objects.all(),
}
"""What a notice that is about no action is about, by the name that `about` gives it."""


@dataclass(frozen=True, slots=True)
class Known:
    """Contents by action, and rows by `(name, id)`."""

    contents: dict[UUID, Content] = field(default_factory=dict)
    rows: dict[tuple[str, str], Any] = field(default_factory=dict)

    @classmethod
    def of(cls, notices: Iterable[Notice], *, in_full: bool = False) -> Self:
        """Of actions only as much is read as the words show: in a list a content is needed only
        to hide parts of it."""
        found = list(notices)
        actions = [notice.action for notice in found if notice.action]
        return cls(contents_of(actions, in_full=in_full), _rows(found))

    def row(self, notice: Notice, name: str) -> Any:
        """None where there is no such row any more."""
        return self.rows.get((name, str(notice.about.get(name))))

    def sentence(self, action: Action) -> str:
        """What will happen, with what is sensitive hidden."""
        content = self.contents.get(action.pk)
        if content is None:
            return action.sentence
        schema = action.action_type.payload_schema
        return sentence(
            action.action_type.sentence,
            sensitive.hidden(content.payload, schema),
            otherwise=str(action.action_type),
        )

    def secrets(self, action: Action) -> frozenset[str]:
        """What must not stand in anything that is said about it."""
        content = self.contents.get(action.pk)
        if content is None:
            return frozenset()
        return sensitive.secrets(content.payload, action.action_type.payload_schema)


def contents_of(actions: Iterable[Action], *, in_full: bool = False) -> dict[UUID, Content]:
    """The current content of each action that hides something, or of all of them."""
    wanted = [
        action.pk
        for action in actions
        if in_full or sensitive.marks(action.action_type.payload_schema)
    ]
    if not wanted:
        return {}
    current = Content.objects.filter(action__in=wanted, revision=F("action__revision"))
    return {content.action_id: content for content in current}


def _rows(notices: Iterable[Notice]) -> dict[tuple[str, str], Any]:
    ids: dict[str, set[Any]] = {}
    for notice in notices:
        for name in ROWS:
            if name in notice.about:
                ids.setdefault(name, set()).add(notice.about[name])
    return {
        (name, str(row.pk)): row
        for name, wanted in ids.items()
        for row in ROWS[name].filter(pk__in=wanted)
    }
