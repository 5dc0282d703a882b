"""How likely it is that the segments of a page belong to the stories so labelled: a weighted sum of
`STORY_FEATURES` and of the gaps within stories.

Body lines are cut into segments wherever a story might end. A labelling gives each segment the
number of a head, or a number below 0 for a story without one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rag.articles.evidence import (
    GAP_FEATURES,
    GOES_ON,
    OPENS,
    Floats,
    Page,
    is_fragment,
    is_unfinished,
)
from rag.articles.lines import Head, Line

CAPPED = -1
UNTITLED = -1
"""Labels below 0 are stories without a head: -1, -2, …; others are numbers of heads."""

Labels = tuple[int, ...]
Cuts = tuple[tuple[int, int], ...]  # lines of headlines in a row that are of two stories
Counts = dict[int, float]  # number of a feature → its value

PLACES = ("after", "stack after", "behind", "stack behind", "later", "earlier")
_HEADS = ("signed", "edge", "top", "top, others signed", "end", "block", "lone")

STORY_FEATURES = (
    *(f"only {place}" for place in PLACES),  # where a story in one piece stands beside its head
    *(f"first {place}" for place in PLACES),  # … the first piece of several, in reading order
    *(f"more {place}" for place in PLACES),  # … another piece
    *(f"title {kind}" for kind in _HEADS),  # the head is a story's
    *(f"inside {kind}" for kind in _HEADS),  # it is not, and one story stands either side
    *(f"between {kind}" for kind in _HEADS),  # … two stories, or none on one side
    "title length",  # tens of characters
    "heading length",
    "title marked",  # ■, 一、
    "title as wide",  # as the columns: perhaps a line of text
    "told",  # what head and story are about, against other heads and segments
    "told first",  # … of the story's first segment
    "named",  # words of the head in the story, likewise
    "named first",
    "meaning",  # pieces of a story apart, against other segments
    "words",
    "traces",  # of extraction, how unlike they are
    "widths",
    "untitled",
    "untitled alone",  # and there is no other story
    "untitled piece",
    "pieces",
    "resumes",  # a piece breaks off, the next begins in the middle of a sentence
    "breaks off",  # … the next does not
    "falls in",  # a piece is finished, the next begins so
    "ends unfinished",
    "begins as fragment",
    "begins unlike a story",  # 他, 此外
    "begins like a story",
    "begins with dateline",
    "dateline inside",
    "end mark inside",
    "ends with end mark",
    "two or three lines",
    "hardly any text",
    "over end mark",  # a story goes on below its own head, its end mark above
    "crossed",  # two stories stand in another order than their heads
    "another place",  # kinds of places beyond the first, over the page
    "split at an edge",  # headlines in a row are of two stories: above or below all text
    "split within",  # … elsewhere
    "split, set apart",  # … a blank line is between
    "split, joined",  # … repair takes them for one
    "split, alike",  # … cosine of what they are about
    "split, long",  # … tens of characters of the shorter one
)
FEATURES = (*GAP_FEATURES, *STORY_FEATURES)
_NUMBER = {name: len(GAP_FEATURES) + k for k, name in enumerate(STORY_FEATURES)}
_TELLING = 6.0  # segments beyond which more of them say no more about their head
_SURE = 7.0  # log-odds from which two lines are never parted
_MOST_GOING = 6.0  # most that a gap may say for going on
_MOST_SEGMENTS = 24
CLEAR = 1.0  # log-odds from which a gap leaves no doubt, for or against


@dataclass(frozen=True)
class Weights:
    """What was fitted: the weight of each of `FEATURES`."""

    values: Floats

    def of(self, name: str) -> float:
        """Return the weight of a feature of stories."""
        return float(self.values[_NUMBER[name]])

    @property
    def gaps(self) -> Floats:
        return self.values[: len(GAP_FEATURES)]


class Board:
    """The segments of a page and what is known of them: all that the search looks at."""

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
        self.going = [min(float(odds[k]), _MOST_GOING) for k in cuts]
        inside = np.ones(max(0, n - 1), np.bool_)
        inside[cuts] = False
        self.unsure = bool((odds[inside] < CLEAR).any())
        self._known: dict[tuple[int, ...], float] = {}
        self._values: list[float] = table.values.tolist()
        self._measure()
        self._place_heads()
        self.split = [pair for cut in apart for pair in self._split_features(*cut)]
        self._worth_of_splits = sum(self._values[k] * value for k, value in self.split)

    # ---- what is known once and for all --------------------------------------------------

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
        starts = {a: s for s, (a, _) in enumerate(self.ranges)}
        self.below = [starts.get(head.before) for head in self.heads]
        self.title = [self._title_features(head) for head in self.heads]
        self.as_heading = [self._heading_length(head) for head in self.heads]
        self._unused = [
            tuple(
                sum(self._values[k] * x for k, x in self._of_heading(h, inside))
                for inside in (True, False)
            )
            for h in range(len(self.heads))
        ]

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

    def _title_features(self, head: Head) -> list[tuple[int, float]]:
        lines = [self.page.lines[i].text for i in head.titles]
        if not lines:
            return []
        size = sum(map(len, lines)) / (2.5 if lines[0].isascii() else 1)
        out = [(_NUMBER["title length"], min(size, 30) / 10)]
        if lines[0][0] in "■●▲◆◎一二三四五六七八九十（" and lines[0][1:2] in " 、一二三四五六七八九十":
            out.append((_NUMBER["title marked"], 1.0))
        return out

    def _split_features(self, above: int, below: int) -> Iterator[tuple[int, float]]:
        """Yield what tells that two lines of headlines in a row are of one story or of two."""
        one, other = self.page.lines[above], self.page.lines[below]
        before = next(h.before for h in self.heads if below in h.titles)
        edge = before in (0, len(self.page.body))
        yield _NUMBER["split at an edge" if edge else "split within"], 1.0
        if other.above > 1:
            yield _NUMBER["split, set apart"], 1.0
        if one.span.end >= other.span.start - 1:
            yield _NUMBER["split, joined"], 1.0
        about = self.page.meanings.of([[above], [below]])
        yield _NUMBER["split, alike"], float(about[0] @ about[1])
        size = min(len(one.text), len(other.text)) / (2.5 if one.text.isascii() else 1)
        yield _NUMBER["split, long"], min(size, 30) / 10

    def _heading_length(self, head: Head) -> float:
        size = sum(len(self.page.lines[i].text) for i in head.titles)
        return min(size / (2.5 if head.titles and self.page.lines[head.titles[0]].text.isascii() else 1), 30) / 10

    # ---- a labelling -----------------------------------------------------------------------

    def score(self, labels: Labels) -> float:
        """Return how likely a labelling is; higher is likelier, 0 is nothing."""
        total, stories = 0.0, _stories_of(labels)
        for s in self._kept(labels):
            total += self.going[s]
        for label, segments in stories.items():
            key = (label if label > UNTITLED else UNTITLED, *segments)
            known = self._known.get(key)
            if known is None:
                told = self._story(key[0], segments)
                known = self._known[key] = sum(self._values[k] * value for k, value in told)
            total += known
        for h, (inside, between) in enumerate(self._unused):
            if h not in stories:
                total += inside if self._is_inside(h, labels) else between
        return total + self._worth_of_layout(stories) + self._worth_of_splits

    def _worth_of_layout(self, stories: dict[int, list[int]]) -> float:
        return sum(self._values[k] * value for k, value in self._layout(stories))

    def features(self, labels: Labels) -> Counts:
        """Return what the score is the weighted sum of; under CAPPED what gaps add that say no more
        than the most."""
        out: Counts = {}
        for s in self._kept(labels):
            row = self.page.gaps[self.cuts[s]]
            if row @ self.table.gaps > _MOST_GOING:
                out[CAPPED] = out.get(CAPPED, 0.0) + _MOST_GOING
                continue
            for k in np.flatnonzero(row).tolist():
                out[k] = out.get(k, 0.0) + float(row[k])
        stories = _stories_of(labels)
        told = [pair for x, s in stories.items() for pair in self._story(max(x, UNTITLED), s)]
        for h in range(len(self.heads)):
            if h not in stories:
                told += self._of_heading(h, self._is_inside(h, labels))
        for k, value in [*told, *self._layout(stories), *self.split]:
            out[k] = out.get(k, 0.0) + value
        return out

    def _kept(self, labels: Labels) -> Iterator[int]:
        """Yield the gaps that are within a story: across its own head a story does not go on, it
        begins, or it is over."""
        for s in range(len(labels) - 1):
            label = labels[s + 1]
            if labels[s] == label:
                headed = label >= 0 and self.beside[label][s + 1] == 0
                if not headed or self.is_heading[label]:
                    yield s

    def _story(self, label: int, segments: Sequence[int]) -> list[tuple[int, float]]:
        """Return the features of a story of these segments under the head of this number."""
        runs = self._runs(label, segments)
        out = [*self._pieces(runs, segments), *self._text(runs, segments)]
        if label < 0:
            out.append((_NUMBER["untitled"], 1.0))
            if len(segments) == len(self.ranges):
                out.append((_NUMBER["untitled alone"], 1.0))
            if len(runs) > 1:
                out.append((_NUMBER["untitled piece"], len(runs) - 1.0))
            return out
        out += [(_NUMBER[f"title {self.kinds[label]}"], 1.0), *self.title[label]]
        for k, run in enumerate(runs):
            form = "only" if len(runs) == 1 else "more" if k else "first"
            out.append((_NUMBER[f"{form} {PLACES[self._place(label, run)]}"], 1.0))
        size = sum(self.weight[s] for s in segments)
        scale = math.sqrt(min(size, _TELLING)) / size
        for name, told in (("told", self.told[label]), ("named", self.named[label])):
            all_told = scale * sum(self.weight[s] * told[s] for s in segments)
            out.append((_NUMBER[name], all_told))
            out.append((_NUMBER[f"{name} first"], told[runs[0][0]]))
        head = self.heads[label]
        if head.before and self._over_end_mark(label, segments):
            out.append((_NUMBER["over end mark"], 1.0))
        return out

    def _over_end_mark(self, label: int, segments: Sequence[int]) -> bool:
        s = self.below[label]
        return s is not None and s > 0 and s in segments and s - 1 in segments and bool(self.marks[s - 1])

    def _place(self, label: int, run: Sequence[int]) -> int:
        at = self.beside[label]
        first, last = at[run[0]], at[run[-1]]
        return last if last in (2, 3) else first

    def _runs(self, label: int, segments: Sequence[int]) -> list[list[int]]:
        """Return the stretches of a story that stand apart on the page, or either side of its
        head, in the order of reading."""
        runs: list[list[int]] = []
        for s in segments:
            headed = label >= 0 and self.beside[label][s] == 0 and not self.is_heading[label]
            if runs and s == runs[-1][-1] + 1 and not headed:
                runs[-1].append(s)
            else:
                runs.append([s])
        if label >= 0 and len(runs) > 1:
            at = self.beside[label]
            runs.sort(key=lambda run: (at[run[0]] > 1, run[0]))
        return runs

    def _pieces(self, runs: Sequence[Sequence[int]], segments: Sequence[int]) -> Iterator[tuple[int, float]]:
        """Yield what speaks for stretches of a story that stand apart: within one, gaps do."""
        if len(runs) < 2:
            return
        yield _NUMBER["pieces"], len(runs) - 1.0
        meaning = words = traces = 0.0
        for run in runs:
            others = [t for t in segments if t not in run]
            count = len(run) * len(others)
            meaning += sum(self.alike[s][t] for s in run for t in others) / count
            words += sum(self.shared[s][t] for s in run for t in others) / count
            traces += sum(self.unlike[s][t] for s in run for t in others) / count
        yield _NUMBER["meaning"], meaning
        yield _NUMBER["words"], words
        yield _NUMBER["traces"], traces
        for before, after in zip(runs, runs[1:], strict=False):
            broken, fragment = self.broken[before[-1]], self.fragment[after[0]]
            name = {(True, True): "resumes", (True, False): "breaks off", (False, True): "falls in"}
            if broken or fragment:
                yield _NUMBER[name[broken, fragment]], 1.0
            one, other = self.width[before[-1]], self.width[after[0]]
            if one and other and abs(one - other) > 1.5:
                yield _NUMBER["widths"], 1.0

    def _text(self, runs: Sequence[Sequence[int]], segments: Sequence[int]) -> Iterator[tuple[int, float]]:
        """Yield how a story begins and ends, and how long it is."""
        first, last = runs[0][0], runs[-1][-1]
        length = sum(self.lengths[s] for s in segments)
        if self.broken[last]:
            yield _NUMBER["ends unfinished"], 1.0
        if self.fragment[first]:
            yield _NUMBER["begins as fragment"], 1.0
        if self.opening[first] is not None:
            yield _NUMBER[self.opening[first]], 1.0
        marks = sum(self.marks[s] for s in segments) - self.last[last].end_mark
        if marks:
            yield _NUMBER["end mark inside"], float(marks)
        if self.last[last].end_mark:
            yield _NUMBER["ends with end mark"], 1.0
        inside = sum(self.datelines[s] for s in segments) - self.first[first].dateline
        if inside:
            yield _NUMBER["dateline inside"], float(inside)
        if length < 120:
            yield _NUMBER["hardly any text" if length < 45 else "two or three lines"], 1.0

    def _is_inside(self, number: int, labels: Labels) -> bool:
        """Tell whether one story stands either side of a head."""
        s = self.below[number]
        if s is None:
            return 0 < self.heads[number].before < len(self.page.body)
        return s > 0 and labels[s - 1] == labels[s]

    def _of_heading(self, number: int, inside: bool) -> list[tuple[int, float]]:
        """Return the features of a head that is no story's."""
        where = "inside" if inside else "between"
        length = self.as_heading[number]
        return [(_NUMBER[f"{where} {self.kinds[number]}"], 1.0), (_NUMBER["heading length"], length)]

    def _layout(self, stories: dict[int, list[int]]) -> Iterator[tuple[int, float]]:
        """Yield the features that are of no one story: order, layout."""
        last, crossed, places = -1, 0, 0
        for h in range(len(self.heads)):
            if h in stories:
                first = stories[h][0]
                crossed += first < last
                places |= 1 << self.beside[h][first]
                last = first
        if crossed:
            yield _NUMBER["crossed"], float(crossed)
        if places & (places - 1):
            yield _NUMBER["another place"], places.bit_count() - 1.0


def _stories_of(labels: Labels) -> dict[int, list[int]]:
    stories: dict[int, list[int]] = {}
    for segment, label in enumerate(labels):
        stories.setdefault(label, []).append(segment)
    return stories


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
