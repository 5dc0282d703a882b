"""Text → the reader's tokens: Chinese words, Latin words, whole numbers, single signs; borders are
characters of the text.

"7月交付人形机器人105台" → 7 | 月 | 交付 | 人 | 形 | 机器人 | 105 | 台

Chinese runs are cut by a Unigram model whose vocabulary is words of 1 to 4 characters. On the CMRC
2018 trial set 98.9 % of the gold answers begin and end at such a border, and the sequence is 1.7
times shorter than characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from rag.terms import fold

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PADDING, UNKNOWN, NUMBER = 0, 1, 2
FIRST_WORD = 3

_RUN = re.compile(r"[\u4e00-\u9fff]+|[0-9]+(?:[.,:][0-9]+)*|[a-z\u00df-\u024f]+|[^\s]")
_CHINESE_NUMBER = frozenset("零〇一二三四五六七八九十百千万亿两几")
_KIND_OF_SIGN = {
    **dict.fromkeys("“‘「『（([《<【", 7),
    **dict.fromkeys("”’」』）)]》>】", 8),
    **dict.fromkeys("，,；;：:", 9),
    "、": 10,
    **dict.fromkeys("。！？!?…", 11),
    "%": 12,
}
KINDS = 15


class Tokens(NamedTuple):
    """n tokens of one text. `borders[i]` is the half-open range of characters of token i."""

    text: str  # folded, same length as the text given
    borders: npt.NDArray[np.int32]  # (n, 2)
    ids: npt.NDArray[np.int32]  # (n,) rows of the word table
    kinds: npt.NDArray[np.int32]  # (n,) 1 to KINDS - 1
    first: npt.NDArray[np.int32]  # (n,) row of the character table for the token's first character
    last: npt.NDArray[np.int32]  # (n,) … and its last


class Vocabulary:
    """The words, their log-probabilities for cutting, and the character table's keys."""

    def __init__(
        self, words: Sequence[str], log_probabilities: Sequence[float], characters: str
    ) -> None:
        self.words = list(words)
        self.log_probabilities = list(log_probabilities)
        self.characters = characters
        self.id_of = {word: i + FIRST_WORD for i, word in enumerate(self.words)}
        self._character_of = {c: i + 2 for i, c in enumerate(characters)}
        self._rows: dict[str, tuple[int, int, int, int]] = {}  # of words met before
        self._cutter = _make_cutter(self.words, self.log_probabilities)

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read `vocabulary.tsv`: the character table's keys on the first line, then one word TAB
        log-probability a line."""
        lines = path.read_text(encoding="utf-8").split("\n")
        pairs = [line.split("\t") for line in lines[1:] if line]
        return cls([word for word, _ in pairs], [float(p) for _, p in pairs], lines[0])

    def save(self, path: Path) -> None:
        """Write what `load` reads."""
        rows = (
            f"{word}\t{p:.2f}" for word, p in zip(self.words, self.log_probabilities, strict=True)
        )
        path.write_text("\n".join([self.characters, *rows]) + "\n", encoding="utf-8")

    def cut(self, texts: Sequence[str]) -> list[Tokens]:
        """Return the tokens of each text; Traditional and full-width forms, and case, are folded
        first."""
        folded = [fold(text) for text in texts]
        runs = [[match.span() for match in _RUN.finditer(text)] for text in folded]
        chinese = [
            " ".join(text[a:b] for a, b in some if _is_chinese(text[a]))
            for text, some in zip(folded, runs, strict=True)
        ]
        cuts = [encoding.offsets for encoding in self._cutter.encode_batch(chinese)]
        return [self._tokens(*parts) for parts in zip(folded, runs, cuts, strict=True)]

    def _tokens(
        self, text: str, runs: list[tuple[int, int]], cuts: list[tuple[int, int]]
    ) -> Tokens:
        borders: list[tuple[int, int]] = []
        base = k = 0
        for start, end in runs:
            if not _is_chinese(text[start]):
                borders.append((start, end))
                continue
            while k < len(cuts) and cuts[k][0] < base + end - start:
                borders.append((start + cuts[k][0] - base, start + cuts[k][1] - base))
                k += 1
            base += end - start + 1
        known = self._rows.get
        rows = [known(text[a:b]) or self._row(text[a:b]) for a, b in borders]
        return Tokens(text, _table(borders, 2), *_table(rows, 4).T)

    def _row(self, piece: str) -> tuple[int, int, int, int]:
        """Return id, kind, first and last character of a token."""
        first, last = (self._character_of.get(c, 1) for c in (piece[0], piece[-1]))
        row = self._id(piece), kind(piece), first, last
        # there are so many words and signs and no more, unlike longer pieces that are unknown
        if row[0] >= FIRST_WORD or len(piece) == 1:
            self._rows[piece] = row
        return row

    def _id(self, piece: str) -> int:
        if piece[0].isdigit() and piece[0].isascii():
            return NUMBER
        return self.id_of.get(piece, UNKNOWN)


def _table(rows: Sequence[tuple[int, ...]], width: int) -> npt.NDArray[np.int32]:
    """Return rows as an array; a third of the time that numpy takes from tuples."""
    return np.fromiter(chain.from_iterable(rows), np.int32, width * len(rows)).reshape(-1, width)


def head(tokens: Tokens, count: int) -> Tokens:
    """Return the first `count` tokens, with the text cut behind them."""
    if len(tokens.ids) <= count:
        return tokens
    return Tokens(
        tokens.text[: int(tokens.borders[count - 1, 1])], *(array[:count] for array in tokens[1:])
    )


@cache
def kind(piece: str) -> int:
    """Return the token's kind: whole number, year, decimal, Chinese numeral, word, Latin, or which
    sort of sign."""
    head = piece[0]
    if head.isdigit() and head.isascii():
        if re.fullmatch(r"(?:19|20)\d\d", piece):
            return 2
        return 1 if piece.isdigit() else 3
    if _is_chinese(piece):
        if set(piece) <= _CHINESE_NUMBER:
            return 4
        return 5 if len(piece) == 1 else 13
    if head.isalpha():
        return 6
    return _KIND_OF_SIGN.get(head, 14)


def _is_chinese(piece: str) -> bool:
    return "\u4e00" <= piece[0] <= "\u9fff"


def _make_cutter(words: Sequence[str], log_probabilities: Sequence[float]) -> Tokenizer:
    from tokenizers import Tokenizer, models, pre_tokenizers

    pairs = [("<unk>", -30.0)]
    pairs += [(w, p) for w, p in zip(words, log_probabilities, strict=True) if _is_chinese(w)]
    cutter = Tokenizer(models.Unigram(pairs, unk_id=0))
    cutter.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return cutter
