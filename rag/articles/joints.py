"""Where in a paragraph two stories may meet: repair joins printed lines by what stands at their
ends, and a full line with a stop at the end of one column goes on well in the next.

  一共八十六声。␍␊            the sentence ends, and the next lines end otherwise or are wider:
  全书最动人的，是注解里的␊   the paragraph is cut here, and `stories` weighs whether it goes on

A headline may be read into the sentence below it in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from rag.articles.kinds import WORD, bond, is_of_midst
from rag.repair import Repaired
from rag.types import Span

_ENDED = re.compile("[。！？!?…；.][”’）》」』)\"']*$|[。！？!?….][”’]?[（(][^（）()]{2,40}[）)]$")
_WAVER = 4.0  # cells by which lines of one column differ: a sign hung over, a word not parted
_SHORT = 10.0  # cells by which a paragraph's last line falls short of its column
_LONGEST_TAIL = 42  # characters behind the last stop that may be a headline
_LONGEST_ENGLISH_TAIL = 90


def parts_of(raw: str, repaired: Repaired, span: Span) -> list[Span]:
    """Return a paragraph in parts; nothing is left out between two, but the blank of a join."""
    text, breaks = repaired.text, breaks_of(raw, repaired, span)
    cuts = [i for i in breaks if _ENDED.search(text[max(span.start, i - 48) : i].rstrip())]
    if not cuts:
        return [span]
    lines = _Lines(raw, repaired, span, breaks)
    kept = [i for i in cuts if lines.differ(i)]
    return [Span(a, b) for a, b in zip([span.start, *kept], [*kept, span.end], strict=True)]


def head_of(raw: str, repaired: Repaired, span: Span) -> int | None:
    """Return where a paragraph's text begins below a headline that repair read into its first
    sentence: lines without a stop, set apart from the text as none of its own lines are."""
    breaks, text = breaks_of(raw, repaired, span), repaired.text
    lines: _Lines | None = None
    for k, at in enumerate(breaks[:_MOST_OF_HEAD], start=1):
        head = text[span.start : at].rstrip()
        if len(head) > _longest(head) or _STOP.search(head):
            return None
        if _goes_on(head, text[at]):
            continue
        lines = lines or _Lines(raw, repaired, span, breaks)
        if lines.is_set_apart(k):
            return at
    return None


_MOST_OF_HEAD = 4  # printed lines
_STOP = re.compile("[。；;]|[!?！？](?=.)")
_UNFINISHED = "，、：:,“‘《（("


def _goes_on(head: str, first: str) -> bool:
    """Tell whether a sentence goes on from a line to the next one's first character."""
    return head[-1] in _UNFINISHED or is_of_midst(first) or bond(head[-1], first) >= WORD


def _longest(head: str) -> int:
    """Return how many characters words without a stop may have to be a headline."""
    return _LONGEST_ENGLISH_TAIL if head.isascii() else _LONGEST_TAIL


def breaks_of(raw: str, repaired: Repaired, span: Span) -> list[int]:
    """Return where in the text new lines begin that repair joined; a blank of the text may stand
    for the newline itself."""
    origin = repaired.origin[span.start : span.end]
    first, last = int(origin[0]), int(origin[-1])
    ends = [first + m.start() for m in re.finditer("\n", raw[first:last])]
    return [span.start + i for i in sorted(set(np.searchsorted(origin, ends, "right").tolist()))]


class _Lines:
    """The printed lines of a paragraph."""

    def __init__(self, raw: str, repaired: Repaired, span: Span, breaks: list[int]) -> None:
        text, origin = repaired.text, repaired.origin
        starts = [span.start, *breaks]
        ends = [*breaks, span.end]
        self.at = {start: k for k, start in enumerate(starts)}
        # a blank at the end stands for the newline
        self.places = [
            (int(origin[a]), int(origin[b - 1]) + (text[b - 1] != " "))
            for a, b in zip(starts, ends, strict=True)
        ]
        self.widths = [_cells(raw[a:b]) for a, b in self.places]
        befores = [raw[b:a] for (_, b), (a, _) in zip(self.places, self.places[1:], strict=False)]
        last = _BLANK.match(raw, self.places[-1][1])
        start = self.places[0][0]
        self.above = raw[max(0, start - _ABOVE) : start]
        self.gaps = [*befores, last.group() if last else ""]
        self.tail = text[starts[-1] : span.end]
        self.ended = bool(_ENDED.search(text[max(span.start, span.end - 48) : span.end]))

    def differ(self, start: int) -> bool:
        """Tell whether the lines from `start` on may be of another column than those before."""
        k = self.at[start]
        return any(self._signs(k))

    def _signs(self, k: int) -> Iterator[bool]:
        before, after = self.gaps[k - 1], self.gaps[k]
        # the last line's end is the page's own where nothing follows
        yield bool(after) and _end_of(before) != _end_of(after)
        blank = before.count("\n") > 1
        yield blank and sum(gap.count("\n") > 1 for gap in self.gaps[:-1]) * 3 < len(self.gaps)
        above, below = self.widths[:k], self.widths[k:]
        yield len(above) > 1 and above[-1] < max(above) - _SHORT
        if len(below) > 1 or below[0] > max(above):
            yield abs(max(above) - max(below)) > _WAVER
        if k == len(self.widths) - 1 and not self.ended:
            yield len(self.tail) <= _longest(self.tail)

    def is_set_apart(self, k: int) -> bool:
        """Tell whether the first `k` lines are set apart from the others, which are of one column,
        and are as wide as neither these nor the lines above: else a column breaks here. A first
        line indented as only a paragraph's is begins the text itself."""
        between, below = self.gaps[k - 1], self.gaps[k:-1]
        if not below or _indent_of(self.above) > _indent_of(between):
            return False
        blank = between.count("\n") > max(1, *(gap.count("\n") for gap in below))
        indented = _indent_of(between) > max(map(_indent_of, below)) + 1
        columns = [max(self.widths[k:])]
        columns += [_width_of_last(self.above)] if blank and not indented else []
        apart = (abs(w - column) > _WAVER for w in self.widths[:k] for column in columns)
        return (blank or indented) and all(apart)


_ABOVE = 400  # characters above a paragraph that are looked at
_LAST = 3  # lines that tell how wide a column is


def _width_of_last(text: str) -> float:
    """Return how wide the last lines of a text are, 0 where there are none; the first is cut."""
    lines = [line for line in text.split("\n")[1:] if line.strip()]
    return max(map(_cells, lines[-_LAST:]), default=0.0)


_BLANK = re.compile(r"\s*")


def _end_of(gap: str) -> str:
    """Return how a line ends: what stands before its newline, and which newline it is."""
    return gap[: gap.find("\n") + 1]


def _indent_of(gap: str) -> float:
    """Return how many cells of blanks stand at the end of a gap, before the line below it."""
    blanks = gap[len(gap.rstrip(" \u3000")) :]
    return sum(2.0 if c == "\u3000" else 1.0 for c in blanks)


def _cells(line: str) -> float:
    return sum(2 - (c < "\u0250") for c in line.strip())
