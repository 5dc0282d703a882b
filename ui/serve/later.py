"""Parts of the server that take long to import (gradio 5 s, MCP 2 s) and have a life of their own:
loaded in a thread, so that the API answers at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

logger = logging.getLogger("youju.serve")


class Later:
    """An ASGI application that is there later."""

    def __init__(self, name: str, load: Callable[[], Starlette], meanwhile: ASGIApp) -> None:
        """`load` makes the application; `meanwhile` answers where it is not there."""
        self._name, self._load, self._meanwhile = name, load, meanwhile
        self._app: ASGIApp | None = None
        self._wanted, self._tried = asyncio.Event(), asyncio.Event()

    def want(self) -> None:
        """Begin to load."""
        self._wanted.set()

    async def wait(self) -> None:
        """Begin to load, and wait until that is done or has failed."""
        self.want()
        await self._tried.wait()

    async def live(self) -> None:
        """Load when wanted, and live until cancelled. Other parts go on where that fails."""
        await self._wanted.wait()
        try:
            app = await asyncio.to_thread(self._load)
            async with app.router.lifespan_context(app):
                self._app = app
                self._tried.set()
                logger.info("%s is there", self._name)
                await asyncio.Event().wait()  # for good
        except Exception:
            logger.exception("%s could not be loaded", self._name)
        finally:
            self._app = None
            self._tried.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        await (self._app or self._meanwhile)(scope, receive, send)
