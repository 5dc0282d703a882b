"""OpenAI's API over a Bot: what its SDK, Open WebUI and others speak.

The last message is the question and the pairs before it are its history; system messages change
nothing, since an answer is words of an article or none. Citations stand in the field `citations`
and as footnotes under the text; a refusal is a message like any other with `refused: true`.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
import secrets
import struct
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import fastapi
from fastapi.responses import Response, StreamingResponse

from rag.errors import YoujuError
from rag.filters import Filter
from ui.serve.api import Site, chosen_index
from ui.serve.openai_models import (
    CHAT_MODEL,
    EMBEDDING_MODEL,
    OWN_MODEL,
    ChatMessage,
    ChatRequest,
    ChatResponse,
    EmbeddingRequest,
    EmbeddingResponse,
    Model,
    ModelList,
    OpenAIError,
)
from ui.serve.problems import Refused, shape

_MARKERS = re.compile(r"(?:\s*\[\d{1,2}\])+\s*$")
_PIECE = re.compile(r".{1,24}", re.S)  # characters of one event: some ten for an answer
_ALIVE = 10.0  # seconds between two signs of life while an answer is made; proxies hang up after 60
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": OpenAIError, "description": words}
    for status, words in (
        (400, "the request cannot be done as it is"),
        (401, "no token or a wrong one"),
        (403, "of another site's page"),
        (404, "no such model"),
        (413, "too large"),
        (429, "too many requests of this client"),
        (503, "overloaded or stopping: try again"),
        (504, "took too long"),
    )
}


def router(site: Site) -> fastapi.APIRouter:
    """Return the routes under /v1."""
    routes = fastapi.APIRouter(prefix="/v1", tags=["OpenAI-compatible"], responses=_ERRORS)

    @routes.get("/models", response_model=ModelList, summary="The models there are")
    async def models(request: fastapi.Request) -> Any:
        return {"object": "list", "data": [_model(m, site) for m in _names(request)]}

    @routes.get("/models/{model}", response_model=Model, summary="One model")
    async def model(model: str, request: fastapi.Request) -> Any:
        return _model(_known(model, _names(request)), site)

    @routes.post(
        "/chat/completions",
        response_model=ChatResponse,
        summary="An answer to the last message",
        description="With `stream`, server-sent events: chunks of OpenAI's kind, the last of which"
        " carries `citations`, `refused` and `confidence`, then `[DONE]`.",
    )
    async def chat(body: ChatRequest, request: fastapi.Request) -> Response:
        model = _known(body.model, [m for m in _names(request) if m != EMBEDDING_MODEL])
        question, history = conversation(body.messages)
        index = chosen_index(site, request, "own" if model == OWN_MODEL else "shared")
        site.noted(request, question)
        asking = site.desk.ask(index, question, history, Filter())
        if not body.stream:
            return Response(_completion(json.loads(await asking), model), 200, None, _JSON)
        task = asyncio.ensure_future(asking)
        await asyncio.wait([task], timeout=0.05)  # overload is a status, not an event in a stream
        if task.done() and (error := task.exception()) is not None:
            raise error
        usage = bool(body.stream_options and body.stream_options.include_usage)
        return StreamingResponse(_events(task, model, usage), media_type="text/event-stream")

    @routes.post("/embeddings", response_model=EmbeddingResponse, summary="Vectors of texts")
    async def embeddings(body: EmbeddingRequest) -> Any:
        model = _known(body.model, [EMBEDDING_MODEL])
        texts = [body.input] if isinstance(body.input, str) else body.input
        data = await site.desk.read("embed", texts, body.input_type == "query")
        count, length = struct.unpack("<2I", data[:8])
        if body.dimensions not in (None, length):
            words = f"{model} has {length} dimensions, {body.dimensions} cannot be had"
            raise Refused(400, words, param="dimensions")
        rows = [data[8 + 4 * length * i : 8 + 4 * length * (i + 1)] for i in range(count)]
        return _embedded(rows, model, body.encoding_format == "base64", sum(map(len, texts)))

    return routes


_JSON = "application/json"


def _names(request: fastapi.Request) -> list[str]:
    own = [OWN_MODEL] if request.state.user not in ("", "token") else []
    return [CHAT_MODEL, *own, EMBEDDING_MODEL]


def _known(model: str, names: Sequence[str]) -> str:
    if model in names:
        return model
    words = f"no model {model!r}: there is {', '.join(names)}"
    raise Refused(404, words, code="model_not_found", param="model")


def _model(name: str, site: Site) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": site.started, "owned_by": "youju"}


def conversation(messages: Sequence[ChatMessage]) -> tuple[str, list[tuple[str, str]]]:
    """Return the question and the turns before it. Raises Refused when the user does not speak
    last."""
    told = [(m.role, _text(m)) for m in messages if m.role in ("user", "assistant")]
    if not told or told[-1][0] != "user":
        raise Refused(400, "the last message must be the user's: it is the question")
    history = [
        (words, _short(answer))
        for (role, words), (next_role, answer) in itertools.pairwise(told)
        if (role, next_role) == ("user", "assistant")
    ]
    return told[-1][1], history


def _text(message: ChatMessage) -> str:
    if isinstance(message.content, str):
        return message.content
    return "".join(part.text for part in message.content)


def _short(text: str) -> str:
    """Return the short answer of a text that we gave: its first paragraph, without markers."""
    return _MARKERS.sub("", text.split("\n\n", 1)[0]).strip()


def with_footnotes(answer: dict[str, Any]) -> str:
    """Return an answer's text with what its markers stand for."""
    notes = []
    for c in answer["citations"]:
        source = f"{c['source']} p. {c['page']}" if c.get("page") else c["source"]
        about = ", ".join(filter(None, [c["title"], c["published"], source]))
        notes.append(f"[{c['marker']}] {about}")
    return "\n\n".join([answer["text"], "\n".join(notes)]) if notes else str(answer["text"])


def _extra(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in ("citations", "refused", "confidence")}


def _usage(answer: dict[str, Any], text: str) -> dict[str, int]:
    asked = len(answer["question"])
    return {
        "prompt_tokens": asked,
        "completion_tokens": len(text),
        "total_tokens": asked + len(text),
    }


def _head(kind: str, model: str) -> dict[str, Any]:
    identity = f"chatcmpl-{secrets.token_hex(12)}"
    return {"id": identity, "object": kind, "created": int(time.time()), "model": model}


def _completion(answer: dict[str, Any], model: str) -> bytes:
    text = with_footnotes(answer)
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    whole = _head("chat.completion", model)
    whole |= {"choices": [choice], "usage": _usage(answer, text)}
    return _dumped(whole | _extra(answer)).encode()


async def _events(task: asyncio.Task[bytes], model: str, usage: bool) -> AsyncIterator[str]:
    """Yield server-sent events: who speaks, the text in pieces, the evidence, the end."""
    head = _head("chat.completion.chunk", model)
    yield _chunk(head, {"role": "assistant", "content": ""})
    try:
        while not task.done():
            await asyncio.wait([task], timeout=_ALIVE)
            if not task.done():
                yield ": still at it\n\n"
        answer = json.loads(task.result())
    except YoujuError as error:
        yield f"data: {shape('/v1/', 500, str(error)).decode()}\n\n"
        return
    finally:
        task.cancel()
    text = with_footnotes(answer)
    for piece in _PIECE.findall(text):
        yield _chunk(head, {"content": piece})
    yield _chunk(head, {}, finish="stop", extra=_extra(answer))
    if usage:
        yield f"data: {_dumped(head | {'choices': [], 'usage': _usage(answer, text)})}\n\n"
    yield "data: [DONE]\n\n"


def _chunk(
    head: dict[str, Any],
    delta: dict[str, str],
    finish: str | None = None,
    extra: dict[str, Any] | None = None,
) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return f"data: {_dumped(head | {'choices': [choice]} | (extra or {}))}\n\n"


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _embedded(rows: Sequence[bytes], model: str, packed: bool, size: int) -> dict[str, Any]:
    def vector(row: bytes) -> str | list[float]:
        if packed:
            return base64.b64encode(row).decode()
        return list(struct.unpack(f"<{len(row) // 4}f", row))

    data = [
        {"object": "embedding", "index": i, "embedding": vector(row)} for i, row in enumerate(rows)
    ]
    usage = {"prompt_tokens": size, "total_tokens": size}
    return {"object": "list", "data": data, "model": model, "usage": usage}
