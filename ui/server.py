"""The web server that shows the page: where it listens, and what the browser may load."""

from __future__ import annotations

import socket

import fastapi
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.errors import YoujuError

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; "  # gradio's templates are `new Function`
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; "
    "font-src 'self' data:; "
    "connect-src 'self' data: blob:; "
    "worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'"
)
"""Lets the page reach its own host and no other, whatever gradio or an article would load."""


def server(app: fastapi.FastAPI) -> uvicorn.Server:
    """Return a web server that logs warnings only and stops without waiting for open pages."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,  # second; every open page holds a stream
        )
    )


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises YoujuError, with what to type, when the address is taken or cannot be.
    """
    advice = "name another with --port, or --port 0 for any free one"
    if not 0 <= port <= 65535:
        raise YoujuError(f"port {port} does not exist, 0 to 65535 do; {advice}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise YoujuError(f"cannot listen on {host} port {port}: {error}; {advice}") from error


def address(listener: socket.socket) -> str:
    """Return the address to open in a browser on this machine."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class OwnHostOnly:
    """ASGI middleware: every response tells the browser to ask no other host."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the policy among the headers of an HTTP response."""

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                policy = (b"content-security-policy", CONTENT_SECURITY_POLICY.encode())
                message = {**message, "headers": [*message["headers"], policy]}
            await send(message)

        await self.app(scope, receive, send_with_policy if scope["type"] == "http" else send)
