"""The bundled tokenizer in numpy: the same tokens as `tokenizers`, for many texts at once.

`tokenizers` spends its time walking a trie of hash maps, character by character: 3,200 windows of
240 characters a second on one core of a busy machine, this 15,000. Chinese words of this vocabulary
have at most four characters, so here the pairs of a whole block are looked up in one sorted table,
and the best cut (Viterbi) is found for all runs of Chinese together, one step a character. Words
and numbers are cut by `tokenizers` once each and remembered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

Ints = NDArray[np.int64]

# the tokenizer this stands for: any other is left to `tokenizers`
_NORMALIZERS = [
    {"type": "Replace", "pattern": {"Regex": "(?<=[一-鿿])\\s+(?=[一-鿿])"}, "content": ""},
    {
        "type": "Replace",
        "pattern": {"Regex": "(?<![a-z])(?=[a-z])|(?<![0-9])(?=[0-9])"},
        "content": " _",
    },
]
_SPLIT = {
    "type": "Split",
    "pattern": {"Regex": "[一-鿿]+|_[a-z]+|_[0-9]+"},
    "behavior": "Removed",
    "invert": True,
}
_FIRST, _HAN = 0x4E00, 0x9FFF - 0x4E00 + 1
_BITS = 15  # of a Chinese character
_LONGEST = 4  # characters of a Chinese token
# Characters that are normalised one by one; beside others (combining marks, emoji sequences) a text
# is left to `tokenizers`.
_PLAIN = re.compile(
    "[\n\t -~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2100-\u2bff"
    "\u3000-\u3029\u3030-\u303f\u3041-\u3096\u309b-\u30ff\u3400-\u9fff\uff01-\uff9d\uffe0-\uffee]"
)
_LONGEST_RUN = 300  # Chinese characters; each is one step, so a longer run is left to `tokenizers`
_MOST_WORDS = 200_000  # remembered
_UNKNOWN_PENALTY = 10.0  # tokenizers' own, below the lowest score
_MOST_TEXTS = 4096  # at once: number of the text and token share 32 bits
_TOKEN_BITS = 20

_OTHER, _LETTER, _DIGIT, _CHINESE, _SPACE = range(5)
_UNSEEN, _ODD, _SIGN = -1, -2, ord(".")


class _Folding:
    """What each character of the Basic Multilingual Plane is normalised to, found out when it first
    occurs: one character, or _ODD where that does not do."""

    def __init__(self, normalizer: dict[str, Any]) -> None:
        empty = {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"}
        rest = {"version": "1.0", "added_tokens": [], "normalizer": normalizer, "model": empty}
        self._normalizer = Tokenizer.from_str(json.dumps(rest)).normalizer
        self._folded = np.full(0x10000, _UNSEEN, np.int32)
        self._folded[0], self._folded[0xFFFF] = 0, _ODD  # the end of a text; all other planes
        self.kinds = np.zeros(0x10000, np.int8)
        self.kinds[ord("a") : ord("z") + 1] = _LETTER
        self.kinds[ord("0") : ord("9") + 1] = _DIGIT
        self.kinds[_FIRST : _FIRST + _HAN] = _CHINESE
        self.kinds[[c for c in range(0x10000) if chr(c).isspace()]] = _SPACE

    def fold(self, text: str) -> NDArray[np.int32]:
        """Return the codes of the normalised characters."""
        codes = np.minimum(np.frombuffer(text.encode("utf-32-le"), np.uint32), 0xFFFF)
        folded = self._folded[codes]
        if (unseen := folded == _UNSEEN).any():
            for code in np.unique(codes[unseen]).tolist():
                self._folded[code] = self._one(chr(code))
            folded = self._folded[codes]
        return folded

    def _one(self, character: str) -> int:
        if not _PLAIN.fullmatch(character):
            return _ODD
        folded: str = self._normalizer.normalize_str(character)
        if len(folded) == 1:
            return ord(folded) if folded < "\uffff" else _ODD
        # three dots for an ellipsis: whatever sign it is, it parts words
        is_sign = folded and all(self.kinds[min(ord(c), 0xFFFF)] == _OTHER for c in folded)
        return _SIGN if is_sign else _ODD


class UnigramCutter:
    """Cuts texts into the tokens of one vocabulary."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Raises ValueError when `tokenizer` is of another kind than the bundled one."""
        parts: dict[str, Any] = json.loads(tokenizer.to_str())
        steps = (parts["normalizer"] or {}).get("normalizers", [])
        if (
            parts["model"]["type"] != "Unigram"
            or parts["model"]["byte_fallback"]
            or parts["pre_tokenizer"] != _SPLIT
            or steps[1:] != _NORMALIZERS
            or parts["added_tokens"]
            or parts["model"]["unk_id"] != 0
        ):
            raise ValueError("not the bundled kind of tokenizer")
        self._tokenizer = tokenizer
        self._folding = _Folding(steps[0])
        self._words: dict[bytes, list[int]] = {}
        self._read(parts["model"]["vocab"])

    def _read(self, vocabulary: list[tuple[str, float]]) -> None:
        """Lay the Chinese tokens out as a trie: a dense table of first characters, then sorted keys
        (node of the parent, character) for each further one."""
        lowest = min(score for _, score in vocabulary)
        self._one_score = np.full(_HAN, lowest - _UNKNOWN_PENALTY)
        self._one_id = np.zeros(_HAN, np.int64)
        words = {w: (n, s) for n, (w, s) in enumerate(vocabulary) if re.fullmatch("[一-鿿]+", w)}
        if max(map(len, words), default=0) > _LONGEST:
            raise ValueError(f"Chinese tokens of more than {_LONGEST} characters")
        nodes: dict[str, int] = {}
        for word, (number, score) in words.items():
            if len(word) == 1:
                self._one_score[ord(word) - _FIRST] = score
                self._one_id[ord(word) - _FIRST] = number
        for character in range(_HAN):
            nodes[chr(character + _FIRST)] = character
        self._levels: list[tuple[Ints, NDArray[np.float64], Ints, NDArray[np.bool_]]] = []
        for length in range(2, _LONGEST + 1):
            prefixes = {w[:length] for w in words if len(w) >= length}
            keyed = sorted((nodes[p[:-1]] << _BITS | ord(p[-1]) - _FIRST, p) for p in prefixes)
            nodes = {p: place for place, (_, p) in enumerate(keyed)}
            longer = {w[:length] for w in words if len(w) > length}
            self._levels.append(
                (
                    # a last key above all others, so that every search ends at one
                    np.array([*(key for key, _ in keyed), 1 << 62]),
                    np.array([*(words.get(p, (0, -np.inf))[1] for _, p in keyed), -np.inf]),
                    np.array([*(words.get(p, (0, 0))[0] for _, p in keyed), 0]),
                    np.array([*(p in longer for _, p in keyed), False]),
                )
            )

    def cut(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Return the known tokens of each text, rising, with repeats."""
        found: list[NDArray[np.int64]] = []
        for first in range(0, len(texts), _MOST_TEXTS):
            found += self._cut_block(texts[first : first + _MOST_TEXTS])
        return found

    def cut_one(self, text: str) -> NDArray[np.int64]:
        """Return the known tokens of a text, rising, by `tokenizers` itself."""
        return known(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _cut_block(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        joined = "\0".join(texts)
        if joined.count("\0") != len(texts) - 1:
            return [self.cut_one(text) for text in texts]
        # NULs at both ends, so that a token begins and ends inside whatever its length
        codes = self._folding.fold("\0" * _LONGEST + joined + "\0" * _LONGEST)
        codes = codes[~self._gaps(codes)]
        text_of = np.cumsum(codes == 0) - _LONGEST
        kinds = self._folding.kinds[codes]
        edges = np.flatnonzero(np.diff(kinds)) + 1
        starts, ends = edges[:-1], edges[1:]
        of = kinds[starts]
        too_long = (of == _CHINESE) & (ends - starts > _LONGEST_RUN)
        odd = {*text_of[codes == _ODD].tolist(), *text_of[starts[too_long]].tolist()}
        word = (of == _LETTER) | (of == _DIGIT)
        at, ids = self._word_tokens(codes, starts[word], ends[word])
        run = (of == _CHINESE) & ~too_long
        at_run, ids_run = self._han_tokens(codes, kinds == _CHINESE, starts[run], ends[run])
        texts_of = text_of[np.concatenate([at, at_run])]
        keys = (texts_of << _TOKEN_BITS | np.concatenate([ids, ids_run])).astype(np.uint32)
        keys.sort()
        tokens = keys & ((1 << _TOKEN_BITS) - 1)
        keys, tokens = keys[tokens > 0], tokens[tokens > 0].astype(np.int64)
        limits = np.searchsorted(keys, (np.arange(1, len(texts)) << _TOKEN_BITS).astype(np.uint32))
        found = np.split(tokens, limits)
        for place in odd:
            found[place] = self.cut_one(texts[place])
        return found

    def _gaps(self, codes: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return which characters are white space between two Chinese ones."""
        kinds = self._folding.kinds[codes]
        gaps: NDArray[np.bool_] = kinds == _SPACE
        at, others = np.flatnonzero(gaps), np.flatnonzero(~gaps)
        following = np.searchsorted(others, at)
        before, after = kinds[others[following - 1]], kinds[others[following]]
        gaps[at] = (before == _CHINESE) & (after == _CHINESE)
        return gaps

    def _word_tokens(self, codes: NDArray[np.int32], starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
        """Return (position of the word, token) of the tokens of words and numbers."""
        letters = codes.astype(
            np.uint8
        ).tobytes()  # words are ASCII; what else it holds is not read
        found = [
            self._word(letters[start:end])
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        ]
        ids = np.fromiter(chain.from_iterable(found), np.int64)
        return np.repeat(starts, [len(tokens) for tokens in found]), ids

    def _word(self, word: bytes) -> list[int]:
        ids = self._words.get(word)
        if ids is None:
            if len(self._words) >= _MOST_WORDS:
                self._words.clear()
            ids = self._tokenizer.encode(word.decode(), add_special_tokens=False).ids
            self._words[word] = ids
        return ids

    def _han_tokens(
        self, codes: NDArray[np.int32], is_han: NDArray[np.bool_], starts: Ints, ends: Ints
    ) -> tuple[Ints, Ints]:
        """Return (position, token) of the best cut of runs of Chinese characters."""
        scores, tokens = self._candidates(codes - _FIRST, is_han)
        back = _best_lengths(starts, ends - starts, scores)
        where, found = [starts[:0]], [tokens[0, :0]]
        at = ends
        while len(at):
            length = back[at]
            where.append(at - length)
            found.append(tokens[length - 1, at])
            at = at - length
            at = at[is_han[at - 1]]
        return np.concatenate(where), np.concatenate(found)

    def _candidates(
        self, codes: NDArray[np.int32], is_han: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], Ints]:
        """Return scores and tokens, (4, n) each: row k is of the token of k + 1 characters that
        ends before a position; -inf where there is none."""
        scores = np.full((_LONGEST, len(codes)), -np.inf)
        tokens = np.zeros((_LONGEST, len(codes)), np.int64)
        at = np.flatnonzero(is_han)
        node = codes[at].astype(np.int64)
        scores[0, at + 1], tokens[0, at + 1] = self._one_score[node], self._one_id[node]
        for length, (keys, score, token, longer) in enumerate(self._levels, 1):
            follows = is_han[at + length]
            at, node = at[follows], node[follows]
            key = (node << _BITS) | codes[at + length]
            place = np.searchsorted(keys, key)
            hit = np.flatnonzero(keys[place] == key)
            at, node = at[hit], place[hit]
            end = at + length + 1
            scores[length, end], tokens[length, end] = score[node], token[node]
            more = longer[node]
            at, node = at[more], node[more]
        return scores, tokens


def known(ids: Sequence[int]) -> NDArray[np.int64]:
    """Return tokens but the unknown one (0), rising."""
    found = np.sort(np.array(ids, np.int64))
    return found[found > 0]


def _best_lengths(starts: Ints, lengths: Ints, scores: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return for each boundary the length of the token that ends there in the best cut (Viterbi).

    All runs step together, longest first, so that those still going are a slice. Of equal cuts the
    longer last token wins, as in `tokenizers`.
    """
    order = np.argsort(-lengths, kind="stable")
    starts, lengths = starts[order], lengths[order]
    back = np.zeros(scores.shape[1], np.int8)
    # the best score up to the last boundaries, newest first; before a run, no token can begin
    past = [np.zeros(len(starts))] * _LONGEST
    steps = np.arange(1, int(lengths[0]) + 1 if len(lengths) else 1)
    going = np.searchsorted(-lengths, -steps, side="right").tolist()
    for step, count in zip(steps.tolist(), going, strict=True):
        end = starts[:count] + step
        ending = scores.take(end, axis=1)
        top = ending[-1] + past[-1][:count]
        length = np.full(count, _LONGEST, np.int8)
        for shorter in range(_LONGEST - 1, 0, -1):
            score = ending[shorter - 1] + past[shorter - 1][:count]
            np.copyto(length, np.int8(shorter), where=score > top)
            np.maximum(top, score, out=top)
        back[end] = length
        past = [top, *past[:-1]]
    return back
