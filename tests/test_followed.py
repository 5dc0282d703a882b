"""rag.followed: what a follow-up is told is new."""

import pytest

from rag.claims import Claim
from rag.dialogue import InContext
from rag.followed import told_anew
from rag.types import Article, Span

ARTICLE = Article("a", "a.txt", "农产品出口14.9亿元，机电产品出口35.7亿元。", ())


def claims(*texts):
    place = ((ARTICLE, Span(0, 3)),)
    return [Claim(t, 1.0 - n, place, 0, ()) for n, t in enumerate(texts)]


def follow_up(own, *told):
    return InContext(own, own, told)


def first(asked, *readings):
    return told_anew(asked, readings)[0].text


@pytest.mark.parametrize(
    ("told", "texts", "best"),
    [
        pytest.param("14.9亿元", ["出口14.9亿元", "35.7亿元"], "35.7亿元", id="said again"),
        pytest.param("4.9亿元", ["14.9亿元", "35.7亿元"], "14.9亿元", id="another figure"),
        pytest.param("9", ["9台", "12台"], "9台", id="one digit says nothing"),
        pytest.param("1,540", ["$1540 by hand", "$612"], "$612", id="with a comma"),
        pytest.param("14.9亿元", ["14.9亿元"], "14.9亿元", id="nothing else"),
    ],
)
def test_what_was_told_before_comes_last(told, texts, best):
    assert first(follow_up("出口多少？", told), claims(*texts)) == best


def test_a_span_of_time_that_begins_with_the_day_told_is_new():
    asked = follow_up("持续到什么时候？", "8月8日")
    assert first(asked, claims("8月8日至12日", "7月")) == "8月8日至12日"


def test_a_reason_may_name_what_was_told():
    asked = follow_up("为什么？", "105台")
    assert first(asked, claims("因为105台已经够了", "天热")) == "因为105台已经够了"


def test_of_two_readings_the_one_with_the_surer_new_answer_counts():
    asked = follow_up("装机多少？", "83.7亿元")
    one, other = claims("总投资83.7亿元", "1046个"), claims("120万千瓦")
    assert first(asked, one, other) == "120万千瓦"


def test_nothing_read_is_nothing_told():
    assert told_anew(follow_up("装机多少？", "83.7亿元"), [[], []]) == []
