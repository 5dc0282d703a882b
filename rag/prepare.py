"""Sources → articles, passages, other names and, with a light embedder, vectors; in processes of
their own where there is much to do. These also compare articles, when all are prepared.

This is Python and most of the work of indexing, so on two cores two helper processes beside the one
that writes take half the time. `rag.companion` is how they are spoken to.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import chain, cycle, islice
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

import embeddings
from embeddings import Embedder
from rag.articles import split_articles
from rag.chunks import split_chunks
from rag.companion import Companion, Owner
from rag.duplicates import Task, compare
from rag.lexicon import aliases
from rag.settings import Settings
from rag.sketches import Sketch, sketches_of
from rag.store import with_title
from rag.store_links import Copied
from rag.types import Article, Chunk, Run, Source, Span

Floats = npt.NDArray[np.float32]


class Prepared(NamedTuple):
    """What becomes of one source."""

    articles: list[Article]
    chunks: list[Chunk]
    aliases: list[tuple[tuple[str, str], ...]]  # (name, other name) pairs that each article gives


class Batch(NamedTuple):
    """What becomes of several; where a helper embedded them, also `vectors` (all their chunks, d)
    and the fingerprints of their articles."""

    sources: list[Prepared]
    vectors: Floats | None = None
    sketches: list[Sketch] | None = None


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


class Team:
    """Helper processes (one a core by default), started when there is more than one batch.

    What a source raises there is raised here; the work of a helper that died is done here.
    """

    def __init__(
        self, settings: Settings, helpers: int | None = None, model: Embedder | None = None
    ) -> None:
        """Start nothing yet. Helpers embed too, if `model` is a light one."""
        self._settings, self._model = settings, model
        self._wanted = min(_cores(), _MOST_HELPERS) if helpers is None else helpers
        self._helpers: list[_Helper] = []

    def __enter__(self) -> Team:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the helpers, whatever they are doing."""
        for helper in self._helpers:
            helper.stop()
        self._helpers.clear()

    def prepare(self, batches: Iterable[Sequence[Source]]) -> Iterator[Batch]:
        """Yield what `prepare` makes of every source, batch after batch, in order."""
        iterator = iter(batches)
        first = list(islice(iterator, 2))
        if len(first) == 2 and self._wanted > 0:
            self._helpers = [_Helper(self._settings, self._model) for _ in range(self._wanted)]
        known = (self._model.name, self._model.fingerprint) if self._model else None
        light = known if known and known[0] in _LIGHT else None
        yield from self._done(
            _Preparing(batch, self._settings, light) for batch in chain(first, iterator)
        )

    def compare(self, tasks: Iterable[Task]) -> Iterator[list[Copied]]:
        """Yield what `rag.duplicates.compare` finds in every task, in order."""
        yield from self._done(map(_Comparing, tasks))

    def _done(self, works: Iterable[_Work]) -> Iterator[Any]:
        if not self._helpers:
            yield from (work.here() for work in works)
            return
        at_work: deque[_Helper] = deque()
        for helper, work in zip(cycle(self._helpers), works, strict=False):
            # a helper's result is taken before it gets more: neither waits for the other's pipe
            done = [at_work.popleft().result()] if len(at_work) == len(self._helpers) else []
            helper.begin(work)
            at_work.append(helper)
            yield from done
        while at_work:
            yield at_work.popleft().result()


def prepare_batches(
    batches: Iterable[Sequence[Source]],
    settings: Settings,
    helpers: int | None = None,
    model: Embedder | None = None,
) -> Generator[Batch, None, None]:
    """Yield what a team of its own makes of the batches."""
    with Team(settings, helpers, model) as team:
        yield from team.prepare(batches)


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Work(Protocol):
    """Something that a helper does, or, where it cannot, we."""

    kind: str

    def value(self) -> object: ...

    def read(self, told: Any, data: bytes) -> Any: ...

    def here(self) -> Any: ...


@dataclass(frozen=True)
class _Preparing:
    batch: Sequence[Source]
    settings: Settings
    model: tuple[str, str] | None
    kind = "prepare"

    def value(self) -> object:
        return [[_values(source) for source in self.batch], asdict(self.settings), self.model]

    def read(self, told: Any, data: bytes) -> Batch:
        rows, dimension, sizes = told
        sources = [_prepared(row) for row in rows]
        if not dimension:
            return Batch(sources)
        passages = sum(len(one.chunks) for one in sources)
        vectors = np.frombuffer(data, np.float32, passages * dimension).reshape(-1, dimension)
        numbers = np.frombuffer(data[vectors.nbytes :], np.int64).reshape(2, -1)
        ends = np.cumsum(sizes)[:-1]
        parts = zip(np.split(numbers[0], ends), np.split(numbers[1], ends), strict=True)
        return Batch(sources, vectors, [Sketch(*part) for part in parts])

    def here(self) -> Batch:
        return Batch([prepare(source, self.settings) for source in self.batch])


@dataclass(frozen=True)
class _Comparing:
    task: Task
    kind = "compare"

    def value(self) -> object:
        return self.task

    def read(self, told: Any, data: bytes) -> list[Copied]:
        found, at = [], 0
        for *row, passages, differences in told:
            middle, end = at + passages, at + passages + differences
            found.append((*row, data[at:middle], data[middle:end]))
            at = end
        return found

    def here(self) -> list[Copied]:
        return compare(self.task)


class _Helper:
    """A process that does one thing at a time."""

    def __init__(self, settings: Settings, model: Embedder | None = None) -> None:
        self._work: _Work | None = None
        self._companion = Companion(_PROGRAM)
        self.process = self._companion.process
        self.stop = self._companion.stop

    def begin(self, work: _Work) -> None:
        self._work = work
        try:
            self._companion.send([work.kind, work.value()])
        except OSError:
            return  # it died; `result` does its work

    def result(self) -> Any:
        """Return what became of the work. Raises what a source raised."""
        assert self._work is not None
        try:
            told, data = self._companion.receive()
        except (OSError, EOFError):
            told = None  # it died
        # what a source raised there, it raises here
        return self._work.here() if told is None else self._work.read(told, data)


def serve() -> None:
    """Be a helper: prepare and compare until the owner is gone."""
    owner = Owner()
    served = {"prepare": _served, "compare": _compared}
    try:
        while True:
            kind, value = owner.receive()
            try:
                told, data = served[kind](value)
            except Exception:
                told, data = None, b""  # the caller meets it again, and raises it
            owner.send(told, data)
    except (EOFError, BrokenPipeError):
        return


def _served(value: Any) -> tuple[Any, bytes]:
    rows, settings, wanted = value
    done = [prepare(_source(row), Settings(**settings)) for row in rows]
    told = [
        ([_values(a) for a in one.articles], [(c.article_id, *c.span) for c in one.chunks], one[2])
        for one in done
    ]
    texts = texts_of(done) if wanted else []
    if not texts or _loaded(wanted[0]).fingerprint != wanted[1]:
        return (told, 0, []), b""
    vectors = np.ascontiguousarray(_loaded(wanted[0]).encode_passages(texts), np.float32)
    sketches = sketches_of([article.text for one in done for article in one.articles])
    numbers = np.concatenate([s.hashes for s in sketches] + [s.letters for s in sketches])
    sizes = [len(sketch.hashes) for sketch in sketches]
    return (told, vectors.shape[1], sizes), vectors.tobytes() + numbers.tobytes()


def _compared(task: Any) -> tuple[Any, bytes]:
    rows = compare(task)
    told = [(*row, len(passages), len(others)) for *row, passages, others in rows]
    return told, b"".join([part for row in rows for part in row[-2:]])


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
