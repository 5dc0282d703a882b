"""Which of the possible answers is the best: each beside the others, told in numbers that boosted
trees weigh.

The reader scores one span in one passage. What it does not see is what the other answers are: that
another one of the same kind stands nearer to what was asked, that this one is a part of a longer
one that was read too, that the sentence goes on where it ends. A linear order
(`rag.confidence.RANKED_BY`) picks the first `MOST`; the trees order these.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence, Set
from operator import add
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from rag.kinds import KINDS, Kind
from rag.terms import fold, is_chinese
from rag.types import Article, Span

Floats = npt.NDArray[np.float32]

MOST = 40  # answers that are told apart: beyond these one in a hundred is right
_AROUND = 160  # characters of text looked at on each side
_NEAR = 40  # characters within which another answer stands beside this one
_FEW = 12  # answers that count as the strong ones
_SOME = 20  # … that count as neighbours
_BEHIND = 8.0  # of a score beside none
_FADE = 0.93  # a character
_REACH = 8  # characters of the question beside the asking word
_ASKING = re.compile(
    r"什么时候|为什么|多少|什么|怎么样|怎么|怎样|如何|哪些|哪里|哪儿|哪个|哪位|哪家|哪|谁|几|何时|何地|何|啥|咋"
    r"|多[大长高久远重快深宽]"
    r"|\b(?:who|whom|whose|what|when|where|which|how many|how much|how|why)\b"
)
_PAUSE = re.compile("[，。；！？,;]")
_BEFORE = "，。；！？,;\n“「："
_AFTER = "，。；！？,;\n”」"
_YEAR = re.compile("(?:19|20)[0-9]{2}年?")


class Possible(Protocol):
    """A possible answer, as rag.claims makes it."""

    @property
    def text(self) -> str:
        """Its words."""

    @property
    def score(self) -> float:
        """How well it does in the linear order."""

    @property
    def places(self) -> Sequence[tuple[Article, Span]]:
        """Where it stands, best first."""

    @property
    def told(self) -> tuple[float, ...]:
        """What the score was weighed from."""


class _Seen(NamedTuple):
    """A possible answer and the text on both sides of it."""

    text: str
    before: str
    after: str
    article: str
    span: Span


def described(question: str, kind: Kind, answers: Sequence[Possible]) -> Floats:
    """Return (n, features) of the answers, which come best first in the linear order."""
    articles = {article.id: article for article, _ in (a.places[0] for a in answers)}
    texts = {identity: fold(article.text) for identity, article in articles.items()}
    seen = [_seen(answer, texts) for answer in answers]
    told = np.array([answer.told for answer in answers], np.float32)
    score = np.array([answer.score for answer in answers], np.float32)
    asked = fold(question)
    chinese = is_chinese(asked)
    columns = [
        told,
        _against_all(told, score),
        np.array([_by_itself(chinese, one) for one in seen], np.float32),
        np.array([[math.log(len(answer.places))] for answer in answers], np.float32),
        _in_place(asked, seen),
        _among_others(seen, score),
        np.tile(np.array(_of_question(asked, kind), np.float32), (len(seen), 1)),
    ]
    return np.concatenate(columns, 1)


def _seen(answer: Possible, texts: Mapping[str, str]) -> _Seen:
    """Return an answer as it is seen; `texts` are folded, by the article's identity."""
    article, span = answer.places[0]
    text = texts[article.id]
    return _Seen(
        fold(answer.text),
        text[max(0, span.start - _AROUND) : span.start],
        text[span.end : span.end + _AROUND],
        article.id,
        span,
    )


def _of_question(asked: str, kind: Kind) -> tuple[float, ...]:
    return float(KINDS.index(kind.name)), float(kind.several), float(len(asked))


def _by_itself(chinese: bool, one: _Seen) -> tuple[float, ...]:
    around = one.before[-100:] + one.text + one.after[:100]
    return (
        float(chinese != is_chinese(around)),
        float(bool(_PAUSE.search(one.text))),
        float(one.before[-1:] in _BEFORE),  # at the text's start too
        float(one.after[:1] in _AFTER),
        float(one.text[:1].isdigit()),
        float(any(c.isdigit() for c in one.text)),
        float(bool(_YEAR.search(one.text))),
        float("“" in one.text or "《" in one.text),
        float(len(one.text)),
        float(one.span.start),
    )


def _against_all(told: Floats, score: Floats) -> Floats:
    """Return (n, 9): the score, its rank, that by the reader and that by its second look; how far
    the score, the reader's, the clause's and the sentence's cover and the second look are behind
    the best."""
    reader, clause, sentence, judged = told[:, 0], told[:, 3], told[:, 4], told[:, -1]
    ranks = [np.argsort(np.argsort(-v, kind="stable"), kind="stable") for v in (reader, judged)]
    order = np.arange(len(score))
    behind = [values - values.max() for values in (score, reader, clause, sentence, judged)]
    return np.stack([score, order, *ranks, *behind], 1).astype(np.float32)


def _in_place(asked: str, seen: Sequence[_Seen]) -> Floats:
    """Return (n, 8): how far the words beside the asking word stand beside the answer too.

    Chinese asks in the place of the answer: 交付多少台 → 交付…105台.
    """
    asking = _ASKING.search(asked)
    left, right = (asked[: asking.start()], asked[asking.end() :]) if asking else (asked, "")
    backwards = left[::-1]
    before, after = set(_pairs(backwards[:_REACH])), set(_pairs(right[:_REACH]))
    every, every_back = set(_pairs(asked)), set(_pairs(asked[::-1]))
    rows = []
    for one in seen:
        back = one.before[::-1]
        pairs_back, pairs_on = _pairs(back[: _NEAR + 1]), _pairs(one.after[: _NEAR + 1])
        rows.append(
            (
                _same(back, backwards),
                _same(one.after, right),
                _met(pairs_back, before),
                _met(pairs_on, after),
                _met(pairs_back, every_back),
                _met(pairs_on, every),
                float(bool(right) and one.text.endswith(right[0])),
                float(len(right) > 1 and right[:2] in one.text),
            )
        )
    return np.array(rows, np.float32)


def _pairs(text: str) -> list[str]:
    return list(map(add, text, text[1:]))


def _same(one: str, other: str) -> int:
    """Return how many characters both begin with."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _met(pairs: Sequence[str], wanted: Set[str]) -> float:
    """Return 1 where the first of the pairs is one of those wanted, fading by how far on one is."""
    if wanted.isdisjoint(pairs):  # most are, and this is told fast
        return 0.0
    return _FADE ** next(i for i, pair in enumerate(pairs) if pair in wanted)


def _among_others(seen: Sequence[_Seen], score: Floats) -> Floats:
    """Return (n, 7): of the strong answers, how many hold it, it holds, are in its article; how far
    it is behind the article's best and ahead of the article's best other place; how many strong
    ones stand near, and how far the best of these is ahead."""
    strong = seen[:_FEW]
    start = np.array([one.span.start for one in seen])
    end = np.array([one.span.end for one in seen])
    names = {name: k for k, name in enumerate(dict.fromkeys(one.article for one in seen))}
    article = np.array([names[one.article] for one in seen])
    together = article[:, None] == article
    apart = together & ((start >= end[:, None]) | (end <= start[:, None]))
    near = together & (np.abs(start - start[:, None]) < _NEAR)
    np.fill_diagonal(near, False)
    near[:, _SOME:] = False
    best = np.where(together, score, -np.inf).max(1)
    other = np.where(apart, score, -np.inf).max(1)
    beside = np.where(near, score, -np.inf).max(1)
    columns = [
        [sum(one.text in other.text for other in strong) for one in seen],
        [sum(other.text in one.text for other in strong) for one in seen],
        together[:, :_FEW].sum(1),
        score - best,
        np.where(np.isfinite(other), score - other, _BEHIND),
        near.sum(1),
        np.where(np.isfinite(beside), beside - score, -_BEHIND),
    ]
    return np.stack([np.asarray(column, np.float32) for column in columns], 1)
