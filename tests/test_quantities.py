"""rag.quantities: numbers and dates of both languages as values that compare."""

from decimal import Decimal

import pytest

from rag.quantities import dates, han_value, quantities


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("105台", "105", "台"),
        ("一百零五台", "105", "台"),
        ("1.2万台", "12000", "台"),
        ("1.2万亿元", "1200000000000", "元"),
        ("RMB1,399", "1399", "元"),
        ("$5 billion", "5000000000", "美元"),
        ("1.2 million yuan", "1200000", "元"),
        ("百分之五", "5", "%"),
        ("5 percent", "5", "%"),
        ("twelve days", "12", "天"),
        ("１０５台", "105", "台"),
        ("0.5个百分点", "0.5", "百分点"),
    ],
)
def test_a_number_is_a_value_with_its_unit(text, value, unit):
    (found,) = quantities(text)
    assert (found.value, found.unit, found.text) == (Decimal(value), unit, text)


@pytest.mark.parametrize(
    "text", ["一个问题", "三大任务", "十四五时期", "5G网络", "十分重要", "统一"]
)
def test_words_that_hold_numerals_are_no_numbers(text):
    assert quantities(text) == []


def test_the_first_number_of_a_range_has_the_unit_of_the_second():
    assert [(int(q.value), q.unit) for q in quantities("3至5年")] == [(3, "年"), (5, "年")]


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("不少于100项", "over"),
        ("不超过100项", "under"),
        ("100多家", "over"),
        ("近100项", "near"),
        ("more than 30 people", "over"),
        ("100项", ""),
    ],
)
def test_what_says_how_exact_a_number_is_is_kept(text, bound):
    assert quantities(text)[0].bound == bound


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2025年8月16日", [(2025, 8, 16)]),
        ("二〇二五年", [(2025, None, None)]),
        ("8月8日至12日", [(None, 8, 8), (None, 8, 12)]),
        ("7-8月", [(None, 7, None), (None, 8, None)]),
        ("July 16, 2025", [(2025, 7, 16)]),
        ("16 July", [(None, 7, 16)]),
        ("2025-08-16", [(2025, 8, 16)]),
        ("2023—2025年", [(2023, None, None), (2025, None, None)]),
        ("3个月 may be", []),
    ],
)
def test_dates_of_both_languages(text, found):
    assert [(d.year, d.month, d.day) for d in dates(text)] == found


def test_a_date_is_not_counted_among_the_numbers():
    assert [q.text for q in quantities("2025年7月16日交付105台")] == ["105台"]


def test_characters_that_are_no_number_have_no_value():
    assert han_value("十四五") is None and han_value("两千三") == 2300
