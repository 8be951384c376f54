"""An agent that asks before it acts, start to end, against the REST API and nothing else.

    python examples/demo_agent.py --settings .data/demo.json [--once] [--pace SECONDS]

It plays all agents of the demo, one after the other. In each turn an agent
  1. takes what was approved, carries it out (it pretends) and reports what came of it;
  2. reads what people decided since, and revises what they sent back;
and now and then one of them proposes something new.

It keeps no state of its own: what is pending, approved or sent back is asked of the server. So it
may be killed at any moment and started again, and a server that goes away is waited for.
"""

import argparse
import json
import random
import signal
import threading
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx

ROUTINE = json.loads((Path(__file__).parent / "demo" / "routine.json").read_text())
PAUSE = 2.0  # seconds between two turns
MOST_PENDING = 60  # of one agent; more would only bury the people who decide
FAILS = 0.04  # how often carrying out goes wrong
stopping = threading.Event()


class Refused(Exception):
    """The server said no, and will again: RFC 9457, with a stable `code` and a `detail`."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(f"{problem['code']}: {problem['detail']}")


@dataclass
class Agent:
    slug: str
    http: httpx.Client
    cursor: str | None = None  # how far it has read the feed of decisions

    def say(self, what: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {self.slug}: {what}", flush=True)


def call(agent: Agent, method: str, path: str, *, key: str = "", **options: Any) -> Any:
    """One request, repeated until the server answers.

    Repeating is safe: a submission carries its key, so it is staged once however often it is
    sent; an outcome belongs to its lease; the rest only reads or takes what is still there.
    """
    headers = {"Idempotency-Key": key} if key else {}
    while not stopping.is_set():
        try:
            answer = agent.http.request(method, path, headers=headers, **options)
        except httpx.TransportError:
            stopping.wait(1)
            continue
        if answer.status_code == 429 or answer.is_server_error:
            stopping.wait(float(answer.headers.get("Retry-After", 1)))
        elif answer.is_error:
            raise Refused(answer.json())
        else:
            return answer.json()
    raise SystemExit


def propose(agent: Agent) -> None:
    """Stages one action. What needs no person is leased in the same call (`take`)."""
    waiting = call(agent, "GET", "/actions", params={"state": "pending", "limit": MOST_PENDING})
    if len(waiting["results"]) >= MOST_PENDING:
        return
    body = idea_of(agent.slug)
    # The key names the thing to be done, not the attempt: the same thing in the same run is one.
    key = f"{body['run_id']}/{body['action_type']}/{body['subject']['id']}"
    action = call(agent, "POST", "/actions", key=key, json={**body, "take": True})
    why = action["policy"]["findings"][0]["because"]
    agent.say(f"proposed “{action['sentence']}”: {action['state']}, {action['tier']}. {why}")
    if "release" in action:
        carry_out(agent, action["release"])


def take(agent: Agent, workflow: str) -> None:
    """Takes the next approved actions of a workflow, each under a lease of five minutes."""
    body = {"workflow": workflow, "limit": 10, "lease_seconds": 300}
    for release in call(agent, "POST", "/actions/release", json=body)["results"]:
        carry_out(agent, release)


def carry_out(agent: Agent, release: dict[str, Any]) -> None:
    """Does what was approved, which may differ from what was proposed, and reports it.

    A real agent calls its tool with `release["payload"]` here, hands it `release["release_id"]`
    as its idempotency key, and reads the target again afterwards.
    """
    report = {"lease_id": release["lease_id"], "cost": {"amount": "0.03", "currency": "USD"}}
    if random.random() < FAILS:
        report |= {"status": "failed", "error": "The target answered 503 three times."}
    else:
        report |= {"status": "succeeded", "after": release["payload"]}
    call(agent, "POST", f"/actions/{release['action_id']}/outcome", json=report)
    edited = ", as edited" if release["edits"] else ""
    agent.say(f"pretended to do {release['action_id']}{edited}: {report['status']}")


def learn(agent: Agent) -> None:
    """Reads the feed of decisions from where it was. After a start that is all of it, once more."""
    while True:
        after = {"after": agent.cursor} if agent.cursor else {}
        feed = call(agent, "GET", "/decisions", params=after)
        for decision in feed["results"]:
            heed(agent, decision)
        agent.cursor = feed["next"]
        if not feed["results"]:
            return


def heed(agent: Agent, decision: dict[str, Any]) -> None:
    """What a real agent would learn from; this one only mends what was sent back."""
    if decision["verdict"] != "changes_requested":
        return
    action = call(agent, "GET", f"/actions/{decision['action_id']}")
    if action["state"] == "changes_requested":
        body = {name: action[name] for name in ("before", "confidence", "evidence", "trace")}
        body |= {"payload": shortened(action["payload"])}
        call(agent, "POST", f"/actions/{action['id']}/revise", json=body)
        agent.say(f"revised {action['id']}, because {decision['by']} said: {decision['comment']}")


def wait_for(agent: Agent, action_id: str, seconds: int) -> str:
    """Its state as soon as a person decided, or `pending` when the time is up."""
    headers = {"Prefer": f"wait={seconds}"}
    answer = agent.http.get(f"/actions/{action_id}", headers=headers, timeout=seconds + 10)
    return str(answer.raise_for_status().json()["state"])


def shortened(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload whose longest text has lost its last paragraph but the signature."""
    longest = max((name for name in payload), key=lambda name: len(str(payload[name])))
    paragraphs = str(payload[longest]).split("\n\n")
    return {**payload, longest: "\n\n".join([*paragraphs[:-2], *paragraphs[-1:]])}


def idea_of(slug: str) -> dict[str, Any]:
    """A body for POST /actions: some everyday work about some thing, with today's dates."""
    own = [work for work in ROUTINE["work"] if work["agent"] == slug]
    work = random.choices(own, [work["often"] for work in own])[0]
    body = filled(work["request"], random.choice(ROUTINE["things"][work["about"]]))
    sure = min(0.99, body["confidence"] + random.triangular(-0.16, 0.06, 0.0))
    run = f"{time.strftime('%Y%m%d-%H%M%S')}-{slug}"
    return {**body, "confidence": round(sure, 2), "agent_version": "2026-11", "run_id": run}


def filled(template: Any, thing: dict[str, Any]) -> Any:
    """The template with {it.…} and {on.…} replaced; alone in its text, a number stays one."""
    if isinstance(template, dict):
        return {name: filled(part, thing) for name, part in template.items()}
    if isinstance(template, list):
        return [filled(part, thing) for part in template]
    if not isinstance(template, str):
        return template
    places = {f"{{it.{name}}}": value for name, value in thing.items()} | days()
    if template in places:
        return places[template]
    for place, value in places.items():
        template = template.replace(place, str(value))
    return template


def days() -> dict[str, str]:
    """The dates that the texts speak of."""
    ahead = {"yesterday": -1, "last_week": -8, "two_months_ago": -61, "in_three_days": 3}
    ahead |= {"next_week": 8, "in_two_weeks": 14}
    return {
        f"{{on.{name}}}": f"{date.today() + timedelta(days=count):%-d %B}"
        for name, count in ahead.items()
    }
