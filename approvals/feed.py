"""What an agent may learn of people's verdicts, in an order that skips none."""

from django.db.models import (
    Case,
    DurationField,
    ExpressionWrapper,
    F,
    IntegerField,
    QuerySet,
    Value,
    When,
)
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from agents_registry.models import Agent
from approvals.models import DECIDING, Decision
