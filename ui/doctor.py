"""`youju doctor`: what a report of a defect should say, and what is wrong at first sight.

It asks nothing beyond this machine, except whether an endpoint in the settings can be reached."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import resource
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from rag.errors import YoujuError
from rag.ingest import load_embedder, with_embedder
from rag.settings import Settings, load_settings
from rag.store import Store
from ui.serve.settings import load_secrets, load_serve_settings

_PACKAGES = ("youju", "numpy", "faiss-cpu", "tantivy", "gradio", "fastapi", "uvicorn")
_EXTRAS = ("mcp", "torch", "sentence-transformers", "transformers")
_FREE = 500 << 20  # bytes of disk below which indexing may fail
_LEAST_MEMORY = 1 << 30  # bytes: three helpers and the page
_CONNECT = 3.0  # seconds


class Finding(NamedTuple):
    """One thing looked at."""

    ok: bool
    what: str
    words: str


def examine(index: Path, file: Path, embedder: str | None = None) -> list[Finding]:
    """Look at everything; what fails is a finding, not an error."""
    found = [_versions(), _extras()]
    try:
        settings = with_embedder(load_settings(file), embedder)
        load_serve_settings(file)
        load_secrets()
        found.append(Finding(True, "settings", f"{file if file.exists() else 'defaults'}"))
    except YoujuError as error:
        found.append(Finding(False, "settings", str(error)))
        settings = Settings()
    found += [_model(settings), _index(index), _disk(index), _memory()]
    return [*found, *_endpoints(settings)]


def _versions() -> Finding:
    told = [f"Python {platform.python_version()}", platform.platform()]
    missing = []
    for name in _PACKAGES:
        try:
            told.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    words = ", ".join(told) + (f"; missing: {', '.join(missing)}" if missing else "")
    return Finding(not missing, "versions", words)


def _extras() -> Finding:
    there = []
    for name in _EXTRAS:
        try:
            there.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            there.append(f"{name} not installed")
    return Finding(True, "optional", ", ".join(there))


def _model(settings: Settings) -> Finding:
    try:
        model = load_embedder(settings.embedder)
        vector = model.encode_queries(["机器人"])
    except YoujuError as error:
        return Finding(False, "embedder", str(error))
    words = f"{model.name} {model.fingerprint}, {vector.shape[1]} dimensions"
    return Finding(True, "embedder", words)


def _index(index: Path) -> Finding:
    try:
        store = Store.open(index)
        n, made_by = store.counts(), store.setting("embedder")
        store.close()
    except YoujuError as error:
        return Finding(False, "index", str(error))
    size = sum(p.stat().st_size for p in index.rglob("*") if p.is_file())
    return Finding(
        True,
        "index",
        f"{index}: {n['source']} sources, {n['article']} articles, {n['chunk']} passages,"
        f" {size / 1e6:.1f} MB, embedder {made_by}",
    )


def _disk(index: Path) -> Finding:
    folder = next(p for p in (index.resolve(), *index.resolve().parents) if p.exists())
    free = shutil.disk_usage(folder).free
    may = os.access(folder, os.W_OK)
    words = f"{free / 1e9:.1f} GB free at {folder}{'' if may else ', which may not be written'}"
    return Finding(free > _FREE and may, "disk", words)


def _memory() -> Finding:
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    own *= 1 if sys.platform == "darwin" else 1024  # kilobytes, except there
    free = _available()
    told = f"this process {own / 1e6:.0f} MB"
    if free is None:
        return Finding(True, "memory", told)
    return Finding(free > _LEAST_MEMORY, "memory", f"{told}, {free / 1e9:.1f} GB available")


def _available() -> int | None:
    """Return the bytes of memory that could be had, None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None


def _endpoints(settings: Settings) -> Iterator[Finding]:
    """Yield whether each address in the settings takes a connection; nothing is sent."""
    for name, value in asdict(settings).items():
        if not (isinstance(value, str) and value.startswith(("http://", "https://"))):
            continue
        parts = urlsplit(value)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        where = f"{name} at {parts.hostname} port {port}"
        try:
            socket.create_connection((parts.hostname or "", port), _CONNECT).close()
            yield Finding(True, "reachable", where)
        except OSError as error:
            yield Finding(False, "reachable", f"{where}: {error}")
