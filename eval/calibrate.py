"""Fit the confidence and choose the refusal threshold: `python -m eval.calibrate --trial FILE`.

Fitted on the dev half of the gold set and on a public set that no reader was trained on, asked
twice: with its contexts in the index, and with half of them left out, so that their questions have
no answer. The test half is never read. Writes `calibration.json` beside the reader's weights.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eval import gold, squad
from eval.metrics import auroc, correct, ece, f1
from eval.ranking import list_net
from rag.answer import Bot
from rag.claims import Claim
from rag.confidence import RANKED_BY, UNCALIBRATED, Calibration, Evidence, features
from rag.ingest import index_paths, index_sources
from rag.readers import Reader
from rag.readers.extractive import WEIGHTS, ExtractiveReader
from rag.types import Reading, Source

Floats = npt.NDArray[np.float64]

RIDGE = 1.0
FOLDS = 5
# what a wrong answer costs where a right one earns 1: trust is lost faster than won
WRONG_ANSWER = 0.3
GOLD_WEIGHT = 3.0  # of a gold row beside a public one: newspapers are what the bot is for


@dataclass
class Rows:
    """What was weighed, a row a question for which anything was found."""

    told: list[Floats] = field(default_factory=list)  # (answers, RANKED_BY), best first
    # (answers,): half for right, half for cut as a person would cut it
    gain: list[Floats] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)  # of the best answer
    right: list[bool] = field(default_factory=list)  # the best answer
    answerable: list[bool] = field(default_factory=list)
    weight: list[float] = field(default_factory=list)

    def add(
        self,
        weighed: tuple[Sequence[Claim], Evidence] | None,
        answers: Sequence[str],
        all_of: Sequence[Sequence[str]],
        weight: float,
    ) -> None:
        """Add one question. No answer to it is right when `answers` is empty."""
        if weighed is None:
            return
        claims, evidence = weighed
        right = [bool(answers) and correct(claim.text, answers, all_of) for claim in claims]
        cut = [f1(claim.text, answers) if answers else 0.0 for claim in claims]
        self.told.append(np.array([claim.told for claim in claims]))
        self.gain.append((np.array(right, float) + np.array(cut)) / 2)
        self.evidence.append(evidence)
        self.right.append(right[0])
        self.answerable.append(bool(answers))
        self.weight.append(weight)

    def with_rows(self, other: Rows) -> Rows:
        """Return these rows and the other's."""
        return Rows(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

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


def weigh_gold(bot: Bot, rows: Sequence[gold.GoldRow]) -> Rows:
    """Ask gold rows."""
    out = Rows()
    for row in rows:
        answers = row.answers if row.answerable else ()
        out.add(bot.weigh(row.question, row.history), answers, row.all_of, GOLD_WEIGHT)
    return out


def weigh_public(bots: Sequence[Bot], items: Sequence[squad.Item]) -> Rows:
    """Ask a public set of two bots: one whose index has all contexts, one that lacks half."""
    out = Rows()
    for number, item in enumerate(items):
        held = number % 2 == 0 or _is_kept(item.context)
        answers = item.answers if held else ()
        out.add(bots[number % 2].weigh(item.question), answers, (), 1.0)
    return out


def _is_kept(context: str) -> bool:
    return sum(map(ord, context[:50])) % 2 == 0


def fit_ranking(rows: Rows) -> tuple[float, ...]:
    """Return the weights of RANKED_BY, the reader's 1, that put the better answers first."""
    lists = [
        (told, gain / gain.sum(), weight)
        for told, gain, weight in zip(rows.told, rows.gain, rows.weight, strict=True)
        if gain.sum() > 0
    ]
    weights = list_net(lists, RIDGE)
    return tuple(float(w) for w in weights / weights[0])


def right_of_unseen(rows: Rows, counted: int) -> float:
    """Return how many of the first `counted` rows are answered best by weights fitted without them.

    In FOLDS parts; a share of the rows that have a right answer at all among theirs.
    """
    fold = np.random.default_rng(0).integers(0, FOLDS, len(rows.told))
    gains: list[float] = []
    for part in range(FOLDS):
        seen = [n for n in range(len(fold)) if fold[n] != part]
        weights = np.array(fit_ranking(_picked(rows, seen)))
        gains += [
            float(rows.gain[n][np.argmax(rows.told[n] @ weights)] >= 0.5)
            for n in range(counted)
            if fold[n] == part and rows.gain[n].max() >= 0.5
        ]
    return float(np.mean(gains))


def _picked(rows: Rows, wanted: Sequence[int]) -> Rows:
    return Rows(*([getattr(rows, f.name)[n] for n in wanted] for f in fields(rows)))


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


def calibrate(items: Sequence[squad.Item], weights: Path) -> dict[str, object]:
    """Fit on dev and these public questions; return what goes into calibration.json."""
    seeds = Path(__file__).resolve().parent.parent / "seeds"
    with tempfile.TemporaryDirectory(prefix="youju-") as folder:
        root = Path(folder)
        index_paths(root / "seeds", [seeds])
        contexts = dict.fromkeys(item.context for item in items)
        index_sources(root / "all", (Source(f"{n}.txt", c) for n, c in enumerate(contexts)))
        kept = [c for c in contexts if _is_kept(c)]
        index_sources(root / "half", (Source(f"{n}.txt", c) for n, c in enumerate(kept)))
        reader = Remembering(ExtractiveReader.load(weights))
        opened = [Bot.open(root / name) for name in ("seeds", "all", "half")]
        sources = {name: opened[0].source(name).text for name in opened[0].sources()}
        dev = gold.load(gold.DEFAULT_GOLD, sources, "dev")

        def weighed(calibration: Calibration) -> tuple[Rows, Rows]:
            bots = [bot.with_reader(reader, calibration) for bot in opened]
            return weigh_gold(bots[0], dev), weigh_public(bots[1:], items)

        start = Calibration.from_json(UNCALIBRATED)
        mine, public = weighed(start)
        both = mine.with_rows(public)
        unseen = right_of_unseen(both, len(mine.told))
        ranked = replace(start, ranking=fit_ranking(both))
        return _fitted(ranked, *weighed(ranked)) | {"dev_ranked_unseen": round(unseen, 4)}


def _fitted(ranked: Calibration, mine: Rows, public: Rows) -> dict[str, object]:
    """Fit the confidence of the answers that come first, and choose the threshold."""
    weights, bias = fit(mine.with_rows(public))
    calibration = replace(ranked, weights=weights, bias=bias)
    confidence = np.array([calibration.confidence(e) for e in mine.evidence])
    right = np.array(mine.right, float)
    answerable = np.array(mine.answerable, float)
    threshold = choose_threshold(confidence, right, answerable)
    ones = np.ones((1, len(right)))
    return {
        "weights": [round(w, 4) for w in weights],
        "bias": round(bias, 4),
        "threshold": threshold,
        "ranking": {n: round(w, 3) for n, w in zip(RANKED_BY, ranked.ranking, strict=True)},
        "dev_worth": round(_worth(confidence >= threshold, right > 0, answerable > 0), 4),
        "dev_right": round(float(right.sum() / answerable.sum()), 4),
        "public_right": round(float(np.mean(public.right)), 4),
        "dev_auroc": round(float(auroc(confidence, right, ones)[0]), 4),
        "dev_ece": round(float(ece(confidence, right, ones)[0]), 4),
    }


def main() -> None:
    """Read the options, fit, and write calibration.json."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument(
        "--trial", type=Path, required=True, help="a public set, JSONL, not trained on"
    )
    parser.add_argument(
        "--skip", type=int, default=500, help="its first questions chose the reader's checkpoint"
    )
    parser.add_argument("--limit", type=int, default=500, help="questions of it that are asked")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    items = squad.load(options.trial)[options.skip : options.skip + options.limit]
    if not items:
        parser.error(f"{options.trial} has no question after the first {options.skip}: see --skip")
    found = calibrate(items, options.weights)
    text = json.dumps(found, indent=1) + "\n"
    (options.weights / "calibration.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
