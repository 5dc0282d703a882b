"""What is looked at of a line break, each field a small number: the layout and the text of the line
before and the line after (`breaks` says how they are weighed)."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.repair.signs import (
    KIND,
    KINDS,
    ROLE,
    Bools,
    Floats,
    Integers,
    Lines,
    kind_table,
    role_table,
)
from rag.repair.table import Weights

REACH = (
    8  # lines before and after that tell how wide the column is: fewer waver, more cross columns
)
_OPEN_WITHIN = 160  # characters: a quotation open for longer was never closed


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
    starts_item = begins_item(codes, starts, ends)
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
    np.cumsum((kinds >= KIND["stop"]) & (kinds <= KIND["comma"]), out=signs[1:])
    in_line = signs[ends] - signs[starts]
    mid = ~ended & (last != KIND["colon"]) & (short <= 5) & (short >= -4)
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
    cut = ~ended & (last != KIND["colon"]) & prose
    below = np.append(column[1:], 0)
    short = (width <= _LONGEST_HEADING) & ~ended & (stops == 0) & (last != KIND["comma"])
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
    signed = (last == KIND["comma"]) | (last == KIND["stop"])
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
    stop, period, ellipsis = KIND["stop"], KIND["period"], KIND["ellipsis"]
    seen = last
    for back in (2, 3):
        closing = (seen == KIND["close quote"]) | (seen == KIND["close bracket"])
        reachable = ends - back >= starts
        seen = np.where(closing & reachable, kinds[np.maximum(ends - back, 0)], seen)
    return last, (seen == stop) | (seen == period) | (seen == ellipsis)


def begins_item(codes: npt.NDArray[np.uint32], starts: Integers, ends: Integers) -> Bools:
    """Tell which lines begin an item: 一、 1. 12、 （三） (4) 第五条."""
    places = starts + np.arange(5)[:, None]
    head = role_table()[np.minimum(codes[np.minimum(places, len(codes) - 1)], 0xFFFF)]
    head[places >= ends] = 0
    if not (head[0] & (ROLE["number"] | ROLE["opens"] | ROLE["ordinal"])).any():
        return np.zeros(len(starts), np.bool_)
    number = (head & ROLE["number"]) > 0
    closes = (head & ROLE["closes"]) > 0
    clause = (head & ROLE["clause"]) > 0
    # a point parts a number from its item only where no digit follows
    parted = closes[:4] | ((head[:4] & ROLE["point"] > 0) & ~number[1:])
    plain = number[0] & (parted[1] | (number[1] & parted[2]))
    opened = ((head[0] & ROLE["opens"]) > 0) & number[1]
    bracketed = opened & (closes[2] | (number[2] & closes[3]))
    legal = ((head[0] & ROLE["ordinal"]) > 0) & number[1]
    legal &= clause[2] | (number[2] & (clause[3] | (number[3] & clause[4])))
    return np.asarray(plain | bracketed | legal)


def _finishes(codes: npt.NDArray[np.uint32], starts: Integers, ends: Integers) -> Bools:
    """Tell which lines end with the mark of a story's end: （新华社北京8月16日电）, （完）."""
    roles = role_table()
    last = roles[np.minimum(codes[ends - 1], 0xFFFF)] & ROLE["bracket"]
    before = roles[np.minimum(codes[np.maximum(ends - 2, starts)], 0xFFFF)] & ROLE["mark"]
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
    opening = (kinds[starts] == KIND["open quote"]) | (kinds[starts] == KIND["open bracket"])
    width = np.where(latin[starts], np.minimum(word, ends - starts), np.where(opening, 4, 2))
    second = kinds[np.minimum(starts + 1, ends - 1)]
    signed = (second == KIND["comma"]) | (second == KIND["stop"])
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
    "评论员",
    "实习生",
    "撰稿",
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
    "[■◎●□▲（(【]?[\u4e00-\u9fff·]{0,10}"
    "(?:记者|通讯员|作者|评论员|实习生|撰稿人?|责编|编辑|摄影|文/|[Bb]y )"
    f"[：:/ ]*{_NAMES}(?: ?(?:摄|文|通讯员|编辑)(?: {_NAMES})?)?[）)】]?"
    f"|—{{1,2}}[\u4e00-\u9fff（）·]{{3,24}} {_NAMES}"
    r"|[Bb]y [A-Z][\w.'’-]+(?: (?:[A-Z][\w.'’-]*|and|de|van|von)){1,4}(?:,? in [A-Z]\w+)?"
)
_LONGEST_BYLINE = 40  # characters
_DESK = "(?:[a-z]+ ){0,3}(?:reporter|editor|correspondent|columnist)"
_ENGLISH_BYLINE = re.compile(
    rf"(?:[Bb]y )?[A-Z][\w'’-]+(?: (?:[A-Z][\w.'’-]*|and|de|van|von)){{1,5}} ?, {_DESK}"
    "|Staff (?:reporter|writer)"
)


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
    for word in ("reporter", "editor", "correspondent", "columnist", "Staff writer"):
        for match in re.finditer(f"{word}(?= *(?:\n|$))", text) if word in text else ():
            i = int(np.searchsorted(lines.starts, match.start(), side="right")) - 1
            if i >= 0 and _ENGLISH_BYLINE.fullmatch(text, int(lines.starts[i]), match.end()):
                tags[i] = 2
    return 3 * tags[:-1] + tags[1:]
