"""Something between a client and the server that loses answers, or answers itself."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx


class Between:
    """Passes requests on. `troubles` says what befalls the next ones: `lose` the answer of the
    server, or a status to answer in its place; `seen` has what was asked for."""

    def __init__(self, server: str) -> None:
        self.server = httpx.Client(base_url=server, timeout=60)
        self.troubles: list[str | int] = []
        self.seen: list[tuple[str, str]] = []
        self.url = ""

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        self.seen.append((request.command, request.path))
        length = int(request.headers["Content-Length"] or 0)
        body, trouble = request.rfile.read(length), self.troubles.pop(0) if self.troubles else None
        if isinstance(trouble, int):
            self._answer(request, trouble, {"Retry-After": "0"}, b"<h1>Overloaded</h1>")
            return
        headers = {name: request.headers[name] for name in request.headers if name != "Host"}
        answer = self.server.request(request.command, request.path, headers=headers, content=body)
        if trouble == "lose":
            request.close_connection = True
            return
        given = {name: answer.headers[name] for name in answer.headers if name in KEPT}
        self._answer(request, answer.status_code, given, answer.content)

    def _answer(
        self, request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes
    ) -> None:
        request.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)


KEPT = {"content-type", "retry-after", "idempotency-replayed"}


@contextmanager
def between(server: str) -> Iterator[Between]:
    middle = Between(server)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            middle.handle(self)

        def do_POST(self) -> None:
            middle.handle(self)

        def log_message(self, *words: object) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    thread = threading.Thread(target=listener.serve_forever, args=[0.01])
    thread.start()
    middle.url = f"http://127.0.0.1:{listener.server_port}"
    try:
        yield middle
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
        middle.server.close()
