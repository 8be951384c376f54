"""PURE: a form from a payload's JSON Schema, and the payload back from what the form posts."""

from approvals.schema_forms.fields import Field, fields, flat
from approvals.schema_forms.nodes import MOST_ITEMS, Kind
from approvals.schema_forms.parsing import Parsed, parse
from approvals.schema_forms.values import Option, Typed

__all__ = ["MOST_ITEMS", "Field", "Kind", "Option", "Parsed", "Typed", "fields", "flat", "parse"]
