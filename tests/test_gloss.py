"""rag.gloss: what a Chinese number or date is in English, where nothing else is in the answer."""

from __future__ import annotations

import pytest

from rag.gloss import english_gloss


@pytest.mark.parametrize(
    ("answer", "gloss"),
    [
        ("125亿美元", "12.5 billion US dollars"),
        ("超过100亿欧元", "more than 10 billion euros"),
        ("不超过90厘米", "at most 90 centimetres"),
        ("1亿余人", "more than 100 million people"),
        ("约3万人", "about 30,000 people"),
        ("一百零五台", "105"),
        ("百分之五", "5%"),
        ("0.5个百分点", "0.5 percentage points"),
        ("3.60吨", "3.6 tonnes"),
        ("2024年10月29日", "29 October 2024"),
        ("2025年8月8日至12日", "8 to 12 August 2025"),
        ("8月8日至9月2日", "8 August to 2 September"),
        ("4月14日、15日", "14 and 15 April"),
        ("2023年5月", "May 2023"),
    ],
)
def test_a_number_or_a_date_is_said_in_english(answer, gloss):
    assert english_gloss(answer, "How many, and when?") == gloss


@pytest.mark.parametrize(
    "answer",
    [
        "王五",  # a name
        "50%",  # reads the same
        "每台补助18万元",  # words that would go untold
        "30%，缩短项目周期的50%",  # two numbers
        "10月29日凌晨",
        "12日",  # of which month?
        "第一名",
        "5G",
        "13℃左右的水",
        "105 robots",
        "",
    ],
)
def test_what_is_more_than_a_number_is_left_as_it_stands(answer):
    assert english_gloss(answer, "How many?") is None


def test_a_chinese_question_needs_no_gloss():
    assert english_gloss("125亿美元", "潜在总金额是多少?") is None
