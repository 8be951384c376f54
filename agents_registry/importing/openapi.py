"""PURE: reads the operations of an OpenAPI 3 description, each with a schema of its own."""

import json
import re
from collections.abc import Iterator
from typing import Any

from agents_registry.importing import words

METHODS = ("get", "head", "options", "post", "put", "patch", "delete", "trace")
_SAFE = {"get", "head", "options"}
_SEARCHES = words.table("search query find lookup list count filter estimate calculate validate")
_COMPONENTS = "#/components/schemas/"


def operations(description: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The fields of a Tool for each operation. Parameters of path and query become properties,
    the JSON body becomes the property `body`; headers and cookies are the caller's own affair."""
    for path, item in description["paths"].items():
        for method, operation in _object(item).items():
            if method in METHODS and isinstance(operation, dict):
                shared = _object(item).get("parameters", [])
                yield {
                    "name": operation.get("operationId") or f"{method}_{path}",
                    "title": str(operation.get("summary") or ""),
                    "description": str(
                        operation.get("description") or operation.get("summary") or ""
                    ),
                    "schema": _schema(description, operation, shared),
                    "read_only": _reads(method, path),
                    "destructive": True if method == "delete" else None,
                    "path": path,
                    "idempotent": method in {*_SAFE, "put"} or None,
                }


def _reads(method: str, path: str) -> bool | None:
    """A safe method reads, if nothing else speaks against it; a POST to a search may."""
    if method in _SAFE:
        return True
    last = re.split(r"[^a-z]+", path.lower().rstrip("/}"))[-1]
    return None if method == "post" and last in _SEARCHES else False


def _schema(description: dict[str, Any], operation: dict[str, Any], shared: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    for given in [*shared, *operation.get("parameters", [])]:
        parameter = _resolved(description, given)
        if parameter.get("in") in {"path", "query"} and isinstance(parameter.get("name"), str):
            about = {"description": parameter["description"]} if "description" in parameter else {}
            properties[parameter["name"]] = {**about, **_object(parameter.get("schema"))}
            required += [parameter["name"]] if parameter.get("required") else []
    body = _resolved(description, operation.get("requestBody"))
    if body:
        properties["body"] = _json_of(body)
        required += ["body"] if body.get("required") else []
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = list(dict.fromkeys(required))
    if str(description.get("openapi", "")).startswith("3.0"):
        schema["$schema"] = "http://json-schema.org/draft-04/schema#"
    return _alone(description, schema)


def _json_of(body: dict[str, Any]) -> dict[str, Any]:
    for kind, media in _object(body.get("content")).items():
        if "json" in kind:
            return _object(_object(media).get("schema"))
    return {}


def _alone(description: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with every component that it refers to inside itself."""
    components = _object(_object(description.get("components")).get("schemas"))
    wanted, parts = _referred(schema), {}
    while wanted:
        name = wanted.pop()
        if name in components and name not in parts:
            parts[name] = components[name]
            wanted |= _referred(components[name])
    whole = {**schema, "$defs": parts} if parts else schema
    moved: dict[str, Any] = json.loads(json.dumps(whole).replace(f'"{_COMPONENTS}', '"#/$defs/'))
    return moved


def _referred(value: Any) -> set[str]:
    if isinstance(value, list):
        return {name for part in value for name in _referred(part)}
    if not isinstance(value, dict):
        return set()
    names = {name for part in value.values() for name in _referred(part)}
    reference = value.get("$ref")
    if isinstance(reference, str) and reference.startswith(_COMPONENTS):
        names.add(reference.removeprefix(_COMPONENTS))
    return names


def _resolved(description: dict[str, Any], value: Any) -> dict[str, Any]:
    """A parameter or body, or the component that it refers to."""
    reference = _object(value).get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/components/"):
        return _object(value)
    node: Any = description
    for step in reference.removeprefix("#/").split("/"):
        node = _object(node).get(step)
    return _object(node)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
