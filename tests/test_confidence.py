"""The confidence and how it is fitted."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from eval.calibrate import (
    Rows,
    choose_threshold,
    fit,
    fit_ranking,
    folds,
    right_of_unseen,
)
from rag.claims import Claim
from rag.confidence import RANKED_BY, UNCALIBRATED, Calibration, Evidence, features
from rag.readers.extractive import WEIGHTS


def evidence(score: float, margin: float = 1.0) -> Evidence:
    told = (score, *[0.0] * (len(RANKED_BY) - 1))
    return Evidence(score, margin, passage_cover=0.5, numbers_held=1.0, length=4, told=told)


@pytest.fixture(scope="module")
def bundled() -> Calibration:
    return Calibration.from_json(json.loads((WEIGHTS / "calibration.json").read_text()))


def test_a_better_score_is_more_confident(bundled):
    low, high = bundled.confidence(evidence(-5)), bundled.confidence(evidence(8))
    assert 0 <= low < high <= 1


def test_there_is_one_weight_for_each_feature(bundled):
    assert len(bundled.weights) == len(features(evidence(0)))


def test_fitting_recovers_probabilities():
    rng = np.random.default_rng(0)
    rows = Rows()
    for _ in range(4000):
        e = evidence(float(rng.normal() * 5), margin=float(rng.uniform(0, 4)))
        chance = 1 / (1 + np.exp(-e.score / 2))
        right = rng.random() < chance
        rows.add(([claim("105台")], e), ["105台" if right else "57家"], (), 1.0, "a")
    weights, bias = fit(rows)
    fitted = replace(Calibration.from_json(UNCALIBRATED), weights=weights, bias=bias)
    for score in (-4, 0, 4):
        expected = 1 / (1 + np.exp(-score / 2))
        assert fitted.confidence(evidence(score)) == pytest.approx(expected, abs=0.05)


def claim(text: str, **told: float) -> Claim:
    values = tuple(told.get(name, 0.0) for name in RANKED_BY)
    return Claim(text, 0.0, (), 0, values)


def test_the_ranking_learns_what_tells_right_answers_from_wrong():
    rng = np.random.default_rng(0)
    rows = Rows()
    for number in range(300):
        right, wrong = rng.normal(1, 1), rng.normal(0, 1)
        claims = [
            claim("105台", reader=right, kind=rng.normal(2, 1), clause=rng.normal()),
            claim("57家", reader=wrong, kind=rng.normal(0, 1), clause=rng.normal()),
        ]
        rows.add((claims, evidence(0)), ["105台"], (), 1.0, f"article {number % 30}")
    weights = dict(zip(RANKED_BY, fit_ranking(rows), strict=True))
    assert weights["reader"] == 1
    assert 1 < weights["kind"] < 4
    assert abs(weights["clause"]) < 0.5
    assert weights["length"] == 0
    # both tell: 2 and 1 standard deviations apart, so right 94 times in 100, as the theory has it
    assert right_of_unseen(rows).mean() == pytest.approx(0.94, abs=0.04)


def test_an_unanswerable_question_has_no_right_answer():
    rows = Rows()
    rows.add(([claim("105台")], evidence(0)), [], (), 1.0, "a")
    assert rows.right == [False]
    assert rows.gain[0].tolist() == [0.0]


def test_the_threshold_handles_most_questions_rightly():
    confidence = np.array([0.1, 0.15, 0.6, 0.7])
    right = np.array([0.0, 0.0, 1.0, 1.0])
    answerable = np.array([0.0, 0.0, 1.0, 1.0])
    alike = np.ones(4)
    assert 0.15 < choose_threshold(confidence, right, answerable, alike) <= 0.6


def test_the_rows_of_an_article_are_left_out_together():
    rows = Rows()
    for number in range(40):
        rows.add(([claim("105台")], evidence(0)), ["105台"], (), 1.0, f"article {number % 10}")
    fold = folds(rows)
    assert len(set(fold.tolist())) > 1
    for article in set(rows.article):
        assert len({int(f) for f, a in zip(fold, rows.article, strict=True) if a == article}) == 1
