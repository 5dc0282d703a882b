"""Passages that any leg found → one order: a weighted sum of a few things that tell how well a
passage fits.

The question is a list of groups. A group is what one word or pair of characters of the question may
look like in a passage: {"松延": 1.0}, or, for an English question, {"交付": 1.0, "交货": 0.6}. How
much of a question a passage covers is counted in groups, the rare ones more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from rag.terms import fold

_SENTENCE_END = re.compile("[。！？!?；;\n]+")
_ASCII = re.compile(r"[0-9]+(?:[.,][0-9]+)*|[a-z\u00df-\u024f]+")


@dataclass(frozen=True, slots=True)
class Group:
    """One thing the question speaks of."""

    forms: Mapping[str, float]  # folded words, pairs or numbers, and how sure each stands for it
    weight: float  # how much it tells: the inverse document frequency of its best form


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage and what the legs say of it."""

    lexical: float  # BM25; of a passage the leg did not bring, what the last one brought has
    cosine: float
    passage: str
    article: str  # the whole article's text
    opens: bool  # the article's first passage


FEATURES = ("lexical", "cosine", "passage", "sentence", "article", "number", "opens")
"""
lexical   BM25 over the best passage's, 0 to 1
cosine    less the highest among the candidates, -2 to 0
passage   share of the groups' weight that the passage holds
sentence  … that its best sentence holds
article   … that its article holds
number    share of the question's numbers and Latin words in the passage, 1 when it has none
opens     1 for the passage an article begins with
"""


def features(
    groups: Sequence[Group], candidates: Sequence[Candidate]
) -> npt.NDArray[np.float32]:
    """Return what tells how well each candidate fits, (len(candidates), len(FEATURES))."""
    rows = np.zeros((len(candidates), len(FEATURES)), np.float32)
    if not candidates:
        return rows
    top = max(c.lexical for c in candidates) or 1.0
    nearest = max(c.cosine for c in candidates)
    total = sum(group.weight for group in groups) or 1.0
    exact = [g for g in groups if any(form.isascii() for form in g.forms)]
    for row, candidate in zip(rows, candidates, strict=True):
        text, article = _seen(candidate.passage), _seen(candidate.article)
        held = [(g, share) for g in groups if (share := text.share(g))]
        best = max(
            (sum(g.weight * s.share(g) for g, _ in held) for s in text.sentences), default=0.0
        )
        row[:] = (
            candidate.lexical / top,
            candidate.cosine - nearest,
            sum(g.weight * share for g, share in held) / total,
            best / total,
            sum(g.weight * article.share(g) for g in groups) / total,
            sum(text.share(g) > 0 for g in exact) / len(exact) if exact else 1.0,
            candidate.opens,
        )
    return rows


class _Seen:
    """A folded text, and the whole Latin words and numbers in it."""

    def __init__(self, folded: str, *, split: bool = True) -> None:
        self._text = folded
        self._words = frozenset(word.replace(",", "") for word in _ASCII.findall(folded))
        pieces = _SENTENCE_END.split(folded) if split else []
        self.sentences = [_Seen(piece, split=False) for piece in pieces if piece]

    def share(self, group: Group) -> float:
        """Return how sure the text speaks of a group: the best of its forms that stand in it."""
        found = 0.0
        for form, sure in group.forms.items():
            if sure > found and (form in self._words if form.isascii() else form in self._text):
                found = sure
        return found


@lru_cache(maxsize=2048)
def _seen(text: str) -> _Seen:
    return _Seen(fold(text))


def matched(groups: Sequence[Group], text: str) -> tuple[str, ...]:
    """Return the forms of the question's groups that stand in a text, for a reader to see.

    >>> matched([Group({"松延": 1.0}, 5.0), Group({"7": 1.0}, 2.0)], "松延动力17月")
    ('松延',)
    """
    seen = _Seen(fold(text), split=False)
    return tuple(
        form
        for group in groups
        for form, sure in group.forms.items()
        if seen.share(Group({form: sure}, 1.0))
    )
