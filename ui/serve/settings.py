"""What an operator may turn of the server, with its unit: the table [serve] of `youju.toml`, or
YOUJU_SERVE_<NAME>. The token comes from YOUJU_TOKEN alone, so that it never stands in a file that
is shared."""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from rag.errors import YoujuError

TOKEN = "YOUJU_TOKEN"
PREFIX = "YOUJU_SERVE_"
_LEAST_TOKEN = 16  # characters; `youju password` suggests one of 43


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """Plain values; 0 means "no limit" for those marked so."""

    page: int = 1  # 0: no chat page, the API and MCP alone
    users: str = ""  # logins, "name:scrypt$…" with spaces between; `youju password` makes one
    hosts: str = ""  # names under which the server is known besides localhost, spaces between
    # processes that answer, one of them kept free for searches; -1: one a core and one more; 0: in
    # threads of the server, for a reader that only waits for another machine
    workers: int = -1
    threads: int = 8  # answers at a time where workers = 0
    waiting: int = 32  # requests that may wait for a worker; the next gets 503 at once
    lag_seconds: float = 0.3  # that the server may be behind; beyond, requests get 503 at once
    queue_seconds: float = 5.0  # longest wait for a worker; then 503
    answer_seconds: float = 60.0  # longest work on one answer; then 504, and the worker is replaced
    index_seconds: float = 600.0  # longest work on one upload; what was committed stays
    header_seconds: float = 10.0  # for the head of a request to arrive
    body_seconds: float = 60.0  # for its body to arrive
    send_seconds: float = 30.0  # for a client to take what is sent
    drain_seconds: float = 20.0  # for running requests to end after SIGTERM
    max_connections: int = 500  # open at a time; the next gets 503. Most systems allow 1024 files
    max_body_bytes: int = 1_000_000  # of a request that is no upload
    max_upload_bytes: int = 50_000_000  # of an upload, all its files together
    max_upload_files: int = 500  # in one upload
    # per client (a login, or an address where nobody logs in). Not applied on this machine where no
    # token is needed
    rate: float = 20.0  # requests a second, over time; 0: no limit
    burst: int = 60  # requests at once after a pause; the page loads 40 files
    concurrent: int = 16  # requests at a time; a browser keeps 6 connections
    failed_logins: int = 10  # a minute and address; then 429
    cache_bytes: int = 64_000_000  # of answers kept until the index changes; 0: none are
    log_questions: int = 0  # 1: questions stand in the log


@dataclass(frozen=True, slots=True)
class Secrets:
    """What opens the server."""

    token: str = ""

    def __repr__(self) -> str:
        return "Secrets(…)"  # never in a traceback or a log


def load_secrets(environment: Mapping[str, str] | None = None) -> Secrets:
    """Return the token of the environment. Raises YoujuError when it is too short to be one."""
    token = (os.environ if environment is None else environment).get(TOKEN, "")
    if token and len(token) < _LEAST_TOKEN:
        raise YoujuError(
            f"{TOKEN} has {len(token)} characters, {_LEAST_TOKEN} or more are needed: make one with"
            ' `python -c "import secrets; print(secrets.token_urlsafe())"`'
        )
    if not token.isascii() or any(c.isspace() for c in token):
        raise YoujuError(f"{TOKEN} holds a space or a character beyond ASCII: use letters, digits")
    return Secrets(token)


def load_serve_settings(
    file: Path | None = None, environment: Mapping[str, str] | None = None
) -> ServeSettings:
    """Return the server's settings in force: defaults, the table [serve], YOUJU_SERVE_<NAME>.

    Raises YoujuError naming the key when one is unknown or its value is out of range.
    """
    environment = os.environ if environment is None else environment
    values = dict(_table(file))
    known = {field.name: field for field in fields(ServeSettings)}
    for name in known:
        if (value := environment.get(PREFIX + name.upper())) is not None:
            values[name] = value
    if unknown := sorted(set(values) - set(known)):
        raise YoujuError(f"unknown setting serve.{unknown[0]}: there are {', '.join(known)}")
    converted = {n: _converted(n, v, str(known[n].type)) for n, v in values.items()}
    return replace(ServeSettings(), **converted)


def _table(file: Path | None) -> dict[str, Any]:
    if file is None or not file.exists():
        return {}
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("serve", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise YoujuError(f"{file} is not valid TOML ({error}): mend the line it names") from error
    if not isinstance(table, dict):
        raise YoujuError(f"{file}: serve = {table!r} is no table: write [serve] above its settings")
    return table


def _converted(name: str, value: object, kind: str) -> Any:
    if kind == "str":
        text = " ".join(map(str, value)) if isinstance(value, list) else value
        if not isinstance(text, str):
            raise YoujuError(f'setting serve.{name} = {value!r} is not text: put it in "…"')
        return text
    try:
        number = int(str(value)) if kind == "int" else float(str(value))
    except ValueError as error:
        raise YoujuError(f"setting serve.{name} = {value!r} is not a number") from error
    least = {
        "workers": -1,
        "log_questions": 0,
        "page": 0,
        "cache_bytes": 0,
        "rate": 0,
        "waiting": 0,
    }
    lowest = least.get(name, 0.05 if kind == "float" else 1)
    if not lowest <= number < math.inf:
        raise YoujuError(f"setting serve.{name} = {value!r} is out of range: give {lowest} or more")
    return number
