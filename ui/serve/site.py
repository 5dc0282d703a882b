"""All parts of the server as one ASGI application."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import fastapi
from fastapi.exceptions import RequestValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from rag.errors import YoujuError
from ui.serve import api, docs_page, journal, openai_api, problems
from ui.serve.desk import Desk
from ui.serve.guard import Guard, Seen, is_api
from ui.serve.later import Later
from ui.serve.metrics import Metrics
from ui.serve.page import page as made_page
from ui.serve.passwords import Doorkeeper, parse_users
from ui.serve.settings import Secrets, ServeSettings

logger = logging.getLogger("youju.serve")

_DESCRIPTION = (
    "Answers from articles, each with the passage it stands in, or a refusal. Spans are half-open"
    " character offsets into the source as stored."
)
_API_PAGES = ("/docs", "/openapi.json")
Tell = Callable[[Seen, Scope], None]


class Site:
    """The server's parts, and the application that leads to them."""

    def __init__(
        self,
        desk: Desk,
        index: Path,
        settings: ServeSettings,
        secrets: Secrets = Secrets(),
        *,
        hosts: Iterable[str] = (),
        page: bool = True,
        tell: Tell = journal.request_over,
    ) -> None:
        """Serve the index in the folder `index`; `hosts`: names besides localhost."""
        self.metrics = Metrics()
        self._parts = api.Site(desk, index, settings, self.metrics)
        self.api = made_api(self._parts)
        self.page = made_page(index, desk.settings) if page else None
        self._mcp = _mcp(desk, index, settings)
        self.door = Doorkeeper(secrets.token, parse_users(settings.users))

        def over(seen: Seen, scope: Scope) -> None:
            self.metrics.count(seen, scope)
            tell(seen, scope)

        self.guard = Guard(
            self._route,
            settings,
            self.door,
            hosts=[*hosts, *settings.hosts.split()],
            tell=over,
        )

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["path"] == "/mcp" and self._mcp is not None:
            await self._mcp.wait()
            await self._mcp(scope, receive, send)
        elif is_api(scope["path"]) or scope["path"] in _API_PAGES or self.page is None:
            await self.api(scope, receive, send)
        else:
            await self.page(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self.living():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    @asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        """Keep the parts alive that have a life of their own: helpers, MCP, the page."""
        later = [part for part in (self._mcp, self.page) if part is not None]
        lives = [self._warm(), self.guard.watch(), *(part.live() for part in later)]
        tasks = [asyncio.create_task(life) for life in lives]
        if self.page is not None:
            self.page.want()
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._parts.desk.stop)

    async def _warm(self) -> None:
        """Let every helper open the index before it is asked."""
        try:
            await self._parts.desk.ready(self._parts.index)
        except YoujuError as error:
            logger.warning("the index is not ready: %s", error)


def made_api(parts: api.Site) -> fastapi.FastAPI:
    """Return the API with its description and its errors."""
    app = fastapi.FastAPI(
        title="Youju",
        version=our_version(),
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
    )
    app.include_router(api.router(parts))
    app.include_router(openai_api.router(parts))
    app.add_exception_handler(YoujuError, _our_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _defect)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return HTMLResponse(docs_page.docs_html(app.openapi()), headers=policy)

    return app


def our_version() -> str:
    """Return the version that is installed, "0" where none is."""
    try:
        return version("youju")
    except PackageNotFoundError:
        return "0"


def _mcp(desk: Desk, index: Path, settings: ServeSettings) -> Later | None:
    if importlib.util.find_spec("mcp") is None:
        logger.warning("no MCP at /mcp: `pip install 'youju[mcp]'` brings it")
        return None

    def load() -> Starlette:
        from ui.serve.mcp_server import YoujuMCP, over_http

        return over_http(YoujuMCP(desk, index, our_version()), settings.max_body_bytes)

    return Later("MCP", load, problems.response("/mcp", 503, "MCP is not there: see the log"))


async def _our_error(request: fastapi.Request, error: Exception) -> Response:
    assert isinstance(error, YoujuError)
    return problems.error_response(request.url.path, error)


async def _http_error(request: fastapi.Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    words, told = str(error.detail), dict(error.headers or {})
    if error.status_code == 405:
        told["Allow"] = ", ".join(_methods(request))
    if error.status_code == 404:
        words = f"nothing at {path[:100]}: /docs lists what there is"
    return problems.response(path, error.status_code, words, headers=told)


def _methods(request: fastapi.Request) -> list[str]:
    """Return what may be done at this address: starlette names the first route's methods alone."""
    found: set[str] = set()
    for template, methods in request.app.openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", template), request.url.path):
            found |= {method.upper() for method in methods}
    return sorted(found)


async def _invalid(request: fastapi.Request, error: Exception) -> Response:
    """Say which field is wrong; what was sent is not repeated."""
    assert isinstance(error, RequestValidationError)
    path = request.url.path
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    words = f"{where or 'the request'}: {first['msg']}"
    status = 400 if path.startswith("/v1/") else 422
    return problems.response(path, status, words, param=where or None)


async def _defect(request: fastapi.Request, error: Exception) -> Response:
    """Answer a defect of ours; starlette raises it again, and the server logs it."""
    return problems.response(request.url.path, 500, "a defect of ours: the server's log has it")
