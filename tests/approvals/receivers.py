"""Real servers on this machine that take, refuse, lose and delay what is sent to them."""

import json
import queue
import random
import socket
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

HANG_SECONDS = 60


class Receiver:
    """An HTTP server. `answer` says for each request what it does: a status, or one of the words
    `lose` (takes it, and breaks off) and `hang` (takes it, and never answers)."""

    def __init__(self, answer: Callable[[], int | str]) -> None:
        self.answer = answer
        self.taken: list[tuple[str, dict[str, str], bytes]] = []
        self.outcomes: defaultdict[str, list[int | str]] = defaultdict(list)
        self.came: queue.Queue[str] = queue.Queue()
        self.closing = threading.Event()
        self.lock = threading.Lock()

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers["Content-Length"] or 0)
        body = request.rfile.read(length)
        if len(body) < length:
            return  # Whoever sent it died in the middle.
        name = request.headers["webhook-id"] or ""
        with self.lock:
            what = self.answer()
            self.outcomes[name].append(what)
            if what in {"lose", "hang"} or (isinstance(what, int) and what < 300):
                self.taken.append((name, dict(request.headers), body))
        self.came.put(name)
        if what == "hang":
            self.closing.wait(HANG_SECONDS)
        if isinstance(what, int):
            request.send_response(what)
            request.send_header("Location", "/elsewhere")
            request.send_header("Content-Length", "0")
            request.end_headers()
        request.close_connection = True

    @property
    def notices(self) -> Counter[str]:
        """How often each notice arrived, once for each message: a receiver knows it by its id."""
        messages = {name: json.loads(body) for name, _, body in self.taken}
        return Counter(each["id"] for body in messages.values() for each in body["notices"])


def fails(
    share: float, *, losing: float = 0.0, hanging: float = 0.0, seed: int = 1
) -> Callable[[], int | str]:
    """Fails so often, by a choice that is the same in every run; loses so many answers, and never
    gives so many."""
    chance = random.Random(seed)

    def answer() -> int | str:
        drawn = chance.random()
        if drawn < share:
            return 500
        if drawn < share + losing:
            return "lose"
        return "hang" if drawn < share + losing + hanging else 204

    return answer


@contextmanager
def receiving(answer: Callable[[], int | str]) -> Iterator[tuple[Receiver, str]]:
    """A receiver and its address."""
    receiver = Receiver(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            receiver.handle(self)

        def do_GET(self) -> None:
            """What a redirect becomes where it is followed."""
            receiver.handle(self)

        def log_message(self, *words: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield receiver, f"http://127.0.0.1:{server.server_address[1]}/hook"
    finally:
        receiver.closing.set()
        server.shutdown()
        server.server_close()


class Letterbox:
    """A mail server. `refuse` says for each recipient with what it is refused, empty if not."""

    def __init__(self, refuse: Callable[[str], str]) -> None:
        self.refuse = refuse
        self.letters: list[Message] = []
        self.refused: Counter[str] = Counter()

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if answer := self.refuse(address):
            self.refused[address] += 1
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.letters.append(message_from_bytes(envelope.content))
        return "250 OK"


class _OnAnyPort(Controller):
    """A server on whichever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def taking_mail(settings: Any, refuse: Callable[[str], str] = lambda to: "") -> Iterator[Letterbox]:
    """The mail server of this installation, as long as the block lasts."""
    box = Letterbox(refuse)
    server = _OnAnyPort(box, hostname="127.0.0.1", port=0)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    try:
        yield box
    finally:
        server.stop()


@contextmanager
def talking(talk: Callable[[socket.socket], None], *, host: str = "127.0.0.1") -> Iterator[int]:
    """A server of bare bytes: `talk` has each connection to itself. Its port."""
    listening = socket.create_server((host, 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=_talk, args=(talk, connection), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


def _talk(talk: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with connection:
        try:
            talk(connection)
        except OSError:
            return
