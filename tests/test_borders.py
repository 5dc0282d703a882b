"""rag.borders: a span moved to what a person would quote."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.borders import clause, enumeration, natural_borders, quantity, quotation
from rag.types import Span


def moved(move: Callable[[str, Span], Span], text: str, found: str) -> str:
    """Return what the first `found` of a text becomes."""
    start = text.index(found)
    span = move(text, Span(start, start + len(found)))
    return text[span.start : span.end]


MARKS = st.text("约不足105.3,万亿元台年%（）“”《》()，。、 \nabAI中国—-·")


@pytest.mark.parametrize(
    ("text", "found", "wanted"),
    [
        pytest.param("交付105台，创纪录", "105", "105台", id="unit"),
        pytest.param("目标是200亿元左右。", "200", "200亿元左右", id="unit and vagueness"),
        pytest.param("来自16个国家的280支队伍", "16", "16个国家", id="counted noun"),
        pytest.param("投资约60亿美元。", "60", "约60亿美元", id="qualifier"),
        pytest.param("增长12.5%，", "5%", "12.5%", id="half a number"),
        pytest.param("共1,500人", "500", "1,500人", id="thousands"),
        pytest.param("选手Unitree的", "tree", "Unitree", id="half a word"),
        pytest.param("由《产业规划》提出", "《产业规划", "《产业规划》", id="book marks"),
        pytest.param("由《产业规划》提出", "产业规划》", "《产业规划》", id="book marks opened"),
        pytest.param("名为“天工”的机器人", "“天工”", "天工", id="quotation marks"),
        pytest.param(
            "国家速滑馆（冰丝带）举行", "国家速滑馆（", "国家速滑馆（冰丝带）", id="bracket"
        ),
        pytest.param("卡不超过1000元；", "超过1000元", "不超过1000元", id="what is denied"),
        pytest.param("损失73万余元。", "73万余", "73万余元", id="vagueness before the unit"),
        pytest.param("反弹94.42个点，", "94.42个", "94.42个点", id="unit after 个"),
        pytest.param("案件2.38万起，", "2.38万", "2.38万起", id="rarer classifier"),
        pytest.param("纳入第十一批名录", "第十", "第十一批", id="half a Chinese number"),
        pytest.param("由他统一三家公司", "三家", "三家", id="a word that ends as a number does"),
        pytest.param("增加135.2464万股，", "135.2464万", "135.2464万股", id="shares"),
        pytest.param("抢走130万股东的钱", "130万", "130万", id="a word that begins as a unit does"),
        pytest.param("截至7月8日张三说", "7月8", "7月8日", id="a name behind a date"),
        pytest.param("当晚11时许，", "11", "11时许", id="time of day"),
        pytest.param("进入11时代", "11", "11", id="a word that begins as a time does"),
        pytest.param("在134个场景里", "134个", "134个", id="counted noun after 个"),
        pytest.param("，北京。", "，北京。", "北京", id="signs at the edges"),
        pytest.param("熊友军说", "熊友军", "熊友军", id="nothing to do"),
        pytest.param("温度-5℃。", "-5", "-5℃", id="minus"),
        pytest.param("is over 414,000 now", "414,000", "over 414,000", id="English qualifier"),
        pytest.param("are at least 14 years old", "least 14", "at least 14 years old", id="begun"),
        pytest.param("worth RMB 115 billion.", "115", "RMB 115 billion", id="sum in English"),
        pytest.param("said Professor Latham and", "Latham", "Professor Latham", id="title"),
        pytest.param("up the A3 to London", "A3", "the A3", id="article"),
        pytest.param('so." Lee said', '" Lee', "Lee", id="mark that closes what stands before"),
        pytest.param("Plan A\n0字", "0", "0", id="article on the line above"),
        pytest.param("said Sir\nLee", "Lee", "Lee", id="title on the line above"),
        pytest.param("at least\n14 men", "14", "14", id="qualifier on the line above"),
        pytest.param("rates in US$\n500 men", "500", "500", id="currency on the line above"),
    ],
)
def test_a_span_is_moved_to_natural_borders(text, found, wanted):
    start = text.index(found)
    moved = natural_borders(text, Span(start, start + len(found)))
    assert text[moved.start : moved.end] == wanted


@pytest.mark.parametrize("text", ["，。", " ", "\n"], ids=["signs", "blank", "newline"])
def test_a_span_of_signs_only_stays(text):
    assert natural_borders(text, Span(0, len(text))) == Span(0, len(text))


@given(MARKS.filter(bool), st.data())
def test_a_span_stays_inside_the_text_and_is_not_empty(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    moved = natural_borders(text, Span(start, end))
    assert 0 <= moved.start < moved.end <= len(text)


@given(MARKS, MARKS, st.data())
def test_a_span_stays_inside_its_line(before, after, data):
    text = before.replace("\n", " ") + "\n" + after.replace("\n", " ") + "字"
    line = text.index("\n") + 1
    start = data.draw(st.integers(line, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assert natural_borders(text, Span(start, end)).start >= line


@pytest.mark.parametrize(
    ("text", "found", "wanted"),
    [
        pytest.param("有销售、展示、维修等", "展示", "有销售、展示、维修", id="from its middle"),
        pytest.param("有销售、展示、维修等", "销售", "销售、展示、维修", id="from its beginning"),
        pytest.param("有销售、展示、维修。", "维修", "有销售、展示、维修", id="from its end"),
        pytest.param("有销售、展示、维修。", "售、展", "售、展示、维修", id="from across a sign"),
        pytest.param("来自德国，有销售、展示。", "德国", "德国", id="another clause"),
        pytest.param("只有一项。", "一项", "一项", id="no enumeration"),
    ],
)
def test_an_enumeration_is_taken_whole(text, found, wanted):
    assert moved(enumeration, text, found) == wanted


@given(MARKS, st.data())
def test_an_enumeration_holds_the_span_and_stays_on_its_line(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    whole = enumeration(text, Span(start, end))
    assert whole.start <= start <= end <= whole.end
    assert text[whole.start : whole.end].count("\n") == text[start:end].count("\n")


@pytest.mark.parametrize(
    ("text", "found", "wanted"),
    [
        pytest.param("还没付一分钱，企业就拿到了。", "一分", "还没付一分钱", id="inside a clause"),
        pytest.param("他说：“尚无办法。”", "无", "尚无办法", id="inside a quotation"),
        pytest.param("一来难，二来贵。", "难，二来", "一来难，二来贵", id="across clauses"),
        pytest.param("It sold 1,500 units. It grew.", "units", "It sold 1,500 units", id="Latin"),
    ],
)
def test_a_clause_is_taken_whole(text, found, wanted):
    assert moved(clause, text, found) == wanted


@given(MARKS, st.data())
def test_a_clause_lies_in_the_text_and_on_its_line(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    span = clause(text, Span(start, end))
    assert 0 <= span.start <= span.end <= len(text)
    assert text[span.start : span.end].count("\n") <= text[start:end].count("\n")


@pytest.mark.parametrize(
    ("text", "found", "wanted"),
    [
        pytest.param("将68名轻中度患者分组", "68名轻", "68名", id="half a word"),
        pytest.param("有57家企业。", "57家企业", "57家企业", id="what is counted"),
        pytest.param("耗资2500日圆。", "2500日圆", "2500日圆", id="currency"),
        pytest.param("超105台创了纪录", "超105台创", "超105台", id="qualifier"),
        pytest.param("来自16个国家的队", "16个国家", "16个国家", id="long unit"),
        pytest.param("松延动力说", "松延动力", "松延动力", id="no number"),
    ],
)
def test_a_number_is_cut_after_its_unit(text, found, wanted):
    assert moved(quantity, text, found) == wanted


@pytest.mark.parametrize(
    ("text", "found", "wanted"),
    [
        pytest.param("他答：“他们有教练。”", "教练", "他们有教练", id="within"),
        pytest.param("他答：“他们有教练。”", "答：“他们", "他们有教练", id="across the mark"),
        pytest.param("“一。”他说，“二三四。”", "三", "二三四", id="the second of two"),
        pytest.param("他说没有教练。", "教练", "教练", id="none"),
        pytest.param("他问“谁”，没人答。", "没人答", "没人答", id="behind one"),
        pytest.param('"They taxed us," he said.', "taxed", "They taxed us", id="straight marks"),
    ],
)
def test_a_quotation_is_quoted_whole(text, found, wanted):
    assert moved(quotation, text, found) == wanted
