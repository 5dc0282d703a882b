"""The plain routes: /ask, /search, /articles, /index, /healthz, /metrics."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import fastapi
from fastapi import Query
from fastapi.responses import PlainTextResponse, Response
from pydantic import ValidationError

from rag.filters import Filter
from rag.types import Source
from ui.serve import uploads
from ui.serve.desk import Desk
from ui.serve.metrics import Metrics
from ui.serve.models import (
    AnswerResponse,
    ArticleList,
    ArticleWithText,
    Asked,
    AskRequest,
    Collection,
    Counts,
    ErrorResponse,
    Health,
    Indexed,
    IndexRequest,
    Name,
    Question,
    Removed,
    SearchRequest,
    SearchResponse,
)
from ui.serve.problems import Refused
from ui.serve.settings import ServeSettings

_JSON = "application/json"
_OWN = "users"  # the folder of users' own indexes, inside the index
_MOST_ROWS = 1000  # articles in one list
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorResponse, "description": words}
    for status, words in (
        (400, "the request cannot be done as it is"),
        (401, "no token or a wrong one"),
        (403, "of another site's page, or not yours"),
        (404, "not there"),
        (409, "no index yet"),
        (413, "too large"),
        (422, "a field is missing or of the wrong kind"),
        (429, "too many requests of this client"),
        (503, "overloaded or stopping: try again"),
        (504, "took too long"),
    )
}
_FORM = {
    "type": "object",
    "required": ["files"],
    "properties": {
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1},
        "collection": {"type": "string", "enum": ["shared", "own"], "default": "shared"},
    },
}


@dataclass
class Site:
    """What the routes share."""

    desk: Desk
    index: Path
    settings: ServeSettings
    metrics: Metrics
    started: int = field(default_factory=lambda: int(time.time()))

    def noted(self, request: fastapi.Request, question: str) -> None:
        """Keep the question for the log, where the operator wants it there."""
        if self.settings.log_questions:
            request.state.question = question


def chosen_index(
    site: Site, request: fastapi.Request, collection: str, *, to: str = "read"
) -> Path:
    """Return the folder of the index that a request is about, `to` read or change it.

    Who logs in with a name reads the shared collection and changes their own; nobody else reads
    that one. Raises Refused.
    """
    if collection == "shared" and to == "change" and request.state.user not in ("", "token"):
        raise Refused(403, "the shared collection is the operator's: use `collection` own")
    if collection == "shared":
        return site.index
    user = request.state.user
    if collection != "own":
        raise Refused(422, f"collection {collection[:40]!r}: there are shared and own")
    if user in ("", "token"):
        raise Refused(403, "only who logs in with a name has a collection of their own")
    return site.index / _OWN / hashlib.sha256(user.encode()).hexdigest()[:32]


def router(site: Site) -> fastapi.APIRouter:
    """Return all plain routes."""
    routes = fastapi.APIRouter(responses=ERRORS)
    _add_asking(routes, site)
    _add_articles(routes, site)
    _add_index(routes, site)
    _add_operating(routes, site)
    return routes


def _add_asking(routes: fastapi.APIRouter, site: Site) -> None:
    @routes.post("/ask", response_model=AnswerResponse, summary="One answer, or a refusal")
    async def ask(body: AskRequest, request: fastapi.Request) -> Response:
        site.noted(request, body.question)
        index = chosen_index(site, request, body.collection)
        answer = await site.desk.ask(index, body.question, body.history, _within(body))
        return Response(answer, 200, None, _JSON)

    @routes.get("/ask", response_model=AnswerResponse, summary="The same for a browser's line")
    async def ask_by_address(
        question: Annotated[Question, Query()], request: fastapi.Request
    ) -> Response:
        return await ask(AskRequest(question=question, history=[]), request)

    @routes.post("/search", response_model=SearchResponse, summary="The passages that fit best")
    async def search(body: SearchRequest, request: fastapi.Request) -> Response:
        site.noted(request, body.question)
        index = chosen_index(site, request, body.collection)
        found = await site.desk.search(index, body.question, body.limit, _within(body))
        return Response(found, 200, None, _JSON)

    @routes.get("/search", response_model=SearchResponse, summary="The same by address")
    async def search_by_address(
        question: Annotated[Question, Query()],
        request: fastapi.Request,
        limit: Annotated[int, Query(ge=1, le=100)] = 10,
    ) -> Response:
        return await search(SearchRequest(question=question, limit=limit), request)


def _within(body: Asked) -> Filter:
    return Filter(tuple(body.source), tuple(body.title), body.since, body.until)


def _add_articles(routes: fastapi.APIRouter, site: Site) -> None:
    @routes.get("/articles", response_model=ArticleList, summary="The articles found")
    async def articles(
        request: fastapi.Request,
        first: Annotated[int, Query(ge=0, le=10**9)] = 0,
        limit: Annotated[int, Query(ge=1, le=_MOST_ROWS)] = 100,
        source: Annotated[Name | None, Query()] = None,
        collection: Collection = "shared",
    ) -> Response:
        index = chosen_index(site, request, collection)
        rows = await site.desk.read("articles", index, first, limit, source)
        return Response(rows, 200, None, _JSON)

    @routes.get("/articles/{identity}", response_model=ArticleWithText, summary="One of them")
    async def article(
        identity: Annotated[Name, fastapi.Path()],
        request: fastapi.Request,
        collection: Collection = "shared",
    ) -> Response:
        index = chosen_index(site, request, collection)
        found = await site.desk.read("article", index, identity)
        if found == b"{}":
            raise Refused(404, f"no article {identity[:100]!r}: /articles lists them")
        return Response(found, 200, None, _JSON)


def _add_index(routes: fastapi.APIRouter, site: Site) -> None:
    @routes.get("/index", response_model=Counts, summary="What the index holds")
    async def counts(request: fastapi.Request, collection: Collection = "shared") -> Response:
        index = chosen_index(site, request, collection)
        return Response(await site.desk.read("counts", index), 200, None, _JSON)

    @routes.post(
        "/index",
        response_model=Indexed,
        summary="Add or update texts (JSON) or files (a form)",
        openapi_extra={"requestBody": {"required": True, "content": _contents()}},
    )
    async def add(request: fastapi.Request) -> Response:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            async with uploads.received(request, site.settings) as (files, collection):
                index = chosen_index(site, request, collection, to="change")
                done = await site.desk.add(index, files, [])
        else:
            body = await _records(request)
            index = chosen_index(site, request, body.collection, to="change")
            done = await site.desk.add(index, [], [Source(**_source(r)) for r in body.sources])
        return Response(done, 200, None, _JSON)

    @routes.delete("/index", response_model=Removed, summary="Take sources out")
    async def remove(
        request: fastapi.Request,
        source: Annotated[list[Name], Query(min_length=1, max_length=100)],
        collection: Collection = "shared",
    ) -> Response:
        index = chosen_index(site, request, collection, to="change")
        done = await site.desk.remove(index, source)
        if not json.loads(done)["removed"]:
            raise Refused(404, f"no source {source[0][:100]!r}: /articles lists them")
        return Response(done, 200, None, _JSON)


def _contents() -> dict[str, Any]:
    """Return what POST /index takes, as OpenAPI describes it."""
    schema = IndexRequest.model_json_schema()
    schema["properties"]["sources"]["items"] = schema.pop("$defs")["Record"]
    return {_JSON: {"schema": schema}, "multipart/form-data": {"schema": _FORM}}


async def _records(request: fastapi.Request) -> IndexRequest:
    if not request.headers.get("content-type", "").startswith(_JSON):
        raise Refused(422, f"send {_JSON}, or multipart/form-data with `files`")
    try:
        return IndexRequest.model_validate_json(await request.body())
    except ValidationError as error:
        raise fastapi.exceptions.RequestValidationError(error.errors()) from error


def _source(record: Any) -> dict[str, Any]:
    return dict(record) | {"name": uploads.checked_source(record.name)}


def _add_operating(routes: fastapi.APIRouter, site: Site) -> None:
    @routes.get("/healthz", response_model=Health, summary="200 while requests are taken")
    async def health() -> Response:
        return Response(b'{"status":"ok"}', 200, None, _JSON)

    @routes.get(
        "/metrics",
        summary="Counters for Prometheus",
        response_class=PlainTextResponse,
    )
    async def metrics() -> Response:
        body, kind = site.metrics.exposed(site.desk)
        return Response(body, 200, None, kind)
