"""eval.authoring and eval.drafts: gold rows checked, drafted, made from chat, accepted."""

import json

import pytest

from eval import gold
from eval.authoring import accept, append_row, check, feedback_row, language, type_of
from eval.drafts import drafts_of, suggest
from eval.gold import TYPES
from rag.articles import split_articles
from rag.errors import GoldError
from rag.types import Source

RAW = "今年7月\n交付人形机器人105台，创了纪录。8月的目标是200台。再说一遍：创了纪录。"
SOURCES = {"a.txt": RAW, "b.txt": "转载：今年7月交付人形机器人105台，创了纪录。", "c.txt": "别的。"}
ROW = {
    "id": "g1",
    "question": "七月里卖出去几台？",
    "lang": "zh",
    "answers": ["105台"],
    "answerable": True,
    "type": "number",
    "evidence": [
        {"file": "a.txt", "quote": "交付人形机器人105台"},
        {"file": "b.txt", "quote": "交付人形机器人105台"},
    ],
    "difficulty": "easy",
}


def write(folder, *rows):
    path = folder / "gold.jsonl"
    lines = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def evidence(*quotes):
    return [{"file": "a.txt", "quote": quote} for quote in quotes]


# ---------------------------------------------------------------- check


def test_a_good_file_has_nothing_to_say(tmp_path):
    assert check(write(tmp_path, ROW), SOURCES) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"evidence": evidence("8月的目标是300台")}, "error: (no id) (g1) evidence"),
        ({"answers": ["200"], "evidence": evidence("8月的目标是20")}, "no accepted form stands"),
        ({"evidence": evidence("交付人形机器人105台")}, "stands in b.txt too; list it"),
        (
            {"answers": ["纪录"], "evidence": evidence("创了纪录", "人形机器人105台")},
            "ambiguous quote: it stands 2 times in a.txt",
        ),
        ({"question": "七月卖出去105台还是多少？"}, "the question holds its own answer"),
        (
            {
                "question": "今年7月交付人形机器人几台？",
                "evidence": evidence("今年7月交付人形机器人105台，"),
            },
            "the question copies 11 of its 13 characters",
        ),
        ({"all_of": [["105"], ["1000"]]}, "not in evidence: of all_of, 1000"),
        ({"answers": ["105", "105台"], "evidence": evidence("机器人")}, "answer not in evidence"),
    ],
)
def test_what_is_wrong_or_doubtful_is_named_with_its_line(tmp_path, change, said):
    other = ROW | {"id": "g0", "question": "别的事？"}
    found = check(write(tmp_path, other, ROW | change), SOURCES)
    mine = [str(one) for one in found if one.line == 2]
    assert any(said in text for text in mine), mine


def test_answers_that_are_put_together_need_not_stand_in_the_evidence(tmp_path):
    row = ROW | {"type": "yesno", "answers": ["是"]}
    assert check(write(tmp_path, row), SOURCES) == []


def test_an_english_question_over_chinese_evidence_may_have_english_answers(tmp_path):
    row = ROW | {"lang": "en", "question": "How many?", "answers": ["one hundred and five"]}
    assert check(write(tmp_path, row), SOURCES) == []


def test_the_same_question_twice_is_named_however_it_is_written(tmp_path):
    again = ROW | {"id": "g2", "question": "七月裡 賣出去幾臺"}
    followed = ROW | {"id": "g3", "history": [["松延动力呢？", "它"]]}
    (found,) = check(write(tmp_path, ROW, again, followed), SOURCES)
    assert str(found) == "line 2: warning: (g2) asks the same as g1 on line 1"


def test_a_draft_is_told_with_what_it_lacks(tmp_path):
    draft = {"id": "d1", "question": "谁？", "status": "draft"}
    whole = ROW | {"id": "d2", "status": "draft"}
    found = check(write(tmp_path, ROW, draft, whole), SOURCES)
    assert [one.level for one in found] == ["draft", "draft"]
    assert "lang is missing; answers is missing" in found[0].text
    assert "complete" in found[1].text


def test_bad_lines_do_not_hide_what_comes_after_them(tmp_path):
    found = check(write(tmp_path, "{broken", ROW | {"question": "七月卖出去105台？"}), SOURCES)
    assert [(one.line, one.level) for one in found] == [(1, "error"), (2, "warning")]


# ---------------------------------------------------------------- drafts are not counted


def test_drafts_are_never_asked(tmp_path):
    path = write(
        tmp_path,
        ROW,
        ROW | {"id": "d1", "status": "draft"},
        '{"id": "d2", "question": "谁？", "status": "draft"}',
    )
    assert [row.id for row in gold.load(path, SOURCES)] == ["g1"]


def test_a_file_of_drafts_only_cannot_be_scored(tmp_path):
    path = write(tmp_path, ROW | {"status": "draft"})
    with pytest.raises(GoldError, match="holds 1 drafts and nothing accepted"):
        gold.load(path, SOURCES)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (ROW | {"status": "maybe"}, "status must be 'draft' or 'accepted'"),
        ({"question": "谁？", "status": "draft"}, "a draft needs id"),
        ({"id": "d1", "status": "draft"}, "a draft needs question"),
    ],
)
def test_a_status_or_draft_that_makes_no_sense_is_a_bad_line(tmp_path, row, message):
    with pytest.raises(GoldError, match=f"line 1: .*{message}"):
        gold.load(write(tmp_path, row), SOURCES)


def test_a_draft_takes_its_id_from_other_rows(tmp_path):
    with pytest.raises(GoldError, match="line 2: id 'g1' was taken on line 1"):
        gold.load(write(tmp_path, ROW | {"status": "draft"}, ROW), SOURCES)


def test_accepting_makes_a_draft_count_and_touches_no_other_line(tmp_path):
    path = write(tmp_path, ROW, ROW | {"id": "d1", "status": "draft", "note": "read it"}, "")
    before = path.read_text(encoding="utf-8").split("\n")
    accept(path, ["d1"], SOURCES)
    after = path.read_text(encoding="utf-8").split("\n")
    assert [row.id for row in gold.load(path, SOURCES)] == ["g1", "d1"]
    assert (after[0], after[2:]) == (before[0], before[2:])
    assert "note" not in json.loads(after[1])


def test_a_draft_that_breaks_a_rule_is_not_accepted_and_nothing_is_changed(tmp_path):
    good, bad = ROW | {"status": "draft"}, ROW | {"id": "d2", "status": "draft", "answers": []}
    path = write(tmp_path, good, bad)
    before = path.read_bytes()
    with pytest.raises(GoldError, match=r"(?s)line 2: \(d2\) answerable, but.*|none: no draft"):
        accept(path, ["g1", "d2", "none"], SOURCES)
    assert path.read_bytes() == before


# ---------------------------------------------------------------- rows from chat

ANSWER = {
    "answer": "105台",
    "citations": [
        {
            "source": "a.txt",
            "quote": "今年7月交付人形机器人105台，创了纪录。",
            "spans": [[0, RAW.index("8月")]],
        },
        {"source": "a.txt", "quote": "分成两处", "spans": [[0, 4], [8, 9]]},
    ],
}


def test_a_right_answer_becomes_a_draft_that_can_be_accepted(tmp_path):
    row = feedback_row("7月交付多少台？", ANSWER, "right", sources=SOURCES)
    path = tmp_path / "gold.jsonl"
    assert append_row(path, row) is True
    assert append_row(path, row) is False
    accept(path, [row["id"]], SOURCES)
    (accepted,) = gold.load(path, SOURCES)
    assert accepted.answers == ("105台",)
    assert accepted.type == "number"
    assert [q.quote for q in accepted.evidence] == ["今年7月交付人形机器人105台，创了纪录。"]


def test_a_wrong_answer_leaves_the_evidence_to_a_person():
    row = feedback_row("8月呢？", ANSWER, "wrong", sources=SOURCES, expected="200台",
                       history=[("7月交付多少台？", "105台")])  # fmt: skip
    assert (row["answers"], row["evidence"], row["status"]) == (["200台"], [], "draft")
    assert row["history"] == [["7月交付多少台？", "105台"]]


def test_an_answer_that_should_have_been_a_refusal_becomes_unanswerable(tmp_path):
    row = feedback_row("9月交付多少台？", ANSWER, "no answer", sources=SOURCES)
    path = tmp_path / "gold.jsonl"
    append_row(path, row)
    accept(path, [row["id"]], SOURCES)
    (accepted,) = gold.load(path, SOURCES)
    assert (accepted.answerable, accepted.type, accepted.answers) == (False, "unanswerable", ())


def test_a_row_is_appended_after_a_last_line_without_its_end(tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps(ROW, ensure_ascii=False), encoding="utf-8")
    append_row(path, ROW | {"id": "g2"})
    assert [row.id for row in gold.load(path, SOURCES)] == ["g1", "g2"]


def test_a_row_that_breaks_the_rules_is_not_appended(tmp_path):
    path = tmp_path / "gold.jsonl"
    with pytest.raises(GoldError, match="lang"):
        append_row(path, ROW | {"lang": "fr"})
    assert not path.exists()


@pytest.mark.parametrize(
    ("question", "lang", "type_"),
    [
        ("7月交付多少台？", "zh", "number"),
        ("誰說的？", "zh-Hant", "person"),
        ("When was it founded?", "en", "date"),
        ("什么是具身智能？", "zh", "definition"),
    ],
)
def test_language_and_type_are_guessed_from_the_question(question, lang, type_):
    assert (language(question), type_of(question)) == (lang, type_)


# ---------------------------------------------------------------- drafts from articles


@pytest.mark.parametrize(
    ("sentence", "made"),
    [
        (
            "松延动力7月交付人形机器人105台，创了纪录。",
            ("松延动力7月交付人形机器人多少台？", "105台", "number"),
        ),
        (
            "机器人运动会于8月14日在北京开幕。",
            ("机器人运动会于什么时候在北京开幕？", "8月14日", "date"),
        ),
        (
            "总经理熊友军说：“机器人稳定地跑完了全程赛道。”",
            ("谁说机器人稳定地跑完了全程赛道？", "熊友军", "person"),
        ),
        (
            "近日，安徽省经济和信息化厅发布行动方案征求意见稿。",
            ("哪个单位发布行动方案征求意见稿？", "安徽省经济和信息化厅", "org"),
        ),
        (
            "由于零部件依赖进口，整机的成本一直居高不下。",
            ("为什么整机的成本一直居高不下？", "零部件依赖进口", "reason"),
        ),
        (
            "国务院办公厅印发《关于稳就业的通知》并作出部署。",
            ("国务院办公厅印发哪份文件或作品并作出部署？", "《关于稳就业的通知》", "title"),
        ),
        (
            "The firm delivered 105 robots in July.",
            ("The firm delivered how many robots in July?", "105", "number"),
        ),
    ],
)
def test_a_sentence_gives_a_question_of_its_kind(sentence, made):
    assert made in drafts_of(sentence)


@pytest.mark.parametrize(
    "sentence",
    ["他走了。", "今年是2025年。", "（2025年8月11日摄）", "In 2025, they won.", "，，，"],
)
def test_a_sentence_that_offers_nothing_gives_nothing(sentence):
    assert drafts_of(sentence) == []


PAGE = "\n".join(
    [
        "机器人产业加速崛起",
        *(
            f"据了解，第{n}家企业今年共交付人形机器人{100 + n}台，订单排到了年底。"
            for n in range(20)
        ),
        *(f"大会于{n + 1}月{n + 2}日在北京经济技术开发区举行开幕仪式。" for n in range(10)),
        "由于零部件严重依赖进口，整机的成本一直居高不下。",
        "总经理熊友军说：“机器人稳定地跑完了全程赛道。”",
    ]
)


def page():
    source = Source("p.txt", PAGE + "\n")
    return split_articles(source), {"p.txt": PAGE + "\n"}


def test_suggested_rows_keep_every_rule_once_they_are_accepted(tmp_path):
    articles, sources = page()
    drafts = suggest(articles, sources, 10)
    path = tmp_path / "gold.jsonl"
    for draft in drafts:
        assert append_row(path, draft)
        assert draft["status"] == "draft"
    accept(path, [draft["id"] for draft in drafts], sources)
    rows = gold.load(path, sources)
    assert len(rows) == len(drafts) == 10
    assert {row.type for row in rows} >= {"number", "date", "reason", "person", "unanswerable"}
    assert {row.type for row in rows} <= set(TYPES)


def test_suggestions_are_spread_and_the_same_each_time():
    articles, sources = page()
    assert suggest(articles, sources, 10) == suggest(articles, sources, 10)
    kinds = [draft["type"] for draft in suggest(articles, sources, 10)]
    assert kinds.count("number") <= 4


def test_articles_without_sentences_give_no_drafts():
    assert suggest([], {}, 10) == []
