"""Pages as papers make them up: long reports alone or with a box, several middling stories, many
short ones; at random, or all of a like matter, which are the hardest to part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from random import Random

import numpy as np
import numpy.typing as npt

from embeddings import load
from eval.simulate import TruePage, simulated
from eval.stories import Story, asked, features, in_short, is_english

_LONG, _SHORT = 850, 400  # characters from which a story is long, and below which it is short
_PLANS: dict[tuple[str, ...], float] = {
    ("long",): 0.05,
    ("long", "long"): 0.11,
    ("long", "short"): 0.09,
    ("long", "middling"): 0.11,
    ("long", "long", "long"): 0.07,
    ("long", "long", "long", "short"): 0.05,
    ("long", "middling", "middling"): 0.08,
    ("long", "middling", "short", "short"): 0.07,
    ("middling",): 0.02,
    ("middling", "middling"): 0.06,
    ("middling", "middling", "middling"): 0.09,
    ("middling", "middling", "middling", "short"): 0.08,
    ("middling", "middling", "short", "short", "short"): 0.06,
    ("short", "short", "short", "short", "short", "short"): 0.03,
    ("column", "middling", "long"): 0.03,
}
"""What stories a page is made up of, and how often."""
_ALIKE = 0.4  # of the pages tell of like matters
_NEAREST = 12  # stories among which those of a like matter are drawn
_ENGLISH = 0.12  # of the pages
_MOST_MISSED = 20  # plans in a row that no stories are left for


def papers(stories: Sequence[Story], english: Sequence[Story], rng: Random) -> Iterator[TruePage]:
    """Yield pages until no page can be made up any more; no story is printed twice."""
    chinese, foreign = _Rack(stories, rng), _Rack(english, rng)
    number = missed = 0
    while missed < _MOST_MISSED:
        rack = foreign if rng.random() < _ENGLISH else chinese
        plan = rng.choices(list(_PLANS), list(_PLANS.values()))[0]
        plan = tuple("short" if kind == "column" and rack is foreign else kind for kind in plan)
        chosen = rack.take(plan, alike=rng.random() < _ALIKE)
        missed = 0 if chosen else missed + 1
        if chosen:
            yield simulated(chosen, rng, f"paper-{number:04}.txt")
            number += 1


class _Rack:
    """Stories still to be printed, by length."""

    def __init__(self, stories: Sequence[Story], rng: Random) -> None:
        self.stories, self.rng = list(stories), rng
        self.free: dict[str, list[int]] = {"long": [], "middling": [], "short": []}
        for k, story in enumerate(self.stories):
            size = sum(map(len, story.body)) / (2.5 if is_english(story.body[0]) else 1)
            kind = "long" if size >= _LONG else "short" if size < _SHORT else "middling"
            self.free[kind].append(k)
        for numbers in self.free.values():
            rng.shuffle(numbers)
        openings = [story.title + " " + story.body[0] for story in self.stories]
        self.about: npt.NDArray[np.float32] = load().encode_passages(openings)

    def take(self, plan: Sequence[str], *, alike: bool) -> list[Story]:
        """Return stories of these lengths in any order, fewer where there are too few."""
        out: list[Story] = []
        near: npt.NDArray[np.float32] | None = None
        for kind in self.rng.sample(list(plan), len(plan)):
            free = self.free["short" if kind == "column" else kind]
            if len(free) < (5 if kind == "column" else 1):
                return out
            if kind == "column":
                out += in_short(iter([self.stories[free.pop()] for _ in range(5)]), self.rng)
                continue
            at = len(free) - 1
            if alike and near is not None:
                order = np.argsort(-(self.about[free] @ near))[:_NEAREST]
                at = int(self.rng.choice(order.tolist()))
            number = free.pop(at)
            near = self.about[number] if near is None else near
            out.append(self._told(self.stories[number]))
        return out

    def _told(self, story: Story) -> Story:
        """Return a story, some of them in other paragraphs or in questions and answers."""
        if self.rng.random() < _SPOKEN:
            return next(asked(iter([story]), self.rng), story)
        short = not story.sections and self.rng.random() < _IN_SENTENCES
        told = next(features(iter([story]))) if short else story
        return told if told.body else story


_SPOKEN, _IN_SENTENCES = 0.03, 0.2  # of the stories


def by_language(stories: Iterable[Story]) -> tuple[list[Story], list[Story]]:
    """Return the Chinese and the English stories."""
    told = list(stories)
    chinese = [story for story in told if not is_english(story.body[0])]
    return chinese, [story for story in told if is_english(story.body[0])]
