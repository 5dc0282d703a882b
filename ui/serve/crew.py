"""Helper processes that do the server's work: one job at a time each, replaced when they die or
take too long.

A helper is another interpreter (`rag.companion`): jobs and answers are JSON and bytes, it ends when
the server does, killed or not, and sees no Ctrl-C.
"""

from __future__ import annotations

import logging
import queue
import subprocess
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any, Protocol

from rag import errors
from rag.companion import Companion, Owner
from rag.errors import YoujuError
from rag.filters import Filter
from rag.settings import Settings
from rag.types import Source
from ui.serve.work import Job, Upload, Work

logger = logging.getLogger("youju.serve")

_PROGRAM = "from ui.serve.crew import serve; serve()"


class TookTooLong(YoujuError):
    """A job was ended because its time was over."""


class HelperDied(YoujuError):
    """A job ended two helpers, one after the other."""


class Crew(Protocol):
    """Does jobs; `do` may be called by several threads."""

    @property
    def size(self) -> int:
        """How many jobs it does at a time."""

    def do(self, job: Job, seconds: float) -> bytes:
        """Return what `Work.do` returns. Raises what it raises, TookTooLong or HelperDied."""

    def stop(self) -> None:
        """End whatever it is doing."""


class Threads:
    """Does jobs in the threads that call it; a time-out cannot end them."""

    def __init__(self, settings: Settings, size: int) -> None:
        self._work = Work(settings)
        self.size = size

    def do(self, job: Job, seconds: float) -> bytes:
        """Return what `Work.do` returns, whenever that may be."""
        return self._work.do(job)

    def stop(self) -> None:
        """Do nothing: threads end with their jobs."""


class Helpers:
    """Does jobs in processes of its own, which are started when first needed."""

    def __init__(self, settings: Settings, size: int) -> None:
        self.size = size
        self._idle: queue.LifoQueue[_Helper] = queue.LifoQueue()  # the last used is warm
        self._team = [_Helper(settings) for _ in range(size)]
        for helper in self._team:
            self._idle.put(helper)

    def do(self, job: Job, seconds: float) -> bytes:
        """Hand a job to an idle helper. One that was killed from outside is replaced, and its job
        done again: adding and removing sources twice is the same as once."""
        helper = self._idle.get()
        try:
            for _ in range(2):
                try:
                    return helper.do(job, seconds)
                except (EOFError, OSError):
                    logger.warning("a helper ended at %s; started another", job[0])
            raise HelperDied("two helpers ended at this request: try again, or report the request")
        finally:
            self._idle.put(helper)

    def stop(self) -> None:
        """End all helpers."""
        for helper in self._team:
            helper.stop()

    @property
    def restarts(self) -> int:
        """How many were ended from outside, at a job or idle, and replaced."""
        return sum(helper.restarts for helper in self._team)

    @property
    def processes(self) -> list[int]:
        """The ids of those running."""
        return [h.process.pid for h in self._team if h.process and h.process.poll() is None]


class _Helper:
    """One process, started when it is needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._companion: Companion | None = None
        self._late = False
        self.restarts = 0

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The process, if one was started."""
        return self._companion.process if self._companion else None

    def do(self, job: Job, seconds: float) -> bytes:
        """Return the bytes of one job. Raises EOFError or OSError when the process dies at it."""
        companion = self._running()
        self._late = False
        timer = threading.Timer(seconds, self._kill_late, [companion])
        timer.daemon = True
        timer.start()
        try:
            companion.send(plain(job))
            (kind, words), data = companion.receive()
        except (EOFError, OSError):
            self.stop()
            if self._late:
                raise TookTooLong(f"not done in {seconds:g} seconds: it was ended") from None
            self.restarts += 1
            raise
        finally:
            timer.cancel()
        if kind == "done":
            return data
        raise getattr(errors, kind, RuntimeError)(words)

    def _kill_late(self, companion: Companion) -> None:
        self._late = True
        companion.process.kill()

    def _running(self) -> Companion:
        if self._companion is not None and self._companion.is_running:
            return self._companion
        self.restarts += self._companion is not None  # it ended while it was idle
        self.stop()
        self._companion = Companion(_PROGRAM)
        self._companion.send(plain(self._settings))
        return self._companion

    def stop(self) -> None:
        companion, self._companion = self._companion, None
        if companion is not None:
            companion.stop()


def serve() -> None:
    """Be a helper: do jobs until the server is gone."""
    owner = Owner()
    try:
        work = Work(value_of(owner.receive()))
        while True:
            kind, words, data = _outcome(work, value_of(owner.receive()))
            owner.send([kind, words], data)
    except (EOFError, BrokenPipeError):  # the server is gone
        return


def _outcome(work: Work, job: Job) -> tuple[str, str, bytes]:
    try:
        return "done", "", work.do(job)
    except YoujuError as error:
        return type(error).__name__, str(error), b""
    except Exception as error:  # the server logs it and answers 500
        logger.exception("a defect at %s", job[0])
        return "RuntimeError", f"{type(error).__name__}: {error}", b""


_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in (Filter, Settings, Source, Upload)}


def plain(value: Any) -> Any:
    """Return a value of a job as JSON has it: paths and the values of _KINDS as {name: …}."""
    if isinstance(value, Path):
        return {"Path": str(value)}
    if (name := type(value).__name__) in _KINDS:
        return {name: [plain(getattr(value, field.name)) for field in fields(value)]}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a {name} cannot be sent to a helper")


def value_of(told: Any) -> Any:
    """Return what `plain` made JSON of; lists come back as tuples."""
    if isinstance(told, list):
        return tuple(map(value_of, told))
    if isinstance(told, dict):
        ((name, inside),) = told.items()
        return Path(inside) if name == "Path" else _KINDS[name](*map(value_of, inside))
    return told
