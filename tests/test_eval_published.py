"""Our measures beside the published: CMRC 2018 and SQuAD 2.0 by hand, ir-measures by machine."""

import json
import math

import ir_measures
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import RR, Qrel, ScoredDoc, Success, nDCG

from eval.metrics import Quote, hit_at, ndcg, ranks, reciprocal_rank
from eval.squad import closed_book
from rag.types import Answer

# ---------------------------------------------------------------- CMRC 2018 and SQuAD 2.0
# (question id, accepted forms, answer or None, CMRC em, CMRC f1, SQuAD em, SQuAD f1), by hand

ROWS = [
    # CMRC: marks of its list go; 8 of 8 segments
    ("zh-exact", ["2025年8月16日"], "2025年8月16日", 1, 1, 1, 1),
    # CMRC: 《》 and ： are marks, so the texts are equal; SQuAD strips ASCII marks only
    ("zh-marks", ["《黑神话：悟空》"], "黑神话悟空", 1, 1, 0, 0),
    # 交 付 105 台 against 105 台: longest shared run 2, P 2/4, R 2/2; SQuAD: other word
    ("zh-longer", ["105台"], "交付105台", 0, 2 / 3, 0, 0),
    # 北 京 大 学 against 北 方 大 学: longest run 2 (大学), not the subsequence of 3
    ("zh-gap", ["北方大学"], "北京大学", 0, 1 / 2, 0, 0),
    # the better of two forms: 北京市 has 北京: P 2/2, R 2/3
    ("zh-two-forms", ["上海", "北京市"], "北京", 0, 4 / 5, 0, 0),
    # Traditional is not Simplified: 灣 and 湾 differ; 台 is shared by both: 1 of 2
    ("zh-hant", ["台灣"], "台湾", 0, 1 / 2, 0, 0),
    # SQuAD: lower case, the article goes; CMRC keeps "the": run of 2 of 3
    ("en-article", ["Eiffel Tower"], "the Eiffel Tower", 0, 4 / 5, 1, 1),
    # SQuAD: a bag, order does not count; CMRC: longest run 1 of 2
    ("en-order", ["Eiffel Tower"], "Tower Eiffel", 0, 1 / 2, 0, 1),
    # SQuAD: "in paris" against "paris": P 1/2, R 1; CMRC the same
    ("en-longer", ["Paris"], "in Paris", 0, 2 / 3, 0, 2 / 3),
    # SQuAD: "30," loses its comma; CMRC cuts the comma off as a segment: P 1/2
    ("en-marks", ["30"], "30,", 0, 2 / 3, 1, 1),
    # a refusal of an answerable question is 0 in all
    ("has-refused", ["105台"], None, 0, 0, 0, 0),
    # SQuAD 2.0: no answer and none given is 1, one given is 0
    ("no-refused", [], None, 1, 1, 1, 1),
    ("no-answered", [], "105台", 0, 0, 0, 0),
]


class GivenBot:
    """Gives the answers of the table above."""

    def ask_text(self, question, text, *, must_answer=False):
        (answer,) = [answer for name, _, answer, *_ in ROWS if name == question]
        return Answer(question, answer, answer or "", answer is None, 0.5)


def as_jsonl():
    rows = [
        {
            "id": name,
            "question": name,
            "context": f"文章{name}",
            "answers": [{"text": f} for f in forms],
        }
        for name, forms, *_ in ROWS
    ]
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def as_squad():
    """SQuAD 2.0's own form: nested, with is_impossible."""
    paragraphs = [
        {
            "context": f"文章{name}",
            "qas": [
                {
                    "id": name,
                    "question": name,
                    "is_impossible": not forms,
                    "answers": [{"text": form, "answer_start": 0} for form in forms],
                }
            ],
        }
        for name, forms, *_ in ROWS
    ]
    return json.dumps({"version": "v2.0", "data": [{"title": "t", "paragraphs": paragraphs}]})


@pytest.mark.parametrize(
    ("name", "text"), [("set.jsonl", as_jsonl()), ("set.json", as_squad())], ids=["JSONL", "JSON"]
)
def test_em_and_f1_of_both_definitions_equal_rows_worked_out_by_hand(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    result = closed_book(GivenBot(), path)
    for (row, _, _, *expected), scored in zip(ROWS, result["questions"], strict=True):
        found = [scored[key] for key in ("em", "f1", "squad_em", "squad_f1")]
        assert found == pytest.approx(expected), row


def test_the_halves_with_and_without_answers_are_told_apart_as_squad_2_does(tmp_path):
    path = tmp_path / "set.jsonl"
    path.write_text(as_jsonl(), encoding="utf-8")
    result = closed_book(GivenBot(), path)
    assert result["no_answer"] == {
        "questions": 2, "em": 0.5, "f1": 0.5, "squad_em": 0.5, "squad_f1": 0.5
    }  # fmt: skip
    answerable = [row for row in ROWS if row[1]]
    for place, key in ((3, "em"), (4, "f1"), (5, "squad_em"), (6, "squad_f1")):
        expected = sum(row[place] for row in answerable) / len(answerable)
        assert result["has_answer"][key] == pytest.approx(expected, abs=1e-4)
    assert (result["false_answers"], result["false_refusals"]) == (0.5, round(1 / 11, 4))


def test_answers_to_a_public_set_are_kept_and_resumed(tmp_path):
    path, kept = tmp_path / "set.jsonl", tmp_path / "out.jsonl"
    path.write_text(as_jsonl(), encoding="utf-8")
    first = closed_book(GivenBot(), path, predictions=kept)
    lines = kept.read_bytes().split(b"\n")
    kept.write_bytes(b"\n".join(lines[:5]))
    told = []
    assert closed_book(GivenBot(), path, predictions=kept, progress=told.append) == first
    assert told[0].startswith("5 of 13 answers kept") or told[0].startswith("4 of 13")
    assert kept.read_bytes().split(b"\n") == lines


# ---------------------------------------------------------------- ir-measures


def retrieved(places, length=12):
    """Lay out `length` hits with one quote each at the places given; None is nowhere."""
    quotes = [Quote(f"d{n}.txt", f"证据{n}号") for n in range(len(places))]
    hits = [{"source": f"x{rank}.txt", "text": "无"} for rank in range(1, length + 1)]
    for quote, place in zip(quotes, places, strict=True):
        if place is not None:
            hits[place - 1] = {"source": quote.file, "text": f"前文，{quote.quote}，后文"}
    return hits, quotes


def field_values(hits, quotes):
    qrels = [Qrel("q", quote.file, 1) for quote in quotes]
    run = [ScoredDoc("q", hit["source"], float(-rank)) for rank, hit in enumerate(hits, 1)]
    wanted = [Success @ 1, Success @ 3, Success @ 5, Success @ 10, RR @ 10, nDCG @ 10]
    found = ir_measures.calc_aggregate(wanted, qrels, run)
    return [found[measure] for measure in wanted]


def our_values(hits, quotes):
    places = ranks(hits, quotes)
    hit = [hit_at(k, places) for k in (1, 3, 5, 10)]
    return [*hit, reciprocal_rank(places), ndcg(places)]


@pytest.mark.parametrize("places", [[1], [3], [11], [None], [2, 5], [1, None, 10], [4, 12, None]])
def test_rank_measures_equal_those_of_ir_measures(places):
    hits, quotes = retrieved(places)
    assert our_values(hits, quotes) == pytest.approx(field_values(hits, quotes))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.none() | st.integers(1, 12), min_size=1, max_size=6).filter(
        lambda places: len({p for p in places if p}) == sum(p is not None for p in places)
    )
)
def test_rank_measures_equal_those_of_ir_measures_for_any_ranking(places):
    hits, quotes = retrieved(places)
    assert our_values(hits, quotes) == pytest.approx(field_values(hits, quotes))


def test_a_hit_that_brings_nothing_new_gains_nothing_where_the_field_would_count_it_twice():
    quote = Quote("a.txt", "证据")
    twice = [{"source": "a.txt", "text": "证据"}, {"source": "a.txt", "text": "又是证据"}]
    assert ndcg(ranks(twice, [quote])) == 1
    both = [Quote("a.txt", "证据一"), Quote("a.txt", "证据二")]
    assert ndcg(ranks([{"source": "a.txt", "text": "证据一，证据二"}], both)) == 1
    assert math.isclose(ndcg([2]), 1 / math.log2(3))
