"""Two runs over the same questions: is the difference more than chance?

mcnemar(won=12, lost=3) -> 0.035                 exact, two-sided, over questions
sign_flips([0.4, -1.0, …], seed) -> 0.21         permutation, two-sided, over articles
beyond_noise(differences, resampled)             many measures at once: which fell, and by how much
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from eval.metrics import SEED, Floats

FLIPS = 10_000  # the smallest p-value that can be told is then 0.0001
FAMILY = 0.05  # chance that any measure of a run that is not worse is called worse
TINY = 1e-9  # of floating-point sums


def mcnemar(won: int, lost: int) -> float:
    """Return the exact two-sided p-value of McNemar's test: won and lost are equally likely.

    >>> round(mcnemar(0, 5), 4), mcnemar(3, 3)
    (0.0625, 1.0)
    """
    changed = won + lost
    tail = sum(math.comb(changed, k) for k in range(min(won, lost) + 1))
    return float(min(1.0, 2 * tail / 2**changed))


def sign_flips(differences: Sequence[float], seed: int = SEED) -> float:
    """Return the two-sided p-value of the paired permutation test on the sum of `differences`.

    Give one difference an article, so that questions that succeed and fail together are flipped
    together. (b + 1) / (n + 1) of n random flips, which never is 0.
    """
    column = np.array(differences, dtype=np.float64)
    signs = np.random.default_rng(seed).integers(0, 2, (FLIPS, len(column))) * 2 - 1
    reached = np.abs(signs @ column) >= abs(column.sum()) - TINY
    return float((reached.sum() + 1) / (FLIPS + 1))


class Fall(NamedTuple):
    """How far one measure moved, and how far it may move by chance; + is better."""

    difference: float
    margin: float  # of the simultaneous interval: difference ± margin
    beyond_noise: bool


def beyond_noise(differences: Floats, resampled: Floats) -> list[Fall]:
    """Tell for each of m measures whether it fell by more than chance explains.

    `differences` (m,) and `resampled` (m, b), both with + for better. The margins hold for all
    measures at once (single-step max-t of Westfall and Young, 1993: each difference is divided by
    its bootstrap error, the margin is the 1 - `FAMILY` quantile of the largest deviation), because
    nineteen measures at 2.5 % each would raise a false alarm in one run of five. NaN stays out.
    """
    with np.errstate(invalid="ignore"):
        defined = ~np.isnan(resampled)
        counts = defined.sum(axis=1)
        mean = np.where(defined, resampled, 0.0).sum(axis=1) / np.maximum(counts, 1)
        centred = np.where(defined, resampled - mean[:, np.newaxis], 0.0)
    error = np.sqrt((centred**2).sum(axis=1) / np.maximum(counts, 1))
    moves = error > TINY
    usable = moves & ~np.isnan(differences)
    critical = _critical(centred[usable] / error[usable, np.newaxis])
    margins = np.where(usable, critical * error, 0.0)
    return [
        Fall(float(d), float(m), bool(not np.isnan(d) and d + m < -TINY))
        for d, m in zip(differences, margins, strict=True)
    ]


def _critical(deviations: Floats) -> float:
    """Return the 1 - FAMILY quantile of the largest upward deviation; `(m, b)` in errors."""
    if not len(deviations):
        return 0.0
    largest: npt.NDArray[np.float64] = deviations.max(axis=0)
    return float(np.quantile(largest, 1 - FAMILY))
