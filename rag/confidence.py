"""From what reader and search say to one calibrated probability that the answer is right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag.trees import Trees


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the confidence is computed from, for the best claim."""

    score: float  # log-odds, as the claims are ordered by
    margin: float  # score less that of the best other answer
    passage_cover: float  # share of the question's terms in the whole passage, 0 to 1
    numbers_held: float  # share of the question's numbers in the passage, 1 when it has none
    length: int  # characters of the answer
    told: tuple[float, ...]  # what the first order was weighed from, in the order of RANKED_BY
    read: float  # the reader's log-odds of the best span of the same passage, this answer or not
    second: float  # score of the second answer, a cut of the same words or not
    close: int  # answers that score within 1 of the best, itself among them
    found: float  # how well the passage was found, 0 to about 1
    ahead: float  # of the second look's log-odds, less those of the best other answer
    composed: bool = False  # reckoned, chosen or put together: the score is that of a part
    doubted: bool = False  # it cannot be what was asked for (rag.doubts)


RANKED_BY = (
    "reader",  # log-odds against "not here"
    "search",  # 0 for the passage found best, down to -1
    "kind",  # 2 or 1 for an answer of the kind asked for, down to -1
    "clause",  # share of the question's terms in the answer's clause
    "sentence",  # … in its sentence or the title
    "conflict",  # 1 where the text speaks of another time, office or side of a change
    "length",  # log of 1 + characters
    "shared",  # share of the answer's characters that the question has too
    "judged",  # the reader's second look: log-odds that it is right
)
"""What orders possible answers; the calibration weighs it."""

UNRECKONED, UNCHOSEN, COUNTED, ANOTHERS = "unreckoned", "unchosen", "counted", "another's"
DOUBTS = frozenset((UNRECKONED, UNCHOSEN, COUNTED, ANOTHERS))
"""What `rag.doubts` marks a claim with, as its rule."""

# log-odds taken off: of 43 first so marked in dev halves none was right (2026-11-22); the
# regression, which does not see the mark, gave them 0.4 on average
DOUBTED = 3.0

FEATURES = 11 + len(RANKED_BY)

# of a reader just trained: guesses, its own log-odds, and no answer refused
UNCALIBRATED: Mapping[str, Any] = {
    "weights": [1.0] + [0.0] * (FEATURES - 1),
    "bias": 0.0,
    "threshold": 0.0,
    "ranking": dict(zip(RANKED_BY, [1.0, 4.0, 1.5, 3.0, 0.0, -4.0, 0.0, 0.0, 0.0], strict=True)),
}


def features(evidence: Evidence) -> list[float]:
    """Return the inputs of the logistic regression, each roughly within [-3, 3]."""
    e = evidence
    reader, *others, judged = e.told
    return [
        _bounded(e.score),
        min(e.margin, 8.0) / 4,
        e.passage_cover,
        e.numbers_held,
        min(e.length, 60) / 30,
        _bounded(reader),
        *others,
        _bounded(judged),
        _bounded(e.read),
        _bounded(e.second),
        min(e.close, 40) / 10,
        e.found,
        _bounded(e.ahead),
        float(e.composed),
    ]


def _bounded(log_odds: float) -> float:
    return max(-12.0, min(12.0, log_odds)) / 4


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic regression over `features`, the threshold chosen with it, and what orders
    answers: weights for all, then trees for the best."""

    weights: tuple[float, ...]
    bias: float
    threshold: float  # answers less sure than this are refused
    ranking: tuple[float, ...]  # weights of RANKED_BY, 1 for the reader's two looks together
    trees: Trees | None = None  # what orders the first of these (rag.preference)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Calibration:
        """Read what `eval.calibrate` wrote."""
        return cls(
            tuple(data["weights"]),
            float(data["bias"]),
            float(data["threshold"]),
            tuple(float(data["ranking"][name]) for name in RANKED_BY),
            data.get("trees"),
        )

    def rank(self, told: Sequence[float]) -> float:
        """Return the log-odds of an answer from what tells for and against it."""
        return sum(w * x for w, x in zip(self.ranking, told, strict=True))

    def confidence(self, evidence: Evidence) -> float:
        """Return the probability, 0 to 1, that the answer is right."""
        z = self.bias + sum(w * x for w, x in zip(self.weights, features(evidence), strict=True))
        z -= DOUBTED * evidence.doubted
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))
