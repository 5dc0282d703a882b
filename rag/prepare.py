"""Sources → articles and chunks, in processes of their own where there is much to do.

Repair, articles and chunks are Python and most of the work of indexing, so on two cores two helper
processes beside the one that embeds and writes take half the time. A helper is another interpreter
that reads batches as lines of JSON from its standard input and writes what became of them to its
standard output: it needs no guard in the caller's main module, ends when the caller does, killed or
not, and sees no Ctrl-C.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from dataclasses import asdict
from itertools import chain, cycle, islice
from typing import Any

from rag.articles import split_articles
from rag.chunks import split_chunks
from rag.settings import Settings
from rag.types import Article, Chunk, Run, Source, Span

Prepared = tuple[list[Article], list[Chunk]]
"""What becomes of one source."""

_MOST_HELPERS = 4  # more are faster than what embeds and writes
_HELPER = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    " from rag.prepare import serve; serve()"
)


def prepare(source: Source, settings: Settings) -> Prepared:
    """Return the articles of a source and their chunks."""
    articles = split_articles(source)
    size, overlap = settings.max_chunk_chars, settings.overlap_chars
    return articles, [c for a in articles for c in split_chunks(a, size, overlap)]


def prepare_batches(
    batches: Iterable[Sequence[Source]], settings: Settings, helpers: int | None = None
) -> Generator[list[Prepared], None, None]:
    """Yield what `prepare` makes of every source, batch after batch, in order.

    Helpers (one a core by default) are started when there is more than one batch. What a source
    raises there is raised here; the work of a helper that died is done here.
    """
    iterator = iter(batches)
    first = list(islice(iterator, 2))
    wanted = min(_cores(), _MOST_HELPERS) if helpers is None else helpers
    if len(first) < 2 or wanted < 1:
        for batch in chain(first, iterator):
            yield [prepare(source, settings) for source in batch]
        return
    team = [_Helper(settings) for _ in range(wanted)]
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

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._batch: Sequence[Source] = ()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _HELPER, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is the caller's to handle
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout

    def begin(self, batch: Sequence[Source]) -> None:
        self._batch = batch
        try:
            self._to.write(_line([[_values(source) for source in batch], asdict(self._settings)]))
            self._to.flush()
        except OSError:
            return  # it died; `result` does its work

    def result(self) -> list[Prepared]:
        """Return what became of the batch. Raises what a source raised."""
        try:
            told = json.loads(self._from.readline())
        except (OSError, ValueError):
            told = None  # it died
        if told is None:  # what a source raised there, it raises here
            return [prepare(source, self._settings) for source in self._batch]
        return [(list(map(_article, a)), [Chunk(c, Span(s, e)) for c, s, e in b]) for a, b in told]

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._from.close()
        try:
            self._to.close()
        except OSError:
            return  # what it never read


def serve() -> None:
    """Be a helper: prepare batches from standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    read, write = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing else may get between the results
    while True:
        if not (line := read.readline()).endswith(b"\n"):
            return
        rows, values = json.loads(line)
        settings = Settings(**values)
        try:
            done = [
                ([_values(a) for a in articles], [(c.article_id, *c.span) for c in chunks])
                for articles, chunks in (prepare(_source(row), settings) for row in rows)
            ]
            write.write(_line(done))
        except Exception:
            write.write(_line(None))  # the caller meets it again, and raises it
        write.flush()


def _line(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _values(one: Source | Article) -> list[Any]:
    """Return the fields in order; dataclasses.astuple would copy every run."""
    return [getattr(one, field) for field in one.__slots__]


def _source(row: Sequence[Any]) -> Source:
    name, text, title, published, url, pages = row
    return Source(name, text, title, published, url, tuple(pages))


def _article(row: Sequence[Any]) -> Article:
    identity, source, text, runs, *rest = row
    return Article(identity, source, text, tuple(Run(*run) for run in runs), *rest)
