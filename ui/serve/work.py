"""What the server does with an index, as bytes of JSON: in a helper process (`ui.serve.crew`), or
in a thread of the server."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from embeddings import Embedder
from rag.answer import Bot
from rag.errors import MissingIndex, SourceError
from rag.filters import Filter
from rag.ingest import index_sources, load_embedder, remove_sources
from rag.settings import Settings
from rag.sources import read_sources
from rag.store import Store
from rag.types import History, Source
from ui.listing import article_row

_MOST_BOTS = 4  # indexes open at a time in one process: the shared one and some users' own
Job = tuple[str, tuple[Any, ...]]
"""A method of `Work` and its arguments."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a client sent: the name it gave, and where the server keeps it for now."""

    name: str
    path: Path


class Work:
    """Everything the server asks of an index. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._bots: OrderedDict[Path, Bot] = OrderedDict()
        self._lock = threading.Lock()
        self._model: Embedder | None = None

    def do(self, job: Job) -> bytes:
        """Return what the named method returns."""
        name, arguments = job
        if name not in JOBS:
            raise ValueError(f"no job {name!r}")
        done: bytes = getattr(self, name)(*arguments)
        return done

    def ready(self, index: Path) -> bytes:
        """Open an index, so that the first question need not wait for it."""
        self._bot(index)
        return b"{}"

    def ask(self, index: Path, question: str, history: History, within: Filter) -> bytes:
        """Return an answer as the contract lays it down."""
        return _json(self._bot(index).ask(question, history, within).to_json())

    def search(self, index: Path, question: str, limit: int, within: Filter) -> bytes:
        """Return the best passages for a question."""
        hits = self._bot(index).search(question, limit=limit, within=within)
        return _json({"question": question, "hits": [hit.to_json() for hit in hits]})

    def articles(self, index: Path, first: int, limit: int, source: str | None) -> bytes:
        """Return articles in the order of their pages, from the one numbered `first`, from 0."""
        store = Store.open(index)
        try:
            heads = [h for h in store.heads() if source is None or h[1] == source]
            wanted = [identity for identity, *_ in heads[first : first + limit]]
            found = store.articles_by_id(wanted)
            raw = store.raw({a.source for a in found.values()})
        finally:
            store.close()
        rows = [article_row(a, raw[a.source]) for a in (found[i] for i in wanted if i in found)]
        return _json({"articles": rows, "total": len(heads)})

    def article(self, index: Path, identity: str) -> bytes:
        """Return one article with its text; {} when it is not there."""
        store = Store.open(index)
        try:
            article = store.article(identity)
            raw = store.source(article.source).text
        except KeyError:
            return b"{}"
        finally:
            store.close()
        return _json(article_row(article, raw) | {"text": article.text})

    def counts(self, index: Path) -> bytes:
        """Return what an index holds; zeros where there is none yet."""
        try:
            store = Store.open(index)
        except MissingIndex:
            return _json({"sources": 0, "articles": 0, "passages": 0, "revision": 0})
        try:
            n = store.counts()
            sizes = {"sources": n["source"], "articles": n["article"], "passages": n["chunk"]}
            return _json(sizes | {"revision": store.revision})
        finally:
            store.close()

    def add(self, index: Path, uploads: Sequence[Upload], records: Sequence[Source]) -> bytes:
        """Index files that were uploaded and texts that were sent; say what could not be."""
        problems: list[dict[str, str]] = []
        report = index_sources(
            index,
            _sources(uploads, records, problems),
            settings=self._settings,
            embedder=self._settings.embedder,
        )
        told = map(str, report.problems)  # "name: what happened"
        problems += [{"name": words.partition(":")[0], "error": words} for words in told]
        counts = {"added": report.added, "changed": report.changed, "unchanged": report.unchanged}
        counts |= {"articles": report.articles, "passages": report.chunks}
        return _json(counts | {"problems": problems})

    def remove(self, index: Path, names: Sequence[str]) -> bytes:
        """Take sources out."""
        removed, missing = remove_sources(index, names)
        return _json({"removed": removed, "missing": missing})

    def embed(self, texts: Sequence[str], queries: bool) -> bytes:
        """Return the unit vectors of texts: how many, how long, then float32 rows."""
        with self._lock:
            self._model = self._model or load_embedder(self._settings.embedder)
        model = self._model
        rows = model.encode_queries(texts) if queries else model.encode_passages(texts)
        rows = np.ascontiguousarray(rows, "<f4")
        return np.array(rows.shape, "<u4").tobytes() + rows.tobytes()

    def _bot(self, index: Path) -> Bot:
        with self._lock:
            if index in self._bots:
                self._bots.move_to_end(index)
                return self._bots[index]
            bot = self._bots[index] = Bot.open(index, settings=self._settings)
            while len(self._bots) > _MOST_BOTS:
                self._bots.popitem(last=False)
            return bot


JOBS = frozenset(n for n, v in vars(Work).items() if callable(v) and n[0] != "_" and n != "do")


def _sources(
    uploads: Iterable[Upload], records: Iterable[Source], problems: list[dict[str, str]]
) -> Iterable[Source]:
    """Yield what can be indexed, under the names that the client gave; note the rest.

    The server's own paths stay out of what the client is told.
    """
    yield from records
    for upload in uploads:
        try:
            for source in read_sources(upload.path):
                if isinstance(source, SourceError):
                    problems.append(_problem(upload, source))
                    continue
                rest = source.name.removeprefix(upload.path.name)  # "#id" of a JSONL record
                yield replace(source, name=upload.name + rest)
        except SourceError as error:
            problems.append(_problem(upload, error))


def _problem(upload: Upload, error: SourceError) -> dict[str, str]:
    words = str(error).replace(str(upload.path), upload.name)
    return {"name": upload.name, "error": words.replace(upload.path.name, upload.name)}


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
