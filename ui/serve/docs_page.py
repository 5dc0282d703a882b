"""The API's description as a page that fetches nothing: FastAPI's own loads scripts from a host
that is not ours."""

from __future__ import annotations

import json
from html import escape
from typing import Any

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "pre{background:#8882;padding:.75rem;overflow:auto}code{background:#8882;padding:.1rem .3rem}"
    "summary{cursor:pointer;padding:.4rem 0}:root{color-scheme:light dark}"
)
_TRY = (
    'curl -s http://127.0.0.1:7860/ask -H "Content-Type: application/json" \\\n'
    '     -d \'{"question": "松延动力7月交付多少台?"}\''
)


def docs_html(description: dict[str, Any]) -> str:
    """Return OpenAPI's description as HTML, everything in it escaped."""
    info = description["info"]
    routes = [
        _route(method, path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = "".join(
        f"<details id='{escape(name)}'><summary><code>{escape(name)}</code>"
        f" {escape(schema.get('description', ''))}</summary>{_pre(schema)}</details>"
        for name, schema in description["components"]["schemas"].items()
    )
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>"
        f"<p>{escape(info.get('description', ''))}</p>"
        f"<p>Machine-readable: <a href='/openapi.json'>/openapi.json</a></p>"
        f"<pre>{escape(_TRY)}</pre>"
        f"<h2>Routes</h2>{''.join(routes)}<h2>Shapes</h2>{schemas}</body></html>"
    )


def _route(method: str, path: str, operation: dict[str, Any]) -> str:
    told = {k: operation[k] for k in ("parameters", "requestBody", "responses") if k in operation}
    return (
        f"<details><summary><code>{escape(method.upper())} {escape(path)}</code>"
        f" {escape(operation.get('summary', ''))}</summary>"
        f"<p>{escape(operation.get('description', ''))}</p>{_pre(told)}</details>"
    )


def _pre(value: object) -> str:
    return f"<pre>{escape(json.dumps(value, ensure_ascii=False, indent=1))}</pre>"
