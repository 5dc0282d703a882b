"""Another interpreter of this machine that does one thing after another for its owner.

What goes to and fro is JSON and bytes, never pickle: nothing that is read can run anything.

  {"value": …, "bytes": 3}\\n…   one line of JSON, then so many bytes

It needs no guard in its owner's main module, ends when the owner does, killed or not, and sees no
Ctrl-C.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import IO, Any

_PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); {0}"


class Companion:
    """A process and the two pipes to it."""

    def __init__(self, program: str) -> None:
        """Start one that runs `program`, a statement which imports a function and calls it."""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM.format(program), json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is the owner's to handle
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self._to, self._from = self.process.stdin, self.process.stdout

    @property
    def is_running(self) -> bool:
        """Tell whether it has not ended."""
        return self.process.poll() is None

    def send(self, value: object) -> None:
        """Send a value that JSON has. Raises OSError when the process is gone."""
        _write(self._to, value, b"")

    def receive(self) -> tuple[Any, bytes]:
        """Return what it answers. Raises EOFError when the process ended first."""
        return _read(self._from)

    def stop(self) -> None:
        """End it, whatever it is doing."""
        self.process.kill()
        self.process.wait()
        self._from.close()
        try:
            self._to.close()
        except OSError:
            return  # what it never read


class Owner:
    """The other end, inside the process."""

    def __init__(self) -> None:
        """Take over standard input and output; what is printed goes to standard error."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._from, self._to = sys.stdin.buffer, sys.stdout.buffer
        sys.stdout = sys.stderr  # nothing else may get between the answers

    def receive(self) -> Any:
        """Return what is wanted. Raises EOFError when the owner is gone."""
        return _read(self._from)[0]

    def send(self, value: object, data: bytes = b"") -> None:
        """Answer. Raises OSError when the owner is gone."""
        _write(self._to, value, data)


def _write(pipe: IO[bytes], value: object, data: bytes) -> None:
    # not in ASCII: six bytes a Chinese character take longer to write and to read than three
    line = json.dumps({"value": value, "bytes": len(data)}, ensure_ascii=False)
    pipe.write(line.encode("utf-8", "surrogatepass") + b"\n")
    pipe.write(data)
    pipe.flush()


def _read(pipe: IO[bytes]) -> tuple[Any, bytes]:
    line = pipe.readline()
    if not line.endswith(b"\n"):
        raise EOFError("the other process ended")
    told = json.loads(line.decode("utf-8", "surrogatepass"))
    data = pipe.read(told["bytes"])
    if len(data) != told["bytes"]:
        raise EOFError("the other process ended")
    return told["value"], data
