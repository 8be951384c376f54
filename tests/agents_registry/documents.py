"""Plain functions that make operating models and put them in place."""

import copy
from typing import Any

from agents_registry.models import Person
from agents_registry.spec.apply import apply

LOOK_UP: dict[str, Any] = {
    "name": "Look up an order",
    "sentence": "Look up the order {order}",
    "verb": "read",
    "authority_level": "read_only",
    "blast_radius": "low",
    "reversibility": "reversible",
    "mode": "auto_executed",
    "confirmed": True,
    "payload_schema": {"type": "object", "properties": {"order": {"type": "string"}}},
}
REFUND: dict[str, Any] = {
    "name": "Refund an order",
    "sentence": "Refund {amount} {currency} for the order {order}",
    "verb": "refund",
    "authority_level": "customer_impacting_decision",
    "mode": "approval_gated",
    "confirmed": True,
    "confidence_line": 0.8,
    "impact": {
        "affected": {"const": 1},
        "spend_delta": "/amount",
        "currency": "/currency",
        "high_spend": 50,
    },
    "thresholds": [
        {
            "metric": "spend_delta",
            "operator": ">",
            "limit": 200,
            "currency": "EUR",
            "effect": {"raise_to": "mandatory"},
        }
    ],
    "payload_schema": {
        "type": "object",
        "properties": {
            "order": {"type": "string"},
            "amount": {"type": "number", "minimum": 0},
            "currency": {"type": "string"},
        },
        "required": ["order", "amount", "currency"],
    },
    "handoff": {
        "trigger": "A customer asks for money back.",
        "context": "What is paid once cannot be called back from the bank.",
        "decision_asked": "Is this customer owed this amount?",
    },
}
SHOP: dict[str, Any] = {
    "team": {"slug": "shop", "name": "The shop"},
    "people": {
        "mona": {"name": "Mona Lind", "email": "mona@example.com", "role": "manager"},
        "rhea": {"name": "Rhea Vance", "email": "rhea@example.com"},
        "omar": {"name": "Omar Haddad", "email": "omar@example.com"},
        "rita": {"name": "Rita Original"},
    },
    "pools": {"refund-desk": {"name": "Refund desk", "people": ["omar", "rita"]}},
    "calendars": {
        "office": {
            "name": "Office",
            "time_zone": "Europe/Berlin",
            "hours": {"mon": [["09:00", "17:00"]], "tue": [["09:00", "17:00"]]},
            "holidays": {"country": "DE"},
        }
    },
    "chains": {
        "refund-escalation": {
            "name": "To the approval owner",
            "first_remind": "1 business hour",
            "stages": [{"who": "approval_owner", "within": "2 business hours"}],
            "fallback": "hold",
        }
    },
    "agents": {"refund-agent": {"name": "Refund agent"}},
    "workflows": {
        "refunds": {
            "name": "Refunds",
            "purpose": "Whoever is owed money gets it.",
            "owners": {
                "workflow_owner": "mona",
                "system_owner": "mona",
                "risk_owner": "rhea",
                "approval_owner": "omar",
            },
            "pool": "refund-desk",
            "calendar": "office",
            "chain": "refund-escalation",
            "sla": "4 business hours",
            "agents": ["refund-agent"],
            "action_types": {"look_up_order": LOOK_UP, "refund_order": REFUND},
        }
    },
}


STANDARDS: dict[str, Any] = {
    "everybody": {
        "name": "Everybody",
        "purpose": "What holds in every workflow.",
        "everywhere": True,
        "rules": {
            "stop_rules": [
                {
                    "id": "legal",
                    "words": "It is a legal matter.",
                    "when": "'legal' in signals.categories",
                    "effect": {"raise_to": "mandatory"},
                    "ask": "risk_owner",
                }
            ]
        },
    },
    "money": {
        "name": "Money",
        "rules": {
            "verbs": ["cancel", "refund"],
            "mode": "draft_only",
            "confidence_line": 0.9,
            "floors": [{"floor": "refund", "tier": "mandatory"}],
            "required_inputs": [{"name": "order", "max_age_seconds": 3600}],
            "again": {"done": {"days": 30, "raise_to": "mandatory"}},
        },
    },
}
SAID: dict[str, Any] = {
    "standards": ["money"],
    "trigger": "A customer asks for money back.",
    "evaluation": "Two of a hundred are looked at again.",
    "failure_modes": ["The wrong order is refunded.", "It is refunded twice."],
    "success_metric": "Nine of ten have their money within a day.",
    "pause_when": "More is paid in an hour than usually in a day.",
    "runbook": "https://wiki.example.com/refunds",
    "window_thresholds": [
        {
            "id": "errors",
            "metric": "error_rate",
            "source": "computed",
            "window": "1 hour",
            "operator": ">",
            "limit": 0.05,
            "mode_to": "draft_only",
        }
    ],
}


def create_document() -> dict[str, Any]:
    """The operating model of a shop's refunds: a read that runs alone, a refund that is gated."""
    return copy.deepcopy(SHOP)


def create_governed_document() -> dict[str, Any]:
    """The same with everything that a team and a workflow can say, and two standards."""
    document = create_document()
    document["team"] |= {"governance_lead": "mona", "second_person": True}
    document["standards"] = copy.deepcopy(STANDARDS)
    document["workflows"]["refunds"] |= copy.deepcopy(SAID)
    return document


def create_admin(username: str = "admin") -> Person:
    return Person.objects.create(username=username, is_superuser=True)


def install(document: dict[str, Any] | None = None) -> None:
    """Puts the document in place as the administrator and confirms it as the risk owner."""
    said = document or create_document()
    apply(document=said, team="shop", actor=create_admin())
    apply(document=said, team="shop", actor=Person.objects.get(username="rhea"))
