"""An agent that is killed: `python mortal_agent.py ADDRESS TOKEN WORKFLOW DOWNSTREAM < orders`.

Each line of the orders is one life, in a process of its own: `{"action": id, "dies": point}`; where
the action is null it takes the next ones from the queue. At its point it is killed with SIGKILL, as
if by the machine. What it does to the downstream system is one line in the file DOWNSTREAM.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

LEASE_SECONDS = 600
A_FEW = 3
POINTS = ("before_take", "take_sent", "taken", "done", "outcome_sent", "reported")
"""Every point between taking and reporting at which a life can end, in order."""


class Life:
    def __init__(self, address: str, token: str, workflow: str, downstream: Path) -> None:
        self.connection = HTTPConnection(address, timeout=120)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.workflow = workflow
        self.downstream = downstream
        self.dies = ""

    def live(self, order: dict[str, Any]) -> None:
        self.dies = order["dies"]
        self.reach("before_take")
        for lease in self.take(order["action"]):
            self.reach("taken")
            self.do(lease)
            self.reach("done")
            body = {"lease_id": lease["lease_id"], "status": "succeeded"}
            self.call(f"/actions/{lease['action_id']}/outcome", body, sent="outcome_sent")
            self.reach("reported")

    def take(self, action: str | None) -> Iterator[dict[str, Any]]:
        path = f"/actions/{action}/release" if action else "/actions/release"
        which = {} if action else {"workflow": self.workflow, "limit": A_FEW}
        body = {"lease_seconds": LEASE_SECONDS, **which}
        taken = self.call(path, body, sent="take_sent")
        yield from [taken] if action and "lease_id" in taken else taken.get("results", [])

    def call(self, path: str, body: dict[str, Any], *, sent: str) -> dict[str, Any]:
        self.connection.request("POST", f"/api/v1{path}", json.dumps(body), self.headers)
        self.reach(sent)
        answer: dict[str, Any] = json.loads(self.connection.getresponse().read())
        return answer

    def do(self, lease: dict[str, Any]) -> None:
        """The write is one system call: a line is there whole, or not at all."""
        words = (lease["action_id"], lease["release_id"], lease["lease_id"])
        file = os.open(self.downstream, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, (" ".join(words) + "\n").encode())
        os.close(file)

    def reach(self, point: str) -> None:
        if point == self.dies:
            os.kill(os.getpid(), signal.SIGKILL)


def lives(orders: list[dict[str, Any]], address: str, *about: Any) -> None:
    """One after the other; a life that ends otherwise than ordered ends them all."""
    for order in orders:
        child = os.fork()
        if not child:
            Life(address, *about).live(order)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        expected = {0, signal.SIGKILL} if order["dies"] else {0}
        assert status in expected, f"{order} ended with {status}"


if __name__ == "__main__":
    address, token, workflow, downstream = sys.argv[1:]
    lives([json.loads(line) for line in sys.stdin], address, token, workflow, Path(downstream))
