"""Sources → articles and chunks, in processes of their own where there is much to do.

Repair, articles and chunks are Python and most of the work of indexing, so on two cores two helper
processes beside the one that embeds and writes take half the time. A helper is another interpreter
that reads pickled batches from its standard input and writes what became of them to its standard
output: it needs no guard in the caller's main module, ends when the caller does, killed or not, and
sees no Ctrl-C.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from itertools import chain, cycle, islice

from rag.articles import split_articles
from rag.chunks import split_chunks
from rag.settings import Settings
from rag.types import Article, Chunk, Source

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
            pickle.dump((batch, self._settings), self._to, pickle.HIGHEST_PROTOCOL)
            self._to.flush()
        except OSError:
            return  # it died; `result` does its work

    def result(self) -> list[Prepared]:
        """Return what became of the batch. Raises what a source raised."""
        try:
            done: list[Prepared] | Exception = pickle.load(self._from)
        except (EOFError, OSError, pickle.UnpicklingError):
            done = [prepare(source, self._settings) for source in self._batch]
        if isinstance(done, Exception):
            raise done
        return done

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
        try:
            batch, settings = pickle.load(read)
        except EOFError:
            return
        try:
            done: list[Prepared] | Exception = [prepare(source, settings) for source in batch]
        except Exception as error:  # the caller raises it
            done = error
        pickle.dump(done, write, pickle.HIGHEST_PROTOCOL)
        write.flush()
