"""The short way to an answer for those who were woken: whoever asks while the last ones are read is
read with the next, in one thread and over one database connection."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

MOST_AT_ONCE = 50

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Question:
    """How an action stands, for a token that was let in when the wait began."""

    action_id: str
    token_id: int


@dataclass(frozen=True, slots=True)
class News:
    """An answer's body with its ETag; the seconds after which it changes by itself, 0 for never."""

    body: bytes
    etag: str
    ask_after: float


Read = Callable[[Sequence[Question]], Sequence[News | None]]
"""Answers many questions in their order; None where the long way has to be gone."""


class Lane:
    """Asks `read` for everybody. Lives on one event loop."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._asked: list[tuple[Question, asyncio.Future[News | None]]] = []
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lane")
        self._reading: asyncio.Task[None] | None = None

    async def ask(self, question: Question) -> News | None:
        """What there is to tell; None where the long way has to be gone."""
        answer: asyncio.Future[News | None] = asyncio.get_running_loop().create_future()
        self._asked.append((question, answer))
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_all())
        return await answer

    async def _read_all(self) -> None:
        while asked := self._asked[:MOST_AT_ONCE]:
            del self._asked[: len(asked)]
            answers = await self._read_these([question for question, _ in asked])
            for (_, answer), news in zip(asked, answers, strict=True):
                if not answer.done():
                    answer.set_result(news)

    async def _read_these(self, questions: Sequence[Question]) -> Sequence[News | None]:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._read, questions)
        except Exception:
            log.exception("those who were woken are answered by the long way")
            return [None] * len(questions)
