"""What went wrong, as JSON: under /v1 in OpenAI's shape, elsewhere {"error": "one line"}."""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.responses import Response

from rag.errors import (
    MissingIndex,
    ModelError,
    QuestionError,
    SourceError,
    StoreError,
    YoujuError,
)
from ui.serve.crew import HelperDied, TookTooLong
from ui.serve.desk import Overloaded

_KINDS = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error"}
_KINDS |= {404: "not_found_error", 429: "rate_limit_error"}
_STATUSES: tuple[tuple[type[YoujuError], int], ...] = (
    (QuestionError, 400),
    (SourceError, 400),
    (Overloaded, 503),
    (TookTooLong, 504),
    (HelperDied, 500),
    (MissingIndex, 409),
    (ModelError, 500),
    (StoreError, 503),  # another process is writing, or the file is damaged
)
# seconds; where a client should come back: most of our queues are empty again after one
_RETRY_AFTER = {429: "1", 503: "1"}


class Refused(YoujuError):
    """A request that cannot be done as it is, with the status that says why."""

    def __init__(
        self, status: int, words: str, *, code: str | None = None, param: str = ""
    ) -> None:
        """`code`, `param`: what OpenAI's clients look at."""
        super().__init__(words)
        self.status = status
        self.code = code
        self.param = param or None


def status_of(error: YoujuError) -> int:
    """Return the HTTP status that an error goes with."""
    if isinstance(error, Refused):
        return error.status
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 400)


def shape(
    path: str, status: int, words: str, code: str | None = None, param: str | None = None
) -> bytes:
    """Return an error as JSON, in the shape of the API that `path` belongs to."""
    error: object = words
    if path.startswith("/v1/") or path == "/v1":
        kind = _KINDS.get(status, "invalid_request_error" if status < 500 else "server_error")
        error = {"message": words, "type": kind, "param": param, "code": code}
    return json.dumps({"error": error}, ensure_ascii=False).encode()


def response(
    path: str,
    status: int,
    words: str,
    *,
    code: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an error as a response; one that may be tried again says when."""
    told = dict(headers or {})
    if status in _RETRY_AFTER:
        told.setdefault("Retry-After", _RETRY_AFTER[status])
    body = shape(path, status, words, code, param)
    return Response(body, status, told, media_type="application/json")


def error_response(path: str, error: YoujuError) -> Response:
    """Return one of our errors as a response."""
    code, param = getattr(error, "code", None), getattr(error, "param", None)
    return response(path, status_of(error), str(error), code=code, param=param)
