"""Where requests wait for work: short queues with an end, a time for everything, and answers kept
until the index changes."""

from __future__ import annotations

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.errors import YoujuError
from rag.filters import Filter
from rag.settings import Settings
from rag.store import Store
from rag.types import History, Source
from ui.serve.crew import Crew, Helpers, Threads
from ui.serve.settings import ServeSettings
from ui.serve.work import Job, Upload

_RECHECK = 0.2  # seconds that an index may have changed without our seeing it
_FREE_FOR_SEARCH = 1  # workers that questions leave alone
_WRITES_WAITING = 8  # uploads that may wait for the one writer
_MOST_CORES = 4  # helpers beyond these would fill memory (about 200 MB each) before cores


class Overloaded(YoujuError):
    """There is no room in the queue, or it took too long to get to the front."""

    retry_after = 1  # seconds


@dataclass
class Lane:
    """A queue with an end, before the threads that hand its jobs to the crew."""

    name: str
    crew: Crew
    size: int
    waiting: int
    queue_seconds: float
    work_seconds: float
    pending: int = 0
    turned_away: int = 0
    _threads: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        """Make the threads; each is started when first needed."""
        self._threads = ThreadPoolExecutor(self.size, thread_name_prefix=f"youju-{self.name}")

    async def do(self, job: Job) -> bytes:
        """Return what the job returns. Raises Overloaded at once where the queue is full."""
        if self.pending >= self.size + self.waiting:
            self.turned_away += 1
            raise Overloaded(f"{self.pending} requests are waiting already: try again in a second")
        self.pending += 1
        future = self._threads.submit(self._turn, job, time.monotonic() + self.queue_seconds)
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: _call(loop, self._leave))
        return await asyncio.wrap_future(future)

    def _turn(self, job: Job, latest: float) -> bytes:
        if time.monotonic() > latest:
            self.turned_away += 1
            raise Overloaded("waited too long for its turn: try again in a second")
        return self.crew.do(job, self.work_seconds)

    def _leave(self) -> None:
        self.pending -= 1

    def stop(self) -> None:
        """Forget what is waiting."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(function)


class Kept:
    """Answers by what was asked, the least recently used forgotten first."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._answers: OrderedDict[Hashable, bytes] = OrderedDict()
        self.size = self.found = self.missed = 0

    def get(self, key: Hashable) -> bytes | None:
        """Return the answer kept, None when there is none."""
        answer = self._answers.get(key)
        if answer is None:
            self.missed += 1
            return None
        self.found += 1
        self._answers.move_to_end(key)
        return answer

    def put(self, key: Hashable, answer: bytes) -> None:
        """Keep an answer."""
        if key in self._answers or len(answer) > self._most // 8:
            return
        self._answers[key] = answer
        self.size += len(answer)
        while self.size > self._most:
            self.size -= len(self._answers.popitem(last=False)[1])


class Desk:
    """Takes requests for work on indexes. All methods that wait are for one event loop."""

    def __init__(self, settings: Settings, serve: ServeSettings) -> None:
        """`serve.workers` says who does the work."""
        self.settings = settings
        workers = workers_of(serve)
        self.crew: Crew = (
            Helpers(settings, workers) if workers else Threads(settings, serve.threads)
        )
        self.writer: Crew = Helpers(settings, 1)
        asking = max(1, self.crew.size - _FREE_FOR_SEARCH)
        waits = (serve.waiting, serve.queue_seconds, serve.answer_seconds)
        self.asking = Lane("ask", self.crew, asking, *waits)
        self.searching = Lane("search", self.crew, self.crew.size, *waits)
        self.writing = Lane(
            "write", self.writer, 1, _WRITES_WAITING, serve.index_seconds, serve.index_seconds
        )
        self.kept = Kept(serve.cache_bytes)
        self._begun: dict[Hashable, asyncio.Task[bytes]] = {}
        self._revisions: dict[Path, tuple[float, int]] = {}

    async def ready(self, index: Path) -> None:
        """Open the index in every worker. Raises what opening it raises."""
        await asyncio.gather(
            *(self.searching.do(("ready", (index,))) for _ in range(self.searching.size))
        )

    async def ask(self, index: Path, question: str, history: History, within: Filter) -> bytes:
        """Return an answer as JSON."""
        job = ("ask", (index, question, tuple(map(tuple, history)), within))
        return await self._once(index, self.asking, job)

    async def search(self, index: Path, question: str, limit: int, within: Filter) -> bytes:
        """Return passages as JSON."""
        return await self._once(index, self.searching, ("search", (index, question, limit, within)))

    async def read(self, job: str, *arguments: Any) -> bytes:
        """Do a job that reads."""
        return await self.searching.do((job, arguments))

    async def add(self, index: Path, uploads: Sequence[Upload], records: Sequence[Source]) -> bytes:
        """Index files and texts; what is asked afterwards finds them."""
        try:
            return await self.writing.do(("add", (index, uploads, records)))
        finally:
            self._revisions.pop(index, None)

    async def remove(self, index: Path, names: Sequence[str]) -> bytes:
        """Take sources out of an index."""
        try:
            return await self.writing.do(("remove", (index, names)))
        finally:
            self._revisions.pop(index, None)

    async def _once(self, index: Path, lane: Lane, job: Job) -> bytes:
        """Return the answer that is kept, else do the work and keep what it gives."""
        key = (job, await self._revision(index))
        if (kept := self.kept.get(key)) is not None:
            return kept
        task = self._begun.get(key)
        if task is None:  # whoever asks the same meanwhile waits for this one answer
            task = self._begun[key] = asyncio.ensure_future(lane.do(job))
            task.add_done_callback(lambda _: self._begun.pop(key, None))
        answer = await asyncio.shield(task)
        self.kept.put(key, answer)
        return answer

    async def _revision(self, index: Path) -> int:
        checked, revision = self._revisions.get(index, (-_RECHECK, 0))
        if time.monotonic() - checked < _RECHECK:
            return revision
        revision = await asyncio.to_thread(_revision_of, index)
        self._revisions[index] = time.monotonic(), revision
        return revision

    def stop(self) -> None:
        """End all helpers."""
        for lane in (self.asking, self.searching, self.writing):
            lane.stop()
        for crew in (self.crew, self.writer):
            crew.stop()


def workers_of(serve: ServeSettings) -> int:
    """Return how many helper processes answer; 0: threads do."""
    if serve.workers >= 0:
        return serve.workers
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores or 1, _MOST_CORES) + _FREE_FOR_SEARCH


def _revision_of(index: Path) -> int:
    store = Store.open(index)
    try:
        return store.revision
    finally:
        store.close()
