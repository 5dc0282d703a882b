"""How much a client may ask for: a bucket of tokens and a count of what is running, by client."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_MOST_CLIENTS = 10_000  # remembered: a megabyte or two
Clock = Callable[[], float]


@dataclass(slots=True)
class _Client:
    tokens: float
    at: float  # when `tokens` was true, seconds
    running: int = 0


class Limits:
    """Counts what each client does; the clients seen longest ago are forgotten first."""

    def __init__(
        self, rate: float, burst: int, concurrent: int, clock: Clock = time.monotonic
    ) -> None:
        """`rate`: requests a second over time, 0 for any number; `burst`: at once."""
        self._rate, self._burst, self._concurrent = rate, float(burst), concurrent
        self._clock = clock
        self._clients: OrderedDict[str, _Client] = OrderedDict()

    def enter(self, client: str) -> float | None:
        """Let one request begin: None, or the seconds after which to try again."""
        now = self._clock()
        one = self._clients.setdefault(client, _Client(self._burst, now))
        self._clients.move_to_end(client)
        one.tokens = min(self._burst, one.tokens + (now - one.at) * self._rate)
        one.at = now
        if one.running >= self._concurrent:
            return 1.0
        if self._rate and one.tokens < 1:
            return (1 - one.tokens) / self._rate
        one.tokens -= 1 if self._rate else 0
        one.running += 1
        self._forget()
        return None

    def leave(self, client: str) -> None:
        """Note that a request is over."""
        if client in self._clients:
            self._clients[client].running -= 1

    def _forget(self) -> None:
        for client in list(self._clients)[: max(0, len(self._clients) - _MOST_CLIENTS)]:
            if not self._clients[client].running:
                del self._clients[client]
