"""eval.report: measures over gold and predictions, the table, the page and what it draws."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.baseline import compare
from eval.curves import curves
from eval.gold import GoldRow
from eval.judge import MEASURES, cluster_of
from eval.kinds import KINDS, answer_kind
from eval.metrics import Quote
from eval.report import judge_all, shown_difference, snippet, table, worst, write_report
from eval.report import measure as measure_judged
from rag.errors import GoldError
from rag.types import Article, Run

RAW = "甲文。\n今年7月\n交付105台。\n乙文。8月的目标是200台。"
SOURCES = {"a.txt": RAW, "b.txt": "<b>另一页</b>"}
ARTICLES = [
    Article("a1", "a.txt", RAW[:16], (Run(0, 0, 16),), title="甲文的标题"),
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


def measure(rows, predictions, sources, articles=()):
    questions = judge_all(rows, predictions, sources, articles)
    return measure_judged(questions) | {"worst": worst(questions, predictions, read=1)}


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
    assert {name: part["questions"] for name, part in by["article"].items()} == {
        "甲文的标题": 2,
        "乙文。8月的目标是200台。": 1,
        "(no article: unanswerable)": 2,
    }


def test_a_question_clusters_with_its_article_and_an_unanswerable_one_stands_alone():
    assert cluster_of(ROWS[0], SOURCES, ARTICLES) == ("a.txt article a1", "甲文的标题")
    assert cluster_of(ROWS[1], SOURCES, ARTICLES) == (
        "a.txt article a2",
        "乙文。8月的目标是200台。",
    )
    assert cluster_of(ROWS[1], SOURCES) == ("a.txt", "a.txt")
    assert cluster_of(ROWS[3], SOURCES, ARTICLES) == ("question g4", None)


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


# ---------------------------------------------------------------- to read


def test_the_table_shows_every_measure_and_group(measures):
    text = table(measures)
    assert all(f"\n{name}" in text for name in MEASURES)
    assert "by difficulty" in text
    assert "p95 4.0" in text
    assert max(map(len, text.splitlines())) <= 130


def test_a_report_is_written_whole(tmp_path, measures):
    page = write_report(tmp_path / "new", measures)
    assert page.name == "report.html"
    kept = json.loads((tmp_path / "new" / "report.json").read_text("utf-8"))
    assert kept == json.loads(json.dumps(measures))
    assert sorted(p.name for p in page.parent.iterdir()) == ["report.html", "report.json"]


def page_of(tmp_path, rows, predictions, **more):
    return write_report(tmp_path, measure(rows, predictions, SOURCES, ARTICLES) | more).read_text(
        "utf-8"
    )


def test_the_page_escapes_whatever_comes_from_outside(tmp_path):
    evil = '<script>alert("x")</script>'
    wrong = prediction("g1", evil, citations=[{"source": evil, "quote": evil, "spans": [[0, 1]]}])
    rows = [row("g1", (evil,), quote="7月交付105台", type="number", difficulty="easy")]
    html = page_of(tmp_path, rows, [wrong | {"answer": evil + "多" * 99}])
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 4  # expected, answer, the citation's source and quote
    asked = [row("g4", (), type="unanswerable", question=evil)]
    given = [wrong | {"id": "g4", "question": evil, "hits": [{"source": evil, "text": evil}]}]
    html = page_of(tmp_path, asked, given, about={"facts": [evil]})
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 7


def test_the_page_asks_nothing_of_any_other_machine(tmp_path):
    html = page_of(tmp_path, ROWS, PREDICTIONS)
    assert not re.search(r"https?:|//\w|<link|<script|<iframe|@import|url\(", html)
    assert not re.search(r"\s(?:src|onclick|onload)=", html)


def test_the_page_is_well_formed_to_its_last_tag(tmp_path):
    html = page_of(tmp_path, ROWS, PREDICTIONS)
    opened = []
    for closing, name, alone in re.findall(r"<(/?)([a-z0-9]+)[^>]*?(/?)>", html):
        if closing:
            assert opened.pop() == name
        elif not alone and name not in ("meta", "br"):
            opened.append(name)
    assert opened == []


def test_the_page_shows_every_plot_and_section(tmp_path, measures):
    html = page_of(tmp_path, ROWS, PREDICTIONS)
    assert html.count('class="plot"') == 6
    for name in ("plots", "measures", "groups", "kinds", "worst"):
        assert f'<section id="{name}">' in html
        assert f'href="#{name}"' in html
    assert 'id="robustness"' not in html
    assert 'id="change"' not in html


def test_the_worst_questions_show_what_was_retrieved_read_and_cited(measures):
    by_id = {one["id"]: one for one in measures["worst"]}
    assert [one["id"] for one in measures["worst"]] == ["g4", "g2", "g3"]  # .65, .55, a refusal
    assert by_id["g4"]["verdict"] == "answered, though the articles do not say"
    assert by_id["g3"]["verdict"] == "refused, evidence not found"
    assert [(hit["read"], hit["holds"]) for hit in by_id["g2"]["hits"]] == [
        (True, False),
        (False, True),
    ]


def test_a_snippet_shows_the_evidence_however_far_in_it_stands():
    text = "甲" * 500 + "7月\n交付105台" + "乙" * 500
    assert "7月 交付105台" in snippet(text, ["7月交付105台"])
    assert len(snippet(text, ["没有"])) <= 152
    assert snippet("短", ["没有"]) == "短"


def test_the_difference_is_shown_with_the_answers_of_then(tmp_path):
    before = judge_all(ROWS, PREDICTIONS, SOURCES, ARTICLES)
    better = [PREDICTIONS[0], prediction("g2", "200台", 0.7), *PREDICTIONS[2:4]]
    better += [prediction("g5", "错的", 0.9)]
    now = judge_all(ROWS, better, SOURCES, ARTICLES)
    old = {question.id: question for question in before}
    difference = shown_difference(compare(old, now), old, now)
    assert (difference["won"], difference["lost"]) == (["g2"], ["g5"])
    html = page_of(tmp_path, ROWS, better, difference=difference)
    change = html[html.index('id="change"') : html.index('id="plots"')]
    assert change.count('<span class="good">won</span>') == 1
    assert change.count('<span class="bad">lost</span>') == 1
    assert "错的" in change
    assert "105台" in change  # what was answered before
    assert "1 won, 1 lost, 3 unchanged" in table(
        measure(ROWS, better, SOURCES) | {"difference": difference}
    )


# ---------------------------------------------------------------- what is drawn


def test_the_curves_equal_values_worked_out_by_hand():
    drawn = curves(judge_all(ROWS, PREDICTIONS, SOURCES, ARTICLES))
    # answered: g1 .95 right, g4 .65 wrong, g2 .55 wrong; two of five refused
    assert drawn["risk_coverage"] == [[0.2, 0.0], [0.4, 0.5], [0.6, 0.6667]]
    assert [(b["from"], b["n"], b["right"]) for b in drawn["reliability"]] == [
        (0.5, 1, 0.0),
        (0.6, 1, 0.0),
        (0.9, 1, 1.0),
    ]
    ranks = drawn["evidence_rank"]
    assert (ranks["1"], ranks["2"], ranks["not among the hits"]) == (1, 1, 1)
    assert drawn["confusion"] == {
        "number": {"number": 2, "none": 1},
        "none": {"number": 1, "none": 1},
    }
    assert drawn["times"] == [4.0] * 5


def test_answers_of_one_confidence_are_one_point_of_the_risk():
    rows = [row("g1"), row("g3")]
    same = [prediction("g1", "105台", 0.5), prediction("g3", "1台", 0.5)]
    assert curves(judge_all(rows, same, SOURCES))["risk_coverage"] == [[1.0, 0.5]]
    assert curves(judge_all(rows[::-1], same, SOURCES))["risk_coverage"] == [[1.0, 0.5]]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("105台", "number"),
        ("超500亿美元", "number"),
        ("约三成", "number"),
        ("8月8日至12日", "time"),
        ("2025年初", "time"),
        ("去年底", "time"),
        ("In June 2024", "time"),
        ("刘慈欣", "name"),
        ("香港中文大学人工智能学院", "name"),
        ("Noetix Robotics", "name"),
        ("《三体》", "title"),
        ("“实用、好用”", "title"),
        ("红杉、高瓴和腾讯", "list"),
        ("Beijing and Shanghai", "list"),
        ("不是", "whether"),
        ("Yes.", "whether"),
        ("制造业企业面临招工难和留工难的问题", "clause"),
        (None, "none"),
    ],
)
def test_the_kind_of_an_answer_is_told_from_its_words(answer, kind):
    assert answer_kind(answer) == kind


@given(st.text(max_size=30))
def test_every_text_has_a_kind(text):
    assert answer_kind(text) in KINDS[:-1]
