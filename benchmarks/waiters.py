"""Many agents that wait over HTTP in one process, beside one connection that LISTENs.

    python -m benchmarks.waiters URL DATABASE_URL < {"channel", "token", "actions", "decided"}

Once the first `decided` of them are answered it prints, by action, the instants on the machine's
clock at which PostgreSQL and at which the server told of it. Bare sockets: a client library would
be slower than what is measured.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import psycopg

LONGEST_WAIT = 60


def ask(url: str, token: str, actions: Sequence[str]) -> None:
    """Reads each action once, without waiting, as many at a time as there are."""
    asyncio.run(_all(url, token, actions, seconds=0))


async def _all(url: str, token: str, actions: Sequence[str], *, seconds: int) -> dict[str, float]:
    asking = (_answered_at(url, token, action, seconds) for action in actions)
    return dict(zip(actions, await asyncio.gather(*asking), strict=True))


async def _answered_at(url: str, token: str, action: str, seconds: int) -> float:
    """Waits again where the time was up before the decision."""
    answer = b'"state":"pending"'
    while b'"state":"pending"' in answer:
        answer = await _answer(url, token, action, seconds)
        if not seconds:
            break
    return time.monotonic()


async def _answer(url: str, token: str, action: str, seconds: int) -> bytes:
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    prefer = f"Prefer: wait={seconds}\r\n" if seconds else ""
    writer.write(
        f"GET /api/v1/actions/{action} HTTP/1.1\r\nHost: {place.netloc}\r\n{prefer}"
        f"Authorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode()
    )
    answer = await reader.read()
    writer.close()
    return answer


async def _notified_at(database: str, channel: str, seen: dict[str, float]) -> None:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute(f"LISTEN {channel}")
        async for notice in connection.notifies():
            seen.setdefault(notice.payload, time.monotonic())


async def _main(
    url: str, database: str, *, channel: str, token: str, actions: Sequence[str], decided: int
) -> None:
    seen: dict[str, float] = {}
    listening = asyncio.create_task(_notified_at(database, channel, seen))
    others = asyncio.create_task(_all(url, token, actions[decided:], seconds=LONGEST_WAIT))
    answered = await _all(url, token, actions[:decided], seconds=LONGEST_WAIT)
    listening.cancel()
    others.cancel()
    sys.stdout.write(json.dumps({"notified": seen, "answered": answered}))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:3], **json.load(sys.stdin)))
