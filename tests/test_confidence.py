"""The confidence and how it is fitted."""

from __future__ import annotations

import json

import numpy as np
import pytest

from eval.calibrate import Rows, choose_threshold, fit
from rag.confidence import Calibration, Evidence, features
from rag.readers.extractive import WEIGHTS


def evidence(score: float, **other: float) -> Evidence:
    values = {"margin": 1.0, "sentence_cover": 0.5, "passage_cover": 0.5, "numbers_held": 1.0}
    return Evidence(score=score, places=1, length=4, **(values | other))  # type: ignore[arg-type]


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
        rows.add(("x", e), bool(rng.random() < chance), 1.0)
    weights, bias = fit(rows)
    fitted = Calibration(weights, bias, 0.5, 0.0, 0.0, 0.0)
    for score in (-4, 0, 4):
        expected = 1 / (1 + np.exp(-score / 2))
        assert fitted.confidence(evidence(score)) == pytest.approx(expected, abs=0.05)


def test_the_threshold_handles_most_questions_rightly():
    confidence = np.array([0.1, 0.15, 0.6, 0.7])
    right = np.array([0.0, 0.0, 1.0, 1.0])
    answerable = np.array([0.0, 0.0, 1.0, 1.0])
    assert 0.15 < choose_threshold(confidence, right, answerable) <= 0.6
