"""The form in which a person makes the content their own, its diff, and how it is judged again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from agents_registry.models import Person
from agents_registry.policy.findings import Tier
from approvals import schema_forms
from approvals.errors import Invalid, Refused
from approvals.judging import Judgement
from approvals.models import Action, Content
from approvals.pages import action as action_page
from approvals.pages import content as says
from approvals.pages import words
from approvals.pages.bar import Choice, checks_of
from approvals.pages.judgement import Finding, finding
from approvals.pages.notes import Note
from approvals.payloads import check
from approvals.review import judge_edit
from approvals.schema_forms import Field, Parsed, Typed
from ledger import clock
from ledger.canonical import digest


@dataclass(frozen=True, slots=True)
class Draft:
    """The person's version so far; `errors` are sentences by JSON Pointer into the payload."""

    payload: Any
    errors: dict[str, str] = field(default_factory=dict)
    typed: Typed = field(default_factory=Typed)
    comment: str = ""
    checked: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Start:
    """What the form starts from: the agent's payload, or the version of this digest."""

    payload: Any
    version: str = ""


@dataclass(frozen=True, slots=True)
class FieldError:
    field_id: str
    label: str
    message: str


@dataclass(frozen=True, slots=True)
class Judged:
    tier: str
    tier_words: str
    findings: list[Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPage:
    """Everything that `edit.html` shows."""

    id: UUID
    url: str
    back_url: str
    title: str
    view: str
    view_title: str
    tier: str
    tier_words: str
    due: words.Due | None
    revision: int
    digest: str
    policy_revision: str
    type_key: str
    fields: list[Field]
    errors: list[FieldError]
    changes: list[says.DiffRow]
    changes_words: str
    judged: Judged | None
    digest_mine_short: str
    checks: list[Choice]
    checked: list[str]
    comment: str
    conflict: Note | None


def draft_from(action: Action, base: Any, post: Any) -> Draft:
    """What was posted as an edit of `base`, held to the schema."""
    schema = action.action_type.payload_schema
    parsed: Parsed = schema_forms.parse(schema, base, post)
    errors = {**_schema_errors(schema, parsed.payload), **parsed.errors}
    comment = post.get("comment", "").replace("\x00", "").strip()
    return Draft(parsed.payload, errors, parsed.typed, comment, post.getlist("checked"))


def page(
    action: Action,
    content: Content,
    person: Person,
    draft: Draft,
    start: Start,
    *,
    view: str = "mine",
    place: str = "view=mine",
    refusal: Refused | None = None,
) -> EditPage:
    """The form as it stands, with what the draft changes and how it is judged."""
    schema = action.action_type.payload_schema
    fields = schema_forms.fields(
        schema, draft.payload, draft.errors, original=start.payload, typed=draft.typed
    )
    judged = None
    changes = says.changes(content.payload, draft.payload, versions=True)
    if changes and not draft.errors:
        judged = judge_edit(action, content, draft.payload)
    tier = max(judged.verdict.tier, Tier(action.tier)) if judged else Tier(action.tier)
    view = view if view in words.VIEWS else "mine"
    query = f"{place}&{urlencode({'version': start.version})}" if start.version else place
    return EditPage(
        id=action.pk,
        url=f"{reverse('edit', args=[action.pk])}?{query}",
        back_url=f"{reverse('action', args=[action.pk])}?{query}",
        title=str(action.action_type),
        view=view,
        view_title=words.VIEWS[view],
        tier=action.tier,
        tier_words=words.TIERS[action.tier],
        due=words.due_of(action, clock.now(), person),
        revision=action.revision,
        digest=action.payload_digest,
        policy_revision=action.policy_revision,
        type_key=action.action_type.key,
        fields=fields,
        errors=_errors(fields, draft.errors, refusal),
        changes=changes,
        changes_words=says.changes_words(changes) if changes else "",
        judged=_judged(judged, tier) if judged else None,
        digest_mine_short=_short(draft) if judged else "",
        checks=checks_of(action, tier),
        checked=draft.checked,
        comment=draft.comment,
        conflict=_conflict(refusal),
    )


def _schema_errors(schema: Mapping[str, Any], payload: Any) -> dict[str, str]:
    try:
        check(schema, payload, pointer="")
    except Invalid as invalid:
        return {fault.pointer: fault.detail for fault in invalid.faults}
    return {}


def _errors(
    fields: list[Field], errors: Mapping[str, str], refusal: Refused | None
) -> list[FieldError]:
    known = {each.pointer: each for each in schema_forms.flat(fields)}
    found = []
    for pointer, message in errors.items():
        place = known.get(pointer)
        found.append(FieldError(place.id if place else "", place.label if place else "", message))
    if refusal and refusal.status != 409:
        found.append(FieldError("", "", refusal.detail))
    return found


def _judged(judgement: Judgement, tier: Tier) -> Judged:
    findings = [finding(each) for each in judgement.findings]
    return Judged(str(tier), words.TIERS[tier], findings)


def _short(draft: Draft) -> str:
    return action_page.short(digest(draft.payload))


def _conflict(refusal: Refused | None) -> Note | None:
    if refusal is None or refusal.status != 409:
        return None
    return Note(
        key="conflict",
        css="warn",
        icon="warn",
        title=refusal.detail,
        body="Your version is still in the form. Look at the action as it is now.",
        link_words="Show the action",
    )
