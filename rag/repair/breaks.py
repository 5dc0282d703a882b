"""Is a line break a wrap or a paragraph's end? Decided for all breaks of a page at once, by weights
fitted on damaged news (`python -m eval.repairs fit`).

What is looked at, of the line before and the line after a break:
  layout   how far the line falls short of its column, and whether the next word would have fitted;
           how many lines around are as wide; blank lines and indents, against what is usual here
  text     the last and the first character; whether a quotation or bracket is open; whether the two
           characters often stand together in running text, or the second often begins a paragraph
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

WEIGHTS = Path(__file__).parent / "weights.npz"
REACH = (
    8  # lines before and after that tell how wide the column is: fewer waver, more cross columns
)
_OPEN_WITHIN = 160  # characters: a quotation open for longer was never closed

_HAN_RANGES = ((0x3007, 0x3008), (0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00))
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
_KIND = {name: number for number, name in enumerate(KINDS)}
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
    for start, end in _HAN_RANGES:
        table[start:end] = _KIND["han"]
    table[0x30:0x3A] = _KIND["digit"]
    table[0x41:0x5B] = _KIND["upper"]
    table[0x61:0x7B] = _KIND["lower"]
    for start, end in ((0xC0, 0x250), (0x370, 0x590), (0xAC00, 0xD7A4), (0x3041, 0x3100)):
        table[start:end] = _KIND["letter"]
    for name, signs in _SIGNS.items():
        table[[ord(c) for c in signs]] = _KIND[name]
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


def _windows(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return for each value those around it, (n, 2 * REACH + 1), NaN past the ends."""
    edge = np.full(REACH, np.nan, np.float32)
    padded = np.concatenate([edge, values, edge])
    windows: npt.NDArray[np.float32] = padded[
        np.arange(len(values))[:, None] + np.arange(2 * REACH + 1)
    ]
    return windows


def _binned(values: npt.NDArray[Any], edges: tuple[float, ...]) -> Integers:
    return np.asarray(np.searchsorted(edges, values, side="right"), np.int64)


# name → number of values: each is one indicator, and the products of some are too
_FIELDS = {
    "end": len(KINDS) * 2,  # kind of the last character; seen through a closing quote or not
    "start": len(KINDS) + 3,
    "short": 9,  # of the column
    "fits": 2,
    "gap": 9,  # newlines, against the share of blank lines around
    "indent": 6,
    "width": 8,
    "alike": 5,  # lines around as wide as this
    "wider": 5,  # lines around wider than this
    "next": 5,  # the next line against this
    "cut": 5,  # share of the lines around that stop in mid-sentence
    "open": 5,
    "signs": 6,  # commas and stops in the line
    "next signs": 6,
    "mark": 9,
    "finish": 2,
    "pair": 8,
    "opens": 7,
    "first": 5,  # whether the line before the break begins a paragraph
    "shape": 6,  # heading, headlines in a row, middle of a paragraph: see `_shapes`
}
_PRODUCTS = (
    ("short", "end"),
    ("short", "cut"),
    ("short", "gap"),
    ("short", "alike"),
    ("short", "next"),
    ("short", "fits", "cut"),
    ("gap", "cut"),
    ("gap", "end"),
    ("end", "start"),
    ("end", "cut"),
    ("width", "cut"),
    ("width", "end"),
    ("indent", "gap"),
    ("indent", "short"),
    ("signs", "width"),
    ("signs", "next signs"),
    ("signs", "short"),
    ("alike", "wider"),
    ("next", "width"),
    ("pair", "end"),
    ("pair", "short"),
    ("opens", "short"),
    ("opens", "end"),
    ("mark", "short"),
    ("mark", "gap"),
    ("finish", "short"),
    ("start", "gap"),
    ("start", "short"),
    ("signs", "end"),
    ("open", "short"),
    ("first", "short"),
    ("first", "short", "gap"),
    ("first", "signs"),
    ("first", "end"),
    ("shape", "short"),
    ("shape", "end"),
    ("shape", "alike"),
    ("shape", "gap"),
    ("shape", "pair"),
)


@cache
def layout() -> tuple[Floats, int]:
    """Return the map from field values to the numbers of the indicators that hold, (fields + 1,
    fields and products), and how many indicators there are.

    The number of a product's indicator is a linear form of its fields: one matrix does them all.
    """
    names = list(_FIELDS)
    forms = [*((name,) for name in names), *_PRODUCTS]
    matrix, at = np.zeros((len(names) + 1, len(forms)), np.float32), 0
    for column, form in enumerate(forms):
        matrix[-1, column], size = at, 1
        for name in reversed(form):
            matrix[names.index(name), column] = size
            size *= _FIELDS[name]
        at += size
    return matrix, at


def indicators(fields: dict[str, Integers]) -> npt.NDArray[np.int32]:
    """Return the numbers of the indicators that hold, (breaks, fields and products)."""
    matrix, _ = layout()
    values = np.ones((len(_FIELDS) + 1, len(fields["end"])), np.float32)
    for row, name in enumerate(_FIELDS):
        values[row] = fields[name]
    return (values.T @ matrix).astype(np.int32)


class Weights(NamedTuple):
    """What was fitted: the weight of every indicator, and the language table."""

    indicators: Floats
    bias: float
    pairs: npt.NDArray[np.uint32]  # common pairs of characters, sorted: first << 16 | second
    common: npt.NDArray[np.int8]  # their pointwise mutual information, in eighths
    opening: npt.NDArray[np.int8]  # (65536,): log-odds that a character begins a sentence, quarters
    closing: npt.NDArray[np.int8]


@cache
def weights() -> Weights:
    """Load the weights that come with Youju."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return unpacked(dict(stored))


def unpacked(stored: dict[str, npt.NDArray[Any]]) -> Weights:
    """Return weights from the arrays of their file: pairs as differences, tables as columns."""
    pairs = np.cumsum(stored["pairs"].astype(np.uint64)).astype(np.uint32)
    tables = np.zeros((2, 0x10000), np.int8)
    tables[:, stored["characters"].astype(np.int64)] = stored["openings"]
    return Weights(
        stored["indicators"].astype(np.float32),
        float(stored["bias"].ravel()[0]),
        pairs,
        stored["common"].astype(np.int8),
        *tables,
    )


def fields_of(text: str, lines: Lines, table: Weights) -> dict[str, Integers]:
    """Return for every break the value of each field."""
    codes, starts, ends = lines.codes, lines.starts, lines.ends
    kinds = kind_table()[np.minimum(codes, 0xFFFF)]
    n = len(starts)
    before, after = slice(0, n - 1), slice(1, n)

    cells = np.zeros(len(codes) + 1, np.int32)
    np.cumsum(2 - (codes < 0x250).view(np.int8), out=cells[1:])
    width = (cells[ends] - cells[starts]).astype(np.float32)
    width += np.minimum(2 * lines.indents, 4)

    last, ended = _line_ends(kinds, starts, ends)
    first = kinds[starts].astype(np.int64)
    starts_item = _begins_item(codes, starts, ends)
    first = np.where(starts_item, len(KINDS), first)

    around = _windows(width)
    own = around[:, REACH : REACH + 1]
    sides = np.concatenate([around[:, :REACH], around[:, REACH + 1 :]], axis=1)
    known = ~np.isnan(sides)
    alike = (np.abs(sides - own) <= 2).sum(axis=1)
    wider = (sides > own + 2).sum(axis=1)
    of = np.maximum(known.sum(axis=1), 1)
    column = _columns(around)
    short = np.where(column > 0, column - width, 99.0)

    room = short[before] - _first_word(codes, kinds, starts, ends)[after]
    wide_gap = (lines.newlines >= 2).astype(np.float32)
    usual_gap = _shares(wide_gap)
    indented = (lines.indents[after] > 0).astype(np.float32)
    usual_indent = _shares(indented)
    signs = np.zeros(len(kinds) + 1, np.int32)
    np.cumsum((kinds >= _KIND["stop"]) & (kinds <= _KIND["comma"]), out=signs[1:])
    in_line = signs[ends] - signs[starts]
    mid = ~ended & (last != _KIND["colon"]) & (short <= 5) & (short >= -4)
    cut = _shares(mid.astype(np.float32))
    pair, opens, _ = _language(codes, ends[before] - 1, starts[after], table)

    gap = 3 * np.minimum(lines.newlines - 1, 2) + _binned(usual_gap, (0.15, 0.85))
    return {
        "end": last[before] + len(KINDS) * ended[before],
        "start": first[after],
        "short": _binned(short[before], (-4, -2.5, -0.5, 1.5, 2.5, 4.5, 8.5, 90)),
        "fits": (room >= 0).astype(np.int64),
        "gap": gap,
        "indent": 3 * (indented > 0) + _binned(usual_indent, (0.02, 0.5)),
        "width": _binned(width[before], (13, 21, 33, 49, 69, 93, 130)),
        "alike": _binned((alike / of)[before], (0.06, 0.3, 0.55, 0.8)),
        "wider": _binned((wider / of)[before], (0.06, 0.3, 0.55, 0.8)),
        "next": _binned(width[after] - width[before], (-8, -2.5, 2.5, 8)),
        "cut": _binned(cut[before], (0.05, 0.2, 0.4, 0.6)),
        "open": _open(codes, ends[before], starts[after]),
        "signs": 2 * _binned(in_line[before], (1, 3)) + (in_line[before] > 8),
        "next signs": 2 * _binned(in_line[after], (1, 3)) + ended[after],
        "mark": _marks(text, lines),
        "finish": _finishes(codes, starts, ends)[before].astype(np.int64),
        "pair": pair,
        "opens": np.minimum(opens, 6),
        "verse": _verse(kinds[ends - 1])[before].astype(np.int64),
        "shape": _shapes(codes, lines, ended, width, column, alike / of),
        "first": _first(ended, short, lines.newlines)[before],
    }


_FILLED = 0.77  # of the column: real print wavers by a quarter where characters were squeezed
_LONGEST_HEADING = 60  # cells: 30 Chinese characters
_ALIKE = 0.2  # share of the lines around as wide as a headline; in a column it is above 0.3


def _shapes(
    codes: npt.NDArray[np.uint32],
    lines: Lines,
    ended: Bools,
    width: Floats,
    column: Floats,
    alike: Floats,
) -> Integers:
    """Tell at each break what the lines beside it look like: 1 a heading above a paragraph, 2 one
    of half its width or less, 3 two headlines, 4 the middle of a paragraph, 5 perhaps that, 0
    anything else."""
    starts, ends = lines.starts, lines.ends
    stops = _counts(codes, "。！？；", starts, ends)
    signs = stops + _counts(codes, "，", starts, ends)
    last = kind_table()[np.minimum(codes[ends - 1], 0xFFFF)]
    filled = (column > 0) & (width >= _FILLED * column)
    prose = filled | (stops > 0) | (signs > 1)
    cut = ~ended & (last != _KIND["colon"]) & prose
    below = np.append(column[1:], 0)
    short = (width <= _LONGEST_HEADING) & ~ended & (stops == 0) & (last != _KIND["comma"])
    heading = short & (width <= _FILLED * below) & (signs <= 1)
    heading[1:] &= ~cut[:-1]
    latin = codes[starts] < 0x250
    above = heading[:-1] & filled[1:] & ~(latin & (codes[starts] >= 97))[1:]
    inside = (cut & ~heading)[:-1] & (prose | ended)[1:] & ~latin[1:]
    inside &= lines.newlines <= 2 + (np.median(lines.newlines) > 1)
    sure = signs[:-1] + stops[1:] > 0
    alone = short & (signs <= 1) & (alike < _ALIKE)
    out = np.where(alone[:-1] & alone[1:], 3, 0)
    out = np.where(inside, np.where(sure, 4, 5), out)
    return np.where(above, np.where(2 * width <= below, 2, 1)[:-1], out)


def _counts(
    codes: npt.NDArray[np.uint32], signs: str, starts: Integers, ends: Integers
) -> Integers:
    """Return how many of some signs each line holds."""
    held = np.zeros(len(codes) + 1, np.int64)
    np.cumsum(np.isin(codes, np.array([ord(c) for c in signs], np.uint32)), out=held[1:])
    return np.asarray(held[ends] - held[starts])


def _verse(last: npt.NDArray[np.uint8]) -> Bools:
    """Tell which lines stand among at least three others that all end with a comma or a stop, as
    lines of verse do and wrapped ones hardly ever."""
    signed = (last == _KIND["comma"]) | (last == _KIND["stop"])
    return (_shares(signed.astype(np.float32)) > 0.99) & (len(last) > 3)


def _first(ended: Bools, short: npt.NDArray[np.float32], newlines: Integers) -> Integers:
    """Tell for each line whether it begins a paragraph: 0 hardly, the line before stops in
    mid-sentence and is full; 1 or 2 perhaps; 3 surely; 4 it is the first of all."""
    out = np.full(len(ended), 4, np.int64)
    full = short[:-1] <= 2.5
    out[1:] = np.where(full, np.where(ended[:-1], 1, 0), np.where(ended[:-1], 3, 2))
    return out


def _line_ends(
    kinds: npt.NDArray[np.uint8], starts: Integers, ends: Integers
) -> tuple[Integers, Bools]:
    """Return the kind of each line's last character, and whether the line ends a sentence, closing
    quotes and brackets aside."""
    last = kinds[ends - 1].astype(np.int64)
    stop, period, ellipsis = _KIND["stop"], _KIND["period"], _KIND["ellipsis"]
    seen = last
    for back in (2, 3):
        closing = (seen == _KIND["close quote"]) | (seen == _KIND["close bracket"])
        reachable = ends - back >= starts
        seen = np.where(closing & reachable, kinds[np.maximum(ends - back, 0)], seen)
    return last, (seen == stop) | (seen == period) | (seen == ellipsis)


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
_ROLE = {name: 1 << number for number, name in enumerate(_ROLES)}


@cache
def role_table() -> npt.NDArray[np.uint8]:
    """Return what each code point may be in the mark of an item or at the end of a story, as
    bits."""
    table = np.zeros(0x10000, np.uint8)
    for name, signs in _ROLES.items():
        table[[ord(c) for c in signs]] |= _ROLE[name]
    return table


def _begins_item(codes: npt.NDArray[np.uint32], starts: Integers, ends: Integers) -> Bools:
    """Tell which lines begin an item: 一、 1. 12、 （三） (4) 第五条."""
    places = starts + np.arange(5)[:, None]
    head = role_table()[np.minimum(codes[np.minimum(places, len(codes) - 1)], 0xFFFF)]
    head[places >= ends] = 0
    if not (head[0] & (_ROLE["number"] | _ROLE["opens"] | _ROLE["ordinal"])).any():
        return np.zeros(len(starts), np.bool_)
    number = (head & _ROLE["number"]) > 0
    closes = (head & _ROLE["closes"]) > 0
    clause = (head & _ROLE["clause"]) > 0
    # a point parts a number from its item only where no digit follows
    parted = closes[:4] | ((head[:4] & _ROLE["point"] > 0) & ~number[1:])
    plain = number[0] & (parted[1] | (number[1] & parted[2]))
    opened = ((head[0] & _ROLE["opens"]) > 0) & number[1]
    bracketed = opened & (closes[2] | (number[2] & closes[3]))
    legal = ((head[0] & _ROLE["ordinal"]) > 0) & number[1]
    legal &= clause[2] | (number[2] & (clause[3] | (number[3] & clause[4])))
    return np.asarray(plain | bracketed | legal)


def _finishes(codes: npt.NDArray[np.uint32], starts: Integers, ends: Integers) -> Bools:
    """Tell which lines end with the mark of a story's end: （新华社北京8月16日电）, （完）."""
    roles = role_table()
    last = roles[np.minimum(codes[ends - 1], 0xFFFF)] & _ROLE["bracket"]
    before = roles[np.minimum(codes[np.maximum(ends - 2, starts)], 0xFFFF)] & _ROLE["mark"]
    return np.asarray((last > 0) & (before > 0))


def _columns(around: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the column each line stands in: the widest width that three lines around share within
    two cells, 0 where there is none.

    The widest alone would take an unwrapped headline for the column.
    """
    if len(around) == 0:
        return np.zeros(0, np.float32)
    ordered = np.sort(np.where(np.isnan(around), -1, around), axis=1)[:, ::-1]
    close = (ordered[:, :-2] - ordered[:, 2:] <= 2) & (ordered[:, 2:] > 0)
    best = np.argmax(close, axis=1)
    # the middle of the three: one of them may hang a sign over the edge
    return np.where(close.any(axis=1), ordered[np.arange(len(ordered)), best + 1], 0)


def _shares(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return for each value the mean of those around it, itself left out."""
    if not len(values):
        return values
    sums = np.concatenate([[0], np.cumsum(values, dtype=np.float64)])
    place = np.arange(len(values))
    low, high = np.maximum(place - REACH, 0), np.minimum(place + REACH + 1, len(values))
    mean = (sums[high] - sums[low] - values) / np.maximum(high - low - 1, 1)
    return np.asarray(mean, np.float32)


def _first_word(
    codes: npt.NDArray[np.uint32], kinds: npt.NDArray[np.uint8], starts: Integers, ends: Integers
) -> Integers:
    """Return the width of what could not have been parted at the start of each line, in cells."""
    latin = (codes > 32) & (codes < 0x250)
    other = np.append(np.flatnonzero(~latin), len(codes))
    word = other[np.searchsorted(other, starts)] - starts
    opening = (kinds[starts] == _KIND["open quote"]) | (kinds[starts] == _KIND["open bracket"])
    width = np.where(latin[starts], np.minimum(word, ends - starts), np.where(opening, 4, 2))
    second = kinds[np.minimum(starts + 1, ends - 1)]
    signed = (second == _KIND["comma"]) | (second == _KIND["stop"])
    return np.asarray(width + 2 * (signed & ~latin[starts]), np.int64)


def _language(
    codes: npt.NDArray[np.uint32], last: Integers, first: Integers, table: Weights
) -> tuple[Integers, Integers, Integers]:
    """Return how well two characters go together (0 unknown, 1 to 7), and how likely the one begins
    and the other ends a sentence."""
    a, b = np.minimum(codes[last], 0xFFFF), np.minimum(codes[first], 0xFFFF)
    key = (a << np.uint32(16)) | b
    if len(table.pairs):
        place = np.minimum(np.searchsorted(table.pairs, key), len(table.pairs) - 1)
        found = table.pairs[place] == key
        common = np.where(found, 1 + _binned(table.common[place], (-4, 4, 12, 20, 32, 44)), 0)
    else:
        common = np.zeros(len(key), np.int64)
    edges = (-9, -6, -3, 0, 3, 6)
    return common, _binned(table.opening[b], edges), _binned(table.closing[a], edges)


_PAIRED = tuple((ord(a), ord(b)) for a, b in ("“”", "（）", "《》", "「」", "()"))


def _open(codes: npt.NDArray[np.uint32], ends: Integers, starts: Integers) -> Integers:
    """Tell what is open across each break: 0 nothing, 1 a quotation or bracket that is not closed
    soon, 2 one that is, 3 one that the line's last characters opened."""
    out = np.zeros(len(ends), np.int64)
    for opening, closing in _PAIRED:
        opens = np.flatnonzero(codes == opening)
        if not len(opens):
            continue
        closes = np.flatnonzero(codes == closing)
        last_open = _before(opens, ends)
        is_open = (last_open > _before(closes, ends)) & (ends - last_open < _OPEN_WITHIN)
        next_close = _after(closes, starts, len(codes))
        closed = (next_close < _after(opens, starts, len(codes))) & (
            next_close - starts < _OPEN_WITHIN
        )
        state = np.where(closed, np.where(ends - last_open <= 3, 3, 2), 1)
        out = np.maximum(out, np.where(is_open, state, 0))
    return out


def _before(places: Integers, at: Integers) -> Integers:
    if not len(places):
        return np.full(len(at), -(10**9))
    i = np.searchsorted(places, at) - 1
    return np.where(i >= 0, places[np.maximum(i, 0)], -(10**9))


def _after(places: Integers, at: Integers, end: int) -> Integers:
    return np.append(places, end + 10**9)[np.searchsorted(places, at)]


_REPORTERS = (
    "记者",
    "通讯员",
    "作者",
    "责编",
    "编辑",
    "摄影",
    "文/",
    "By ",
    "by ",
    "——",
    "日电",
    "日讯",
)
_NAMES = "[\u4e00-\u9fff·]{1,6}(?:[ 、，][\u4e00-\u9fff·]{1,6})*"
_BYLINE = re.compile(
    "[■◎●□▲（(【]?[\u4e00-\u9fff·]{0,10}(?:记者|通讯员|作者|责编|编辑|摄影|文/|[Bb]y )"
    f"[：:/ ]*{_NAMES}(?: ?(?:摄|文|通讯员|编辑)(?: {_NAMES})?)?[）)】]?"
    f"|—{{1,2}}[\u4e00-\u9fff（）·]{{3,24}} {_NAMES}"
    r"|[Bb]y [A-Z][\w.'’-]+(?: (?:[A-Z][\w.'’-]*|and|de|van|von)){1,4}(?:,? in [A-Z]\w+)?"
)
_LONGEST_BYLINE = 40  # characters


def _marks(text: str, lines: Lines) -> Integers:
    """Tell what the two lines of each break are, 3 * before + after: 2 a byline or a signature
    alone, 1 one that begins with such words or a dateline, 0 neither."""
    tags = np.zeros(len(lines.starts), np.int64)
    found = [m.start() for word in _REPORTERS for m in re.finditer(word, text)]
    if found:
        places = np.array(found, np.int64)
        line = np.maximum(np.searchsorted(lines.starts, places, side="right") - 1, 0)
        near = places - lines.starts[line] <= 14
        tags[line[near]] = 1
        short = near & (lines.ends[line] - lines.starts[line] <= _LONGEST_BYLINE)
        for i in np.unique(line[short]).tolist():
            if _BYLINE.fullmatch(text, int(lines.starts[i]), int(lines.ends[i])):
                tags[i] = 2
    return 3 * tags[:-1] + tags[1:]


_CERTAIN = 20.0  # log-odds
_NEVER_FIRST = tuple(_KIND[k] for k in ("stop", "comma", "close quote", "close bracket", "percent"))
_MEASURES = tuple(map(ord, "年月日时分秒个台亿万元倍岁名人次家项件米吨度"))


# log-odds added for each shape: columns of real pages waver more than those fitted on
_BY_SHAPE = np.array([0, -1, -1, -1, 3, 1.5], np.float32)


def scores(fields: dict[str, Integers], table: Weights) -> Floats:
    """Return for every break the log-odds that the text goes on across it, by the weights."""
    out = table.indicators[indicators(fields)].sum(axis=1) + np.float32(table.bias)
    return np.asarray(out + _BY_SHAPE[fields["shape"]], np.float32)


def settled(text: str, lines: Lines, fields: dict[str, Integers]) -> tuple[Bools, Bools]:
    """Return for every break whether the text surely goes on, and whether it surely does not.

    Print is certain of a few things, whatever the weights say: no line begins with a closing sign,
    a number keeps its measure; a bullet, an item's number or a label begins a line of its own, and
    so does a quotation after another; a byline, a signature and a story's end mark end theirs; rows
    stay rows, and lines that all end with a sign are verse.
    """
    codes, starts, ends = lines.codes, lines.starts[1:], lines.ends[:-1]
    end, start = fields["end"] % len(KINDS), fields["start"]
    goes_on = _member(start, _NEVER_FIRST)
    goes_on |= (end == _KIND["digit"]) & np.isin(codes[starts], _MEASURES)
    goes_on |= _dangling(codes, lines)[:-1]
    hyphen = (codes[ends - 1] == 45) & (start == _KIND["lower"])
    goes_on |= hyphen & (kind_table()[np.minimum(codes[np.maximum(ends - 2, 0)], 0xFFFF)] == _KIND["lower"])  # noqa: E501
    items = start == len(KINDS)
    marked = _marked(text, lines)
    stays = (start == _KIND["bullet"]) | (fields["finish"] > 0) | marked[1:]
    stays |= (fields["mark"] >= 6) | (fields["mark"] % 3 == 2)
    # an item after an item, or after a line that ends a sentence
    stays[1:] |= items[1:] & items[:-1]
    stays |= items & (fields["end"] >= len(KINDS))
    if len(items) and _begins_item(codes, lines.starts[:1], lines.ends[:1])[0]:
        stays[0] |= items[0]
    stays |= _headed(fields) | _credits(codes, lines)[:-1] | _other_script(codes, lines)
    name_cut = (fields["mark"] >= 6) & (codes[np.maximum(ends - 2, 0)] == 32) & (end == _KIND["han"])  # noqa: E501
    name_cut &= (lines.ends - lines.starts)[1:] <= 2  # 副院长 马|敏象
    straight = (codes[ends - 1] == 34) & (codes[starts] == 34)
    quoted = (end == _KIND["close quote"]) & (start == _KIND["open quote"])
    stays |= (straight | quoted) & (fields["end"] >= len(KINDS) * ~straight)
    signed = (end == _KIND["comma"]) | (end == _KIND["stop"])
    stays |= signed & (fields["verse"] > 0)
    listing = (end == _KIND["comma"]) & (fields["verse"] == 0)
    row = rows(text, lines)
    stays = (stays & ~listing & ~name_cut) | row[:-1] | row[1:]
    return (goes_on | name_cut) & ~stays, stays


_LONGEST_DANGLING = 7  # characters from the comma on: ，2025年


def _dangling(codes: npt.NDArray[np.uint32], lines: Lines) -> Bools:
    """Tell which lines end with a clause that has only begun, a day after a comma: …成为焦点，7月."""
    last, number = codes[lines.ends - 1], codes[np.maximum(lines.ends - 2, 0)]
    out = np.zeros(len(last), np.bool_)
    for back in range(3, _LONGEST_DANGLING + 1):
        place = lines.ends - back
        out |= (place >= lines.starts) & (codes[np.maximum(place, 0)] == ord("，"))
    out &= np.isin(last, tuple(map(ord, "年月日"))) & (number >= 48) & (number < 58)
    return out


def _credits(codes: npt.NDArray[np.uint32], lines: Lines) -> Bools:
    """Tell which lines end a caption: 新华社记者 鞠焕宗 摄, the sign set apart or alone."""
    before = codes[np.maximum(lines.ends - 2, 0)]
    alone = (lines.ends - lines.starts == 1) | (before == 32)
    return np.asarray((codes[lines.ends - 1] == ord("摄")) & alone)


def _other_script(codes: npt.NDArray[np.uint32], lines: Lines) -> Bools:
    """Tell at which breaks two lines of Latin letters meet one with Chinese characters."""
    held = np.zeros(len(codes) + 1, np.int64)
    np.cumsum(codes >= _HAN_RANGES[1][0], out=held[1:])
    latin = held[lines.ends] == held[lines.starts]
    twice = np.concatenate([[False], latin[1:] & latin[:-1], [False]])
    return np.asarray((twice[:-2] & ~latin[1:]) | (~latin[:-1] & twice[2:]))


_MOST_HEADLINE_LINES = 3


def _headed(fields: dict[str, Integers]) -> Bools:
    """Tell at which breaks a sentence ends above the headline of a byline."""
    out = np.zeros(len(fields["mark"]), np.bool_)
    ended = fields["end"] >= len(KINDS)
    for byline in np.flatnonzero(fields["mark"] % 3 == 2).tolist():
        for k in range(byline - 1, max(-1, byline - 1 - _MOST_HEADLINE_LINES), -1):
            if ended[k]:
                out[k] = True
                break
    return out


_MARKED = re.compile(
    r"^ *(?:[-*#>·•+]+|\d{1,3}[.)]|[A-Za-z][.)]|[A-Z][A-Za-z-]{1,15}:) ", re.MULTILINE
)


def _marked(text: str, lines: Lines) -> Bools:
    """Tell which lines begin with a mark and a blank, or an English label, where more than one
    does."""
    out = np.zeros(len(lines.starts), np.bool_)
    places = np.array([m.end() - 2 for m in _MARKED.finditer("\n" + text)], np.int64)
    if len(places) > 1:
        out[np.maximum(np.searchsorted(lines.starts, places, side="right") - 1, 0)] = True
    return out


def _member(values: Integers, kinds: tuple[int, ...]) -> Bools:
    table = np.zeros(len(KINDS) + 3, np.bool_)
    table[list(kinds)] = True
    return table[values]


# a row's sign, and the pattern to look for where a text holds it: plain search is fast
_ROWS = (
    ("  ", re.compile("  (?<=[^ \n]  )(?=[^ \n])")),
    ("…" * 3, re.compile("…" * 3)),
    ("....", re.compile(r"\.{4}")),
    ("····", re.compile("····")),
    (". . . .", re.compile(r"\. \. \. \.")),
    ("|", re.compile(r"\|(?<=^\|)|\|(?<=^ \|)", re.MULTILINE)),
    (
        ",",
        re.compile(
            "^[^ ,，。\n]{1,20},[^ ,，。\n]{1,20},[^ ,，。\n]{1,20}(?:,[^ ,，。\n]{1,20})*$",
            re.MULTILINE,
        ),
    ),
)


def rows(text: str, lines: Lines) -> Bools:
    """Tell which lines are rows of a table or of contents: cells two blanks apart, a rule at the
    start, dot leaders. Nothing is joined to them."""
    out = np.zeros(len(lines.starts), np.bool_)
    found = [m.end() - 1 for sign, row in _ROWS if sign in text for m in row.finditer(text)]
    if found:
        places = np.array(found, np.int64)
        out[np.maximum(np.searchsorted(lines.starts, places, side="right") - 1, 0)] = True
    return out
