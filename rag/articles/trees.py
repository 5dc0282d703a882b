"""How likely it is that one story goes on across a gap, by small trees fitted on simulated pages:
what is seen at the gap itself, at the gaps beside it and over the page.

Of the gaps of fresh simulated pages trees misjudge 2.6 in 100, a weighted sum of the same 3.1; of
the pages we wrote 6.5 and 8.2. Fewer leaves or monotone trees are no better (2.7; 6.1 to 7.2).
`board` weighs their answer among all else.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.trees import Trees

Floats = npt.NDArray[np.float64]

TREES = Path(__file__).parent / "gaps.safetensors"
_BESIDE = (
    *("words", "words of neighbours", "meaning", "meaning of neighbours", "same meaning"),
    *("heading between", "heads between", "byline between", "end mark", "dateline", "unfinished"),
    *("joined", "other width", "opens", "short after"),
)
_RANKED = ("meaning", "words", "same meaning")  # against the page's other gaps
_HEADS = ("heading between", "heads between", "byline between")
_NEAR = 5  # gaps from the page's start or end beyond which they are all the same
_MANY = 40  # gaps of a page, likewise
_WIDEST = 3.0  # standard deviations


@cache
def trees() -> Trees:
    """Load the trees that come with Youju."""
    return Trees.load(TREES)


def in_context(columns: dict[str, Floats]) -> Floats:
    """Return what the trees look at, (gaps, features): every column of the gaps, some of those
    before and after, and how the gap compares with the page's others."""
    count = len(next(iter(columns.values())))
    beside = np.stack([columns[name] for name in _BESIDE], axis=1)
    none = np.zeros((1, beside.shape[1]))
    own = np.stack(list(columns.values()), axis=1)
    out = [own, np.vstack([none, beside[:-1]]), np.vstack([beside[1:], none])]
    page = []
    for name in _RANKED:
        values = columns[name]
        rank = np.argsort(np.argsort(values))
        page.append((rank + 0.5) / count)
        spread = values.std() or 1.0
        page.append(np.clip((values - values.mean()) / spread, -_WIDEST, _WIDEST))
    place = np.arange(count)
    page += [np.minimum(place, _NEAR) / _NEAR, np.minimum(count - 1 - place, _NEAR) / _NEAR]
    page.append(np.full(count, min(count, _MANY) / _MANY))
    heads = [columns[name] for name in _HEADS]
    page.append(np.full(count, sum(column.mean() for column in heads)))
    page += [np.full(count, columns[name].mean()) for name in ("byline between", "heading between")]
    return np.hstack([*out, np.stack(page, axis=1)])
