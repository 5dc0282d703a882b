"""Files → index: sources → repair → articles → chunks → vectors → store, a source a transaction,
unchanged input left alone; then near-duplicates."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

import embeddings
from embeddings import Embedder
from rag.articles import split_articles
from rag.chunks import split_chunks
from rag.duplicates import recognise
from rag.errors import ModelError, SourceError, UnreadableSource
from rag.settings import Settings
from rag.sources import read_sources
from rag.store import Store
from rag.types import Article, Chunk, Source

# sources in one transaction: a kill loses at most this much work, and never half a source
_BATCH = 64

Progress = Callable[[str], None]


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
    index: Path,
    paths: Sequence[Path],
    *,
    settings: Settings = Settings(),
    embedder: str = "default",
    progress: Progress = silent,
) -> IngestReport:
    """Add or update files and folders.

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
    )


def _checked(path: Path) -> Iterator[Source | SourceError]:
    """Read the first source at once, so that a missing path is an error before the index is
    touched."""
    stream = read_sources(path)
    return itertools.chain([first] if (first := next(stream, None)) is not None else [], stream)


def index_sources(
    index: Path,
    sources: Iterable[Source | SourceError],
    *,
    settings: Settings = Settings(),
    embedder: str = "default",
    progress: Progress = silent,
) -> IngestReport:
    """Add or update sources; one whose content is unchanged is not embedded again."""
    model = load_embedder(embedder)
    store = Store.create(index, model.name, model.fingerprint, model.dimension)
    report = IngestReport()
    known = store.digests()
    names: dict[str, str] = {}
    try:
        for batch in _batched(_wanted(sources, known, names, settings, report), _BATCH):
            with store.transaction():
                for source, digest in batch:
                    _put(store, model, source, digest, settings, report)
            done = report.added + report.changed
            progress(
                f"indexed {done} sources, {report.articles} articles, {report.chunks} passages"
                f" ({batch[-1][0].name})"
            )
        recognise(store, progress)
    finally:
        store.close()
    return report


def _batched(items: Iterable[tuple[Source, str]], size: int) -> Iterator[list[tuple[Source, str]]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def _wanted(
    sources: Iterable[Source | SourceError],
    known: dict[str, str],
    names: dict[str, str],
    settings: Settings,
    report: IngestReport,
) -> Iterator[tuple[Source, str]]:
    """Yield the sources to store with their digests, counting the rest."""
    for source in sources:
        if isinstance(source, SourceError):
            report.problems.append(source)
            continue
        digest = _digest(source, settings)
        if names.setdefault(source.name, digest) != digest:
            report.problems.append(
                UnreadableSource(
                    f"{source.name}: two sources of this name in one run; rename one of them"
                )
            )
        elif len(source.text) > settings.max_source_chars:
            limit = settings.max_source_chars
            report.problems.append(
                UnreadableSource(
                    f"{source.name}: {len(source.text):,} characters, limit {limit:,}; split it"
                )
            )
        elif known.get(source.name) == digest:
            report.unchanged += 1
        else:
            report.changed += source.name in known
            report.added += source.name not in known
            known[source.name] = digest
            yield source, digest


def _digest(source: Source, settings: Settings) -> str:
    parts = (
        source.text,
        source.title,
        source.published,
        source.url,
        settings.max_chunk_chars,
        settings.overlap_chars,
    )
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8")).hexdigest()


def _put(
    store: Store,
    model: Embedder,
    source: Source,
    digest: str,
    settings: Settings,
    report: IngestReport,
) -> None:
    articles = split_articles(source)
    chunks = [
        c
        for a in articles
        for c in split_chunks(a, settings.max_chunk_chars, settings.overlap_chars)
    ]
    vectors = (
        model.encode_passages(passage_texts(articles, chunks))
        if chunks
        else np.zeros((0, model.dimension), np.float32)
    )
    store.put(source, digest, articles, chunks, vectors)
    report.articles += len(articles)
    report.chunks += len(chunks)


def passage_texts(articles: Sequence[Article], chunks: Sequence[Chunk]) -> list[str]:
    """Return what is embedded for each chunk: the article's title, then the chunk."""
    by_id = {article.id: article for article in articles}
    texts = []
    for chunk in chunks:
        article = by_id[chunk.article_id]
        body = article.text[chunk.span.start : chunk.span.end]
        texts.append(
            f"{article.title}\n{body}"
            if article.title and not body.startswith(article.title)
            else body
        )
    return texts


def with_embedder(settings: Settings, embedder: str | None) -> Settings:
    """Return the settings with another embedder, if one is named."""
    return replace(settings, embedder=embedder) if embedder else settings
