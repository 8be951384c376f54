"""What is different between two versions of a row or a policy, in words, field by field."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from agents_registry import words
from agents_registry.changes.directions import Direction, direction
from agents_registry.pages import rule_words, rules
from agents_registry.pages.people import Name
from agents_registry.pages.rule_words import KINDS, Said
from agents_registry.policy import numbers, sampling, wording

LABELS = {
    "mode": "Mode",
    "confirmed": "Confirmed",
    "retired": "Retired",
    "verb": "Verb",
    "authority_level": "Authority level",
    "authority": "Authority",
    "blast_radius": "Blast radius",
    "reversibility": "Undo",
    "changes_terms": "Changes price or terms",
    "confidence_line": "Confidence line",
    "confidence_tier": "Below the confidence line",
    "impact": "Impact",
    "again": "When the same comes again",
    "waives": "May be missing",
    "data_classes": "Data classes",
    "approvals_needed": "Approvals needed",
    "spot_check_rate": "Share that is looked at afterwards",
    "idempotent": "May be done twice",
    "sla": "Deadline",
    "governance_lead": "Governance lead",
    "second_person": "Loosening takes a second person",
    "everywhere": "Holds for every workflow",
    "verbs": "Concerns the verbs",
    "payload_schema": "Payload schema",
    "handoff": "Handed over with it",
    "approval_life": "An approval lasts",
    "approval_lives": "In single tiers it lasts",
    "send_window": "Released only while",
    "matches": "Compared with the after-state",
    "after_failed_step": "When a step fails",
    "after_rejected_step": "When a step is not approved",
    "step_retries": "A failed step is tried again",
}
WORDS: dict[str, Mapping[str, str]] = {
    "mode": words.MODES,
    "verb": words.VERBS,
    "authority_level": words.AUTHORITY_LEVELS,
    "authority": words.AUTHORITIES,
    "reversibility": words.REVERSIBILITIES,
    "confidence_tier": words.TIERS,
    "after_failed_step": words.AFTER_STEP,
    "after_rejected_step": words.AFTER_STEP,
}
WAYS = {Direction.TIGHTENING: "stricter", Direction.LOOSENING: "looser", Direction.NEUTRAL: ""}
NESTED = ("rules", "owners", "systems")
"""Fields whose parts are read as fields of their own."""

Way = Callable[[str, Any, Any], Direction]
"""Where the change of a field leads, of the row that is looked at."""

_MAY_BE_NONE = ("confidence_line", "impact", "spot_check_rate")


@dataclass(frozen=True, slots=True)
class Difference:
    """One line. `kind` is chg, add or rem; `way` is stricter, looser or empty."""

    kind: str
    label: str
    before: Said
    after: Said
    way: str


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], name: Name, *, under: str = ""
) -> list[Difference]:
    """Every field that is not the same, in the order of the newer version; rules one by one."""
    confirmed, life = bool(old.get("confirmed", bool(old))), old.get("approval_life", "")
    way = partial(direction, confirmed=confirmed, life=life)
    found = list[Difference]()
    for field in [*new, *(each for each in old if each not in new)]:
        before, after = old.get(field), new.get(field)
        if before == after:
            continue
        if field in NESTED:
            found += differences(before or {}, after or {}, name, under=field)
        elif field in KINDS:
            found += _rules(field, before or [], after or [], name, under, way)
        else:
            found.append(_field(field, before, after, under, way))
    return [each for each in found if each.before != each.after]


def addressees(*versions: Mapping[str, Any]) -> list[str]:
    """Everybody whom a rule of these versions asks."""
    rows = [{**version, **(version.get("rules") or {})} for version in versions]
    every = (rule for row in rows for field in KINDS for rule in row.get(field) or [])
    return [rule["ask"] for rule in every if rule.get("ask")]


def _field(field: str, before: Any, after: Any, under: str, way: Way) -> Difference:
    label = LABELS.get(field) or field.replace("_", " ").capitalize()
    said = f"{label} (systems)" if under == "systems" else label
    leads = _leads(field, before, after, under, way)
    return Difference("chg", said, _said(field, before), _said(field, after), leads)


def _rules(
    field: str, old: list[Any], new: list[Any], name: Name, under: str, way: Way
) -> Iterator[Difference]:
    """Each rule that went, came or reads otherwise; the same rule is known by what it is about."""
    before = {rule_words.known_by(field, rule): rule for rule in old}
    after = {rule_words.known_by(field, rule): rule for rule in new}
    for key in [*before, *(key for key in after if key not in before)]:
        was, now = before.get(key), after.get(key)
        if was == now:
            continue
        yield Difference(
            "chg" if was and now else "add" if now else "rem",
            rule_words.label(field, now or was or {}),
            rule_words.said(field, was, name) if was else Said(),
            rule_words.said(field, now, name) if now else Said(),
            _leads(field, [was] if was else [], [now] if now else [], under, way),
        )


def _leads(field: str, old: Any, new: Any, under: str, way: Way) -> str:
    if under == "rules":
        return WAYS[direction("rules", {field: old}, {field: new}, confirmed=True)]
    if field not in _MAY_BE_NONE and (old is None or new is None):
        return ""
    return WAYS[way(field, old, new)]


def _said(field: str, value: Any) -> Said:
    if field == "spot_check_rate":
        return Said(sampling.in_words(None if value is None else numbers.known(value)))
    if value is None or value in ("", [], {}):
        return Said("not set")
    if field == "again":
        return Said("; ".join(f"{row.label} {row.words}" for row in rules.again(value)))
    if field == "approval_lives":
        return Said(words.lives(value))
    if isinstance(value, bool):
        return Said("yes" if value else "no")
    if field == "confidence_line":
        return Said(wording.figure("confidence", numbers.known(value)))
    if isinstance(value, str):
        return Said(WORDS.get(field, {}).get(value) or value)
    if isinstance(value, list) and not any(isinstance(part, dict | list) for part in value):
        return Said(", ".join(str(part) for part in value))
    if isinstance(value, int | float):
        return Said(str(value))
    return Said(code=json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True))
