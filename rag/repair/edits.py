"""What a rule returns, and how it is applied so that every character left still knows its place in
the raw text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


class Repaired(NamedTuple):
    """Mended text; `origin[i]` is the place in the raw text of its character i, strictly
    increasing."""

    text: str
    origin: Integers


class Edit(NamedTuple):
    """Put `text` in the place of characters [start, end): shorter than the range or as long, never
    longer."""

    start: int
    end: int
    text: str = ""


Rule = Callable[[str], Iterable[Edit]]


def apply(repaired: Repaired, edits: Iterable[Edit]) -> Repaired:
    """Apply edits, given in order and apart from each other.

    >>> apply(Repaired("7月 ２日", np.arange(5)), [Edit(2, 3), Edit(3, 4, "2")])
    Repaired(text='7月2日', origin=array([0, 1, 3, 4]))
    """
    text = repaired.text
    pieces: list[str] = []
    dropped: list[int] = []  # start and end of what goes, by turns
    at = 0
    for start, end, new in edits:
        pieces.append(text[at:start])
        if new:
            pieces.append(new)
        at = end
        start += len(new)
        if start < end:
            dropped += (start, end)
    if not pieces:
        return repaired
    pieces.append(text[at:])
    if not dropped:
        return Repaired("".join(pieces), repaired.origin)
    depth = np.zeros(len(text) + 1, np.int8)
    depth[dropped[::2]] += 1
    depth[dropped[1::2]] -= 1
    return Repaired("".join(pieces), repaired.origin[np.cumsum(depth[:-1], dtype=np.int8) == 0])
