"""Lowers an action type's mode by a rule, and brings it back after its review."""

from datetime import datetime

from django.db import transaction

from agents_registry import going_live, policy_changes, revisions, roles
from agents_registry.models import ActionType, Downgrade, Person, Workflow
from agents_registry.permissions import check_is_risk_owner
from agents_registry.policy.findings import Mode
from ledger import clock, record


class StaysDown(Exception):
    """The mode was not brought back. `code` is stable, `detail` is for people."""

    def __init__(self, detail: str, *, code: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@transaction.atomic
def lower(
    *,
    action_type: ActionType,
    to: Mode,
    rule: str,
    because: str,
    reviewer: Person,
    actor: str,
    at: datetime | None = None,
) -> Downgrade | None:
    """Takes the mode down to `to`, until `reviewer` has looked; None where it is there already.

    It writes the type's mode and what tells of it. What was staged under the old mode is for
    `approvals.downgrading`.
    """
    row = _lock(action_type)
    was = Mode(row.mode)
    if was >= to:
        return None
    downgrade = Downgrade.objects.create(
        action_type=row,
        from_mode=was,
        to_mode=to,
        rule=rule,
        because=because,
        reviewer=reviewer,
        at=at or clock.now(),
    )
    why = f"{because} {reviewer} reviews it."
    policy = _write(row, to, author=None, reason=why)
    _tell(downgrade, "action_type.mode_lowered", actor, was, to, policy, {"because": because})
    action_type.mode = row.mode
    return downgrade


@transaction.atomic
def restore(*, downgrade: Downgrade, to: Mode, person: Person, note: str) -> Downgrade:
    """Ends the review of a lowered mode, by the risk owner: the mode may be `to` again.

    Never above what it was before, never above what another open downgrade still asks for, and
    not above what a person set since. PermissionDenied, or StaysDown with a code: note_missing,
    reviewed_already, mode_out_of_range, holes, handoff, second_person, unconfirmed.
    """
    row = _lock(downgrade.action_type)
    check_is_risk_owner(person, row.workflow)
    if not note.strip():
        raise StaysDown("Write down what was found and what changed.", code="note_missing")
    waiting = list(row.downgrades.filter(lifted_at__isnull=True))
    _check_can_come_back(downgrade, waiting, to, row)
    was, becomes = Mode(row.mode), _becomes(downgrade, waiting, to, row)
    Downgrade.objects.filter(pk=downgrade.pk, lifted_at__isnull=True).update(
        lifted_to=becomes, lifted_by=person, lifted_at=clock.now(), note=note
    )
    policy = _write(row, becomes, author=person, reason=note)
    actor = f"person:{person.pk}"
    _tell(downgrade, "action_type.mode_restored", actor, was, becomes, policy, {"note": note})
    downgrade.refresh_from_db()
    return downgrade


def waiting_for_review(action_type: ActionType) -> list[Downgrade]:
    """The downgrades of this type that nobody has reviewed, the newest first."""
    waiting = action_type.downgrades.filter(lifted_at__isnull=True)
    return list(waiting.select_related("reviewer").order_by("-at"))


def can_come_back_to(downgrade: Downgrade) -> list[Mode]:
    """The modes that its review may end in, the strictest first."""
    first, last = Mode(downgrade.from_mode), Mode(downgrade.to_mode)
    return [mode for mode in sorted(Mode, reverse=True) if first <= mode <= last]


def _lock(action_type: ActionType) -> ActionType:
    """The row as it is, held with the workflow whose stream tells of it. Staging goes on."""
    Workflow.objects.select_for_update(no_key=True).get(pk=action_type.workflow_id)
    return (
        ActionType.objects.select_for_update(of=("self",), no_key=True)
        .select_related("workflow__team")
        .get(pk=action_type.pk)
    )


def _check_can_come_back(
    downgrade: Downgrade, waiting: list[Downgrade], to: Mode, row: ActionType
) -> None:
    if downgrade not in waiting:
        raise StaysDown("Somebody reviewed this before you.", code="reviewed_already")
    if to not in can_come_back_to(downgrade):
        words = "Choose a mode from what it was before to what it went down to."
        raise StaysDown(words, code="mode_out_of_range")
    if to < Mode(downgrade.to_mode) and (holes := roles.vacant(row.workflow)):
        because = " ".join(hole.because for hole in holes)
        raise StaysDown(f"Somebody has to be named first. {because}", code="holes")
    lacking = going_live.lacking(row, {"mode": to}) if row.mode == Mode.DRAFT_ONLY else []
    if lacking:
        because = " ".join(each.sentence for each in lacking)
        raise StaysDown(f"Its handoff has to be whole first. {because}", code="handoff")
    if to < Mode(row.mode) and row.workflow.team.second_person:
        words = "In this team loosening takes a second person. End the review with the mode as it "
        raise StaysDown(words + "is, then ask for more on the type's page.", code="second_person")
    if to < Mode.DRAFT_ONLY and not row.confirmed:
        raise StaysDown("Nobody has confirmed this action type yet.", code="unconfirmed")


def _becomes(downgrade: Downgrade, waiting: list[Downgrade], to: Mode, row: ActionType) -> Mode:
    """What is left when this downgrade is gone: whatever else keeps the mode down still does."""
    asked = {each.pk: Mode(each.to_mode) for each in waiting}
    set_by_hand = Mode(row.mode) > max(asked.values())
    others = [mode for pk, mode in asked.items() if pk != downgrade.pk]
    return Mode(row.mode) if set_by_hand else max([to, *others])


def _write(row: ActionType, mode: Mode, *, author: Person | None, reason: str) -> str:
    """Sets the mode of a held row and keeps the step of its policy; the digest that it has now."""
    before = revisions.policy_document(row)
    held = ActionType.objects.filter(pk=row.pk, mode=row.mode).update(mode=mode)
    assert held, "the row is held since its mode was read"
    row.mode = mode
    after = revisions.policy_document(row)
    policy_changes.keep(
        before={row: before}, after={row: after}, author=author, reason=reason, signed_by=None
    )
    return revisions.store_policy(after)


def _tell(
    downgrade: Downgrade,
    event: str,
    actor: str,
    was: Mode,
    now: Mode,
    policy: str,
    words: dict[str, str],
) -> None:
    workflow = downgrade.action_type.workflow
    record.append(
        scope=str(workflow.team_id),
        stream=f"workflow:{workflow.pk}",
        type=event,
        actor=actor,
        body={
            "row": downgrade.action_type.key,
            "downgrade": str(downgrade.pk),
            "rule": downgrade.rule,
            "reviewer": f"person:{downgrade.reviewer_id}",
            "before": {"mode": str(was)},
            "after": {"mode": str(now)},
            "policy": policy,
        },
        sealed=words,
    )
