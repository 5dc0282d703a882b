"""Kinds of characters, by what they say at the end of a line or at the start of one, and the lines
of a text."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

HAN_RANGES = ((0x3007, 0x3008), (0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00))
# kinds of characters, by what they say at the end of a line or at the start of one
KINDS = (
    "other",
    "han",
    "stop",
    "period",
    "comma",
    "colon",
    "open quote",
    "open bracket",
    "close quote",
    "close bracket",
    "digit",
    "upper",
    "lower",
    "dash",
    "percent",
    "bullet",
    "ellipsis",
    "letter",
    "numeral",
)
KIND = {name: number for number, name in enumerate(KINDS)}
_SIGNS = {
    "stop": "。！？!?；;",
    "period": ".",
    "comma": "，、,",
    "colon": "：:",
    "open quote": "“‘「『",
    "open bracket": "（《〈【([{",
    "close quote": "”’」』",
    "close bracket": "）》〉】)]}",
    "dash": "-—―–~～·/",
    "percent": "%％℃°‰",
    "bullet": "■◆●▲◀▶◎□★☆▼△▽◇○•*#|>※①②③④⑤⑥⑦⑧⑨⑩",
    "ellipsis": "…",
    "numeral": "一二三四五六七八九十",
}


@cache
def kind_table() -> npt.NDArray[np.uint8]:
    """Return the kind of every code point up to the last of the basic plane."""
    table = np.zeros(0x10000, np.uint8)
    for start, end in HAN_RANGES:
        table[start:end] = KIND["han"]
    table[0x30:0x3A] = KIND["digit"]
    table[0x41:0x5B] = KIND["upper"]
    table[0x61:0x7B] = KIND["lower"]
    for start, end in ((0xC0, 0x250), (0x370, 0x590), (0xAC00, 0xD7A4), (0x3041, 0x3100)):
        table[start:end] = KIND["letter"]
    for name, signs in _SIGNS.items():
        table[[ord(c) for c in signs]] = KIND[name]
    return table


class Lines(NamedTuple):
    """The lines of a page that hold text: where they stand and what parts them.

    All arrays have one entry a line, but `newlines` and `blanks` one for each of the n - 1 breaks.
    """

    codes: npt.NDArray[np.uint32]
    starts: Integers
    ends: Integers
    indents: Integers  # blanks before the first character
    newlines: Integers


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """Return the code points of a text, lone surrogates too."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def find_lines(codes: npt.NDArray[np.uint32]) -> Lines:
    """Find the lines of a text whose only white space is blanks and newlines."""
    newline = codes == 10
    filled = np.flatnonzero(~newline & (codes != 32))
    if not len(filled):
        empty = np.zeros(0, np.int64)
        return Lines(codes, empty, empty, empty, empty)
    at = np.flatnonzero(newline)
    count = np.searchsorted(at, filled)  # newlines before each character that is no blank
    borders = np.flatnonzero(count[1:] != count[:-1])
    starts = filled[np.concatenate([[0], borders + 1])]
    ends = filled[np.concatenate([borders, [len(filled) - 1]])] + 1
    newlines = (count[borders + 1] - count[borders]).astype(np.int64)
    heads = np.concatenate([[0], count[borders + 1]])
    before = np.where(heads > 0, at[np.maximum(heads, 1) - 1] + 1 if len(at) else 0, 0)
    return Lines(codes, starts, ends, starts - before, newlines)


_ROLES = {
    "closes": "、)）",
    "point": ".．",
    "opens": "(（",
    "ordinal": "第",
    "clause": "章节条",
    "mark": "电讯完摄社图",
    "bracket": "）)】",
    "number": "0123456789一二三四五六七八九十",
}
ROLE = {name: 1 << number for number, name in enumerate(_ROLES)}


@cache
def role_table() -> npt.NDArray[np.uint8]:
    """Return what each code point may be in the mark of an item or at the end of a story, as
    bits."""
    table = np.zeros(0x10000, np.uint8)
    for name, signs in _ROLES.items():
        table[[ord(c) for c in signs]] |= ROLE[name]
    return table
