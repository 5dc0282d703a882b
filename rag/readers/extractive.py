"""The bundled reader: the network of rag.readers.train in ONNX Runtime, so that answering needs no
torch.

A run reads one passage. Against the same network in numpy, 21 questions of six passages each, one
thread of a busy machine, in turns: network 86 -> 38 ms, match features 12 -> 8, spans 3.3 -> 1.7,
everything 111 -> 57. Since then its large products are in 8 bits: 0.68 of the network's time where
there is AMX, 0.71 with AVX-512 VNNI, 0.79 with AVX2, 0.91 with AVX-512 alone. Scores are off by
0.03 on average, and 12 of 1,834 questions have another best span.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from rag.errors import ModelError
from rag.readers.features import (
    passage_features,
    question_features,
    question_weights,
    soft_matches,
)
from rag.readers.foreign import Place, foreign_places
from rag.readers.graph import ASKED, passage_graph, question_graph
from rag.readers.judge import Judge, Read
from rag.readers.onnx import session
from rag.readers.tokens import Tokens, Vocabulary, head
from rag.readers.words import (
    MAX_QUESTION,
    MAX_SPAN,
    MAX_TOKENS,
    WordTable,
    load_network,
    load_word_table,
)
from rag.trees import Trees
from rag.types import Reading, Span

Floats = npt.NDArray[np.float32]

WEIGHTS = Path(__file__).with_name("weights")
TREES = "preference.safetensors"  # beside calibration.json, made with it
_FAR = np.float32(-1e4)  # a score no real span has
_KEPT = 1000  # passages whose tokens are kept, 6 KB each: the next question often meets them
_AT_ONCE = 64  # passages that a question is prepared for: it takes up to 0.2 MB beside each
_OTHER_CUTS = 3  # of one place, beside the best


class ExtractiveReader:
    """Reads passages for spans; see rag.readers.Reader. Safe to share between threads."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        table: WordTable,
        weights: dict[str, Floats],
        calibration: dict[str, Any],
        threads: int,
        judge: Judge | None = None,
    ) -> None:
        self._vocabulary = vocabulary
        self._table = table
        # projected once, (ids, 80), and what each word has learnt for itself
        self._words = table.vectors @ weights["word.weight"].T
        if "own.weight" in weights:
            self._words += weights["own.weight"]
        self._characters, self._kinds = weights["characters.weight"], weights["kinds.weight"]
        self._asking = session(question_graph(weights))
        self._network = session(passage_graph(weights))
        self._cut = lru_cache(_KEPT)(self._first_tokens)
        self._threads = ThreadPoolExecutor(threads, "reader") if threads > 1 else None
        self._judge = judge
        self.calibration = calibration

    @classmethod
    def load(cls, folder: Path = WEIGHTS, *, threads: int = 0) -> ExtractiveReader:
        """Load a reader from its folder. It reads so many passages at a time; 0: as many as there
        are cores, or OMP_NUM_THREADS. Raises ModelError when a file is missing or damaged."""
        return _load(folder, threads or _cores())

    def read(
        self, question: str, passages: Sequence[str], *, per_passage: int = 5
    ) -> list[Reading]:
        """Return possible answers, best first; see rag.readers.Reader."""
        looked = self.look(question, passages)
        spans = [best_spans(read.scores, per_passage) for *_, read in looked]
        judged = [[0.0] * len(some) for some in spans]
        if self._judge and looked:
            found = self._judge.log_odds_of_all([read for *_, read in looked], spans)
            judged = [some.tolist() for some in found]
        readings = [
            Reading(k, _characters(tokens, i, j), score, right)
            for (k, tokens, _), some, rights in zip(looked, spans, judged, strict=True)
            for (i, j, score), right in zip(some, rights, strict=True)
        ]
        return sorted(readings, key=lambda r: -r.score)

    def look(self, question: str, passages: Sequence[str]) -> list[tuple[int, Tokens, Read]]:
        """Return what the network says of each passage that has a word: its number, tokens and
        that; nothing where the question has none."""
        asked = head(self._vocabulary.cut([question])[0], MAX_QUESTION)
        given = list(enumerate(map(self._cut, passages)))
        given = [(k, tokens) for k, tokens in given if len(tokens.ids)]
        if not given or not len(asked.ids):
            return []
        foreign = foreign_places(question[: len(asked.text)], [tokens.text for _, tokens in given])
        cut = [tokens for _, tokens in given]
        found = [
            read
            for part in (slice(k, k + _AT_ONCE) for k in range(0, len(cut), _AT_ONCE))
            for read in self._look(asked, cut[part], foreign[part])
        ]
        return [(k, tokens, read) for (k, tokens), read in zip(given, found, strict=True)]

    def _first_tokens(self, passage: str) -> Tokens:
        """Return what is read of a passage; nothing in it depends on the question."""
        return head(self._vocabulary.cut([passage])[0], MAX_TOKENS)

    def _look(
        self, question: Tokens, passages: Sequence[Tokens], foreign: Sequence[Sequence[Place]]
    ) -> list[Read]:
        """Return what the network says of each passage; `foreign` as `foreign_places` finds it."""
        rarity, embedded = self._table.rarity, self._embed(question)
        weights = question_weights(question, rarity)
        matches = [
            soft_matches(question, p, self._table.match, places)
            for p, places in zip(passages, foreign, strict=True)
        ]
        told = [np.concatenate([embedded, question_features(weights, m)], 1) for m in matches]
        asked = dict(zip(ASKED, self._asking.run(ASKED, {"asked": np.stack(told)}), strict=True))

        def look(k: int) -> Read:
            given = {name: value[k] for name, value in asked.items()}
            passage = passages[k]
            features = passage_features(question, passage, rarity, weights, matches[k], foreign[k])
            given["passage"] = np.concatenate([self._embed(passage), features], 1)
            scores, rows, null = self._network.run(("scores", "rows", "null"), given)
            return Read(scores, rows, given["vector"], null)

        return list((self._threads.map if self._threads else map)(look, range(len(passages))))

    def _embed(self, tokens: Tokens) -> Floats:
        characters = self._characters
        parts = [self._words[tokens.ids], characters[tokens.first], characters[tokens.last]]
        return np.concatenate([*parts, self._kinds[tokens.kinds]], 1)


@cache
def _load(folder: Path, threads: int) -> ExtractiveReader:
    try:
        vocabulary = Vocabulary.load(folder / "vocabulary.tsv")
        table = load_word_table(folder / "words.safetensors")
        weights = load_network(folder / "network.safetensors")
        calibration = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))
        if (grown := folder / TREES).exists():  # a reader just trained has none
            calibration["trees"] = Trees.load(grown)
        judge = Judge.load(folder)
        return ExtractiveReader(vocabulary, table, weights, calibration, threads, judge)
    except Exception as error:  # each library raises its own kinds; all mean the same to the user
        raise ModelError(
            f"the reader in {folder} cannot be loaded ({error}): install Youju again"
        ) from error


def _cores() -> int:
    if (told := os.environ.get("OMP_NUM_THREADS", "")).isdecimal():
        return max(1, int(told))
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _characters(tokens: Tokens, first: int, last: int) -> Span:
    return Span(int(tokens.borders[first, 0]), int(tokens.borders[last, 1]))


def best_spans(grid: Floats, count: int) -> list[tuple[int, int, float]]:
    """Return the best spans of a passage: `count` that do not overlap, and other cuts of these.

    A place may be cut in `_OTHER_CUTS` more ways (105台 | 105台创了纪录): what kind of answer is
    asked for decides between them later.
    """
    n = len(grid)
    width = min(n, MAX_SPAN)
    padded = np.full((n, n + width), _FAR)
    padded[:, :n] = grid
    row, column = padded.strides  # a view of the spans that are allowed, (n, width): start, length
    allowed = as_strided(padded, (n, width), (row + column, column)).ravel()
    tried = np.argpartition(-allowed, min(len(allowed) - 1, 40 * count))[: 40 * count + 1]
    apart: list[tuple[int, int, float]] = []
    others: list[tuple[int, int, float]] = []
    for place in tried[np.argsort(-allowed[tried])]:
        i, more = divmod(int(place), width)
        if allowed[place] <= _FAR / 2:
            break
        span = (i, i + more, float(allowed[place]))
        if not _overlapping(span, apart):
            apart.append(span)
        elif len(_overlapping(span, others)) < _OTHER_CUTS:
            others.append(span)
        if len(apart) == count:
            break
    return apart + others


def _overlapping(
    span: tuple[int, int, float], others: Sequence[tuple[int, int, float]]
) -> list[tuple[int, int, float]]:
    return [other for other in others if span[0] <= other[1] and span[1] >= other[0]]
