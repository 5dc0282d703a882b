"""Boosted trees in numpy, beside the library that grew them."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from rag.trees import Trees


@pytest.fixture(scope="module")
def grown() -> lightgbm.Booster:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2000, 6)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] + x[:, 2] > 0).astype(float)
    options = {"objective": "binary", "num_leaves": 15, "verbosity": -1, "num_threads": 1}
    return lightgbm.train(options, lightgbm.Dataset(x, y), 30)


def taken(grown: lightgbm.Booster) -> Trees:
    return Trees.of([tree["tree_structure"] for tree in grown.dump_model()["tree_info"]])


def test_scores_are_those_of_the_library(grown):
    x = np.random.default_rng(2).normal(size=(300, 6)).astype(np.float32)
    wanted = grown.predict(x, raw_score=True)
    assert taken(grown).score(x) == pytest.approx(wanted, abs=1e-4)


def test_saved_trees_score_as_before(grown, tmp_path):
    trees, x = taken(grown), np.random.default_rng(3).normal(size=(20, 6)).astype(np.float32)
    trees.save(tmp_path / "trees.safetensors")
    assert Trees.load(tmp_path / "trees.safetensors").score(x).tolist() == trees.score(x).tolist()


def test_a_split_by_anything_but_size_is_refused():
    node = {"decision_type": "==", "split_feature": 0, "threshold": "1||2"}
    with pytest.raises(ValueError, match="=="):
        Trees.of([node | {"left_child": {"leaf_value": 0}, "right_child": {"leaf_value": 1}}])
