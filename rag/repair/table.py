"""What was fitted on damaged news: the weight of every indicator, and which characters stand
together."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rag.repair.signs import Floats

WEIGHTS = Path(__file__).parent / "weights.npz"


class Weights(NamedTuple):
    """What was fitted: the weight of every indicator, and the language table."""

    indicators: Floats
    bias: float
    pairs: npt.NDArray[np.uint32]  # common pairs of characters, sorted: first << 16 | second
    common: npt.NDArray[np.int8]  # their pointwise mutual information, in eighths
    opening: npt.NDArray[np.int8]  # (65536,): log-odds that a character begins a sentence, quarters
    closing: npt.NDArray[np.int8]


@cache
def weights() -> Weights:
    """Load the weights that come with Youju."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return unpacked(dict(stored))


def unpacked(stored: dict[str, npt.NDArray[Any]]) -> Weights:
    """Return weights from the arrays of their file: pairs as differences, tables as columns."""
    pairs = np.cumsum(stored["pairs"].astype(np.uint64)).astype(np.uint32)
    tables = np.zeros((2, 0x10000), np.int8)
    tables[:, stored["characters"].astype(np.int64)] = stored["openings"]
    return Weights(
        stored["indicators"].astype(np.float32),
        float(stored["bias"].ravel()[0]),
        pairs,
        stored["common"].astype(np.int8),
        *tables,
    )
