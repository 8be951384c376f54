"""Holds payloads to their action type's JSON Schema, and orders and compares them by it."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import jsonpatch
import jsonschema
from jsonschema.protocols import Validator

from approvals.errors import Fault, Invalid

MAX_FAULTS = 20


def check(schema: Mapping[str, Any], payload: Any, *, pointer: str = "/payload") -> None:
    """Raises Invalid with a pointer to each place where the payload violates the schema."""
    faults = list(_faults(schema, payload, pointer))
    if faults:
        raise Invalid(
            "The payload does not fit the action type's schema.",
            code="payload_invalid",
            faults=faults[:MAX_FAULTS],
        )


def patch_between(old: Any, new: Any) -> list[dict[str, Any]]:
    """The RFC 6902 patch that leads from one payload to the other."""
    operations: list[dict[str, Any]] = jsonpatch.make_patch(old, new).patch
    return operations


def in_schema_order(schema: Any, value: Any) -> Any:
    """The payload with its keys in the schema's order: the database does not keep the agent's."""
    if isinstance(value, list) and isinstance(schema, Mapping):
        return [in_schema_order(schema.get("items"), item) for item in value]
    if not isinstance(value, dict):
        return value
    known = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    order = [*(key for key in known if key in value), *(key for key in value if key not in known)]
    return {key: in_schema_order(known.get(key), value[key]) for key in order}


def _faults(schema: Mapping[str, Any], payload: Any, pointer: str) -> Iterator[Fault]:
    for error in _validator(json.dumps(schema, sort_keys=True)).iter_errors(payload):
        path = "".join(f"/{_escape(str(part))}" for part in error.absolute_path)
        yield Fault(pointer + path, str(error.validator), error.message[:300])


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


@lru_cache(maxsize=512)
def _validator(schema: str) -> Validator:
    document = json.loads(schema)
    kind = jsonschema.validators.validator_for(document, jsonschema.Draft202012Validator)
    return kind(document, format_checker=kind.FORMAT_CHECKER)
