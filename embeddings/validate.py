"""The figures of the model card: held-out pairs, dense search alone.

    python -m embeddings.validate --data ../data [--model default]

    {"passages of trial": 256, "news zh->en @1": 0.907, "news en->zh @1": 0.887, …}

Shares of queries whose right passage stands first, or among the first ten.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings import Embedder, Vectors, load
from embeddings.pairs import Reader, held_out_news, trial_questions


def ranks(queries: Vectors, passages: Vectors, right: Sequence[int]) -> NDArray[np.int64]:
    """Return how many passages stand before the right one of each query: 0 is best."""
    scores = queries @ passages.T
    own = scores[np.arange(len(right)), right]
    return np.asarray((scores > own[:, None]).sum(axis=1), np.int64)


def figures(embedder: Embedder, reader: Reader) -> dict[str, float]:
    """Compute every figure; shares of queries, 0 to 1."""
    chinese, english = zip(*held_out_news(reader), strict=True)
    left, right = embedder.encode_passages(chinese), embedder.encode_passages(english)
    same = range(len(chinese))
    questions, contexts = zip(*trial_questions(reader), strict=True)
    places = {context: place for place, context in enumerate(dict.fromkeys(contexts))}
    found = ranks(
        embedder.encode_queries(questions),
        embedder.encode_passages(list(places)),
        [places[context] for context in contexts],
    )
    shares = {
        "news zh->en @1": ranks(left, right, same) < 1,
        "news en->zh @1": ranks(right, left, same) < 1,
        "trial @1": found < 1,
        "trial @10": found < 10,
    }
    return {"passages of trial": len(places)} | {
        name: round(float(hits.mean()), 4) for name, hits in shares.items()
    }


def main() -> None:
    """Read the command line and print the figures as JSON."""
    parser = argparse.ArgumentParser(description="Measure an embedding model on held-out pairs.")
    parser.add_argument("--data", type=Path, default=os.environ.get("YOUJU_DATA"))
    parser.add_argument("--model", default="default")
    options = parser.parse_args()
    if options.data is None:
        parser.error("--data or the environment variable YOUJU_DATA must name the data folder")
    # No folding: a model folds for itself what it wants folded.
    result = figures(load(options.model), Reader(Path(options.data), {}))
    sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
