"""The log: one JSON object a line on standard error. No question, no answer, no address's query;
questions only where the operator asks for them."""

from __future__ import annotations

import datetime
import json
import logging
import sys

from starlette.types import Scope

from ui.serve.guard import Seen
from ui.serve.metrics import route_of

_OURS = "youju"
_access = logging.getLogger("youju.access")


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object; `extra={"fields": {...}}` adds to it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line: dict[str, object] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def begin() -> None:
    """Write what is logged to standard error: ours from "info" on, other people's warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.getLogger().handlers = [handler]
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger(_OURS).setLevel(logging.INFO)


def request_over(seen: Seen, scope: Scope) -> None:
    """Log one request."""
    fields: dict[str, object] = {
        "method": seen.method[:10],
        "route": route_of(seen, scope),
        "status": seen.status,
        "milliseconds": round(1000 * seen.seconds, 1),
        "bytes": seen.sent,
        "client": seen.client,
        "request": seen.id,
    }
    if question := scope.get("state", {}).get("question"):
        fields["question"] = question
    _access.info("request", extra={"fields": fields})
