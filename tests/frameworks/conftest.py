"""What the tests of the agent frameworks may ask for.

They run in `.venv-frameworks`, where the frameworks are and the product is not. The product runs
beside them, out of `.venv`, on data of its own that is gone afterwards; it is spoken to over HTTP
alone. `make test-frameworks` runs them all; `.venv-frameworks/bin/pytest tests/frameworks/FILE`
runs one file. For types: `from tests.frameworks.product import Product`.

- `product`: a running server, once a session. `product.url` (its root), `product.api`
  (`…/api/v1`), `product.token`, `product.agent`, `product.workflow` ("support") with the action
  types `refund` (order, amount, currency USD or EUR, note) and `send_email` (to, subject, body),
  which a person must approve, and `look_up_order` (order), which runs alone.
- `api`: an httpx.Client at `product.api` with the agent's token.
- `decide(action_id, "approve"|"edit"|"reject"|"ask_for_changes"|"take_over", payload, comment=…,
  reason=…)`: decides as a reviewer, over the real forms. `payload` has the fields that an edit
  changes. Decided is decided at once: nothing settles here.
- `newest(n)`: the n actions that wait and were staged last, oldest of them first.
- `soon(look)`: what `look()` returns as soon as it is true; for work that runs beside the test.
- `beside(call)`: runs `call()` in a thread; `.result(timeout)` of what it returns has its end.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import httpx
import pytest

from tests.frameworks.person import Person
from tests.frameworks.product import PATIENCE, Product, running

Found = TypeVar("Found")


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("product")) as product:
        yield product


@pytest.fixture
def api(product: Product) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {product.token}"}
    with httpx.Client(base_url=product.api, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def decide(product: Product) -> Callable[..., None]:
    return Person(product.url, product.username, product.password).decide


@pytest.fixture
def newest(api: httpx.Client) -> Callable[[int], list[dict[str, Any]]]:
    def newest(count: int = 1) -> list[dict[str, Any]]:
        found = api.get("/actions", params={"state": "pending"}).raise_for_status().json()
        return list(reversed(found["results"][:count]))

    return newest


@pytest.fixture
def beside() -> Iterator[Callable[[Callable[[], Any]], Future[Any]]]:
    with ThreadPoolExecutor(max_workers=4) as threads:
        yield threads.submit


@pytest.fixture
def soon() -> Callable[[Callable[[], Found]], Found]:
    def soon(look: Callable[[], Found]) -> Found:
        end = time.monotonic() + PATIENCE
        while not (found := look()):
            assert time.monotonic() < end, f"nothing came of {look}"
            time.sleep(0.05)
        return found

    return soon
