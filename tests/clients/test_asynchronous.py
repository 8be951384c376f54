"""The same client, awaited."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from review_queue import AsyncClient, Client, Refused, StillPending, current_release

from approvals.models import Action, Lease
from approvals.states import State
from tests.apart import run_apart
from tests.clients.between import Between
from tests.clients.conftest import REFUND, Decide


def test_every_verb_of_the_one_is_one_of_the_other() -> None:
    def verbs(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert verbs(AsyncClient) == verbs(Client)


def test_a_guarded_call_waits_runs_once_and_reports(
    server: str, token: str, support: str, approve: Decide
) -> None:
    paid: list[dict[str, Any]] = []

    async def whole() -> str:
        async with AsyncClient(server, token) as rq:

            @rq.guard(workflow=support)
            async def refund(order: str, amount: float, currency: str) -> str:
                paid.append({"order": order, "amount": amount, "currency": currency})
                return current_release().release_id

            calling = asyncio.create_task(refund("A-1", 120, "USD"))
            while not await sync_to_async(Action.objects.filter(state=State.PENDING).exists)():
                await asyncio.sleep(0.02)
            await sync_to_async(approve)({**REFUND, "amount": 80})
            return await calling

    release_id = run_apart(whole())
    assert paid == [{**REFUND, "amount": 80}]
    assert release_id == str(Lease.objects.get().action.release_id)
    assert Action.objects.get().state == State.SUCCEEDED


def test_many_calls_wait_side_by_side(server: str, token: str, support: str) -> None:
    async def whole() -> list[Any]:
        async with AsyncClient(server, token) as rq:

            @rq.guard(workflow=support)
            async def look_up_order(order: str) -> str:
                return order

            return await asyncio.gather(*(look_up_order("A-1") for _ in range(10)))

    assert run_apart(whole()) == ["A-1"] * 10
    assert Action.objects.filter(state=State.SUCCEEDED).count() == 10, "ten calls, none shared"


def test_refusals_failures_and_retries_are_those_of_the_other(
    middle: Between, token: str, support: str, reject: Decide
) -> None:
    async def whole() -> list[str]:
        async with AsyncClient(middle.url, token, patience=5) as rq:
            refund = rq.guard(workflow=support, timeout=0, action_type="refund")(_refund)
            said = []
            middle.troubles = ["lose", 503]
            with pytest.raises(StillPending):
                await refund("A-1", 120, "USD")
            await sync_to_async(reject)("No.")
            with pytest.raises(Refused) as refusal:
                await refund("A-1", 120, "USD")
            said.append(str(refusal.value))
            failing = rq.guard(workflow=support)(look_up_order)
            with pytest.raises(LookupError):
                await failing("A-1")
            saying = rq.guard(workflow=support, on_refusal="say")(look_up_order)
            said.append(await saying(7))  # type: ignore[arg-type]
            return said

    rejected, invalid = run_apart(whole())
    assert "Rejected" in rejected
    assert "/payload/order" in invalid
    assert set(Action.objects.values_list("state", flat=True)) == {"rejected", "failed"}


async def _refund(order: str, amount: float, currency: str) -> None:
    raise AssertionError("It was rejected.")


async def look_up_order(order: str) -> str:
    raise LookupError(order)
