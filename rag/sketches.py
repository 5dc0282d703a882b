"""Text → letters and fingerprints, so that copies can be found by what they share.

Letters are what two texts must agree in, spelling variants folded; white space and punctuation are
left out, and a number is one letter, whatever it says: texts that differ in their numbers alone are
told by comparing those. A fingerprint is the least hash of
a window of neighbouring shingles (a MinHash of every window with one permutation; "winnowing",
Schleimer, Wilkerson and Aiken 2003): a stretch of SHINGLE + WINDOW - 1 = 39 characters or words
that stands in two texts is sure to leave a common fingerprint, wherever it stands in them.

Numpy, a block of texts at a time: 41.7 M characters in 3.3 s on one core. datasketch 2.0 took 40 s
for signatures of 32 to 128 permutations a chunk, needs scipy (113 MB), and its tables of buckets
live in memory or in a server (2026-11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from rag.terms import fold

SHINGLE = 8  # Chinese characters, or words and numbers; a power of two
WINDOW = 32  # shingles, of which one is kept at least; a power of two
_APART = SHINGLE + WINDOW  # empty places between two texts, so that no window sees both
_KNOWN = 0x32400  # code points; above it there are no letters yet
_LEFT_OUT = np.uint64(1 << 62)  # above every hash
_LONGEST_WORD = 64  # letters of a word that count
_COMMA, _POINT, _ZERO, _NINE, _HAN = 0x2C, 0x2E, 0x30, 0x39, 0x2E80

Codes = npt.NDArray[np.uint32]
Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Letters:
    """What a text is compared by. Letter i of `text` is [at[i], ends[i]) of the original; numbers
    are "0" there, and what they say stands in `numbers`, in order."""

    text: str
    at: Numbers
    ends: Numbers
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sketch:
    """The fingerprints of a text: 47-bit hashes, and the letters that their shingles begin at."""

    hashes: Numbers
    letters: Numbers


class _Block:
    """The letters of several texts, one after the other."""

    def __init__(self, texts: Sequence[str]) -> None:
        codes = np.frombuffer("\0".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
        letters = _letters()[np.minimum(codes, _KNOWN - 1)]
        _keep_signs_of_numbers(codes, letters)
        ends = np.cumsum([len(text) + 1 for text in texts])
        self.begins = np.concatenate([[0], ends[:-1]])
        characters = np.flatnonzero(letters)
        self.characters: Codes = letters[characters]
        is_number = self.characters <= _NINE
        is_first = np.ones(len(characters), bool)  # of its word
        is_first[1:] = np.diff(characters) > 1
        kind = np.where(self.characters >= _HAN, 0, np.where(is_number, 1, 2)).astype(np.int8)
        is_first[1:] |= (kind[1:] == 0) | (kind[1:] != kind[:-1])
        # the characters that letters begin at, and those that words begin at
        self.firsts = np.flatnonzero(is_first | ~is_number)
        self.words = np.flatnonzero(is_first)
        self.at = characters[self.firsts]
        after = np.append(self.firsts[1:], len(characters))[: len(self.firsts)]
        self.ends = characters[after - 1] + 1
        self.is_number = is_number[self.firsts]
        # letters of text n: [borders[n], borders[n + 1])
        self.borders = np.concatenate([[0], np.searchsorted(self.at, ends)])


def letters_of(texts: Sequence[str]) -> list[Letters]:
    """Return the letters of each text.

    >>> letters_of(["７月，交付 1,105臺（3.44）。"])[0]  # doctest: +ELLIPSIS
    Letters(text='0月交付0台0', ..., numbers=('7', '1105', '3.44'))
    """
    block = _Block(texts)
    shown = np.where(block.is_number, _ZERO, block.characters[block.firsts])
    found = []
    for n, text in enumerate(texts):
        part = slice(block.borders[n], block.borders[n + 1])
        at, ends = block.at[part] - block.begins[n], block.ends[part] - block.begins[n]
        which = block.is_number[part]
        numbers = (
            _number(text[a:b])
            for a, b in zip(at[which].tolist(), ends[which].tolist(), strict=True)
        )
        letters = shown[part].astype(np.uint32).tobytes().decode("utf-32-le")
        found.append(Letters(letters, at, ends, tuple(numbers)))
    return found


def _number(words: str) -> str:
    return fold(words).replace(",", "").lstrip("0") or "0"  # 08月 is 8月


def sketches_of(texts: Sequence[str]) -> list[Sketch]:
    """Return the fingerprints of each text; a text of less than SHINGLE words has none."""
    block = _Block(texts)
    if not len(block.words):
        return [Sketch(np.zeros(0, np.int64), np.zeros(0, np.int64)) for _ in texts]
    letters = np.searchsorted(block.firsts, block.words)  # that the words begin at
    text_of = np.searchsorted(block.borders[1:], letters, side="right")
    places = np.arange(len(letters)) + _APART * (text_of + 1)
    laid = np.zeros(places[-1] + 1 + _APART, np.uint64)
    laid[places] = _word_hashes(block)
    hashes = _shingle_hashes(laid)
    kept = np.flatnonzero(_least_of_windows(hashes)[places])
    borders = np.searchsorted(text_of[kept], np.arange(len(texts) + 1))
    chosen = hashes[places[kept]].astype(np.int64)
    found = []
    for n in range(len(texts)):
        part = slice(borders[n], borders[n + 1])
        found.append(Sketch(chosen[part], letters[kept[part]] - block.borders[n]))
    return found


@cache
def _letters() -> Codes:
    """Return, for each code point, the letter it counts as; 0 for what is left out."""
    characters = [chr(c) if not 0xD800 <= c < 0xE000 else " " for c in range(_KNOWN)]
    folded = fold("".join(characters))
    return np.array([ord(c) if c.isalnum() else 0 for c in folded], np.uint32)


def _keep_signs_of_numbers(codes: Codes, letters: Codes) -> None:
    """Keep the points of 3.44 and the commas of 1,105."""
    is_digit = np.zeros(len(codes) + 5, bool)  # the last is before the first
    is_digit[: len(codes)] = (letters >= _ZERO) & (letters <= _NINE)
    points = np.flatnonzero((codes == _POINT) | (codes == 0xFF0E))
    letters[points[is_digit[points - 1] & is_digit[points + 1]]] = _POINT
    commas = np.flatnonzero(codes == _COMMA)
    thousands = is_digit[commas - 1] & ~is_digit[commas + 4]
    for step in (1, 2, 3):
        thousands &= is_digit[commas + step]
    letters[commas[thousands]] = _COMMA


def _word_hashes(block: _Block) -> Hashes:
    letters, begins = block.characters, block.words
    lengths = np.diff(begins, append=len(letters))
    inside = np.minimum(np.arange(len(letters)) - np.repeat(begins, lengths), _LONGEST_WORD - 1)
    powers = np.array([pow(0x100000001B3, n, 1 << 64) for n in range(_LONGEST_WORD)], np.uint64)
    return _mixed(np.add.reduceat(letters.astype(np.uint64) * powers[inside], begins))


def _shingle_hashes(words: Hashes) -> Hashes:
    """Return the hash of the shingle at each place of `words` (0 where there is no word),
    _LEFT_OUT where none fits."""
    hashes, factor, step = words.copy(), 0xC2B2AE3D27D4EB4F, 1
    while step < SHINGLE:
        hashes[:-step] = hashes[:-step] + hashes[step:] * np.uint64(factor)
        factor, step = factor * factor % (1 << 64), 2 * step
    hashes = _mixed(hashes) >> np.uint64(17)
    fits = words != 0
    fits[: 1 - SHINGLE] &= fits[SHINGLE - 1 :]
    hashes[~fits] = _LEFT_OUT
    return hashes


def _least_of_windows(hashes: Hashes) -> npt.NDArray[np.bool_]:
    """Tell which hashes are the least of some window that they stand in."""
    least, step = hashes.copy(), 1
    while step < WINDOW:  # least[i] of hashes[i : i + 2 * step]
        least[:-step] = np.minimum(least[:-step], least[step:])
        step *= 2
    least[least == _LEFT_OUT] = 0
    step = 1
    while step < WINDOW:  # the greatest of least[i - 2 * step + 1 : i + 1]
        least[step:] = np.maximum(least[step:], least[:-step])
        step *= 2
    is_least: npt.NDArray[np.bool_] = least == hashes
    return is_least


def _mixed(values: Hashes) -> Hashes:
    """Spread values over 64 bits (the finisher of MurmurHash3, other constants)."""
    values = values * np.uint64(0x9E3779B97F4A7C15)
    values ^= values >> np.uint64(32)
    values *= np.uint64(0xD6E8FEB86659FD93)
    values ^= values >> np.uint64(29)
    return values
