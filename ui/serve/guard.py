"""What every request passes before anything reads it: is it meant for us, who sends it, how much,
how often. ASGI middleware around all parts of the server, the page and MCP too."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.serve import problems
from ui.serve.limits import Limits
from ui.serve.passwords import Doorkeeper
from ui.serve.settings import ServeSettings
from ui.server import CONTENT_SECURITY_POLICY

SAFE = ("GET", "HEAD", "OPTIONS")
OPEN = ("/healthz",)  # what anybody may ask: it says "ok" and nothing else
UPLOADS = ("/index", "/gradio_api/upload")
API = ("v1", "ask", "search", "articles", "index", "healthz", "metrics", "mcp")
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_SLOW_CHECKS = 2  # passwords compared at a time: each takes 32 MB and a core
_MINUTE = 60.0
_MOST_DISCARDED = 8_000_000  # bytes of a body that is too large
_DISCARDING = 1.0  # seconds
_FEW = 16  # requests at a time that no lag turns away: the page being loaded makes one too
_LOOK = 0.05  # seconds between two looks at the event loop
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


@dataclass
class Seen:
    """What one request was, for the log and the counters."""

    method: str
    path: str
    client: str
    id: str
    status: int = 499  # the client left before there was an answer
    sent: int = 0  # bytes
    started: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """How long it took so far."""
        return time.perf_counter() - self.started


class Guard:
    """Lets through what may pass, and answers the rest itself."""

    def __init__(
        self,
        app: ASGIApp,
        settings: ServeSettings,
        door: Doorkeeper,
        *,
        hosts: Iterable[str] = (),
        tell: Callable[[Seen, Scope], None] = lambda seen, scope: None,
    ) -> None:
        """`hosts`: names of this server besides localhost; `tell` hears of every request's end."""
        self._app = app
        self._settings = settings
        self._door = door
        self._hosts = {*_LOOPBACK_NAMES, *(h.lower() for h in hosts if h)}
        self._tell = tell
        self._limits = Limits(settings.rate, settings.burst, settings.concurrent)
        self._failures = Limits(
            settings.failed_logins / _MINUTE, settings.failed_logins, settings.failed_logins
        )
        self._slow = asyncio.Semaphore(_SLOW_CHECKS)
        self.draining = False
        self.lag = 0.0  # seconds that the event loop is behind
        self.running = 0  # requests that a shutdown waits for; the page's streams are not

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":  # nothing here speaks it
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._http(scope, receive, send)

    async def watch(self) -> None:
        """Measure how far the event loop is behind, until cancelled."""
        while True:
            due = time.perf_counter() + _LOOK
            await asyncio.sleep(_LOOK)
            self.lag = time.perf_counter() - due

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = scope["client"][0] if scope.get("client") else "unknown"
        seen = Seen(scope["method"], scope["path"], address, secrets.token_hex(8))
        counted = is_api(seen.path)
        self.running += counted
        sending = self._sending(seen, send)
        try:
            refusal = self._stranger(scope) or await self._unknown(scope, seen)
            if refusal is None:
                await self._limited(scope, receive, sending, seen)
            else:
                await refusal(scope, receive, sending)
        finally:
            self.running -= counted
            self._tell(seen, scope)

    def _stranger(self, scope: Scope) -> Response | None:
        """Refuse what is not meant for this server: another host's name, another site's page."""
        headers, path = Headers(scope=scope), scope["path"]
        if self.draining:
            told = {"Connection": "close", "Retry-After": "5"}
            return problems.response(path, 503, "the server is stopping", headers=told)
        behind = self.lag > self._settings.lag_seconds and self.running > _FEW
        if behind and is_api(path) and path not in OPEN:
            return problems.response(path, 503, "more requests than this machine can take")
        host = _host_of("//" + headers.get("host", ""))
        if not self._is_ours(host):
            return problems.response(
                path,
                421,
                f"this server is not {host[:100]!r}: if it is, add the name to serve.hosts",
            )
        if scope["method"] in SAFE:
            return None
        origin = headers.get("origin")
        foreign = origin is not None and not self._same(origin, headers["host"])
        if foreign or headers.get("sec-fetch-site") == "cross-site":
            return problems.response(path, 403, "requests from other sites' pages are not taken")
        return None

    def _is_ours(self, host: str) -> bool:
        """Tell whether a Host header may name us. A number always may: an attacker's page reaches
        us under the attacker's name (DNS rebinding), never under a number."""
        if host in self._hosts:
            return True
        try:
            ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return False
        return True

    def _same(self, origin: str, host: str) -> bool:
        """Tell whether a page of `origin` is one of ours; behind a proxy the names may differ."""
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        known = (parts.hostname or "") in self._hosts - set(_LOOPBACK_NAMES)
        return parts.netloc.lower() == host.lower() or known

    async def _unknown(self, scope: Scope, seen: Seen) -> Response | None:
        """Refuse who does not say who they are, where that is asked; note who it is."""
        scope.setdefault("state", {})["user"] = ""
        if not self._door.asks or seen.path in OPEN:
            return None
        given = Headers(scope=scope).get("authorization", "")
        user = self._door.known(given)
        if user is None and given:
            if (wait := self._failures.enter(seen.client)) is not None:
                return _too_many(seen.path, "wrong tokens or passwords", wait)
            self._failures.leave(seen.client)
            if given.lower().startswith("basic "):
                async with self._slow:
                    user = await asyncio.to_thread(self._door.enter, given)
        if user is None:
            return _who_are_you(seen.path, tried=bool(given))
        scope["state"]["user"] = user
        seen.client = f"{user}@{seen.client}" if user == "token" else user
        return None

    async def _limited(self, scope: Scope, receive: Receive, send: Send, seen: Seen) -> None:
        free = (not self._door.asks and is_loopback(seen.client)) or seen.path in OPEN
        if not free and (wait := self._limits.enter(seen.client)) is not None:
            await _too_many(seen.path, "requests", wait)(scope, receive, send)
            return
        try:
            await self._bounded(scope, receive, send, seen)
        finally:
            if not free:
                self._limits.leave(seen.client)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send, seen: Seen) -> None:
        """Pass on a request whose body is small enough and arrives in time."""
        upload = seen.path in UPLOADS
        most = self._settings.max_upload_bytes if upload else self._settings.max_body_bytes
        body = _Body(receive, most, self._settings.body_seconds)
        try:
            body.check(Headers(scope=scope).get("content-length"))
            if is_api(seen.path) and not upload:
                await body.read()
        except HTTPException as error:
            await body.discard()
            told = {"Connection": "close"}  # what is left of the body is not read
            refusal = problems.response(seen.path, error.status_code, error.detail, headers=told)
            await refusal(scope, receive, send)
            return
        await self._app(scope, body.receive, send)

    def _sending(self, seen: Seen, send: Send) -> Send:
        """Return `send` with our headers, a time for each piece, and what is sent noted."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                _add_headers(MutableHeaders(scope=message), seen)
            seen.sent += len(message.get("body", b""))
            async with asyncio.timeout(self._settings.send_seconds):
                await send(message)

        return sending


class _Body:
    """A request's body, read no further than allowed and no longer than there is time."""

    def __init__(self, receive: Receive, most: int, seconds: float) -> None:
        self._receive = receive
        self._most = most
        self._until = time.monotonic() + seconds
        self._size = 0
        self._ended = False
        self._read: list[Message] = []

    def check(self, length: str | None) -> None:
        """Raise HTTPException when the length announced is too much."""
        if length is not None and length.isdigit() and int(length) > self._most:
            raise self._too_large(int(length))

    async def read(self) -> None:
        """Read all of it."""
        while not self._ended:
            message = await self._next()
            self._read.append(message)
            if message["type"] == "http.disconnect":
                return

    async def discard(self) -> None:
        """Read a little more and forget it: a client hears of an error only when it has sent all,
        or is cut off."""
        left = _MOST_DISCARDED
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DISCARDING):
                while left > 0 and not self._ended:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    self._ended = not message.get("more_body", False)

    async def receive(self) -> Message:
        """Return the next piece. Raises HTTPException when it is too much or too late."""
        if self._read:
            return self._read.pop(0)
        return await (self._receive() if self._ended else self._next())

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout(max(0.0, self._until - time.monotonic())):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, "the body did not arrive in time") from None
        self._size += len(message.get("body", b""))
        if self._size > self._most:
            raise self._too_large(self._size)
        self._ended = not message.get("more_body", False)
        return message

    def _too_large(self, size: int) -> HTTPException:
        return HTTPException(413, f"{size:,} bytes are too many, {self._most:,} are taken")


def is_api(path: str) -> bool:
    """Tell whether a path belongs to the API, not to the page."""
    return path.split("/", 2)[1] in API if path.startswith("/") else False


def is_loopback(address: str) -> bool:
    """Tell whether an address is of this machine."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return address == "localhost"


def _host_of(netloc: str) -> str:
    try:
        return (urlsplit(netloc).hostname or "").lower()
    except ValueError:
        return ""


def _add_headers(headers: MutableHeaders, seen: Seen) -> None:
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    headers["X-Request-Id"] = seen.id
    if is_api(seen.path):
        headers.setdefault("Content-Security-Policy", API_POLICY)
        headers.setdefault("Cache-Control", "no-store")
    else:
        page = f"{CONTENT_SECURITY_POLICY}; frame-ancestors 'none'"
        headers.setdefault("Content-Security-Policy", page)


def _too_many(path: str, what: str, wait: float) -> Response:
    told = {"Retry-After": str(max(1, round(wait + 0.5)))}
    return problems.response(path, 429, f"too many {what}: try again later", headers=told)


def _who_are_you(path: str, *, tried: bool) -> Response:
    scheme = "Bearer" if is_api(path) else 'Basic realm="Youju", charset="UTF-8"'
    words = "wrong token or password" if tried else "say who you are"
    return problems.response(
        path,
        401,
        f"{words}: send `Authorization: Bearer TOKEN`, or a login's name and password",
        code="invalid_api_key",
        headers={"WWW-Authenticate": scheme},
    )
