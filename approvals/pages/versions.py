"""Which content this person's page shows where a colleague may have edited it, and the way to the
others."""

from copy import copy
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from agents_registry.models import Person
from agents_registry.policy.findings import Tier
from approvals import four_eyes
from approvals.four_eyes import Version
from approvals.judging import Judgement
from approvals.models import Action, Content
from approvals.permissions import can_decide
from approvals.review import judge_edit

AGENTS, COLLEAGUES, OWN = "The agent's version", "A colleague's version", "Your version"


@dataclass(frozen=True, slots=True)
class Look:
    """A way to look at the changes."""

    url: str
    words: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The content that the page shows: what an approval from it is bound to.

    `content` is as if the agent had sent it, so that all of the page is about it; `agents` is what
    the agent did send, where that is something else. `tier` is what approving it takes.
    """

    digest: str
    content: Content
    agents: Content | None
    words: str
    tier: Tier
    looks: list[Look]


def shown(
    action: Action, content: Content, person: Person, *, asked: str = "", view: str = "mine"
) -> Shown:
    """The version asked for by its digest; else one's own, else the newest.

    Who does not decide sees the agent's alone: that there is another one is a colleague's verdict.
    """
    mine = four_eyes.own_approval(action, person)
    found = four_eyes.versions(action, content)
    if not (mine or can_decide(person, action)):
        found = found[-1:]
    wanted = asked or (mine.payload_digest if mine else "")
    version = next((each for each in found if each.digest == wanted), found[0])
    own = mine.payload_digest if mine else ""
    judgement = judge_edit(action, content, version.payload) if version.is_edit else None
    return Shown(
        digest=version.digest,
        content=_as_if_sent(content, version, judgement) if judgement else content,
        agents=content if version.is_edit else None,
        words=_words(version, own),
        tier=_tier(action, judgement),
        looks=_looks(action, found, version, own, view) if len(found) > 1 else [],
    )


def _as_if_sent(content: Content, version: Version, judgement: Judgement) -> Content:
    edited = copy(content)
    edited.payload = version.payload
    edited.findings = judgement.findings
    edited.computed_impact = judgement.impact
    return edited


def _tier(action: Action, judgement: Judgement | None) -> Tier:
    own = Tier(action.tier)
    return max(judgement.verdict.tier, own) if judgement else own


def _words(version: Version, own: str) -> str:
    if not version.is_edit:
        return AGENTS
    return OWN if version.digest == own else COLLEAGUES


def _looks(
    action: Action, found: list[Version], current: Version, own: str, view: str
) -> list[Look]:
    """One for each version; two of colleagues are told apart by number, not by name."""
    names = [_words(version, own) for version in found]
    several = names.count(COLLEAGUES) > 1
    looks = []
    for at, (version, name) in enumerate(zip(found, names, strict=True), start=1):
        query = urlencode({"view": view, "version": version.digest})
        looks.append(
            Look(
                url=f"{reverse('action', args=[action.pk])}?{query}",
                words=f"{name} {at}" if several and name == COLLEAGUES else name,
                current=version is current,
            )
        )
    return looks
