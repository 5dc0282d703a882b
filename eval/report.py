"""Gold and predictions to one report: measures with intervals, by group, and every question.

questions = judge_all(rows, predictions, sources)    one `Judged` a row
measures = measure(questions)                        a dictionary, JSON-ready
measures |= {"difference": …, "suites": […]}         what else there is to show
print(table(measures))
write_report(folder, measures)                       report.json and report.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from eval.baseline import FORMAT, Difference
from eval.curves import curves
from eval.gold import DIFFICULTIES, LANGS, TYPES, GoldRow
from eval.judge import MEASURES, Judged, Measure, judge
from eval.metrics import LEVEL, RESAMPLES, SEED, cluster_weights, interval, occurrences
from eval.page import page
from eval.run import agrees
from eval.suites import suite_table
from rag.errors import GoldError
from rag.types import Article

PERCENTILES = (50, 90, 95, 99)
DIGITS = 4  # of the values kept: finer than any interval here
NO_ARTICLE = "(no article: unanswerable)"
GROUPS: dict[str, Callable[[Judged], str]] = {
    "type": lambda question: question.type,
    "lang": lambda question: question.lang,
    "difficulty": lambda question: question.difficulty,
    "answerable": lambda question: "yes" if question.answerable else "no",
    "article": lambda question: question.article or NO_ARTICLE,
}
IN_TERMINAL = ("type", "lang", "difficulty", "answerable")  # articles have long names
IN_GROUPS = ("right", "correct", "f1", "hit@5", "false_answers", "false_refusals")
WORST = 60  # questions shown with all that was retrieved, read and cited
SNIPPET = 150  # characters of a passage that are shown


def judge_all(
    rows: Sequence[GoldRow],
    predictions: Iterable[Mapping[str, Any]],
    sources: Mapping[str, str],
    articles: Sequence[Article] = (),
) -> list[Judged]:
    """Judge every row. `sources`: name -> raw text; without `articles` a source stands for its own.

    Predictions of other ids are left aside. Raises GoldError when a row has no prediction or one to
    another question.
    """
    by_id = {prediction["id"]: prediction for prediction in predictions}
    _check_complete(rows, by_id)
    near = cited_articles(rows, articles)
    return [judge(row, by_id[row.id], sources, near) for row in rows]


def cited_articles(rows: Iterable[GoldRow], articles: Iterable[Article]) -> list[Article]:
    """Return the articles of the sources that gold rows cite."""
    cited = {quote.file for row in rows for quote in row.evidence}
    return [article for article in articles if article.source in cited]


def _check_complete(rows: Sequence[GoldRow], by_id: Mapping[str, Mapping[str, Any]]) -> None:
    missing = [row.id for row in rows if row.id not in by_id]
    if missing:
        raise GoldError(
            f"{len(missing)} of {len(rows)} questions have no prediction ({_few(missing)}); "
            "answer them with the same command without changing the file"
        )
    other = [row.id for row in rows if not agrees(by_id[row.id], row)]
    if other:
        raise GoldError(
            f"{len(other)} predictions answer another question than the gold set asks "
            f"({_few(other)}); delete them or the file and answer again"
        )


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


# ---------------------------------------------------------------- measures


def measure(questions: Sequence[Judged], *, resampled: str = "articles") -> dict[str, Any]:
    """Return every measure, overall and by group, as one JSON-ready dictionary.

    `resampled` says what the clusters of `questions` are.
    """
    return {
        "format": FORMAT,
        "interval": {
            "level": LEVEL,
            "resamples": RESAMPLES,
            "seed": SEED,
            "resampled": resampled,
            "clusters": len({question.cluster for question in questions}),
        },
        "overall": summary(questions),
        "by": {
            name: {
                value: summary([q for q in questions if group(q) == value])
                for value in sorted({group(q) for q in questions}, key=_order)
            }
            for name, group in GROUPS.items()
        },
        "milliseconds": latency(questions),
        "curves": curves(questions),
        "meanings": {name: m.meaning for name, m in MEASURES.items()},
        "better": {name: m.better for name, m in MEASURES.items()},
        "questions": [asdict(question) for question in questions],
    }


def _order(value: str) -> tuple[int, str]:
    """Put groups in the order in which gold rows name them, others by name."""
    named = (*TYPES, *LANGS, *DIFFICULTIES, "yes", "no")
    return (named.index(value) if value in named else -1, value)


def summary(questions: Sequence[Judged]) -> dict[str, Any]:
    """Return `{"questions": n, "measures": {name: {"value", "low", "high", "n"}}}`.

    `n` is how many of the questions the measure counts; null stands where a value is undefined.
    Fewer than two clusters give no interval.
    """
    clusters = [question.cluster for question in questions]
    weights = cluster_weights(clusters) if len(set(clusters)) > 1 else np.zeros((0, len(questions)))
    return {
        "questions": len(questions),
        "measures": {name: _cell(m, questions, weights) for name, m in MEASURES.items()},
    }


def _cell(m: Measure, questions: Sequence[Judged], weights: np.ndarray) -> dict[str, Any]:
    values, counted = m.over(questions, np.ones((1, len(questions))))
    ends = interval(m.over(questions, weights)[0]) or (None, None)
    low, high = (None if end is None else round(end, DIGITS) for end in ends)
    value = None if np.isnan(values[0]) else round(float(values[0]), DIGITS)
    return {"value": value, "low": low, "high": high, "n": counted}


def latency(questions: Sequence[Judged]) -> dict[str, dict[str, float]]:
    """Return for each stage its mean and percentiles in milliseconds, linear between neighbours."""
    stages = sorted({stage for question in questions for stage in question.milliseconds})
    table_of: dict[str, dict[str, float]] = {}
    for stage in stages:
        times = [q.milliseconds[stage] for q in questions if stage in q.milliseconds]
        cuts = np.percentile(times, PERCENTILES)
        table_of[stage] = {
            "mean": round(float(np.mean(times)), 2),
            **{f"p{p}": round(float(cut), 2) for p, cut in zip(PERCENTILES, cuts, strict=True)},
        }
    return table_of


# ---------------------------------------------------------------- the worst questions


def worst(
    questions: Sequence[Judged], predictions: Iterable[Mapping[str, Any]], *, read: int
) -> list[dict[str, Any]]:
    """Return the questions that went most wrong, with what was retrieved, read and cited.

    Wrong answers first, the most confident before all, then refusals, those nearest to an answer
    first. `read`: so many of the hits went to the reader.
    """
    by_id = {prediction["id"]: prediction for prediction in predictions}
    wrong = sorted(
        (question for question in questions if not question.right),
        key=lambda q: (q.answer is None, -q.confidence, q.id),
    )
    return [_shown(question, by_id[question.id], read) for question in wrong[:WORST]]


def _shown(question: Judged, prediction: Mapping[str, Any], read: int) -> dict[str, Any]:
    ranks = {rank for rank in question.ranks if rank is not None}
    quotes = [quote for _, quote in question.evidence]
    return {
        "id": question.id,
        "history": prediction.get("history", []),
        "verdict": _verdict(question),
        "hits": [
            {
                "rank": rank,
                "source": hit["source"],
                "text": snippet(hit["text"], quotes),
                "read": rank <= read,
                "holds": rank in ranks,
            }
            for rank, hit in enumerate(prediction["hits"], 1)
        ],
    }


def _verdict(question: Judged) -> str:
    if question.answer is None:
        found = any(rank is not None for rank in question.ranks)
        return "refused, evidence found" if found else "refused, evidence not found"
    return "wrong answer" if question.answerable else "answered, though the articles do not say"


def snippet(text: str, quotes: Sequence[str]) -> str:
    """Return `SNIPPET` characters of a passage, with the first quote that stands in it."""
    start = next((place.start for quote in quotes for place in occurrences(text, quote)), 0)
    first = max(0, min(start - 20, len(text) - SNIPPET))
    cut = text[first : first + SNIPPET]
    before, after = "…" * (first > 0), "…" * (first + SNIPPET < len(text))
    return before + " ".join(cut.split()) + after


# ---------------------------------------------------------------- the difference from a baseline


def shown_difference(
    difference: Difference, before: Mapping[str, Judged], questions: Sequence[Judged]
) -> dict[str, Any]:
    """Return a comparison as a report keeps it: with the answers of then, where they were kept."""
    now = {question.id: question for question in questions}
    kept = {name: before[name] for name in (*difference.won, *difference.lost)}
    return asdict(difference) | {
        "changed": [
            {
                "id": name,
                "won": now[name].right,
                "before": old.answer,
                "kept": old.answer is None or bool(old.answer),
                "before_confidence": old.confidence,
            }
            for name, old in kept.items()
        ]
    }


# ---------------------------------------------------------------- to read


def table(measures: Mapping[str, Any]) -> str:
    """Return the report as plain text for a terminal."""
    overall, noise = measures["overall"], measures["interval"]
    lines = [
        f"{overall['questions']} questions; 95 % intervals from {noise['resamples']} resamplings "
        f"of {noise['resampled']} ({noise['clusters']} groups of questions)",
        "",
        f"{'measure':<20}{'value':>8}{'95 % interval':>18}{'questions':>11}",
    ]
    for name, cell in overall["measures"].items():
        low, high = _number(cell["low"]), _number(cell["high"])
        ends = f"{low} to {high}" if cell["low"] is not None else "-"
        lines.append(f"{name:<20}{_number(cell['value']):>8}{ends:>18}{cell['n']:>11}")
    for group in IN_TERMINAL:
        heads = "".join(f"{name:>17}" for name in IN_GROUPS)
        lines += ["", f"{'by ' + group:<16}{'n':>5}{heads}"]
        for value, part in measures["by"][group].items():
            cells = "".join(f"{_number(part['measures'][name]['value']):>17}" for name in IN_GROUPS)
            lines.append(f"{value:<16}{part['questions']:>5}{cells}")
    lines.append("")
    for stage, times in measures["milliseconds"].items():
        cuts = ", ".join(f"{name} {value:.1f}" for name, value in times.items())
        lines.append(f"{stage + ' ms':<16}{cuts}")
    if "suites" in measures:
        lines += ["", suite_table(measures["suites"])]
    if "difference" in measures:
        lines += ["", difference_text(measures["difference"])]
    return "\n".join(lines).rstrip()


def difference_text(difference: Mapping[str, Any]) -> str:
    """Return a comparison with a baseline in words."""
    compared = f"against the baseline, {difference['compared']} of {difference['asked_now']}"
    lines = [
        f"{compared} questions asked alike: {len(difference['won'])} won, "
        f"{len(difference['lost'])} lost, {difference['unchanged']} unchanged; "
        f"p {_chance(difference['mcnemar'])} by McNemar's test over questions, "
        f"p {_chance(difference['permutation'])} by sign flips over articles"
    ]
    if difference["only_before"]:
        lines.append(f"{difference['only_before']} of the baseline were not asked, or otherwise")
    return "\n".join(lines)


def _chance(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def write_report(folder: Path, measures: Mapping[str, Any]) -> Path:
    """Write `report.json` and `report.html`, each whole or not at all; return the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    data = json.dumps(measures, ensure_ascii=False, indent=1, allow_nan=False)
    for name, text in (("report.json", data + "\n"), ("report.html", page(measures))):
        beside = folder / f"{name}.part"
        beside.write_bytes(text.encode("utf-8", "backslashreplace"))
        beside.replace(folder / name)
    return folder / "report.html"
