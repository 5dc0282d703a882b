"""Glyphs of a page → lines of one column each. Pure geometry; y grows downwards, all in points.

Glyphs drawn side by side become atoms ("2025年", "Beijing"), atoms of one row a line, unless a
gutter or the side of a frame lies between them. Text set from top to bottom is found here too.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

# All in em, the size of the type, unless said otherwise.
_KERNED = -0.65  # ），set close together overlap by half their width
_JOINED = 0.3  # glyphs this near are one atom
_SURELY_ONE_LINE = 0.35  # a wide word space; gutters are 0.8 and more
_MAYBE_ONE_LINE = 1.6  # word spaces of justified English reach 1.5
_WIDEST_GAP = 1.2  # in Chinese, which has no word spaces but sets names apart
_WIDEST_SPACE = 5.0  # of a line of two long words in a narrow column, with full lines around it
_EVEN = 0.04  # no word ends where the white is no wider than between the characters around
_WORD_SPACE = 0.14  # Latin letters further apart than this are two words
_SAME_SIZE = 1.2  # ratio
_NEAR_ROWS = 8.0  # rows no further are looked at
_NARROWEST = 0.7  # gutter of English columns; the white that word spaces have in common is narrower


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


def em_of(atoms: Sequence[Line]) -> float:
    """Return the size that half of the text is at most set in."""
    by_size = sorted((atom.size, len(atom.text)) for atom in atoms)
    left = sum(count for _, count in by_size) / 2
    for size, count in by_size:
        left -= count
        if left <= 0:
            return size
    return 0.0


def join_glyphs(glyphs: Iterable[Glyph]) -> list[Line]:
    """Join glyphs that are drawn one behind the other on one baseline."""
    atoms: list[Line] = []
    last: Glyph | None = None
    blank = 0.0  # width of the spaces drawn since `last`
    spread = 0.0  # white between the last two Chinese characters: a line may be drawn out
    for g in glyphs:
        if g.text.isspace():
            blank += max(g.x1 - g.x0, 0.2 * g.size)
            continue
        if last is not None and _runs_on(last, g, blank):
            atom, gap = atoms[-1], g.x0 - last.x1
            even = gap <= spread + _EVEN * g.size
            atom.text += _space_between(atom.text[-1], g, 0.0 if even else gap, blank) + g.text
            atom.x1 = max(atom.x1, g.x1)
            if not (last.text.isascii() or g.text.isascii()):
                spread = gap
        elif last is None or not _is_shadow(last, g):  # bold may be drawn as the same glyph twice
            atoms.append(Line(g.text, g.x0, g.x1, g.baseline, g.size))
            spread = 0.0
        last, blank = g, 0.0
    return atoms


def _runs_on(last: Glyph, g: Glyph, blank: float) -> bool:
    gap = g.x0 - last.x1
    return (
        abs(g.baseline - last.baseline) <= 0.1 * g.size
        and 0.95 <= g.size / last.size <= 1.05
        and _KERNED * g.size <= gap <= blank + _JOINED * g.size
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


class Rows:
    """Atoms, found by their height on the page."""

    def __init__(self, atoms: Sequence[Line]) -> None:
        self.atoms = sorted(atoms, key=lambda a: a.baseline)
        self._baselines = [a.baseline for a in self.atoms]
        self.em = em_of(atoms)

    def between(self, top: float, bottom: float) -> list[Line]:
        """Return the atoms with a baseline from `top` to `bottom`."""
        first = bisect.bisect_left(self._baselines, top)
        return self.atoms[first : bisect.bisect_right(self._baselines, bottom)]


def join_atoms(atoms: Sequence[Line], frames: Sequence[Box]) -> list[Line]:
    """Join atoms of one row unless a gutter or the side of a frame lies between them."""
    rows = Rows(atoms)
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


def _right_neighbour(a: Line, rows: Rows) -> Line | None:
    nearest: Line | None = None
    for b in rows.between(a.baseline - 0.6 * a.size, a.baseline + 0.6 * a.size):
        overlap = min(a.y1, b.y1) - max(a.y0, b.y0)
        if (
            b is not a
            and b.x0 >= a.x1 + _KERNED * min(a.size, b.size)
            and b.x1 > a.x1
            and overlap >= 0.5 * min(a.size, b.size)
            and (nearest is None or b.x0 < nearest.x0)
        ):
            nearest = b
    return nearest


def _is_one_line(a: Line, b: Line, rows: Rows) -> bool:
    em = min(a.size, b.size)
    gap = (b.x0 - a.x1) / em
    if gap <= _SURELY_ONE_LINE:
        return max(a.size, b.size) <= 2.2 * em
    latin = a.text[-1].isascii() and b.text[0].isascii()
    widest = _WIDEST_SPACE if latin else _WIDEST_GAP
    if gap > widest or max(a.size, b.size) > _SAME_SIZE * em or _is_gutter(a, b, rows):
        return False
    return gap <= _MAYBE_ONE_LINE or len(_rows_near(a, b, rows)[0]) >= 2


def _is_gutter(a: Line, b: Line, rows: Rows) -> bool:
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


def _rows_near(a: Line, b: Line, rows: Rows) -> tuple[list[list[Line]], list[list[Line]]]:
    """Return the rows above and under two atoms of a row, the nearest first, without larger type:
    a headline spans many columns."""
    em = min(a.size, b.size)
    window = rows.between(a.baseline - _NEAR_ROWS * em, a.baseline + _NEAR_ROWS * em)
    near = [
        atom
        for atom in window
        if atom.size <= 1.25 * em and atom.x0 < b.x0 + 3 * em and atom.x1 > a.x1 - 3 * em
    ]
    all_rows = by_baseline(near)
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


def by_baseline(atoms: Sequence[Line]) -> list[list[Line]]:
    rows: list[list[Line]] = []
    for atom in atoms:
        if rows and atom.baseline - rows[-1][0].baseline < 0.3 * atom.size:
            rows[-1].append(atom)
        else:
            rows.append([atom])
    return rows


# -- text set from top to bottom ----------------------------------------------------------------


def vertical_runs(glyphs: Sequence[Glyph]) -> tuple[list[Glyph], list[list[Glyph]]]:
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


def turned(g: Glyph) -> Glyph:
    """Lay a glyph on its side: what ran down the page now runs to the right, right columns on
    top."""
    top = g.baseline - 0.88 * g.size
    return Glyph(g.text, top, top + g.size, -(g.x0 + g.x1) / 2 + 0.38 * g.size, g.size)


def beside(stacks: list[list[Glyph]]) -> list[list[list[Glyph]]]:
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
