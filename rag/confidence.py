"""From what reader and search say to one calibrated probability that the answer is right."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the confidence is computed from, for the best claim."""

    score: float  # log-odds against "not here", with the search's part
    margin: float  # score less that of the best other answer
    # share of the question's terms in the cited sentence or the title, 0 to 1
    sentence_cover: float
    passage_cover: float  # … in the whole passage, 0 to 1
    numbers_held: float  # share of the question's numbers in the passage, 1 when it has none
    places: int  # articles that give the same answer
    length: int  # characters of the answer


FEATURES = 7

# of a reader just trained: its own log-odds, and no answer refused
UNCALIBRATED = {
    "weights": [1.0] + [0.0] * (FEATURES - 1),
    "bias": 0.0,
    "threshold": 0.0,
    "search_weight": 4.0,
    "clause_weight": 0.0,
    "kind_weight": 0.0,
}


def features(evidence: Evidence) -> list[float]:
    """Return the inputs of the logistic regression, each roughly within [-3, 3]."""
    e = evidence
    bounded = max(-12.0, min(12.0, e.score)) / 4
    return [
        bounded,
        min(e.margin, 8.0) / 4,
        e.sentence_cover,
        e.passage_cover,
        e.numbers_held,
        math.log(e.places),
        min(e.length, 60) / 30,
    ]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic regression over `features`, the threshold chosen with it, and the weight of the
    search score."""

    weights: tuple[float, ...]
    bias: float
    threshold: float  # answers less sure than this are refused
    search_weight: float  # taken from a reading's log-odds as its passage ranks behind the best
    clause_weight: float  # added in proportion to the question's terms in the answer's clause
    kind_weight: float  # added for an answer of the kind asked for, taken for one of another kind

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Calibration:
        """Read what `rag.readers.calibrate` wrote."""
        return cls(
            tuple(data["weights"]),
            float(data["bias"]),
            float(data["threshold"]),
            float(data["search_weight"]),
            float(data["clause_weight"]),
            float(data["kind_weight"]),
        )

    def confidence(self, evidence: Evidence) -> float:
        """Return the probability, 0 to 1, that the answer is right."""
        z = self.bias + sum(w * x for w, x in zip(self.weights, features(evidence), strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))
