"""Files → index: sources → repair → articles → chunks → vectors → store → lexical index →
near-duplicates, a batch of sources a transaction, unchanged input left alone."""

from __future__ import annotations

import base64
import hashlib
import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

import embeddings
from embeddings import Embedder
from rag.duplicates import recognise
from rag.errors import ModelError, SourceError, UnreadableSource
from rag.lexical import LexicalIndex
from rag.prepare import Batch, Team, texts_of
from rag.protocol import PassageStore
from rag.settings import Settings
from rag.sketches import Sketch
from rag.sources import read_sources
from rag.store import CHUNK_SETTINGS, Store
from rag.stores import Where, create_store, open_store
from rag.types import Source

# sources and characters in one transaction: a kill loses at most this much work (half a second),
# and never half a source
_BATCH = 256
_BATCH_CHARS = 400_000
# chunks between two updates of the lexical index: what others find meanwhile is this much behind
_REFRESH = 20_000
_SECONDS_BETWEEN_LINES = 1.0  # of progress
# seconds; who reads while we write may be building the lexical index. Later readers catch it up
_WAIT_FOR_OTHERS = 60.0

_DIGITS = 22  # of a SHA-256 in base 64: 128 bits tell any texts apart

Progress = Callable[[str], None]
_Item = TypeVar("_Item")


def silent(_: str) -> None:
    """Report progress to nobody."""


@dataclass
class IngestReport:
    """What an indexing run did."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    articles: int = 0
    chunks: int = 0
    problems: list[SourceError] = field(default_factory=list)


def load_embedder(name: str) -> Embedder:
    """Load an embedder. Raises ModelError with one line that says what to do."""
    try:
        return embeddings.load(name)
    except embeddings.EmbedderError as error:
        raise ModelError(str(error)) from error


def index_paths(
    index: Where,
    paths: Sequence[Path],
    *,
    settings: Settings = Settings(),
    embedder: str = "default",
    progress: Progress = silent,
    workers: int | None = None,
) -> IngestReport:
    """Add or update files and folders; `workers` helper processes prepare them, 0: none, None: one
    a core.

    A bad file is reported in `problems` and skipped. Raises MissingSource and EmptySource for a
    path that cannot be used at all, before anything is written, and StoreError, WrongEmbedder or
    ModelError.
    """
    streams = [_checked(path) for path in paths]
    return index_sources(
        index,
        itertools.chain.from_iterable(streams),
        settings=settings,
        embedder=embedder,
        progress=progress,
        workers=workers,
    )


def _checked(path: Path) -> Iterator[Source | SourceError]:
    """Read the first source at once, so that a missing path is an error before the index is
    touched."""
    stream = read_sources(path)
    return itertools.chain([first] if (first := next(stream, None)) is not None else [], stream)


def index_sources(
    index: Where,
    sources: Iterable[Source | SourceError],
    *,
    settings: Settings = Settings(),
    embedder: str = "default",
    progress: Progress = silent,
    workers: int | None = None,
) -> IngestReport:
    """Add or update sources; one whose content is unchanged is not embedded again."""
    model = load_embedder(embedder)
    store = create_store(index, model)
    report = IngestReport()
    wanted = _wanted(sources, store, settings, report)
    batches, waiting = itertools.tee(_batched(wanted, lambda item: len(item[0].text)))
    given = ([source for source, _ in batch] for batch in waiting)
    told = _Told(progress)
    words = _Words(index, store, progress)
    sketches: dict[str, Sketch] = {}
    try:
        with Team(settings, workers, model) as team, words:
            for batch, done in zip(batches, team.prepare(given), strict=True):
                chunks = _put(store, model, batch, done, settings)
                told.add(sum(len(one.articles) for one in done.sources), chunks, batch)
                words.add(chunks)
                sketches |= _sketches(done)
            if isinstance(store, Store):
                recognise(store, progress, sketches=sketches, compare_all=team.compare)
    finally:
        report.articles, report.chunks = told.articles, told.chunks
        store.close()
    told.say()
    return report


def _put(
    store: PassageStore,
    model: Embedder,
    batch: Sequence[tuple[Source, str]],
    done: Batch,
    settings: Settings,
) -> int:
    """Store a batch in one transaction; return how many chunks it has."""
    vectors = _vectors(model, done)
    at = 0
    with store.transaction():
        store.keep_settings({name: getattr(settings, name) for name in CHUNK_SETTINGS})
        for (source, digest), one in zip(batch, done.sources, strict=True):
            part = vectors[at : at + len(one.chunks)]
            if store.put(source, digest, one.articles, one.chunks, part):
                for article, pairs in zip(one.articles, one.aliases, strict=True):
                    store.put_aliases(article.id, pairs)
            at += len(one.chunks)
    return at


def _sketches(done: Batch) -> dict[str, Sketch]:
    """Return the fingerprints that a helper took, by article."""
    names = (article.id for one in done.sources for article in one.articles)
    return dict(zip(names, done.sketches, strict=True)) if done.sketches is not None else {}


def _vectors(model: Embedder, done: Batch) -> npt.NDArray[np.float32]:
    if done.vectors is not None:
        return done.vectors
    texts = texts_of(done.sources)
    return model.encode_passages(texts) if texts else np.zeros((0, model.dimension), np.float32)


class _Told:
    """Counts what was stored, and says so once a second at most."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._next = time.monotonic() + _SECONDS_BETWEEN_LINES
        self._line = ""
        self.sources = self.articles = self.chunks = 0

    def add(self, articles: int, chunks: int, batch: Sequence[tuple[Source, str]]) -> None:
        self.sources += len(batch)
        self.articles += articles
        self.chunks += chunks
        self._line = (
            f"indexed {self.sources} sources, {self.articles} articles, {self.chunks} passages"
            f" ({batch[-1][0].name})"
        )
        if time.monotonic() >= self._next:
            self.say()

    def say(self) -> None:
        """Say what was not yet said."""
        if self._line:
            self._progress(self._line)
        self._line, self._next = "", time.monotonic() + _SECONDS_BETWEEN_LINES


class _Words:
    """Keeps the lexical index close behind the store, in a thread with a store of its own; at the
    end, level with it."""

    def __init__(self, index: Where, store: PassageStore, progress: Progress) -> None:
        self._store = store if isinstance(store, Store) else None  # Milvus has its own words
        self._lexical = LexicalIndex(Path(index), progress)
        self._behind = 0
        self._thread = threading.Thread(target=self._refresh)
        self._error: BaseException | None = None

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._thread.ident is not None:
            self._thread.join()
        if kind is None and self._store:
            if self._error is not None:
                raise self._error
            self._lexical.refresh(self._store, wait=_WAIT_FOR_OTHERS)

    def add(self, chunks: int) -> None:
        """Take note of chunks stored."""
        self._behind += chunks
        if self._store and self._behind >= _REFRESH and not self._thread.is_alive():
            self._behind = 0
            self._thread = threading.Thread(target=self._refresh)
            self._thread.start()

    def _refresh(self) -> None:
        try:
            assert self._store is not None
            store = Store.open(self._store.folder)
            try:
                self._lexical.refresh(store)
            finally:
                store.close()
        except BaseException as error:
            self._error = error


def remove_sources(index: Where, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Take sources out, in one transaction; return those that were there, and those that were not.

    Raises MissingIndex, DamagedIndex or StoreError.
    """
    store = open_store(index)
    try:
        with store.transaction():
            found = {name: store.remove(name) for name in dict.fromkeys(names)}
        if isinstance(store, Store):
            recognise(store)  # what was known as a copy of something removed is compared anew
            LexicalIndex(store.folder).refresh(store, wait=_WAIT_FOR_OTHERS)
    finally:
        store.close()
    return [n for n, there in found.items() if there], [
        n for n, there in found.items() if not there
    ]


def _batched(items: Iterable[_Item], size: Callable[[_Item], int]) -> Iterator[list[_Item]]:
    """Yield items by the hundred; fewer, where these hold many characters."""
    batch: list[_Item] = []
    chars = 0
    for item in items:
        batch.append(item)
        chars += size(item)
        if len(batch) >= _BATCH or chars >= _BATCH_CHARS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


def _wanted(
    sources: Iterable[Source | SourceError],
    store: PassageStore,
    settings: Settings,
    report: IngestReport,
) -> Iterator[tuple[Source, str]]:
    """Yield the sources to store with their digests, counting the rest."""
    names: dict[str, str] = {}  # of this run
    for some in _batched(sources, lambda one: len(one.text) if isinstance(one, Source) else 0):
        known = store.digests([one.name for one in some if isinstance(one, Source)])
        for source in some:
            if isinstance(source, SourceError):
                report.problems.append(source)
                continue
            digest = _digest(source, settings)
            before = names.get(source.name)
            names.setdefault(source.name, digest)
            if problem := _problem(source, before not in (None, digest), settings):
                report.problems.append(problem)
            elif digest in (before, known.get(source.name)):
                report.unchanged += 1
            else:
                report.changed += source.name in known
                report.added += source.name not in known
                yield source, digest


def _problem(source: Source, twice: bool, settings: Settings) -> SourceError | None:
    """Return why a source cannot be stored."""
    limit = settings.max_source_chars
    if twice:
        return UnreadableSource(
            f"{source.name}: two sources of this name in one run; rename one of them"
        )
    if len(source.text) > limit:
        return UnreadableSource(
            f"{source.name}: {len(source.text):,} characters, limit {limit:,}; split it"
        )
    return None


def _digest(source: Source, settings: Settings) -> str:
    parts = (
        source.text,
        source.title,
        source.published,
        source.url,
        settings.max_chunk_chars,
        settings.overlap_chars,
    )
    digest = hashlib.sha256("\0".join(map(str, parts)).encode("utf-8")).digest()
    return base64.b64encode(digest)[:_DIGITS].decode()


def with_embedder(settings: Settings, embedder: str | None) -> Settings:
    """Return the settings with another embedder, if one is named."""
    return replace(settings, embedder=embedder) if embedder else settings
