"""PURE: what the words of a tool's name, description and schema say that it does."""

import re
from collections.abc import Iterator
from typing import Any

_NAMES = {
    "read": "get list find search read fetch lookup look count describe show view check browse "
    "calculate compute estimate inspect compare think",
    "draft": "draft compose prepare outline",
    "recommend": "recommend suggest propose advise",
    "tag": "tag label categorize categorise classify flag mark",
    "route": "route assign triage escalate handoff",
    "write": "write create add insert update edit modify change set put patch save upsert upload "
    "rename move copy replace merge store record append sync import restore reset enable disable",
    "schedule": "schedule reschedule plan",
    "send": "send email mail message sms text call notify reply respond post publish share "
    "broadcast announce forward",
    "trigger": "trigger run execute start launch deploy invoke stop restart",
    "invite": "invite",
    "enrol": "enrol enroll subscribe register",
    "grant": "grant allow permit give",
    "refund": "refund reimburse credit compensate return",
    "cancel": "cancel void revoke terminate abort unsubscribe close",
    "delete": "delete remove drop purge erase destroy wipe clear truncate",
    "approve": "approve accept sign confirm authorize authorise",
    "commit": "commit pay purchase buy order checkout charge transfer agree submit exchange place "
    "bid settle withdraw book reserve",
}
VERBS: dict[str, str] = {word: verb for verb, words in _NAMES.items() for word in words.split()}
"""A word of a name to the verb of ours that it is taken for."""

LEVELS: dict[str, str] = {
    "read": "read_only",
    "draft": "draft_generation",
    "recommend": "recommendation",
    "create_task": "task_creation",
    "tag": "system_write_back",
    "write": "system_write_back",
    "route": "system_write_back",
    "schedule": "system_write_back",
    "trigger": "system_write_back",
    "send": "external_message",
    "invite": "external_message",
    "enrol": "external_message",
    "grant": "customer_impacting_decision",
    "refund": "customer_impacting_decision",
    "cancel": "customer_impacting_decision",
    "delete": "customer_impacting_decision",
    "approve": "customer_impacting_decision",
    "commit": "customer_impacting_decision",
}
TASKS = frozenset({"task", "ticket", "todo", "reminder"})
TERMS = frozenset({"price", "prices", "pricing", "discount", "terms", "contract"})

_ACTS_IN_A_NAME = frozenset(
    {"and", "or", "out", "delete", "remove", "purge", "drop", "send", "execute", "run", "write"}
    | {"create", "update", "set", "modify", "insert", "upsert", "cancel", "pay", "submit"}
)
_ACTS_IN_WORDS = re.compile(
    r"\b(deletes?|removes?|erases?|purges?|wipes?|drop|sends?|notif(?:y|ies)|creates?|inserts?"
    r"|overwrites?|writes?|modify|modifies|update|change|cancels?|pays?|charge|refund|transfer"
    r"|submits?|executes?|approves?|purchase|trigger)\b",
    re.IGNORECASE,
)
_ACTS_IN_A_SCHEMA = frozenset(
    {"sql", "statement", "command", "cmd", "shell", "script", "code", "method", "amount"}
    | {"recipient", "recipients", "webhook", "webhook_url", "callback_url", "email_to", "send_to"}
)


def of_name(name: str) -> list[str]:
    """The words of a name, whatever its style: `sendEmail`, `crm.contacts-list`, `get_order`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", spaced) if word]


def verb_of(words: list[str]) -> str:
    """The verb of the first word that has one; empty when none does."""
    found = next((VERBS[word] for word in words if word in VERBS), "")
    return "create_task" if found == "write" and TASKS.intersection(words) else found


def acts(name: list[str], description: str, schema: Any) -> Iterator[str]:
    """Each place that speaks against a harmless read, in words."""
    for word in name:
        if word in _ACTS_IN_A_NAME:
            yield f"its name says “{word}”"
    for word in dict.fromkeys(_ACTS_IN_WORDS.findall(description)):
        yield f"its description says “{word.lower()}”"
    for field in dict.fromkeys(_fields(schema)):
        if field.lower() in _ACTS_IN_A_SCHEMA:
            yield f"it takes a field “{field}”"


def _fields(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for part in schema:
            yield from _fields(part)
    elif isinstance(schema, dict):
        properties = schema.get("properties")
        yield from properties if isinstance(properties, dict) else ()
        for part in schema.values():
            yield from _fields(part)
