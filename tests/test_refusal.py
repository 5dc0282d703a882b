"""rag.refusal: a refusal says what was not found."""

from __future__ import annotations

import pytest

from rag.refusal import lacking, missing_words, refusal_text

ARTICLE_TERMS = {"松延", "延动", "动力", "2025", "noetix", "the", "交付", "机器", "器人"}


def frequency(terms):
    return {term: 3 for term in terms if term in ARTICLE_TERMS}


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("特斯拉2025年交付多少台?", ("特斯拉",)),
        ("松延动力2031年交付多少台?", ("2031",)),
        ("王传福多大年纪?", ("王传福",)),
        ("松延动力2025年交付多少机器人?", ()),
        ("How many robots did Tesla ship?", ("Tesla",)),
        ("How many robots did Noetix ship in 2025?", ()),
    ],
)
def test_names_and_years_that_no_article_has_are_told(question, missing):
    assert missing_words(question, frequency) == missing


def test_a_question_in_a_language_of_no_article_misses_nothing():
    assert missing_words("How many robots did Tesla ship?", lambda terms: {}) == ()


@pytest.mark.parametrize(
    ("question", "missing", "said"),
    [
        ("特斯拉交付多少台?", ["特斯拉"], "“特斯拉”"),
        ("松延动力亏了多少钱?", [], "没有说是多少"),
        ("Who runs Tesla?", ["Tesla"], "“Tesla”"),
        ("Who runs Noetix?", [], "do not say who"),
        ("金星怎么样", [], "没有找到"),
    ],
)
def test_a_refusal_names_what_is_missing_in_the_question_s_language(question, missing, said):
    assert said in refusal_text(question, missing, None)


def test_the_nearest_passage_is_marked_as_no_answer():
    text = refusal_text("谁?", [], "松延动力交付105台。")
    assert "不是答案" in text
    assert text.endswith("松延动力交付105台。")


@pytest.mark.parametrize(
    ("question", "nearest", "word"),
    [
        ("公交2022年亏了多少钱?", "2019年日均客流41.7万人次。", "2022年"),
        ("公交2019年亏了多少钱?", "2019年日均客流41.7万人次。", ""),
        ("“枯泉”琴是哪年挖出来的?", "墓主是个三十来岁的女子。", "枯泉"),
        ("社会捐款收到多少?", "慈善总会收到捐款3847万元。", ""),
        ("2022年有多少人?", "The council voted in 2019.", ""),
    ],
)
def test_the_year_or_name_that_the_nearest_passage_lacks_is_told(question, nearest, word):
    assert lacking(question, nearest) == word
    assert f"“{word}”" in refusal_text(question, [], nearest) or not word


def test_a_name_that_may_be_a_chinese_one_is_not_said_to_be_missing():
    def chinese(terms):
        return frequency(terms) | {term: 9 for term in terms if term == "的"}

    assert missing_words("Who judged the Suijin case?", chinese) == ()
    assert missing_words("Who judged the Suijin case?", frequency) == ("Suijin",)
    assert missing_words("Who judged the Tesla case?", chinese) == ("Tesla",)


def test_a_passage_about_another_place_is_said_to_be_about_it():
    said = refusal_text("上海培育了多少家企业？", (), "目前北京已培育企业57家。", "北京")
    assert said.startswith("文章里没有找到这个问题的答案：没有说是多少。最接近的一段说的是“北京”。")
    english = refusal_text("How many firms has Shanghai?", (), "北京已培育企业57家。", "北京")
    assert "speaks of “北京”" in english
