"""rag.ranking and eval.ranking: how well a passage fits, and how its weights are fitted."""

import json

import numpy as np
import pytest

from eval import ranking as fitting
from rag.ranking import (
    FEATURES,
    MEANT,
    OTHER_LANGUAGE,
    SAME_LANGUAGE,
    Candidate,
    Group,
    Weights,
    features,
    matched,
    meant,
    shares,
)

ROBOTS = [Group({"松延": 1.0}, 6.0), Group({"交付": 1.0, "交货": 0.5}, 3.0), Group({"7": 1.0}, 1.0)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("松延7月交付105台", [1.0, 1.0, 1.0], id="all"),
        pytest.param("松延17月交货", [1.0, 0.5, 0.0], id="a number inside another, a weaker form"),
        pytest.param("", [0.0, 0.0, 0.0], id="nothing"),
    ],
)
def test_a_group_is_held_as_its_surest_form_is(text, expected):
    assert shares(ROBOTS, text) == expected


def test_thousands_are_one_number():
    assert shares([Group({"1200": 1.0}, 1.0)], "共1,200台") == [1.0]


def test_a_phrase_stands_as_a_whole():
    phrase = [Group({"first half": 1.0}, 1.0)]
    assert shares(phrase, "in the first half of 2025") == [1.0]
    assert shares(phrase, "the first of the half dozen") == [0.0]


def test_features_are_shares_of_the_best():
    found = [Candidate(4.0, 0.5, "松延7月交付", True), Candidate(2.0, 0.7, "交货", False)]
    rows = features(ROBOTS, found, top=4.0, nearest=0.7)
    told = [dict(zip(FEATURES[:MEANT], row, strict=False)) for row in rows.tolist()]
    assert told[0] == pytest.approx(
        {"lexical": 1.0, "cosine": -0.2, "cover": 1.0, "exact": 1.0, "opens": 1.0, "article": 1.0},
        abs=1e-6,
    )
    assert told[1] == pytest.approx(
        {"lexical": 0.5, "cosine": 0, "cover": 0.15, "exact": 0, "opens": 0, "article": 0.15},
        abs=1e-6,
    )


def test_what_another_passage_of_its_article_says_counts_for_a_passage():
    lead = Candidate(1.0, 0.5, "松延公司", True, "a")
    later = Candidate(1.0, 0.5, "公司7月交付", False, "a")
    stranger = Candidate(1.0, 0.5, "公司7月交付", False, "b")
    rows = features(ROBOTS, [lead, later, stranger], top=1.0, nearest=0.5)
    together = rows[:, FEATURES.index("article")].tolist()
    assert together == pytest.approx([1.0, 1.0, 0.4])


def test_a_word_that_is_missed_is_not_made_up_for_by_others():
    lengths = np.ones(3, np.float32)
    near = np.array([[1, 1, 1], [0.7, 0.7, 0.7], [1, 1, 0.1], [0, 0, 0]], np.float32)
    whole, even, uneven, none = meant(near, lengths).tolist()
    assert (whole, none) == pytest.approx((1.0, 0.0))
    assert none < uneven < even < whole


def test_a_word_of_a_longer_vector_tells_more():
    near = np.array([[1, 0.2], [0.2, 1]], np.float32)
    first, second = meant(near, np.array([3.0, 1.0], np.float32))
    assert first > second


def test_a_question_without_words_is_met_by_nothing():
    assert meant(np.zeros((2, 0), np.float32), np.zeros(0, np.float32)).tolist() == [1.0, 1.0]


def test_no_candidates_have_no_features():
    assert features(ROBOTS, [], top=0.0, nearest=0.0).shape == (0, len(FEATURES))
    assert features([], [Candidate(0.0, 0.0, "x", False)], top=0.0, nearest=0.0).shape[0] == 1


@pytest.mark.parametrize("weights", [SAME_LANGUAGE, OTHER_LANGUAGE])
def test_what_is_best_in_all_fits_wholly(weights):
    best = np.array([[1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]], np.float32)
    assert weights.fit(best) == pytest.approx([1.0])


def test_matched_words_are_those_that_stand_there():
    assert matched(ROBOTS, "松延的交货") == ("松延", "交货")


def test_the_fit_finds_what_puts_the_right_ones_first():
    rng = np.random.default_rng(0)
    lists = []
    for _ in range(200):
        x = rng.normal(size=(12, 3))
        share = np.zeros(12)
        share[np.argmax(x @ [2.0, 0.0, -1.0] + 0.1 * rng.normal(size=12))] = 1.0
        lists.append((x, share, 1.0))
    weights = fitting.list_net(lists, 1.0)
    assert weights[0] > 0 > weights[2]
    assert abs(weights[1]) < 0.2 * weights[0]
    assert weights[0] / -weights[2] == pytest.approx(2.0, rel=0.2)


def test_the_script_prints_weights_for_each_language(tmp_path, capsys):
    from rag.ingest import index_sources
    from rag.types import Source

    index_sources(
        tmp_path / "index",
        [
            Source("a.txt", "青禾公司7月交付巡检机器人105台，八成用于仓库。"),
            Source("b.txt", "云州的机器狗学会了踢足球，观众很多。"),
        ],
    )
    row = {
        "lang": "zh",
        "answerable": True,
        "type": "number",
        "difficulty": "easy",
        "answers": ["105台"],
        "evidence": [{"file": "a.txt", "quote": "巡检机器人105台"}],
        "split": "dev",
    }
    rows = [
        row | {"id": "1", "question": "青禾7月交付了多少台?"},
        row | {"id": "2", "question": "How many inspection robots in July?", "lang": "en"},
    ]
    file = tmp_path / "gold.jsonl"
    file.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), encoding="utf-8")
    assert fitting.main(["--set", str(tmp_path / "index"), str(file)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["questions"], told["held"]) == (2, 1.0)
    assert set(told["same"]) == set(told["other"]) == set(FEATURES)
    assert Weights(tuple(told["same"].values())).values[0] > 0
