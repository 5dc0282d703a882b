"""A vector → a byte a number, as the store keeps it.

  scale (float32), then one int8 a number: number = scale * code

A unit vector of 256 numbers comes back within 0.007 of its length, a cosine within 0.0004 (standard
deviation, over news): half the bytes of 16-bit floats, and a quarter of a text of news instead of
more than its half.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
_MOST = 127  # of a code
_SCALE = np.dtype(np.float32).itemsize
COSINE_DECIMALS = 6  # sums in another order differ behind them


def size(dimension: int) -> int:
    """Return how many bytes a vector takes."""
    return _SCALE + dimension


def pack_vectors(vectors: npt.NDArray[np.floating]) -> list[bytes]:
    """Return each row (n, d) as it is kept."""
    rows = np.asarray(vectors, np.float32)
    scales = np.abs(rows).max(axis=1, keepdims=True, initial=0.0) / np.float32(_MOST)
    codes = np.rint(rows / np.where(scales > 0, scales, 1)).astype(np.int8)
    packed = np.concatenate([scales.view(np.uint8), codes.view(np.uint8)], axis=1)
    return [row.tobytes() for row in packed]


def unpack_vectors(packed: bytes, dimension: int) -> Floats:
    """Return the rows (n, d) that stand one after another. Raises ValueError when the bytes are not
    whole rows."""
    rows = np.frombuffer(packed, np.uint8).reshape(-1, size(dimension))
    scales = np.ascontiguousarray(rows[:, :_SCALE]).view(np.float32)
    return scales * rows[:, _SCALE:].view(np.int8)


def cosines(rows: Floats, vector: Floats) -> list[float]:
    """Return the cosine of each row (n, d) of unit length with a unit vector: whichever store the
    rows come from, the same to the last digit."""
    products = rows.astype(np.float64) * vector.reshape(-1)
    found: list[float] = np.round(products.sum(axis=1), COSINE_DECIMALS).tolist()
    return found


def rounded(vectors: npt.NDArray[np.floating]) -> Floats:
    """Return rows (n, d) as they come back from the store: what other stores keep too, so that
    cosines are the same in all."""
    rows = np.asarray(vectors, np.float32)
    return unpack_vectors(b"".join(pack_vectors(rows)), rows.shape[1])
