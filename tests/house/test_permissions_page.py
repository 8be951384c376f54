"""Every cell of `docs/permissions.md`, tried against the real pages."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from agents_registry import editing, modes
from agents_registry.changes.saving import save
from agents_registry.models import (
    Absence,
    ActionType,
    Agent,
    ChangeRequest,
    Downgrade,
    Person,
    PolicyChange,
    Pool,
    Role,
    Standard,
    Stop,
    StopKind,
    Workflow,
)
from agents_registry.policy.findings import Mode
from agents_registry.revisions import policy_document
from agents_registry.spec.export import stored
from agents_registry.spec.rows import rows
from approvals import follow_ups, guidance, rubric, stopping, trials, why_links
from approvals.models import Action, Call, Channel, Decision, Endpoint, SpotCheck
from approvals.pages import outside
from approvals.pages.batch import address
from approvals.pages.batch_table import box
from ledger import clock
from tests.approvals.batched import create_title_type, lot_of, stage_many
from tests.factories import create_person, create_team, reviewer_of, seen

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"
REFUSALS = {403, 404}
MISTAKE = {"what": "wrong order", "severity": "minor", "cleanup_minutes": "5"}


def cells() -> Iterator[tuple[str, str, bool]]:
    table = [line.strip("| \n").split(" | ") for line in PAGE.open() if line.startswith("| ")]
    head, *rows = table
    for verb, *answers in rows:
        for role, answer in zip(head[1:], answers, strict=True):
            yield verb, role, {"yes": True, "no": False}[answer]


def person_in(role: str, workflow: Workflow) -> Person:
    if role.endswith("owner"):
        owner: Person = getattr(workflow, role.replace(" ", "_"))
        return owner
    if role == "reviewer":
        return reviewer_of(workflow)
    if role == "stranger":
        return create_person(team=create_team())
    return create_person(team=workflow.team, role=Role(role))


def verdict(action: Action, name: str, **fields: Any) -> dict[str, Any]:
    page = seen(action)
    return {
        "verdict": name,
        "revision": page.revision,
        "digest": page.payload_digest,
        "policy_revision": page.policy_revision,
        "checked": ["all"],
        "comment": "because",
        **fields,
    }


def loosening_asked_for(action_type: ActionType) -> ChangeRequest:
    """By the system owner, of whom the table says nothing."""
    workflow = action_type.workflow
    place = ("workflows", workflow.slug, "action_types", action_type.key)
    row = rows(stored(workflow.team))[place]
    edited = editing.edit(
        team=workflow.team,
        place=place,
        row={**row, "reversibility": "reversible"},
        actor=workflow.system_owner,
        base=editing.base_of(workflow.team, place),
    )
    assert edited.request is not None
    return edited.request


def attempt(verb: str, client: Client, action: Action, workflow: Workflow) -> Any:
    colleague = workflow.pool.people.order_by("-pk")[0].username
    decide = f"/actions/{action.pk}/decide"
    match verb:
        case "see the inbox":
            return client.get("/inbox/?view=all")
        case "see an action":
            return client.get(f"/actions/{action.pk}/")
        case "see the batches":
            return client.get("/batches/")
        case "see a batch" | "choose from a batch" | "approve a batch" | "reject a batch":
            return attempt_on_batch(verb.partition(" ")[0], client, workflow)
        case "take back an act of one's own":
            return attempt_on_batch("approve", client, workflow, undone=True)
        case "see the registry's workflow":
            return client.get(f"/registry/{workflow.slug}/")
        case "see the revisions of a policy":
            return client.get(f"/registry/{workflow.slug}/{action.action_type.key}/revisions/")
        case "undo the last change of a policy":
            save(
                row=action.action_type,
                changes={"confidence_line": Decimal("0.9")},
                actor=workflow.workflow_owner,
            )
            step = PolicyChange.objects.latest("id")
            url = f"/registry/{workflow.slug}/{action.action_type.key}/revisions/{step.pk}/undo"
            return client.post(url, {"reason": "too strict"})
        case "see what waits to be signed":
            return client.get("/requests/")
        case "sign a loosening that waits" | "decline a loosening that waits":
            asked = loosening_asked_for(action.action_type)
            return client.post(f"/requests/{asked.pk}/{verb.partition(' ')[0]}")
        case "see a trial of a policy":
            document = policy_document(action.action_type)
            trial = trials.start(
                team=workflow.team,
                documents={str(action.action_type_id): document},
                days=1,
                author=workflow.risk_owner,
            )
            return client.get(f"/trials/{trial.pk}/")
        case "see the ownership page":
            return client.get("/ownership/")
        case "see the operating model":
            return client.get(f"/registry/{workflow.slug}/model/")
        case "see where a source leads":
            return client.get(outside.url_of("https://crm.example/7"))
        case "see the data map":
            return client.get("/registry/data/")
        case "see what a stop touched":
            return client.get(f"/stops/{stopped(workflow).pk}/")
        case "see the team page":
            return client.get("/team/")
        case "see the chosen actions":
            return client.get(f"/selection/?id={action.pk}")
        case "see a reviewer pool":
            return client.get(f"/team/pools/{workflow.pool.slug}/")
        case "edit a reviewer pool":
            return client.post(f"/team/pools/{workflow.pool.slug}/", {})
        case "see the next weeks of a calendar":
            return client.get(f"/team/calendars/{workflow.calendar.slug}/weeks/")
        case "see the people of subjects":
            return client.get("/team/subjects/")
        case "import people of subjects":
            return client.post("/team/subjects/import", {})
        case "remove people of subjects":
            said = {"subject_type": "account", "relation": "account_lead", "subject_id": "acme"}
            return client.post("/team/subjects/remove", said)
        case "edit a workflow":
            return client.post(f"/registry/{workflow.slug}/edit", {})
        case "make a workflow":
            return client.post("/registry/new", {})
        case "archive a workflow":
            return client.post(f"/team/workflows/{workflow.slug}/archive", {})
        case "edit the team":
            return client.post("/team/edit", {})
        case "make another team":
            return client.post("/team/found", {})
        case "add a person to the team":
            return client.post("/team/people/new", {})
        case "take a person out of the team":
            return client.post(f"/team/people/{colleague}/leave", {})
        case "issue a token to an agent":
            return client.post(f"/team/agents/{action.agent.slug}/tokens", {})
        case "see how an agent is connected":
            return client.get(f"/team/agents/{action.agent.slug}/connect/")
        case "issue a token where an agent is connected":
            return client.post(f"/team/agents/{action.agent.slug}/connect/", {})
        case "see what the codes mean":
            return client.get("/codes/")
        case "see the webhook of an agent":
            return client.get(f"/team/agents/{action.agent.slug}/webhook/")
        case "change the webhook of an agent":
            return client.post(f"/team/agents/{action.agent.slug}/webhook/", {"address": ""})
        case "see the secret of a webhook":
            return client.post(f"{webhook_of(action)}/secret")
        case "make a new secret for a webhook":
            return client.post(f"{webhook_of(action)}/rotate")
        case "switch a webhook on again":
            return client.post(f"{webhook_of(action)}/on")
        case "send a test to a webhook":
            return client.post(f"{webhook_of(action)}/test")
        case "make a call to an agent once more":
            return client.post(f"{webhook_of(action)}/calls/{action.calls.get().pk}/again")
        case "make all calls again that were given up":
            return client.post(f"{webhook_of(action)}/again")
        case "edit an action type":
            check = {"whole": "1", "check": "1"}
            return client.post(f"/registry/{workflow.slug}/refund/edit", check)
        case "add an action type":
            return client.get(f"/registry/{workflow.slug}/new-type")
        case "approve":
            return client.post(decide, verdict(action, "approved"))
        case "edit and approve":
            return client.post(f"/actions/{action.pk}/edit", verdict(action, "edited"))
        case "reject":
            return client.post(decide, verdict(action, "rejected", reason="tone"))
        case "ask for changes":
            return client.post(decide, verdict(action, "changes_requested"))
        case "take over":
            return client.post(decide, verdict(action, "taken_over"))
        case "escalate":
            return client.post(decide, verdict(action, "escalated"))
        case "reassign":
            return client.post(decide, verdict(action, "reassigned", to=colleague))
        case "leave guidance about a subject":
            about_somebody(action)
            return client.post(f"/actions/{action.pk}/guidance", {"guidance": "Call first."})
        case "take guidance back":
            left = guidance.leave(
                action_id=about_somebody(action).pk,
                person=workflow.workflow_owner,
                words="Call first.",
            )
            return client.post(f"/guidance/{left.pk}/take-back")
        case "download the cases to try agents on":
            return client.get(f"/registry/{workflow.slug}/evaluation-set")
        case "ask for rollback":
            become(action, "succeeded")
            return client.post(f"/actions/{action.pk}/rollback", {"rollback_reason": "wrong"})
        case "rehearse a rollback":
            become(action, "succeeded")
            return client.post(f"/actions/{action.pk}/rollback/drill", {"rollback_reason": "drill"})
        case "see what of an incident can be undone":
            return client.get("/rollbacks/?run=r")
        case "ask for the rollback of an incident" | "rehearse the rollback of an incident":
            become(action, "succeeded")
            way = "ask" if verb.startswith("ask") else "drill"
            return client.post(f"/rollbacks/{way}", {"id": str(action.pk), "reason": "wrong"})
        case "see the runs":
            return client.get("/runs/")
        case "see a run" | "read a run as a file":
            Action.objects.filter(pk=action.pk).update(run_id="r")
            return client.get("/runs/one?run=r" if verb == "see a run" else "/runs/one.json?run=r")
        case "report a mistake":
            return client.post(f"/actions/{action.pk}/mistakes", MISTAKE)
        case "say what was done about what was taken over":
            become(action, "taken_over")
            return client.post(f"/actions/{action.pk}/done", {"done": "called them"})
        case "say whether a draft was used":
            become(action, "accepted")
            return client.post(f"/actions/{action.pk}/used", {"used": "not_used"})
        case "read why by a link":
            return client.get(f"/why/{link_to(action)}/")
        case "report a mistake by a link":
            return client.post(f"/why/{link_to(action)}/mistakes", MISTAKE)
        case "see the spot checks":
            return client.get("/checks/")
        case "see a spot check":
            return client.get(f"/checks/{drawn(action).pk}/")
        case "make a spot check":
            ratings = {criterion.key: "pass" for criterion in rubric.CRITERIA}
            return client.post(f"/checks/{drawn(action).pk}/save", ratings)
        case "take an action":
            return client.post(f"/actions/{action.pk}/claim", verdict(action, "claimed"))
        case "give back what the reviewer has":
            Action.objects.filter(pk=action.pk).update(assignee=reviewer_of(workflow))
            return client.post(f"/actions/{action.pk}/give-back", verdict(action, "given_back"))
        case "hand an action to another pool":
            other = Pool.objects.create(team=workflow.team, slug="other", name="Other")
            Action.objects.filter(pk=action.pk).update(pool=other)
            form = verdict(action, "handed_to_pool", pool=workflow.pool.slug)
            return client.post(f"/actions/{action.pk}/hand-to-pool", form)
        case "keep a view of the inbox":
            return client.post("/inbox/views/keep", {"name": "Mine", "query": "view=all"})
        case "see one's own settings":
            return client.get("/me/")
        case "see one's own notices":
            return client.get("/notices/")
        case "choose how one is told":
            return client.post("/me/notices/", {"own": "digest"})
        case "see how a pool is told":
            return client.get(f"/team/pools/{workflow.pool.slug}/channels/")
        case "see which channels work":
            return client.get("/channels/")
        case "try a channel of a pool again":
            return client.post(f"/channels/{pools_channel(workflow).pk}/again")
        case "send a test to a pool":
            return client.post(f"/channels/{pools_channel(workflow).pk}/test")
        case "add a channel to a pool":
            return client.post(f"/team/pools/{workflow.pool.slug}/channels/add/chat/", {})
        case "change a channel of a pool":
            return client.post(f"{url_of(pools_channel(workflow))}/", {})
        case "remove a channel of a pool":
            return client.post(f"{url_of(pools_channel(workflow))}/remove")
        case "see what one decided oneself":
            return client.get("/me/decided/")
        case "set when one is away oneself":
            return client.post("/me/away/", {})
        case "set when a reviewer is away":
            return client.post(f"/team/people/{colleague}/away", {})
        case "call off when a reviewer is away":
            return client.post(f"/away/{absence_of(colleague).pk}/call-off")
        case "see who is asked when":
            return client.get(f"/actions/{action.pk}/asked/")
        case "see who would be asked in a workflow":
            return client.get(f"/registry/{workflow.slug}/asked/")
        case "end open work of a failure":
            work = follow_ups.open_for(action=action, kind="failed")
            choice = {"choice": "close", "reason": "seen"}
            return client.post(f"/follow-ups/{work.pk}/close", choice)
        case "stop the workflow":
            target = {"kind": "workflow", "target": str(workflow.pk), "reason": "a test"}
            return client.post("/stop", target)
        case "see the standards":
            return client.get("/standards/")
        case "edit a standard":
            Standard.objects.create(team=workflow.team, slug="care", name="Care")
            return client.get("/standards/care/edit")
        case "see a lowered mode":
            return client.get(f"/downgrades/{lowered(action).pk}/")
        case "bring a lowered mode back":
            back = {"to": "approval_gated", "note": "mended"}
            return client.post(f"/downgrades/{lowered(action).pk}/restore", back)
        case "confirm drafted action types":
            return client.post(f"/registry/{workflow.slug}/confirm", {"reason": "read them"})
        case "turn it on again":
            return client.post(f"/stops/{stopped(workflow).pk}/resume", {"note": "mended"})
    pytest.fail(f"no attempt is written for “{verb}”")


def become(action: Action, state: str) -> None:
    """The state alone, as if it had come there: who may is asked, not how."""
    digest = action.payload_digest if state == "succeeded" else ""
    Action.objects.filter(pk=action.pk).update(state=state, approved_digest=digest)


def absence_of(username: str) -> Absence:
    person, now = Person.objects.get(username=username), clock.now()
    return Absence.objects.create(
        person=person,
        starts_at=now,
        ends_at=now + timedelta(days=1),
        set_by=person,
        created_at=now,
    )


def link_to(action: Action) -> str:
    return why_links.make(action, action.workflow.workflow_owner)[0]


def drawn(action: Action) -> SpotCheck:
    """As if it had been done without a person: who may is asked, not how."""
    now = clock.now()
    return SpotCheck.objects.create(action=action, team=action.team, drawn_at=now, due_at=now)


def attempt_on_batch(verb: str, client: Client, workflow: Workflow, *, undone: bool = False) -> Any:
    batch = stage_many(workflow.agents.get(), create_title_type(workflow), 2)
    if verb == "see":
        return client.get(address(batch))
    for action_id in lot_of(batch):
        client.get(f"/actions/{action_id}/")
    boxes = [box(action_id, bound) for action_id, bound in lot_of(batch).items()]
    if verb == "choose":
        return client.post(address(batch, "batch_pick"), {"take": boxes})
    decision = {"take": boxes, "verdict": {"approve": "approved"}.get(verb, "rejected")}
    response = client.post(address(batch, "batch_decide"), {**decision, "reason": "tone"})
    if not undone:
        return response
    taken = Decision.objects.filter(act__isnull=False).first()
    return client.post(f"/batches/acts/{taken.act if taken else uuid4()}/undo")


def pools_channel(workflow: Workflow) -> Channel:
    return Channel.objects.create(
        pool=workflow.pool, kind="webhook", address="https://hooks.example/", created_at=clock.now()
    )


def about_somebody(action: Action) -> Action:
    Action.objects.filter(pk=action.pk).update(subject_type="account", subject_id="kestrel")
    return action


def webhook_of(action: Action) -> str:
    """Where it is, after a call about the action; nothing is sent, as it is switched off."""
    now = clock.now()
    webhook = Endpoint.objects.create(agent=action.agent, disabled_at=now, created_at=now)
    Call.objects.create(endpoint=webhook, action=action, key="1", due_at=now, created_at=now)
    return f"/team/agents/{action.agent.slug}/webhook"


def url_of(channel: Channel) -> str:
    return f"/team/pools/{channel.pool.slug if channel.pool else ''}/channels/{channel.pk}"


def stopped(workflow: Workflow) -> Stop:
    return stopping.stop(
        team=workflow.team,
        kind=StopKind.WORKFLOW,
        target=str(workflow.pk),
        reason="a test",
        person=workflow.workflow_owner,
    )


def lowered(action: Action) -> Downgrade:
    down = modes.lower(
        action_type=action.action_type,
        to=Mode.DRAFT_ONLY,
        rule="window:errors",
        because="too many errors",
        reviewer=action.workflow.risk_owner,
        actor="system:test",
    )
    assert down is not None
    return down


@pytest.mark.django_db
@pytest.mark.parametrize(("verb", "role", "allowed"), list(cells()))
def test_each_role_is_let_through_or_refused_as_the_page_says(
    client: Client, action: Action, workflow: Workflow, verb: str, role: str, allowed: bool
) -> None:
    client.force_login(person_in(role, workflow))
    response = attempt(verb, client, action, workflow)
    assert (response.status_code in REFUSALS) is not allowed, response.status_code


@pytest.mark.django_db
def test_no_page_but_the_door_opens_without_signing_in(
    client: Client, desk: tuple[Agent, Workflow, ActionType], action: Action
) -> None:
    examples = {
        "action_type_id": desk[2].pk, "shape": "x", "act": action.pk,
        "action_id": action.pk, "decision_id": 1, "follow_up_id": 1, "stop_id": action.pk,
        "absence_id": 1, "check_id": 1, "view_id": 1, "channel_id": 1,
        "call_id": action.pk, "guidance_id": 1,
        "kind": "chat", "token_id": 1, "section": "pools", "name": "desk",
        "username": "kim",
        "trial_id": action.pk, "downgrade_id": action.pk, "request_id": action.pk, "change_id": 1,
        "slug": desk[1].slug, "signed": "x", "key": desk[2].key,
    }  # fmt: skip
    door = {"login", "logout", "home", "welcome", "forgotten", "reset"}
    door |= {"live_inbox"}  # without its own server there is no stream, for nobody
    door |= {"metrics"}  # has a token of its own
    for pattern in get_resolver().url_patterns:
        if not isinstance(pattern, URLPattern) or pattern.name in door:
            continue
        route = str(pattern.pattern)
        for name, value in examples.items():
            for converter in ("uuid", "int", "slug", "str"):
                route = route.replace(f"<{converter}:{name}>", str(value))
        for method in (client.get, client.post):
            response = method(f"/{route}")
            assert response.status_code in {302, 405}, route
            if response.status_code == 302:
                assert response.headers["Location"].startswith("/login/"), route
