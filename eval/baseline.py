"""An earlier run to compare with: kept small, read back in three forms, and the gate over it.

A baseline is a file of one of these forms, told by its name and its first line:
  baseline.jsonl      {"judged": 2, "id": "g001", "row": "3f…", "correct": true, …}   `--keep`
  predictions.jsonl   {"id": "g001", "question": …, "hits": […], …}              `--predictions`
  report.json         {"format": 2, …}                                                `--report`
The first holds what the measures need and no text of question or answer: some 250 bytes a question,
fit for a repository. The second is judged again with the gold rows of today.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from eval.gold import GoldRow
from eval.judge import MEASURES, Judged, Measure, judge
from eval.metrics import SEED, Floats, cluster_weights
from eval.paired import beyond_noise, mcnemar, sign_flips
from eval.run import agrees, load_predictions
from rag.errors import GoldError
from rag.types import Article

FORMAT = 2  # of a report and of a kept baseline; another one is refused
RESAMPLES = 5000  # the simultaneous margins look further into the tail than one interval
# the sign test: of four changed questions, all of them worse, 1 in 16 is chance
FEWEST_CHANGED = 5
# of fewer articles a handful of draws is possible and no error can be told: questions are drawn
FEWEST_ARTICLES = 5
KEPT = ("id", "row", "cluster", "type", "lang", "answerable", "right", "correct", "em", "f1")
FLAGS = ("whole", "part", "valid")  # of a citation
KEPT_AFTER = ("ranks", "ndcg", "confidence")
MAKE_ONE = "make one with `youju eval --keep FILE`"


@dataclass(frozen=True, slots=True)
class Difference:
    """How a run differs from its baseline, over the questions that both asked alike."""

    compared: int
    asked_now: int
    only_before: int  # in the baseline, and not asked now or asked otherwise
    won: list[str]  # ids that went wrong and are right now
    lost: list[str]
    unchanged: int
    mcnemar: float  # p-value over questions
    permutation: float  # p-value over articles
    resampled: str  # "articles", or "questions" when there are too few articles
    measures: dict[str, dict[str, Any]]  # name → before, now, difference, margin, worse
    worse: list[str] = field(default_factory=list)  # one line each; what the gate fails on


# ---------------------------------------------------------------- files


def kept_line(question: Judged) -> str:
    """Return the line that stands for one question in a kept baseline."""
    kept: dict[str, Any] = {"judged": FORMAT}
    kept |= {name: getattr(question, name) for name in KEPT}
    kept["f1"] = round(question.f1, 4)
    kept["answered"] = question.answer is not None
    kept |= {name: getattr(question, name) for name in KEPT_AFTER}
    kept["ndcg"] = round(question.ndcg, 4)
    kept["citations"] = [
        [int(c[k]) for k in ("whole", "part", "valid")] for c in question.citations
    ]
    return json.dumps(kept, ensure_ascii=False)


def keep(path: Path, questions: Sequence[Judged]) -> None:
    """Write a baseline, whole or not at all."""
    beside = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(kept_line(question) + "\n" for question in questions)
    beside.write_bytes(text.encode("utf-8", "backslashreplace"))
    beside.replace(path)


def load_baseline(
    path: Path,
    rows: Sequence[GoldRow],
    sources: Mapping[str, str],
    articles: Sequence[Article] = (),
) -> dict[str, Judged]:
    """Return the judged questions of a baseline by id.

    Raises GoldError, with every bad line, when the file is none of the forms above.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise GoldError(f"cannot read the baseline {path}: {error}; {MAKE_ONE}") from error
    if path.suffix == ".json":
        return _of_report(path, text)
    first = next((line for line in text.split("\n") if line.strip()), "")
    if '"judged"' in first:
        return _of_lines(path, text)
    if not first:
        raise GoldError(f"the baseline {path} is empty; {MAKE_ONE}")
    before = {p["id"]: p for p in load_predictions(path)}
    same = [row for row in rows if row.id in before and agrees(before[row.id], row)]
    return {row.id: judge(row, before[row.id], sources, articles) for row in same}


def _of_report(path: Path, text: str) -> dict[str, Judged]:
    try:
        report = json.loads(text)
        if report["format"] != FORMAT:
            raise ValueError(f"format {report['format']}, this version reads {FORMAT}")
        return {question["id"]: Judged(**question) for question in report["questions"]}
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path} is not a report of this version ({error}); {MAKE_ONE}"
        raise GoldError(message) from error


def _of_lines(path: Path, text: str) -> dict[str, Judged]:
    found: dict[str, Judged] = {}
    problems = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            question = _judged(json.loads(line))
            found[question.id] = question
        except (KeyError, TypeError, ValueError) as error:
            problems.append(f"  line {number}: {error!r}")
    if problems:
        listed = "\n".join(problems)
        raise GoldError(f"{path} is not a baseline of this version; {MAKE_ONE}\n{listed}")
    return found


def _judged(kept: Mapping[str, Any]) -> Judged:
    if kept["judged"] != FORMAT:
        raise ValueError(f"format {kept['judged']}, this version reads {FORMAT}")
    return Judged(
        **{name: kept[name] for name in (*KEPT, *KEPT_AFTER)},
        question="",
        difficulty="",
        expected=[],
        evidence=[],
        article=None,
        answer="" if kept["answered"] else None,
        kinds=["none", "none"],
        citations=[
            {"source": "", "quote": "", **dict(zip(FLAGS, map(bool, c), strict=True))}
            for c in kept["citations"]
        ],
    )


# ---------------------------------------------------------------- the comparison


def compare(before: Mapping[str, Judged], questions: Sequence[Judged]) -> Difference:
    """Compare two runs over the questions whose gold row is the same in both.

    Raises GoldError when there is no such question.
    """
    new = [q for q in questions if q.id in before and before[q.id].row == q.row]
    if not new:
        raise GoldError(f"the baseline has none of these questions; {MAKE_ONE}")
    old = [before[q.id] for q in new]
    clusters = [q.cluster for q in new]
    alone = len({q.cluster for q in new if q.answerable}) in range(1, FEWEST_ARTICLES)
    weights = _weights([q.id for q in new] if alone else clusters)
    measures = _measures(old, new, weights)
    won = [q.id for o, q in zip(old, new, strict=True) if q.right and not o.right]
    lost = [q.id for o, q in zip(old, new, strict=True) if o.right and not q.right]
    return Difference(
        compared=len(new),
        asked_now=len(questions),
        only_before=len(before) - len(new),
        won=won,
        lost=lost,
        unchanged=len(new) - len(won) - len(lost),
        mcnemar=mcnemar(len(won), len(lost)),
        permutation=sign_flips(_by_cluster(clusters, old, new)),
        resampled="questions" if alone else "articles",
        measures=measures,
        worse=_worse(measures, len(new)) + _broken_spans(questions),
    )


def _weights(clusters: Sequence[str]) -> Floats:
    return cluster_weights(clusters, resamples=RESAMPLES, seed=SEED)


def _by_cluster(
    clusters: Sequence[str], old: Sequence[Judged], new: Sequence[Judged]
) -> list[float]:
    sums: dict[str, float] = {}
    for cluster, o, q in zip(clusters, old, new, strict=True):
        sums[cluster] = sums.get(cluster, 0.0) + float(q.right) - float(o.right)
    return list(sums.values())


def _measures(
    old: Sequence[Judged], new: Sequence[Judged], weights: Floats
) -> dict[str, dict[str, Any]]:
    one = np.ones((1, len(new)))
    signs = {name: 1 if m.better == "higher" else -1 for name, m in MEASURES.items()}
    was = {name: float(m.over(old, one)[0][0]) for name, m in MEASURES.items()}
    now = {name: float(m.over(new, one)[0][0]) for name, m in MEASURES.items()}
    resampled = np.array(
        [
            signs[name] * (m.over(new, weights)[0] - m.over(old, weights)[0])
            for name, m in MEASURES.items()
        ]
    )
    better = np.array([signs[name] * (now[name] - was[name]) for name in MEASURES])
    falls = dict(zip(MEASURES, beyond_noise(better, resampled), strict=True))
    return {
        name: {
            "before": _rounded(was[name]),
            "now": _rounded(now[name]),
            "difference": _rounded(now[name] - was[name]),
            "margin": _rounded(falls[name].margin),
            "worse": falls[name].beyond_noise and _changed(m, old, new) >= FEWEST_CHANGED,
        }
        for name, m in MEASURES.items()
    }


def _changed(m: Measure, old: Sequence[Judged], new: Sequence[Judged]) -> int:
    return sum(m.parts(o) != m.parts(q) for o, q in zip(old, new, strict=True))


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)


def _worse(measures: Mapping[str, Mapping[str, Any]], compared: int) -> list[str]:
    return [
        f"{name} {cell['before']:.3f} -> {cell['now']:.3f} (difference {cell['difference']:+.3f}, "
        f"noise ±{cell['margin']:.3f}) on {compared} questions"
        for name, cell in measures.items()
        if cell["worse"]
    ]


def _broken_spans(questions: Sequence[Judged]) -> list[str]:
    """Name the rule that has no noise: every span holds its quote."""
    broken = [q.id for q in questions if not all(c["valid"] for c in q.citations)]
    if not broken:
        return []
    few = ", ".join(broken[:5]) + (", …" if len(broken) > 5 else "")
    return [
        f"span_validity must be 1: spans of {len(broken)} answers do not hold their quote ({few})"
    ]
