"""Lines of a page → blocks: lines of one column and one size, one under the other; text in a frame
by itself."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from rag.formats.lines import Box, Glyph, Line, Rows

# All in em, the size of the type, unless said otherwise.
_SAME_SIZE = 1.2  # ratio
_LEADING = 1.3  # ratio: lines further apart than this times the usual leading are two blocks
_WIDEST_LEADING = 2.6  # lines of one block are never further apart
_BESIDE = 4.0  # columns with more white between them are not of one story


@dataclass(slots=True)
class Item:
    """Something on the page: a block of lines, a frame with items in it, or a mere obstacle."""

    x0: float
    y0: float
    x1: float
    y1: float
    lines: list[Line] = field(default_factory=list)
    inside: list[Item] = field(default_factory=list)
    one_story: bool = False  # what is inside
    is_head: bool = False  # of a story
    upright: bool = False  # set from top to bottom

    @property
    def size(self) -> float:
        return self.lines[0].size if self.lines else 0.0


def make_stack(stacks: list[list[Glyph]]) -> Item:
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
    return Item(*box, lines, upright=True)


def make_blocks(lines: Sequence[Line], borders: Sequence[Box]) -> list[Item]:
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
    return [make_block(block) for block in blocks]


def make_block(lines: list[Line]) -> Item:
    return Item(
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
    rows = Rows(lines)
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
    for line in lines:
        if len(under[id(line)]) == 1 and _begins_block(line, over):
            first = under[id(line)][0]
            if _stands_over_columns(line, first, rows, over):
                under[id(line)].clear()
                over[id(first)].remove(line)
    return under, over


def _begins_block(line: Line, over: dict[int, list[Line]]) -> bool:
    """Tell whether at most one line stands above a line in its block."""
    above = over[id(line)]
    return not above or (len(above) == 1 and not over[id(above[0])])


def _stands_over_columns(line: Line, first: Line, rows: Rows, over: dict[int, list[Line]]) -> bool:
    """Tell whether a line, a byline or subtitle, stands over several columns, of which the line
    under it begins one: another begins on the same baseline, with nothing above it."""
    reach = _BESIDE * line.size
    for other in rows.between(first.baseline - 0.3 * line.size, first.baseline + 0.3 * line.size):
        near = other.x0 - first.x1 < reach and first.x0 - other.x1 < reach
        if other is first or not near or over[id(other)] or not _is_same_size(first, other):
            continue
        above = rows.between(line.baseline - 3 * line.size, first.baseline - 0.6 * line.size)
        if all(_shares(a, line) for a in above if a is not line and _shares(a, other)):
            return True
    return False


def _is_under_line(line: Line, other: Line) -> bool:
    """Tell whether `other` stands in the column of `line`: they share some width, or one is the
    last word of a paragraph and the other is indented."""
    shared = min(line.x1, other.x1) - max(line.x0, other.x0)
    least = min(line.x1 - line.x0, other.x1 - other.x0)
    return shared > 0.2 * least or abs(other.x0 - line.x0) <= 2.3 * line.size


def _shares(a: Line, b: Line) -> bool:
    return a.x0 < b.x1 and a.x1 > b.x0


def _runs_between(border: Box, line: Line, under: Line) -> bool:
    """Tell whether the upper or lower edge of a box parts two lines."""
    if border.x0 > line.x1 or border.x1 < line.x0:
        return False
    middle, next_middle = line.baseline - 0.38 * line.size, under.baseline - 0.38 * under.size
    return middle < border.y0 < next_middle or middle < border.y1 < next_middle


def _is_same_size(a: Line, b: Line) -> bool:
    return max(a.size, b.size) <= _SAME_SIZE * min(a.size, b.size)


def put_in_frames(items: list[Item], frames: Sequence[Box]) -> list[Item]:
    """Put the blocks inside a frame into one item; frames around most of the page say nothing."""
    total = sum(len(item.lines) for item in items)
    for frame in sorted(frames, key=lambda f: (f.x1 - f.x0) * (f.y1 - f.y0)):
        inside = [item for item in items if _holds(frame, item)]
        lines = sum(count_lines(item) for item in inside)
        if lines < 2 or lines > 0.7 * total:
            continue
        box = Item(*frame, inside=inside)
        items = [item for item in items if not any(item is i for i in inside)] + [box]
    return items


def count_lines(item: Item) -> int:
    return len(item.lines) + sum(map(count_lines, item.inside))


def _holds(frame: Box, item: Item | Line) -> bool:
    x, y = (item.x0 + item.x1) / 2, (item.y0 + item.y1) / 2
    return frame.x0 <= x <= frame.x1 and frame.y0 <= y <= frame.y1


def cutting(obstacles: Sequence[Box], lines: Sequence[Line], em: float) -> list[Box]:
    """Return the obstacles that part text: not those behind it, nor small ones."""
    return [
        box
        for box in obstacles
        if box.x1 - box.x0 > 3 * em and not any(_holds(box, line) for line in lines)
    ]


def overlap_x(a: Item, b: Item) -> bool:
    least = min(a.x1 - a.x0, b.x1 - b.x0)
    return min(a.x1, b.x1) - max(a.x0, b.x0) > 0.15 * least


def left_edge(item: Item) -> float:
    """Return where an item begins; for sorting."""
    return item.x0
