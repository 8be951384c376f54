"""AI agents ask before they act: the Python client of Review Queue.

    from review_queue import Client

    rq = Client("https://queue.example", token)


    @rq.guard(workflow="support")
    def refund(order: str, amount: float, currency: str) -> str:
        return bank.pay_back(order, amount, currency)


    refund("A-1", 120, "USD")

The call is staged, a person decides where the policy asks for one, and the function runs with the
arguments that were approved, once. What came of it is reported. `AsyncClient` is the same for
asyncio.
"""

from review_queue.asynchronous import AsyncClient
from review_queue.errors import (
    NotDone,
    NotReported,
    OutcomeUnknown,
    Problem,
    Refused,
    ReviewQueueError,
    StillPending,
    Unreachable,
)
from review_queue.guarding import current_release
from review_queue.interrupts import Decided
from review_queue.models import Action, Check, Decision, Release
from review_queue.requests import Details
from review_queue.synchronous import Client

__all__ = [
    "Action",
    "AsyncClient",
    "Check",
    "Client",
    "Decided",
    "Decision",
    "Details",
    "NotDone",
    "NotReported",
    "OutcomeUnknown",
    "Problem",
    "Refused",
    "Release",
    "ReviewQueueError",
    "StillPending",
    "Unreachable",
    "current_release",
]
