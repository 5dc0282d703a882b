"""Newspaper pages made up for property tests: stories with and without headline, byline, dateline
and end mark, wrapped and damaged the ways page extraction does."""

from __future__ import annotations

from hypothesis import strategies as st

_PHRASES = (
    "政府工作报告提出",
    "今年上半年",
    "松江新区",
    "稳定和扩大就业",
    "首台样机",
    "公司负责人介绍",
    "全市300多家企业",
    "将在2026年投产",
    "研究团队发现",
    "步态训练",
    "交付105台",
    "同比增长12.5%",
    "AI大模型",
    "在北京举行",
    "机器人",
    "取得新进展",
    "的比赛中",
    "约60亿元",
    "“加速进化”",
    "《规划》",
)
_ODD = (
    "\u00ad",
    "\u200b",
    "\ufeff",
    "\ue012",
    "\u3000",
    " ",
    "\t",
    "\x07",
    "２",
    "Ａ",
    "⽉",
    "\xa0",
)
_PLACES = ("北京", "上海", "洛杉矶")
_PEOPLE = ("张晓洁", "董素玉", "王 伟", "李明")

clauses = st.lists(st.sampled_from(_PHRASES), min_size=1, max_size=4).map("".join)
sentences = st.builds(
    lambda parts, end: "，".join(parts) + end,
    st.lists(clauses, min_size=1, max_size=4),
    st.sampled_from("。。。！？"),
)
paragraphs = st.lists(sentences, min_size=1, max_size=4).map("".join)
english = st.lists(
    st.sampled_from(
        ("The robot walked.", "It fell, twice.", "A well-known firm sold 3.5 million units.")
    ),
    min_size=1,
    max_size=4,
).map(" ".join)


@st.composite
def stories(draw):
    """Return the paragraphs of one story, in the order of print."""
    body = draw(st.lists(st.one_of(paragraphs, paragraphs, english), min_size=1, max_size=4))
    place, day = draw(st.sampled_from(_PLACES)), draw(st.integers(1, 28))
    if draw(st.booleans()):
        body[0] = f"新华社{place}8月{day}日电 " + body[0]
    if draw(st.booleans()):
        body[-1] += f"（新华社{place}8月{day}日电）"
    if draw(st.booleans()):
        body.insert(
            0, "新华社记者 " + " ".join(draw(st.lists(st.sampled_from(_PEOPLE), max_size=2)))
        )
    if draw(st.booleans()):
        body.insert(0, draw(clauses))
        if draw(st.booleans()):
            body.insert(draw(st.sampled_from([0, 1, len(body)])), "——" + draw(clauses))
    if draw(st.booleans()):
        quotes = draw(st.lists(st.sampled_from(_PEOPLE), max_size=3))
        body += [line for name in quotes for line in (draw(sentences), f"——中国科学院院士 {name}")]
    return body


def _wrapped(paragraph: str, width: int) -> list[str]:
    return [paragraph[i : i + width] for i in range(0, len(paragraph), width)] or [""]


@st.composite
def pages(draw):
    """Return a raw page: several stories, wrapped or not, with odd characters strewn in."""
    printed = [p for story in draw(st.lists(stories(), min_size=1, max_size=4)) for p in story]
    if draw(st.booleans()):
        width = draw(st.integers(8, 60))
        printed = [line for p in printed for line in _wrapped(p, width)]
    newline = draw(st.sampled_from(["\n", "\n\n", "\r\n", "\n  \n", "\n\u3000\u3000"]))
    text = newline.join(printed) + draw(st.sampled_from(["", "\n", "\r\n\r\n", " \x0c"]))
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(_ODD)) + text[at:]
    return text


messes = st.text(
    st.sampled_from(
        "中国人民在的了二〇零年月，。、；：？！“”‘’（）《》…—·％ \n\n\n\r\t"
        "\u3000\u00ad\u200b\ufeff\ue000"
        "\x00\x0b\x0c\x1c\x85\u2028aBc-.,:1234０９ＡｚＺ％．⽉⼈豈ﬁ㍿①ｱ\u0301é😀𠮷■（"
    ),
    max_size=120,
)
