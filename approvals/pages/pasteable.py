"""PURE: lines to paste into a terminal or a file, for one action type of one agent."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pprint import pformat
from typing import Any

AUTH = '-H "Authorization: Bearer $REVIEW_QUEUE_TOKEN"'
JSON = '-H "Content-Type: application/json"'
API = "$REVIEW_QUEUE_URL/api/v1"
READABLE = "| python3 -m json.tool --no-ensure-ascii"
HANDOFF = {
    "trigger": "What happened, so that you ask",
    "decision_asked": "May I do this?",
    "next_steps": ["What you do once it is approved"],
}


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together: `title` says what they do, `said` what comes of it."""

    title: str
    said: str
    lines: str


def body_for(workflow: str, key: str, payload: Any, handoff: Mapping[str, Any]) -> dict[str, Any]:
    """The smallest submission that a person can decide; `handoff` is what the type says itself."""
    missing = {name: words for name, words in HANDOFF.items() if not handoff.get(name)}
    return {
        "workflow": workflow,
        "action_type": key,
        "payload": payload,
        "confidence": 0.9,
        **({"handoff": missing} if missing else {}),
        "run_id": "first-try",
    }


def environment(url: str, token: str) -> str:
    """Where and as whom; without a token, where to put it."""
    return (
        f"export REVIEW_QUEUE_URL={shlex.quote(url)}\n"
        f"export REVIEW_QUEUE_TOKEN={shlex.quote(token or 'rq_…')}"
    )


def first_calls(url: str, token: str, body: Mapping[str, Any]) -> list[Block]:
    """What may be pasted at once, also with a token for tests."""
    return [
        Block("Say where, and as whom", "", environment(url, token)),
        Block(
            "What may I do?",
            "Its workflows and action types, and how long people take.",
            f'curl -sS {AUTH} "{API}/me" \\\n  {READABLE}',
        ),
        Block(
            "May I do this?",
            "The tier and, in words, why. Nothing is stored.",
            f"cat > action.json <<'END'\n{json.dumps(body, indent=2)}\nEND\n"
            f'curl -sS {AUTH} {JSON} \\\n  "{API}/actions/check" --data @action.json '
            f"\\\n  {READABLE}",
        ),
        Block(
            "Stage it",
            "The state says how it goes on: approved needs nobody, pending waits for a person, "
            "blocked is never done, observed was a test. The key belongs to the thing that you "
            "want to do: the same key and body again give the same answer.",
            f'curl -sS {AUTH} {JSON} -H "Idempotency-Key: try-$(date +%s)" \\\n'
            f'  "{API}/actions" --data @action.json \\\n  | tee staged.json {READABLE}',
        ),
    ]


def further_calls() -> list[Block]:
    """What may be pasted once it is staged with a token that is not for tests."""
    return [
        Block(
            "Wait for the decision",
            "It answers as soon as somebody has decided. Repeat it while the state is pending.",
            'ID=$(python3 -c \'import json; print(json.load(open("staged.json"))["id"])\')\n'
            f'curl -sS {AUTH} -H "Prefer: wait=60" "{API}/actions/$ID" \\\n  {READABLE}',
        ),
        Block(
            "Take it",
            "Once it is approved. What is accepted is a draft: a person uses it, and there is "
            "nothing to take.",
            f'curl -sS {AUTH} {JSON} \\\n  "{API}/actions/$ID/release" '
            f"--data '{{\"lease_seconds\": 300}}' \\\n  | tee taken.json {READABLE}",
        ),
        Block(
            "Do it, and say what came of it",
            "Do what payload says, which a person may have edited. Hand release_id to the system "
            "that does it, as its idempotency key.",
            "LEASE=$(python3 -c 'import json; "
            'print(json.load(open("taken.json"))["lease_id"])\')\n'
            f'curl -sS {AUTH} {JSON} \\\n  "{API}/actions/$ID/outcome" '
            '--data "{\\"lease_id\\": \\"$LEASE\\", \\"status\\": \\"succeeded\\"}" \\\n'
            f"  {READABLE}",
        ),
    ]


def in_python(body: Mapping[str, Any]) -> str:
    """A function of the agent's that asks before it runs; it reads the same two variables."""
    asked = f"workflow={body['workflow']!r}, action_type={body['action_type']!r}"
    describe = ""
    if handoff := body.get("handoff"):
        handoff_lines = pformat({"handoff": handoff}, sort_dicts=False, width=80)
        describe = f"def describe(**payload):\n    return {_under(handoff_lines, 11)}\n\n\n"
        asked += ", describe=describe"
    payload = pformat(dict(body["payload"]), sort_dicts=False, width=80)
    return (
        "from review_queue import Client\n\n"
        "rq = Client()\n\n\n"
        f"{describe}"
        f"@rq.guard({asked})\n"
        "def carry_out(**payload):\n"
        '    print("doing", payload)  # yours: it runs once, with what was approved\n\n\n'
        f"carry_out(**{_under(payload, 12)})\n"
    )


def _under(text: str, columns: int) -> str:
    return text.replace("\n", "\n" + " " * columns)
