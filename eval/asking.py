"""The questions that calibrating asks, the processes that ask them, and what was weighed.

Both dev halves, our own questions and a public set; see `eval.calibrate`.
"""

from __future__ import annotations

import functools
import multiprocessing
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from eval import gold, squad
from eval.metrics import correct, f1
from rag.answer import Bot
from rag.claims import Claim
from rag.confidence import Calibration, Evidence, features
from rag.dialogue import in_context, plain
from rag.kinds import asked_kind
from rag.preference import MOST, described
from rag.readers import Reader
from rag.readers.extractive import ExtractiveReader
from rag.readers.written import Written
from rag.types import History, Reading

Floats = npt.NDArray[np.float64]

INDEXES = ("seeds", "pages", "written", "all", "half")  # folders of the root that is asked
GOLD_WEIGHT = 3.0  # of a gold row beside a public one: newspapers are what the bot is for
WRITTEN_WEIGHT = 0.4  # there are six times as many; one in five does not name what it is about
_NOTHING = np.zeros((0, 0), np.float32)


class Asked(NamedTuple):
    """One question of a set; `bot` is the index it is asked of. `answers` is empty where there is
    none."""

    set: str
    bot: str
    question: str
    history: History
    answers: Sequence[str]
    all_of: Sequence[Sequence[str]]
    weight: float
    article: str


@dataclass
class Rows:
    """What was weighed, a row a question for which anything was found."""

    told: list[Floats] = field(default_factory=list)  # (answers, RANKED_BY), best first
    # (MOST at most, features of rag.preference), of a calibration without trees
    described: list[npt.NDArray[np.float32]] = field(default_factory=list)
    # (answers,): half for right, half for cut as a person would cut it
    gain: list[Floats] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)  # of the best answer
    right: list[bool] = field(default_factory=list)  # the best answer
    answerable: list[bool] = field(default_factory=list)
    weight: list[float] = field(default_factory=list)
    article: list[str] = field(default_factory=list)  # rows of one article are left out together
    set: list[str] = field(default_factory=list)

    def add(
        self, weighed: tuple[Sequence[Claim], Evidence] | None, asked: Asked, *, tell: bool = False
    ) -> None:
        """Add one question. No answer to it is right when `asked.answers` is empty."""
        if weighed is None:
            return
        claims, evidence = weighed
        answers = asked.answers
        right = [bool(answers) and correct(c.text, answers, asked.all_of) for c in claims]
        cut = [f1(claim.text, answers) if answers else 0.0 for claim in claims]
        self.told.append(np.array([claim.told for claim in claims]))
        own = in_context(plain(asked.question), asked.history).own
        of_claims = described(own, asked_kind(own), claims[:MOST]) if tell else _NOTHING
        self.described.append(of_claims)
        self.gain.append((np.array(right, float) + np.array(cut)) / 2)
        self.evidence.append(evidence)
        self.right.append(right[0])
        self.answerable.append(bool(answers))
        self.weight.append(asked.weight)
        self.article.append(asked.article)
        self.set.append(asked.set)

    def with_rows(self, other: Rows) -> Rows:
        """Return these rows and the other's."""
        return Rows(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def of(self, name: str) -> Rows:
        """Return the rows of one set."""
        return picked(self, (n for n, other in enumerate(self.set) if other == name))

    @property
    def inputs(self) -> Floats:
        """(n, k) features."""
        return np.array([features(e) for e in self.evidence])


class Remembering:
    """A reader that reads each question once: the weights tried only reorder what it found."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._read: dict[tuple[str, ...], list[Reading]] = {}

    def read(
        self, question: str, passages: Sequence[str], *, per_passage: int = 5
    ) -> list[Reading]:
        """Return what the reader found, from memory the second time."""
        key = (question, *passages)
        if key not in self._read:
            self._read[key] = self._reader.read(question, passages, per_passage=per_passage)
        return self._read[key]


def gold_asked(name: str, rows: Sequence[gold.GoldRow]) -> list[Asked]:
    """Return gold rows as they are asked."""
    return [
        Asked(
            name,
            name,
            row.question,
            row.history,
            row.answers if row.answerable else (),
            row.all_of,
            GOLD_WEIGHT,
            row.evidence[0].file if row.evidence else row.id.partition("-")[0],
        )
        for row in rows
    ]


def written_asked(rows: Sequence[Written]) -> list[Asked]:
    """Return our own questions as they are asked."""
    return [
        Asked("written", "written", r.question, (), r.answers, (), WRITTEN_WEIGHT, r.context[:50])
        for r in rows
    ]


def public_asked(items: Sequence[squad.Item]) -> list[Asked]:
    """Return a public set as it is asked of two indexes: one has all contexts, one lacks half."""
    asked = []
    for number, item in enumerate(items):
        whole = number % 2 == 0
        answers = item.answers if whole or is_kept(item.context) else ()
        name = "all" if whole else "half"
        asked.append(
            Asked("public", name, item.question, (), answers, (), 1.0, item.context[:50])
        )
    return asked


class Askers:
    """Processes that ask questions of the indexes in a folder; the same question always goes to the
    same one, which has read its passages already."""

    def __init__(self, root: Path, weights: Path, workers: int) -> None:
        fresh = multiprocessing.get_context("spawn")
        self._pools = [
            ProcessPoolExecutor(1, fresh, initializer=_open, initargs=(root, weights))
            for _ in range(workers)
        ]

    def weigh(self, asked: Sequence[Asked], calibration: Calibration) -> Rows:
        """Ask all questions."""
        parts: list[list[Asked]] = [[] for _ in self._pools]
        for one in asked:
            parts[zlib.crc32(one.question.encode()) % len(parts)].append(one)
        told = [
            pool.submit(_weigh, part, calibration)
            for pool, part in zip(self._pools, parts, strict=True)
        ]
        return functools.reduce(Rows.with_rows, (one.result() for one in told))

    def close(self) -> None:
        """End the processes."""
        for pool in self._pools:
            pool.shutdown()


class _Opened(NamedTuple):
    bots: dict[str, Bot]
    reader: Remembering


_opened: list[_Opened] = []  # of a worker process: one


def _open(root: Path, weights: Path) -> None:
    bots = {name: Bot.open(root / name) for name in INDEXES}
    _opened.append(_Opened(bots, Remembering(ExtractiveReader.load(weights))))


def _weigh(asked: Sequence[Asked], calibration: Calibration) -> Rows:
    rows, (bots, reader) = Rows(), _opened[0]
    with_it = {name: bot.with_reader(reader, calibration) for name, bot in bots.items()}
    for one in asked:
        weighed = with_it[one.bot].weigh(one.question, one.history)
        rows.add(weighed, one, tell=calibration.trees is None)
    return rows


def is_kept(context: str) -> bool:
    """Tell whether the index that lacks half of the contexts has this one."""
    return sum(map(ord, context[:50])) % 2 == 0


def picked(rows: Rows, wanted: Iterable[int]) -> Rows:
    """Return the rows of these numbers."""
    numbers = [int(n) for n in wanted]
    return Rows(*([getattr(rows, f.name)[n] for n in numbers] for f in fields(rows)))
