"""The bundled reader: the network of rag.readers.train, run in numpy, so that answering needs no
torch.

Passages are read in one batch; padding is masked. 6 passages of 300 characters take 80 ms on one
core of 2.5 GHz, a third of it in matrix products.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.errors import ModelError
from rag.readers.features import match_features
from rag.readers.tokens import Tokens, Vocabulary, head
from rag.readers.words import (
    BLOCKS,
    HEADS,
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
_OTHER_CUTS = 3  # of one place, beside the best


class ExtractiveReader:
    """Reads passages for spans; see rag.readers.Reader."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        table: WordTable,
        weights: dict[str, Floats],
        calibration: dict[str, Any],
    ) -> None:
        self._vocabulary = vocabulary
        self._table = table
        self._weights = weights
        # projected once, (ids, 80), and what each word has learnt for itself
        self._words = table.vectors @ weights["word.weight"].T
        if "own.weight" in weights:
            self._words += weights["own.weight"]
        self.calibration = calibration

    @classmethod
    def load(cls, folder: Path = WEIGHTS) -> ExtractiveReader:
        """Load a reader from its folder. Raises ModelError when a file is missing or damaged."""
        return _load(folder)

    def read(
        self, question: str, passages: Sequence[str], *, per_passage: int = 5
    ) -> list[Reading]:
        """Return possible answers, best first; see rag.readers.Reader."""
        asked = head(self._vocabulary.cut([question])[0], MAX_QUESTION)
        given = [
            (k, head(tokens, MAX_TOKENS)) for k, tokens in enumerate(self._vocabulary.cut(passages))
        ]
        given = [(k, tokens) for k, tokens in given if len(tokens.ids)]
        if not given or not len(asked.ids):
            return []
        scores = self._score(asked, [tokens for _, tokens in given])
        readings = []
        for (k, tokens), grid in zip(given, scores, strict=True):
            readings += [
                Reading(k, _characters(tokens, i, j), score)
                for i, j, score in _best_spans(grid, per_passage)
            ]
        return sorted(readings, key=lambda r: -r.score)

    def _score(self, question: Tokens, passages: Sequence[Tokens]) -> list[Floats]:
        """Return for each passage the (n, n) log-odds of its spans, start to end inclusive, against
        "not here"."""
        w = self._weights
        features = [
            match_features(question, p, self._table.match, self._table.rarity) for p in passages
        ]
        lengths = [len(p.ids) for p in passages]
        longest = max(lengths)
        real = np.arange(longest) < np.array(lengths)[:, None]
        x_in = np.zeros((len(passages), longest, w["passage_in.weight"].shape[1]), np.float32)
        q_in = np.stack([np.concatenate([self._embed(question), f.question], 1) for f in features])
        for row, (passage, f) in enumerate(zip(passages, features, strict=True)):
            x_in[row, : lengths[row]] = np.concatenate([self._embed(passage), f.passage], 1)
        spans, null = _forward(w, x_in, real, q_in)
        return [spans[row, :n, :n] - null[row] for row, n in enumerate(lengths)]

    def _embed(self, tokens: Tokens) -> Floats:
        w = self._weights
        parts = [
            self._words[tokens.ids],
            w["characters.weight"][tokens.first],
            w["characters.weight"][tokens.last],
        ]
        return np.concatenate([*parts, w["kinds.weight"][tokens.kinds]], 1)


@cache
def _load(folder: Path) -> ExtractiveReader:
    try:
        vocabulary = Vocabulary.load(folder / "vocabulary.tsv")
        table = load_word_table(folder / "words.safetensors")
        weights = load_network(folder / "network.safetensors")
        calibration = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))
        if (grown := folder / TREES).exists():  # a reader just trained has none
            calibration["trees"] = Trees.load(grown)
    except Exception as error:  # safetensors raises its own kinds; all mean the same to the user
        raise ModelError(
            f"the reader in {folder} cannot be loaded ({error}): install Youju again"
        ) from error
    return ExtractiveReader(vocabulary, table, weights, calibration)


def _characters(tokens: Tokens, first: int, last: int) -> Span:
    return Span(int(tokens.borders[first, 0]), int(tokens.borders[last, 1]))


def _best_spans(grid: Floats, count: int) -> list[tuple[int, int, float]]:
    """Return the best spans of a passage: `count` that do not overlap, and other cuts of these.

    A place may be cut in `_OTHER_CUTS` more ways (105台 | 105台创了纪录): what kind of answer is
    asked for decides between them later.
    """
    n = len(grid)
    offsets = np.arange(n)[None] - np.arange(n)[:, None]
    allowed = np.where((offsets >= 0) & (offsets < MAX_SPAN), grid, _FAR).ravel()
    tried = np.argpartition(-allowed, min(len(allowed) - 1, 40 * count))[: 40 * count + 1]
    apart: list[tuple[int, int, float]] = []
    others: list[tuple[int, int, float]] = []
    for place in tried[np.argsort(-allowed[tried])]:
        i, j = divmod(int(place), n)
        if allowed[place] <= _FAR / 2:
            break
        span = (i, j, float(allowed[place]))
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


def _forward(
    w: dict[str, Floats], x_in: Floats, real: npt.NDArray[np.bool_], q_in: Floats
) -> tuple[Floats, Floats]:
    """Run the network of rag.readers.train: (B, T, T) span scores and (B,) null scores."""
    question = _linear(w, "question_in", q_in)
    everywhere = np.ones(question.shape[:2], bool)
    for k in range(3):
        question = _conv(w, f"question_blocks.{k}", question, everywhere, 1, None)
    pool = _softmax(_linear(w, "question_pool", question)[..., 0])
    vector = (pool[:, None] @ question)[:, 0]
    x = _look(w, "first_look", _linear(w, "passage_in", x_in), question)
    for k, name in enumerate(BLOCKS):
        if name == "attend":
            x = _attend(w, f"blocks.{k}", x, real)
        elif name == "question":
            x = _look(w, f"blocks.{k}", x, question)
        else:
            x = _conv(w, f"blocks.{k}", x, real, int(name[-1]), vector)
    x = _norm(w, "norm", x)
    spans = _linear(w, "start", x) + np.swapaxes(_linear(w, "end", x), 1, 2)
    left, right = _linear(w, "left", x), _linear(w, "right", x)
    spans = spans + left @ np.swapaxes(right, 1, 2) / np.float32(left.shape[-1] ** 0.5)
    top = np.where(real[..., None], x, _FAR).max(1)
    mean = (x * real[..., None]).sum(1) / real.sum(1, keepdims=True)
    hidden = np.tanh(_linear(w, "null_hidden", np.concatenate([top, mean, vector], -1)))
    return spans, _linear(w, "null", hidden)[:, 0]


def _linear(w: dict[str, Floats], name: str, x: Floats) -> Floats:
    y = x.reshape(-1, x.shape[-1]) @ w[f"{name}.weight"].T
    if f"{name}.bias" in w:
        y += w[f"{name}.bias"]
    return y.reshape(*x.shape[:-1], -1)


# What follows works in place where it can: fresh arrays cost as much as the sums.


def _norm(w: dict[str, Floats], name: str, x: Floats) -> Floats:
    out: Floats = x - x.mean(-1, keepdims=True)
    variance = np.einsum("...i,...i->...", out, out)[..., None] / np.float32(x.shape[-1])
    out *= 1 / np.sqrt(variance + np.float32(1e-5))
    out *= w[f"{name}.weight"]
    out += w[f"{name}.bias"]
    return out


def _softmax(x: Floats) -> Floats:
    """Return the softmax over the last axis; `x` is overwritten."""
    x -= x.max(-1, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(-1, keepdims=True)
    return x


def _conv(
    w: dict[str, Floats],
    name: str,
    x: Floats,
    real: npt.NDArray[np.bool_],
    dilation: int,
    vector: Floats | None,
) -> Floats:
    taps = w[f"{name}.taps"]
    batch, length, width = x.shape
    reach = dilation * (len(taps) // 2)
    padded = np.zeros((batch, length + 2 * reach, width), np.float32)
    np.multiply(
        _norm(w, f"{name}.norm", x), real[..., None], out=padded[:, reach : reach + length]
    )
    mixed: Floats = padded[:, :length] * taps[0]
    term = np.empty_like(mixed)
    for k in range(1, len(taps)):
        np.multiply(padded[:, k * dilation : k * dilation + length], taps[k], out=term)
        mixed += term
    h = _linear(w, f"{name}.project", mixed)
    if vector is not None:
        h += _linear(w, f"{name}.condition", vector)[:, None]
    gate = np.negative(h[..., width:], out=term)
    np.exp(gate, out=gate)
    gate += 1
    np.divide(h[..., :width], gate, out=mixed)
    mixed += x
    return mixed


def _attend(w: dict[str, Floats], name: str, x: Floats, real: npt.NDArray[np.bool_]) -> Floats:
    batch, length, width = x.shape
    heads = _linear(w, f"{name}.heads", _norm(w, f"{name}.norm", x)).reshape(
        batch, length, 3, HEADS, width // HEADS
    )
    q, k, v = heads.transpose(2, 0, 3, 1, 4)
    scores = q @ np.swapaxes(k, -1, -2) / np.float32((width // HEADS) ** 0.5)
    scores += np.where(real, np.float32(0), _FAR)[:, None, None]
    mixed = (_softmax(scores) @ v).transpose(0, 2, 1, 3).reshape(batch, length, width)
    return x + _linear(w, f"{name}.out", mixed)


def _look(w: dict[str, Floats], name: str, x: Floats, question: Floats) -> Floats:
    h = _norm(w, f"{name}.norm", x)
    scores = _linear(w, f"{name}.ask", h) @ np.swapaxes(_linear(w, f"{name}.key", question), 1, 2)
    a = _softmax(scores / np.float32(h.shape[-1] ** 0.5)) @ question
    return x + _linear(w, f"{name}.mix", np.concatenate([a, h * a], -1))
