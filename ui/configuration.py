"""What settings are in force, and where each comes from."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from rag.ingest import with_embedder
from rag.settings import load_settings
from ui.serve.settings import PREFIX, TOKEN, load_secrets, load_serve_settings

_SECRET = ("users",)  # shown as names alone
_HIDDEN_WORDS = ("key", "token", "password", "secret")


class Row(NamedTuple):
    """A setting."""

    name: str
    value: Any
    origin: str


def in_force(
    file: Path, embedder: str | None = None, environment: Mapping[str, str] | None = None
) -> list[Row]:
    """Return all settings. Raises YoujuError when one cannot be in force.

    Passwords, tokens and keys are named, never shown.
    """
    environment = os.environ if environment is None else environment
    table = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    settings = with_embedder(load_settings(file, environment), embedder)
    rows = [
        Row(
            name,
            _shown(name, value),
            _origin(name, f"YOUJU_{name.upper()}", table, file, environment),
        )
        for name, value in asdict(settings).items()
    ]
    if embedder:
        rows = [r._replace(origin="--embedder") if r.name == "embedder" else r for r in rows]
    serving = asdict(load_serve_settings(file, environment))
    own = table.get("serve", {})
    rows += [
        Row(
            f"serve.{name}",
            _shown(name, value),
            _origin(name, PREFIX + name.upper(), own, file, environment),
        )
        for name, value in serving.items()
    ]
    index = environment.get("YOUJU_INDEX")
    rows.append(Row("index", index or ".youju", "YOUJU_INDEX" if index else "default"))
    token = bool(load_secrets(environment).token)
    rows.append(Row("token", "set" if token else "", TOKEN if token else "default"))
    return rows


def _origin(
    name: str, variable: str, table: Mapping[str, Any], file: Path, environment: Mapping[str, str]
) -> str:
    if variable in environment:
        return variable
    return str(file) if name in table else "default"


def _shown(name: str, value: Any) -> Any:
    if name in _SECRET:
        return " ".join(f"{user.partition(':')[0]}:…" for user in str(value).split())
    hidden = any(word in name.split("_") for word in _HIDDEN_WORDS)
    return "…" if hidden and value else value
