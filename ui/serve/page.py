"""The chat page inside the server."""

from __future__ import annotations

from pathlib import Path

import fastapi
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from rag.settings import Settings
from ui.serve.later import Later

_WAITING = (
    "<!doctype html><html lang='zh'><head><meta charset='utf-8'><title>有据 Youju</title>"
    "<meta http-equiv='refresh' content='2'></head>"
    "<body><p>正在打开…… The page is being loaded …</p></body></html>"
)


def page(index: Path, settings: Settings) -> Later:
    """Return the page over an index; a word of patience until it is loaded."""
    return Later("the page", lambda: _mounted(index, settings), _wait)


async def _wait(scope: Scope, receive: Receive, send: Send) -> None:
    await HTMLResponse(_WAITING, 503, {"Retry-After": "2"})(scope, receive, send)


def _mounted(index: Path, settings: Settings) -> fastapi.FastAPI:
    from rag.answer import Bot
    from ui.app import mount

    return mount(fastapi.FastAPI(openapi_url=None), Bot.open(index, settings=settings))
