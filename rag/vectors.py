"""Inner-product search over unit vectors. The only module that imports faiss.

In memory vectors are 16-bit floats, which FAISS compares fastest. Up to EXACT of them every one is
compared; above, they are parted into lists by k-means and the nearest third of the lists is looked
through. Over 192,810 news passages, questions made of sentences, one thread of a busy machine: of
the ten nearest 0.984 are found in 4.3 ms; a half of the lists 0.991 in 6.2, a quarter 0.973 in 3.3,
an eighth 0.956 in 1.7 (eval.scale). K-means takes seconds, so its centres and which list each
vector is in are kept beside the store (4 bytes a vector; the vectors themselves come from the
store): derived data, with what they were made from and a checksum, built anew when either does not
match, or when much has changed since.
"""

from __future__ import annotations

import json
import os
import tempfile
import zlib
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]
Lists = npt.NDArray[np.int32]
Fetch = Callable[[Sequence[int]], npt.NDArray[np.floating]]
"""Returns the vectors (n, d) of ids."""

EXACT = 60_000  # vectors; comparing so many takes 4 ms
_FEWEST_LISTS = 64
_PROBED = 3  # one list in so many is looked through …
_FEWEST_PROBED = 128  # … and at least so many: of few lists a third holds less of what is near
_PER_LIST = 400  # vectors
_TRAINED_ON = 40  # vectors a list, for k-means
_ROUNDS = 8  # of k-means
_MOST_NEW = 0.5  # of those the lists were made from; beyond, they are made anew
_MOST_GONE = 0.1
_BATCH = 4_000  # vectors turned into 32-bit floats at once: 4 MB stay in the cache
_UNKEPT = 20_000  # vectors; so many are not to be parted again by each process that comes
_DIRECT_MAP_ARRAY = 1  # faiss.DirectMap.Array, which its annotations lack
_FILE, _STATE = "lists.npz", "lists.json"


class VectorIndex:
    """Nearest neighbours by cosine; ids are the caller's integers, in rising order. Never changes:
    safe to share between threads."""

    def __init__(self, ids: Sequence[int] | Ids, vectors: npt.NDArray[np.floating] | Fetch) -> None:
        """Index vectors (n, d) of unit length under `ids` (n,); or what fetches them."""
        self._ids: Ids = np.asarray(ids, np.int64)
        self._gone: frozenset[int] = frozenset()
        self._made_of = len(self._ids)
        self._index: Any = None
        self._lists = np.zeros(0, np.int32)
        if len(self._ids):
            fetch = vectors if callable(vectors) else _fetcher(self._ids, vectors)
            self._index = _empty(self._ids, fetch)
            self._lists = _fill(self._index, self._ids, fetch)

    @classmethod
    def _of(
        cls, index: Any, ids: Ids, lists: Lists, gone: Collection[int], made_of: int
    ) -> VectorIndex:
        self = cls.__new__(cls)
        self._index, self._ids, self._lists = index, ids, lists
        self._gone, self._made_of = frozenset(gone), made_of
        return self

    def __len__(self) -> int:
        return len(self._ids) - len(self._gone)

    @property
    def ids(self) -> Ids:
        """What it finds, rising."""
        return self._ids[self._here()]

    def _here(self) -> npt.NDArray[np.bool_]:
        return ~np.isin(self._ids, np.array(sorted(self._gone), np.int64))

    def updated(self, ids: Sequence[int] | Ids, fetch: Fetch) -> VectorIndex | None:
        """Return an index of `ids` made from this one; None where making it anew is better.

        Costs time in proportion to what is new; what is gone is left out of results.
        """
        if (change := self._change(np.asarray(ids, np.int64))) is None:
            return None
        import faiss

        new, gone = change
        index = faiss.clone_index(self._index) if len(new) else self._index
        return self._grown(index, new, gone, fetch)

    def _change(self, wanted: Ids) -> tuple[Ids, Ids] | None:
        """Return what is new and what is gone; None where that is much, or new is not last."""
        new, gone = _without(wanted, self._ids), _without(self._ids, wanted)
        few = len(new) <= _MOST_NEW * self._made_of and len(gone) <= _MOST_GONE * self._made_of
        in_order = not len(new) or not len(self._ids) or new[0] > self._ids[-1]
        if self._index is None or len(self) <= EXACT or not (few and in_order):
            return None
        return new, gone

    def _grown(self, index: Any, new: Ids, gone: Ids, fetch: Fetch) -> VectorIndex:
        """Return an index of these ids and new ones, which `index` takes in."""
        lists = np.concatenate([self._lists, _fill(index, new, fetch)])
        all_ids = np.concatenate([self._ids, new])
        return self._of(index, all_ids, lists, gone.tolist(), self._made_of)

    def search(
        self, vector: Floats, limit: int, among: Collection[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return up to `limit` (id, cosine) pairs, best first; only of ids in `among`, if given."""
        import faiss

        if self._index is None:
            return []
        query = vector.reshape(1, -1).astype(np.float32)
        if among is not None:
            chosen = self._places(sorted(among))
            cosines = self._cosines(query[0], chosen)
            best = np.argsort(-cosines, kind="stable")[:limit]
            return [(int(self._ids[chosen[k]]), float(cosines[k])) for k in best]
        faiss.omp_set_num_threads(1)  # one query: more threads wait for each other
        asked = min(limit + len(self._gone), len(self._ids))
        scores, places = self._index.search(query, asked)
        # faiss pads missing neighbours with -1
        found = [
            (int(self._ids[p]), float(s))
            for p, s in zip(places[0], scores[0], strict=True)
            if p >= 0
        ]
        return [(n, score) for n, score in found if n not in self._gone][:limit]

    def _places(self, ids: Sequence[int]) -> Ids:
        wanted = np.asarray([n for n in ids if n not in self._gone], np.int64)
        if not len(self._ids) or not len(wanted):
            return np.zeros(0, np.int64)
        places = np.minimum(np.searchsorted(self._ids, wanted), len(self._ids) - 1)
        return np.asarray(places[self._ids[places] == wanted], np.int64)

    def _cosines(self, vector: Floats, places: Ids) -> Floats:
        if self._index is None or not len(places):
            return np.zeros(0, np.float32)
        rows = self._index.reconstruct_batch(places)
        return np.asarray(rows @ vector, np.float32)

    def save(self, folder: Path, made_from: str) -> None:
        """Keep the lists in `folder`; small indexes and folders that may not be written are left.

        `made_from` names the store and its embedder; a file is put in its place only when whole.
        """
        if self._index is None or len(self) <= EXACT or not os.access(folder, os.W_OK):
            return
        import faiss

        with tempfile.TemporaryDirectory(dir=folder, prefix=".lists-") as part:
            file, state = Path(part) / _FILE, Path(part) / _STATE
            quantizer = faiss.downcast_index(self._index.quantizer)
            centres = quantizer.reconstruct_n(0, quantizer.ntotal)
            lists, ranges = self._lists[self._here()], _ranges(self.ids)
            np.savez(file, centres=centres, lists=lists, ranges=ranges)
            told = {"made_from": made_from, "made_of": self._made_of, "file": _checksum(file)}
            state.write_text(json.dumps(told), encoding="utf-8")
            (folder / _STATE).unlink(missing_ok=True)  # never a state beside another one's file
            file.replace(folder / _FILE)
            state.replace(folder / _STATE)

    @classmethod
    def load(
        cls, folder: Path, made_from: str, ids: Sequence[int] | Ids, fetch: Fetch
    ) -> VectorIndex | None:
        """Return what `save` kept of this store, brought up to date, filled with its vectors; None
        where there is nothing, or it is of another store, damaged, or too old."""
        file, state = folder / _FILE, folder / _STATE
        try:
            told = json.loads(state.read_text(encoding="utf-8"))
            if told["made_from"] != made_from or _checksum(file) != told["file"]:
                return None
            with np.load(file, allow_pickle=False) as kept:
                centres, lists, held = kept["centres"], kept["lists"], _of_ranges(kept["ranges"])
            # what is gone has no vector any more: a list without it is the same
            wanted: Ids = np.asarray(ids, np.int64)
            here = np.isin(held, wanted)
            before = cls._of(_of_lists(centres), held, lists, (), int(told["made_of"]))
            if (change := before._change(wanted)) is None:
                return None
            index, new = before._index, change[0]
            _fill(index, held[here], fetch, lists[here])
            before._ids, before._lists = held[here], lists[here]
            grown = before._grown(index, new, new[:0], fetch)
            if len(new) > _UNKEPT:
                grown.save(folder, made_from)
            return grown
        except (OSError, ValueError, KeyError, TypeError, RuntimeError):
            return None  # derived: whatever is wrong with it, it is built anew


def damaged_files(folder: Path) -> list[str]:
    """Return what is wrong with the lists kept in `folder`; nothing where there are none."""
    file, state = folder / _FILE, folder / _STATE
    if not state.exists():
        return []
    try:
        told = json.loads(state.read_text(encoding="utf-8"))
        whole = _checksum(file) == told["file"] and isinstance(told["made_from"], str)
        return [] if whole else [f"{_FILE} is not what was written"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [f"{_STATE} or {_FILE} cannot be read ({error})"]


def forget(folder: Path) -> None:
    """Remove the lists kept in `folder`; who searches makes them anew."""
    for name in (_STATE, _FILE):
        (folder / name).unlink(missing_ok=True)


def _without(ids: Ids, others: Ids) -> Ids:
    """Return rising ids that are not among other rising ones."""
    return ids[~np.isin(ids, others)]


def _ranges(ids: Ids) -> Ids:
    """Return rising ids as rows (first, how many): few, as hardly any is ever gone."""
    firsts = np.flatnonzero(np.diff(ids, prepend=ids[:1] - 2) > 1)
    return np.stack([ids[firsts], np.diff(firsts, append=len(ids))], axis=1)


def _of_ranges(ranges: Ids) -> Ids:
    firsts, sizes = ranges[:, 0], ranges[:, 1]
    found: Ids = np.arange(sizes.sum()) + np.repeat(firsts - np.cumsum(sizes) + sizes, sizes)
    return found


def _checksum(file: Path) -> int:
    value = 0
    with file.open("rb") as data:
        while block := data.read(1 << 20):
            value = zlib.crc32(block, value)
    return value


def _empty(ids: Ids, fetch: Fetch) -> Any:  # faiss has no types
    """Return an index of the form that suits so many vectors, with nothing in it yet."""
    import faiss

    count = len(ids)
    if count <= EXACT:
        dimension = fetch(ids[:1].tolist()).shape[1]
        return faiss.IndexScalarQuantizer(dimension, _half(faiss), faiss.METRIC_INNER_PRODUCT)
    lists = max(_FEWEST_LISTS, count // _PER_LIST)
    step = max(1, count // (lists * _TRAINED_ON))
    sample = np.ascontiguousarray(fetch(ids[::step].tolist()), np.float32)
    means = faiss.IndexFlatIP(sample.shape[1])
    trainer = faiss.IndexIVFScalarQuantizer(
        means, sample.shape[1], lists, _half(faiss), faiss.METRIC_INNER_PRODUCT
    )
    trainer.cp.niter = _ROUNDS
    trainer.train(sample)
    return _of_lists(means.reconstruct_n(0, lists))


def _of_lists(centres: Floats) -> Any:
    """Return an index with these centres of lists, (lists, d), and nothing in the lists."""
    import faiss

    lists, dimension = centres.shape
    means = faiss.IndexFlatIP(dimension)
    means.add(np.ascontiguousarray(centres, np.float32))
    index = faiss.IndexIVFScalarQuantizer(
        means, dimension, lists, _half(faiss), faiss.METRIC_INNER_PRODUCT
    )
    index.is_trained = True  # 16-bit floats need no training
    index.nprobe = max(_FEWEST_PROBED, lists // _PROBED)
    index.set_direct_map_type(_DIRECT_MAP_ARRAY)
    return index


def _half(faiss: Any) -> Any:
    return faiss.ScalarQuantizer.QT_fp16


def _fetcher(ids: Ids, vectors: npt.NDArray[np.floating]) -> Fetch:
    return lambda wanted: vectors[np.searchsorted(ids, np.asarray(wanted, np.int64))]


def _fill(index: Any, ids: Ids, fetch: Fetch, lists: Lists | None = None) -> Lists:
    """Add the vectors of ids, to these lists (n,) or to the nearest; return the lists."""
    import faiss

    found = [np.zeros(0, np.int32)]
    for first in range(0, len(ids), _BATCH):
        some = slice(first, first + _BATCH)
        rows = np.ascontiguousarray(fetch(ids[some].tolist()), np.float32)
        if not hasattr(index, "quantizer"):
            index.add(rows)
            continue
        near = index.quantizer.assign(rows, 1)[:, 0] if lists is None else lists[some]
        near = np.ascontiguousarray(near, np.int64)
        index.add_core(len(rows), faiss.swig_ptr(rows), None, faiss.swig_ptr(near))
        found.append(near.astype(np.int32))
    return np.concatenate(found)
