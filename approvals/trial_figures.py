"""PURE: adds up what a trial finds, one action at a time, in memory that does not grow."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self
from uuid import UUID

from agents_registry.policy.findings import Tier, Verdict
from approvals.states import State

EXAMPLES = 20
"""How many actions of each kind are kept to look at: the newest."""

POOL = "pool"
RAN_BADLY = {State.FAILED, State.ROLLBACK_REQUESTED, State.ROLLED_BACK, State.ROLLBACK_FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What was made of one action: judged as, decided as. `late`: its reviewers' time ran out.

    `earlier`: it was judged by another revision than the one that is in force now.
    """

    id: UUID
    workflow: UUID
    tier: Tier
    mode: str
    state: str
    signers: tuple[str, ...] = ()
    late: bool = False
    earlier: bool = False


@dataclass(slots=True)
class Pile:
    """How many there are, and the ids of a few of them."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, action_id: UUID) -> None:
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(str(action_id))


@dataclass(slots=True)
class Load:
    """What people had to do in one workflow, and what they would have to.

    `needed` a person as staged, `late` of them; `more` would newly need one, `less` no longer,
    and `spared` of those that no longer would were late.
    """

    needed: int = 0
    late: int = 0
    more: int = 0
    less: int = 0
    spared: int = 0


@dataclass(slots=True)
class Tally:
    """Everything counted so far. The keys of `tiers` and `modes` are pairs such as
    `autonomous>mandatory`, of `asked` who signs, of `loads` a workflow's id."""

    replayed: int = 0
    earlier: int = 0
    tiers: dict[str, Pile] = field(default_factory=dict)
    modes: dict[str, Pile] = field(default_factory=dict)
    asked: dict[str, Pile] = field(default_factory=dict)
    caught: Pile = field(default_factory=Pile)
    let_through: Pile = field(default_factory=Pile)
    loads: dict[str, Load] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Self:
        """The tally of which `to_dict` made this."""
        piles = {
            name: {key: Pile(**pile) for key, pile in said[name].items()}
            for name in ("tiers", "modes", "asked")
        }
        return cls(
            replayed=said["replayed"],
            earlier=said["earlier"],
            **piles,
            caught=Pile(**said["caught"]),
            let_through=Pile(**said["let_through"]),
            loads={key: Load(**load) for key, load in said["loads"].items()},
        )

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def moved(self) -> int:
        """How many would be in another tier."""
        return sum(pile.count for pair, pile in self.tiers.items() if not _is_still(pair))

    def add(self, was: Recorded, verdict: Verdict) -> None:
        """Counts one action: what was made of it, and how it would be judged now."""
        self.replayed += 1
        self.earlier += was.earlier
        self._move(self.tiers, was.tier, verdict.tier, was.id)
        self._move(self.modes, was.mode, verdict.mode, was.id)
        for who in _asked(verdict.tier, verdict.signs):
            if who not in _asked(was.tier, was.signers):
                self.asked.setdefault(who, Pile()).add(was.id)
        self._weigh(was, verdict.tier)
        self._look_back(was, verdict.tier)

    @staticmethod
    def _move(piles: dict[str, Pile], old: str, new: str, action_id: UUID) -> None:
        pile = piles.setdefault(f"{old}>{new}", Pile())
        if old == new:
            pile.count += 1
        else:
            pile.add(action_id)

    def _weigh(self, was: Recorded, now: Tier) -> None:
        load = self.loads.setdefault(str(was.workflow), Load())
        before, after = needs_person(was.tier), needs_person(now)
        load.needed += before
        load.late += before and was.late
        load.more += after and not before
        load.less += before and not after
        load.spared += before and not after and was.late

    def _look_back(self, was: Recorded, now: Tier) -> None:
        if runs_alone(was.tier) and was.state in RAN_BADLY and not runs_alone(now):
            self.caught.add(was.id)
        if was.state == State.REJECTED and runs_alone(now):
            self.let_through.add(was.id)


def runs_alone(tier: Tier) -> bool:
    return tier <= Tier.SPOT_CHECK


def needs_person(tier: Tier) -> bool:
    return not runs_alone(tier) and tier is not Tier.BLOCKED


def _asked(tier: Tier, signers: tuple[str, ...]) -> tuple[str, ...]:
    """Who decides it: whom the findings name, else the pool; nobody where no person decides."""
    return (signers or (POOL,)) if needs_person(tier) else ()


def _is_still(pair: str) -> bool:
    old, _, new = pair.partition(">")
    return old == new
