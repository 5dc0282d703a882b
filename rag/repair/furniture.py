"""Headers, footers and page numbers: lines that come again on page after page.

  全市300多家企业将
  - 3 -                          a page number: one more than the last one
  \\f                             a form feed, where the extraction left one
  科技日报  2025年8月16日        a header: the same on every page, its digits aside
  在2026年投产

Nothing is furniture for its looks alone: a number must count on from page to page, a header must
come again beside a page's end or in the middle of sentences.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

from rag.repair.edits import Edit

_LONGEST = 40  # characters of a line of furniture
_MOST_LINES = 3  # of a header or a footer
_MOST_PAGES = 0.5  # a header stands on more pages than this share
_PAGE = 100  # characters that stand between two page numbers at least; rows of a table are closer
# lines that interrupt sentences are furniture where this share of them does
_INTERRUPTS = 0.75
_EVEN = 1.3  # the longest page against the shortest: words that come again do so unevenly
_REPEATS = 4  # times a line must come again where no page's end shows

_NUMBER = re.compile(
    r"[-—–―·•. ]{0,6}(?:第 ?|[Pp]age |[A-Z])?(\d{1,4}) ?(?:版|页)?"
    r"(?: ?(?:/|of|，?共) ?\d{1,4} ?页?)?[-—–―·•. ]{0,6}"
)
_NUMBER_LINE = re.compile(rf"\n {{0,40}}{_NUMBER.pattern} {{0,8}}(?=\n)")
_DIGITS = re.compile(r"\d+")
_SENTENCE_SIGNS = frozenset("。！？，；")
_ENDS = frozenset("。！？!?：:”’）》…")


class _Line(NamedTuple):
    start: int
    end: int
    text: str
    page: int  # form feeds before it


def find_furniture(text: str) -> list[tuple[int, int]]:
    """Return the lines of a text that are headers, footers and page numbers, [start, end) in
    characters.

    >>> page = "- 1 -\\n" + "机器人走过碎石路，" * 12 + "\\n- 2 -\\n完。"
    >>> [page[a:b] for a, b in find_furniture(page)]
    ['- 1 -', '- 2 -']
    """
    if not _may_hold_any(text):
        return []
    lines = _short_lines(text)
    numbers = _page_numbers(lines)
    found = set(numbers) | _repeated(text, lines, numbers)
    return [(lines[i].start, lines[i].end) for i in sorted(found)]


def _may_hold_any(text: str) -> bool:
    """Tell, at little cost, whether a text has a form feed, two lines that look like page numbers,
    or a line that comes again and again."""
    if "\f" in text or sum(1 for _ in islice(_NUMBER_LINE.finditer(f"\n{text}\n"), 2)) == 2:
        return True
    counts = Counter(text.split("\n"))
    return any(n >= _REPEATS and line.strip() for line, n in counts.items())


def page_furniture(text: str) -> Iterator[Edit]:
    """Headers, footers and page numbers, which no part of an article is; form feeds.

    They are set aside: no character of the result stands for them, and `rag.repair.furniture` says
    where they are. Limit: a header printed once stays, and one on pages without numbers or form
    feeds where it interrupts no sentence.

    >>> [tuple(edit) for edit in page_furniture("论坛上，机器人\\f很多。")]
    [(7, 8, '\\n')]
    """
    at = 0
    for start, end in _blocks(text, find_furniture(text)):
        yield from _feeds(text, at, start)
        # one newline stays, for the text before and after to be looked at as neighbours
        keep = "\n" if start > 0 and end < len(text) else ""
        yield Edit(start, end, keep)
        at = end
    yield from _feeds(text, at, len(text))


def _feeds(text: str, start: int, end: int) -> Iterator[Edit]:
    at = start - 1
    while (at := text.find("\f", at + 1, end)) >= 0:
        yield Edit(at, at + 1, "\n")


def _blocks(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield stretches of furniture with the white space around them, up to the indent of the line
    after."""
    at, waiting = 0, 0
    for number, (start, end) in enumerate(spans):
        if start < waiting:
            continue
        while number + 1 < len(spans) and not text[end : spans[number + 1][0]].strip():
            number += 1
            end = spans[number][1]
        while start > at and text[start - 1] in " \n\f":
            start -= 1
        after = end
        while after < len(text) and text[after] in " \n\f":
            after += 1
        if after < len(text):
            after = max(end, text.rfind("\n", end, after) + 1, text.rfind("\f", end, after) + 1)
        yield start, after
        at = waiting = after


def _short_lines(text: str) -> list[_Line]:
    lines, start = [], 0
    for page, part in enumerate(text.split("\f")):
        for line in part.split("\n"):
            words = line.strip(" ")
            if 0 < len(words) <= _LONGEST:
                at = start + line.index(words[0])
                lines.append(_Line(at, at + len(words), words, page))
            start += len(line) + 1
    return lines


def _page_numbers(lines: Sequence[_Line]) -> list[int]:
    """Return the lines that count pages: of one shape, each one more than the one before, a page
    apart."""
    shapes: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for i, line in enumerate(lines):
        if line.text[-1] in "0123456789版页-—–―·• ." and (match := _NUMBER.fullmatch(line.text)):
            shape = _DIGITS.sub("0", line.text)
            shapes[shape].append((i, int(match.group(1))))
    found: list[int] = []
    for members in shapes.values():
        run = members[:1]
        for i, number in members[1:]:
            last, previous = run[-1]
            apart = lines[i].start - lines[last].end >= _PAGE or lines[i].page > lines[last].page
            if number == previous + 1 and apart:
                run.append((i, number))
                continue
            found += [k for k, _ in run] if len(run) > 1 else []
            run = [(i, number)]
        found += [k for k, _ in run] if len(run) > 1 else []
    return sorted(found)


def _repeated(text: str, lines: Sequence[_Line], numbers: Sequence[int]) -> set[int]:
    """Return the lines that are the same, digits aside, at the ends of most pages, or at regular
    places in the midst of sentences."""
    shapes: dict[str, list[int]] = defaultdict(list)
    for i, line in enumerate(lines):
        if len(line.text) > 1 and not _SENTENCE_SIGNS.intersection(line.text):
            shapes[_DIGITS.sub("0", line.text)].append(i)
    repeated = [m for m in shapes.values() if len(m) > 1 and _a_page_apart(lines, m)]
    found = {i for m in repeated if _at_regular_places(text, [lines[i] for i in m]) for i in m}
    feeds = [m.start() for m in re.finditer("\f", text)]
    pages = max(len(numbers), len(feeds))
    known = set(numbers)
    for _ in range(_MOST_LINES if pages else 0):
        borders = sorted([lines[i].start for i in known] + [lines[i].end for i in known] + feeds)
        for members in repeated:
            if len(members) >= _MOST_PAGES * pages and all(
                i in known or (_beside(text, lines[i], borders) and not _in_column(text, lines[i]))
                for i in members
            ):
                found.update(members)
        known |= found
    return found


def _a_page_apart(lines: Sequence[_Line], members: Sequence[int]) -> bool:
    return all(
        lines[b].page > lines[a].page or lines[b].start - lines[a].start >= _PAGE
        for a, b in pairwise(members)
    )


def _beside(text: str, line: _Line, borders: Sequence[int]) -> bool:
    """Tell whether nothing but white space stands between a line and a page's end."""
    at = bisect_left(borders, line.start)
    return any(
        not text[min(border, line.end) : max(border, line.start)].strip(" \n\f")
        for border in borders[max(0, at - 1) : at + 2]
        if -60 < border - line.start < _LONGEST + 60
    )


def _in_column(text: str, line: _Line) -> bool:
    """Tell whether a line is as wide as both lines around it: a line of the article's own."""
    before = text[max(0, line.start - 99) : line.start].rstrip(" \n\f").rpartition("\n")[2]
    after = text[line.end : line.end + 99].lstrip(" \n\f").partition("\n")[0]
    length = len(line.text)
    return abs(len(before) - length) <= 1 and abs(len(after) - length) <= 1


def _at_regular_places(text: str, lines: Sequence[_Line]) -> bool:
    """Tell whether a line comes again at even distances, each time in the middle of another
    sentence."""
    gaps = [b.start - a.start for a, b in pairwise(lines)]
    if len(lines) < _REPEATS or min(gaps) < _PAGE or max(gaps) > _EVEN * min(gaps):
        return False
    before = [text[max(0, line.start - 60) : line.start].rstrip() for line in lines]
    interrupts = sum(b[-1:].isalnum() and "\n" in b for b in before)
    return interrupts >= _INTERRUPTS * len(lines) and len({b[-6:] for b in before}) == len(before)
