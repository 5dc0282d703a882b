"""Fit the confidence and choose the refusal threshold: `python -m eval.calibrate --trial FILE`.

Fitted on the dev half of the gold set and on a public set that no reader was trained on, asked
twice: with its contexts in the index, and with half of them left out, so that their questions have
no answer. The test half is never read. Writes `calibration.json` beside the reader's weights.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eval import gold
from eval.metrics import auroc, correct, ece
from eval.squad import load as load_squad
from rag.answer import Bot
from rag.confidence import FEATURES, Calibration, Evidence, features
from rag.ingest import index_paths, index_sources
from rag.readers import Reader
from rag.readers.extractive import WEIGHTS, ExtractiveReader
from rag.types import Reading, Source

Floats = npt.NDArray[np.float64]

SEARCH_WEIGHTS = (4.0, 8.0)  # tried; in log-odds
CLAUSE_WEIGHTS = (0.0, 1.5, 3.0)
KIND_WEIGHTS = (0.0, 1.5)
RIDGE = 1.0
# what a wrong answer costs where a right one earns 1: trust is lost faster than won
WRONG_ANSWER = 0.15
GOLD_WEIGHT = 3.0  # of a gold row beside a public one: newspapers are what the bot is for


class Rows:
    """What was weighed: evidence, whether the answer was right, and the weight of the row."""

    def __init__(self) -> None:
        self.evidence: list[Evidence] = []
        self.right: list[bool] = []
        self.weight: list[float] = []
        self.missed = 0.0  # weight of answerable questions for which nothing was found

    def add(self, weighed: tuple[str, Evidence] | None, right: bool, weight: float) -> None:
        """Add one question."""
        if weighed is not None:
            self.evidence.append(weighed[1])
            self.right.append(right)
            self.weight.append(weight)

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


def weigh_gold(bot: Bot, rows: Sequence[gold.GoldRow], out: Rows, weight: float) -> None:
    """Ask gold rows; an unanswerable one is never right."""
    for row in rows:
        weighed = bot.weigh(row.question, row.history)
        right = row.answerable and correct(weighed[0] if weighed else None, row.answers, row.all_of)
        out.add(weighed, right, weight)


def weigh_public(bots: Sequence[Bot], path: Path, limit: int, out: Rows) -> None:
    """Ask a public set of two bots: one whose index has all contexts, one that lacks half."""
    for number, item in enumerate(load_squad(path)[:limit]):
        bot = bots[number % 2]
        weighed = bot.weigh(item.question)
        held = number % 2 == 0 or _is_kept(item.context)
        right = held and correct(weighed[0] if weighed else None, item.answers)
        out.add(weighed, right, 1.0)


def _is_kept(context: str) -> bool:
    return sum(map(ord, context[:50])) % 2 == 0


def fit(rows: Rows) -> tuple[tuple[float, ...], float]:
    """Return weights and bias of a logistic regression (Newton's method, ridge on the weights)."""
    x = np.concatenate([rows.inputs, np.ones((len(rows.right), 1))], 1)
    y, w = np.array(rows.right, float), np.array(rows.weight)
    beta = np.zeros(x.shape[1])
    penalty = np.diag([RIDGE] * (x.shape[1] - 1) + [1e-6])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ beta))
        gradient = x.T @ (w * (p - y)) + penalty @ beta
        hessian = (x * (w * p * (1 - p))[:, None]).T @ x + penalty
        beta -= np.linalg.solve(hessian, gradient)
    return tuple(float(b) for b in beta[:-1]), float(beta[-1])


def choose_threshold(confidence: Floats, right: Floats, answerable: Floats) -> float:
    """Return the threshold that is worth most over these questions.

    A right answer and a right refusal count 1, a wrong answer costs WRONG_ANSWER, a wrong refusal
    0.
    """
    tried = np.round(np.arange(0.05, 0.8, 0.01), 2)
    worth = np.array([_worth(confidence >= t, right > 0, answerable > 0) for t in tried])
    best = np.flatnonzero(worth >= worth.max() - 1e-9)
    return float(tried[best[len(best) // 2]])


def _worth(
    answered: npt.NDArray[np.bool_], right: npt.NDArray[np.bool_], answerable: npt.NDArray[np.bool_]
) -> float:
    handled = (answered & right) | (~answered & ~answerable)
    return float(handled.mean() - WRONG_ANSWER * (answered & ~right).mean())


def calibrate(trial: Path, limit: int, weights: Path) -> dict[str, object]:
    """Fit on dev and public questions; return what goes into calibration.json."""
    seeds = Path(__file__).resolve().parent.parent / "seeds"
    with tempfile.TemporaryDirectory(prefix="youju-") as folder:
        root = Path(folder)
        index_paths(root / "seeds", [seeds])
        contexts = dict.fromkeys(item.context for item in load_squad(trial)[:limit])
        index_sources(root / "all", (Source(f"{n}.txt", c) for n, c in enumerate(contexts)))
        kept = [c for c in contexts if _is_kept(c)]
        index_sources(root / "half", (Source(f"{n}.txt", c) for n, c in enumerate(kept)))
        best: dict[str, object] = {}
        reader = Remembering(ExtractiveReader.load(weights))
        opened = [Bot.open(root / name) for name in ("seeds", "all", "half")]
        for tried in itertools.product(SEARCH_WEIGHTS, CLAUSE_WEIGHTS, KIND_WEIGHTS):
            start = Calibration((0.0,) * FEATURES, 0.0, 0.0, *tried)
            bots = [bot.with_reader(reader, start) for bot in opened]
            found = _fitted(bots, trial, limit, start)
            _say(json.dumps(found))
            if not best or float(str(found["dev_worth"])) > float(str(best["dev_worth"])):
                best = found
    return best


def _fitted(bots: Sequence[Bot], trial: Path, limit: int, start: Calibration) -> dict[str, object]:
    sources = {name: bots[0].source(name).text for name in bots[0].sources()}
    dev = gold.load(gold.DEFAULT_GOLD, sources, "dev")
    mine, public = Rows(), Rows()
    weigh_gold(bots[0], dev, mine, GOLD_WEIGHT)
    weigh_public(bots[1:], trial, limit, public)
    both = Rows()
    for rows in (mine, public):
        both.evidence += rows.evidence
        both.right += rows.right
        both.weight += rows.weight
    weights, bias = fit(both)
    calibration = replace(start, weights=weights, bias=bias)
    confidence = np.array([calibration.confidence(e) for e in mine.evidence])
    right = np.array(mine.right, float)
    answerable = np.array([float(row.answerable) for row in dev])
    threshold = choose_threshold(confidence, right, answerable)
    ones = np.ones((1, len(right)))
    return {
        "weights": [round(w, 4) for w in weights],
        "bias": round(bias, 4),
        "threshold": threshold,
        "search_weight": start.search_weight,
        "clause_weight": start.clause_weight,
        "kind_weight": start.kind_weight,
        "dev_worth": round(_worth(confidence >= threshold, right > 0, answerable > 0), 4),
        "dev_right": round(float(right.sum() / answerable.sum()), 4),
        "public_right": round(float(np.mean(public.right)), 4),
        "dev_auroc": round(float(auroc(confidence, right, ones)[0]), 4),
        "dev_ece": round(float(ece(confidence, right, ones)[0]), 4),
    }


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")


def main() -> None:
    """Read the options, fit, and write calibration.json."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument(
        "--trial", type=Path, required=True, help="a public set, JSONL, not trained on"
    )
    parser.add_argument("--limit", type=int, default=300, help="questions of it")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    found = calibrate(options.trial, options.limit, options.weights)
    text = json.dumps(found, indent=1) + "\n"
    (options.weights / "calibration.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
