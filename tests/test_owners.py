"""rag.owners: whose a value is."""

from __future__ import annotations

import pytest

from rag.owners import are_times, is_change, owner_of
from rag.types import Article, Run, Span


def owner(text: str, value: str, *names: str) -> str | None:
    article = Article("a", "a.txt", text, (Run(0, 0, len(text)),))
    at = text.index(value)
    found = owner_of(article, Span(at, at + len(value)), names)
    return names[found[0]] if found else None


@pytest.mark.parametrize(
    ("text", "value", "names", "whose"),
    [
        ("铁路、公路、水路分别完成25亿吨、190亿吨和44亿吨。", "190亿吨", "公路 水路", "公路"),
        ("铁路、公路、水路分别完成25亿吨、190亿吨和44亿吨。", "44亿吨", "公路 水路", "水路"),
        ("其中，内、外贸吞吐量分别增长7%和9%。", "7%", "内贸吞吐量 外贸吞吐量", "内贸吞吐量"),
        ("营业收入达24亿元，利润1亿元，分别占17%和18%。", "18%", "营业收入 利润", "利润"),
        ("有5个百万元岗位、40个十万元岗位。", "40个", "百万元 十万元", "十万元"),
        ("依次为宁波市（84.39分）、嘉兴市（83.67分）。", "84.39分", "宁波 杭州", "宁波"),
        ("海港去年吞吐量90吨，今年上半年50吨。", "50吨", "去年 今年上半年", "今年上半年"),
    ],
)
def test_a_value_goes_to_the_name_or_time_it_is_told_of(text, value, names, whose):
    assert owner(text, value, *names.split()) == whose


@pytest.mark.parametrize(
    ("text", "value", "names"),
    [
        ("会议在杭州举行。全省指数为82分。", "82分", "宁波 杭州"),
        ("铁路、公路、水路分别完成25亿吨、190亿吨和44亿吨。", "25亿吨", "公路 水路"),
        ("全省平均82分。", "82分", "宁波 杭州"),
        ("上半年吞吐量90吨。", "90吨", "去年上半年 今年上半年"),
    ],
)
def test_a_value_of_another_is_nobodys(text, value, names):
    assert owner(text, value, *names.split()) is None


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("同比增长3%", True), ("下降约3%", True), ("增至3%", False), ("占3%", False), ("up 3%", True)],
)
def test_a_rise_is_not_how_much_there_is(text, is_one):
    at = text.index("3")
    assert is_change(text, Span(at, at + 2)) is is_one


def test_names_that_say_when_are_times():
    assert are_times(["去年上半年", "今年上半年"])
    assert not are_times(["7月的宁波", "杭州"])
