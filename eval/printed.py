"""What a newspaper prints with a story, and which of it is head, body and aside: subtitle, byline,
dateline, section headings, caption, end mark.
"""

from __future__ import annotations

import re
from random import Random
from typing import NamedTuple

from eval.stories import CLAUSE, Story, headline, is_english


class Part(NamedTuple):
    """A piece of an article as it was written, clean."""

    kind: str  # title, subtitle, byline, body, heading, caption
    text: str


class TrueArticle(NamedTuple):
    """An article as it was written: its parts in the order of reading."""

    parts: tuple[Part, ...]
    published: str | None  # where the article prints it
    day: str | None = None  # of the paper: no mistake to tell it

    def text(self, kind: str) -> str | None:
        """Return the texts of a kind, one after another, or None where there is none."""
        found = [part.text for part in self.parts if part.kind == kind]
        return " ".join(found) if found else None



_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁"  # noqa: E501
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文辉力波宁瑶璐洁玉晓梅欧阳雪佳一诺子涵宇轩思远清若水"  # noqa: E501
_AGENCIES = (
    "本报",
    "本报",
    "本报",
    "新华社",
    "中新社",
    "科技日报",
    "人民日报",
    "经济日报",
    "本刊",
    "本报特派",
)
_PLACES = ("北京", "上海", "洛杉矶", "乌鲁木齐", "成都", "华盛顿", "沱城", "棠川", "芦汀", "日内瓦")
_UNSIGNED = ("本报评论员", "本报讯", "统计局供稿", "钟文", "教宣", "市气象局供稿", "本报编辑部")
FURNITURE = (
    "要闻",
    "A11",
    "第8版",
    "14版",
    "科技·教育",
    "责任编辑 {name} 美编 {name}",
    "责编 {name} 版式 {name}",
    "编辑：{name} 校对：{name}",
    "{paper}",
    "{paper} 2025年8月16日 星期六",
    "2025年8月16日",
    "- 3 -",
    "本版编辑 {name}",
    "邮箱：news@example.cn",
    "特刊",
)
PAPERS = ("人民日报", "科技日报", "新华每日电讯", "南方周报", "江城晚报")


def name_of(rng: Random) -> str:
    given = "".join(rng.choice(_GIVEN) for _ in range(rng.choice((1, 2, 2))))
    return rng.choice(_SURNAMES) + given


_FIRST = (
    "Anna Tobias Corin Ines Hester Marta Odile Ray Hal Sandy Philippa Mo Declan Rosamund".split()
)
_LAST = "Wrenfield Vale Halloran Groat Peake Smith O'Neill Lindqvist-Roe Dray Oduya Haldane".split()


def _english_byline(rng: Random) -> str:
    name = f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"
    two = f"{name} and {rng.choice(_FIRST)} {rng.choice(_LAST)}"
    desk = rng.choice(("health reporter", "business editor", "local affairs reporter"))
    return rng.choice(
        (f"By {name}", f"By {name}", f"By {two}", name, f"{name}, {desk}", "Staff reporter")
    )


def _byline(rng: Random) -> str:
    names = " ".join(name_of(rng) for _ in range(rng.choice((1, 1, 1, 2, 3))))
    agency = rng.choice(_AGENCIES)
    return rng.choice(
        (
            f"{agency}记者 {names}",
            f"{agency}记者 {names}",
            f"{agency}记者 {names}",
            f"■{agency}记者 {names}",
            f"{agency}通讯员 {names}",
            f"{agency}记者 {name_of(rng)} 通讯员 {name_of(rng)}",
            f"{agency}记者 {name_of(rng)} 实习生 {name_of(rng)}",
            f"评论员 {name_of(rng)}",
            f"作者：{name_of(rng)}",
            f"文/{name_of(rng)}",
            name_of(rng),
            f"{name_of(rng)}（教师）",
            rng.choice(_UNSIGNED),
        )
    )


def _heading(text: str, rng: Random, form: str) -> str:
    """Return a section heading as one story words all of its own."""
    if is_english(text):
        return " ".join(headline(text, rng).split()[: rng.randint(2, 6)])
    if form == "headline":
        return headline(text, rng)
    clauses = [c for c in CLAUSE.findall(text) if not c[0].isdigit()] or [text[:8]]
    one, two = (_shortened(rng.choice(clauses), rng) for _ in range(2))
    forms = {
        "short": one[: rng.randint(4, 7)],
        "clause": one,
        "two": f"{one[:4]}——{two}",
        "pair": f"{one[:5]} {two[:5]}",
        "quoted": f"“{one[:4]}”{one[4:]}",
        "marked": f"■ {one}",
        "question": f"{one[:6]}{rng.choice(_QUESTIONS)}",
    }
    return forms[form]


def _shortened(clause: str, rng: Random) -> str:
    """Return a clause as headings have it, four to twelve characters: headlines are longer."""
    return _LITTLE.sub("", clause)[: rng.randint(5, 12)] or clause


_LITTLE = re.compile("的|了|将|已|在|把|被|于|[，。0-9%]")
_HEADINGS = ("headline", "short", "short", "clause", "clause", "clause", "two", "pair", "quoted", "marked", "question")  # noqa: E501
_QUESTIONS = ("怎么办", "为什么", "从哪来", "差在哪里", "如何破题", "靠什么")


def _sections(paragraphs: int, rng: Random) -> set[int]:
    """Return the paragraphs that begin a section: sections of a story are of like length."""
    many = rng.randint(2, 3) if paragraphs < 8 else rng.randint(3, 7)
    out, at = set[int](), rng.randint(1, many)
    while at < paragraphs:
        out.add(at)
        at += max(1, many + rng.randint(-1, 1))
    return out


class House(NamedTuple):
    """How often one paper prints what with its stories, each a share from 0 to 1."""

    titled: float = 0.87  # headlines that are pictures or on another page do not come out
    subtitled: float = 0.25
    signed: float = 0.75
    unsigned_signed: float = 0.3  # signed though without a headline
    dated: float = 0.25
    marked: float = 0.2  # of those not dated: an end mark
    headed: float = 0.7  # of long stories: section headings
    captioned: float = 0.15


ANY = House()
_OF_ONE_STYLE = 0.5  # of the pages: a paper does most things always or never


def house_of(rng: Random) -> House:
    """Return the habits of a page's paper: those of many mixed, or one paper's own."""
    if rng.random() >= _OF_ONE_STYLE:
        return ANY
    signed = rng.choice((0.0, 0.3, 0.95, 0.95))
    return House(
        titled=rng.choice((0.8, 0.97, 1.0, 1.0)),
        subtitled=rng.choice((0.0, 0.1, 0.6)),
        signed=signed,
        unsigned_signed=0.5 * signed,
        dated=rng.choice((0.0, 0.0, 0.1, 0.9)),
        marked=rng.choice((0.0, 0.0, 0.1, 0.9, 1.0)),
        headed=rng.choice((0.0, 0.3, 0.9)),
        captioned=rng.choice((0.0, 0.1, 0.4)),
    )


_CUT_OFF = 0.02  # of the stories end in the middle of a sentence, as where a file does


class Printed(NamedTuple):
    """A story's parts, and which of them are of the head, the lede, the rest and aside."""

    article: TrueArticle
    head: list[int]
    body: list[int]
    aside: list[int]


def _head(story: Story, rng: Random, house: House) -> list[Part]:
    """Return headline, subtitle and byline, whichever are printed."""
    parts: list[Part] = []
    english = is_english(story.body[0])
    titled = rng.random() < house.titled
    if titled:
        parts.append(Part("title", story.title))
        if rng.random() < house.subtitled:
            dash = "——" if rng.random() < 0.5 and not english else ""
            parts.append(Part("subtitle", dash + headline("".join(story.body), rng)))
    if rng.random() < (house.signed if titled else house.unsigned_signed):
        parts.append(Part("byline", _english_byline(rng) if english else _byline(rng)))
    return parts


def printed(story: Story, rng: Random, house: House = ANY) -> Printed:
    """Return a story as a paper of these habits prints it."""
    parts = _head(story, rng, house)
    english = is_english(story.body[0])
    head = list(range(len(parts)))
    year, month, day = (int(x) for x in story.day.split("-"))
    told = f"{month}月{day}日" if rng.random() < 0.9 else f"{year}年{month}月{day}日"
    place, agency = rng.choice(_PLACES), rng.choice(_AGENCIES[:6])
    dated = not english and rng.random() < house.dated
    marked = not english and rng.random() < house.marked
    share = house.headed * (1.0 if len(story.body) > 7 else 0.3)
    with_headings = len(story.body) >= 4 and rng.random() < share
    sections = _sections(len(story.body), rng) if with_headings else set(story.sections)
    form = rng.choice(_HEADINGS)
    body = list(story.body)
    if dated:
        body[0] = f"{agency}{place}{told}{rng.choice('电电讯')} {body[0]}"
    if marked and not dated:
        body[-1] += f"（{agency}{place}{told}电）" if rng.random() < 0.6 else "（完）"
        dated = "电）" in body[-1]
    if rng.random() < _CUT_OFF and len(body[-1]) > 40:
        body[-1] = body[-1][: rng.randint(20, len(body[-1]) - 6)]
    first = len(parts)
    for i, paragraph in enumerate(body):
        if i in sections:
            parts.append(Part("heading", _heading("".join(body[i : i + 3]), rng, form)))
        parts.append(Part("body", paragraph))
    rest, aside = list(range(first, len(parts))), list[int]()
    if not english and rng.random() < house.captioned:
        aside = [len(parts)]
        clause = rng.choice(CLAUSE.findall("".join(body)) or [body[0][:12]])
        credit = f"{agency}记者 {name_of(rng)}{rng.choice((' ', ''))}摄"
        mark = rng.choice(("", "", "▲", "◀ "))
        parts.append(
            Part("caption", f"{mark}{rng.choice((told + '，', '图为', ''))}{clause}。{credit}")
        )
    # years are resolved from the text: the printed day alone is no mistake
    return Printed(
        TrueArticle(tuple(parts), story.day if dated else None, story.day), head, rest, aside
    )
