"""Helper processes that do the server's work: one job at a time each, replaced when they die or
take too long.

A helper is another interpreter that reads pickled jobs from its standard input, as in
`rag.prepare`: it ends when the server does, killed or not, and sees no Ctrl-C. Nothing that a
client sent is ever unpickled: jobs are made of values that were checked before.
"""

from __future__ import annotations

import json
import logging
import pickle
import queue
import signal
import subprocess
import sys
import threading
from typing import Protocol

from rag import errors
from rag.errors import YoujuError
from rag.settings import Settings
from ui.serve.work import Job, Work

logger = logging.getLogger("youju.serve")

_HELPER = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    " from ui.serve.crew import serve; serve()"
)


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
        self.restarts = 0
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
                except (EOFError, OSError, pickle.UnpicklingError):
                    self.restarts += 1
                    logger.warning("a helper ended at %s; started another", job[0])
            raise HelperDied("two helpers ended at this request: try again, or report the request")
        finally:
            self._idle.put(helper)

    def stop(self) -> None:
        """End all helpers."""
        for helper in self._team:
            helper.stop()

    @property
    def processes(self) -> list[int]:
        """The ids of those running."""
        return [h.process.pid for h in self._team if h.process and h.process.poll() is None]


class _Helper:
    """One process, started when it is needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self._late = False

    def do(self, job: Job, seconds: float) -> bytes:
        """Return the bytes of one job. Raises EOFError or OSError when the process dies at it."""
        process = self._running()
        assert process.stdin is not None and process.stdout is not None
        self._late = False
        timer = threading.Timer(seconds, self._kill_late, [process])
        timer.daemon = True
        timer.start()
        try:
            pickle.dump(job, process.stdin, pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            kind, value = pickle.load(process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            self.stop()
            if self._late:
                raise TookTooLong(f"not done in {seconds:g} seconds: it was ended") from None
            raise
        finally:
            timer.cancel()
        if kind == "done":
            return bytes(value)
        raise getattr(errors, kind, RuntimeError)(value)

    def _kill_late(self, process: subprocess.Popen[bytes]) -> None:
        self._late = True
        process.kill()

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is not None and self.process.poll() is None:
            return self.process
        self.stop()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _HELPER, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is the server's to handle
        )
        assert self.process.stdin is not None
        pickle.dump(self._settings, self.process.stdin, pickle.HIGHEST_PROTOCOL)
        self.process.stdin.flush()
        return self.process

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.wait()
        assert process.stdin is not None and process.stdout is not None
        process.stdout.close()
        try:
            process.stdin.close()
        except OSError:
            return  # what it never read


def serve() -> None:
    """Be a helper: do jobs from standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    read, write = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing else may get between the results
    try:
        work = Work(pickle.load(read))
        while True:
            pickle.dump(_outcome(work, pickle.load(read)), write, pickle.HIGHEST_PROTOCOL)
            write.flush()
    except (EOFError, BrokenPipeError):  # the server is gone
        return


def _outcome(work: Work, job: Job) -> tuple[str, object]:
    try:
        return "done", work.do(job)
    except YoujuError as error:
        return type(error).__name__, str(error)
    except Exception as error:  # the server logs it and answers 500
        logger.exception("a defect at %s", job[0])
        return "RuntimeError", f"{type(error).__name__}: {error}"
