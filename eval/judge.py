"""One question judged, and the measures over many. A measure is a value.

Judged(id="g001", answer="105台", correct=True, em=True, f1=1.0, ranks=[1], …)
MEASURES["correct"].over([judged, …], weights)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from eval.gold import GoldRow
from eval.kinds import answer_kind
from eval.metrics import (
    Floats,
    auroc,
    cites_part,
    cites_whole,
    correct,
    ece,
    em,
    f1,
    hit_at,
    is_valid,
    ndcg,
    occurrences,
    ranks,
    ratio,
    reciprocal_rank,
)
from rag.types import Article

FIRST_WORDS = 18  # characters; the name of an article without a title


@dataclass(frozen=True, slots=True)
class Judged:
    """All that the measures and the report need of one question; JSON-ready field by field."""

    id: str
    question: str
    type: str
    lang: str
    difficulty: str
    answerable: bool
    expected: list[str]
    evidence: list[list[str]]  # [file, quote]
    cluster: str  # the article it rests on; see `cluster_of`
    article: str | None  # … as a person would name it; None when it rests on none
    row: str  # digest of what the gold row asks and accepts; see `digest_of`
    answer: str | None  # None: refused
    kinds: list[str]  # wanted and given; see `eval.kinds`
    confidence: float
    right: bool  # dealt with as it should be: answered correctly, or refused without an answer
    correct: bool
    em: bool
    f1: float
    ranks: list[int | None]  # of each quote among the hits
    ndcg: float
    citations: list[dict[str, Any]]  # source, quote, and whether: whole, part, valid
    milliseconds: dict[str, float] = field(default_factory=dict)


def judge(
    row: GoldRow,
    prediction: Mapping[str, Any],
    sources: Mapping[str, str],
    articles: Iterable[Article] = (),
) -> Judged:
    """Compare one prediction with its gold row. `sources`: name -> raw text."""
    answer = prediction["answer"]
    cluster, article = cluster_of(row, sources, articles)
    places = ranks(prediction["hits"], row.evidence)
    is_correct = correct(answer, row.answers, row.all_of)
    return Judged(
        id=row.id,
        question=row.question,
        type=row.type,
        lang=row.lang,
        difficulty=row.difficulty,
        answerable=row.answerable,
        expected=list(row.answers),
        evidence=[list(quote) for quote in row.evidence],
        cluster=cluster,
        article=article,
        row=digest_of(row),
        answer=answer,
        kinds=[answer_kind(row.answers[0] if row.answers else None), answer_kind(answer)],
        confidence=prediction["confidence"],
        right=is_correct if row.answerable else answer is None,
        correct=is_correct,
        em=answer is not None and em(answer, row.answers),
        f1=f1(answer, row.answers) if answer is not None else 0.0,
        ranks=places,
        ndcg=ndcg(places),
        citations=[_judged_citation(c, row, sources) for c in prediction["citations"]],
        milliseconds=dict(prediction["milliseconds"]),
    )


def _judged_citation(
    citation: Mapping[str, Any], row: GoldRow, sources: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "source": citation["source"],
        "quote": citation["quote"],
        "whole": cites_whole(citation, row.evidence, sources),
        "part": cites_part(citation, row.evidence, sources),
        "valid": is_valid(citation, sources),
    }


def cluster_of(
    row: GoldRow, sources: Mapping[str, str], articles: Iterable[Article] = ()
) -> tuple[str, str | None]:
    """Name what a result hangs on, for the program and for a person: the first quote's article.

    An unanswerable question stands alone: its own id and None. Without the article (none given, or
    the quote stands in none of them) the source stands for it.
    """
    if not row.answerable or not row.evidence:
        return f"question {row.id}", None
    file, quote = row.evidence[0]
    start = min((place.start for place in occurrences(sources.get(file, ""), quote)), default=-1)
    for article in articles:
        runs = article.runs if article.source == file else ()
        if any(run.in_source <= start < run.in_source + run.length for run in runs):
            return f"{file} article {article.id}", article.title or _first_words(article)
    return file, file


def _first_words(article: Article) -> str:
    first = " ".join(article.text[:FIRST_WORDS].split())
    return f"{first}…" if len(article.text) > FIRST_WORDS else first or article.source


def digest_of(row: GoldRow) -> str:
    """Return 12 hexadecimal digits that change when the question or what answers it changes."""
    told = (row.question, row.answers, row.answerable, row.all_of, row.evidence, row.history)
    data = json.dumps(told, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return hashlib.sha256(data).hexdigest()[:12]


# ---------------------------------------------------------------- the measures

Parts = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure as a value: `parts` of one question (None: not counted), and how to combine."""

    name: str
    better: Literal["higher", "lower"]
    meaning: str
    parts: Callable[[Judged], Parts | None]
    combine: Callable[[Floats, Floats, Floats], Floats] = ratio

    def over(self, questions: Sequence[Judged], weights: Floats) -> tuple[Floats, int]:
        """Return the measure for each row of `weights` `(b, n)`, and how many questions count."""
        taken = [self.parts(question) for question in questions]
        counted = np.array([part is not None for part in taken], dtype=bool)
        columns = np.array([part for part in taken if part is not None], dtype=np.float64)
        first, second = columns.reshape(-1, 2).T
        return self.combine(first, second, weights[:, counted]), int(counted.sum())


def _mean(
    value: Callable[[Judged], float], when: Callable[[Judged], bool]
) -> Callable[[Judged], Parts | None]:
    return lambda question: (float(value(question)), 1.0) if when(question) else None


def _answerable(question: Judged) -> bool:
    return question.answerable


def _unanswerable(question: Judged) -> bool:
    return not question.answerable


def _answered(question: Judged) -> bool:
    return question.answer is not None


def _refused(question: Judged) -> bool:
    return question.answer is None


def _share_of_citations(key: str) -> Callable[[Judged], Parts | None]:
    def parts(question: Judged) -> Parts | None:
        given = question.citations
        return (float(sum(c[key] for c in given)), float(len(given))) if given else None

    return parts


def _certainty(when: Callable[[Judged], bool]) -> Callable[[Judged], Parts | None]:
    return lambda question: (
        (question.confidence, float(question.correct and question.answerable))
        if when(question)
        else None
    )


def _hit_measure(k: int) -> Measure:
    meaning = f"answerable questions with a whole evidence quote in one of the first {k} hits"
    return Measure(f"hit@{k}", "higher", meaning, _mean(lambda q: hit_at(k, q.ranks), _answerable))


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure(
            "right",
            "higher",
            "all questions: answered correctly, or refused where there is no answer",
            _mean(lambda q: q.right, lambda q: True),
        ),
        Measure(
            "correct",
            "higher",
            "answerable questions: EM, or an accepted form within 30 characters more, or all parts",
            _mean(lambda q: q.correct, _answerable),
        ),
        Measure(
            "em",
            "higher",
            "answerable questions: exact match as in CMRC 2018; a refusal is 0",
            _mean(lambda q: q.em, _answerable),
        ),
        Measure(
            "f1",
            "higher",
            "answerable questions: F1 as in CMRC 2018; a refusal is 0",
            _mean(lambda q: q.f1, _answerable),
        ),
        *map(_hit_measure, (1, 3, 5, 10)),
        Measure(
            "mrr@10",
            "higher",
            "answerable questions: 1 / rank of the first hit with a whole quote",
            _mean(lambda q: reciprocal_rank(q.ranks), _answerable),
        ),
        Measure(
            "ndcg@10",
            "higher",
            "answerable questions: discounted gain of hits that bring a new quote",
            _mean(lambda q: q.ndcg, _answerable),
        ),
        Measure(
            "citation_precision",
            "higher",
            "all citations, also to unanswerable questions: they hold or overlap a quote",
            _share_of_citations("part"),
        ),
        Measure(
            "citation_recall",
            "higher",
            "answered questions, unanswerable ones too: a citation holds a whole quote",
            _mean(lambda q: any(c["whole"] for c in q.citations), _answered),
        ),
        Measure(
            "span_validity",
            "higher",
            "all citations: their spans, read in the raw source, are their quote; must be 1",
            _share_of_citations("valid"),
        ),
        Measure(
            "false_answers",
            "lower",
            "unanswerable questions that got an answer",
            _mean(_answered, _unanswerable),
        ),
        Measure(
            "false_refusals",
            "lower",
            "answerable questions that were refused",
            _mean(_refused, _answerable),
        ),
        Measure(
            "auroc",
            "higher",
            "confidence of right answers above that of wrong ones and of unanswerable questions; "
            "refused answerable questions stay out, since the withheld answer is not known",
            _certainty(lambda q: _answered(q) or _unanswerable(q)),
            auroc,
        ),
        Measure(
            "ece",
            "lower",
            "given answers: |confidence - share right| over 10 bins of equal width",
            _certainty(_answered),
            ece,
        ),
    )
}
