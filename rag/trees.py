"""Boosted trees, run in numpy: what `lightgbm` grew when fitting, without needing it to answer.

Two things are told by such trees: whether a story goes on (`rag.articles.trees`), and which of the
possible answers is the best (`rag.preference`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

_LEAF = -1  # in place of a feature


class Trees(NamedTuple):
    """All nodes of all trees in one row of arrays; `roots` (trees,) says where each begins.

    A node asks whether `feature` is at most `threshold`, and sends on to `left` or `right`; a leaf
    sends on to itself, its `feature` is -1 and `value` what the tree adds to the log-odds.
    """

    roots: Ints
    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    value: Floats

    def score(self, inputs: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """Return (n,) the sums over all trees for inputs (n, features)."""
        trees, width = len(self.roots), inputs.shape[1]
        feature = self.feature.astype(np.intp)
        onward = np.stack([self.right, self.left], 1).astype(np.intp)
        at = np.tile(self.roots.astype(np.intp), len(inputs))
        going, here = np.arange(len(at)), at  # those not at a leaf yet, and where they are
        row = np.repeat(width * np.arange(len(inputs)), trees)
        while len(going):  # by take, 0.45 of the time of indexing
            asked = inputs.take(row + feature.take(here))
            here = onward.take(2 * here + (asked <= self.threshold.take(here)))
            at[going] = here
            on = np.flatnonzero(feature.take(here) != _LEAF)
            going, row, here = going.take(on), row.take(on), here.take(on)
        found = self.value.take(at.reshape(len(inputs), trees))
        return np.asarray(found.sum(1, dtype=np.float64))

    def save(self, path: Path) -> None:
        """Write a safetensors file."""
        from safetensors.numpy import save_file

        save_file(self._asdict(), path)

    @classmethod
    def load(cls, path: Path) -> Trees:
        """Read what `save` wrote. Raises what safetensors raises, or KeyError."""
        from safetensors.numpy import load_file

        arrays = load_file(path)
        return cls(*(arrays[name] for name in cls._fields))

    @classmethod
    def of(cls, grown: list[dict[str, Any]]) -> Trees:
        """Take the `tree_structure` of each tree of lightgbm's `dump_model`."""
        rows: list[tuple[int, float, int, int, float]] = []

        def add(node: dict[str, Any]) -> int:
            place = len(rows)
            if "leaf_value" in node:
                rows.append((_LEAF, 0.0, place, place, float(node["leaf_value"])))
                return place
            if node["decision_type"] != "<=":
                raise ValueError(f"a split by {node['decision_type']}: only <= is known")
            rows.append((0, 0.0, 0, 0, 0.0))
            left, right = add(node["left_child"]), add(node["right_child"])
            split = int(node["split_feature"]), float(node["threshold"])
            rows[place] = (*split, left, right, 0.0)
            return place

        roots = [add(tree) for tree in grown]
        feature, threshold, left, right, value = zip(*rows, strict=True)
        return cls(
            np.array(roots, np.int32),
            np.array(feature, np.int32),
            np.array(threshold, np.float32),
            np.array(left, np.int32),
            np.array(right, np.int32),
            np.array(value, np.float32),
        )
