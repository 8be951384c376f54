"""What the agents of the demo come up with: everyday work from demo/routine.json, with today's
dates. A real agent has its own ideas; nothing here is part of the contract."""

import json
import random
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

ROUTINE = json.loads((Path(__file__).parent / "demo" / "routine.json").read_text())
DAYS = {
    "two_months_ago": -61,
    "last_week": -8,
    "yesterday": -1,
    "in_three_days": 3,
    "next_week": 8,
    "in_two_weeks": 14,
}


def plays(slug: str) -> bool:
    """Whether there is everyday work for this agent; the others are left to you."""
    return any(work["agent"] == slug for work in ROUTINE["work"])


def idea_of(slug: str) -> dict[str, Any]:
    """A body for POST /api/v1/actions: some everyday work of this agent, about some thing."""
    own = [work for work in ROUTINE["work"] if work["agent"] == slug]
    work = random.choices(own, [work["often"] for work in own])[0]
    body = _filled(work["request"], random.choice(ROUTINE["things"][work["about"]]))
    sure = min(0.99, body["confidence"] + random.triangular(-0.16, 0.06, 0.0))
    return {
        **body,
        "confidence": round(sure, 2),
        "agent_version": "2026-11",
        "run_id": f"run-{time.strftime('%Y%m%d-%H%M%S')}-{slug}",
    }


def without_its_last_paragraph(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload whose longest text has lost its last paragraph, but not the signature."""
    longest = max(payload, key=lambda name: len(str(payload[name])))
    paragraphs = str(payload[longest]).split("\n\n")
    return {**payload, longest: "\n\n".join([*paragraphs[:-2], *paragraphs[-1:]])}


def _filled(template: Any, thing: dict[str, Any]) -> Any:
    """The template with {it.…} and {on.…} replaced; a number that stands alone stays one."""
    text = json.dumps(template)
    values = {f"{{it.{name}}}": value for name, value in thing.items()}
    for name, days in DAYS.items():
        values[f"{{on.{name}}}"] = f"{date.today() + timedelta(days=days):%-d %B}"
    now = datetime.now(UTC)
    values["{on.this_hour}"] = now.replace(minute=0, second=0, microsecond=0).isoformat()
    for place, value in values.items():
        text = text.replace(f'"{place}"', json.dumps(value))
        text = text.replace(place, json.dumps(str(value))[1:-1])
    return json.loads(text)
