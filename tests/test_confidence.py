"""The confidence and how it is fitted."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from eval.asking import Asked, Rows
from eval.calibrate import (
    WRONG_ANSWER,
    choose_threshold,
    fit,
    fit_ranking,
    folds,
    grow,
)
from rag.claims import Claim
from rag.confidence import RANKED_BY, UNCALIBRATED, Calibration, Evidence, features
from rag.readers.extractive import WEIGHTS


def evidence(score: float, margin: float = 1.0) -> Evidence:
    told = (score, *[0.0] * (len(RANKED_BY) - 1))
    return Evidence(
        score,
        margin,
        passage_cover=0.5,
        numbers_held=1.0,
        length=4,
        told=told,
        read=score,
        second=score - margin,
        close=1,
        found=1.0,
        ahead=margin,
    )


def asked(answers: list[str], article: str = "a") -> Asked:
    return Asked("seeds", "seeds", "交付多少台?", (), answers, (), 1.0, article)


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
        rows.add(([claim("105台")], e), asked(["105台" if right else "57家"]))
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
        rows.add((claims, evidence(0)), asked(["105台"], f"article {number % 30}"))
    weights = dict(zip(RANKED_BY, fit_ranking(rows), strict=True))
    assert weights["reader"] == 1
    assert 1 < weights["kind"] < 4
    assert abs(weights["clause"]) < 0.5
    assert weights["length"] == 0


def test_an_unanswerable_question_has_no_right_answer():
    rows = Rows()
    rows.add(([claim("105台")], evidence(0)), asked([]))
    assert rows.right == [False]
    assert rows.gain[0].tolist() == [0.0]


@pytest.mark.parametrize("said_share", [0.3, 0.6, 0.9])
def test_no_other_threshold_is_worth_more(said_share):
    rng = np.random.default_rng(3)
    confidence = rng.random(200_000)
    right = rng.random(200_000) < confidence
    said = right | (rng.random(200_000) < said_share)
    chosen = choose_threshold(right.astype(float), said.astype(float), np.ones(200_000))

    def worth(threshold: float) -> float:
        answered = confidence >= threshold
        well = (answered & right) | (~answered & ~said)
        return float((well - WRONG_ANSWER * (answered & ~right)).mean())

    assert worth(chosen) >= max(worth(t) for t in np.arange(0.05, 0.95, 0.05)) - 0.001


def test_more_that_is_not_said_makes_the_threshold_stricter():
    right = np.array([1.0, 0.0, 0.0, 0.0])
    few, many = np.array([1.0, 1.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0, 0.0])
    alike = np.ones(4)
    assert choose_threshold(right, few, alike) < choose_threshold(right, many, alike)


def test_the_rows_of_an_article_are_left_out_together():
    rows = Rows()
    for number in range(40):
        rows.add(([claim("105台")], evidence(0)), asked(["105台"], f"article {number % 10}"))
    fold = folds(rows)
    assert len(set(fold.tolist())) > 1
    for article in set(rows.article):
        assert len({int(f) for f, a in zip(fold, rows.article, strict=True) if a == article}) == 1


def test_trees_order_what_no_weights_could():
    rng = np.random.default_rng(0)
    rows = Rows()
    for number in range(400):
        x = rng.normal(size=(10, 4)).astype(np.float32)
        rows.add(([claim("105台")] * 10, evidence(0)), asked(["105台"], f"article {number}"))
        rows.described[-1] = x
        rows.gain[-1] = (x[:, 0] * x[:, 1] > 0).astype(float)  # right where both signs agree
    trees = grow(rows)
    x = rng.normal(size=(500, 4)).astype(np.float32)
    told_right = (trees.score(x) > 0) == (x[:, 0] * x[:, 1] > 0)
    assert told_right.mean() > 0.9
