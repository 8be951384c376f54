"""Says what a condition can read and call, and what each of it comes to."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Type:
    """What a part comes to. `fields` are all that a map has, `item` is what a list or map holds;
    without them anything is in it."""

    name: str
    item: "Type | None" = None
    fields: Mapping[str, "Type"] | None = None


ANY, BOOL, TEXT, INT = Type("any"), Type("bool"), Type("string"), Type("int")
DOUBLE, MAP, LIST = Type("double"), Type("map"), Type("list")
TEXTS = Type("list", item=TEXT)


def _texts(*names: str) -> Mapping[str, Type]:
    return dict.fromkeys(names, TEXT)


VARIABLES: Mapping[str, Type] = {
    "payload": ANY,
    "impact": Type(
        "map",
        fields={
            "affected": INT,
            "spend_delta": DOUBLE,
            "currency": TEXT,
            "metrics": Type("map", item=DOUBLE),
        },
    ),
    "confidence": DOUBLE,
    "signals": Type("map", fields=dict.fromkeys(("missing", "conflicts", "categories"), TEXTS)),
    "evidence": Type(
        "list",
        item=Type("map", fields=_texts("title", "url", "excerpt", "source", "input", "as_of")),
    ),
    "handoff": Type(
        "map",
        fields={
            **_texts("trigger", "context", "decision_asked"),
            "next_steps": TEXTS,
            "inputs": ANY,
        },
    ),
    "subject": Type("map", fields=_texts("type", "id", "label")),
    **_texts("agent", "workflow", "action_type"),
}
"""What a condition can read. Every figure may be null as well."""

TYPE_NAMES = frozenset(
    {"int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type"}
)
TIMES = (
    *("getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear"),
    *("getHours", "getMilliseconds", "getMinutes", "getMonth", "getSeconds"),
)
CALLS: Mapping[str, Type] = {
    **{name: Type(name) for name in ("int", "uint", "double", "string", "bytes")},
    **{name: Type(name) for name in ("timestamp", "duration", "type")},
    "size": INT,
    "dyn": ANY,
}
OF_TEXT = ("contains", "startsWith", "endsWith", "matches")
LOOPS = ("all", "exists", "exists_one", "map", "filter")
FUNCTIONS = frozenset({*CALLS, *OF_TEXT, *TIMES})

NUMBERS = {"int", "uint", "double"}
COMPARED = {"string", "bytes", "bool", "timestamp", "duration"}
HAS_SIZE = {"string", "bytes", "list", "map"}
SAID = {
    "int": "a whole number",
    "uint": "an unsigned number",
    "double": "a number with decimals",
    "bool": "yes or no",
    "string": "a text",
    "list": "a list",
    "map": "an object",
    "timestamp": "an instant",
}
ARITHMETIC: Mapping[str, Mapping[tuple[str, str], str]] = {
    "+": {
        **{
            (name, name): name for name in (*sorted(NUMBERS), "string", "bytes", "list", "duration")
        },
        ("timestamp", "duration"): "timestamp",
        ("duration", "timestamp"): "timestamp",
    },
    "-": {
        **{(name, name): name for name in (*sorted(NUMBERS), "duration")},
        ("timestamp", "timestamp"): "duration",
        ("timestamp", "duration"): "timestamp",
    },
    "*": {(name, name): name for name in NUMBERS},
    "/": {(name, name): name for name in NUMBERS},
    "%": {(name, name): name for name in ("int", "uint")},
}
