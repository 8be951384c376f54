"""What the demo's people find when they look at a sample of what was done without them."""

from functools import partial

from agents_registry.models import Person
from approvals import closing, rubric, spot_checks
from approvals.models import Action, FollowUp, FollowUpKind, SpotCheck
from reviewqueue.demo.tale import Tale, working

FAILS = 0.1
LEFT = 0.3
"""How many nobody has found the time for."""


def check_soon(tale: Tale, action: Action) -> None:
    """Plans the check of an action that was drawn; some are still to be made."""
    drawn = SpotCheck.objects.filter(action=action.pk).first()
    if drawn and tale.chance.random() > LEFT:
        when = working(action, tale.chance.triangular(120, 2200, 600))
        tale.timeline.at(when, partial(_check, tale, action, drawn.pk))


def _check(tale: Tale, action: Action, check_id: int) -> None:
    """Most are right; what is not counts, and is somebody's open work until the next day."""
    texts = tale.texts["checks"]
    wrong = tale.chance.choice(texts["wrong"]) if tale.chance.random() < FAILS else None
    ratings = {criterion.key: str(rubric.Answer.PASS) for criterion in rubric.CRITERIA}
    if wrong:
        ratings[wrong["criterion"]] = str(rubric.Answer.FAIL)
    spot_checks.check(
        check_id=check_id,
        person=_somebody(tale, action),
        ratings=ratings,
        comment=wrong["comment"] if wrong else "",
        cleanup_minutes=wrong.get("minutes", 0) if wrong else 0,
    )
    if wrong:
        when = working(action, tale.chance.randint(40, 400))
        tale.timeline.at(when, partial(_close, action, texts["closed"]))


def _close(action: Action, reason: str) -> None:
    work = FollowUp.objects.select_related("assignee").get(
        action=action.pk, kind=FollowUpKind.CHECK_FAILED
    )
    assert work.assignee is not None
    closing.close(follow_up_id=work.pk, person=work.assignee, choice="close", reason=reason)


def _somebody(tale: Tale, action: Action) -> Person:
    return tale.chance.choice(list(action.workflow.pool.people.order_by("username")))
