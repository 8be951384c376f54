"""JSON values as fields that take no other kind for theirs: "5" is no number, and 1 is not true."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from agents_registry.policy import numbers

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
PLACES = Decimal("0.00001")


class Strict(serializers.Serializer[Any]):
    """An object with the fields it names and no others. Null says the same as leaving it out,
    except where `keeps_null` names the field."""

    keeps_null: frozenset[str] = frozenset()
    default_error_messages = {"invalid": "An object is expected."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        unknown = _unknown(data, self.fields)
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError({**error.detail, **unknown}) from error  # type: ignore[dict-item]
        if unknown:
            raise ValidationError(unknown)
        return {k: v for k, v in value.items() if v is not None or k in self.keeps_null}


def _unknown(data: Any, fields: Mapping[str, Any]) -> dict[str, list[ErrorDetail]]:
    names = [name for name in data if name not in fields] if isinstance(data, Mapping) else []
    return {name: [ErrorDetail("There is no such field.", "unknown_field")] for name in names}


class Text(serializers.CharField):
    """A string, as it is."""

    default_error_messages = {"invalid": "A string is expected."}

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **options})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Matching(Text):
    """A string that wholly matches a pattern, which the API's description shows."""

    default_error_messages = {"invalid": "It does not have the form {pattern}."}

    def __init__(self, pattern: str, **options: Any) -> None:
        super().__init__(**options)
        self.pattern = pattern

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or not re.fullmatch(self.pattern, data):
            self.fail("invalid", pattern=self.pattern)
        return data


@extend_schema_field({"type": "string", "format": "uuid"})
class Id(Text):
    """A UUID as this API writes it."""

    default_error_messages = {"invalid": "An id is expected."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or not UUID.fullmatch(data):
            self.fail("invalid")
        return data


class Flag(serializers.BooleanField):
    """true or false."""

    default_error_messages = {"invalid": "true or false is expected."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Whole(serializers.IntegerField):
    """A whole JSON number; 5.0 is one."""

    default_error_messages = {"invalid": "A whole number is expected."}

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int | float) or data != int(data):
            self.fail("invalid")
        return int(data)


@extend_schema_field({"type": "number", "minimum": 0, "maximum": 1})
class Share(serializers.Field[Decimal, Any, Any, Any]):
    """A number from 0 to 1, rounded down: what lies below a line stays below it."""

    default_error_messages = {"invalid": "A number from 0 to 1 is expected."}

    def to_internal_value(self, data: Any) -> Decimal:
        share = None if isinstance(data, str) else numbers.share(data)
        if share is None:
            self.fail("invalid")
        return share.quantize(PLACES, rounding=ROUND_FLOOR)


@extend_schema_field(
    {"anyOf": [{"type": "number"}, {"type": "string", "pattern": f"^{numbers.DECIMAL}$"}]}
)
class Figure(serializers.Field[Decimal, Any, Any, Any]):
    """A JSON number, or a decimal string where each digit counts."""

    default_error_messages = {"value_invalid": "A number or a decimal string is expected."}

    def to_internal_value(self, data: Any) -> Decimal:
        figure = numbers.number(data)
        if figure is None:
            self.fail("value_invalid")
        return figure


@extend_schema_field({"type": "string", "format": "date-time"})
class Instant(serializers.Field[datetime, Any, Any, Any]):
    """ISO 8601 with seconds and an offset; kept in UTC."""

    default_error_messages = {
        "instant_invalid": "An instant with its offset is expected: 2026-11-25T17:00:00+01:00."
    }

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str) or not INSTANT.fullmatch(data):
            self.fail("instant_invalid")
        try:
            return datetime.fromisoformat(data).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("instant_invalid")


@extend_schema_field({})
class Anything(serializers.Field[Any, Any, Any, Any]):
    """Any JSON value."""

    def to_internal_value(self, data: Any) -> Any:
        return data


@extend_schema_field({"type": "object"})
class Object(Anything):
    """Any JSON object."""

    default_error_messages = {"invalid": "An object is expected."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        return data


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {
            "anyOf": [{"type": "number"}, {"type": "string", "pattern": f"^{numbers.DECIMAL}$"}]
        },
    }
)
class Figures(Object):
    """Named numbers, each a JSON number or a decimal string."""

    default_error_messages = {"figure": "A number or a decimal string is expected."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        figures = super().to_internal_value(data)
        wrong = [name for name, value in figures.items() if numbers.number(value) is None]
        if wrong:
            message = ErrorDetail(str(self.error_messages["figure"]), "invalid")
            raise ValidationError({name: [message] for name in wrong})
        return figures
