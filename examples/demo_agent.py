"""An agent that asks before it acts, from its first proposal to its report, over REST alone.

    python examples/demo_agent.py --settings .data/demo.json [--once] [--pace SECONDS]

It plays all agents of the demo. Every two seconds each of them takes what was approved, carries it
out (it pretends), reports what came of it, and reads what people decided. Every few seconds one of
them proposes something new. With --once each proposes one thing and has one such turn.

Nothing has to be remembered: what is approved or was sent back is asked of the server. So this may
be killed at any moment and started again, and a server that goes away is waited for.
"""

import argparse
import itertools
import json
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from demo_ideas import idea_of, plays, without_its_last_paragraph

PAUSE = 2.0
MOST_PENDING = 60  # of one agent: more would only bury the people who decide
FAILS = 0.04
stopping = threading.Event()


class Refused(Exception):
    """The server said no and means it: a problem (RFC 9457) with a stable `code`."""


@dataclass
class Agent:
    slug: str
    http: httpx.Client
    workflows: list[str] = field(default_factory=list)
    cursor: str | None = None  # how far it has read the feed of decisions

    def say(self, what: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {self.slug}: {what}", flush=True)


def call(agent: Agent, method: str, path: str, *, key: str = "", **options: Any) -> Any:
    """One request, repeated until there is an answer.

    That is safe: a submission carries its key, so it is staged once however often it is sent;
    an outcome belongs to its lease; everything else reads, or takes what is still there.
    """
    headers = {"Idempotency-Key": key} if key else {}
    while True:
        try:
            answer = agent.http.request(method, path, headers=headers, **options)
        except httpx.TransportError as trouble:
            pause, said = 1.0, str(trouble)
        else:
            if answer.is_success:
                return answer.json()
            if answer.status_code != 429 and not answer.is_server_error:
                raise Refused("{code}: {detail}".format(**answer.json()))
            pause, said = float(answer.headers.get("Retry-After", 1)), answer.reason_phrase
        agent.say(f"no answer ({said}), the same again in {pause:.0f} s")
        if stopping.wait(pause):
            raise SystemExit


def propose(agent: Agent) -> None:
    """Stages one action. What needs no person is leased in the same call, by `take`."""
    pending = call(agent, "GET", "/actions", params={"state": "pending", "limit": MOST_PENDING})
    if len(pending["results"]) >= MOST_PENDING:
        return
    body = {**idea_of(agent.slug), "take": True}
    # The key names the thing to be done, not the attempt: in one run it is done once.
    key = f"{body['run_id']}/{body['action_type']}/{body['subject']['id']}"
    action = call(agent, "POST", "/actions", key=key, json=body)
    agent.say(f"{action['sentence']}: {action['state']}, {action['tier']}")
    if "release" in action:
        carry_out(agent, action["release"])


def turn(agent: Agent) -> None:
    """What was approved is done; what was decided is read.

    An agent that waits for one decision asks `GET /actions/{id}` with `Prefer: wait=60` instead.
    """
    for workflow in agent.workflows:
        body = {"workflow": workflow, "limit": 10, "lease_seconds": 300}
        for release in call(agent, "POST", "/actions/release", json=body)["results"]:
            carry_out(agent, release)
    undo(agent)
    learn(agent)


def carry_out(agent: Agent, release: dict[str, Any]) -> None:
    """Does what was approved, which a person may have edited, and reports before the lease ends.

    A real agent calls its tool with `payload` here, hands it `release_id` as its idempotency key,
    and reads the target again for `after`.
    """
    report = {"lease_id": release["lease_id"], "cost": {"amount": "0.03", "currency": "USD"}}
    if random.random() < FAILS:
        report |= {"status": "failed", "error": "The target answered 503 three times."}
    else:
        report |= {"status": "succeeded", "after": release["payload"]}
    call(agent, "POST", f"/actions/{release['action_id']}/outcome", json=report)
    edited = ", as edited" if release["edits"] else ""
    agent.say(f"pretended to do {release['action_id']}{edited}: {report['status']}")


def undo(agent: Agent) -> None:
    """Undoes what people ask to have undone.

    Where another action is staged for that, the answer says so: it is taken when it is approved.
    """
    asked = call(agent, "GET", "/actions", params={"state": "rollback_requested", "limit": 10})
    for action in asked["results"]:
        with suppress(Refused):
            call(agent, "POST", f"/actions/{action['id']}/rollback", json={"status": "succeeded"})
            agent.say(f"pretended to undo {action['id']}")


def learn(agent: Agent) -> None:
    """Reads the feed of decisions from where it was; after a start, from the beginning."""
    known = {"after": agent.cursor} if agent.cursor else {}
    feed = call(agent, "GET", "/decisions", params=known)
    for decision in feed["results"]:
        if decision["verdict"] == "changes_requested":
            revise(agent, decision)
    agent.cursor = feed["next"]


def revise(agent: Agent, decision: dict[str, Any]) -> None:
    """Does what the reviewer asked for, unless that happened already. This one only shortens."""
    action = call(agent, "GET", f"/actions/{decision['action_id']}")
    if action["state"] == "changes_requested":
        body = {name: action[name] for name in ("before", "confidence", "evidence", "trace")}
        body["payload"] = without_its_last_paragraph(action["payload"])
        call(agent, "POST", f"/actions/{action['id']}/revise", json=body)
        agent.say(f"revised {action['id']}: {decision['by']} said “{decision['comment']}”")


def attempt(agent: Agent, do: Callable[[Agent], None]) -> None:
    """A refusal is said and lived with: it is stopped, out of date, or not allowed."""
    try:
        do(agent)
    except Refused as refusal:
        agent.say(f"refused: {refusal}")


def sign_in(url: str, slug: str, token: str) -> Agent:
    headers = {"Authorization": f"Bearer {token}"}
    agent = Agent(slug, httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=20))
    agent.workflows = [workflow["slug"] for workflow in call(agent, "GET", "/me")["workflows"]]
    return agent


def play(agents: list[Agent], *, once: bool, pace: float) -> None:
    next_to_propose, next_at = itertools.cycle(agents), time.monotonic()
    while not stopping.is_set():
        if once or time.monotonic() >= next_at:
            next_at = time.monotonic() + pace
            for agent in agents if once else [next(next_to_propose)]:
                attempt(agent, propose)
        for agent in agents:
            attempt(agent, turn)
        if once:
            return
        stopping.wait(PAUSE)


def main() -> None:
    words = argparse.ArgumentParser(description="Plays the agents of the demo.")
    words.add_argument("--settings", type=Path, default=Path(".data/demo.json"))
    words.add_argument("--once", action="store_true", help="one proposal and one turn each")
    words.add_argument("--pace", type=float, default=8.0, help="seconds between two proposals")
    asked = words.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    settings = json.loads(asked.settings.read_text())
    played = [agent for agent in settings["agents"] if plays(agent["slug"])]
    agents = [sign_in(settings["url"], **agent) for agent in played]
    play(agents, once=asked.once, pace=asked.pace)


if __name__ == "__main__":
    main()
