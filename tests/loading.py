"""Requests at an even pace, whether or not earlier ones were answered: what `tests/test_serve_load`
does for two seconds, and by hand for longer:

    python tests/loading.py http://127.0.0.1:7860 --seconds 60 --search 200 --ask 50

Latency counts from when a request was due, so that a server that falls behind is not spared.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

GOLD = Path(__file__).parent.parent / "eval" / "gold.jsonl"


@dataclass
class Tally:
    """What came back: statuses, and seconds of those answered 200."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    retry_after: int = 0  # refusals that say when to come back

    def percentile(self, share: float) -> float:
        """Return the latency in milliseconds that this share stays under."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Connections:
    """Keeps connections open, as many as are needed at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._where = host, port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, path: str, body: bytes) -> tuple[int, dict[str, str]]:
        """Send one request; return its status and headers. As every client does, try another
        connection where the server has hung up on an idle one meanwhile."""
        while self._idle:
            try:
                return await self._exchange(*self._idle.pop(), path, body)
            except ConnectionError:
                continue
            except asyncio.IncompleteReadError as error:
                if error.partial:
                    raise
        return await self._exchange(*await asyncio.open_connection(*self._where), path, body)

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: bytes
    ) -> tuple[int, dict[str, str]]:
        head = f"POST {path} HTTP/1.1\r\nHost: {self._where[0]}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        await reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            writer.close()
        else:
            self._idle.append((reader, writer))
        return int(lines[0].split()[1]), headers

    def close(self) -> None:
        """Hang up."""
        for _, writer in self._idle:
            writer.close()


async def paced(
    connections: Connections, path: str, bodies: list[bytes], rate: float, seconds: float
) -> Tally:
    """Send `rate` requests a second for so many seconds, the bodies in turn."""
    tally = Tally()

    async def one(due: float, body: bytes) -> None:
        try:
            status, headers = await connections.post(path, body)
        except (OSError, asyncio.IncompleteReadError):
            status, headers = 0, {}
        tally.statuses[status] += 1
        tally.retry_after += "retry-after" in headers
        if status == 200:
            tally.seconds.append(time.perf_counter() - due)

    started = time.perf_counter()
    tasks = []
    for n, body in zip(range(int(rate * seconds)), itertools.cycle(bodies), strict=False):
        due = started + n / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(due, body)))
    await asyncio.gather(*tasks)
    return tally


async def load(url: str, search: float, ask: float, seconds: float, questions: list[str]):
    """Return what came back of searches, and of questions."""
    parts = urlsplit(url)
    connections = Connections(parts.hostname or "127.0.0.1", parts.port or 80)
    bodies = [json.dumps({"question": q}).encode() for q in questions]
    runs = [("/search", search), ("/ask", ask)]
    found = await asyncio.gather(
        *(paced(connections, path, bodies, rate, seconds) for path, rate in runs if rate)
    )
    connections.close()
    return dict(zip([path for path, rate in runs if rate], found, strict=True))


def main() -> None:
    """Load a server and print what came back."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--search", type=float, default=200, help="requests a second")
    parser.add_argument("--ask", type=float, default=50, help="requests a second")
    options = parser.parse_args()
    rows = map(json.loads, GOLD.read_text(encoding="utf-8").splitlines())
    questions = [row["question"] for row in rows if row.get("split") == "dev"]
    found = asyncio.run(load(options.url, options.search, options.ask, options.seconds, questions))
    for path, tally in found.items():
        times = ", ".join(
            f"p{100 * s:g} {tally.percentile(s):.0f} ms" for s in (0.5, 0.95, 0.99, 1)
        )
        sys.stdout.write(f"{path}: {dict(tally.statuses)}, {times}\n")


if __name__ == "__main__":
    main()
