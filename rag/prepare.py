"""Sources → articles, passages, other names and, with a light embedder, vectors; in processes of
their own where there is much to do.

This is Python and most of the work of indexing, so on two cores two helper processes beside the one
that writes take half the time. `rag.companion` is how they are spoken to.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from dataclasses import asdict
from functools import cache
from itertools import chain, cycle, islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import embeddings
from embeddings import Embedder
from rag.articles import split_articles
from rag.chunks import split_chunks
from rag.companion import Companion, Owner
from rag.lexicon import aliases
from rag.settings import Settings
from rag.store import with_title
from rag.types import Article, Chunk, Run, Source, Span

Floats = npt.NDArray[np.float32]


class Prepared(NamedTuple):
    """What becomes of one source."""

    articles: list[Article]
    chunks: list[Chunk]
    aliases: list[tuple[tuple[str, str], ...]]  # (name, other name) pairs that each article gives


class Batch(NamedTuple):
    """What becomes of several; `vectors` (all their chunks, d) where a helper embedded them."""

    sources: list[Prepared]
    vectors: Floats | None


_MOST_HELPERS = 4  # more are faster than what writes
_PROGRAM = "from rag.prepare import serve; serve()"
_LIGHT = ("default",)  # embedders that may be loaded in every helper: 14 MB each


def prepare(source: Source, settings: Settings) -> Prepared:
    """Return the articles of a source, their chunks and the other names they give."""
    articles = split_articles(source)
    size, overlap = settings.max_chunk_chars, settings.overlap_chars
    chunks = [c for a in articles for c in split_chunks(a, size, overlap)]
    return Prepared(articles, chunks, [aliases(article.text) for article in articles])


def passage_texts(articles: Sequence[Article], chunks: Sequence[Chunk]) -> list[str]:
    """Return what is embedded for each chunk: the article's title, then the chunk."""
    by_id = {article.id: article for article in articles}
    texts = []
    for chunk in chunks:
        article = by_id[chunk.article_id]
        texts.append(with_title(article.title, article.text[chunk.span.start : chunk.span.end]))
    return texts


def texts_of(prepared: Iterable[Prepared]) -> list[str]:
    """Return what is embedded for all chunks of several sources, in order."""
    return [text for one in prepared for text in passage_texts(one.articles, one.chunks)]


def prepare_batches(
    batches: Iterable[Sequence[Source]],
    settings: Settings,
    helpers: int | None = None,
    model: Embedder | None = None,
) -> Generator[Batch, None, None]:
    """Yield what `prepare` makes of every source, batch after batch, in order.

    Helpers (one a core by default) are started when there is more than one batch; they embed too,
    if `model` is a light one. What a source raises there is raised here; the work of a helper
    that died is done here.
    """
    iterator = iter(batches)
    first = list(islice(iterator, 2))
    wanted = min(_cores(), _MOST_HELPERS) if helpers is None else helpers
    if len(first) < 2 or wanted < 1:
        for batch in chain(first, iterator):
            yield Batch([prepare(source, settings) for source in batch], None)
        return
    team = [_Helper(settings, model) for _ in range(wanted)]
    at_work: deque[_Helper] = deque()
    try:
        for helper, batch in zip(cycle(team), chain(first, iterator), strict=False):
            # a helper's result is taken before it gets more: neither waits for the other's pipe
            done = at_work.popleft().result() if len(at_work) == len(team) else None
            helper.begin(batch)
            at_work.append(helper)
            if done is not None:
                yield done
        while at_work:
            yield at_work.popleft().result()
    finally:
        for helper in team:
            helper.stop()


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Helper:
    """A process that prepares one batch at a time."""

    def __init__(self, settings: Settings, model: Embedder | None = None) -> None:
        self._settings = settings
        is_light = model is not None and model.name in _LIGHT
        self._model = (model.name, model.fingerprint) if model and is_light else None
        self._batch: Sequence[Source] = ()
        self._companion = Companion(_PROGRAM)
        self.process = self._companion.process
        self.stop = self._companion.stop

    def begin(self, batch: Sequence[Source]) -> None:
        self._batch = batch
        rows = [_values(source) for source in batch]
        try:
            self._companion.send([rows, asdict(self._settings), self._model])
        except OSError:
            return  # it died; `result` does its work

    def result(self) -> Batch:
        """Return what became of the batch. Raises what a source raised."""
        try:
            told, data = self._companion.receive()
        except (OSError, EOFError):
            told = None  # it died
        if told is None:  # what a source raised there, it raises here
            return Batch([prepare(source, self._settings) for source in self._batch], None)
        rows, dimension = told
        vectors = np.frombuffer(data, np.float32).reshape(-1, dimension) if dimension else None
        return Batch([_prepared(row) for row in rows], vectors)


def serve() -> None:
    """Be a helper: prepare batches until the owner is gone."""
    owner = Owner()
    try:
        while True:
            rows, values, model = owner.receive()
            try:
                told, data = _served(rows, Settings(**values), model)
            except Exception:
                told, data = None, b""  # the caller meets it again, and raises it
            owner.send(told, data)
    except (EOFError, BrokenPipeError):
        return


def _served(
    rows: Sequence[Any], settings: Settings, wanted: Sequence[str] | None
) -> tuple[Any, bytes]:
    done = [prepare(_source(row), settings) for row in rows]
    told = [
        ([_values(a) for a in one.articles], [(c.article_id, *c.span) for c in one.chunks], one[2])
        for one in done
    ]
    texts = texts_of(done) if wanted else []
    if not wanted or not texts or _loaded(wanted[0]).fingerprint != wanted[1]:
        return (told, 0), b""
    vectors = _loaded(wanted[0]).encode_passages(texts)
    return (told, vectors.shape[1]), np.ascontiguousarray(vectors, np.float32).tobytes()


_loaded = cache(embeddings.load)


def _values(one: Source | Article) -> list[Any]:
    """Return the fields in order; dataclasses.astuple would copy every run."""
    return [getattr(one, field) for field in one.__slots__]


def _source(row: Sequence[Any]) -> Source:
    name, text, title, published, url, pages = row
    return Source(name, text, title, published, url, tuple(pages))


def _prepared(row: Sequence[Any]) -> Prepared:
    articles, chunks, names = row
    return Prepared(
        list(map(_article, articles)),
        [Chunk(article, Span(start, end)) for article, start, end in chunks],
        [tuple((name, alias) for name, alias in pairs) for pairs in names],
    )


def _article(row: Sequence[Any]) -> Article:
    identity, source, text, runs, *rest = row
    return Article(identity, source, text, tuple(Run(*run) for run in runs), *rest)
