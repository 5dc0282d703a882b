"""The two legs of search over rag.milvus: BM25 by sparse vectors, and the nearest dense ones."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping

import numpy as np
import numpy.typing as npt

from rag.milvus import MilvusStore
from rag.milvus_rows import Holders, idf, passage_terms, places, score
from rag.protocol import BM25_DECIMALS

_MORE = 2  # times as many candidates as wanted: their order is computed anew, see rag.milvus_rows


class MilvusWords:
    """BM25 over the chunks of a store in Milvus. Safe to share between threads; call `refresh` with
    this thread's store before searching."""

    def __init__(self) -> None:
        """Know nothing before `refresh`."""
        self._holders, self._last = Holders(), 0
        self._identity = ""
        self._mutex = threading.Lock()
        self._local = threading.local()

    @property
    def _store(self) -> MilvusStore:
        store: MilvusStore = self._local.store
        return store

    @property
    def count(self) -> int:
        """Chunks in the index."""
        return self._store.state.chunks

    def refresh(self, store: MilvusStore) -> None:
        """Take in what was committed since, and search this store from now on in this thread."""
        self._local.store = store
        state = store.refresh()
        with self._mutex:
            if state.identity != self._identity or state.merged > self._last:
                self._holders, self._last, self._identity = Holders(), 0, state.identity
            if state.last > self._last:
                for _, change in store.counted(self._last):
                    self._holders.add(change)
                self._last = state.last

    def frequencies(self, wanted: Iterable[str]) -> dict[str, int]:
        """Return how many chunks hold each term."""
        return {t: self._holders[int(places([t])[0])] for t in dict.fromkeys(wanted)}

    def search(
        self, weights: Mapping[str, float], limit: int, among: Collection[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return up to `limit` (chunk number, BM25) pairs, best first, ties by chunk number."""
        known = self.frequencies(weights)
        question = {
            int(places([term])[0]): weight * idf(self.count, known[term])
            for term, weight in weights.items()
            if weight > 0 and known[term] > 0
        }
        if not question or limit < 1 or (among is not None and not among):
            return []
        asked = _MORE * limit
        rows = self._store.search_field("sparse", question, asked, among, ["text", "title"])
        mean = self._store.state.mean
        weighed = (
            (row["number"], score(passage_terms(row["text"], row["title"]), question, mean))
            for row in rows
        )
        found = [(number, round(bm25, BM25_DECIMALS)) for number, bm25 in weighed]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit]


class MilvusVectors:
    """Nearest neighbours over the chunks of a store in Milvus."""

    def __init__(self, store: MilvusStore) -> None:
        """Stand for the vectors of `store`."""
        self._store = store

    def search(
        self, vector: npt.NDArray[np.float32], limit: int, among: Collection[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return up to `limit` (id, cosine) pairs, best first; only of ids in `among`, if given."""
        if among is not None and not among:
            return []
        rows = self._store.search_field("dense", vector.reshape(-1).tolist(), limit, among, [])
        return [(row["number"], float(row["distance"])) for row in rows]
