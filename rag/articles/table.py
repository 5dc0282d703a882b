"""Which lines of a very short or a long page are one story, by a table of some forty weights.

Other pages are parted by `stories`, with more evidence and fitted weights; beyond the size
it was fitted on that cuts long reports to pieces, and this is what holds.

Body lines are cut into segments wherever a story might end. Each segment is then given to a head or
to a story without one, so that the sum is highest of
  gaps    between body lines next to each other: log-odds that one story goes on, or that none does,
          by end marks, datelines, heads between, column width, how lines begin, words in common
  places  where a story's segments stand beside its head, and that a head has text
  words   shared by a segment with the head and the other segments of its story
by hill climbing from several starts, one for each way in which pages are commonly printed.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from embeddings import Embedder, load
from rag.articles.evidence import CREDIT, GOES_ON, ONLY_MARK, OPENS
from rag.articles.hunt import best_path, climbed
from rag.articles.lines import Head, Line
from rag.articles.stories import Story, put_together, without_text
from rag.terms import terms

Floats = npt.NDArray[np.float64]

WEIGHTS = Path(__file__).parent / "weights.json"
_WINDOW = 3  # body lines either side of a gap whose words are compared
_MOST_SEGMENTS = 24

GAP_FEATURES = (
    "bias",
    "cosine",  # of the windows either side
    "cosine of neighbours",
    "meaning",  # of the windows either side, cosine
    "meaning against others",  # … less the page's mean
    "meaning of neighbours",
    "next to the average",  # cosine against that of all gaps
    "dateline",
    "end mark",
    "closes",  # the second is hardly more than an end mark
    "credit",  # a reporter's name in brackets at the end
    "unfinished",
    "same width",
    "other width",
    "one line",  # widths unknown
    "heading between",
    "head without byline between",
    "byline between",
    "aside between",
    "goes on",  # the second begins as a story hardly does: 他, 此外, 据介绍
    "opens",  # … as one often does: 昨日, 8月16日, a place's name and 市
    "short before",
    "short after",
    "other script",
    "quoted",
    "signature",
    "numbered",
)

class Weights(NamedTuple):
    """What was fitted."""

    gaps: Floats  # (features,): log-odds that the story goes on
    words: float  # of the cosine of a segment with its story
    title: float  # of the cosine of a head with its segments
    going: float  # most that a gap may say for going on
    beside: dict[str, float]  # log prior of where a segment stands
    empty: float  # a head without text
    untitled: float  # a story without a head
    edge: float  # log-odds that a head without byline, below all text or in a row, is no headline
    top: float  # … one above all text
    end: float  # … one below an end mark
    heading: float  # … one inside the text, of several lines, is a section heading
    lone: float  # … one of a single line
    split: float  # that headlines in a row are of two stories


@cache
def weights() -> Weights:
    """Load the weights that come with Youju."""
    stored = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    gaps = np.array([stored["gaps"][name] for name in GAP_FEATURES])
    return Weights(gaps, **{k: v for k, v in stored.items() if k != "gaps"})


class Words:
    """Pairs of characters and words of each line, weighted by rarity on the page."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.counts = [Counter(t for t in terms(line.text) if len(t) > 1) for line in lines]
        spread = Counter(t for counts in self.counts for t in counts)
        n = len(lines) + 1
        self.rarity = {t: math.log(n / k) for t, k in spread.items()}

    def vector(self, chosen: Sequence[int]) -> dict[str, float]:
        """Return the unit vector of some lines: term → weight."""
        total: Counter[str] = Counter()
        for i in chosen:
            total.update(self.counts[i])
        vector = {t: (1 + math.log(k)) * self.rarity[t] for t, k in total.items()}
        norm = math.sqrt(sum(w * w for w in vector.values())) or 1.0
        return {t: w / norm for t, w in vector.items()}


@cache
def _embedder() -> Embedder:
    return load()


class Meanings:
    """What lines are about, against what the page is about: vectors of the bundled embedder with
    the page's mean taken away. On the pages we wrote they tell whether two paragraphs are of one
    story with an area under the curve of 0.84, where pairs of characters reach 0.69."""

    def __init__(self, lines: Sequence[Line], body: Sequence[int]) -> None:
        self.vectors = _embedder().encode_passages([line.text for line in lines]).astype(np.float64)
        self.sizes = np.array([min(len(line.text), _LONG) for line in lines], np.float64)
        chosen = list(body) or list(range(len(lines)))
        self.mean = self.vectors[chosen].mean(axis=0)

    def of(self, chosen: Sequence[int]) -> Floats:
        """Return the unit vector of some lines together, (d,)."""
        rows = list(chosen)
        weights = self.sizes[rows]
        vector = weights @ self.vectors[rows] / (weights.sum() or 1.0) - self.mean
        return np.asarray(vector / (np.linalg.norm(vector) or 1.0))


_LONG = 200  # characters from which a paragraph tells no more of a story than another


def cosine(a: dict[str, float], b: dict[str, float]) -> float:
    """Return the cosine of two unit vectors."""
    if len(a) > len(b):
        a, b = b, a
    return sum(w * b[t] for t, w in a.items() if t in b)


# ---- gaps -----------------------------------------------------------------------------------


class Page:
    """The lines of a page, its heads, and the evidence at each gap between body lines."""

    def __init__(self, lines: Sequence[Line], heads: Sequence[Head]) -> None:
        self.lines = lines
        self.heads = list(heads)
        self.body = [i for i, line in enumerate(lines) if line.kind == "body"]
        self.words = Words(lines)
        self.meanings = Meanings(lines, self.body)
        self.gaps = self._gap_features() if len(self.body) > 1 else np.zeros((0, len(GAP_FEATURES)))

    def _gap_features(self) -> Floats:
        body, words = self.body, self.words
        n = len(body)
        single = [words.vector([i]) for i in body]
        near = np.array([cosine(a, b) for a, b in pairwise(single)])
        wide = np.zeros(n - 1)
        for k in range(n - 1):
            before = words.vector(body[max(0, k + 1 - _WINDOW) : k + 1])
            after = words.vector(body[k + 1 : k + 1 + _WINDOW])
            wide[k] = cosine(before, after)
        of = self.meanings.of
        self.drift = np.array(
            [
                of(body[max(0, k + 1 - _WINDOW) : k + 1]) @ of(body[k + 1 : k + 1 + _WINDOW])
                for k in range(n - 1)
            ]
        )
        rows = [self._row(k, wide, near) for k in range(n - 1)]
        return np.array(rows, np.float64)

    def _row(self, k: int, wide: Floats, near: Floats) -> list[float]:
        first, second = self.lines[self.body[k]], self.lines[self.body[k + 1]]
        between = range(self.body[k] + 1, self.body[k + 1])
        kinds = {self.lines[i].kind for i in between}
        titles = sum(self.lines[i].kind == "head" for i in between)
        widths = first.width > 0 and second.width > 0
        alike = widths and abs(first.width - second.width) <= 1.5
        goes_on, opens = bool(GOES_ON.match(second.text)), bool(OPENS.match(second.text))
        script = first.text[:40].isascii() != second.text[:40].isascii()
        return [
            1.0,
            min(1.0, 4 * wide[k]),
            min(1.0, 4 * near[k]),
            float(self.drift[k]),
            float(self.drift[k] - self.drift.mean()),
            float(self.meanings.of([self.body[k]]) @ self.meanings.of([self.body[k + 1]])),
            float(np.clip(math.log((wide[k] + 0.01) / (wide.mean() + 0.01)), -2, 2)),
            second.dateline,
            first.end_mark,
            second.end_mark and bool(ONLY_MARK.fullmatch(second.text)),
            not first.end_mark and bool(CREDIT.search(first.text)),
            not first.ended and first.text[-1] not in "：:",
            alike,
            widths and not alike,
            not widths,
            titles == 1 and "byline" not in kinds,
            titles > 1 and "byline" not in kinds,
            "byline" in kinds,
            bool(kinds & {"caption", "furniture"}),
            goes_on,
            opens and not goes_on,
            len(first.text) < 40,
            len(second.text) < 40,
            script,
            second.text[0] in '“"‘',
            first.signature,
            bool(
                re.match(
                    "[一二三四五六七八九十\\d]+[、.是]|（[一二三四五六七八九十]）|第[一二三四]",
                    second.text,
                )
            ),
        ]


# ---- the search -----------------------------------------------------------------------------

UNTITLED = -1
"""Labels below 0 are stories without a head: -1, -2, …; others are numbers of heads."""


class _Board:
    """The segments of a page and what is known of them: all that the search looks at."""

    def __init__(self, page: Page, table: Weights) -> None:
        self.page, self.table = page, table
        self.heads = page.heads
        n = len(page.body)
        going = np.minimum(page.gaps @ table.gaps, table.going) if n > 1 else np.zeros(0)
        many = min(_MOST_SEGMENTS, max(8, 4 * len(self.heads)))
        cuts = sorted(np.argsort(page.gaps @ table.gaps)[: many - 1].tolist()) if n > 1 else []
        heads_at = {head.before for head in self.heads}
        cuts = [k for k in cuts if going[k] < _SURE or k + 1 in heads_at]
        starts = [0, *(k + 1 for k in cuts)]
        self.ranges = list(zip(starts, [*starts[1:], n], strict=True))
        self.going = [float(going[k]) for k in cuts]
        inside = np.ones(n - 1, np.bool_) if n > 1 else np.zeros(0, np.bool_)
        inside[cuts] = False
        self.unsure = bool((going[inside] < _CLEAR).any())
        self._known: dict[tuple[int, ...], float] = {}
        self._measure_words()
        self._place_heads()

    def _measure_words(self) -> None:
        page = self.page
        chosen = [page.body[a:b] for a, b in self.ranges]
        n = len(chosen)
        vectors = np.array([page.meanings.of(lines) for lines in chosen])
        alike = vectors @ vectors.T
        others = alike[~np.eye(n, dtype=bool)]
        self.alike = (alike - (others.mean() if n > 1 else 0.0)).tolist()
        self.told = [[0.0] * n for _ in self.heads]
        if self.heads and n:
            titles = [h.titles or ((h.byline,) if h.byline is not None else ()) for h in self.heads]
            heads = np.array([page.meanings.of(lines) for lines in titles])
            told = heads @ vectors.T
            # against the other heads and the other segments: one of either tells nothing
            told -= told.mean(axis=0, keepdims=True)
            self.told = (told - told.mean(axis=1, keepdims=True)).tolist()
        lengths = [sum(len(page.lines[i].text) for i in lines) for lines in chosen]
        self.weight = [min(1.0, length / 80) for length in lengths]

    def _place_heads(self) -> None:
        """Note where each segment stands beside each head."""
        last = {head.before: h for h, head in enumerate(self.heads)}
        first: dict[int, int] = {}
        for h, head in enumerate(self.heads):
            first.setdefault(head.before, h)
        self.beside = []
        for h, head in enumerate(self.heads):
            row = []
            for a, b in self.ranges:
                if a == head.before:
                    row.append("after" if last[a] == h else "stack after")
                elif b == head.before:
                    row.append("behind" if first[b] == h else "stack behind")
                else:
                    row.append("later" if a > head.before else "earlier")
            self.beside.append(row)
        self.is_title = [self._title_odds(head) for head in self.heads]
        self.is_heading = [
            h.byline is None
            and 0 < h.before < len(self.page.body)
            and not self._follows_end(h)
            and not self._is_stacked(h)
            for h in self.heads
        ]

    def _is_stacked(self, head: Head) -> bool:
        """Tell whether a signed head stands right below: no text is between the two."""
        below = self.heads[self.heads.index(head) + 1 :]
        return any(other.before == head.before and other.byline is not None for other in below)

    def _follows_end(self, head: Head) -> bool:
        """Tell whether a story ends above a head, by its end mark."""
        body = self.page.body
        return head.before > 0 and self.page.lines[body[head.before - 1]].end_mark

    def _title_odds(self, head: Head) -> float:
        if head.byline is not None:
            return -self.table.empty
        if head.before == len(self.page.body) or self._is_stacked(head):
            return -self.table.edge
        if head.before == 0:
            others = [other for other in self.heads if other is not head]
            if any(other.before == 0 and other.byline is not None for other in others):
                return -self.table.edge
            # where others are signed, this is the first of a story's section headings
            signed = any(other.byline is not None for other in others)
            return -self.table.heading if signed else -self.table.top
        if self._follows_end(head):
            return -self.table.end
        return -(self.table.heading if len(head.titles) > 1 else self.table.lone)

    def score(self, labels: Sequence[int]) -> float:
        """Return how likely it is that the segments belong to the stories so numbered."""
        total = 0.0
        stories: dict[int, list[int]] = {}
        last = None
        for segment, label in enumerate(labels):
            if label in stories:
                stories[label].append(segment)
            else:
                stories[label] = [segment]
            # across its own head a story does not go on: it begins, or it is over
            headed = label >= 0 and self.beside[label][segment] == "after"
            if label == last and (not headed or self.is_heading[label]):
                total += self.going[segment - 1]
            elif label == last and self._follows_end(self.heads[label]):
                total -= _ENDED
            last = label
        for label, segments in stories.items():
            key = (max(label, UNTITLED), *segments)
            if key not in self._known:
                self._known[key] = self._story(*key)
            total += self._known[key]
        return total + self._in_order(stories)

    def _story(self, label: int, *segments: int) -> float:
        """Return what a story of these segments, under the head of this number, adds."""
        runs = self._runs(label, segments)
        table, total = self.table, self._words_of(runs, segments)
        if label < 0:
            return total + table.untitled + table.beside["later"] * (len(runs) - 1)
        size = sum(self.weight[s] for s in segments)
        told = sum(self.weight[s] * self.told[label][s] for s in segments) / size
        told *= math.sqrt(min(size, _TELLING))
        if self.is_heading[label]:
            told = min(told, 0.0)  # a section heading too tells of what stands below it
        return total + table.title * told + self.is_title[label] + self._places_of(label, runs)

    def _runs(self, label: int, segments: Sequence[int]) -> list[list[int]]:
        """Return the stretches of a story that stand apart on the page, or either side of its
        head."""
        runs: list[list[int]] = []
        for s in segments:
            headed = label >= 0 and self.beside[label][s] == "after" and not self.is_heading[label]
            if runs and s == runs[-1][-1] + 1 and not headed:
                runs[-1].append(s)
            else:
                runs.append([s])
        return runs

    def _words_of(self, runs: Sequence[Sequence[int]], segments: Sequence[int]) -> float:
        """Return what speaks for stretches of a story that stand apart: within one, gaps do."""
        if len(runs) < 2:
            return 0.0
        total = 0.0
        for run in runs:
            near = [self.alike[s][t] for s in run for t in segments if t not in run]
            total += sum(near) / len(near)
        return self.table.words * total

    def _places_of(self, label: int, runs: Sequence[Sequence[int]]) -> float:
        """Return how usual it is that stretches stand where they do beside their head."""
        at, total = self.beside[label], 0.0
        for run in runs:
            first, last = at[run[0]], at[run[-1]]
            total += self.table.beside[last if last.endswith("behind") else first]
        return total

    def _in_order(self, stories: dict[int, list[int]]) -> float:
        """Return what it costs that stories stand in another order than their heads."""
        if len(stories) < 2:
            return 0.0
        firsts = [stories[h][0] for h in sorted(stories) if h >= 0]
        return self.table.beside["crossed"] * sum(
            a > b for a, b in pairwise(firsts)
        )


_TELLING = 6.0  # segments beyond which more of them say no more about their head
_ENDED = 2.0  # log-odds against a story that has its end mark above its own head
_SURE = 6.0  # log-odds from which two lines are never parted

Labels = tuple[int, ...]


def _starts(board: _Board) -> list[Labels]:
    """Return a labelling for each common way of print."""
    heads, n = board.heads, len(board.ranges)
    places = list(board.ranges)
    strong = [h for h, odds in enumerate(board.is_title) if odds > 0]
    out: list[Labels] = []
    for chosen in (list(range(len(heads))), strong):
        above = [[h for h in chosen if heads[h].before <= a] for a, _ in places]
        below = [[h for h in chosen if heads[h].before >= b] for _, b in places]
        out.append(tuple(x[-1] if x else UNTITLED for x in above))
        out.append(
            tuple(
                y[0] if y else (x[-1] if x else UNTITLED) for x, y in zip(above, below, strict=True)
            )
        )
        out.append(
            tuple(
                x[-1]
                if x and heads[x[-1]].before == a
                else (y[0] if y else (x[-1] if x else UNTITLED))
                for x, y, (a, _) in zip(above, below, places, strict=True)
            )
        )
        if len(chosen) > 1:
            out += [_path(board, chosen, any_order=True), _path(board, chosen, any_order=False)]
    untitled, label = [], UNTITLED
    for s in range(n):
        if s and board.going[s - 1] < 0:
            label -= 1
        untitled.append(label)
    return list(dict.fromkeys([*out, tuple(untitled), (UNTITLED,) * n]))


def _path(board: _Board, chosen: Sequence[int], *, any_order: bool) -> Labels:
    """Return the segments' heads by what the heads tell alone: the best path, in any order or in
    the order of the heads from the first to the last of them."""
    n = len(board.ranges)
    own = np.array(
        [
            [
                board.table.title * board.weight[s] * board.told[h][s]
                + (board.table.beside[board.beside[h][s]] if any_order else 0.0)
                for h in chosen
            ]
            for s in range(n)
        ]
    )
    return best_path(own, board.going, chosen, any_order=any_order)


_CLEAR = 1.0  # log-odds from which a gap leaves no doubt, for or against


def _plain(board: _Board) -> Labels | None:
    """Return the labelling of a page printed in order, each story under its head, where no gap
    speaks against it: nothing needs to be searched for."""
    labels = _starts(board)[0]
    heads = set(range(len(board.heads)))
    if board.unsure or set(labels) != heads or any(odds <= 0 for odds in board.is_title):
        return None
    for going, a, b in zip(board.going, labels, labels[1:], strict=False):
        if (a == b and going < _CLEAR) or (a != b and going > -_CLEAR):
            return None
    return labels


def best_labels(board: _Board) -> tuple[float, Labels]:
    """Return the best labelling found and its score."""
    return climbed(_starts(board), board.score, len(board.heads))


def find_stories(lines: Sequence[Line], heads: Sequence[Head], table: Weights) -> list[Story]:
    """Return the stories of a page, in the order in which they begin on it."""
    bodies = sum(line.kind == "body" for line in lines)
    if not bodies:
        return without_text(lines)
    if bodies == 1 and not heads:  # nothing to choose: most records of a corpus
        return [Story(text=[i for i, line in enumerate(lines) if line.kind != "furniture"])]
    page = Page(lines, heads)
    page, board, labels = search(page, table)
    return put_together(
        page, board.heads, board.ranges, labels, lambda h, s: board.beside[h][s].endswith("after")
    )


def search(page: Page, table: Weights) -> tuple[Page, _Board, Labels]:
    """Return the best labelling of a page, heads in a row taken for one or for two."""
    board = _Board(page, table)
    plain = _plain(board)
    if plain is not None:
        return page, board, plain
    score, labels = best_labels(board)
    for h, split in _splits(page.lines, page.heads, len(page.body)):
        page.heads = split
        other = _Board(page, table)
        better, chosen = best_labels(other)
        better += table.split
        if better > score and {h, h + 1} <= set(chosen):
            board, score, labels = other, better, chosen
    page.heads = board.heads
    return page, board, labels


_MOST_SPLITS = 6


def _splits(
    lines: Sequence[Line], heads: Sequence[Head], bodies: int
) -> list[tuple[int, list[Head]]]:
    """Return the heads with one of them taken for two, where headlines stand in a row, and the
    number of that one."""
    out = []
    # first those above or below all text, where headlines are printed in a row
    shared = Counter(head.before for head in heads)
    apart = [h.before in (0, bodies) or shared[h.before] > 1 for h in heads]
    order = sorted(range(len(heads)), key=lambda h: (not apart[h], -len(heads[h].titles)))
    for h in order:
        head = heads[h]
        for cut in range(1, len(head.titles)):
            above, below = lines[head.titles[cut - 1]], lines[head.titles[cut]]
            if not apart[h] and above.span.end >= below.span.start - 1:
                continue  # one headline, wrapped
            two = [
                Head(head.titles[:cut], None, head.before),
                Head(head.titles[cut:], head.byline, head.before),
            ]
            if below.text[0] not in "—-" and above.text[-1] not in "，：、,:":
                out.append((h, [*heads[:h], *two, *heads[h + 1 :]]))
    return out[:_MOST_SPLITS]
