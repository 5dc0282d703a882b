"""rag.conflicts: an answer of another time than the one asked about."""

import pytest

from rag.borders import clause
from rag.claims import sentence_around
from rag.conflicts import is_other_side, speaks_of_another
from rag.types import Article, Run, Span


def conflict(question: str, text: str, answer: str, **facts: str) -> bool:
    article = Article("a", "a.txt", text, (Run(0, 0, len(text)),), **facts)
    start = text.index(answer)
    span = Span(start, start + len(answer))
    return speaks_of_another(question, article, clause(text, span), sentence_around(article, span))


MONTHS = "6月实现跑通，7月交付人形机器人105台，8月的目标是200台。"


@pytest.mark.parametrize(
    ("question", "answer", "wanted"),
    [
        ("7月交付多少台?", "105台", False),
        ("6月交付多少台?", "105台", True),
        ("8月的目标呢?", "200台", False),
        ("8月的目标呢?", "105台", True),
        ("How many were delivered in July?", "105台", False),
        ("How many were delivered in June?", "105台", True),
        ("交付多少台?", "105台", False),
        ("7月和8月各多少台?", "105台", False),
    ],
)
def test_a_month_is_that_of_the_answers_clause(question, answer, wanted):
    assert conflict(question, MONTHS, answer) is wanted


@pytest.mark.parametrize(
    ("question", "text", "answer", "wanted"),
    [
        ("2024年的规模?", "2024年，产业快速增长，规模达100亿元。", "100亿元", False),
        ("2023年的规模?", "2024年，产业快速增长，规模达100亿元。", "100亿元", True),
        ("2023年的规模?", "从2023年的10亿元到2024年的100亿元", "10亿元", False),
        ("2023年的规模?", "产业规模达100亿元。", "100亿元", False),
        ("2023年交付多少?", "交付2023台，其中出口500台。", "500台", False),
        ("“十三五”期间新增多少?", "“十四五”以来，每年新增1200万人。", "1200万人", True),
        ("上半年发了多少?", "今年上半年，共发放62亿元。", "62亿元", False),
        ("下半年发了多少?", "今年上半年，共发放62亿元。", "62亿元", True),
        ("第三届来了多少人?", "第二届来了100人，第三届来了200人。", "200人", False),
        ("第三届来了多少人?", "第二届来了100人。", "100人", True),
        ("一季度增长多少?", "二季度增长5%。", "5%", True),
        ("明年采集多少条?", "今年采集100条。", "100条", True),
        ("今年采集多少条?", "今年采集100条。", "100条", False),
    ],
)
def test_what_was_named_last_before_the_answer_holds(question, text, answer, wanted):
    assert conflict(question, text, answer) is wanted


@pytest.mark.parametrize(
    ("question", "wanted"), [("2025年来了多少人?", False), ("2024年来了多少人?", True)]
)
def test_a_year_in_words_is_counted_from_the_day_of_publication(question, wanted):
    text = "今年，来了1000人。"
    assert conflict(question, text, "1000人", published="2025-08-16") is wanted
    assert conflict(question, text, "1000人") is False


@pytest.mark.parametrize(
    ("question", "wanted"), [("2026论坛来了多少人?", False), ("2025论坛来了多少人?", True)]
)
def test_a_text_that_names_no_year_speaks_of_its_titles(question, wanted):
    assert conflict(question, "来了1000人。", "1000人", title="2026论坛开幕") is wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("科学院副院长马某说", True),
        ("科学院院长马某说", False),
        ("科学院院长、原副院长马某说", False),
        ("科学院研究人员马某说", False),
    ],
)
def test_a_deputy_is_not_the_one_asked_for(text, wanted):
    assert conflict("科学院的院长是谁?", text, "马某") is wanted
    assert conflict("科学院的副院长是谁?", text, "马某") is False


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("How many were sold in august?", True),
        ("How many were sold in July?", False),
        ("How many were sold in the first half of the year?", True),
        ("How many were sold in the second half of the year?", False),
    ],
)
def test_english_names_times_that_a_chinese_text_gives(question, wanted):
    assert conflict(question, "公司下半年的7月卖出105台", "105台") is wanted


@pytest.mark.parametrize(
    ("question", "text", "answer", "wanted"),
    [
        ("违约金提到多少?", "违约金由1200万元提高到2000万元", "2000万元", False),
        ("违约金提到多少?", "违约金由1200万元提高到2000万元", "1200万元", True),
        ("违约金原来是多少?", "违约金由1200万元提高到2000万元", "1200万元", False),
        ("违约金原来是多少?", "违约金由1200万元提高到2000万元", "2000万元", True),
        ("吞吐量到底是多少?", "吞吐量“1085万吨”应为“1058万吨”", "1058万吨", False),
        ("吞吐量到底是多少?", "吞吐量“1085万吨”应为“1058万吨”", "1085万吨", True),
        ("大桥哪天封?", "原定5月1日封闭施工，改为5月6日起封闭", "5月6日", False),
        ("退出的有几人?", "应为28人，而非此前所说的38人", "28人", False),
        ("What does it cost now?", "It is $4.60, up from $3.75", "$3.75", True),
        ("What did it cost before?", "It is $4.60, up from $3.75", "$3.75", False),
        ("哪几天开的?", "8月8日至12日举行", "8月8日", False),
        ("交付多少台?", "交付人形机器人105台", "105台", False),
    ],
)
def test_a_change_has_two_sides(question, text, answer, wanted):
    start = text.index(answer)
    assert is_other_side(question, text, Span(start, start + len(answer))) is wanted
