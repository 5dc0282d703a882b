"""rag.rivals: what stands there is said of another than the question names."""

from __future__ import annotations

import pytest

from rag.claims import Claim
from rag.doubts import doubted
from rag.lexicon.places import places_in
from rag.rivals import rival
from rag.types import Article, Run, Span


def claim(text: str, answer: str, *, title: str = "") -> Claim:
    runs = (Run(0, 0, len(text)),)
    article = Article("a", "a.txt", text, runs, title or None)
    at = text.index(answer)
    return Claim(answer, 5.0, ((article, Span(at, at + len(answer))),), 0, ())


BEIJING = "数据显示，目前北京已培育“小巨人”企业57家。"


@pytest.mark.parametrize(
    ("question", "text", "answer", "other"),
    [
        ("上海培育了多少家企业？", BEIJING, "57家", "北京"),
        ("How many firms has Shanghai fostered?", BEIJING, "57家", "北京"),
        ("广州有多少家？", "苏州有企业600家。", "600家", "苏州"),
        ("How many came to Lyon in Spain?", "Some 40 came from France.", "40", "France"),
        ("一号窑有多长？", "三座窑中，二号窑斜长46.7米。", "46.7米", "二号窑"),
        ("第1号洪峰水位多少？", "第2号洪峰水位28.6米。", "28.6米", "第2号洪"),
    ],
    ids=["province", "across", "city", "english", "kiln", "flood"],
)
def test_another_of_the_same_sort_is_told(question: str, text: str, answer: str, other: str):
    assert rival(question, claim(text, answer)) == other
    assert doubted(question, [claim(text, answer)])[0].rule == "another's"


@pytest.mark.parametrize(
    ("question", "text", "answer"),
    [
        ("上海培育了多少家企业？", "上海与北京相比，已培育企业57家。", "57家"),
        ("上海培育了多少家企业？", "企业57家已落户浦东新区，北京也有。", "57家"),
        ("浙江有多少家？", "杭州有企业600家，上海有300家。", "600家"),
        ("中国有多少家？", "我国有企业600家，美国有300家。", "600家"),
        ("苏州有多少家？", "江苏有企业600家。", "600家"),
        ("来自哪个国家，法国吗？", "他来自西班牙。", "西班牙"),
        ("How big is the Suzhou plant?", "苏州的工厂占地40亩。", "40亩"),
        ("5号线哪天开通？", "五号线9月21日开通，六号线明年开通。", "9月21日"),
        ("十一号线哪天开通？", "11号线9月21日开通，六号线明年开通。", "9月21日"),
        ("头一轮谁票最多？", "第二轮投票前，莫雷领先。", "莫雷"),
        ("前年的事故率是多少？", "去年的事故率为3.4%。", "3.4%"),
        ("哪天开会？", "北京8月15日开会。", "8月15日"),
    ],
    ids=[
        *("both", "a part of it", "a city of it", "own country", "other rank", "the answer itself"),
        *("same name in English", "digits", "eleven", "first", "another time", "no name"),
    ],
)
def test_what_may_be_meant_is_no_rival(question: str, text: str, answer: str):
    assert rival(question, claim(text, answer)) == ""


def test_a_place_that_the_headline_names_is_meant():
    told = claim("目前已培育企业57家，北京次之。", "57家", title="上海：企业成群")
    assert rival("上海培育了多少家？", told) == ""


def test_places_are_found_by_their_longest_name_in_both_languages():
    found = [(n.place.name, n.start, n.end) for n in places_in("黑龙江和New Zealand的客人")]
    assert found == [("黑龙江", 0, 3), ("新西兰", 4, 15)]


def test_a_name_that_two_places_share_in_english_is_both():
    assert {n.place.name for n in places_in("a plant in Suzhou")} >= {"苏州", "宿州"}


def test_a_word_that_is_no_place_is_none():
    assert places_in("和平与发展，平安回家") == []
