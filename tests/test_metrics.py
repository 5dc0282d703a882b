"""eval.metrics: rows worked out by hand, and what must hold for any text or number."""

import doctest
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval import metrics
from eval.metrics import (
    Quote,
    auroc,
    cites_part,
    cites_whole,
    cluster_weights,
    contains,
    correct,
    ece,
    em,
    f1,
    hit_at,
    holds,
    interval,
    is_valid,
    longest_shared_run,
    ndcg,
    normalise,
    occurrences,
    ranks,
    ratio,
    reciprocal_rank,
    segments,
)

TEXTS = st.text(alphabet="松延动力 105,.-a B，。《》n't3%\n", max_size=20)


def one(measure, first, second):
    """Call a measure over questions with every weight 1."""
    first, second = np.array(first, dtype=float), np.array(second, dtype=float)
    return float(measure(first, second, np.ones((1, len(first))))[0])


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(metrics).failed == 0


# ---------------------------------------------------------------- texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("７月 交付１０５台！", "7月交付105台"),
        ("Unitree  R1", "unitreer1"),
        ("1,300", "1300"),
        ("3，000万", "3000万"),
        ("3.0", "3.0"),
        ("10-20", "10 20"),
        ("10～20", "10 20"),
        ("1,2,3", "1 2 3"),
        ("2025年8月16日。", "2025年8月16日"),
        ("30%", "30%"),
        ("zero\u200bwidth", "zerowidth"),
        ("《》", ""),
    ],
)
def test_normalise_drops_marks_and_keeps_numbers_apart(text, expected):
    assert normalise(text) == expected


@pytest.mark.parametrize(
    "text", ["300", "3.0", "1,300", "130", "30.5", "0.30", "３００台", "1,030"]
)
def test_30_is_not_contained_in_another_number(text):
    assert not contains(text, "30")


@pytest.mark.parametrize(
    "text", ["30", "30台", "第30名", "从30到300", "300或30", "30。", "5-30", "30%"]
)
def test_30_is_contained_where_it_stands_as_a_number(text):
    assert contains(text, "30")


def test_a_form_without_letters_or_digits_is_contained_nowhere():
    assert not contains("。。。", "。")


@given(TEXTS, TEXTS, TEXTS)
def test_a_form_is_contained_wherever_marks_set_it_off(before, form, after):
    assert contains(f"{before}|{form}|{after}", form) == bool(normalise(form))


@pytest.mark.parametrize(
    ("answer", "answers", "all_of", "expected"),
    [
        ("105台", ["105台", "105"], [], True),
        ("交付人形机器人105台", ["105台"], [], True),
        ("1050台", ["105"], [], False),
        ("105台" + "多" * 30, ["105台"], [], True),
        ("105台" + "多" * 31, ["105台"], [], False),
        ("张三、李四和王五", ["张三、李四"], [["张三"], ["李四", "Li Si"]], True),
        ("张三和王五", ["张三、李四"], [["张三"], ["李四"]], False),
        (None, ["105台"], [], False),
        ("", ["105台"], [], False),
        ("有答案", [], [], False),
    ],
)
def test_correct_follows_the_contract(answer, answers, all_of, expected):
    assert correct(answer, answers, all_of) is expected


# ---------------------------------------------------------------- EM and F1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("松延动力N2", ["松", "延", "动", "力", "n2"]),
        ("售价3.99万元", ["售", "价", "3.99", "万", "元"]),
        ("1,300台", ["1,300", "台"]),
        ("Don't panic, OK.", ["do", "n't", "panic", ",", "ok", "."]),
        ("增长30%", ["增", "长", "30", "%"]),
        ("《黑神话：悟空》", ["黑", "神", "话", "悟", "空"]),
        ("N-2", ["n2"]),
        ("", []),
    ],
)
def test_segments_are_chinese_characters_and_latin_words(text, expected):
    assert segments(text) == expected


@pytest.mark.parametrize(
    ("answer", "answers", "exact", "score"),
    [
        ("105台", ["105台"], True, 1),
        ("《黑神话：悟空》", ["黑神话悟空"], True, 1),
        ("Unitree R1", ["unitree r1"], True, 1),
        ("交付105台", ["105台"], False, 2 / 3),  # 交 付 105 台: 2 of 4 and 2 of 2
        ("北京大学", ["北方大学"], False, 1 / 2),  # 大学 only: 北 is not next to it
        ("1050台", ["105台"], False, 1 / 2),  # 台 only: a number is one segment
        ("105台.", ["105台"], False, 4 / 5),  # the ASCII dot is a segment: 2 of 3 and 2 of 2
        ("在北京", ["上海", "北京市"], False, 2 / 3),  # the better form: 2 of 3 and 2 of 3
        ("上海", ["北京"], False, 0),
        ("", ["北京"], False, 0),
        ("上海", [], False, 0),
    ],
)
def test_em_and_f1_equal_rows_worked_out_by_hand(answer, answers, exact, score):
    assert em(answer, answers) is exact
    assert f1(answer, answers) == pytest.approx(score)


@given(TEXTS, TEXTS)
def test_f1_is_symmetric_and_between_0_and_1(answer, form):
    score = f1(answer, [form])
    assert 0 <= score <= 1
    assert score == pytest.approx(f1(form, [answer]))


@given(TEXTS, TEXTS)
def test_an_exact_match_with_words_has_f1_1(answer, form):
    if em(answer, [form]) and segments(answer):
        assert f1(answer, [form]) == 1


@given(TEXTS)
def test_a_text_matches_itself(text):
    assert em(text, [text])
    assert f1(text, [text]) == float(bool(segments(text)))


@given(TEXTS, st.lists(TEXTS, max_size=3), TEXTS)
def test_a_further_accepted_form_never_lowers_f1(answer, answers, more):
    assert f1(answer, [*answers, more]) >= f1(answer, answers)


@given(st.lists(st.sampled_from("ab"), max_size=8), st.lists(st.sampled_from("ab"), max_size=8))
def test_longest_shared_run_equals_brute_force(first, second):
    runs = {tuple(first[i:j]) for i in range(len(first)) for j in range(i + 1, len(first) + 1)}
    others = {tuple(second[i:j]) for i in range(len(second)) for j in range(i + 1, len(second) + 1)}
    assert longest_shared_run(first, second) == max(map(len, runs & others), default=0)


# ---------------------------------------------------------------- retrieval


def hit(text, source="a.txt"):
    return {"source": source, "text": text}


def test_ranks_need_the_whole_quote_in_the_same_source():
    hits = [
        hit("7月交付机器人", "a.txt"),
        hit("7月交付105台", "b.txt"),
        hit("今年 7月\n交付105台", "a.txt"),
    ]
    assert ranks(hits, [Quote("a.txt", "7月交付105台"), Quote("a.txt", "没有")]) == [3, None]


def test_holds_ignores_white_space_and_control_characters():
    assert holds("8\n月 的\ue000目标", "8月的目标")
    assert not holds("8月的目标", " ")


@pytest.mark.parametrize(
    ("places", "at1", "at5", "reciprocal", "gain"),
    [
        ([1], 1, 1, 1, 1),
        ([3], 0, 1, 1 / 3, 1 / 2),  # 1 / log2(4)
        ([10], 0, 0, 1 / 10, 1 / math.log2(11)),
        ([11], 0, 0, 0, 0),
        ([None], 0, 0, 0, 0),
        ([1, 2], 1, 1, 1, 1),
        ([1, 1], 1, 1, 1, 1),  # one hit holds both: nothing better exists
        ([1, None], 1, 1, 1, 1 / (1 + 1 / math.log2(3))),
        ([2, 2], 0, 1, 1 / 2, 1 / math.log2(3)),
        ([], 0, 0, 0, 0),
    ],
)
def test_rank_measures_equal_values_worked_out_by_hand(places, at1, at5, reciprocal, gain):
    assert hit_at(1, places) == at1
    assert hit_at(5, places) == at5
    assert reciprocal_rank(places) == pytest.approx(reciprocal)
    assert ndcg(places) == pytest.approx(gain)


@given(st.lists(st.none() | st.integers(1, 30), max_size=15))
def test_rank_measures_stay_in_range(places):
    assert 0 <= reciprocal_rank(places) <= hit_at(10, places) <= 1
    assert 0 <= ndcg(places) <= hit_at(10, places) + 1e-12
    assert hit_at(1, places) <= hit_at(3, places) <= hit_at(10, places)


# ---------------------------------------------------------------- citations

RAW = "标题\n今年7月\n交付人形机器人105台，创了纪录。\n8月的目标是200台。\n"
SOURCES = {"a.txt": RAW}


def cite(quote, *spans, source="a.txt"):
    return {"source": source, "quote": quote, "spans": [list(span) for span in spans]}


def at(text):
    return RAW.index(text), RAW.index(text) + len(text)


def test_occurrences_look_past_line_breaks():
    (place,) = occurrences(RAW, "7月交付")
    assert RAW[place.start : place.end] == "7月\n交付"
    assert occurrences("aa a", "aa") == [(0, 2), (1, 4)]


@pytest.mark.parametrize(
    ("citation", "valid"),
    [
        (cite("今年7月交付", at("今年7月\n交付")), True),
        (cite("今年7月交付", at("今年7月"), at("交付")), True),
        (cite("交付今年7月", at("今年7月"), at("交付")), False),
        (cite("8月的目标是２００台", at("8月的目标是200台")), True),
        (cite("8月的目标是300台", at("8月的目标是200台")), False),
        (cite("8月", (0, 10_000)), False),
        (cite("8月", (-3, -1)), False),
        (cite("8月", (5, 5)), False),
        (cite("", at("\n")), False),
        (cite("8月"), False),
        (cite("8月", at("8月"), source="b.txt"), False),
    ],
)
def test_a_citation_is_valid_when_its_spans_are_its_quote(citation, valid):
    assert is_valid(citation, SOURCES) is valid


EVIDENCE = [Quote("a.txt", "交付人形机器人105台")]


@pytest.mark.parametrize(
    ("citation", "whole", "part"),
    [
        (cite("…", at("7月\n交付人形机器人105台，创")), True, True),
        (cite("…", at("105台，创了纪录")), False, True),
        (cite("…", at("8月的目标")), False, False),
        (cite("…", at("105台"), source="b.txt"), False, False),
        (cite("…", (0, 10_000)), False, False),
    ],
)
def test_a_citation_holds_or_overlaps_the_evidence(citation, whole, part):
    assert cites_whole(citation, EVIDENCE, SOURCES) is whole
    assert cites_part(citation, EVIDENCE, SOURCES) is part


# ---------------------------------------------------------------- many questions


def test_ratio_is_a_weighted_mean_and_nan_over_nothing():
    assert one(ratio, [1, 0, 1], [1, 1, 2]) == 0.5
    assert math.isnan(one(ratio, [], []))


@pytest.mark.parametrize(
    ("confidence", "right", "expected"),
    [
        ([0.9, 0.8, 0.2], [1, 1, 0], 1),
        ([0.1, 0.9], [1, 0], 0),
        ([0.5, 0.5], [1, 0], 0.5),
        ([0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0], 7 / 8),  # of four pairs three are won and one is tied
    ],
)
def test_auroc_equals_values_worked_out_by_hand(confidence, right, expected):
    assert one(auroc, confidence, right) == pytest.approx(expected)


def test_auroc_is_undefined_without_both_outcomes():
    assert math.isnan(one(auroc, [0.5, 0.6], [1, 1]))
    assert math.isnan(one(auroc, [], []))


JUDGED = st.lists(
    st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.booleans(), st.integers(0, 3)),
    min_size=1,
    max_size=30,
)


@given(JUDGED)
def test_weighted_auroc_equals_counting_every_pair(judged):
    confidence, right, weight = (
        np.array(column, dtype=float) for column in zip(*judged, strict=True)
    )
    won = total = 0.0
    for c, r, w in judged:
        for other, other_right, other_weight in judged:
            if r and not other_right:
                won += w * other_weight * ((c > other) + (c == other) / 2)
                total += w * other_weight
    value = auroc(confidence, right, weight[np.newaxis])[0]
    assert (math.isnan(value) and not total) or value == pytest.approx(won / total)


@pytest.mark.parametrize(
    ("confidence", "right", "expected"),
    [
        ([0.95, 0.95], [1, 0], 0.45),
        ([1.0, 0.0], [1, 0], 0),
        ([0.85, 0.25, 0.25], [1, 1, 0], (0.15 + 0.5) / 3),
    ],
)
def test_ece_equals_values_worked_out_by_hand(confidence, right, expected):
    assert one(ece, confidence, right) == pytest.approx(expected)


@given(JUDGED)
def test_ece_stays_between_0_and_1(judged):
    value = one(ece, [c for c, _, _ in judged], [r for _, r, _ in judged])
    assert 0 <= value <= 1


def test_questions_of_a_cluster_are_drawn_together_and_always_the_same():
    weights = cluster_weights(["a", "b", "a", "c"])
    assert weights.shape == (metrics.RESAMPLES, 4)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert (weights == cluster_weights(["a", "b", "a", "c"])).all()


def test_clustered_questions_give_a_wider_interval_than_independent_ones():
    right = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0] * 4, dtype=float)
    alone = ratio(right, np.ones(40), cluster_weights([str(n) for n in range(40)]))
    together = ratio(right, np.ones(40), cluster_weights([str(n // 5) for n in range(40)]))
    (low, high), (wide_low, wide_high) = interval(alone), interval(together)
    assert wide_high - wide_low > high - low


@settings(max_examples=20)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abcdef")), min_size=1, max_size=20))
def test_an_interval_stays_in_the_range_of_its_measure(rows):
    right = np.array([r for r, _ in rows], dtype=float)
    low, high = interval(ratio(right, np.ones(len(rows)), cluster_weights([c for _, c in rows])))
    assert 0 <= low <= high <= 1


def test_there_is_no_interval_when_most_resamplings_are_undefined():
    assert interval(np.array([np.nan, np.nan, 1.0])) is None
    assert interval(np.array([])) is None
