"""rag.doubts: what was read and cannot be what a question asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.claims import Claim
from rag.confidence import RANKED_BY, UNCALIBRATED, Calibration, Evidence
from rag.doubts import doubted
from rag.types import Article, Run, Span


def claims(text: str, *answers: str) -> list[Claim]:
    article = Article("a", "a.txt", text, (Run(0, 0, len(text)),))
    return [
        Claim(a, 5.0, ((article, Span(text.index(a), text.index(a) + len(a))),), 0, ())
        for a in answers
    ]


def doubt(question: str, text: str, answer: str) -> str:
    return doubted(question, claims(text, answer))[0].rule


PRICES = "旗舰版、智尊版两款车型，售价分别为7.98万元和8.98万元。"


@pytest.mark.parametrize(
    ("question", "text", "answer"),
    [
        ("智尊版比旗舰版贵多少？", PRICES, "8.98万元"),
        ("罚款加没收违法所得一共多少钱？", "罚款5000元、没收违法所得39元。", "39元"),
        ("215家网点还有多少家没复业？", "215家停业，目前已复业191家。", "191家"),
        ("健身投诉占几成？", "受理投诉2.36万件，健身居第一位。", "2.36万件"),
        ("By how much did sales exceed costs?", "Sales were 950 million yuan.", "950 million yuan"),
    ],
    ids=["difference", "sum", "rest", "share", "english"],
)
def test_a_part_of_what_is_to_be_reckoned_is_doubted(question: str, text: str, answer: str):
    assert doubt(question, text, answer) == "unreckoned"


@pytest.mark.parametrize(
    ("question", "text", "answer"),
    [
        ("农村比城镇少睡多久，相差多少分钟？", "城镇7小时，农村6小时，相差23分钟。", "23分钟"),
        ("产量比去年增加多少？", "产量20万吨，比去年增加3万吨。", "3万吨"),
        ("三张加起来多少钱？", "三张合计4500万元。", "4500万元"),
        ("还剩多少户没来电？", "3万户已恢复，尚有2万户停电。", "2万户"),
        ("健身占几成？", "其中健身占38%。", "38%"),
        ("How many more came than in 2023?", "It drew 40 more than in 2023.", "40"),
        ("产量是多少？", "产量20万吨。", "20万吨"),
    ],
    ids=["difference", "change", "sum", "rest", "share", "english", "nothing to reckon"],
)
def test_a_figure_that_the_text_tells_as_asked_is_not_doubted(
    question: str, text: str, answer: str
):
    assert doubt(question, text, answer) == ""


@pytest.mark.parametrize(
    ("question", "text", "answer", "expected"),
    [
        ("甲厂和乙城哪个贵？", "甲厂的8元，乙城的9元。", "9元", "unchosen"),
        ("甲厂和乙城哪个贵？", "甲厂的8元，乙城的9元。", "乙城", ""),
        ("价格比7月高还是低？", "价格为31386美元。", "31386美元", "unchosen"),
        ("磕碰是多了还是少了？", "磕碰从52起增加到71起。", "从52起增加到71起", ""),
        ("定了哪几条规矩？", "她立了三条规矩：不抢对白。", "三条", "counted"),
        ("定了哪几条规矩？", "她立了三条规矩：不抢对白。", "不抢对白", ""),
    ],
)
def test_an_answer_that_chooses_nothing_is_doubted(
    question: str, text: str, answer: str, expected: str
):
    assert doubt(question, text, answer) == expected


def test_words_of_another_language_are_not_doubted():
    assert doubt("Which is dearer, the old one or the new one?", PRICES, "8.98万元") == ""


def test_what_was_put_together_is_not_doubted():
    (claim,) = claims(PRICES, "8.98万元")
    made = [replace(claim, rule="difference")]
    assert doubted("智尊版比旗舰版贵多少？", made) is made


def test_a_doubt_makes_an_answer_less_sure():
    calibration = Calibration.from_json(UNCALIBRATED)
    told = Evidence(
        3.0, 1.0, 1.0, 1.0, 4, (3.0, *[0.0] * (len(RANKED_BY) - 1)), 3.0, 1.0, 1, 1.0, ahead=1.0
    )
    doubtful = replace(told, doubted=True)
    assert calibration.confidence(doubtful) < calibration.confidence(told)


def test_a_figure_told_as_the_rest_goes_before_a_part():
    text = "215家停业，目前已复业191家。24家未复业网点在房山。"
    found = doubted("215家网点还有多少家没复业？", claims(text, "191家", "24家"))
    assert [(claim.text, claim.rule) for claim in found] == [("24家", ""), ("191家", "")]
