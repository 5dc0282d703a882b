"""A real server in a process of its own, for the tests of `youju serve`."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "import sys; from ui.cli import main; sys.exit(main(sys.argv[1:]))"
START = 240  # seconds; 4 on an idle machine, helpers and all
TOKEN = "a-token-for-the-tests-only"


@dataclass
class Reply:
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Running:
    """A server that takes requests."""

    process: subprocess.Popen[str]
    port: int
    log: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(
        self, method: str, path: str, body: Any = None, *, sender: str = "127.0.0.1", **headers: str
    ) -> Reply:
        """Send one request; a `body` that is no bytes goes as JSON. `sender`: another address of
        this machine is another client."""
        told = {k.replace("_", "-"): v for k, v in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            told.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=60, source_address=(sender, 0)
        )
        try:
            connection.request(method, path, body, told)
            response = connection.getresponse()
            return Reply(
                response.status,
                {k.lower(): v for k, v in response.getheaders()},
                response.read(),
            )
        finally:
            connection.close()

    def upload(self, files: list[tuple[str, bytes]], **headers: str) -> Reply:
        """Send files as a browser's form does, under names as they are."""
        parts = []
        for name, data in files:
            disposition = f'form-data; name="files"; filename="{name}"'.encode()
            head = b"--limit\r\nContent-Disposition: " + disposition
            parts.append(head + b"\r\nContent-Type: text/plain\r\n\r\n" + data + b"\r\n")
        body = b"".join(parts) + b"--limit--\r\n"
        told = {"Content-Type": "multipart/form-data; boundary=limit"}
        return self.request("POST", "/index", body, **(told | headers))

    def requests_logged(self) -> list[dict[str, Any]]:
        """Return the log's lines about requests."""
        rows = [json.loads(line) for line in list(self.log) if line.startswith("{")]
        return [row for row in rows if row["message"] == "request"]


@contextlib.contextmanager
def serving(
    index: Path, *arguments: str, code: str = COMMAND, token: str = "", **settings: object
) -> Iterator[Running]:
    """Serve an index on a free port; `settings` are serve's. Without the page, which takes long."""
    # on a machine that does much else a helper takes long to start
    settings = {"workers": 1, "page": 0, "queue_seconds": 60} | settings
    told = {f"YOUJU_SERVE_{name.upper()}": str(value) for name, value in settings.items()}
    told |= {"YOUJU_TOKEN": token, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, "serve", "--port", "0", "--index", str(index)]
    process = subprocess.Popen(
        [*command, *arguments],
        cwd=ROOT,
        env=os.environ | told | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    log: list[str] = []
    reader = threading.Thread(target=lambda: log.extend(process.stderr), daemon=True)
    reader.start()
    watchdog = threading.Timer(START, process.kill)
    watchdog.start()
    line = process.stdout.readline()
    watchdog.cancel()
    try:
        assert line.startswith("Youju is at "), (line, log)
        port = int(line.split(",")[0].rpartition(":")[2])
        running = Running(process, port, log)
        yield running
    finally:
        stop(process)
        reader.join(5)
        process.stdout.close()
        process.stderr.close()


def stop(process: subprocess.Popen[str]) -> int:
    """Ask a server to end, and see that it does."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def eventually(true: Any, seconds: float = 20) -> None:
    """Wait until something is true."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it never was"
        time.sleep(0.05)
