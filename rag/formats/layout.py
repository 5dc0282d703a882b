"""Glyphs of a page → its lines in reading order. Pure geometry; y grows downwards, all in points.

  glyphs    in the order the page draws them; those side by side become atoms ("2025年", "Beijing")
  lines     atoms of one row, joined unless a gutter runs between them
  blocks    lines of one column, one under the other
  heads     headlines with kicker and subtitle, over all the columns that they stand over (`heads`)
  stories   what stands under a head, down to the next, read by itself where nothing is among it
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

import itertools
import math
import statistics
from collections.abc import Callable, Iterator, Sequence

from rag.formats.blocks import (
    Item,
    count_lines,
    cutting,
    left_edge,
    make_block,
    make_blocks,
    make_stack,
    overlap_x,
    put_in_frames,
)
from rag.formats.heads import gathered, is_headline, mark_heads, widen_headlines
from rag.formats.lines import (
    Box,
    Glyph,
    Line,
    beside,
    by_baseline,
    em_of,
    join_atoms,
    join_glyphs,
    turned,
    vertical_runs,
)
from rag.types import HEADLINE

# All in em, the size of the type, unless said otherwise.
_INDENTS = (1.4, 3.2)  # the first line of a Chinese paragraph is indented by 2
_GUTTER = 0.5  # the narrowest; a line may hang a sign into it
_STRIP = 0.15  # the narrowest; blocks stand at least their leading apart
_FURNITURE = 0.1  # share of the page's height where running heads and page numbers stand
_TABLE_FILL = 0.6  # cells fill less than this share of the way to the next column, text 0.8 or more
_WIDEST_CELL = 9.0  # the median cell; columns of text are wider
_MOST_ORDERED = 300  # blocks that the partial order takes; it costs their number cubed


def read_page(
    glyphs: Sequence[Glyph], *, obstacles: Sequence[Box] = (), frames: Sequence[Box] = ()
) -> list[list[str]]:
    """Return the blocks of a page in reading order, each as its lines."""
    upright, stacks = vertical_runs(glyphs)
    if sum(len(s) for s in stacks) > len(upright):  # set from top to bottom: lay it on its side
        return read_page(
            [turned(g) for g in glyphs],
            obstacles=[Box(b.y0, -b.x1, b.y1, -b.x0) for b in obstacles],
            frames=[Box(b.y0, -b.x1, b.y1, -b.x0) for b in frames],
        )
    atoms = join_glyphs(upright)
    if not atoms and not stacks:
        return []
    em = em_of(atoms) if atoms else stacks[0][0].size
    lines = join_atoms(atoms, frames)
    items = make_blocks(lines, [*obstacles, *frames]) + [
        make_stack(stack) for stack in beside(stacks)
    ]
    items = put_in_frames(items, frames)
    items += [Item(*box) for box in cutting(obstacles, lines, em)]
    widen_headlines(items, em)
    ordered = _peeled(items, em)
    return [_texts(item, em) for item in ordered if item.lines]


def _peeled(items: list[Item], em: float) -> list[Item]:
    """Order a page: running heads first, page numbers last, the rest by `_order`."""
    if not items:
        return []
    top, bottom = min(i.y0 for i in items), max(i.y1 for i in items)
    reach = _FURNITURE * (bottom - top)
    head = _furniture(items, em, lambda i: i.y0 - top < 0.6 * em and i.y1 - top < reach)
    rest = [i for i in items if not any(i is h for h in head)]
    foot = _furniture(rest, em, lambda i: bottom - i.y1 < 0.6 * em and bottom - i.y0 < reach)
    body = [i for i in rest if not any(i is f for f in foot)]
    mark_heads(body, em)
    return [*sorted(head, key=left_edge), *_order(body, em), *sorted(foot, key=left_edge)]


def _furniture(items: list[Item], em: float, at_edge: Callable[[Item], bool]) -> list[Item]:
    """Return the blocks of a row at the edge of the page if they are small and stand apart."""
    row = [i for i in items if at_edge(i)]
    others = [i for i in items if not any(i is r for r in row)]
    if not row or not others or any(len(i.lines) != 1 or i.size > 1.2 * em for i in row):
        return []
    distance = min(max(o.y0 - r.y1, r.y0 - o.y1) for o in others for r in row)
    return row if distance >= 0.8 * em else []


_Parts = tuple[list[Item], list[Item]]


def _order(items: list[Item], em: float, *, one_story: bool = False) -> list[Item]:
    """Return the blocks inside `items` in reading order; those of one story have no others among
    them."""
    if not any(count_lines(i) for i in items):
        return []
    if len(items) == 1:
        only = items[0]
        return _order(only.inside, em, one_story=only.one_story) if only.inside else items
    if not one_story:
        items = gathered(items, em)
        if len(items) == 1:
            return _order(items, em)
    columns = _columns(items, em)
    strips = _strips(items, em)
    if len(columns) > 1:
        if (rows := _table(columns)) is not None:
            return [rows]
        parts = None if one_story else _story_boundary(strips, columns, em)
        if parts is None:
            return [i for column in columns for i in _order(column, em, one_story=one_story)]
    else:
        parts = _best_strip(strips, em, one_story=one_story)
        if parts is None:
            return [i for item in _partial_order(items) for i in _order([item], em)]
    return [i for part in parts for i in _order(part, em, one_story=one_story)]


def _columns(items: list[Item], em: float) -> list[list[Item]]:
    """Cut items apart where gutters run from top to bottom."""
    return _cut([(i.x0, i.x1, i) for i in items], _GUTTER * em)


def _strips(items: list[Item], em: float) -> list[list[Item]]:
    """Cut items apart where white runs from side to side."""
    return _cut([(i.y0, i.y1, i) for i in items], _STRIP * em)


def _cut(items: list[tuple[float, float, Item]], least: float) -> list[list[Item]]:
    parts: list[list[Item]] = []
    reach = -math.inf
    for low, high, item in sorted(items, key=lambda i: i[0]):
        if low - reach >= least:
            parts.append([])
        parts[-1].append(item)
        reach = max(reach, high)
    return parts


def _best_strip(strips: list[list[Item]], em: float, *, one_story: bool) -> _Parts | None:
    """Cut at the strip that leaves the largest area in which gutters run from top to bottom; None
    when each strip runs through a story."""
    best, freed = None, -1.0
    for above, below in _halves(strips):
        if not one_story and _parts_story(above, below, em):
            continue
        gain = sum(
            _area(part)
            for part in (above, below)
            if len(_strips(part, em)) == 1 or len(_columns(part, em)) > 1
        )
        if gain > freed:
            best, freed = (above, below), gain
    return best


def _halves(strips: list[list[Item]]) -> Iterator[_Parts]:
    for n in range(1, len(strips)):
        yield [i for s in strips[:n] for i in s], [i for s in strips[n:] for i in s]


def _parts_story(above: list[Item], below: list[Item], em: float) -> bool:
    """Tell whether a strip runs under a headline or byline that has something beside it: what is
    under it belongs to it, not to the row."""
    for item in above:
        if not is_headline(item, em) and len(item.lines) != 1:
            continue
        follows = any(
            overlap_x(item, i) and i.y0 - item.y1 < 2.5 * item.size for i in below if count_lines(i)
        )
        beside = any(
            i is not item and i.y0 < item.y1 + em and i.y1 > item.y0 - em and not overlap_x(i, item)
            for i in above
        )
        if follows and beside:
            return True
    return False


def _area(items: list[Item]) -> float:
    width = max(i.x1 for i in items) - min(i.x0 for i in items)
    return width * (max(i.y1 for i in items) - min(i.y0 for i in items))


def _story_boundary(
    strips: list[list[Item]], columns: list[list[Item]], em: float
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
            min((i for i in column if _is_in(i, below) and count_lines(i)), key=_top, default=None)
            for column in columns
        ]
        begin = [i for i in firsts if i is not None]
        if len(begin) > 1 and all(i.inside or i.is_head for i in begin):
            return above, below
        if _crosses(above, _columns(below, em)) or _crosses(below, _columns(above, em)):
            return above, below
    return None


def _is_in(item: Item, items: list[Item]) -> bool:
    return any(item is i for i in items)


def _top(item: Item) -> float:
    return item.y0


def _crosses(items: list[Item], columns: list[list[Item]]) -> bool:
    """Tell whether text of several lines in `items` spans a gutter between `columns` that hold
    several lines too."""
    for left, right in itertools.pairwise(columns):
        if min(sum(map(count_lines, left)), sum(map(count_lines, right))) < 3:
            continue
        end, start = max(i.x1 for i in left), min(i.x0 for i in right)
        if any(len(i.lines) >= 3 and i.x0 < end - 1 and i.x1 > start + 1 for i in items):
            return True
    return False


def _table(columns: list[list[Item]]) -> Item | None:
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
    rows = by_baseline(sorted(lines, key=lambda line: line.baseline))
    widest = statistics.median((line.x1 - line.x0) / line.size for line in lines)
    if fill > _TABLE_FILL or widest > _WIDEST_CELL or len(lines) < 0.8 * len(rows) * len(cells):
        return None
    return make_block([_row(sorted(row, key=lambda line: line.x0)) for row in rows])


def _row(cells: list[Line]) -> Line:
    text = "\t".join(cell.text for cell in cells)
    return Line(text, cells[0].x0, cells[-1].x1, cells[0].baseline, cells[0].size)


def _partial_order(items: list[Item]) -> list[Item]:
    """Order items between which no straight cut runs."""
    if len(items) > _MOST_ORDERED:
        return sorted(items, key=lambda i: (i.y0, i.x0))
    left = sorted(items, key=lambda i: (i.x0, i.y0))
    before = {id(a): {id(b) for b in left if b is not a and _precedes(b, a, left)} for a in left}
    ordered: list[Item] = []
    while left:
        # a cycle is left where the fewest stand before
        least = min(len(before[id(i)]) for i in left)
        item = next(i for i in left if len(before[id(i)]) == least)
        left = [i for i in left if i is not item]
        ordered.append(item)
        for others in before.values():
            others.discard(id(item))
    return ordered


def _precedes(a: Item, b: Item, items: list[Item]) -> bool:
    if overlap_x(a, b):
        return a.y0 + a.y1 < b.y0 + b.y1
    if a.x0 > b.x0:
        return False
    top, bottom = min(a.y1, b.y1), max(a.y0, b.y0)
    return not any(
        overlap_x(c, a) and overlap_x(c, b) and top <= (c.y0 + c.y1) / 2 <= bottom for c in items
    )


def _texts(item: Item, em: float) -> list[str]:
    """Return the lines of a block; the indent of a paragraph comes out as two wide spaces,
    and the lines of a story's head begin with HEADLINE."""
    if item.is_head:
        return [HEADLINE + line.text for line in item.lines]
    left = statistics.median_low([line.x0 for line in item.lines])
    left = min((line.x0 for line in item.lines if line.x0 > left - em), default=left)
    texts = []
    for line in item.lines:
        indent = (line.x0 - left) / line.size
        is_first = len(item.lines) > 1 and _INDENTS[0] <= indent <= _INDENTS[1]
        texts.append(("\u3000\u3000" if is_first else "") + line.text)
    return texts
