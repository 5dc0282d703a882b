"""What the report draws, as numbers: JSON-ready, so that any other tool can draw it too.

risk_coverage      [[share answered, share of those wrong], …], the most confident first
reliability        [{"from", "to", "n", "confidence", "right"}, …], a bin of the confidence each
evidence_rank      {"1": 186, …, "10": 0, "not among the hits": 1}
confusion          {"number": {"number": 40, "none": 9}, …}, kind wanted → kind given
times              [milliseconds of each answer, in order of size]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from eval.judge import Judged
from eval.metrics import ECE_BINS, RANK_CUT

DIGITS = 4
NOT_FOUND = "not among the hits"


def curves(questions: Sequence[Judged]) -> dict[str, Any]:
    """Return everything the report draws."""
    return {
        "risk_coverage": risk_coverage(questions),
        "reliability": reliability(questions),
        "evidence_rank": evidence_rank(questions),
        "confusion": confusion(questions),
        "times": sorted(q.milliseconds["total"] for q in questions if "total" in q.milliseconds),
    }


def risk_coverage(questions: Sequence[Judged]) -> list[list[float]]:
    """Return coverage and risk as the confidence that an answer needs falls.

    Coverage is the share of all questions that get an answer, risk the share of those answers that
    are wrong, answers to unanswerable questions among them. Ends where the bot itself refuses. One
    point for each confidence that occurs, so that the order of equals does not show.
    """
    answered = sorted((q for q in questions if q.answer is not None), key=lambda q: -q.confidence)
    points: list[list[float]] = []
    wrong = 0
    for number, question in enumerate(answered, 1):
        wrong += not (question.correct and question.answerable)
        point = [round(number / len(questions), DIGITS), round(wrong / number, DIGITS)]
        if number < len(answered) and answered[number].confidence == question.confidence:
            continue
        points.append(point)
    return points


def reliability(questions: Sequence[Judged]) -> list[dict[str, float]]:
    """Return the bins that the calibration error is made of, empty ones left out."""
    bins: dict[int, list[Judged]] = {}
    for question in questions:
        if question.answer is not None:
            number = min(int(question.confidence * ECE_BINS), ECE_BINS - 1)
            bins.setdefault(number, []).append(question)
    return [
        {
            "from": number / ECE_BINS,
            "to": (number + 1) / ECE_BINS,
            "n": len(inside),
            "confidence": round(sum(q.confidence for q in inside) / len(inside), DIGITS),
            "right": round(sum(q.correct and q.answerable for q in inside) / len(inside), DIGITS),
        }
        for number, inside in sorted(bins.items())
    ]


def evidence_rank(questions: Sequence[Judged]) -> dict[str, int]:
    """Return how many answerable questions have their first whole quote at each rank."""
    found: Counter[str] = Counter()
    for question in questions:
        if question.answerable:
            first = min((rank for rank in question.ranks if rank is not None), default=None)
            found[NOT_FOUND if first is None or first > RANK_CUT else str(first)] += 1
    names = [*map(str, range(1, RANK_CUT + 1)), NOT_FOUND]
    return {name: found[name] for name in names} if found else {}


def confusion(questions: Sequence[Judged]) -> dict[str, dict[str, int]]:
    """Return how often each kind of answer was wanted and which kind came instead."""
    counted: dict[str, dict[str, int]] = {}
    for question in questions:
        wanted, given = question.kinds
        row = counted.setdefault(wanted, {})
        row[given] = row.get(given, 0) + 1
    return counted
