"""Gold and predictions to one report: measures with intervals, by group, and every question.

measures = measure(rows, predictions, sources)     a dictionary, JSON-ready
print(table(measures))
worse(baseline, measures)                          the gate: [], or what got worse, line by line
write_report(folder, measures)                     report.json and report.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from eval.gold import GoldRow
from eval.judge import MEASURES, Judged, Measure, judge
from eval.metrics import LEVEL, RESAMPLES, SEED, cluster_weights, interval
from eval.page import page
from eval.run import agrees
from rag.errors import GoldError
from rag.types import Article

FORMAT = 1  # of the dictionary below; a baseline of another format is refused
PERCENTILES = (50, 90, 95, 99)
DIGITS = 4  # of the values kept: finer than any interval here
GROUPS: dict[str, Callable[[Judged], str]] = {
    "type": lambda question: question.type,
    "lang": lambda question: question.lang,
    "difficulty": lambda question: question.difficulty,
    "answerable": lambda question: "yes" if question.answerable else "no",
}
IN_GROUPS = ("right", "correct", "f1", "hit@5", "false_answers", "false_refusals")


def measure(
    rows: Sequence[GoldRow],
    predictions: Iterable[Mapping[str, Any]],
    sources: Mapping[str, str],
    *,
    articles: Sequence[Article] = (),
) -> dict[str, Any]:
    """Return every measure over the gold rows, as one JSON-ready dictionary.

    `sources`: name -> raw text. With `articles` the intervals resample articles, without them
    whole sources. Predictions of other ids are left aside. Raises GoldError when a row has no
    prediction or one to another question.
    """
    by_id = {prediction["id"]: prediction for prediction in predictions}
    _check_complete(rows, by_id)
    cited = {quote.file for row in rows for quote in row.evidence}
    near = [article for article in articles if article.source in cited]
    questions = [judge(row, by_id[row.id], sources, near) for row in rows]
    return {
        "format": FORMAT,
        "interval": {
            "level": LEVEL,
            "resamples": RESAMPLES,
            "seed": SEED,
            "resampled": "articles" if articles else "sources",
            "clusters": len({question.cluster for question in questions}),
        },
        "overall": summary(questions),
        "by": {
            name: {
                value: summary([q for q in questions if group(q) == value])
                for value in sorted({group(q) for q in questions})
            }
            for name, group in GROUPS.items()
        },
        "milliseconds": latency(questions),
        "meanings": {name: m.meaning for name, m in MEASURES.items()},
        "questions": [asdict(question) for question in questions],
    }


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


# ---------------------------------------------------------------- the gate


def worse(baseline: Mapping[str, Any], measures: Mapping[str, Any]) -> list[str]:
    """Return one line for each overall measure that got worse than the baseline beyond noise.

    Both sides are computed over the questions they share, under the same resamplings; worse means
    that the whole 95 % interval of the difference lies on the worse side. A span that does not
    hold its quote fails whatever the baseline says. Raises GoldError for a baseline of another
    format or of other questions.
    """
    before, now = _kept(baseline), _kept(measures)
    shared = [q.id for q in now.values() if q.id in before and before[q.id].question == q.question]
    if not shared:
        raise GoldError("the baseline has none of these questions; make one with --report DIR")
    old, new = [before[name] for name in shared], [now[name] for name in shared]
    weights = cluster_weights([question.cluster for question in new])
    lines = []
    for m in MEASURES.values():
        drop = _drop(m, old, new, weights)
        if drop:
            lines.append(f"{drop} on {len(shared)} shared questions")
    validity = measures["overall"]["measures"]["span_validity"]["value"]
    if validity is not None and any(not c["valid"] for q in now.values() for c in q.citations):
        lines.append(f"span_validity is {validity} but must be 1")
    return lines


def _drop(
    m: Measure, old: Sequence[Judged], new: Sequence[Judged], weights: np.ndarray
) -> str | None:
    """Describe how one measure got worse, None when it did not beyond noise."""
    sign = 1 if m.better == "higher" else -1
    ends = interval(sign * (m.over(new, weights)[0] - m.over(old, weights)[0]))
    if ends is None or ends[1] >= 0:
        return None
    one = np.ones((1, len(new)))
    was, is_now = float(m.over(old, one)[0][0]), float(m.over(new, one)[0][0])
    low, high = sorted(sign * end for end in ends)
    return f"{m.name} {was:.3f} -> {is_now:.3f} (difference {low:+.3f} to {high:+.3f})"


def _kept(report: Mapping[str, Any]) -> dict[str, Judged]:
    """Return a report's questions by id."""
    try:
        if report["format"] != FORMAT:
            raise ValueError(f"format {report['format']}")
        return {question["id"]: Judged(**question) for question in report["questions"]}
    except (KeyError, TypeError, ValueError) as error:
        raise GoldError(
            f"not a report of this version ({error}); make the baseline again with --report DIR"
        ) from error


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
    for group, values in measures["by"].items():
        heads = "".join(f"{name:>17}" for name in IN_GROUPS)
        lines += ["", f"{'by ' + group:<16}{'n':>5}{heads}"]
        for value, part in values.items():
            cells = "".join(f"{_number(part['measures'][name]['value']):>17}" for name in IN_GROUPS)
            lines.append(f"{value:<16}{part['questions']:>5}{cells}")
    lines.append("")
    for stage, times in measures["milliseconds"].items():
        cuts = ", ".join(f"{name} {value:.1f}" for name, value in times.items())
        lines.append(f"{stage + ' ms':<16}{cuts}")
    return "\n".join(lines).rstrip()


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


def load_report(path: Path) -> dict[str, Any]:
    """Return a `report.json`, for a baseline. Raises GoldError when it is not one."""
    try:
        report = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        message = f"cannot read the baseline {path}: {error}; make one with --report DIR"
        raise GoldError(message) from error
    if not isinstance(report, dict):
        raise GoldError(f"{path} is not a report; make one with --report DIR")
    _kept(report)
    return report
