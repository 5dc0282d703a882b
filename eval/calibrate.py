"""Fit the confidence and choose the refusal threshold: `python -m eval.calibrate --data DIR`.

Fitted together on the dev half of the gold set, the dev half of `eval/pages`, our own questions
about articles that were kept out of the reader's training (`rag.readers.written`), and a public set
that no reader was trained on, asked twice: with its contexts in the index, and with half of them
left out, so that their questions have no answer. The test halves are never read. Writes
`calibration.json` and the trees that order answers beside the reader's weights, with each set's
figures, all of them of trees and weights fitted without the question's article.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from eval import gold, squad
from eval.metrics import auroc, correct, ece, f1
from eval.ranking import list_net
from rag.answer import Bot
from rag.claims import Claim
from rag.confidence import RANKED_BY, UNCALIBRATED, Calibration, Evidence, features
from rag.dialogue import in_context, plain
from rag.ingest import index_paths, index_sources
from rag.kinds import asked_kind
from rag.preference import MOST, described
from rag.readers import Reader
from rag.readers.extractive import TREES as TREES_FILE
from rag.readers.extractive import WEIGHTS, ExtractiveReader
from rag.readers.written import Written, written_questions
from rag.trees import Trees
from rag.types import History, Reading, Source

Floats = npt.NDArray[np.float64]
HERE = Path(__file__).resolve().parent

RIDGE = 1.0
FOLDS = 5
# what a wrong answer costs where a right one earns 1: trust is lost faster than won
# (0.3 refuses a quarter fewer and answers half of what the articles do not say)
WRONG_ANSWER = 0.5
NOISE = 0.005  # of the worth; two questions of the gold set's dev half
GOLD_WEIGHT = 3.0  # of a gold row beside a public one: newspapers are what the bot is for
WRITTEN_WEIGHT = 0.7  # there are three times as many; one in five does not name what it is about
WRITTEN_ASKED = 2000  # of those kept out of training: some ten minutes on one core
INDEXES = ("seeds", "pages", "written", "all", "half")
TREES = 200  # 400 at a rate of .03 order as well
GROWN = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 15,  # 7 and 31 order as well
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "num_threads": 1,
    "seed": 0,
    "verbosity": -1,
}
TRIAL = "qa/zh_cmrc2018_trial.jsonl.xz"


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
        return _picked(self, (n for n, other in enumerate(self.set) if other == name))

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
        answers = item.answers if whole or _is_kept(item.context) else ()
        name = "all" if whole else "half"
        asked.append(
            Asked("public", name, item.question, (), answers, (), 1.0, item.context[:50])
        )
    return asked


def weigh(
    bots: Mapping[str, Bot], asked: Sequence[Asked], reader: Reader, calibration: Calibration
) -> Rows:
    """Ask all questions."""
    rows = Rows()
    with_it = {name: bot.with_reader(reader, calibration) for name, bot in bots.items()}
    for one in asked:
        weighed = with_it[one.bot].weigh(one.question, one.history)
        rows.add(weighed, one, tell=calibration.trees is None)
    return rows


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


def folds(rows: Rows) -> npt.NDArray[np.int64]:
    """Return for each row which of FOLDS parts its article is in."""
    articles = sorted(set(rows.article))
    part = np.random.default_rng(0).permutation(len(articles)) % FOLDS
    place = dict(zip(articles, part.tolist(), strict=True))
    return np.array([place[article] for article in rows.article])


def grow(rows: Rows) -> Trees:
    """Return the trees that tell right answers from wrong ones, of these rows."""
    import lightgbm

    useful = [n for n, gain in enumerate(rows.gain) if gain.max() >= 0.5]
    inputs = [rows.described[n] for n in useful]
    right = [rows.gain[n][: len(x)] >= 0.5 for n, x in zip(useful, inputs, strict=True)]
    weight = [np.full(len(x), rows.weight[n]) for n, x in zip(useful, inputs, strict=True)]
    data = lightgbm.Dataset(
        np.concatenate(inputs), np.concatenate(right).astype(float), weight=np.concatenate(weight)
    )
    grown = lightgbm.train(GROWN, data, TREES)
    return Trees.of([tree["tree_structure"] for tree in grown.dump_model()["tree_info"]])


def confidence_of_unseen(rows: Rows) -> Floats:
    """Return (n,) the confidence of each row, of weights fitted without its article."""
    fold, out = folds(rows), np.zeros(len(rows.right))
    for part in range(FOLDS):
        weights, bias = fit(_picked(rows, np.flatnonzero(fold != part)))
        out[fold == part] = _probability(rows.inputs[fold == part], weights, bias)
    return out


def _probability(inputs: Floats, weights: Sequence[float], bias: float) -> Floats:
    return np.asarray(1 / (1 + np.exp(-(inputs @ np.array(weights) + bias))), np.float64)


def _picked(rows: Rows, wanted: Iterable[int]) -> Rows:
    numbers = [int(n) for n in wanted]
    return Rows(*([getattr(rows, f.name)[n] for n in numbers] for f in fields(rows)))


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


def choose_threshold(
    confidence: Floats, right: Floats, answerable: Floats, weight: Floats
) -> float:
    """Return the threshold that is worth most over these questions.

    A right answer and a right refusal count 1, a wrong answer costs WRONG_ANSWER, a wrong refusal
    0. Of thresholds worth as much within NOISE, the strictest.
    """
    tried = np.round(np.arange(0.05, 0.8, 0.01), 2)
    worth = np.array([_worth(confidence >= t, right > 0, answerable > 0, weight) for t in tried])
    best = np.flatnonzero(worth >= worth.max() - NOISE)
    return float(tried[best[-1]])


def _worth(
    answered: npt.NDArray[np.bool_],
    right: npt.NDArray[np.bool_],
    answerable: npt.NDArray[np.bool_],
    weight: Floats,
) -> float:
    handled = (answered & right) | (~answered & ~answerable)
    worth = handled - WRONG_ANSWER * (answered & ~right)
    return float((weight * worth).sum() / weight.sum())


def calibrate(
    items: Sequence[squad.Item], written: Sequence[Written], weights: Path
) -> tuple[dict[str, object], Trees]:
    """Fit on both dev halves, these public questions and ours; return what goes into
    calibration.json, and the trees."""
    with tempfile.TemporaryDirectory(prefix="youju-") as folder:
        root = Path(folder)
        index_paths(root / "seeds", [HERE.parent / "seeds"])
        texts = sorted((HERE / "pages" / "text").glob("*[13579].txt"))
        index_sources(root / "pages", [Source(t.name, t.read_bytes().decode()) for t in texts])
        ours = dict.fromkeys(row.context for row in written)
        index_sources(root / "written", (Source(f"{n}.txt", c) for n, c in enumerate(ours)))
        contexts = dict.fromkeys(item.context for item in items)
        index_sources(root / "all", (Source(f"{n}.txt", c) for n, c in enumerate(contexts)))
        kept = [c for c in contexts if _is_kept(c)]
        index_sources(root / "half", (Source(f"{n}.txt", c) for n, c in enumerate(kept)))
        bots = {name: Bot.open(root / name) for name in INDEXES}
        asked = [
            *gold_asked("seeds", gold.load(gold.DEFAULT_GOLD, split="dev")),
            *gold_asked("pages", gold.load(HERE / "pages" / "gold.jsonl", split="dev")),
            *written_asked(written),
            *public_asked(items),
        ]
        reader = Remembering(ExtractiveReader.load(weights))
        start = Calibration.from_json(UNCALIBRATED)
        ranked = replace(start, ranking=fit_ranking(weigh(bots, asked, reader, start)))
        rows = weigh(bots, asked, reader, ranked)
        unseen = weigh_unseen(bots, asked, reader, ranked, rows)
        return fitted(unseen, ranked.ranking), grow(rows)


def weigh_unseen(
    bots: Mapping[str, Bot],
    asked: Sequence[Asked],
    reader: Reader,
    ranked: Calibration,
    rows: Rows,
) -> Rows:
    """Ask each question once more, of trees grown without its article."""
    out, part_of = Rows(), dict(zip(rows.article, folds(rows).tolist(), strict=True))
    for part in range(FOLDS):
        others = (n for n, article in enumerate(rows.article) if part_of[article] != part)
        without = replace(ranked, trees=grow(_picked(rows, others)))
        these = [one for one in asked if part_of.get(one.article) == part]
        out = out.with_rows(weigh(bots, these, reader, without))
    return out


def fitted(rows: Rows, ranking: Sequence[float]) -> dict[str, object]:
    """Fit the confidence of the answers that come first, and choose the threshold.

    `rows` are of trees that had not seen their articles. The threshold is the one that is worth
    most over confidences of unseen articles; newspapers only, seeds and pages counting alike.
    """
    weights, bias = fit(rows)
    unseen = confidence_of_unseen(rows)
    sets, names = list(dict.fromkeys(rows.set)), np.array(rows.set)
    papers = np.isin(names, ("seeds", "pages"))
    threshold = choose_threshold(
        unseen[papers],
        np.array(rows.right, float)[papers],
        np.array(rows.answerable, float)[papers],
        np.array([1 / rows.set.count(name) for name in names[papers]]),
    )
    return {
        "weights": [round(w, 4) for w in weights],
        "bias": round(bias, 4),
        "threshold": threshold,
        "ranking": {n: round(w, 3) for n, w in zip(RANKED_BY, ranking, strict=True)},
        "figures": {
            name: _figures(rows.of(name), unseen[names == name], threshold) for name in sets
        },
    }


def _figures(rows: Rows, unseen: Floats, threshold: float) -> dict[str, float]:
    """Return one set's figures; answered and refused by the confidence of unseen articles."""
    right, able = np.array(rows.right), np.array(rows.answerable)
    answered, ones = unseen >= threshold, np.ones((1, len(right)))
    figures = {
        "best_right": right.sum() / able.sum(),
        "right": (answered & right).sum() / able.sum(),
        "false_refusals": (~answered & able).sum() / able.sum(),
        "false_answers": (answered & ~able).sum() / max(1, (~able).sum()),
        "auroc": auroc(unseen, right.astype(float), ones)[0],
        "ece": ece(unseen, right.astype(float), ones)[0],
    }
    return {name: round(float(value), 4) for name, value in figures.items()}


def main() -> None:
    """Read the options, fit, and write calibration.json."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder of training data: qa/, text/, …"
    )
    parser.add_argument(
        "--skip",
        type=int,
        default=500,
        help="questions of CMRC 2018 trial that are left out: the first chose the checkpoint",
    )
    parser.add_argument("--limit", type=int, default=500, help="questions of it that are asked")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    items = squad.load(options.data / TRIAL)[options.skip : options.skip + options.limit]
    if not items:
        parser.error(f"{TRIAL} has no question after the first {options.skip}: see --skip")
    held_out = [row for row in written_questions(options.data) if row.held_out]
    written = held_out[:: max(1, len(held_out) // WRITTEN_ASKED)]
    found, trees = calibrate(items, written, options.weights)
    trees.save(options.weights / TREES_FILE)
    text = json.dumps(found, indent=1) + "\n"
    (options.weights / "calibration.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
