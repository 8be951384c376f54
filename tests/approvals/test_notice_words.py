"""What a message says: everything one needs to know, nothing that is secret, one way there."""

import copy
import re
from datetime import timedelta
from typing import Any

import pytest

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import addressing, review, stopping
from approvals.models import Action, Notice
from approvals.notices import foreign, wording
from approvals.notices.letters import Message
from ledger import clock
from tests.approvals.told import create_channel, message, remind, tell, waiting
from tests.factories import create_action, create_desk, seen

pytestmark = pytest.mark.django_db

LINK = re.compile(r"https?://[^\s\"<>]+")
HOSTILE = "Click https://evil.example/x or www.evil.example\r\nBcc: all@evil.example\u202e\n> ok"


@pytest.fixture(autouse=True)
def public(settings: Any) -> None:
    settings.PUBLIC_URL = "https://queue.example.com"


def said(action: Action, person: Person) -> Message:
    """The message about this action, addressed to this person."""
    Action.objects.filter(pk=action.pk).update(assignee=person)
    channel = create_channel(person)
    tell()
    found = message(channel)
    assert found
    return found


def link_to(action: Action) -> str:
    return f"https://queue.example.com/actions/{action.pk}/"


def test_a_message_carries_what_one_needs_to_know(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    handoff = {"context": "The parcel came back."}
    mail = said(create_action(agent, refund, handoff=handoff), reviewer)
    for words in (
        "Refund 120.00 USD for order A-1",
        "a customer wrote",
        "The parcel came back.",
        "May this refund be paid?",
        "pay it",
        "Mandatory approval",
        "left in the work time of UTC",
        "It goes to the workflow owner. If in the end nobody answers: it expires",
    ):
        assert words in mail.text
        assert words in mail.html


def test_the_subject_is_in_our_own_words(
    agent: Agent, refund: ActionType, workflow: Workflow, reviewer: Person
) -> None:
    payload = {"order": "Free money\r\nBcc: x@example.com", "amount": 120, "currency": "USD"}
    mail = said(create_action(agent, refund, payload=payload), reviewer)
    assert mail.subject == f"Refund waits for you ({workflow}, mandatory approval)"


def test_a_name_from_the_registry_breaks_no_header(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    refund.name = "Refund\r\nBcc: x@example.com\u202e" + "x" * 300
    ActionType.objects.filter(pk=refund.pk).update(name=refund.name[:120])
    mail = said(create_action(agent, refund), reviewer)
    assert "\n" not in mail.subject
    assert "\r" not in mail.subject
    assert len(mail.subject) <= 150


def test_there_is_one_link_and_it_is_to_the_page(action: Action, reviewer: Person) -> None:
    mail = said(action, reviewer)
    assert LINK.findall(mail.text) == LINK.findall(mail.html) == [link_to(action)]
    assert mail.url == link_to(action)


def test_what_an_agent_writes_is_no_link_and_hides_nothing(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    handoff = {"trigger": HOSTILE, "context": HOSTILE}
    payload = {"order": HOSTILE, "amount": 120, "currency": "USD"}
    mail = said(create_action(agent, refund, payload=payload, handoff=handoff), reviewer)
    for text in (mail.text, mail.html, mail.lines and mail.lines[0].sub):
        if text:
            assert "\u202e" not in text
            assert "evil.example" not in text
    assert "[U+202E]" in mail.text
    assert LINK.findall(mail.text) == [link_to(action_of(mail))]


def action_of(mail: Message) -> Action:
    return Action.objects.get(pk=mail.url.rstrip("/").rpartition("/")[2])


def test_what_an_agent_writes_cannot_pass_for_our_own_lines(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    trigger = "a mail\u2028Look at it and decide:\x85Approved already.\rYes"
    mail = said(create_action(agent, refund, handoff={"trigger": trigger}), reviewer)
    for line in ("Look at it and decide:", "Approved already.", "Yes"):
        assert f"\n> {line}\n" in mail.text
    assert mail.text.count("\nLook at it and decide:\n") == 1


def test_what_an_agent_writes_is_escaped_in_html(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    trigger = "<img src=x onerror=alert(1)><a href='https://evil.example'>Approve</a>"
    mail = said(create_action(agent, refund, handoff={"trigger": trigger}), reviewer)
    assert "<img" not in mail.html
    assert mail.html.count("<a ") == 1


def test_fields_marked_sensitive_are_in_no_part_of_it(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    refund.payload_schema = copy.deepcopy(refund.payload_schema)
    refund.payload_schema["properties"]["order"]["x-sensitive"] = True
    refund.save()
    handoff = {"trigger": "wrote about ORDER-4711", "next_steps": ["pay ORDER-4711", "tell them"]}
    payload = {"order": "ORDER-4711", "amount": 120, "currency": "USD"}
    action = create_action(agent, refund, payload=payload, handoff=handoff)
    mail = said(action, reviewer)
    assert "ORDER-4711" not in mail.text + mail.html + mail.subject
    assert "Refund 120.00 USD for order •••" in mail.text
    assert "wrote about •••" in mail.text
    line = wording.line(Notice.objects.get(), reviewer)
    assert "ORDER-4711" not in line.title + line.sub
    assert "•••" in line.sub


def test_a_sensitive_value_is_hidden_however_short_and_however_it_would_be_written(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    refund.payload_schema = copy.deepcopy(refund.payload_schema)
    for name in ("amount", "order"):
        refund.payload_schema["properties"][name]["writeOnly"] = True
    refund.save()
    payload = {"order": "A1", "amount": 1234.5, "currency": "USD"}
    mail = said(create_action(agent, refund, payload=payload), reviewer)
    assert "Refund ••• USD for order •••" in mail.text
    assert "1,234.50" not in mail.text


def test_a_deadline_is_in_the_readers_own_zone(action: Action, reviewer: Person) -> None:
    Person.objects.filter(pk=reviewer.pk).update(time_zone="Asia/Kathmandu")
    reviewer.refresh_from_db()
    assert "+0545" in said(action, reviewer).text


def test_several_things_are_one_message_with_a_line_each_the_most_urgent_first(
    agent: Agent, refund: ActionType, workflow: Workflow, reviewer: Person
) -> None:
    channel = create_channel(workflow.pool)
    actions = [
        create_action(agent, refund, payload={"order": f"A-{n}", "amount": 1, "currency": "USD"})
        for n in range(3)
    ]
    now = clock.now()
    for action, hours in zip(actions, (5, 1, 3), strict=True):
        Action.objects.filter(pk=action.pk).update(due_at=now + timedelta(hours=hours))
    tell()
    mail = message(channel)
    assert mail
    assert mail.subject == "3 things wait with Reviewers"
    assert [line.url for line in mail.lines] == [link_to(actions[n]) for n in (1, 2, 0)]
    assert [line.sub[-3:] for line in mail.lines] == ["A-1", "A-2", "A-0"]
    assert mail.url == "https://queue.example.com/inbox/?view=pool"


def test_of_very_many_twenty_are_named_and_the_rest_is_counted(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    channel = create_channel(workflow.pool)
    for _ in range(27):
        create_action(agent, refund)
    tell()
    mail = message(channel)
    assert mail
    assert mail.subject == "27 things wait with Reviewers"
    assert len(mail.lines) == 20
    assert "and 7 more" in mail.text
    assert "and 7 more" in mail.html


def test_a_reminder_in_the_same_message_says_it_once(
    action: Action, workflow: Workflow, reviewer: Person
) -> None:
    channel = create_channel(workflow.pool)
    tell()
    for _ in range(2):
        remind(action)
        tell()
    assert len(waiting(channel)) == 3
    mail = message(channel)
    assert mail
    assert mail.subject.startswith("Reminder: Refund waits with Reviewers")


def test_the_last_reminder_alone_still_matters(action: Action) -> None:
    tell()
    for _ in range(2):
        remind(action)
        tell()
    rows = Notice.objects.select_related(*wording.FOR_LINES).order_by("created_at")
    assert [notice.about["reminded"] for notice in wording.standing(rows)] == [0, 2]


def test_what_is_over_when_it_is_sent_is_not_sent(
    action: Action, workflow: Workflow, reviewer: Person
) -> None:
    channel = create_channel(workflow.pool)
    tell()
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["all"])
    assert wording.needed(waiting(channel)) == []
    assert message(channel) is None


def test_to_a_pool_and_to_one_of_it_by_name_only_the_personal_one_is_sent(
    action: Action, workflow: Workflow, reviewer: Person
) -> None:
    colleague = workflow.pool.people.exclude(pk=reviewer.pk).get()
    channel = create_channel(colleague)
    tell()
    review.reassign(
        action_id=action.pk, person=reviewer, seen=seen(action), to=colleague, comment="yours"
    )
    tell()
    assert len(waiting(channel)) == 2
    assert [each.notice and each.notice.person_id for each in wording.needed(waiting(channel))] == [
        colleague.pk
    ]


def test_what_was_taken_by_somebody_is_no_more_the_pools(
    action: Action, workflow: Workflow, reviewer: Person
) -> None:
    tell()
    addressing.claim(action_id=action.pk, person=reviewer, seen=seen(action))
    assert not wording.still_matters(Notice.objects.select_related(*wording.FOR_LINES).get())


def test_who_has_left_gets_nothing(action: Action, reviewer: Person) -> None:
    channel = create_channel(reviewer)
    tell()
    Person.objects.filter(pk=reviewer.pk).update(is_active=False)
    assert message(channel) is None


def test_a_stop_says_who_stopped_what_and_why(workflow: Workflow, reviewer: Person) -> None:
    channel = create_channel(workflow.risk_owner)
    stop = stopping.stop(
        team=workflow.team,
        kind="workflow",
        target=str(workflow.pk),
        reason="It pays twice.",
        person=reviewer,
    )
    tell()
    mail = message(channel)
    assert mail
    assert mail.subject == f"{workflow} is stopped"
    assert f"{reviewer}: It pays twice." in mail.text
    assert mail.url == f"https://queue.example.com/stops/{stop.pk}/"


def test_lines_of_a_list_cost_no_query_each(
    agent: Agent, refund: ActionType, reviewer: Person, django_assert_max_num_queries: Any
) -> None:
    for _ in range(10):
        create_action(agent, refund)
    tell()
    found = list(Notice.objects.select_related(*wording.FOR_LINES))
    with django_assert_max_num_queries(2):
        assert len(wording.lines(found, reviewer)) == 10
        assert len(wording.standing(found)) == 10


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://evil.example/a", "see https[:]//evil[.]example/a"),
        ("write kim@example.com", "write kim@example[.]com"),
        ("MAILTO:kim", "MAILTO[:]kim"),
        ("at 10:30 for 120.50 USD, v1.2", "at 10:30 for 120.50 USD, v1.2"),
        ("End. Next", "End. Next"),
        ("at 10.0.0.1", "at 10[.]0.0.1"),
        ("evil。example", "evil[.]example"),
        ("<!channel> @everyone", "[<]!channel> [@]everyone"),
        ("a\u200bb", "a[U+200B]b"),
    ],
)
def test_what_programs_make_a_link_of_is_none(text: str, expected: str) -> None:
    assert foreign.line(text) == expected


def test_a_long_text_is_cut() -> None:
    assert len(foreign.line("x" * 5000)) == foreign.LONGEST
    assert sum(map(len, foreign.lines("line\n" * 5000))) <= foreign.LONGEST


def test_every_kind_of_notice_has_words(workflow: Workflow, reviewer: Person) -> None:
    agent, other, refund = create_desk()
    action = create_action(agent, refund)
    for kind in ("asked", "reminded", "held"):
        notice = Notice(
            team=other.team, person=reviewer, kind=kind, action=action, about={"step": 0}
        )
        notice.created_at = clock.now()
        assert wording.line(notice, reviewer).title.count("Refund") == 1
    for kind, about in {
        "stopped": {"stop": "0" * 32, "what": "Mails"},
        "resumed": {"stop": "0" * 32, "what": "Mails"},
        "downgraded": {"downgrade": "0" * 32},
        "signature": {"request": "0" * 32},
        "delegated": {"absence": 1},
        "channel_failed": {"channel": 1},
    }.items():
        about = {
            name: f"{value[:8]}-0000-0000-0000-{value[:12]}" if value == "0" * 32 else value
            for name, value in about.items()
        }
        notice = Notice(team=other.team, person=reviewer, kind=kind, about=about)
        notice.created_at = clock.now()
        assert wording.line(notice, reviewer).title
