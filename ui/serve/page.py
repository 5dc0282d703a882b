"""The chat page inside the server: loaded beside the rest, since gradio takes 5 s to import, so
that the API answers at once."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import fastapi
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.settings import Settings
from ui.serve.desk import Desk

logger = logging.getLogger("youju.serve")

_WAITING = (
    "<!doctype html><html lang='zh'><head><meta charset='utf-8'><title>有据 Youju</title>"
    "<meta http-equiv='refresh' content='2'></head>"
    "<body><p>正在打开…… The page is being loaded …</p></body></html>"
)
_FAILED = (
    "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>有据 Youju</title></head>"
    "<body><p>The page could not be loaded; the server's log says why. The API works.</p></body>"
    "</html>"
)


class Page:
    """An ASGI application: the page once it is there, a word of patience before."""

    def __init__(self, desk: Desk, index: Path) -> None:
        """Show the page over an index."""
        self._desk, self._index = desk, index
        self._app: ASGIApp | None = None
        self._failed = False

    async def live(self, stop: asyncio.Event) -> None:
        """Make the page and show it until `stop`."""
        try:
            app = await asyncio.to_thread(_mounted, self._index, self._desk.settings)
            async with app.router.lifespan_context(app):
                self._app = app
                logger.info("the page is open")
                await stop.wait()
        except Exception:  # the API goes on without the page
            self._failed = True
            logger.exception("the page could not be shown")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if self._app is not None:
            await self._app(scope, receive, send)
            return
        words = _FAILED if self._failed else _WAITING
        response = HTMLResponse(words, 503, {"Retry-After": "2"})
        await response(scope, receive, send)


def _mounted(index: Path, settings: Settings) -> fastapi.FastAPI:
    from rag.answer import Bot
    from ui.app import mount

    return mount(fastapi.FastAPI(openapi_url=None), Bot.open(index, settings=settings))
