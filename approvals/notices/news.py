"""What a batch of the record's events says of one stream, as the follower groups them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from ledger.models import Event

PERSON = "person"


@dataclass(slots=True)
class News:
    """What happened in one stream, in order, each as `(type, actor)`; `scope` is a team's id."""

    scope: str
    happened: list[tuple[str, str]] = field(default_factory=list)

    def has(self, types: Collection[str]) -> bool:
        return any(type in types for type, _ in self.happened)

    def actor_of(self, types: Collection[str]) -> int | None:
        """The id of the person who did the last of these; None where no person did."""
        actors = [actor for type, actor in self.happened if type in types]
        kind, _, name = actors[-1].partition(":") if actors else ("", "", "")
        return int(name) if kind == PERSON and name.isdecimal() else None


def by_stream(events: Iterable[Event]) -> dict[str, dict[str, News]]:
    """The news by kind of stream and id: `{"action": {"018f…": …}, "stop": …}`."""
    found: dict[str, dict[str, News]] = {}
    for event in events:
        kind, _, name = event.stream.partition(":")
        news = found.setdefault(kind, {}).setdefault(name, News(event.scope))
        news.happened.append((event.type, event.actor))
    return found
