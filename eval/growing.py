"""Grow the trees that tell whether a story goes on across a gap (`rag.articles.trees`), on pages
whose stories are known.

Gradient boosting of scikit-learn; what is shipped are plain arrays, read by numpy alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_TREES = 180
_RATE = 0.07
_LEAVES = 12
_SMALLEST_LEAF = 30  # gaps
_RIDGE = 3.0


class Gaps(NamedTuple):
    """What is seen at the gaps of a page (gaps, features), and whether one story goes on."""

    rows: Floats
    same: npt.NDArray[np.bool_]


def grown(gaps: Sequence[Gaps]) -> Any:
    """Return boosted trees fitted on the gaps of all pages."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-untyped]

    fresh = HistGradientBoostingClassifier(
        max_iter=_TREES,
        learning_rate=_RATE,
        max_leaf_nodes=_LEAVES,
        min_samples_leaf=_SMALLEST_LEAF,
        l2_regularization=_RIDGE,
    )
    rows = np.vstack([one.rows for one in gaps])
    return fresh.fit(rows, np.concatenate([one.same for one in gaps]))


def answers_of_others(gaps: Sequence[Gaps]) -> list[Floats]:
    """Return log-odds at the gaps of each page, by trees that never saw that page: what the
    weights are fitted with."""
    halves = [grown(gaps[1::2]), grown(gaps[::2])]
    return [halves[k % 2].decision_function(one.rows) for k, one in enumerate(gaps)]


def write_trees(forest: Any, path: Path) -> None:
    """Write the trees as arrays, (trees, nodes); a leaf is its own child."""
    trees = [one[0].nodes for one in forest._predictors]  # scikit-learn has no public way
    shape = len(trees), max(map(len, trees))
    left = np.tile(np.arange(shape[1], dtype=np.int16), (shape[0], 1))
    right, feature = left.copy(), np.zeros(shape, np.int16)
    threshold, value = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for k, nodes in enumerate(trees):
        leaf, held = nodes["is_leaf"] > 0, len(nodes)
        value[k, :held] = np.where(leaf, nodes["value"], 0.0)
        feature[k, :held] = np.where(leaf, 0, nodes["feature_idx"])
        threshold[k, :held] = np.where(leaf, 0.0, nodes["num_threshold"])
        left[k, :held] = np.where(leaf, left[k, :held], nodes["left"])
        right[k, :held] = np.where(leaf, right[k, :held], nodes["right"])
    np.savez_compressed(
        path,
        feature=feature,
        threshold=threshold,
        left=left,
        right=right,
        value=value,
        base=np.float32(np.ravel(forest._baseline_prediction)[0]),
        depth=np.int16(max(int(nodes["depth"].max()) for nodes in trees)),
    )
