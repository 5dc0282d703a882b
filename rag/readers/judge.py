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

from rag.readers.onnx import MICROSOFT, Graph, session

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]

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
        self._layers = session(_graph(weights))

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
        return self.log_odds_of_all([read], [spans])[0]

    def log_odds_of_all(
        self, reads: Sequence[Read], spans: Sequence[Sequence[tuple[int, int, float]]]
    ) -> list[Floats]:
        """Return what `log_odds` does of the spans of each passage, of which each has some, in one
        product a layer: so the weights are fetched once."""
        beside = zip(reads, spans, strict=True)
        x = np.concatenate([inputs(r, some, max(s for *_, s in some)) for r, some in beside])
        score = np.array([score for some in spans for *_, score in some], np.float32)
        score = np.clip(score, -FURTHEST, FURTHEST)
        right = self._layers.run(["right"], {"x": x})[0][:, 0] + score / 2
        return np.split(right, np.cumsum([len(some) for some in spans])[:-1])


def inputs(read: Read, spans: Sequence[tuple[int, int, float]], best: float) -> Floats:
    """Return (n, 10 * width + 5), what is judged by; `best` is the greatest score in the
    passage."""
    told = np.array(spans)
    states = _states(read, told[:, 0].astype(np.intp), told[:, 1].astype(np.intp))
    return np.concatenate([states, _numbers(read, told, best)], 1)


def _states(read: Read, first: Places, last: Places) -> Floats:
    """Return (n, 10 * width): the rows of a span's first and last token, the mean of all of its,
    those before and after it; the passage's greatest and mean; the question's; that times the
    span's mean, and first times last."""
    rows = read.rows
    sums, half = rows[: last.max() + 1].cumsum(0), np.float32(0.5)
    count = (last - first + 1).astype(np.float32)[:, None]  # with float64 all that follows is
    opening, closing = rows[first], rows[last]
    mean = (sums[last] - sums[first] + opening) / count
    before, after = rows[first - 1], rows[np.minimum(last + 1, len(rows) - 1)]
    before[first == 0], after[last == len(rows) - 1] = 0, 0
    of_all = np.concatenate([rows.max(0), rows.mean(0), read.vector[0]])
    width = rows.shape[1]
    out = np.empty((len(first), 10 * width), np.float32)
    for k, part in enumerate((opening, closing, mean, before, after)):
        np.multiply(part, half, out=out[:, k * width : (k + 1) * width])
    out[:, 5 * width : 8 * width] = of_all * half
    np.multiply(mean, read.vector, out=out[:, 8 * width : 9 * width])
    np.multiply(opening, closing, out=out[:, 9 * width :])
    return out


def _numbers(read: Read, told: npt.NDArray[np.float64], best: float) -> Floats:
    """Return (n, 5): the score, how far behind the passage's best, the length, how sure "not
    here" is, the length of the passage; `told` (n, 3) has the spans."""
    first, last, score = told.T
    out = np.empty((len(told), 5), np.float32)
    out[:, 0] = np.clip(score, -FURTHEST, FURTHEST) / 4
    out[:, 1] = np.maximum(score - best, -FURTHEST) / 4
    out[:, 2] = (last - first) / 10
    out[:, 3] = read.null[0, 0] / 4
    out[:, 4] = len(read.rows) / 200
    return out


def _graph(weights: dict[str, Floats]) -> bytes:
    """Return the layers, `x` (n, size) to `right` (n, 1), as an ONNX graph: numpy's products would
    take all cores, and wait for them."""
    g = Graph()
    x = g.input("x", ["n", weights["first.weight"].shape[1]])
    for layer in ("first", "second", "last"):
        weight, bias = (weights[f"{layer}.{part}"] for part in ("weight", "bias"))
        inputs = [x, g.constant(f"{layer}.weight", weight.T), g.constant(f"{layer}.bias", bias)]
        if layer == "last":
            g.add("Gemm", inputs, outputs=["right"])
        else:  # Hendrycks and Gimpel 2016, with tanh
            x = g.add("FastGelu", [g.add("Gemm", inputs)], domain=MICROSOFT)
    g.output("right", ["n", 1])
    return g.message()
