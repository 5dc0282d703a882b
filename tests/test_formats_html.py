"""rag.formats.html: the main text of a page with its title and date, and nothing around it."""

import pytest

from rag.errors import EmptySource, UnreadableSource
from rag.formats.html import decode_page, read

PARAGRAPHS = [
    "古今辉映的首都北京，两场世界级机器人盛会接连举办。",
    "在北京经开区，1500多个机器人在世界机器人大会上各显神通，百余款新品发布。",
    "今年7月交付人形机器人105台创了纪录，8月的目标是200台！",
]


def page(head="", charset="utf-8", body=None, stamp=""):
    text = "".join(f"<p>　　{p}</p>\n" for p in PARAGRAPHS) if body is None else body
    return f"""<!DOCTYPE html>
<html><head><meta charset="{charset}"><title>北京机器人产业加速崛起_某某网</title>{head}
<script>var words = "脚本里的字";</script><style>.样式 {{}}</style></head>
<body><nav><a href="/">首页</a> <a href="/w">国际新闻</a></nav>
<div class="main"><h1>北京机器人产业加速崛起</h1><div class="info">{stamp}</div>
<div class="content">{text}</div></div>
<div class="related"><ul><li><a href="/1">别的新闻标题</a></li></ul></div>
<footer>版权所有 2003-2023</footer><script>console.log("尾部脚本")</script></body></html>"""


def test_the_main_text_comes_out_a_paragraph_a_line_with_its_title():
    found = read(page().encode())
    assert found.text.split("\n") == PARAGRAPHS
    assert found.title == "北京机器人产业加速崛起"
    assert found.pages == ()


@pytest.mark.parametrize(
    "noise", ["脚本", "样式", "首页", "国际新闻", "别的新闻标题", "版权所有", "console"]
)
def test_navigation_and_scripts_never_come_in(noise):
    assert noise not in read(page().encode()).text
    short = page(body="<p>短讯一则。</p>").encode()
    assert "短讯一则。" in read(short).text
    assert noise not in read(short).text.replace("别的新闻标题", "")


@pytest.mark.parametrize(
    "kind",
    [
        {"head": '<meta property="article:published_time" content="2025-08-16T09:00:00+08:00">'},
        {"head": '<meta name="publishdate" content="2025-08-16">'},
        {"stamp": "2025年08月16日10:15　来源：某某网"},
        {"stamp": "2025-08-16 10:15:00 记者：张三"},
    ],
    ids=["article", "publishdate", "a stamp in Chinese", "a stamp"],
)
def test_the_date_of_publication_is_found(kind):
    assert read(page(**kind).encode()).published == "2025-08-16"


def test_a_year_in_the_text_or_in_the_footer_is_no_date():
    body = "".join(f"<p>2019年5月1日，公司成立。{p}</p>" for p in PARAGRAPHS)
    assert read(page(body=body).encode()).published is None


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("utf-8", "utf-8"),
        ("gb2312", "gb18030"),
        ("gbk", "utf-8"),  # a lie that many pages tell
        ("utf-8", "gb18030"),
        ("big5", "cp950"),
        ("no-such-thing", "utf-8"),
        ("utf-16", "utf-16"),
    ],
)
def test_the_encoding_is_found_though_the_page_declares_another(declared, encoding):
    text = page(charset=declared)
    if encoding == "cp950":
        text = text.replace("北京机器人产业加速崛起", "北京機器人產業加速崛起")
        text = text.encode("cp950", "ignore").decode("cp950")
    assert decode_page(text.encode(encoding)).removeprefix("\ufeff") == text


def test_a_table_comes_out_a_row_a_line():
    rows = "<table><tr><td>年份</td><td>产量</td></tr><tr><td>2024</td><td>105台</td></tr></table>"
    body = f"<p>{PARAGRAPHS[0]}</p>{rows}<p>{PARAGRAPHS[1]}</p>"
    lines = read(page(body=body).encode()).text.split("\n")
    assert [line for line in lines if "\t" in line] == ["年份\t产量", "2024\t105台"]


def test_a_page_without_main_text_gives_all_that_is_seen():
    data = "<div>甲</div><nav>导航</nav><span>乙</span><b>丙</b><script>丁</script>".encode()
    assert read(data).text.replace("\n", "") == "甲乙丙"


@pytest.mark.parametrize(
    "data",
    [b"<html><script>var x = 1</script></html>", b"<img src='a.png'>", b"   ", b"<!-- words -->"],
    ids=["script", "picture", "blank", "comment"],
)
def test_a_page_that_shows_no_text_is_an_error(data):
    with pytest.raises(EmptySource):
        read(data)


@pytest.mark.parametrize("tag", ["div", "table", "b", "ul><li"])
def test_a_page_nested_without_end_is_an_error(tag):
    with pytest.raises(UnreadableSource, match="nested"):
        read(f"<{tag}>".encode() * 200_000 + PARAGRAPHS[0].encode())


def test_binary_content_is_an_error():
    with pytest.raises(UnreadableSource, match="binary"):
        read(b"\x89PNG\r\n\x1a\n\0\0\0" * 20)
