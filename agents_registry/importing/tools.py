"""PURE: reads tool descriptions in the shapes in which they are met, into one shape of our own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from agents_registry.importing import openapi

Effect = Literal["", "read", "write", "money", "send"]
EFFECTS = ("read", "write", "money", "send")
SHAPES = (
    "an MCP tools/list answer, a list of functions, an OpenAPI description, "
    "or an object of name → {description, schema}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool as its maker describes it. Hints and effect are None or empty where nothing is said.

    None of it is trusted: `proposals` only ever takes it as a reason to be stricter, or as one
    of several that must agree.
    """

    name: str
    title: str = ""
    description: str = ""
    schema: Mapping[str, Any]
    read_only: bool | None = None
    destructive: bool | None = None
    idempotent: bool | None = None
    open_world: bool | None = None
    effect: Effect = ""
    path: str = ""
    """The address of an operation, which may say more than its name."""


def read(content: Any) -> list[Tool]:
    """The tools of a parsed file; ValueError, saying where, for what is not understood."""
    tools = list(_read(content))
    if not tools:
        raise ValueError("There is no tool in it.")
    return tools


def _read(content: Any) -> Iterator[Tool]:
    match content:
        case {"paths": dict()}:
            for operation in openapi.operations(content):
                yield Tool(**operation)
        case {"result": {"tools": list(listed)}} | {"tools": list(listed)} | list(listed):
            for number, item in enumerate(listed):
                yield _listed(item, f"tools/{number}")
        case dict() if content and all(map(_is_described, content.values())):
            for name, item in content.items():
                yield _described(name, item)
        case _:
            raise ValueError(f"This is neither {SHAPES}.")


def _listed(item: Any, place: str) -> Tool:
    """An item of a list: the schema's name differs from maker to maker."""
    about = item.get("function", item) if isinstance(item, dict) else None
    if not isinstance(about, dict) or not isinstance(about.get("name"), str):
        raise ValueError(f"{place}: a tool has a name and a schema.")
    schemas = (about.get(name) for name in ("inputSchema", "input_schema", "parameters"))
    schema = next((schema for schema in schemas if schema is not None), {"type": "object"})
    if not isinstance(schema, dict):
        raise ValueError(f"{place}: its schema is no object.")
    given = about.get("annotations")
    hints = given if isinstance(given, dict) else {}
    return Tool(
        name=about["name"],
        title=_text(about.get("title") or hints.get("title")),
        description=_text(about.get("description")),
        schema=schema,
        read_only=_flag(hints, "readOnlyHint"),
        destructive=_flag(hints, "destructiveHint"),
        idempotent=_flag(hints, "idempotentHint"),
        open_world=_flag(hints, "openWorldHint"),
    )


def _is_described(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("schema"), dict)


def _described(name: str, item: Mapping[str, Any]) -> Tool:
    effect = item.get("effect")
    return Tool(
        name=name,
        description=_text(item.get("description")),
        schema=item["schema"],
        effect=effect if effect in EFFECTS else "",
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _flag(hints: Mapping[str, Any], name: str) -> bool | None:
    value = hints.get(name)
    return value if isinstance(value, bool) else None
