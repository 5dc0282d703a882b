"""Glyphs of a page → its lines in reading order. Pure geometry; y grows downwards, all in points.

  glyphs    in the order the page draws them; those side by side become atoms ("2025年", "Beijing")
  lines     atoms of one row, joined unless a gutter runs between them
  blocks    lines of one column, one under the other
  order     recursive XY-cut [1]: gutters first, so that columns are read to their end; a strip of
            white across the page where something spans the gutters, and of those the one that frees
            the largest area for gutters; where neither exists (a headline over columns 1–2 beside a
            box under columns 2–3), the partial order of [2]: above what it overlaps, left of the
            rest unless something spans both

Pictures and rules hold no text, but cut. Text in a frame is ordered by itself and read as one.
[1] Nagy, Seth: Hierarchical representation of optically scanned documents, 1984.
[2] Breuel: High performance document layout analysis, 2003.
"""

from __future__ import annotations

import bisect
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

# All in em, the size of the type, unless said otherwise.
_JOINED = 0.3  # glyphs this near are one atom
_SURELY_ONE_LINE = 0.35  # a wide word space; gutters are 0.8 and more
_MAYBE_ONE_LINE = 1.6  # word spaces of justified English reach 1.5
_WIDEST_GAP = 1.2  # in Chinese, which has no word spaces but sets names apart
_WIDEST_SPACE = 5.0  # of a line of two long words in a narrow column, with full lines around it
_WORD_SPACE = 0.14  # Latin letters further apart than this are two words
_INDENTS = (1.4, 3.2)  # the first line of a Chinese paragraph is indented by 2
_SAME_SIZE = 1.2  # ratio
_LEADING = 1.3  # ratio: lines further apart than this times the usual leading are two blocks
_WIDEST_LEADING = 2.6
_GUTTER = 0.5
_NARROWEST = 0.7  # gutter of English columns; the white that word spaces have in common is narrower
_STRIP = 0.15
_FURNITURE = 0.1  # share of the page's height where running heads and page numbers stand
_TABLE_FILL = 0.6  # cells fill less than this share of the way to the next column, text 0.8 or more
_WIDEST_CELL = 9.0  # the median cell; columns of text are wider
_HEADLINE = 1.3  # ratio: type this much larger than the page's is a headline
_MOST_ORDERED = 300  # blocks that the partial order takes; it costs their number cubed


class Glyph(NamedTuple):
    """One character as drawn: its advance from x0 to x1, its baseline, its size."""

    text: str
    x0: float
    x1: float
    baseline: float
    size: float


class Box(NamedTuple):
    """A picture, rule or frame."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(slots=True)
class Line:
    """Characters of one row. `y0` and `y1` bound the em box, 0.88 above and 0.12 under the
    baseline."""

    text: str
    x0: float
    x1: float
    baseline: float
    size: float

    @property
    def y0(self) -> float:
        return self.baseline - 0.88 * self.size

    @property
    def y1(self) -> float:
        return self.baseline + 0.12 * self.size


@dataclass(slots=True)
class _Item:
    """Something on the page: a block of lines, a frame with items in it, or a mere obstacle."""

    x0: float
    y0: float
    x1: float
    y1: float
    lines: list[Line] = field(default_factory=list)
    inside: list[_Item] = field(default_factory=list)

    @property
    def size(self) -> float:
        return self.lines[0].size if self.lines else 0.0


def read_page(
    glyphs: Sequence[Glyph], *, obstacles: Sequence[Box] = (), frames: Sequence[Box] = ()
) -> list[list[str]]:
    """Return the blocks of a page in reading order, each as its lines."""
    upright, stacks = _vertical_runs(glyphs)
    if sum(len(s) for s in stacks) > len(upright):  # set from top to bottom: lay it on its side
        return read_page(
            [_turned(g) for g in glyphs],
            obstacles=[Box(b.y0, -b.x1, b.y1, -b.x0) for b in obstacles],
            frames=[Box(b.y0, -b.x1, b.y1, -b.x0) for b in frames],
        )
    atoms = _atoms(upright)
    if not atoms and not stacks:
        return []
    em = _em(atoms) if atoms else stacks[0][0].size
    lines = _lines(atoms, frames)
    items = _blocks(lines, [*obstacles, *frames]) + [
        _stack_item(stack) for stack in _beside(stacks)
    ]
    items = _framed(items, frames)
    items += [_Item(*box) for box in _cutting(obstacles, lines, em)]
    _widen_headlines(items, em)
    ordered = _peeled(items, em)
    return [_texts(item, em) for item in ordered if item.lines]


def _em(atoms: Sequence[Line]) -> float:
    """Return the size that half of the text is at most set in."""
    by_size = sorted((atom.size, len(atom.text)) for atom in atoms)
    left = sum(count for _, count in by_size) / 2
    for size, count in by_size:
        left -= count
        if left <= 0:
            return size
    return 0.0


# -- glyphs to lines ---------------------------------------------------------------------------


def _atoms(glyphs: Iterable[Glyph]) -> list[Line]:
    """Join glyphs that are drawn one behind the other on one baseline."""
    atoms: list[Line] = []
    last: Glyph | None = None
    blank = 0.0  # width of the spaces drawn since `last`
    for g in glyphs:
        if g.text.isspace():
            blank += max(g.x1 - g.x0, 0.2 * g.size)
            continue
        if last is not None and _runs_on(last, g, blank):
            atom = atoms[-1]
            atom.text += _space_between(atom.text[-1], g, g.x0 - last.x1, blank) + g.text
            atom.x1 = max(atom.x1, g.x1)
        elif last is None or not _is_shadow(last, g):  # bold may be drawn as the same glyph twice
            atoms.append(Line(g.text, g.x0, g.x1, g.baseline, g.size))
        last, blank = g, 0.0
    return atoms


def _runs_on(last: Glyph, g: Glyph, blank: float) -> bool:
    gap = g.x0 - last.x1
    return (
        abs(g.baseline - last.baseline) <= 0.1 * g.size
        and 0.95 <= g.size / last.size <= 1.05
        and -0.45 * g.size <= gap <= blank + _JOINED * g.size
        and not _is_shadow(last, g)
    )


def _is_shadow(last: Glyph, g: Glyph) -> bool:
    return (
        g.text == last.text
        and abs(g.x0 - last.x0) < 0.15 * g.size
        and abs(g.baseline - last.baseline) < 0.15 * g.size
    )


def _space_between(before: str, g: Glyph, gap: float, blank: float) -> str:
    if blank:
        return " " if blank < 0.8 * g.size else "\u3000"
    wordy = before.isascii() and g.text.isascii() and (before.isalnum() or g.text.isalnum())
    return " " if wordy and gap > _WORD_SPACE * g.size else ""


class _Rows:
    """Atoms, found by their height on the page."""

    def __init__(self, atoms: Sequence[Line]) -> None:
        self.atoms = sorted(atoms, key=lambda a: a.baseline)
        self._baselines = [a.baseline for a in self.atoms]
        self.em = _em(atoms)

    def between(self, top: float, bottom: float) -> list[Line]:
        """Return the atoms with a baseline from `top` to `bottom`."""
        first = bisect.bisect_left(self._baselines, top)
        return self.atoms[first : bisect.bisect_right(self._baselines, bottom)]


def _lines(atoms: Sequence[Line], frames: Sequence[Box]) -> list[Line]:
    """Join atoms of one row unless a gutter or the side of a frame lies between them."""
    rows = _Rows(atoms)
    follows: dict[int, Line] = {}
    taken: set[int] = set()
    for a in sorted(atoms, key=lambda a: a.x0):
        b = _right_neighbour(a, rows)
        if b is None or id(b) in taken or any(_stands_between(f, a, b) for f in frames):
            continue
        if _is_one_line(a, b, rows):
            follows[id(a)] = b
            taken.add(id(b))
    lines = []
    for atom in sorted(atoms, key=lambda a: (a.baseline, a.x0)):
        if id(atom) in taken:
            continue
        line, last = Line(atom.text, atom.x0, atom.x1, atom.baseline, atom.size), atom
        while (atom_after := follows.get(id(last))) is not None:
            _append(line, last, atom_after)
            last = atom_after
        lines.append(line)
    return lines


def _stands_between(frame: Box, a: Line, b: Line) -> bool:
    sides = (a.x1 <= x <= b.x0 for x in (frame.x0, frame.x1))
    return frame.y0 <= a.baseline <= frame.y1 and any(sides)


def _append(line: Line, last: Line, atom: Line) -> None:
    gap = (atom.x0 - last.x1) / min(atom.size, last.size)
    latin = line.text[-1].isascii() and atom.text[0].isascii()
    line.text += (" " if gap > (_WORD_SPACE if latin else 0.6) else "") + atom.text
    if atom.size > line.size:  # a small first atom is a superscript
        line.size, line.baseline = atom.size, atom.baseline
    line.x1 = max(line.x1, atom.x1)


def _right_neighbour(a: Line, rows: _Rows) -> Line | None:
    nearest: Line | None = None
    for b in rows.between(a.baseline - 0.6 * a.size, a.baseline + 0.6 * a.size):
        overlap = min(a.y1, b.y1) - max(a.y0, b.y0)
        if (
            b is not a
            and b.x0 >= a.x1 - 0.3 * min(a.size, b.size)
            and b.x1 > a.x1
            and overlap >= 0.5 * min(a.size, b.size)
            and (nearest is None or b.x0 < nearest.x0)
        ):
            nearest = b
    return nearest


def _is_one_line(a: Line, b: Line, rows: _Rows) -> bool:
    em = min(a.size, b.size)
    gap = (b.x0 - a.x1) / em
    if gap <= _SURELY_ONE_LINE:
        return max(a.size, b.size) <= 2.2 * em
    latin = a.text[-1].isascii() and b.text[0].isascii()
    widest = _WIDEST_SPACE if latin else _WIDEST_GAP
    if gap > widest or max(a.size, b.size) > _SAME_SIZE * em or _is_gutter(a, b, rows):
        return False
    return gap <= _MAYBE_ONE_LINE or len(_rows_near(a, b, rows)[0]) >= 2


def _is_gutter(a: Line, b: Line, rows: _Rows) -> bool:
    """Tell whether white runs up or down from the gap between two atoms, past rows that stand
    beside it. In English the spaces of two or three rows may fall on one another."""
    em = min(a.size, b.size)
    latin = a.text[-1].isascii() and b.text[0].isascii()
    half = (_NARROWEST if latin else _SURELY_ONE_LINE) * min(em, rows.em) / 2
    if b.x0 - a.x1 < 2 * half:
        return False
    above, under = _rows_near(a, b, rows)
    for step in range(int((b.x0 - a.x1 - 2 * half) / (0.2 * em)) + 1):
        x = a.x1 + half + step * 0.2 * em
        up, all_up = _white_rows(above, x - half, x + half)
        down, all_down = _white_rows(under, x - half, x + half)
        if latin and (up + down >= 4 or (up + down >= 3 and all_up and all_down)):
            return True
        if not latin and max(up, down) >= 2:
            return True
    return False


def _white_rows(rows: Sequence[Sequence[Line]], start: float, end: float) -> tuple[int, bool]:
    """Count the rows that leave a range white before one that does not; tell whether none does."""
    count = 0
    for row in rows:
        white = _is_white(row, start, end)
        if white is False:
            return count, False
        count += white is True
    return count, True


def _rows_near(a: Line, b: Line, rows: _Rows) -> tuple[list[list[Line]], list[list[Line]]]:
    """Return the rows above and under two atoms of a row, the nearest first, without larger type:
    a headline spans many columns."""
    em = min(a.size, b.size)
    window = rows.between(a.baseline - 6 * em, a.baseline + 6 * em)
    near = [
        atom
        for atom in window
        if atom.size <= 1.25 * em and atom.x0 < b.x0 + 3 * em and atom.x1 > a.x1 - 3 * em
    ]
    all_rows = _by_baseline(near)
    above = [row for row in all_rows if row[0].baseline < a.baseline - 0.6 * em]
    return above[::-1], [row for row in all_rows if row[0].baseline > a.baseline + 0.6 * em]


def _is_white(row: Sequence[Line], start: float, end: float) -> bool | None:
    """Tell whether a row leaves a range white; None where it has no atom near."""
    near = False
    for atom in row:
        if atom.x0 < end and atom.x1 > start:
            return False
        near |= 0 <= start - atom.x1 < 2.5 * atom.size or 0 <= atom.x0 - end < 2.5 * atom.size
    return near or None


def _by_baseline(atoms: Sequence[Line]) -> list[list[Line]]:
    rows: list[list[Line]] = []
    for atom in atoms:
        if rows and atom.baseline - rows[-1][0].baseline < 0.3 * atom.size:
            rows[-1].append(atom)
        else:
            rows.append([atom])
    return rows


# -- text set from top to bottom ----------------------------------------------------------------


def _vertical_runs(glyphs: Sequence[Glyph]) -> tuple[list[Glyph], list[list[Glyph]]]:
    """Part glyphs drawn one under the other (three or more, without a gap) from the rest."""
    upright: list[Glyph] = []
    stacks: list[list[Glyph]] = []
    run: list[Glyph] = []
    blanks: list[Glyph] = []  # drawn since the last glyph of the run
    for g in glyphs:
        if g.text.isspace():
            blanks.append(g)
            continue
        if run and not _is_under(run[-1], g):
            _close(run, upright, stacks)
            upright.extend(blanks)
            run = []
        run.append(g)
        blanks = []
    _close(run, upright, stacks)
    return upright, stacks


def _close(run: list[Glyph], upright: list[Glyph], stacks: list[list[Glyph]]) -> None:
    if len(run) >= 3:
        stacks.append(run)
    else:
        upright.extend(run)


def _is_under(above: Glyph, g: Glyph) -> bool:
    return (
        abs((g.x0 + g.x1) - (above.x0 + above.x1)) <= 0.3 * g.size
        and 0.8 * g.size <= g.baseline - above.baseline <= 1.6 * g.size
        and 0.95 <= g.size / above.size <= 1.05
        and not g.text.isascii()
    )


def _turned(g: Glyph) -> Glyph:
    """Lay a glyph on its side: what ran down the page now runs to the right, right columns on
    top."""
    top = g.baseline - 0.88 * g.size
    return Glyph(g.text, top, top + g.size, -(g.x0 + g.x1) / 2 + 0.38 * g.size, g.size)


def _beside(stacks: list[list[Glyph]]) -> list[list[list[Glyph]]]:
    """Gather stacks that stand beside each other, from right to left."""
    gathered: list[list[list[Glyph]]] = []
    for stack in sorted(stacks, key=lambda s: -s[0].x0):
        last = gathered[-1][-1] if gathered else None
        if (
            last is not None
            and last[0].x0 - stack[0].x1 <= 1.5 * stack[0].size
            and abs(last[0].baseline - stack[0].baseline) <= 2.5 * stack[0].size
            and 0.95 <= last[0].size / stack[0].size <= 1.05
        ):
            gathered[-1].append(stack)
        else:
            gathered.append([stack])
    return gathered


def _stack_item(stacks: list[list[Glyph]]) -> _Item:
    """Make a block of vertical lines."""
    glyphs = [g for stack in stacks for g in stack]
    size = glyphs[0].size
    box = (
        min(g.x0 for g in glyphs),
        min(g.baseline for g in glyphs) - 0.88 * size,
        max(g.x1 for g in glyphs),
        max(g.baseline for g in glyphs) + 0.12 * size,
    )
    lines = [Line("".join(g.text for g in s), box[0], box[2], s[0].baseline, size) for s in stacks]
    return _Item(*box, lines)


# -- lines to blocks ---------------------------------------------------------------------------


def _blocks(lines: Sequence[Line], borders: Sequence[Box]) -> list[_Item]:
    """Put lines of one column and one size together. A line over two columns belongs to neither,
    and no block runs across a rule, a picture or the edge of a frame."""
    under, over = _neighbours(lines, borders)
    block_of: dict[int, list[Line]] = {}
    blocks: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.baseline, line.x0)):
        above = over[id(line)]
        if len(above) == 1 and len(under[id(above[0])]) == 1:
            block = block_of[id(above[0])]
        else:
            block = []
            blocks.append(block)
        block.append(line)
        block_of[id(line)] = block
    return [_item(block) for block in blocks]


def _item(lines: list[Line]) -> _Item:
    return _Item(
        min(line.x0 for line in lines),
        min(line.y0 for line in lines),
        max(line.x1 for line in lines),
        max(line.y1 for line in lines),
        lines,
    )


def _neighbours(
    lines: Sequence[Line], borders: Sequence[Box]
) -> tuple[dict[int, list[Line]], dict[int, list[Line]]]:
    """Return, for each line, the lines right under and right over it that could be of its block."""
    rows = _Rows(lines)
    nearest: dict[int, list[Line]] = {}
    for line in lines:
        below = [
            other
            for other in rows.between(
                line.baseline + 0.6 * line.size, line.baseline + _WIDEST_LEADING * line.size
            )
            if _is_under_line(line, other)
        ]
        near = below[0].baseline + 0.4 * line.size if below else 0.0
        nearest[id(line)] = [other for other in below if other.baseline <= near]
    leading = statistics.median(
        [
            (nearest[id(line)][0].baseline - line.baseline) / line.size
            for line in lines
            if nearest[id(line)] and _is_same_size(line, nearest[id(line)][0])
        ]
        or [1.5]
    )
    under: dict[int, list[Line]] = {id(line): [] for line in lines}
    over: dict[int, list[Line]] = {id(line): [] for line in lines}
    for line in lines:
        for other in nearest[id(line)]:
            if (
                _is_same_size(line, other)
                and other.baseline - line.baseline <= _LEADING * leading * line.size
                and not any(_runs_between(border, line, other) for border in borders)
            ):
                under[id(line)].append(other)
                over[id(other)].append(line)
    return under, over


def _is_under_line(line: Line, other: Line) -> bool:
    """Tell whether `other` stands in the column of `line`: they share some width, or one is the
    last word of a paragraph and the other is indented."""
    shared = min(line.x1, other.x1) - max(line.x0, other.x0)
    least = min(line.x1 - line.x0, other.x1 - other.x0)
    return shared > 0.2 * least or abs(other.x0 - line.x0) <= 2.3 * line.size


def _runs_between(border: Box, line: Line, under: Line) -> bool:
    """Tell whether the upper or lower edge of a box parts two lines."""
    if border.x0 > line.x1 or border.x1 < line.x0:
        return False
    middle, next_middle = line.baseline - 0.38 * line.size, under.baseline - 0.38 * under.size
    return middle < border.y0 < next_middle or middle < border.y1 < next_middle


def _is_same_size(a: Line, b: Line) -> bool:
    return max(a.size, b.size) <= _SAME_SIZE * min(a.size, b.size)


def _framed(items: list[_Item], frames: Sequence[Box]) -> list[_Item]:
    """Put the blocks inside a frame into one item; frames around most of the page say nothing."""
    total = sum(len(item.lines) for item in items)
    for frame in sorted(frames, key=lambda f: (f.x1 - f.x0) * (f.y1 - f.y0)):
        inside = [item for item in items if _holds(frame, item)]
        lines = sum(_count(item) for item in inside)
        if lines < 2 or lines > 0.7 * total:
            continue
        box = _Item(*frame, inside=inside)
        items = [item for item in items if not any(item is i for i in inside)] + [box]
    return items


def _widen_headlines(items: list[_Item], em: float) -> None:
    """Let a headline that does not fill its columns stand over all of them: those that begin where
    the text under it begins, with nothing else above them."""
    for item in items:
        if item.inside:
            _widen_headlines(item.inside, em)
        if not item.lines or len(item.lines) > 3 or item.size < _HEADLINE * em:
            continue
        under = [i for i in items if i.lines and 0 <= i.y0 - item.y1 + 0.3 * em <= 4 * em]
        tops = [i.y0 for i in under if _overlap_x(i, item)]
        beside = [i for i in items if i is not item and i.y0 < item.y1 and i.y1 > item.y0]
        row = [i for i in under if tops and abs(i.y0 - min(tops)) <= 0.7 * em]
        for column in sorted(row, key=_left):
            if column.x0 >= item.x0 and not _between(item.x1, column.x1, beside):
                item.x1 = max(item.x1, column.x1)
        for column in sorted(row, key=_left, reverse=True):
            if column.x1 <= item.x1 and not _between(column.x0, item.x0, beside):
                item.x0 = min(item.x0, column.x0)


def _between(start: float, end: float, items: list[_Item]) -> bool:
    return any(i.x0 < end and i.x1 > start for i in items)


def _count(item: _Item) -> int:
    return len(item.lines) + sum(map(_count, item.inside))


def _holds(frame: Box, item: _Item | Line) -> bool:
    x, y = (item.x0 + item.x1) / 2, (item.y0 + item.y1) / 2
    return frame.x0 <= x <= frame.x1 and frame.y0 <= y <= frame.y1


def _cutting(obstacles: Sequence[Box], lines: Sequence[Line], em: float) -> list[Box]:
    """Return the obstacles that part text: not those behind it, nor small ones."""
    return [
        box
        for box in obstacles
        if box.x1 - box.x0 > 3 * em and not any(_holds(box, line) for line in lines)
    ]


# -- blocks in order ---------------------------------------------------------------------------


def _peeled(items: list[_Item], em: float) -> list[_Item]:
    """Order a page: running heads first, page numbers last, the rest by `_order`."""
    if not items:
        return []
    top, bottom = min(i.y0 for i in items), max(i.y1 for i in items)
    reach = _FURNITURE * (bottom - top)
    head = _furniture(items, em, lambda i: i.y0 - top < 0.6 * em and i.y1 - top < reach)
    rest = [i for i in items if not any(i is h for h in head)]
    foot = _furniture(rest, em, lambda i: bottom - i.y1 < 0.6 * em and bottom - i.y0 < reach)
    body = [i for i in rest if not any(i is f for f in foot)]
    return [*sorted(head, key=_left), *_order(body, em), *sorted(foot, key=_left)]


def _furniture(items: list[_Item], em: float, at_edge: Callable[[_Item], bool]) -> list[_Item]:
    """Return the blocks of a row at the edge of the page if they are small and stand apart."""
    row = [i for i in items if at_edge(i)]
    others = [i for i in items if not any(i is r for r in row)]
    if not row or not others or any(len(i.lines) != 1 or i.size > 1.2 * em for i in row):
        return []
    distance = min(max(o.y0 - r.y1, r.y0 - o.y1) for o in others for r in row)
    return row if distance >= 0.8 * em else []


_Parts = tuple[list[_Item], list[_Item]]


def _left(item: _Item) -> float:
    return item.x0


def _order(items: list[_Item], em: float) -> list[_Item]:
    """Return the blocks inside `items` in reading order."""
    if not any(_count(i) for i in items):
        return []
    if len(items) == 1:
        return _order(items[0].inside, em) if items[0].inside else items
    columns = _cut(items, "x", _GUTTER * em)
    strips = _cut(items, "y", _STRIP * em)
    if len(columns) > 1:
        if (rows := _table(columns)) is not None:
            return [rows]
        parts = _story_boundary(strips, columns, em)
        if parts is None:
            return [item for column in columns for item in _order(column, em)]
    else:
        parts = _best_strip(strips, em)
        if parts is None:
            stories = _stories(items, em)
            if len(stories) < len(items):
                return _order(stories, em)
            return [i for item in _partial_order(items) for i in _order([item], em)]
    return _order(parts[0], em) + _order(parts[1], em)


def _cut(items: list[_Item], axis: str, least: float) -> list[list[_Item]]:
    """Cut items apart where a gap of at least `least` runs between them, across `axis`."""
    low, high = (_left, lambda i: i.x1) if axis == "x" else (lambda i: i.y0, lambda i: i.y1)
    parts: list[list[_Item]] = []
    reach = -1e9
    for item in sorted(items, key=low):
        if low(item) - reach >= least:
            parts.append([])
        parts[-1].append(item)
        reach = max(reach, high(item))
    return parts


def _best_strip(strips: list[list[_Item]], em: float) -> _Parts | None:
    """Cut at the strip that leaves the largest area in which gutters run from top to bottom; None
    when each strip runs through a story."""
    best, freed = None, -1.0
    for above, below in _halves(strips):
        if _parts_story(above, below, em):
            continue
        gain = sum(
            _area(part)
            for part in (above, below)
            if len(_cut(part, "y", _STRIP * em)) == 1 or len(_cut(part, "x", _GUTTER * em)) > 1
        )
        if gain > freed:
            best, freed = (above, below), gain
    return best


def _halves(strips: list[list[_Item]]) -> Iterator[_Parts]:
    for n in range(1, len(strips)):
        yield [i for s in strips[:n] for i in s], [i for s in strips[n:] for i in s]


def _parts_story(above: list[_Item], below: list[_Item], em: float) -> bool:
    """Tell whether a strip runs under a headline or byline that has something beside it: what is
    under it belongs to it, not to the row."""
    for item in above:
        if not _is_headline(item, em) and len(item.lines) != 1:
            continue
        follows = any(
            _overlap_x(item, i) and i.y0 - item.y1 < 2.5 * item.size for i in below if _count(i)
        )
        beside = any(
            i is not item
            and i.y0 < item.y1 + em
            and i.y1 > item.y0 - em
            and not _overlap_x(i, item)
            for i in above
        )
        if follows and beside:
            return True
    return False


def _is_headline(item: _Item, em: float) -> bool:
    return 0 < len(item.lines) <= 3 and item.size >= _HEADLINE * em


def _area(items: list[_Item]) -> float:
    width = max(i.x1 for i in items) - min(i.x0 for i in items)
    return width * (max(i.y1 for i in items) - min(i.y0 for i in items))


def _story_boundary(
    strips: list[list[_Item]], columns: list[list[_Item]], em: float
) -> _Parts | None:
    """Return what lies above and below the strip under which new stories begin, all across the
    page; None where the columns run through.

    They do where each column goes on with a headline or a frame, and where columns of text stand
    over the gutters of others: two grids, each to be read by itself.
    """
    for above, below in _halves(strips):
        if _parts_story(above, below, em):
            continue
        firsts = [
            min((i for i in column if _is_in(i, below) and _count(i)), key=_top, default=None)
            for column in columns
        ]
        begin = [i for i in firsts if i is not None]
        if len(begin) > 1 and all(i.inside or _is_headline(i, em) for i in begin):
            return above, below
        if _crosses(above, _cut(below, "x", _GUTTER * em)) or _crosses(
            below, _cut(above, "x", _GUTTER * em)
        ):
            return above, below
    return None


def _is_in(item: _Item, items: list[_Item]) -> bool:
    return any(item is i for i in items)


def _top(item: _Item) -> float:
    return item.y0


def _crosses(items: list[_Item], columns: list[list[_Item]]) -> bool:
    """Tell whether text of several lines in `items` spans a gutter between `columns` that hold
    several lines too."""
    for left, right in zip(columns, columns[1:], strict=False):
        if min(sum(map(_count, left)), sum(map(_count, right))) < 3:
            continue
        end, start = max(i.x1 for i in left), min(i.x0 for i in right)
        if any(len(i.lines) >= 3 and i.x0 < end - 1 and i.x1 > start + 1 for i in items):
            return True
    return False


def _table(columns: list[list[_Item]]) -> _Item | None:
    """Return a table as one block, a row a line, or None: its columns share their baselines and
    their cells are short."""
    if any(item.inside for column in columns for item in column):
        return None
    cells = [[line for item in column for line in item.lines] for column in columns]
    cells = [column for column in cells if column]
    if len(cells) < 2 or min(map(len, cells)) < 3:
        return None
    if any(max(x.x0 for x in column) >= min(x.x1 for x in column) for column in cells):
        return None  # columns in columns
    edges = [min(line.x0 for line in column) for column in cells]
    fill = statistics.fmean(
        (line.x1 - line.x0) / (after - edge)
        for column, edge, after in zip(cells, edges, edges[1:], strict=False)
        for line in column
    )
    lines = [line for column in cells for line in column]
    rows = _by_baseline(sorted(lines, key=lambda line: line.baseline))
    widest = statistics.median((line.x1 - line.x0) / line.size for line in lines)
    if fill > _TABLE_FILL or widest > _WIDEST_CELL or len(lines) < 0.8 * len(rows) * len(cells):
        return None
    return _item([_row(sorted(row, key=lambda line: line.x0)) for row in rows])


def _row(cells: list[Line]) -> Line:
    text = "\t".join(cell.text for cell in cells)
    return Line(text, cells[0].x0, cells[-1].x1, cells[0].baseline, cells[0].size)


def _stories(items: list[_Item], em: float) -> list[_Item]:
    """Gather the columns that stand under each headline, where nothing else is among them."""
    heads = [i for i in items if _is_headline(i, em)]
    members: dict[int, list[_Item]] = {id(head): [head] for head in heads}
    for item in items:
        over = [
            h for h in heads if h is not item and _overlap_x(h, item) and h.y1 <= item.y0 + 0.3 * em
        ]
        if over and not _is_headline(item, em):
            members[id(max(over, key=lambda h: h.y1))].append(item)
    taken: list[_Item] = []
    stories = []
    for head in heads:
        story = _around(members[id(head)])
        others = (i for i in items if not _is_in(i, story.inside))
        if len(story.inside) > 1 and not any(_overlap(i, story, 0.4 * em) for i in others):
            stories.append(story)
            taken += story.inside
    return [i for i in items if not _is_in(i, taken)] + stories


def _around(items: list[_Item]) -> _Item:
    return _Item(
        min(i.x0 for i in items),
        min(i.y0 for i in items),
        max(i.x1 for i in items),
        max(i.y1 for i in items),
        inside=items,
    )


def _overlap(a: _Item, b: _Item, least: float) -> bool:
    return (
        min(a.x1, b.x1) - max(a.x0, b.x0) > least and min(a.y1, b.y1) - max(a.y0, b.y0) > least
    )


def _partial_order(items: list[_Item]) -> list[_Item]:
    """Order items between which no straight cut runs."""
    if len(items) > _MOST_ORDERED:
        return sorted(items, key=lambda i: (i.y0, i.x0))
    left = sorted(items, key=lambda i: (i.x0, i.y0))
    before = {id(a): {id(b) for b in left if b is not a and _precedes(b, a, left)} for a in left}
    ordered: list[_Item] = []
    while left:
        # a cycle is left where the fewest stand before
        least = min(len(before[id(i)]) for i in left)
        item = next(i for i in left if len(before[id(i)]) == least)
        left = [i for i in left if i is not item]
        ordered.append(item)
        for others in before.values():
            others.discard(id(item))
    return ordered


def _precedes(a: _Item, b: _Item, items: list[_Item]) -> bool:
    if _overlap_x(a, b):
        return a.y0 + a.y1 < b.y0 + b.y1
    if a.x0 > b.x0:
        return False
    top, bottom = min(a.y1, b.y1), max(a.y0, b.y0)
    return not any(
        _overlap_x(c, a) and _overlap_x(c, b) and top <= (c.y0 + c.y1) / 2 <= bottom for c in items
    )


def _overlap_x(a: _Item, b: _Item) -> bool:
    least = min(a.x1 - a.x0, b.x1 - b.x0)
    return min(a.x1, b.x1) - max(a.x0, b.x0) > 0.15 * least


def _texts(item: _Item, em: float) -> list[str]:
    """Return the lines of a block; the indent of a paragraph comes out as two wide spaces."""
    left = statistics.median_low([line.x0 for line in item.lines])
    left = min((line.x0 for line in item.lines if line.x0 > left - em), default=left)
    texts = []
    for line in item.lines:
        indent = (line.x0 - left) / line.size
        is_first = len(item.lines) > 1 and _INDENTS[0] <= indent <= _INDENTS[1]
        texts.append(("\u3000\u3000" if is_first else "") + line.text)
    return texts
