"""Which lines of a page are one story: evidence weighed (`board`), the best parting searched for
(`hunt`), the lines of each story put in the order of reading."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

from rag.articles.board import Board, Labels
from rag.articles.evidence import Page, words_shared
from rag.articles.features import FEATURES, Weights
from rag.articles.hunt import best_labels, plain_labels
from rag.articles.lines import Head, Line
from rag.articles.segments import Cuts

WEIGHTS = Path(__file__).parent / "board.json"


@cache
def weights() -> Weights:
    """Load the weights that come with Youju."""
    stored = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return Weights(np.array([stored.get(name, 0.0) for name in FEATURES]))


@dataclass
class Story:
    """The lines of one story in the order of reading."""

    titles: list[int] = field(default_factory=list)
    byline: int | None = None
    text: list[int] = field(default_factory=list)  # body, section headings, captions

    def lines(self) -> list[int]:
        return [*self.titles, *([self.byline] if self.byline is not None else []), *self.text]


def find_stories(lines: Sequence[Line], heads: Sequence[Head], table: Weights) -> list[Story]:
    """Return the stories of a page, in the order in which they begin on it."""
    bodies = sum(line.kind == "body" for line in lines)
    if not bodies:
        return without_text(lines)
    if bodies == 1 and not heads:  # nothing to choose
        return [Story(text=[i for i, line in enumerate(lines) if line.kind != "furniture"])]
    page = Page(lines, heads)
    board, labels = search(page, table)
    return put_together(
        board.page, board.heads, board.ranges, labels, lambda h, s: board.beside[h][s] <= 1
    )


_MOST_ROUNDS = 3  # heads of one page taken apart


def search(page: Page, table: Weights) -> tuple[Board, Labels]:
    """Return the best labelling of a page, heads in a row taken for one or for several."""
    board = Board(page, page.heads, table)
    plain = plain_labels(board)
    if plain is not None:
        return board, plain
    score, labels = best_labels(board)
    told = _told_head(page)
    if told is not None:
        whole = (told,) * len(board.ranges)
        if score - board.score(whole) < _TOLD:
            return board, whole
    cuts: Cuts = ()
    for _ in range(_MOST_ROUNDS):
        found = board
        for h, cut, heads in splits(page.lines, board.heads, len(page.body)):
            other = Board(page, heads, table, (*cuts, cut))
            reached, chosen = best_labels(other)
            if reached > score and {h, h + 1} <= set(chosen):
                found, score, labels, best = other, reached, chosen, cut
        if found is board:
            break
        board, cuts = found, (*cuts, best)
    return board, labels


_TOLD = 4.0  # log-odds


def _told_head(page: Page) -> int | None:
    """Return the number of the headline that stands above all and that the page's format tells of:
    all is one story, unless much speaks against it."""
    for number, head in enumerate(page.heads):
        if head.before == 0 and any(page.lines[i].large for i in head.titles):
            return number
    return None


_MOST_SPLITS = 6


def splits(
    lines: Sequence[Line], heads: Sequence[Head], bodies: int, most: int = _MOST_SPLITS
) -> list[tuple[int, tuple[int, int], list[Head]]]:
    """Return the number of a head that may be two, where headlines stand in a row, the lines it is
    cut between, and the heads after that."""
    out = []
    # first those above or below all text, where headlines are printed in a row
    shared = Counter(head.before for head in heads)
    apart = [h.before in (0, bodies) or shared[h.before] > 1 for h in heads]
    order = sorted(range(len(heads)), key=lambda h: (not apart[h], -len(heads[h].titles)))
    for h in order:
        head = heads[h]
        for cut in range(1, len(head.titles)):
            above, below = lines[head.titles[cut - 1]], lines[head.titles[cut]]
            if not apart[h] and above.span.end >= below.span.start - 1 and below.above < 2:
                continue  # one headline, wrapped
            two = [
                Head(head.titles[:cut], None, head.before),
                Head(head.titles[cut:], head.byline, head.before),
            ]
            goes_on = below.text[0] in "—-" or above.text[-1] in "，：、,:"
            if not goes_on:
                lines_apart = (head.titles[cut - 1], head.titles[cut])
                out.append((h, lines_apart, [*heads[:h], *two, *heads[h + 1 :]]))
    return out[:most]


def without_text(lines: Sequence[Line]) -> list[Story]:
    """Return what is on a page without body lines, as one story."""
    kept = [i for i, line in enumerate(lines) if line.kind != "furniture"] or list(
        range(len(lines))
    )
    byline = next((i for i in kept if lines[i].kind == "byline"), None)
    titles = [i for i in kept if lines[i].kind == "head"]
    rest = [i for i in kept if i not in titles and i != byline]
    return [Story(titles, byline, rest)]


class Printed(Protocol):
    """A page as it is printed."""

    @property
    def lines(self) -> Sequence[Line]:
        """All lines."""

    @property
    def body(self) -> Sequence[int]:
        """The numbers of those that are text."""


def put_together(
    page: Printed,
    heads: Sequence[Head],
    ranges: Sequence[tuple[int, int]],
    labels: Labels,
    stands_after: Callable[[int, int], bool],
) -> list[Story]:
    """Return the stories of a labelling: segments in the order of reading, asides with them.
    `stands_after`: whether a segment stands right after a head."""
    owner = {
        page.body[k]: label
        for (a, b), label in zip(ranges, labels, strict=True)
        for k in range(a, b)
    }
    used = {label for label in labels if label >= 0}
    stories = {label: Story() for label in dict.fromkeys(labels)}
    taken: set[int | None] = set()
    for h in used:
        head = heads[h]
        stories[h].titles, stories[h].byline = list(head.titles), head.byline
        taken.update(head.titles)
    taken.update(head.byline for h, head in enumerate(heads) if h in used)
    with_lines = with_asides(page.lines, page.body, owner, taken)
    for label, story in stories.items():
        segments = [s for s, x in enumerate(labels) if x == label]
        if label >= 0:
            segments = _in_reading_order(segments, [stands_after(label, s) for s in segments])
        story.text = [
            i for s in segments for k in range(*ranges[s]) for i in with_lines[page.body[k]]
        ]
    _sign(page.lines, owner, stories)
    return sorted(stories.values(), key=lambda story: min(story.lines()))


def _sign(lines: Sequence[Line], owner: dict[int, int], stories: dict[int, Story]) -> None:
    """Give the bylines that close stories to them."""
    last = None
    for i, line in enumerate(lines):
        if line.kind == "closing" and last is not None and stories[last].byline is None:
            stories[last].byline = i
        last = owner.get(i, last)


def _in_reading_order(segments: Sequence[int], after: Sequence[bool]) -> list[int]:
    """Return a story's segments, first the stretch that stands right after its head, however many
    segments it has, then the others in the order of the page."""
    runs: list[list[int]] = []
    first = 0
    for s, below in zip(segments, after, strict=True):
        if runs and s == runs[-1][-1] + 1 and not below:
            runs[-1].append(s)
            continue
        first = len(runs) if below else first
        runs.append([s])
    return [s for run in (*runs[first : first + 1], *runs[:first], *runs[first + 1 :]) for s in run]


def with_asides(
    lines: Sequence[Line], body: Sequence[int], owner: dict[int, int], taken: set[int | None]
) -> dict[int, list[int]]:
    """Return for each body line the lines that go with it: section headings before the line below
    them, captions after the line above or before the one below, what is left of a head at the end
    likewise."""
    out = {i: [i] for i in body}
    waiting: list[int] = []
    last: int | None = None
    headed = False  # a head that is a story's stands above, no text of it yet
    for i, line in enumerate(lines):
        if line.kind == "body":
            out[i] = [*waiting, i]
            waiting, last, headed = [], i, False
        elif i in taken or line.kind in ("furniture", "closing"):
            headed |= i in taken
        elif line.kind == "caption" and last is not None:
            below = next((k for k in range(i, len(lines)) if lines[k].kind == "body"), None)
            if below is None or not _tells_of(lines, owner, i, (last, below), headed):
                out[last].append(i)
            else:
                waiting.append(i)
        else:
            waiting.append(i)
    if waiting and last is not None:
        out[last] += waiting
    return out


_BESIDE = 4  # captions in a row, a credit printed as a line of its own among them


def _tells_of(
    lines: Sequence[Line],
    owner: dict[int, int],
    caption: int,
    near: tuple[int, int],
    headed: bool,
) -> bool:
    """Tell whether a caption between two stories is rather of the one below: it shares more words
    with it, or stands under its head."""
    above, below = owner[near[0]], owner[near[1]]
    if above == below:
        return False
    row = range(max(near[0], caption - _BESIDE), min(near[1], caption + _BESIDE))
    own = [lines[k] for k in row if lines[k].kind == "caption"]
    shared = [
        words_shared(own, [lines[k] for k, label in owner.items() if label == story])
        for story in (above, below)
    ]
    return shared[1] > shared[0] if shared[0] != shared[1] else headed
