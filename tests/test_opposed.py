"""rag.opposed: differences, sums and ways of two things set against each other."""

from __future__ import annotations

import re

import pytest

from rag.claims import Claim
from rag.confidence import RANKED_BY
from rag.opposed import asked_opposed, with_opposed
from rag.types import Article, Run, Span


def answered(question: str, pattern: str, text: str) -> Claim:
    """Return the best claim, where the reader reads all that a pattern matches."""
    article = Article("a", "a.txt", text, (Run(0, 0, len(text)),))
    told = (5.0, *[0.0] * (len(RANKED_BY) - 1))
    claims = [
        Claim(m[0], 5.0, ((article, Span(*m.span())),), 0, told)
        for m in re.finditer(pattern, text)
    ]
    return with_opposed(question, claims, lambda _: claims)[0]


CARS = "缤果7月的销量达到20064辆。宝骏7月的销量达到5290辆。"
FINES = "拒不改正的，处5万元以下罚款；造成严重后果的，处10万元以下罚款。"


@pytest.mark.parametrize(
    ("question", "pattern", "text", "answer"),
    [
        ("7月缤果比宝骏多卖了多少辆？", r"\d+辆", CARS, "14774辆"),
        ("7月宝骏比缤果少卖了多少辆？", r"\d+辆", CARS, "14774辆"),
        ("7月缤果和宝骏一共卖了多少辆？", r"\d+辆", CARS, "25354辆"),
        ("甲区比乙区的占比高多少？", r"\d+%", "甲区占比30%，乙区占比21%。", "9个百分点"),
        (
            "库存实际比预期多降了多少桶？",
            r"\d+万桶",
            "库存实际减少1540万桶，预期仅下降130万桶。",
            "1410万桶",
        ),
    ],
)
def test_what_is_told_of_each_is_reckoned(question, pattern, text, answer):
    found = answered(question, pattern, text)
    assert found.text == answer
    assert len(found.parts) == 2


@pytest.mark.parametrize(
    ("question", "pattern", "text"),
    [
        ("7月缤果比宝骏少卖了多少辆？", r"\d+辆", CARS),  # it sold more
        ("7月缤果比凯捷多卖了多少辆？", r"\d+辆", CARS),  # 凯捷 is not told of
        ("缤果比宝骏多卖了多少辆？", r"\d+辆", "缤果售出900辆。宝骏售出600辆，比缤果少300辆。"),
        ("缤果和宝骏一共卖了多少辆？", r"\d+辆", "缤果售90辆，宝骏售60辆，合计150辆。"),
        ("缤果比宝骏多卖了多少辆？", r"\d+辆", "缤果售90辆。缤果出口20辆。宝骏售60辆。"),
        ("缤果比宝骏贵多少元？", r"\d+[辆元]", "缤果售90辆，宝骏60元。"),
    ],
)
def test_what_is_told_missing_or_in_doubt_is_left_to_the_reader(question, pattern, text):
    assert answered(question, pattern, text).text == re.findall(pattern, text)[0]


@pytest.mark.parametrize(
    ("question", "text", "answer"),
    [
        (
            "联翔今年上半年净利润比去年同期多还是少？",
            "营收同比增长3%，净利润200万元，同比减少1497万元。",
            "同比减少",
        ),
        ("增速高于还是低于工业平均？", "轻工业增速为4%，低于工业平均。", "低于工业平均"),
        ("今年产量比往年高还是低？", "看来产量跟往年相当，有200斤。", "跟往年相当"),
    ],
)
def test_the_words_that_say_which_way_are_the_answer(question, text, answer):
    assert answered(question, r"\d+[万斤%]", text).text == answer


def test_another_thing_that_fell_does_not_say_which_way():
    text = "营收同比增长，费用同比减少1497万元。"
    assert answered("今年净利润比去年多还是少？", r"\d+万", text).text == "1497万"


def test_a_time_takes_the_place_of_the_other():
    found = asked_opposed("缤果7月的销量比6月多多少辆？")
    assert found is not None
    assert found.parts == ("缤果7月的销量是多少辆", "缤果6月的销量是多少辆")


GUESTS = "前五个国家是：马来西亚(243万人次)、中国(183万人次)、韩国(90万人次)。"


@pytest.mark.parametrize(
    ("question", "read", "text", "answer"),
    [
        ("去泰国的中国游客比马来西亚游客少多少？", "243万人次", GUESTS, "60万人次"),
        (
            "罚款加没收违法所得一共多少钱？",
            "39元",
            "公司被罚款5000元、没收违法所得39元。",
            "5039元",
        ),
        ("去泰国的中国游客比印度游客少多少？", "243万人次", GUESTS, None),
    ],
)
def test_a_sentence_that_gives_each_its_value_is_enough(question, read, text, answer):
    article = Article("a", "a.txt", text, (Run(0, 0, len(text)),))
    at = text.index(read)
    told = (-5.0, *[0.0] * (len(RANKED_BY) - 1))  # too doubtful to be compared by itself
    claim = Claim(read, 5.0, ((article, Span(at, at + len(read))),), 0, told)
    found = with_opposed(question, [claim], lambda _: [claim])
    assert found[0].text == (answer or read)
