"""Listens and serves until told to stop; then lets running requests end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from rag.errors import YoujuError
from rag.settings import Settings
from rag.store import Store
from ui.serve import journal
from ui.serve.desk import Desk
from ui.serve.guard import Guard, is_loopback
from ui.serve.passwords import parse_users
from ui.serve.settings import TOKEN, Secrets, ServeSettings
from ui.serve.site import Site
from ui.server import address, listen

_POLL = 0.05  # seconds between two looks whether everything has ended
_BACKLOG = 2048  # connections not yet taken


def check_exposed(host: str, settings: ServeSettings, secrets: Secrets) -> None:
    """Raise YoujuError for an address that others reach while nobody has to say who they are."""
    users = parse_users(settings.users)
    if not (is_loopback(host) or users or secrets.token):
        raise YoujuError(
            f"{host} can be reached from other machines: set {TOKEN} to a secret of 16 characters"
            " or more, or serve.users (see `youju password`), or listen on 127.0.0.1"
        )


def serve(
    index: Path,
    *,
    settings: Settings,
    serving: ServeSettings,
    secrets: Secrets,
    host: str = "127.0.0.1",
    port: int = 7860,
    ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve an index until interrupted; call `ready` with the address once connections are taken.

    Raises YoujuError when the index or the address cannot be used.
    """
    check_exposed(host, serving, secrets)
    Store.open(index).close()  # what is wrong with the index is said here, in one line
    with listen(host, port) as listener:
        journal.begin()
        names = [] if is_loopback(host) or _is_any(host) else [host]
        names += [socket.gethostname()] if _is_any(host) else []
        site = Site(
            Desk(settings, serving), index, serving, secrets, hosts=names, page=bool(serving.page)
        )
        server = Server(site.guard, serving)
        threading.Thread(target=_tell, args=(server, listener, ready), daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


def _is_any(host: str) -> bool:
    return host in ("", "0.0.0.0", "::")


def _tell(server: Server, listener: socket.socket, ready: Callable[[str], None]) -> None:
    where = address(listener)
    while not server.started:
        if server.should_exit:
            return
        time.sleep(_POLL)
    ready(where)


class Server(uvicorn.Server):
    """uvicorn's server, which drains: after a signal running requests end, new ones get 503."""

    def __init__(self, guard: Guard, settings: ServeSettings) -> None:
        """Serve what `guard` guards."""
        protocol = type("Prompt", (PromptProtocol,), {"header_seconds": settings.header_seconds})
        super().__init__(
            uvicorn.Config(
                guard,
                http=protocol,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # X-Forwarded-For is whatever a client writes there
                ws="none",
                lifespan="on",
                backlog=_BACKLOG,
                limit_concurrency=settings.max_connections,
                timeout_graceful_shutdown=1,  # second; open pages hold streams that never end
            )
        )
        self._guard = guard
        self._drain_seconds = settings.drain_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; at a second signal stop at once."""
        if self._guard.draining:
            super().handle_exit(sig, frame)
            return
        self._guard.draining = True
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        latest = time.monotonic() + self._drain_seconds
        while self._guard.running and time.monotonic() < latest:
            time.sleep(_POLL)
        time.sleep(_POLL)  # the last answer is on its way
        self.should_exit = True


class PromptProtocol(H11Protocol):
    """uvicorn's protocol, which hangs up on who takes too long to say what they want."""

    header_seconds = 10.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._head: asyncio.TimerHandle | None = None
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Read on, and wait no longer once the head of a request is there."""
        super().data_received(data)
        incomplete = self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
        if not incomplete:
            self._stop_waiting()
        elif self._head is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._head = self.loop.call_later(self.header_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None
