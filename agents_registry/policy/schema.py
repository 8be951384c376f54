"""The shape of a policy document, as JSON Schema, and what is wrong with one in words."""

from collections.abc import Iterable, Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from agents_registry.policy import numbers, pointers
from agents_registry.policy.findings import Mode, Tier
from agents_registry.policy.floors import AUTHORITY_LEVELS, LOOSENABLE, VERBS
from agents_registry.policy.impact import METRIC_NAME

OWN_METRICS = ("affected", "spend_delta", "confidence")


def _object(required: str, /, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


def _one_of(*words: str) -> dict[str, Any]:
    return {"enum": list(words)}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Also null, without the vague messages of `anyOf`."""
    if "enum" in schema:
        return {"enum": [*schema["enum"], None]}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return {**schema, "type": [*kinds, "null"]}


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of, "maxItems": 200}


def _source(constant: dict[str, Any]) -> dict[str, Any]:
    """A JSON Pointer, or exactly one of count, sum and const."""
    return {
        "type": ["string", "object"],
        "pattern": pointers.PATTERN,
        "maxLength": 200,
        "properties": {"count": POINTER, "sum": POINTER, "const": constant},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


METRIC = rf"^({METRIC_NAME})\Z"
PER = rf"^(agent|subject|type)\Z|{pointers.PATTERN}"
TEXT = {"type": "string", "maxLength": 1000}
NAME = {"type": "string", "minLength": 1, "maxLength": 160}
POINTER = {"type": "string", "pattern": pointers.PATTERN, "maxLength": 200}
NUMBER = {"type": ["number", "string"], "pattern": rf"^({numbers.DECIMAL})\Z"}
COUNT = {"type": "integer", "minimum": 0, "maximum": numbers.LARGEST}
CURRENCY = {"type": "string", "pattern": rf"^({numbers.CURRENCY})\Z"}
TIER = _one_of(*Tier)
EFFECT = {
    **_object("", raise_to=TIER, block={"const": True}, mode_to=_one_of(*Mode)),
    "minProperties": 1,
    "maxProperties": 1,
}
THRESHOLD = _object(
    "metric operator limit effect",
    metric={"type": "string", "pattern": METRIC},
    operator=_one_of(">", ">=", "<", "<=", "="),
    limit=NUMBER,
    currency=_or_null(CURRENCY),
    effect=EFFECT,
    words=_or_null(TEXT),
    ask=_or_null(NAME),
)
CUMULATIVE = _object(
    "id metric per within operator limit effect",
    id=NAME,
    metric={"type": "string", "pattern": METRIC},
    per={"type": "string", "pattern": PER, "maxLength": 200},
    within={"type": "string", "maxLength": 40},
    operator=_one_of(">", ">="),
    limit=NUMBER,
    currency=_or_null(CURRENCY),
    effect=EFFECT,
    words=_or_null(TEXT),
    ask=_or_null(NAME),
)
STOP_RULE = _object(
    "id words when effect",
    id=NAME,
    words={**TEXT, "minLength": 1},
    when={"type": "string"},
    effect=EFFECT,
    ask=_or_null(NAME),
    instead=_or_null(TEXT),
)
IMPACT = _object(
    "",
    affected=_or_null(_source(COUNT)),
    spend_delta=_or_null(_source(NUMBER)),
    currency=_or_null(_source(CURRENCY)),
    high_affected=_or_null(COUNT),
    high_spend=_or_null(NUMBER),
    high_currency=_or_null(CURRENCY),
    metrics={
        "type": "object",
        "propertyNames": {"pattern": METRIC, "not": {"enum": list(OWN_METRICS)}},
        "additionalProperties": _source(NUMBER),
    },
)
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
DAYS = {"type": "integer", "minimum": 1, "maximum": 1000}
AGAIN = _object(
    "",
    done=_object("days", days=DAYS, raise_to=_one_of("batch_review", "mandatory", "blocked")),
    rejected=_object("days", days=DAYS, effect=_one_of("raise", "block")),
)

POLICY = _object(
    "key verb authority_level",
    key=NAME,
    verb=_one_of(*VERBS),
    authority_level=_one_of(*AUTHORITY_LEVELS),
    authority=_one_of("binding", "advisory"),
    blast_radius=_one_of("low", "high"),
    reversibility=_one_of("reversible", "irreversible"),
    mode=_one_of(*Mode),
    confirmed={"type": "boolean"},
    changes_terms={"type": "boolean"},
    confidence_line=_or_null(SHARE),
    confidence_tier=TIER,
    thresholds=_list(THRESHOLD),
    cumulative=_list(CUMULATIVE),
    stop_rules=_list(STOP_RULE),
    impact=_or_null(IMPACT),
    required_inputs=_list(_object("name", name=NAME, max_age_seconds=_or_null(COUNT))),
    again=AGAIN,
    waives=_list(_one_of("before", "trace")),
    loosened=_list(_object("floor tier", floor=_one_of(*LOOSENABLE), tier=TIER)),
    systems=_object("", reads=_list(NAME), writes=_list(NAME)),
    data_classes=_list(NAME),
)


class PolicyError(ValueError):
    """One thing wrong in a policy document: where (a JSON Pointer into it), and what."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(f"{pointer or 'The document'}: {detail}")
        self.pointer = pointer
        self.detail = detail


def errors(document: Any, shape: Any = POLICY) -> Iterator[PolicyError]:
    """Where the document is not of the shape, in the order of its places."""
    found = _VALIDATOR(shape).iter_errors(document)
    for error in sorted(found, key=lambda error: list(map(str, error.absolute_path))):
        yield PolicyError(_pointer(error), _words(error))


def _is_number(_checker: object, value: Any) -> bool:
    return not isinstance(value, str) and numbers.number(value) is not None


_VALIDATOR = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("number", _is_number),
)


def _pointer(error: ValidationError) -> str:
    escaped = (str(step).replace("~", "~0").replace("/", "~1") for step in error.absolute_path)
    return "".join(f"/{step}" for step in escaped)


def _words(error: ValidationError) -> str:
    """Never repeats the value: it can be long, and it stands at the pointer."""
    bound: Any = error.validator_value
    instance: Any = error.instance
    schema: Any = error.schema
    match error.validator:
        case "enum":
            return f"It must be one of {_listed(bound)}."
        case "type":
            return f"It must be of type {_listed(bound if isinstance(bound, list) else [bound])}."
        case "required":
            missing = [name for name in bound if name not in instance]
            return f"It lacks {_listed(missing)}."
        case "additionalProperties":
            unknown = [name for name in instance if name not in schema["properties"]]
            return f"It has unknown fields: {_listed(unknown)}."
        case "pattern" if bound == pointers.PATTERN:
            return "It must be a JSON Pointer, which begins with a slash."
        case "pattern" if bound == PER:
            return "It must be agent, subject, type, or a JSON Pointer into the payload."
        case "pattern" if bound == METRIC:
            return "A metric is named by letters, digits and underscores."
        case "pattern":
            return "It must be a plain decimal such as 200.00, or a currency such as USD."
        case "minProperties" | "maxProperties":
            return f"It must have exactly one of {_listed(schema['properties'])}."
        case "minimum" | "maximum" | "minLength" | "maxLength" | "maxItems" | "const":
            return f"It must keep to {error.validator} {bound}."
    return "It is the name of a metric that every action type has."


def _listed(words: Iterable[Any]) -> str:
    return ", ".join("null" if word is None else str(word)[:80] for word in words)
