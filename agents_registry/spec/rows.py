"""PURE: a document with every default said, without any, and as the rows that it lists."""

from typing import Any

from agents_registry.spec.shape import DOCUMENT, Schema

Document = dict[str, Any]
Row = dict[str, Any]
Place = tuple[str, ...]
"""Where a row stands: ("pools", "desk") or ("workflows", "refunds", "action_types", "pay")."""

SECTIONS = ("people", "pools", "calendars", "chains", "agents", "standards", "workflows")


def fill(value: Any, schema: Schema = DOCUMENT, *, in_order: bool = True) -> Any:
    """A document of the right shape with each default that it leaves out.

    Its sets are put in order, unless they shall keep the places that they have in a text.
    """
    match schema:
        case {"properties": fields} if value is not None:
            return {
                name: fill(value.get(name, field.get("default")), field, in_order=in_order)
                for name, field in fields.items()
            }
        case {"items": of}:
            filled = [fill(item, of, in_order=in_order) for item in value]
            return sorted(filled) if in_order and schema.get("uniqueItems") else filled
        case {"additionalProperties": dict(row)}:
            return {name: fill(item, row, in_order=in_order) for name, item in value.items()}
    return value


def trim(value: Any, schema: Schema = DOCUMENT) -> Any:
    """A filled document without what would be so anyway."""
    match schema:
        case {"properties": fields} if value is not None:
            return {
                name: trim(value[name], field)
                for name, field in fields.items()
                if "default" not in field or value[name] != fill(field["default"], field)
            }
        case {"items": of}:
            return [trim(item, of) for item in value]
        case {"additionalProperties": dict(row)}:
            return {name: trim(item, row) for name, item in value.items()}
    return value


def rows(document: Document) -> dict[Place, Row]:
    """Each row of a filled document by its place, in an order in which they can be stored."""
    found: dict[Place, Row] = {("team",): document["team"]} if document["team"] else {}
    for section in SECTIONS:
        for name, row in document[section].items():
            found[section, name] = {k: v for k, v in row.items() if k != "action_types"}
            for key, action_type in row.get("action_types", {}).items():
                found[section, name, "action_types", key] = action_type
    return found


def over(known: Document, document: Document) -> Document:
    """What would be known after `document` was applied over `known`; both are filled."""
    merged = {section: {**known[section], **document[section]} for section in SECTIONS}
    return {"team": document["team"] or known["team"], **merged}


EMPTY: Document = fill({})
