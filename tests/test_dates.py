"""rag.dates: month and day from the dateline or end mark, the year from what the text speaks of."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.dates import published_date

END = "（新华社北京8月16日电）"


@pytest.mark.parametrize(
    ("text", "page", "wanted"),
    [
        pytest.param("新华社洛杉矶2024年8月17日电 新研究", "", "2024-08-17", id="year printed"),
        pytest.param("大会8月开幕。" + END, "2025年8月15日", "2025-08-16", id="a paper's head"),
        pytest.param("2025年8月14日，大会开幕。" + END, "", "2025-08-16", id="a day of that week"),
        pytest.param("2025年8月16日。2030年。" + END, "", "2025-08-16", id="full dates count most"),
        pytest.param("2024年12月30日。（本报北京1月2日电）", "", "2025-01-02", id="over new year"),
        pytest.param("2025年上半年增长5%。" + END, "", "2025-08-16", id="figures just out"),
        pytest.param("大会闭幕。" + END, "2025年，" * 5, "2025-08-16", id="a year again and again"),
        pytest.param("2021年建成，2030年完工。" + END, "", None, id="years of something else"),
        pytest.param("2019年5月2日建成。" + END, "", None, id="a day of another time"),
        pytest.param("机器人大会。" + END, "", None, id="no year anywhere"),
        pytest.param("2025年8月16日，大会开幕。", "", None, id="no mark"),
        pytest.param("2025年（新华社北京2月30日电）", "", None, id="no such day"),
        pytest.param("2025年（新华社北京13月1日电）", "", None, id="no such month"),
        pytest.param("", "", None, id="nothing"),
    ],
)
def test_a_date_is_read_where_one_is_printed(text, page, wanted):
    assert published_date(text, page) == wanted


@given(st.dates(datetime.date(1950, 1, 1), datetime.date(2099, 12, 31)))
def test_a_whole_date_in_the_mark_is_taken_as_it_is(day):
    mark = f"（新华社北京{day.year}年{day.month}月{day.day}日电）"
    assert published_date("2001年旧闻。" + mark, "") == day.isoformat()
