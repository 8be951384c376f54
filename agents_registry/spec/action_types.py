"""PURE: finds what is wrong with one action type of a document."""

import re
from collections.abc import Iterator
from typing import Any

from agents_registry.policy import documents, inheritance, pointers
from agents_registry.policy.findings import Mode
from agents_registry.policy.floors import CHANGES_NOTHING
from agents_registry.spec import handoff, payload_schemas, timing
from agents_registry.spec.problems import Problem
from agents_registry.spec.rows import Document, Row
from agents_registry.spec.shape import POLICY

FIELD = re.compile(r"\{([A-Za-z0-9_./-]+)\}")
"""A place in a type's sentence that is filled from the payload: `{customer.name}`."""


def problems(place: str, key: str, row: Row, whole: Document) -> Iterator[Problem]:
    """What is wrong with a filled action type, given everything that it may refer to."""
    policy = list(_policy(place, key, row))
    schema = list(_schema(place, row["payload_schema"]))
    yield from [*policy, *schema]
    yield from _timing(place, row, whole)
    if not policy:
        yield from _asked(place, row, whole)
        yield from _rollback(place, row)
        yield from _handoff(place, row)
    if not policy and not schema:
        yield from _paths(place, row)
        yield from _matches(place, row)


def policy_document(key: str, row: Row) -> dict[str, Any]:
    """The part of an action type that it is judged by, as `agents_registry.policy` reads it."""
    return {"key": key, **{name: row[name] for name in POLICY}}


def _policy(place: str, key: str, row: Row) -> Iterator[Problem]:
    for error in documents.validate(policy_document(key, row)):
        yield Problem(f"{place}{error.pointer}", error.detail)
    yield from _called_like_inherited(place, row)
    for share in ("confidence_line", "spot_check_rate"):
        if isinstance(row[share], float) and round(row[share], 3) != row[share]:
            yield Problem(f"{place}/{share}", "It has more than three decimals.")


def _called_like_inherited(place: str, row: Row) -> Iterator[Problem]:
    for rules in inheritance.WITH_ID:
        for number, rule in enumerate(row[rules] if isinstance(row[rules], list) else ()):
            if isinstance(rule, dict) and str(rule.get("id")).startswith(inheritance.PREFIX):
                said = f"Names that begin with {inheritance.PREFIX} belong to standards."
                yield Problem(f"{place}/{rules}/{number}/id", said)


def _schema(place: str, schema: Any) -> Iterator[Problem]:
    for pointer, sentence in payload_schemas.faults(schema):
        yield Problem(f"{place}/payload_schema{pointer}", sentence)


def _timing(place: str, row: Row, whole: Document) -> Iterator[Problem]:
    if row["sla"]:
        yield from timing.duration(f"{place}/sla", row["sla"])
    yield from timing.duration(f"{place}/approval_life", row["approval_life"])
    for tier, life in row["approval_lives"].items():
        yield from timing.duration(f"{place}/approval_lives/{tier}", life)
    if row["chain"] is not None and row["chain"] not in whole["chains"]:
        yield Problem(f"{place}/chain", f"There is no chain {row['chain']!r}.")
    if row["send_window"] is not None and row["send_window"] not in whole["calendars"]:
        said = f"There is no calendar {row['send_window']!r}."
        yield Problem(f"{place}/send_window", said)


def _asked(place: str, row: Row, whole: Document) -> Iterator[Problem]:
    for rules in ("thresholds", "cumulative", "stop_rules"):
        for number, rule in enumerate(row[rules]):
            if rule.get("ask"):
                yield from timing.addressee(f"{place}/{rules}/{number}/ask", rule["ask"], whole)


def _rollback(place: str, row: Row) -> Iterator[Problem]:
    alone = row["mode"] == Mode.AUTO_EXECUTED and row["verb"] not in CHANGES_NOTHING
    if alone and not row["rollback"] and not row["rollback_path"].strip():
        yield Problem(
            f"{place}/rollback_path",
            "What may be carried out without a person needs a way to undo it.",
        )


def _handoff(place: str, row: Row) -> Iterator[Problem]:
    for each in handoff.problems(row):
        yield Problem(f"{place}{each.place}", each.sentence)


def _paths(place: str, row: Row) -> Iterator[Problem]:
    schema, fields = row["payload_schema"], dict.fromkeys(FIELD.findall(row["sentence"]))
    for field in fields:
        if not payload_schemas.leads_to(schema, tuple(field.split("."))):
            yield Problem(f"{place}/sentence", f"The payload schema has no {field}.")
    for name, pointer in _measured(row["impact"] or {}):
        if not payload_schemas.leads_to(schema, pointers.steps(pointer)):
            yield Problem(f"{place}/impact/{name}", f"The payload schema has no {pointer}.")
    for number, limit in enumerate(row["cumulative"]):
        path = pointers.steps(limit["per"])
        if path and not payload_schemas.leads_to(schema, path):
            said = f"The payload schema has no {limit['per']}."
            yield Problem(f"{place}/cumulative/{number}/per", said)


def _matches(place: str, row: Row) -> Iterator[Problem]:
    for number, pair in enumerate(row["matches"]):
        if not payload_schemas.leads_to(row["payload_schema"], pointers.steps(pair["payload"])):
            said = f"The payload schema has no {pair['payload']}."
            yield Problem(f"{place}/matches/{number}/payload", said)


def _measured(impact: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each figure of an impact with the pointer that it is read from."""
    metrics = {f"metrics/{name}": source for name, source in impact.get("metrics", {}).items()}
    figures = {name: impact.get(name) for name in ("affected", "spend_delta", "currency")}
    for name, source in {**figures, **metrics}.items():
        pointer = source.get("count", source.get("sum")) if isinstance(source, dict) else source
        if isinstance(pointer, str):
            yield name, pointer
