"""PURE: the shape of the operating model as JSON Schema; a field without a default is required.

The fields of a policy are let through here: `agents_registry.policy` knows more about them.
"""

from typing import Any

from agents_registry.policy import pointers
from agents_registry.policy.findings import APPROVABLE
from agents_registry.policy.floors import BUILT_IN, VERBS
from agents_registry.policy.schema import NAME, TEXT

Schema = dict[str, Any]

OWNER_ROLES = ("workflow_owner", "system_owner", "risk_owner", "approval_owner")


def _row(**fields: Schema) -> Schema:
    return {
        "type": "object",
        "properties": fields,
        "required": [name for name, field in fields.items() if "default" not in field],
        "additionalProperties": False,
    }


def _section(names: str, row: Schema) -> Schema:
    return {
        "type": "object",
        "propertyNames": {"pattern": names},
        "additionalProperties": row,
        "default": {},
    }


def _one_of(*words: str) -> Schema:
    return {"enum": list(words)}


def _list(of: Schema, /, **more: Any) -> Schema:
    return {"type": "array", "items": of, "maxItems": 500, **more}


def _text(longest: int, /, **more: Any) -> Schema:
    return {"type": "string", "maxLength": longest, **more}


SLUG = r"^[a-z0-9][a-z0-9_-]{0,49}$"
USERNAME = r"^[\w.@+-]{1,150}$"
KEY = r"^[A-Za-z0-9_.:-]{1,80}$"
SOURCE = r"^/(payload|before|after|outcome)(/([^/~]|~[01])*)*$"
EMAIL = r"^([^@\s]+@[^@\s]+)?$"

_slug = {"type": "string", "pattern": SLUG}
_username = {"type": "string", "pattern": USERNAME}
_nobody = {**_username, "type": ["string", "null"], "default": None}
_title = _text(120, minLength=1)
_duration = _text(40)
_long = _text(20_000, default="")
_anything: Schema = {}
_pointer: Schema = _text(500, pattern=pointers.PATTERN)

TEAM = _row(
    slug=_slug,
    name=_title,
    governance_lead=_nobody,
    second_person={"type": "boolean", "default": False},
)
PERSON = _row(
    name=_text(150, default=""),
    email=_text(254, pattern=EMAIL, default=""),
    role=_one_of("member", "manager", "auditor") | {"default": "member"},
)
POOL = _row(name=_title, people=_list(_username, uniqueItems=True, default=[]))
CALENDAR = _row(
    name=_title,
    time_zone=_anything,
    hours=_anything,
    holidays=_anything | {"default": None},
    days_off=_anything | {"default": []},
)
_repeat: Schema = {"type": "integer", "minimum": 1, "maximum": 10, "default": 1}
STAGE = _row(
    who=NAME,
    otherwise={**NAME, "type": ["string", "null"], "default": None},
    within=_duration,
    remind={**_duration, "type": ["string", "null"], "default": None},
    repeat=_repeat,
)
CHAIN = _row(
    name=_title,
    first_remind=_duration | {"default": ""},
    first_repeat=_repeat,
    stages=_list(STAGE),
    fallback=_one_of("expire", "hold", "hold_and_pause") | {"default": "expire"},
)
AGENT = _row(
    name=_title,
    description=_long,
    most_pending={
        "type": ["integer", "null"],
        "minimum": 1,
        "maximum": 100_000,
        "default": None,
    },
)
POLICY = {
    "verb": _anything,
    "authority_level": _anything,
    "authority": {"default": "binding"},
    "blast_radius": {"default": "high"},
    "reversibility": {"default": "irreversible"},
    "mode": {"default": "draft_only"},
    "confirmed": {"default": False},
    "changes_terms": {"default": False},
    "confidence_line": {"default": None},
    "confidence_tier": {"default": "mandatory"},
    "impact": {"default": None},
    "thresholds": {"default": []},
    "cumulative": {"default": []},
    "stop_rules": {"default": []},
    "required_inputs": {"default": []},
    "again": {"default": {}},
    "waives": {"default": []},
    "loosened": {"default": []},
}
_rules = _list(_anything, default=[])
STANDARD = _row(
    name=_title,
    purpose=_long,
    everywhere={"type": "boolean", "default": False},
    rules=_row(
        verbs=_list(
            _one_of(*(verb for verb in VERBS if verb not in BUILT_IN)), uniqueItems=True, default=[]
        ),
        mode={"default": None},
        confidence_line={"default": None},
        confidence_tier={"default": None},
        floors=_rules,
        thresholds=_rules,
        cumulative=_rules,
        stop_rules=_rules,
        required_inputs=_rules,
        again={"default": {}},
    )
    | {"default": {}},
)
ACTION_TYPE = _row(
    name=_text(120, default=""),
    description=_long,
    sentence=TEXT | {"default": ""},
    **POLICY,
    idempotent={"type": "boolean", "default": False},
    rollback_path=_long,
    rollback=_row(
        type={"type": "string", "pattern": KEY},
        payload={
            "type": "object",
            "maxProperties": 100,
            "additionalProperties": {
                "anyOf": [{"type": "string", "pattern": SOURCE}, _row(value=_anything)]
            },
            "default": {},
        },
    )
    | {"type": ["object", "null"], "default": None},
    matches=_list(_row(payload=_pointer, after=_pointer), default=[]),
    systems=_row(reads=_list(NAME, default=[]), writes=_list(NAME, default=[])) | {"default": {}},
    data_classes=_list(_text(40, minLength=1), default=[]),
    handoff=_row(
        trigger=TEXT | {"default": ""},
        context=TEXT | {"default": ""},
        decision_asked=TEXT | {"default": ""},
        next_steps=_list(TEXT, default=[]),
    )
    | {"default": {}},
    checks=_list(TEXT, default=[]),
    sla=_duration | {"default": ""},
    chain=_slug | {"type": ["string", "null"], "default": None},
    send_window=_slug | {"type": ["string", "null"], "default": None},
    settle_seconds={"type": ["integer", "null"], "minimum": 0, "maximum": 600, "default": None},
    approval_life=_duration | {"default": "5 business days"},
    approval_lives={
        "type": "object",
        "propertyNames": _one_of(*APPROVABLE),
        "additionalProperties": _duration,
        "default": {},
    },
    approvals_needed={"type": "integer", "minimum": 1, "maximum": 5, "default": 1},
    spot_check_rate={"type": ["number", "null"], "minimum": 0, "maximum": 1, "default": None},
    payload_schema={"type": "object", "default": {}},
)
WORKFLOW = _row(
    name=_title,
    purpose=_long,
    owners=_row(**dict.fromkeys(OWNER_ROLES, _username)),
    deputies=_row(**dict.fromkeys(OWNER_ROLES, _nobody)) | {"default": {}},
    pool=_slug,
    calendar=_slug,
    chain=_slug,
    sla=_duration | {"default": "1 business day"},
    when_stopped=_one_of("hold", "refuse") | {"default": "hold"},
    after_failed_step=_one_of("halt", "go_on") | {"default": "halt"},
    after_rejected_step=_one_of("halt", "go_on") | {"default": "halt"},
    step_retries={"type": "integer", "minimum": 0, "maximum": 10, "default": 0},
    agents=_list(_slug, uniqueItems=True, default=[]),
    standards=_list(_slug, uniqueItems=True, default=[]),
    trigger=_long,
    evaluation=_long,
    failure_modes=_list(TEXT, default=[]),
    success_metric=_long,
    pause_when=_long,
    runbook=_text(500, default=""),
    window_thresholds=_list(_anything, default=[]),
    action_types=_section(KEY, ACTION_TYPE),
)
DOCUMENT = _row(
    team=TEAM | {"default": None},
    people=_section(USERNAME, PERSON),
    pools=_section(SLUG, POOL),
    calendars=_section(SLUG, CALENDAR),
    chains=_section(SLUG, CHAIN),
    agents=_section(SLUG, AGENT),
    standards=_section(SLUG, STANDARD),
    workflows=_section(SLUG, WORKFLOW),
)
