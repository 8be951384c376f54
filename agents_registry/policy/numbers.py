"""Reads numbers, amounts and currencies out of JSON that others wrote; None for what is none."""

import re
from decimal import Decimal
from math import isfinite
from typing import Any

LARGEST = 2**53 - 1
"""Beyond it a JSON number is no longer exact, so it is not taken for one."""

DECIMAL = r"-?[0-9]{1,15}(\.[0-9]{1,9})?"
CURRENCY = r"[A-Z]{3}"
_DECIMAL = re.compile(DECIMAL)
_CURRENCY = re.compile(CURRENCY)


def number(value: Any) -> Decimal | None:
    """A finite JSON number, or a decimal string such as "-480.00". True is not 1."""
    read = _decimal(value)
    return read if read is not None and -LARGEST <= read <= LARGEST else None


def known(value: Any) -> Decimal:
    """The number that a checked document holds; ValueError where it holds none."""
    read = number(value)
    if read is None:
        raise ValueError("not a number")
    return read


def whole(value: Any) -> int | None:
    """A count: a whole JSON number from 0 on. Strings do not count."""
    read = None if isinstance(value, str) else number(value)
    return int(read) if read is not None and read >= 0 and read == int(read) else None


def currency(value: Any) -> str | None:
    """Three capital letters, as in ISO 4217."""
    return value if isinstance(value, str) and _CURRENCY.fullmatch(value) else None


def share(value: Any) -> Decimal | None:
    """A number from 0 to 1."""
    read = number(value)
    return read if read is not None and 0 <= read <= 1 else None


def _decimal(value: Any) -> Decimal | None:
    match value:
        case bool():
            return None
        case int():
            return Decimal(value) if -LARGEST <= value <= LARGEST else None
        case float():
            return Decimal(repr(value)) if isfinite(value) else None
        case Decimal():
            return value if value.is_finite() else None
        case str():
            return Decimal(value) if _DECIMAL.fullmatch(value) else None
    return None
