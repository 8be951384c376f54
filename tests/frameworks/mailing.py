"""What every framework's test does: three e-mails wait, and a person decides each otherwise."""

from collections.abc import Callable
from typing import Any, Protocol
from uuid import uuid4

import httpx

from tests.frameworks.product import Product

CHANGED = "Shorter."
REASON = "They asked us to stop."
REFUSED = f"A person rejected this call. Facts are wrong. {REASON}"

Soon = Callable[[Callable[[], Any]], Any]


class Decide(Protocol):
    def __call__(self, action_id: str, verdict: str, *args: Any, **words: Any) -> None: ...


class Desk:
    """Both sides of a test: the e-mails that its agent sends, and the person who decides on them.

    The addresses belong to this test alone, so that nothing else that waits is decided by it.
    """

    def __init__(self, product: Product, api: httpx.Client, decide: Decide, soon: Soon) -> None:
        self.product, self.api, self.decide, self.soon = product, api, decide, soon
        self.sent: list[dict[str, str]] = []
        self.domain = f"{uuid4().hex[:12]}.example"

    def mail(self, name: str, body: str = "Hello.") -> dict[str, str]:
        return {"to": f"{name}@{self.domain}", "subject": "News", "body": body}

    def three(self) -> list[dict[str, str]]:
        return [self.mail(name) for name in ("ana", "bob", "eve")]

    def waiting(self, count: int) -> list[dict[str, Any]]:
        """The e-mails of this test, once so many wait, by their addresses."""

        def found() -> list[dict[str, Any]]:
            query = {"state": "pending", "limit": "200"}
            listed = self.api.get("/actions", params=query).raise_for_status().json()["results"]
            mine = [action for action in listed if self.domain in action["sentence"]]
            return sorted(mine, key=_sentence) if len(mine) == count else []

        waiting: list[dict[str, Any]] = self.soon(found)
        return waiting

    def decide_three_ways(self) -> list[str]:
        """Approves the first, edits the second, rejects the third; their ids."""
        first, second, third = (action["id"] for action in self.waiting(3))
        self.decide(first, "approve")
        self.decide(second, "edit", {"body": CHANGED})
        self.decide(third, "reject", comment=REASON)
        return [first, second, third]

    def states(self, ids: list[str]) -> list[str]:
        return [self.api.get(f"/actions/{each}").json()["state"] for each in ids]

    def assert_done(self, ids: list[str]) -> None:
        """What was approved was done with the right arguments and reported, and nothing else."""
        expected = [self.mail("ana"), self.mail("bob", CHANGED)]
        assert sorted(self.sent, key=lambda mail: mail["to"]) == expected, self.sent
        assert self.states(ids) == ["succeeded", "succeeded", "rejected"]


def _sentence(action: dict[str, Any]) -> str:
    return str(action["sentence"])
