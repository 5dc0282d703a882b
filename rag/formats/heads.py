"""The headlines of a page: which they are, over which columns each stands, what stands under it.

  kicker, headline, subtitle   one head, a stack
  byline                       stands over columns too, and is no head
  heading of a section         larger than the text, but in a column of it: no head
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rag.formats.blocks import Item, count_lines, left_edge, overlap_x

# All in em, the size of the type, unless said otherwise.
_HEADLINE = 1.3  # ratio: type this much larger than the page's is a headline
_STORY_HEAD = 1.5  # ratio: headlines of sections are smaller
_SUBTITLE = 1.08  # ratio
_MOST_LINES = 8  # of a headline in a narrow column
_LONGEST = 120  # characters of a headline
_CLOSE = 1.3  # white between a section's headline and the text above it
_STACKED = 1.0  # white between two blocks of one head, in ems of the larger
_REACH = 4.0  # white between a headline and what stands under it
_ALONE = 1.5  # times the width of the next column: white behind a headline in a column of its own
_STARTS = 2.0  # the text beside a headline set from top to bottom begins this near to its top
_LEVEL = 0.7  # tops that differ by less are one row
_ALIGNED = 0.6  # edges that differ by less are one
_INDENTED = 2.4  # of a paragraph of one line, at most
_UNEVEN = 3.0  # a headline stands this near to the middle of its columns


def is_headline(item: Item, em: float) -> bool:
    """Tell whether a block is set as headlines are, a section's among them."""
    if item.size >= _STORY_HEAD * em:  # in a narrow column it takes many lines
        letters = sum(len(line.text) for line in item.lines)
        return len(item.lines) <= _MOST_LINES and letters <= _LONGEST
    return 0 < len(item.lines) <= 3 and item.size >= _HEADLINE * em


def mark_heads(items: list[Item], em: float) -> None:
    """Tell of each block of a page whether it is of a story's head."""
    for item in items:
        mark_heads(item.inside, em)
    heads = [i for i in items if is_headline(i, em) and not _is_section(i, items, em)]
    for stack in _stacks(heads):
        for item in items:
            if 0 < len(item.lines) <= 2 and not item.is_head:
                item.is_head = _is_kicker(item, stack[0], items) or (
                    _is_right_under(stack[-1], item) and item.size >= _SUBTITLE * em
                )
    for head in heads:
        head.is_head = True


def _is_section(head: Item, items: Sequence[Item], em: float) -> bool:
    """Tell whether a headline is a section's: hardly larger than the text, and in a column of it,
    close below other text or beside the first lines of other columns."""
    if head.size >= _STORY_HEAD * em or len(head.lines) > 2:
        return False
    text = [i for i in items if i.lines and i is not head and i.size < _HEADLINE * em]
    above = [i for i in text if overlap_x(i, head) and i.y1 <= head.y0 + 0.3 * em]
    if any(head.y0 - i.y1 < _CLOSE * em and len(i.lines) > 1 for i in above):
        return True
    return any(abs(i.y0 - head.y0) < _LEVEL * em and len(i.lines) > 1 for i in text)


def _is_kicker(item: Item, head: Item, items: Sequence[Item]) -> bool:
    """Tell whether a block stands nearer to the headline under it than to anything above it."""
    if not _is_right_under(item, head):
        return False
    near = [i for i in items if i.lines and i is not item and overlap_x(i, item)]
    above = min((item.y0 - i.y1 for i in near if i.y1 <= item.y0 + 1), default=math.inf)
    return above > head.y0 - item.y1


def _stacks(heads: Sequence[Item]) -> list[list[Item]]:
    """Put together what stands right under each other."""
    stacks: list[list[Item]] = []
    for head in sorted(heads, key=lambda h: h.y0):
        stack = next((s for s in stacks if _is_right_under(s[-1], head)), None)
        if stack is None:
            stacks.append([head])
        else:
            stack.append(head)
    return stacks


def _is_right_under(above: Item, below: Item) -> bool:
    gap = below.y0 - above.y1
    most = _STACKED * max(above.size, below.size)
    return overlap_x(above, below) and -0.3 * below.size < gap < most


def gathered(items: list[Item], em: float) -> list[Item]:
    """Gather what stands under each head, down to the next, in one item, where nothing else is
    among it."""
    stacks = _stacks([i for i in items if i.is_head])
    tops = [_beside(stack[0], items, em) or _around(stack) for stack in stacks]
    members = [list(stack) for stack in stacks]
    for item in items:
        over = [
            (top.y1, k)
            for k, top in enumerate(tops)
            if overlap_x(top, item) and top.y1 <= item.y0 + 0.3 * em
        ]
        if over and not item.is_head:
            members[max(over)[1]].append(item)
    whole, taken = list[Item](), set[int]()
    for story in map(_around, members):
        mine = {id(i) for i in story.inside}
        others = (i for i in items if id(i) not in mine)
        if count_lines(story) > 1 and not any(_overlap(i, story, 0.4 * em) for i in others):
            whole.append(story)
            taken |= mine
    return [i for i in items if id(i) not in taken] + whole


def _beside(head: Item, items: Sequence[Item], em: float) -> Item | None:
    """Return over what a headline that is set from top to bottom stands: over the columns to its
    right that begin where it does. None where it is not."""
    if not head.upright:
        return None
    level = (i for i in items if i.x0 >= head.x1 and abs(i.y0 - head.y0) < _STARTS * em)
    end, reach = head.x1, math.inf  # it may stand alone in a column of the grid
    for column in sorted(level, key=left_edge):
        reach = min(reach, max(_REACH * em, _ALONE * (column.x1 - column.x0)))
        if column.is_head or column.x0 - end > reach:
            break
        end, reach = max(end, column.x1), _REACH * em
    return Item(head.x0, head.y0 - em, end, head.y0 - _STARTS * em)


def _around(items: list[Item]) -> Item:
    """Return a story of these blocks."""
    return Item(
        min(i.x0 for i in items),
        min(i.y0 for i in items),
        max(i.x1 for i in items),
        max(i.y1 for i in items),
        inside=items,
        one_story=True,
    )


def _overlap(a: Item, b: Item, least: float) -> bool:
    return min(a.x1, b.x1) - max(a.x0, b.x0) > least and min(a.y1, b.y1) - max(a.y0, b.y0) > least


def widen_headlines(items: list[Item], em: float) -> None:
    """Let a headline, or what else stands over text and does not fill its columns, stand over all
    of them: those that begin where what is under it begins, with nothing else above them."""
    for item in sorted(items, key=lambda i: -i.y1):
        if item.inside:
            widen_headlines(item.inside, em)
        if not item.lines or (len(item.lines) > 2 and not is_headline(item, em)):
            continue
        high = (i for i in items if i.lines or i.y1 - i.y0 > 2 * em)  # no rules
        under = [i for i in high if 0 <= i.y0 - item.y1 + 0.3 * em <= _REACH * em]
        tops = [i.y0 for i in under if overlap_x(i, item)] or _tops_around(item, under)
        beside = [i for i in items if i is not item and i.y0 < item.y1 and i.y1 > item.y0]
        row = [i for i in under if tops and abs(i.y0 - min(tops)) <= _LEVEL * em]
        row = [i for i in row if not _has_own_head(i, item, items, em)]
        row = [i for i in row if not _between(min(i.x0, item.x1), max(i.x1, item.x0), beside)]
        item.x0, item.x1 = _over(item, row, em)


def _over(item: Item, row: Sequence[Item], em: float) -> tuple[float, float]:
    """Return from where to where a headline reaches over a row of columns: as far to either side of
    its middle, or to the right alone where it begins at an edge and does not stand in the middle of
    all."""
    wide = max((i.x1 - i.x0 for i in row if i.lines), default=0.0)  # the last may hold a few words
    start = min([item.x0, *(i.x0 for i in row)])
    end = max([item.x1, *(max(i.x1, i.x0 + wide) for i in row)])
    middle = (item.x0 + item.x1) / 2
    reach = min(middle - start, end - middle) + _UNEVEN * em
    if abs((start + end) / 2 - middle) > em:
        if any(-_ALIGNED * em <= i.x0 - item.x0 <= _INDENTED * em for i in row):
            row = [i for i in row if i.x0 >= item.x0 - em]
        else:
            row = [i for i in row if middle - i.x0 <= reach and i.x1 - middle <= reach]
    return min([item.x0, *(i.x0 for i in row)]), max([item.x1, *(i.x1 for i in row)])


def _has_own_head(column: Item, item: Item, items: Sequence[Item], em: float) -> bool:
    """Tell whether a headline stands over a column that does not stand over `item`."""
    return any(
        is_headline(head, em)
        and 0 <= column.y0 - head.y1 + 0.3 * em <= _REACH * em
        and overlap_x(head, column)
        and not overlap_x(head, item)
        for head in items
        if head is not item
    )


def _tops_around(item: Item, under: Sequence[Item]) -> list[float]:
    """Return the tops of the blocks either side of the gutter that an item stands over."""
    left = [i for i in under if i.x1 <= item.x1 and item.x0 - i.x1 < item.size]
    right = [i for i in under if i.x0 >= item.x0 and i.x0 - item.x1 < item.size]
    tops = [min(i.y0 for i in side) for side in (left, right) if side]
    return tops if len(tops) == 2 and abs(tops[0] - tops[1]) < _LEVEL * item.size else []


def _between(start: float, end: float, items: list[Item]) -> bool:
    return any(i.x0 < end and i.x1 > start for i in items)
