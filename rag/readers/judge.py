"""A second look at the spans that a passage was read for: is this one right?

Reading, all spans of a passage compete in one softmax with "not here", each scored by its first and
last token. Here the few best are looked at alone, each with what the network knew at its borders,
inside it, beside it and of the whole passage, and of the question. `rag.readers.judging` trains it
on what the reader itself put first, right or wrong, in passages that search found.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

FILE = "judge.safetensors"  # beside the network's
FURTHEST = 12.0  # log-odds beyond which a score tells no more


class Read(NamedTuple):
    """What the network gives of one passage of T tokens: `scores` (T, T) of spans, start to end
    inclusive, against "not here", whose own is `null` (1, 1); `rows` (T, width) of the tokens and
    `vector` (1, width) of the question."""

    scores: Floats
    rows: Floats
    vector: Floats
    null: Floats


class Judge:
    """Three layers over `inputs`. Safe to share between threads."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        self._weights = weights

    @classmethod
    def load(cls, folder: Path) -> Judge | None:
        """Read it from a reader's folder; None where that has none, as of one just trained."""
        from safetensors.numpy import load_file

        if not (folder / FILE).exists():
            return None
        return cls({k: v.astype(np.float32) for k, v in load_file(folder / FILE).items()})

    def log_odds(self, read: Read, spans: Sequence[tuple[int, int, float]]) -> Floats:
        """Return (n,) how likely each span (first token, last token, score) is right; the best of
        the passage is among them."""
        x = inputs(read, spans, max(score for *_, score in spans))
        for layer in ("first", "second"):
            x = _gelu(self._linear(layer, x))
        score = np.array([score for *_, score in spans], np.float32)
        score = np.clip(score, -FURTHEST, FURTHEST)
        return np.asarray(self._linear("last", x)[:, 0] + score / 2, np.float32)

    def _linear(self, layer: str, x: Floats) -> Floats:
        product: Floats = x @ self._weights[f"{layer}.weight"].T + self._weights[f"{layer}.bias"]
        return product


def inputs(read: Read, spans: Sequence[tuple[int, int, float]], best: float) -> Floats:
    """Return (n, 10 * width + 5), what is judged by; `best` is the greatest score in the
    passage."""
    return np.concatenate([_states(read, spans), _numbers(read, spans, best)], 1)


def _states(read: Read, spans: Sequence[tuple[int, int, float]]) -> Floats:
    """Return (n, 10 * width): the rows of a span's first and last token, the mean of all of its,
    those before and after it; the passage's greatest and mean; the question's; that times the
    span's mean, and first times last."""
    rows = read.rows
    first, last = (np.array([span[side] for span in spans]) for side in (0, 1))
    none = np.zeros_like(rows[:1])
    padded, sums = np.concatenate([none, rows, none]), np.concatenate([none, rows.cumsum(0)])
    count = (last - first + 1).astype(np.float32)  # with float64 all that follows is
    mean = (sums[last + 1] - sums[first]) / count[:, None]
    of_all = np.concatenate([rows.max(0), rows.mean(0), read.vector[0]])
    around = [rows[first], rows[last], mean, padded[first], padded[last + 2]]
    alone = np.concatenate([*around, np.tile(of_all, (len(spans), 1))], 1) / 2
    return np.concatenate([alone, mean * read.vector, rows[first] * rows[last]], 1)


def _numbers(read: Read, spans: Sequence[tuple[int, int, float]], best: float) -> Floats:
    """Return (n, 5): the score, how far behind the passage's best, the length, how sure "not
    here" is, the length of the passage."""
    first, last, score = (np.array([span[k] for span in spans]) for k in range(3))
    behind = np.maximum(score - best, -FURTHEST)
    null, size = np.full(len(spans), read.null[0, 0]), np.full(len(spans), len(read.rows))
    told = [np.clip(score, -FURTHEST, FURTHEST) / 4, behind / 4, (last - first) / 10]
    return np.stack([*told, null / 4, size / 200], 1).astype(np.float32)


def _gelu(x: Floats) -> Floats:
    """Hendrycks and Gimpel 2016, with tanh."""
    cube = np.float32(0.044715) * x * x * x
    return np.asarray(x / 2 * (1 + np.tanh(np.float32((2 / np.pi) ** 0.5) * (x + cube))))
