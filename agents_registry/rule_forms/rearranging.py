"""PURE: adds, takes out and moves the rules of a draft, as its buttons ask."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

from agents_registry.policy.library import BY_ID
from agents_registry.rule_forms.fields import rules_of
from agents_registry.rule_forms.items import Rules
from agents_registry.rule_forms.reading import MOST, Draft, free, listed, put, unlisted
from agents_registry.spec.rows import Row


def rearranged(draft: Draft, asked: str) -> tuple[Draft, str]:
    """The draft after one button, and the JSON Pointer at which the person goes on.

    `asked`: `add /stop_rules`, `remove /stop_rules/2`, `up …`, `down …`, or
    `take /stop_rules/legal` out of the library. What is none of these changes nothing.
    """
    verb, _, pointer = asked.partition(" ")
    known = rules_of(draft.form)
    if (of := known.get(pointer.removeprefix("/"))) and verb == "add":
        return _added(draft, of, dict(of.new))
    name, _, last = pointer.removeprefix("/").rpartition("/")
    of = known.get(name)
    if of is None:
        return draft, ""
    if verb == "take" and of.library and last in BY_ID:
        return _added(draft, of, _from_library(draft, of, last))
    count = len(listed(of, draft.row))
    if not (last.isascii() and last.isdigit() and int(last) < count):
        return draft, ""
    return _moved(draft, of, verb, int(last))


def _added(draft: Draft, of: Rules, rule: Row) -> tuple[Draft, str]:
    rules, origins = _both(draft, of)
    if len(rules) >= MOST:
        return draft, ""
    at = f"/{of.name}/{len(rules)}/{of.fields[0].name}"
    return _with(draft, of, [*rules, deepcopy(rule)], [*origins, ""]), at


def _from_library(draft: Draft, of: Rules, name: str) -> Row:
    taken = {rule.get("id"): None for rule in listed(of, draft.row)}
    return {**BY_ID[name].row(), "id": free(name, taken)}


def _moved(draft: Draft, of: Rules, verb: str, number: int) -> tuple[Draft, str]:
    rules, origins = _both(draft, of)
    pairs: list[tuple[Any, str]] = list(zip(rules, origins, strict=True))
    pair = pairs.pop(number)
    if verb == "remove":
        at = f"/{of.name}"
    else:
        number = max(0, min(len(pairs), number + {"up": -1, "down": 1}.get(verb, 0)))
        pairs.insert(number, pair)
        at = f"/{of.name}/{number}"
    return _with(draft, of, [rule for rule, _ in pairs], [origin for _, origin in pairs]), at


def _both(draft: Draft, of: Rules) -> tuple[list[Row], list[str]]:
    return listed(of, draft.row), draft.origins[of.name]


def _with(draft: Draft, of: Rules, rules: list[Row], origins: list[str]) -> Draft:
    """Errors go: they stand at places that are other rules' now."""
    row = deepcopy(draft.row)
    put(row, of.name, unlisted(of, rules))
    return replace(draft, row=row, errors={}, origins={**draft.origins, of.name: origins})
