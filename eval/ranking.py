"""Fits the weights by which search orders passages.

    python -m eval.ranking --archive DATA INDEX [--set INDEX GOLD …] [--split dev]

    {"questions": 1876, "held": 0.91, "same": {"lexical": 6.1, …}, "other": {…}}

`--archive` asks the questions about all news articles that `eval.archive` does not ask; `--set`
those of a gold file. Of each question the candidates of both legs, and which of them holds a whole
quote of its evidence; `same` are candidates in the question's language, `other` those in the other
one. What is printed goes into `rag/ranking.py`. `held`: share of questions with such a candidate at
all.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from eval import gold
from eval.archive import spare_questions
from rag.answer import Bot
from rag.ranking import FEATURES
from rag.search import Weighed
from rag.types import essence

Floats = npt.NDArray[np.float64]
List = tuple[Floats, Floats, float]

RIDGE = 3.0  # in units of the features' spread; 1 and 10 give the same order of the features
# In the question's own language `article` brings nothing beside `cover`, but a weight that takes
# from `cover` what it gives there.
UNUSED = {"same": ("article",), "other": ()}


class Judged(NamedTuple):
    """A question, and what a passage must hold to be a right one: any of these quotes."""

    question: str
    quotes: tuple[tuple[str, str], ...]  # the source, "" for any, and what stands in it

    def is_right(self, passage: Weighed) -> bool:
        """Tell whether a passage holds a quote."""
        text = essence(passage.text)
        return any(f in ("", passage.source) and quote in text for f, quote in self.quotes)


def list_net(lists: Sequence[List], ridge: float) -> Floats:
    """Return the weights (f,) by which the right items of each list come first.

    A list is (features (n, f), shares (n,) that sum to 1, weight). Cross-entropy between the shares
    and the softmax of the scores (ListNet, Cao et al. 2007), Newton's method, `ridge` on the
    weights in units of the features' spread.
    """
    spread = np.concatenate([x for x, _, _ in lists]).std(0) + 1e-6
    beta = np.zeros(len(spread))
    loss, gradient, hessian = _list_loss(lists, spread, beta, ridge)
    for _ in range(50):
        step = np.linalg.solve(hessian, gradient)
        while True:  # halve a step that leads too far
            told = _list_loss(lists, spread, beta - step, ridge)
            if told[0] <= loss or np.abs(step).max() < 1e-9:
                break
            step = step / 2
        beta = beta - step
        if loss - told[0] < 1e-9 * (1 + loss):
            break
        loss, gradient, hessian = told
    return np.asarray(beta / spread, np.float64)


def _list_loss(
    lists: Sequence[List], spread: Floats, beta: Floats, ridge: float
) -> tuple[float, Floats, Floats]:
    """Return the cross-entropy with its ridge, its gradient and its Hessian."""
    loss = ridge / 2 * float(beta @ beta)
    gradient, hessian = ridge * beta, ridge * np.eye(len(beta))
    for features, share, weight in lists:
        x = features / spread
        score = x @ beta
        score -= score.max()
        mass = np.exp(score)
        p = mass / mass.sum()
        mean = p @ x
        loss += weight * float(np.log(mass.sum()) - share @ score)
        gradient = gradient + weight * (mean - share @ x)
        hessian = hessian + weight * ((x * p[:, None]).T @ x - np.outer(mean, mean))
    return loss, gradient, hessian


def gold_questions(file: Path, split: str | None) -> list[Judged]:
    """Return the questions of a gold file that stand alone and have an answer."""
    return [
        Judged(row.question, tuple((e.file, essence(e.quote)) for e in row.evidence))
        for row in gold.load(file, split=split)
        if row.answerable and row.evidence and not row.history
    ]


def archive_questions(data: Path) -> list[Judged]:
    """Return the questions about all news articles."""
    return [Judged(q.question, (("", q.evidence),)) for q in spare_questions(data)]


def collect(bot: Bot, questions: Sequence[Judged]) -> tuple[list[List], list[List]]:
    """Return the candidates of every answerable question, apart for those in the question's
    language and in the other one; questions without a right candidate are left out."""
    kinds: tuple[list[List], list[List]] = ([], [])
    for question in questions:
        weighed = bot.weigh_passages(question.question)
        for own, lists in zip((True, False), kinds, strict=True):
            here = [w for w in weighed if w.own is own]
            right = np.array([question.is_right(w) for w in here], np.float64)
            if right.any():
                features = np.array([w.features for w in here], np.float64)
                lists.append((features, right / right.sum(), 1.0))
    return kinds


def _weights(lists: Sequence[List], unused: Sequence[str]) -> list[float]:
    """Return the weight of each of FEATURES, 0 of those unused."""
    used = np.array([name not in unused for name in FEATURES], np.float64)
    found = list_net([(x * used, share, weight) for x, share, weight in lists], RIDGE)
    return [float(weight) for weight in found.round(2)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, fit, print."""
    parser = argparse.ArgumentParser(description="Fit the order of passages.")
    parser.add_argument(
        "--set",
        type=Path,
        nargs=2,
        action="append",
        default=[],
        metavar=("INDEX", "GOLD"),
        help="an index and a gold file about it; may be given again",
    )
    parser.add_argument(
        "--archive",
        type=Path,
        nargs=2,
        metavar=("DATA", "INDEX"),
        help="the training data and an index of its news articles",
    )
    parser.add_argument("--split", choices=("dev", "test"), default=None)
    options = parser.parse_args(arguments)
    sets = [(index, gold_questions(file, options.split)) for index, file in options.set]
    if options.archive:
        data, index = options.archive
        sets.append((index, archive_questions(data)))
    if not sets:
        parser.error("give --set or --archive")
    same: list[List] = []
    other: list[List] = []
    for index, questions in sets:
        for lists, found in zip((same, other), collect(Bot.open(index), questions), strict=True):
            lists += found
    asked = sum(len(questions) for _, questions in sets)
    told = {"questions": asked, "held": round((len(same) + len(other)) / asked, 4)}
    fitted = {
        name: dict(zip(FEATURES, _weights(lists, UNUSED[name]), strict=True))
        for name, lists in (("same", same), ("other", other))
        if lists
    }
    sys.stdout.write(json.dumps(told | fitted, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
