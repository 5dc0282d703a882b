"""Exact inner-product search over unit vectors. The only module that imports faiss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


class VectorIndex:
    """Nearest neighbours by cosine; ids are the caller's integers."""

    def __init__(self, ids: Sequence[int], vectors: Floats) -> None:
        """Index `vectors` (n, d) of unit length under `ids` (n,)."""
        import faiss

        self._ids = np.asarray(ids, np.int64)
        self._index = faiss.IndexFlatIP(vectors.shape[1] if vectors.size else 1)
        if len(self._ids):
            self._index.add(np.ascontiguousarray(vectors, np.float32))

    def __len__(self) -> int:
        return len(self._ids)

    def search(self, vector: Floats, limit: int) -> list[tuple[int, float]]:
        """Return up to `limit` (id, cosine) pairs, best first."""
        if not len(self._ids):
            return []
        scores, places = self._index.search(
            vector.reshape(1, -1).astype(np.float32), min(limit, len(self._ids))
        )
        # faiss pads missing neighbours with -1
        return [
            (int(self._ids[p]), float(s))
            for p, s in zip(places[0], scores[0], strict=True)
            if p >= 0
        ]
