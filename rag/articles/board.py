"""How likely it is that the segments of a page belong to the stories so labelled: a weighted sum of
`STORY_FEATURES` and of the gaps within stories.

Body lines are cut into segments wherever a story might end. A labelling gives each segment the
number of a head, or a number below 0 for a story without one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from rag.articles.evidence import Page
from rag.articles.features import NUMBER, PLACES, Weights
from rag.articles.lines import Head
from rag.articles.segments import MOST_GOING, Cuts, Segments, Worth

CAPPED = -1
UNTITLED = -1
"""Labels below 0 are stories without a head: -1, -2, …; others are numbers of heads."""

Labels = tuple[int, ...]
Counts = dict[int, float]  # number of a feature → its value

_MOST_COLLECTED = 5.0  # pieces of a column of short news beyond the first
_TELLING = 6.0  # segments beyond which more of them say no more about their head


class Board(Segments):
    """A page on which labellings are scored."""

    def __init__(
        self, page: Page, heads: Sequence[Head], table: Weights, apart: Cuts = ()
    ) -> None:
        super().__init__(page, heads, table, apart)
        self._known: dict[tuple[int, ...], float] = {}
        self._values: list[float] = table.values.tolist()
        self._worth_of_splits = sum(self._values[k] * value for k, value in self.split)
        self._unused = [
            tuple(
                sum(self._values[k] * x for k, x in self._of_heading(h, inside))
                for inside in (True, False)
            )
            for h in range(len(self.heads))
        ]

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
        return float(total + self._worth_of_layout(stories) + self._worth_of_splits)

    def _worth_of_layout(self, stories: dict[int, list[int]]) -> float:
        return sum(self._values[k] * value for k, value in self._layout(stories))

    def features(self, labels: Labels) -> Counts:
        """Return what the score is the weighted sum of; under CAPPED what gaps add that say no more
        than the most."""
        out: Counts = {}
        for s in self._kept(labels):
            row = self.page.gaps[self.cuts[s]]
            if row @ self.table.gaps > MOST_GOING:
                out[CAPPED] = out.get(CAPPED, 0.0) + MOST_GOING
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

    def _story(self, label: int, segments: Sequence[int]) -> list[Worth]:
        """Return the features of a story of these segments under the head of this number."""
        runs = self._runs(label, segments)
        out = [*self._pieces(runs, segments), *self._text(runs, segments)]
        out.append((NUMBER["story among many lines"], self.many_lines))
        if label < 0:
            out.append((NUMBER["untitled"], 1.0))
            if len(segments) == len(self.ranges):
                out.append((NUMBER["untitled alone"], 1.0))
            if len(runs) > 1:
                out.append((NUMBER["untitled piece"], len(runs) - 1.0))
            return out
        out += [(NUMBER[f"title {self.kinds[label]}"], 1.0), *self.title[label]]
        if self.collects[label]:
            out.append((NUMBER["more of a column"], min(len(segments) - 1.0, _MOST_COLLECTED)))
        for k, run in enumerate(runs):
            form = "only" if len(runs) == 1 else "more" if k else "first"
            out.append((NUMBER[f"{form} {PLACES[self._place(label, run)]}"], 1.0))
        size = sum(self.weight[s] for s in segments)
        scale = math.sqrt(min(size, _TELLING)) / size
        for name, told in (("told", self.told[label]), ("named", self.named[label])):
            all_told = scale * sum(self.weight[s] * told[s] for s in segments)
            first = told[runs[0][0]]
            if self.may_be_heading[label]:  # a section heading too tells of what stands below it
                all_told, first = min(all_told, 0.0), min(first, 0.0)
            out += [(NUMBER[name], all_told), (NUMBER[f"{name} first"], first)]
        head = self.heads[label]
        if head.before and self._over_end_mark(label, segments):
            out.append((NUMBER["over end mark"], 1.0))
        return out

    def _over_end_mark(self, label: int, segments: Sequence[int]) -> bool:
        s = self.below[label]
        if not s or s not in segments or s - 1 not in segments:
            return False
        return self.marks[s - 1] > 0

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

    def _pieces(
        self, runs: Sequence[Sequence[int]], segments: Sequence[int]
    ) -> Iterator[Worth]:
        """Yield what speaks for stretches of a story that stand apart: within one, gaps do."""
        if len(runs) < 2:
            return
        yield NUMBER["pieces"], len(runs) - 1.0
        meaning = words = traces = 0.0
        for run in runs:
            others = [t for t in segments if t not in run]
            count = len(run) * len(others)
            meaning += sum(self.alike[s][t] for s in run for t in others) / count
            words += sum(self.shared[s][t] for s in run for t in others) / count
            traces += sum(self.unlike[s][t] for s in run for t in others) / count
        yield NUMBER["meaning of pieces"], meaning
        yield NUMBER["words of pieces"], words
        yield NUMBER["traces"], traces
        for before, after in pairwise(runs):
            broken, fragment = self.broken[before[-1]], self.fragment[after[0]]
            name = {(True, True): "resumes", (True, False): "breaks off", (False, True): "falls in"}
            if broken or fragment:
                yield NUMBER[name[broken, fragment]], 1.0
            one, other = self.width[before[-1]], self.width[after[0]]
            if one and other and abs(one - other) > 1.5:
                yield NUMBER["widths"], 1.0

    def _text(
        self, runs: Sequence[Sequence[int]], segments: Sequence[int]
    ) -> Iterator[Worth]:
        """Yield how a story begins and ends, and how long it is."""
        first, last = runs[0][0], runs[-1][-1]
        length = sum(self.lengths[s] for s in segments)
        if self.broken[last]:
            yield NUMBER["ends unfinished"], 1.0
        if self.fragment[first]:
            yield NUMBER["begins as fragment"], 1.0
        opening = self.opening[first]
        if opening is not None:
            yield NUMBER[opening], 1.0
        marks = sum(self.marks[s] for s in segments) - self.last[last].end_mark
        if marks:
            yield NUMBER["end mark inside"], float(marks)
        if self.last[last].end_mark:
            yield NUMBER["ends with end mark"], 1.0
        inside = sum(self.datelines[s] for s in segments) - self.first[first].dateline
        if inside:
            yield NUMBER["dateline inside"], float(inside)
        if length < 120:
            yield NUMBER["hardly any text" if length < 45 else "two or three lines"], self.much

    def _is_inside(self, number: int, labels: Labels) -> bool:
        """Tell whether one story stands either side of a head."""
        s = self.below[number]
        if s is None:
            return 0 < self.heads[number].before < len(self.page.body)
        return s > 0 and labels[s - 1] == labels[s]

    def _of_heading(self, number: int, inside: bool) -> list[Worth]:
        """Return the features of a head that is no story's."""
        where = "inside" if inside else "between"
        length = self.as_heading[number]
        out = [(NUMBER[f"{where} {self.kinds[number]}"], 1.0), (NUMBER["heading length"], length)]
        if self.collects[number]:
            out.append((NUMBER["heading collects"], 1.0))
        return out

    def _layout(self, stories: dict[int, list[int]]) -> Iterator[Worth]:
        """Yield the features that are of no one story: order, layout."""
        last, crossed, places = -1, 0, 0
        for h in range(len(self.heads)):
            if h in stories:
                # what stands right below its head crosses none, wherever more of it stands
                below = self.below[h]
                first = stories[h][0] if below not in stories[h] else below
                crossed += first < last
                places |= 1 << self.beside[h][stories[h][0]]
                last = first
        if crossed:
            yield NUMBER["crossed"], float(crossed)
        if places & (places - 1):
            yield NUMBER["another place"], places.bit_count() - 1.0


def _stories_of(labels: Labels) -> dict[int, list[int]]:
    stories: dict[int, list[int]] = {}
    for segment, label in enumerate(labels):
        stories.setdefault(label, []).append(segment)
    return stories
