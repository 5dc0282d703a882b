"""Risky files are parsed in a child process: one that hangs, eats memory or crashes its parser
costs its own error, and the run goes on.

The child is started for the first such file of a run and serves the rest too (start 0.05 s, imports
0.1 to 0.6 s, then under 1 ms a file). One JSON line each way: {"kind", "path"} → {"text", …},
{"error", "type"} or, as often as a parser likes, {"alive": true}.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from rag.errors import EmptySource, NeedsOcr, SourceError, UnreadableSource
from rag.formats import Extract

SECONDS = 120.0  # without a sign of life; a newspaper page takes 0.05 s, 9 MB of HTML 8 s, on a
# machine with ten times the work it can do 60 s
MEMORY = 2 << 30  # bytes of address space; libraries and a 300-page newspaper take 0.6 GB
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from rag.formats.child import serve; serve(int(sys.argv[2]))"
)
KINDS = ("html", "pdf", "docx")

Alive = Callable[[], None]


class Child:
    """A process that reads files of KINDS. Started when first needed, and anew after it died."""

    def __init__(self, *, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._seconds = seconds
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def read(self, kind: str, path: Path) -> Extract:
        """Return what a file holds.

        Raises EmptySource, NeedsOcr or UnreadableSource, the last also for a file that takes more
        than SECONDS without a sign of life or more than MEMORY.
        """
        process = self._running()
        assert process.stdin is not None
        request = json.dumps({"kind": kind, "path": os.fspath(path)}) + "\n"
        with contextlib.suppress(BrokenPipeError):  # it died: the answer is missing too
            process.stdin.write(request.encode("ascii"))
            process.stdin.flush()
        while (answer := self._answer(process)) is not None:
            if "alive" not in answer:
                return _extract(answer, path)
        code = process.wait()
        self._stop()
        raise UnreadableSource(f"{path}: {self._died(code)}")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            command = [sys.executable, "-c", _START, json.dumps(sys.path), str(self._memory)]
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process

    def _answer(self, process: subprocess.Popen[bytes]) -> dict[str, Any] | None:
        """Return the next line; None when the process died, or was killed for taking too long."""
        assert process.stdout is not None
        late = threading.Timer(self._seconds, process.kill)
        late.start()
        try:
            line = process.stdout.readline()
        finally:
            late.cancel()
        answer: dict[str, Any] | None = json.loads(line) if line.endswith(b"\n") else None
        return answer

    def _died(self, code: int) -> str:
        if code in (-9, 1):  # our kill (1: Windows)
            return (
                f"its parser did nothing for {self._seconds:g} s: split or re-save the file,"
                " or convert it to text"
            )
        return (
            f"its parser crashed (status {code}): the file is damaged or needs more than"
            f" {self._memory / (1 << 30):.3g} GB; re-save it, or convert it to text"
        )

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def _extract(answer: dict[str, Any], path: Path) -> Extract:
    if "error" in answer:
        kinds = {kind.__name__: kind for kind in (EmptySource, NeedsOcr)}
        raise kinds.get(answer["type"], UnreadableSource)(f"{path}: {answer['error']}")
    return Extract(**(answer | {"pages": tuple(answer["pages"])}))


def serve(memory: int) -> None:
    """Answer requests until stdin ends. Only `Child` starts this."""
    _limit(memory)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints is no answer
    for line in sys.stdin.buffer:
        request = json.loads(line)
        _send(out, _answer_to(request["kind"], Path(request["path"]), out))


def _answer_to(kind: str, path: Path, out: IO[bytes]) -> dict[str, Any]:
    try:
        module = importlib.import_module(f"rag.formats.{kind}")
        return asdict(module.extract(path, lambda: _send(out, {"alive": True})))
    except MemoryError:
        return {"error": "needs more memory than a file may take; split it", "type": ""}
    except SourceError as error:
        return {"error": str(error), "type": type(error).__name__}
    except Exception as error:  # a parser's own, of which there are dozens: the file is at fault
        words = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        return {"error": f"cannot be parsed ({words}); re-save it", "type": ""}


def _send(out: IO[bytes], answer: dict[str, Any]) -> None:
    out.write(json.dumps(answer).encode("ascii") + b"\n")
    out.flush()


def _limit(memory: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    with contextlib.suppress(ValueError, OSError):  # macOS may refuse
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
