"""The segments of a page, wherever a story might end, and its heads: what they are about, how they
begin and end, where they stand.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

import numpy as np

from rag.articles.evidence import (
    GOES_ON,
    OPENS,
    Floats,
    Page,
    is_fragment,
    is_unfinished,
    names_column,
)
from rag.articles.features import NUMBER, PLACES, Weights
from rag.articles.kinds import is_common
from rag.articles.lines import Head, Line

Worth = tuple[int, float]  # number of a feature, its value
Cuts = tuple[tuple[int, int], ...]  # lines of headlines in a row that are of two stories
_SURE = 7.0  # log-odds from which two lines are never parted
MOST_GOING = 6.0  # most that a gap may say for going on
_MOST_SEGMENTS = 24
_MANY_INNER = 6  # heads in the midst beside one, from which more of them say no more
_LONG_PAGE = 30  # lines of text: reports of twenty paragraphs, under three or four headings each
_SECTIONS = ("block", "lone", "end", "top, others signed")  # heads that may be a section's
_USUAL_LINES = 10  # lines of text, of several stories: most pages have more
_MUCH_TEXT = 600  # characters of a page; below, a short story is no surprise: there are but lines
CLEAR = 1.0  # log-odds from which a gap leaves no doubt, for or against


class Segments:
    """The segments of a page and its heads: all that is known of them before any is given to a
    story."""

    def __init__(
        self, page: Page, heads: Sequence[Head], table: Weights, apart: Cuts = ()
    ) -> None:
        self.page, self.table = page, table
        self.heads = list(heads)
        n = len(page.body)
        odds = page.gaps @ table.gaps if n > 1 else np.zeros(0)
        many = min(_MOST_SEGMENTS, max(8, 4 * len(self.heads)))
        cuts = sorted(np.argsort(odds)[: many - 1].tolist())
        heads_at = {head.before for head in self.heads}
        cuts = [k for k in cuts if odds[k] < _SURE or k + 1 in heads_at]
        self.cuts = cuts
        starts = [0, *(k + 1 for k in cuts)]
        self.ranges = list(zip(starts, [*starts[1:], n], strict=True))
        self.going = [min(float(odds[k]), MOST_GOING) for k in cuts]
        inside = np.ones(max(0, n - 1), np.bool_)
        inside[cuts] = False
        self.unsure = bool((odds[inside] < CLEAR).any())
        self._measure()
        self._place_heads()
        self.split = [pair for cut in apart for pair in self._split_features(*cut)]

    def _measure(self) -> None:
        page = self.page
        chosen = [page.body[a:b] for a, b in self.ranges]
        n = len(chosen)
        titles = [h.titles or ((h.byline,) if h.byline is not None else ()) for h in self.heads]
        about, words = page.meanings.of(chosen), page.words.of(chosen)
        self.alike = _centred(about @ about.T)
        self.shared = _centred(4 * (words @ words.T))
        self.told = [[0.0] * n for _ in self.heads]
        self.named = [[0.0] * n for _ in self.heads]
        if self.heads:
            self.told = _against(page.meanings.of(titles) @ about.T)
            self.named = _against(np.minimum(4 * (page.words.of(titles) @ words.T), 1.0))
        self._measure_print(chosen)

    def _measure_print(self, chosen: Sequence[Sequence[int]]) -> None:
        lines = self.page.lines
        self.lengths = [sum(len(lines[i].text) for i in one) for one in chosen]
        self.weight = [min(1.0, length / 80) for length in self.lengths]
        self.many_lines = max(0.0, math.log(max(1, len(self.page.body)) / _USUAL_LINES))
        self.much = min(1.0, sum(self.lengths) / _MUCH_TEXT)
        self.first = [lines[one[0]] for one in chosen]
        self.last = [lines[one[-1]] for one in chosen]
        self.opening = [_opening(line) for line in self.first]
        self.broken = [is_unfinished(line) for line in self.last]
        self.fragment = [is_fragment(line) for line in self.first]
        self.marks = [sum(lines[i].end_mark for i in one) for one in chosen]
        self.datelines = [sum(lines[i].dateline for i in one) for one in chosen]
        traces = self.page.traces
        known = ~np.isnan(traces)
        total = np.where(known, traces, 0.0)
        sums = np.array([total[list(one)].sum(axis=0) for one in chosen])
        counts = np.array([known[list(one)].sum(axis=0) for one in chosen])
        with np.errstate(invalid="ignore", divide="ignore"):
            means = sums / counts
        unlike = np.abs(means[:, None] - means[None])
        self.unlike = np.where(np.isnan(unlike), 0.0, unlike).max(axis=2).tolist()
        widths = [[lines[i].width for i in one if lines[i].width] for one in chosen]
        self.width = [float(np.median(one)) if one else 0.0 for one in widths]

    def _place_heads(self) -> None:
        """Note where each segment stands beside each head."""
        last = {head.before: h for h, head in enumerate(self.heads)}
        first: dict[int, int] = {}
        for h, head in enumerate(self.heads):
            first.setdefault(head.before, h)
        self.beside: list[list[int]] = []
        for h, head in enumerate(self.heads):
            row = []
            for a, b in self.ranges:
                if a == head.before:
                    row.append("after" if last[a] == h else "stack after")
                elif b == head.before:
                    row.append("behind" if first[b] == h else "stack behind")
                else:
                    row.append("later" if a > head.before else "earlier")
            self.beside.append([PLACES.index(name) for name in row])
        self.kinds = [self._kind(h) for h in range(len(self.heads))]
        self.is_heading = [kind in ("block", "lone") for kind in self.kinds]
        signed = "signed" in self.kinds
        inner = ("block", "lone", "end") if signed else ("block", "lone")
        self.may_be_heading = [kind in inner for kind in self.kinds]
        starts = {a: s for s, (a, _) in enumerate(self.ranges)}
        self.below = [starts.get(head.before) for head in self.heads]
        self.collects = [
            any(names_column(self.page.lines[i].text) for i in head.titles) for head in self.heads
        ]
        self.title = [self._title_features(h) for h in range(len(self.heads))]
        self.as_heading = [self._heading_length(head) for head in self.heads]

    def _kind(self, number: int) -> str:
        head, heads = self.heads[number], self.heads
        if head.byline is not None:
            return "signed"
        below = [h for h in heads[number + 1 :] if h.before == head.before]
        if head.before == len(self.page.body) or any(h.byline is not None for h in below):
            return "edge"
        if head.before == 0:
            signed = any(other.byline is not None for other in heads)
            return "top, others signed" if signed else "top"
        if self.page.lines[self.page.body[head.before - 1]].end_mark:
            return "end"
        return "block" if len(head.titles) > 1 else "lone"

    def _title_features(self, number: int) -> list[Worth]:
        lines = [self.page.lines[i].text for i in self.heads[number].titles]
        if not lines:
            return []
        out = [(NUMBER["title length"], _tens(lines))]
        if _MARKED.match(lines[0]):
            out.append((NUMBER["title marked"], 1.0))
        if self.collects[number]:
            out.append((NUMBER["title collects"], 1.0))
        if len(self.page.body) > _LONG_PAGE and self.kinds[number] in _SECTIONS:
            out.append((NUMBER["title inner, long page"], 1.0))
        if self._is_set_apart(number):
            out.append((NUMBER["title set apart"], 1.0))
        if self.is_heading[number]:  # rather a section's: a paper signs its stories, or does not
            out.append((NUMBER["title inner, others signed"], float("signed" in self.kinds)))
            others = sum(self.is_heading) - 1
            out.append((NUMBER["title inner, of many"], min(1.0, others / _MANY_INNER)))
        return out

    def _is_set_apart(self, number: int) -> bool:
        """Tell whether an unsigned head between two paragraphs stands further from both than
        paragraphs from one another; section headings are mostly spaced as these."""
        head, lines, usual = self.heads[number], self.page.lines, self.page.usual_gap
        if usual is None or head.byline is not None:
            return False
        first, last = head.titles[0], head.titles[-1]
        if not 0 < first <= last < len(lines) - 1:
            return False
        within_text = lines[first - 1].kind == lines[last + 1].kind == "body"
        return within_text and min(lines[first].above, lines[last + 1].above) > usual

    def _split_features(self, above: int, below: int) -> Iterator[Worth]:
        """Yield what tells that two lines of headlines in a row are of one story or of two."""
        one, other = self.page.lines[above], self.page.lines[below]
        before = next(h.before for h in self.heads if below in h.titles)
        stacked = sum(h.before == before for h in self.heads) > 2
        edge = stacked or before in (0, len(self.page.body))
        yield NUMBER["split at an edge" if edge else "split within"], 1.0
        if other.above > 1:
            yield NUMBER["split, set apart"], 1.0
        if one.span.end >= other.span.start - 1:
            yield NUMBER["split, joined"], 1.0
        about = self.page.meanings.of([[above], [below]])
        yield NUMBER["split, alike"], float(about[0] @ about[1])
        yield NUMBER["split, long"], min(_tens([one.text]), _tens([other.text]))
        if is_common(one.text[-1], other.text[0]):
            yield NUMBER["split, one word"], 1.0
        lines = [self.page.lines[i] for h in self.heads for i in h.titles if h.before == before]
        if _tens([one.text]) >= max(_tens([line.text]) for line in lines) - _WAVER:
            yield NUMBER["split, wrapped"], 1.0

    def _heading_length(self, head: Head) -> float:
        return _tens([self.page.lines[i].text for i in head.titles])


_MARKED = re.compile("[■●▲◆◎]|[一二三四五六七八九十]、|（[一二三四五六七八九十]）")
_WAVER = 0.1  # tens of characters by which full lines of a headline differ
_LONGEST = 30  # characters of a headline beyond which more of them say no more


def _tens(texts: Sequence[str]) -> float:
    """Return the length of a headline in tens of Chinese characters, 2.5 Latin letters to one."""
    size = sum(len(text) / (2.5 if text.isascii() else 1) for text in texts)
    return min(size, _LONGEST) / 10


def _opening(line: Line) -> str | None:
    if line.dateline:
        return "begins with dateline"
    if GOES_ON.match(line.text):
        return "begins unlike a story"
    return "begins like a story" if OPENS.match(line.text) else None


def _centred(square: Floats) -> list[list[float]]:
    """Return similarities of segments less the mean of those of two."""
    n = len(square)
    others = square[~np.eye(n, dtype=bool)]
    rows: list[list[float]] = (square - (others.mean() if n > 1 else 0.0)).tolist()
    return rows


def _against(told: Floats) -> list[list[float]]:
    """Return what heads tell of segments, against the other heads and the other segments: one of
    either tells nothing."""
    told = told - told.mean(axis=0, keepdims=True)
    rows: list[list[float]] = (told - told.mean(axis=1, keepdims=True)).tolist()
    return rows
