"""Passages for eval.scale: those of an index, and beyond as many as it has, copies with noise.

Vectors get a tenth of their length in another direction, texts are the first half of one passage
and the second of the next.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.bench import made_questions
from rag.store import Store

Floats = npt.NDArray[np.float32]
_NOISE = 0.1  # length of what is added to a copy of a vector of length 1
_QUESTIONS = 100


class Corpus:
    """As many vectors and texts as are asked for, the same every time."""

    def __init__(self, index: Path) -> None:
        self._store = Store.open(index)
        numbers = self._store.chunk_numbers()
        self._vectors = self._store.vectors(numbers)
        self.questions = made_questions(self._store, _QUESTIONS)

    def vectors(self, count: int) -> Floats:
        """Return (count, d) unit rows."""
        rng = np.random.default_rng(0)
        out = np.empty((count, self._vectors.shape[1]), np.float32)
        for first in range(0, count, len(self._vectors)):
            part = out[first : first + len(self._vectors)]
            part[:] = self._vectors[: len(part)]
            if first:
                noise = rng.standard_normal(part.shape, np.float32)
                part += _NOISE * noise / np.sqrt(np.float32(part.shape[1]))
                part /= np.linalg.norm(part, axis=1, keepdims=True).clip(1e-9)
        return out

    def texts(self, count: int) -> Iterator[str]:
        """Yield passages."""
        made = 0
        for copy in range(count):
            before = ""
            for _, text, _ in self._store.passages():
                half = len(text) // 2
                yield f"{before[: len(before) // 2]}{text[half:]}" if copy else text
                before, made = text, made + 1
                if made == count:
                    return


def memory_mb() -> float:
    """Return the memory of this process now, in MB."""
    with open("/proc/self/statm") as told:  # noqa: PTH123
        return int(told.read().split()[1]) * resource.getpagesize() / 1e6


def timed(search: Callable[[Any], object], queries: Sequence[Any]) -> dict[str, float]:
    """Return percentiles in milliseconds, of the clock and of the processor."""
    times, worked = [], []
    for query in queries:
        begun, before = time.perf_counter(), time.thread_time()
        search(query)
        times.append(1000 * (time.perf_counter() - begun))
        worked.append(1000 * (time.thread_time() - before))
    p50, p95 = np.percentile(times, (50, 95)).tolist()
    cpu50, cpu95 = np.percentile(worked, (50, 95)).tolist()
    return {"p50_ms": p50, "p95_ms": p95, "cpu_p50_ms": cpu50, "cpu_p95_ms": cpu95}
