"""eval.report: measures over gold and predictions, the gate, the table and the page."""

import json
from dataclasses import replace

import pytest

from eval.gold import GoldRow
from eval.judge import MEASURES, cluster_of
from eval.metrics import Quote
from eval.report import load_report, measure, table, worse, write_report
from rag.errors import GoldError
from rag.types import Article, Run

RAW = "甲文。\n今年7月\n交付105台。\n乙文。8月的目标是200台。"
SOURCES = {"a.txt": RAW, "b.txt": "<b>另一页</b>"}
ARTICLES = [
    Article("a1", "a.txt", RAW[:16], (Run(0, 0, 16),)),
    Article("a2", "a.txt", RAW[16:], (Run(0, 16, 16),)),
]


def row(name, answers=("105台",), quote="7月交付105台", **more):
    fields = {
        "question": f"问题 {name}？",
        "lang": "zh",
        "answers": answers,
        "answerable": bool(answers),
        "type": "number" if answers else "unanswerable",
        "evidence": (Quote("a.txt", quote),) if answers else (),
        "difficulty": "easy",
    }
    return GoldRow(id=name, **(fields | more))


def cited(text):
    start = RAW.index(text)
    return {"source": "a.txt", "quote": text, "spans": [[start, start + len(text)]]}


def prediction(name, answer, confidence=0.9, citations=(), hits=()):
    return {
        "id": name,
        "question": f"问题 {name}？",
        "answer": answer,
        "text": answer or "没有找到",
        "refused": answer is None,
        "confidence": confidence,
        "citations": list(citations),
        "hits": [{"source": "a.txt", "text": text} for text in hits],
        "milliseconds": {"search": 1.0, "total": 4.0},
    }


ROWS = [
    row("g1"),
    row("g2", ("200台",), "目标是200台", lang="en"),
    row("g3", difficulty="hard"),
    row("g4", ()),
    row("g5", ()),
]
PREDICTIONS = [
    prediction("g1", "105台", 0.95, [cited("7月\n交付105台。")], [RAW]),
    prediction("g2", "105台", 0.55, [cited("7月\n交付105台。"), cited("目标")], ["无", RAW]),
    prediction("g3", None, 0.2, hits=["无"]),
    prediction("g4", "200台", 0.65, [cited("甲文")]),
    prediction("g5", None, 0.05),
]


@pytest.fixture
def measures():
    return measure(ROWS, PREDICTIONS, SOURCES, articles=ARTICLES)


@pytest.mark.parametrize(
    ("name", "value", "counted"),
    [
        ("right", 2 / 5, 5),
        ("correct", 1 / 3, 3),
        ("em", 1 / 3, 3),
        ("f1", (1 + 1 / 2) / 3, 3),  # 105 台 against 200 台: one of two
        ("hit@1", 1 / 3, 3),
        ("hit@3", 2 / 3, 3),
        ("mrr@10", (1 + 1 / 2) / 3, 3),
        ("ndcg@10", (1 + 0.6309) / 3, 3),
        ("citation_precision", 2 / 4, 3),
        ("citation_recall", 1 / 3, 3),
        ("span_validity", 1, 3),
        ("false_answers", 1 / 2, 2),
        ("false_refusals", 1 / 3, 3),
        ("auroc", 1, 4),
        ("ece", (0.05 + 0.55 + 0.65) / 3, 3),
    ],
)
def test_measures_equal_values_worked_out_by_hand(measures, name, value, counted):
    cell = measures["overall"]["measures"][name]
    assert cell["value"] == pytest.approx(value, abs=1e-4)
    assert cell["n"] == counted


def test_every_measure_lies_inside_its_interval(measures):
    for cell in measures["overall"]["measures"].values():
        assert cell["low"] <= cell["value"] <= cell["high"]


def test_groups_hold_their_own_questions(measures):
    by = measures["by"]
    assert {name: part["questions"] for name, part in by["type"].items()} == {
        "number": 3,
        "unanswerable": 2,
    }
    assert by["lang"]["en"]["measures"]["correct"] == {
        "value": 0.0,
        "low": None,
        "high": None,
        "n": 1,
    }
    assert by["answerable"]["yes"]["measures"]["false_answers"]["value"] is None
    assert by["difficulty"]["hard"]["measures"]["false_refusals"]["value"] == 1


def test_a_question_clusters_with_its_article_and_an_unanswerable_one_stands_alone():
    assert cluster_of(ROWS[0], SOURCES, ARTICLES) == "a.txt article a1"
    assert cluster_of(ROWS[1], SOURCES, ARTICLES) == "a.txt article a2"
    assert cluster_of(ROWS[1], SOURCES) == "a.txt"
    assert cluster_of(ROWS[3], SOURCES, ARTICLES) == "question g4"


def test_the_same_predictions_give_the_same_report(measures):
    assert measure(ROWS, PREDICTIONS, SOURCES, articles=ARTICLES) == measures


def test_a_question_without_a_prediction_is_named():
    with pytest.raises(GoldError, match=r"1 of 5 questions have no prediction \(g2\)"):
        measure(ROWS, [p for p in PREDICTIONS if p["id"] != "g2"], SOURCES)


def test_a_prediction_to_another_question_is_named():
    changed = [PREDICTIONS[0] | {"question": "别的？"}, *PREDICTIONS[1:]]
    with pytest.raises(GoldError, match=r"another question .*\(g1\)"):
        measure(ROWS, changed, SOURCES)


def test_predictions_of_other_ids_are_left_aside(measures):
    more = [*PREDICTIONS, prediction("x", "多")]
    assert measure(ROWS, more, SOURCES, articles=ARTICLES) == measures


# ---------------------------------------------------------------- the gate

MANY = [row(f"m{n}") for n in range(20)] + [row(f"u{n}", ()) for n in range(10)]


def run_with(wrong=(), valid=True):
    """Judge a bot that deals with every question rightly but for the named ones."""
    citation = cited("7月\n交付105台。") if valid else cited("甲文") | {"quote": "乙文"}
    predictions = [
        prediction(r.id, "105台" if r.answerable != (r.id in wrong) else None, 0.9, [citation])
        for r in MANY
    ]
    rows = [replace(r, evidence=(Quote(f"{r.id}.txt", "x"),)) if r.answerable else r for r in MANY]
    return measure(rows, predictions, SOURCES)


def test_nothing_is_worse_than_itself():
    assert worse(run_with(), run_with()) == []


def test_one_more_wrong_question_is_within_noise():
    assert worse(run_with(), run_with({"m0"})) == []


def test_many_more_refusals_are_named_with_both_values():
    lines = worse(run_with(), run_with({f"m{n}" for n in range(10)}))
    (line,) = [line for line in lines if line.startswith("correct")]
    assert line.startswith("correct 1.000 -> 0.500 (difference -0.")
    assert any(line.startswith("false_refusals 0.000 -> 0.500 (difference +0.") for line in lines)


def test_getting_better_is_not_worse():
    assert worse(run_with({f"m{n}" for n in range(10)}), run_with()) == []


def test_an_invalid_span_fails_the_gate_even_when_the_baseline_had_it():
    lines = worse(run_with(valid=False), run_with(valid=False))
    assert lines == ["span_validity is 0.0 but must be 1"]


def test_a_baseline_of_other_questions_or_another_format_is_refused(measures):
    with pytest.raises(GoldError, match="none of these questions"):
        worse(run_with(), measures)
    with pytest.raises(GoldError, match="not a report of this version"):
        worse({"format": 0}, measures)
    with pytest.raises(GoldError, match="not a report of this version"):
        worse({"format": 1, "questions": [{"id": "g1"}]}, measures)


# ---------------------------------------------------------------- to read


def test_the_table_shows_every_measure_and_group(measures):
    text = table(measures)
    assert all(f"\n{name}" in text for name in MEASURES)
    assert "by difficulty" in text
    assert "p95 4.0" in text
    assert max(map(len, text.splitlines())) <= 130


def test_a_report_is_written_and_read_back_as_it_was(tmp_path, measures):
    page = write_report(tmp_path / "new", measures)
    assert page.name == "report.html"
    assert load_report(tmp_path / "new" / "report.json") == json.loads(json.dumps(measures))
    assert worse(load_report(tmp_path / "new" / "report.json"), measures) == []
    assert sorted(p.name for p in page.parent.iterdir()) == ["report.html", "report.json"]


def test_the_page_escapes_whatever_comes_from_outside(tmp_path):
    evil = '<script>alert("x")</script>'
    wrong = prediction("g1", evil, citations=[{"source": evil, "quote": evil, "spans": [[0, 1]]}])
    rows = [row("g1", (evil,), quote="7月交付105台")]
    html = write_report(
        tmp_path, measure(rows, [wrong | {"answer": evil + "!" * 99}], SOURCES)
    ).read_text("utf-8")
    assert "<script" not in html
    asked = [row("g4", (), type="unanswerable", question=evil)]
    given = [wrong | {"id": "g4", "question": evil}]
    html = write_report(tmp_path, measure(asked, given, SOURCES)).read_text("utf-8")
    assert "<script" not in html
    assert (
        html.count("&lt;script&gt;") == 4
    )  # question, answer, and the citation's source and quote


def test_a_file_that_is_no_report_is_refused(tmp_path):
    path = tmp_path / "report.json"
    with pytest.raises(GoldError, match="cannot read the baseline"):
        load_report(path)
    path.write_text("[]")
    with pytest.raises(GoldError, match="not a report"):
        load_report(path)
