"""How well each token of a passage matches the question: what lets a small reader read words that
it never saw in training.

All features are plain numbers that do not depend on which words match, only on where and how much:
runs of characters shared with the question, how much of the question the clause and the sentence
cover, the distance to the nearest match, and soft matches (cosine of word vectors), which carry
synonyms and English questions about Chinese text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rag.readers.foreign import Place
from rag.readers.tokens import Tokens

Floats = npt.NDArray[np.float32]

PASSAGE_FEATURES = 16
QUESTION_FEATURES = 3

_CLAUSE_END = re.compile(r"[，。；！？：,;!?:、\n]")
_SENTENCE_END = re.compile(r"[。！？!?；;\n]")
_DECAY = 0.88  # per token: a match 10 tokens away still counts a quarter
_WINDOW = 25  # tokens
# words that ask, and words that hold a sentence together: a match on them says nothing
_ASKING = re.compile(
    r"什么时候|为什么|多少|什么|怎么样|怎么|怎样|如何|哪些|哪里|哪儿|哪个|哪位|哪家|哪|谁|几|何时|何地|何|吗|呢|是|的|了|在|有|和|与"
    r"|\b(?:who|what|when|where|which|how|many|much|why|did|does|do|is|are|was|were|the|a|an|of|in|on|at|to|for|by|and|or)\b"
)


class Features(NamedTuple):
    """Features of n passage tokens and m question tokens, all roughly in [0, 1]."""

    passage: Floats  # (n, PASSAGE_FEATURES)
    question: Floats  # (m, QUESTION_FEATURES)


def question_weights(question: Tokens, rarity: Floats) -> tuple[Floats, Floats]:
    """Return how much each question token (m,) and each question character (len,) matters, 0 to 1.

    `rarity` is the word table's rarity per id: about 0 for 的, 1 for a word seen once in a million.
    """
    asks = np.zeros(len(question.text), bool)
    for match in _ASKING.finditer(question.text):
        asks[match.start() : match.end()] = True
    by_token = rarity[question.ids].copy()
    by_character = np.zeros(len(question.text), np.float32)
    for i, (start, end) in enumerate(question.borders):
        if asks[start:end].all():
            by_token[i] = 0
        by_character[start:end] = by_token[i] / (end - start)
    return by_token, by_character


def match_features(
    question: Tokens,
    passage: Tokens,
    vectors: Floats,
    rarity: Floats,
    foreign: Sequence[Place] = (),
) -> Features:
    """Return the match features of one question and one passage.

    `vectors` (ids, d): unit rows (or zero rows) of aligned word vectors; `rarity` (ids,); `foreign`
    as `foreign_places` finds them.
    """
    n, m = len(passage.ids), len(question.ids)
    if n == 0 or m == 0:
        none = np.zeros((n, PASSAGE_FEATURES), np.float32)
        return Features(none, np.zeros((m, QUESTION_FEATURES), np.float32))
    weights = question_weights(question, rarity)
    matches = soft_matches(question, passage, vectors, foreign)
    return Features(
        passage_features(question, passage, rarity, weights, matches, foreign),
        question_features(weights, matches),
    )


def question_features(weights: tuple[Floats, Floats], matches: tuple[Floats, Floats]) -> Floats:
    """Return those of the question's tokens, (m, QUESTION_FEATURES): what of them stands in the
    passage. `weights` are of `question_weights`, `matches` of `soft_matches`."""
    cosine, exact = matches
    return np.stack([weights[0], cosine.max(1), exact.max(1)], 1).astype(np.float32)


def passage_features(
    question: Tokens,
    passage: Tokens,
    rarity: Floats,
    weights: tuple[Floats, Floats],
    matches: tuple[Floats, Floats],
    foreign: Sequence[Place] = (),
) -> Floats:
    """Return those of the passage's tokens, (n, PASSAGE_FEATURES)."""
    n = len(passage.ids)
    features = np.zeros((n, PASSAGE_FEATURES), np.float32)
    (by_token, by_character), (cosine, exact) = weights, matches
    of_each = by_token[:, None]
    total = float(by_character.sum()) + 1e-6
    length, weight, shared = _runs(question.text, passage.text, by_character)
    for place in foreign:  # as a run would: "songyan" is one, of two characters here
        here, there = slice(place.start, place.end), slice(place.at, place.to)
        worth = place.worth * min(float(by_character[there].sum()), 3.0) / 3
        np.maximum(length[here], min(place.end - place.start, 8) / 8, out=length[here])
        np.maximum(weight[here], worth, out=weight[here])
        shared.append((place.start, place.at, place.to - place.at))
    starts = passage.borders[:, 0]
    clause = _segments(_CLAUSE_END, passage.text)
    sentence = _segments(_SENTENCE_END, passage.text)
    token_weight = np.maximum.reduceat(weight, starts)
    sentence_cover = _cover(sentence, shared, by_character) / total
    features[:, 0] = (exact * (of_each > 0)).max(0)
    features[:, 1] = np.maximum.reduceat(length, starts)
    features[:, 2] = token_weight
    features[:, 3] = (_cover(clause, shared, by_character) / total)[clause[starts]]
    features[:, 4] = sentence_cover[sentence[starts]]
    features[:, 5] = _decayed(token_weight)
    features[:, 6] = _decayed(token_weight[::-1])[::-1]
    window = np.convolve(token_weight, np.ones(_WINDOW, np.float32) / 4, "same")
    features[:, 7] = window[(len(window) - n) // 2 :][
        :n
    ]  # numpy returns the longer of the two lengths
    features[:, 8] = (cosine * (of_each > 0.1)).max(0)
    features[:, 9] = (cosine * of_each).max(0)
    shares = by_token / (by_token.sum() + 1e-6)
    features[:, 10] = _soft_cover(clause[starts], cosine, shares)
    features[:, 11] = _soft_cover(sentence[starts], cosine, shares)
    features[:, 12] = rarity[passage.ids]
    previous = np.concatenate([[0.0], sentence_cover[:-1]])
    features[:, 13] = previous[sentence[starts]]
    features[:, 14] = _cover(np.zeros_like(clause), shared, by_character)[0] / total
    features[:, 15] = float((cosine.max(1) * shares).sum())
    return features


def _runs(
    question: str, passage: str, by_character: Floats
) -> tuple[Floats, Floats, list[tuple[int, int, int]]]:
    """Find the longest strings shared with the question, left to right.

    Returns per character of the passage the run's length / 8 and its weight, and the runs as
    (place, place in question, length). A single character counts only in the length.
    """
    length = np.zeros(len(passage) + 1, np.float32)
    weight = np.zeros(len(passage) + 1, np.float32)
    found: list[tuple[int, int, int]] = []
    known = set(question) - {" "}  # a run may hold blanks (New York), but not begin with one
    end = 0
    for i in [place for place, character in enumerate(passage) if character in known]:
        if i < end:
            continue
        end = i + 1
        while end < len(passage) and passage[i : end + 1] in question:
            end += 1
        k = end - i
        length[i:end] = min(k, 8) / 8
        if k > 1:
            at = question.find(passage[i:end])
            weight[i:end] = min(float(by_character[at : at + k].sum()), 3.0) / 3
            found.append((i, at, k))
    return length[:-1], weight[:-1], found


def _segments(border: re.Pattern[str], text: str) -> npt.NDArray[np.int32]:
    """Return the number of the segment that each character is in; a closing sign belongs to what it
    closes."""
    ends = np.zeros(len(text) + 1, np.int32)
    for match in border.finditer(text):
        ends[match.end()] = 1
    return np.cumsum(ends[:-1], dtype=np.int32)


def _cover(
    segment: npt.NDArray[np.int32], matches: list[tuple[int, int, int]], by_character: Floats
) -> Floats:
    """Return per segment the weight of the question's characters that its runs cover."""
    covered = np.zeros((int(segment[-1]) + 1 if len(segment) else 1, len(by_character)), bool)
    for place, at, k in matches:
        covered[segment[place], at : at + k] = True
    cover: Floats = _weighed(covered, by_character)
    return cover


def _decayed(weight: Floats) -> Floats:
    """Return at each place the greatest weight at or before it, fading by _DECAY a token."""
    fade = _fade(len(weight))
    return (np.maximum.accumulate(weight / fade) * fade).astype(np.float32)


@lru_cache(512)  # a little more than there are lengths of passages
def _fade(length: int) -> npt.NDArray[np.float64]:
    return _DECAY ** np.arange(length, dtype=np.float64)


def _weighed(rows: npt.NDArray[Any], weights: Floats) -> Floats:
    """Return rows (n, m) summed by weights (m,).

    Not by @: of few columns OpenBLAS computes beside the array too, and numpy warns of that.
    """
    return np.asarray(np.einsum("ij,j->i", rows, weights), np.float32)


def soft_matches(
    question: Tokens, passage: Tokens, vectors: Floats, foreign: Sequence[Place] = ()
) -> tuple[Floats, Floats]:
    """Return (m, n) cosines, 1 where tokens are the same word, and (m, n) sameness, 0 or 1; where
    one says the other in the other language, both at least what that is worth."""
    same_word = (question.ids[:, None] == passage.ids) & (question.ids[:, None] > 2)
    for j in np.flatnonzero(question.ids <= 2).tolist():  # numbers and unknown words: the writing
        a, b = question.borders[j]
        for i in np.flatnonzero(passage.ids == question.ids[j]).tolist():
            c, d = passage.borders[i]
            same_word[j, i] = passage.text[c:d] == question.text[a:b]
    cosine = np.maximum((vectors[passage.ids] @ vectors[question.ids].T).T, 0, order="C")
    cosine[same_word] = 1
    same = same_word.astype(np.float32)
    for place in foreign:
        where = np.ix_(
            _touching(question, place.at, place.to), _touching(passage, place.start, place.end)
        )
        for found in (cosine, same):
            found[where] = np.maximum(found[where], place.worth)
    return cosine.astype(np.float32), same


def _touching(tokens: Tokens, start: int, end: int) -> npt.NDArray[np.intp]:
    borders = tokens.borders
    return np.flatnonzero((borders[:, 1] > start) & (borders[:, 0] < end))


def _soft_cover(segment: npt.NDArray[np.int32], cosine: Floats, weights: Floats) -> Floats:
    """Return per token how much of the question its segment covers softly: squared best cosine,
    weighted."""
    starts = np.concatenate([[0], np.flatnonzero(segment[1:] != segment[:-1]) + 1])
    best = np.maximum.reduceat(cosine, starts, axis=1).T.copy()
    cover: Floats = _weighed(best * best, weights)
    lengths = np.concatenate([starts[1:], [len(segment)]]) - starts
    return np.repeat(cover, lengths)
