"""A small honest OpenAI-compatible host on loopback: it answers as a script says and keeps what it
was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Asked:
    """One request, as it came in."""

    path: str
    headers: dict[str, str]
    body: dict = field(default_factory=dict)

    @property
    def prompt(self) -> str:
        return "\n".join(m["content"] for m in self.body["messages"])


@dataclass
class Reply:
    """What the host sends: `text` streamed in pieces of `step` characters, or a page with a status.

    `pause`: seconds before each piece; `breaks`: the connection is cut after so many pieces.
    """

    text: str = ""
    status: int = 200
    page: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    step: int = 5
    pause: float = 0.0
    breaks: int | None = None


Script = Callable[[Asked], Reply]


class Host:
    """The running host: its address, and what it was asked."""

    def __init__(self, script: Script) -> None:
        self.asked: list[Asked] = []
        self.models = ["tiny", "small"]
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                host.asked.append(Asked(self.path, dict(self.headers)))
                self._page(200, json.dumps({"data": [{"id": m} for m in host.models]}), {})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                asked = Asked(self.path, dict(self.headers), body)
                host.asked.append(asked)
                reply = script(asked)
                if reply.page is not None:
                    self._page(reply.status, reply.page, reply.headers)
                else:
                    self._stream(reply)

            def _page(self, status: int, page: str, headers: dict[str, str]) -> None:
                data = page.encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def _stream(self, reply: Reply) -> None:
                self.send_response(reply.status)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                pieces = [
                    reply.text[k : k + reply.step] for k in range(0, len(reply.text), reply.step)
                ]
                try:
                    for count, piece in enumerate(pieces):
                        if count == reply.breaks:
                            return
                        time.sleep(reply.pause)
                        self._event({"choices": [{"delta": {"content": piece}}]})
                    self.wfile.write(b"data: [DONE]\n\n")
                except OSError:  # whoever asked has gone
                    return

            def _event(self, data: dict) -> None:
                self.wfile.write(f"data: {json.dumps(data)}\n\n".encode())
                self.wfile.flush()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def host(script: Script | str) -> Iterator[Host]:
    """Run a host that answers every question with one text, or as a script says."""
    running = Host(script if callable(script) else lambda _: Reply(script))
    try:
        yield running
    finally:
        running.close()
