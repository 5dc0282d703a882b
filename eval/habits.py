"""What papers print around their stories, and how often: names, bylines, credits, section headings,
page furniture. Every page draws habits of its own, so that no habit of ours can be learned.
"""

from __future__ import annotations

import re
from random import Random
from typing import NamedTuple

from eval.stories import CLAUSE, headline, is_english

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁"  # noqa: E501
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文辉力波宁瑶璐洁玉晓梅欧阳雪佳一诺子涵宇轩思远清若水"  # noqa: E501
AGENCIES = ("本报", "本报", "本报", "新华社", "中新社", "科技日报", "人民日报", "经济日报", "本刊", "本报特派")  # noqa: E501
PLACES = ("北京", "上海", "洛杉矶", "乌鲁木齐", "成都", "华盛顿", "沱城", "棠川", "芦汀", "日内瓦", "日内瓦/布鲁塞尔")  # noqa: E501
_UNSIGNED = ("本报评论员", "本报讯", "统计局供稿", "钟文", "教宣", "市气象局供稿", "本报编辑部", "本报综合报道")  # noqa: E501
_PAPERS = ("人民日报", "科技日报", "新华每日电讯", "南方周报", "江城晚报", "机器人产业时报", "澄江日报")  # noqa: E501
_SECTIONS = ("要闻", "国际", "经济", "文化", "体育", "社会", "科教", "民生", "时事", "综合", "副刊", "深度", "理论")  # noqa: E501
_FURNITURE = (
    "{section}",
    "A{n}",
    "{n:02}",
    "第{n}版",
    "{n}版",
    "{section}·{section}",
    "{section}新闻",
    "责任编辑 {name} 美编 {name}",
    "责编 {name} 版式 {name}",
    "责任编辑：{name}",
    "编辑：{name} 校对：{name}",
    "本版编辑 {name}",
    "本版责编：{name} {name}",
    "版面编辑：{name} 电话：010-{n}{n}{n}{n}",
    "值班编委 {name}",
    "{paper}",
    "{paper} {year}年{month}月{day}日 星期六",
    "{year}年{month}月{day}日",
    "{year}年{month}月{day}日 星期三 第{n}版",
    "{month}月{day}日 星期五",
    "{year}.{month}.{day}",
    "{section} {year}年{month}月{day}日 星期一",
    "农历丙午年二月初六",
    "今日{n}版 总第{n}{n}期",
    "国内统一连续出版物号CN 11-00{n}",
    "- {n} -",
    "邮箱：news@example.cn",
    "E-mail：paper{n}@example.cn",
    "www.example.cn",
    "新闻热线：0571-{n}{n}{n}{n}",
    "{section}特刊",
    "广告",
)
_JUMPS = ("（下转第{n}版）", "下转第{n}版", "（下转{n}版）", "（紧接第一版）", "（上接第{n}版）", "上接第1版", "▶▶▶下转{n}版")  # noqa: E501


def name_of(rng: Random) -> str:
    given = "".join(rng.choice(_GIVEN) for _ in range(rng.choice((1, 2, 2))))
    return rng.choice(_SURNAMES) + given


def furniture_line(rng: Random) -> str:
    """Return a line of no story: a page's name, number, date, editors."""
    return filled(rng.choice(_FURNITURE), rng)


def jump_line(rng: Random) -> str:
    """Return a line that says on which page a story goes on, or began."""
    return filled(rng.choice(_JUMPS), rng)


def filled(form: str, rng: Random) -> str:
    """Return a form of print with names, numbers and dates in it."""
    while "{name}" in form:
        form = form.replace("{name}", name_of(rng), 1)
    while "{section}" in form:
        form = form.replace("{section}", rng.choice(_SECTIONS), 1)
    return form.format(
        n=rng.randint(1, 24),
        paper=rng.choice(_PAPERS),
        year=rng.randint(2015, 2026),
        month=rng.randint(1, 12),
        day=rng.randint(1, 28),
    )


_FIRST = (
    "Anna Tobias Corin Ines Hester Marta Odile Ray Hal Sandy Philippa Mo Declan Rosamund".split()
)
_LAST = "Wrenfield Vale Halloran Groat Peake Smith O'Neill Lindqvist-Roe Dray Oduya Haldane".split()


def english_byline(rng: Random) -> str:
    name = f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"
    two = f"{name} and {rng.choice(_FIRST)} {rng.choice(_LAST)}"
    desk = rng.choice(("health reporter", "business editor", "local affairs reporter"))
    forms = (f"By {name}", f"By {name}", f"By {two}", name, f"{name}, {desk}", "Staff reporter")
    return rng.choice(forms)


def byline(rng: Random) -> str:
    """Return the byline of a Chinese story."""
    names = rng.choice(("  ", " ", " ", "、")).join(
        name_of(rng) for _ in range(rng.choice((1, 1, 1, 2, 3)))
    )
    agency, one, other = rng.choice(AGENCIES), name_of(rng), name_of(rng)
    return rng.choice(
        (
            *(f"{agency}记者 {names}",) * 5,
            f"{rng.choice('■□●')}{agency}记者 {names}",
            f"{agency}通讯员 {names}",
            f"{agency}记者 {one} 通讯员 {other}",
            f"{agency}记者 {one} 实习生 {other}",
            f"{agency}记者 {one} 文/图",
            f"{agency}见习记者 {one}",
            f"文/{agency}记者 {one}",
            f"{agency}驻{rng.choice(PLACES[:4])}记者 {one}",
            f"评论员 {one}",
            f"作者：{one}",
            f"文/{one}",
            f"撰文 {one}",
            one,
            f"{one}（教师）",
            rng.choice(_UNSIGNED),
        )
    )


def opening(told: str, rng: Random) -> str:
    """Return what stands before a story's first words: place, date, reporter."""
    agency, place = rng.choice(AGENCIES[:6]), rng.choice(PLACES)
    sign = f"（记者{name_of(rng)}）" if rng.random() < 0.4 else ""
    return f"{agency}{place}{told}{rng.choice('电电讯')}{sign} "


def closing(told: str, rng: Random) -> str:
    """Return what stands behind a story's last words, with the date or without."""
    agency, place, name = rng.choice(AGENCIES[:6]), rng.choice(PLACES), name_of(rng)
    forms = (
        *(f"（{agency}{place}{told}电）",) * 5,
        f"新华社记者（{agency}{place}{told}电）",
        *("（完）",) * 2,
        f"（记者{name}）",
        f"（{agency}记者 {name}）",
        f"（{name}）",
        "（据新华社电）",
    )
    return rng.choice(forms)


HEADINGS = ("headline", "short", "short", "clause", "clause", "clause", "two", "pair", "quoted", "marked", "question", "long", "numbered")  # noqa: E501
_QUESTIONS = ("怎么办", "为什么", "从哪来", "差在哪里", "如何破题", "靠什么")


def heading(text: str, rng: Random, form: str, number: int) -> str:
    """Return a section heading as one story words all of its own."""
    if is_english(text):
        return " ".join(headline(text, rng).split()[: rng.randint(2, 6)])
    if form == "headline":
        return headline(text, rng)
    clauses = [c for c in CLAUSE.findall(text) if not c[0].isdigit()] or [text[:8]]
    whole = [c for c in clauses if len(c) <= _HEADING]
    if whole and rng.random() < 0.7:
        one, two = rng.choice(whole), rng.choice(whole)
    else:
        one, two = (_shortened(rng.choice(clauses), rng) for _ in range(2))
    forms: dict[str, str] = {
        "short": one[: rng.randint(4, 7)],
        "clause": one,
        "two": f"{one[:4]}——{two}",
        "pair": f"{one} {two}",
        "long": f"{one[:5]}：{two} {rng.choice(whole or clauses)}",
        "quoted": f"“{one[:4]}”{one[4:]}",
        "marked": f"■ {one}",
        "numbered": f"{'一二三四五六七八九十'[number % 10]}、{one}",
        "question": f"{one[:6]}{rng.choice(_QUESTIONS)}",
    }
    return forms[form]


def _shortened(clause: str, rng: Random) -> str:
    """Return a clause as headings have it, four to twelve characters: headlines are longer."""
    return _LITTLE.sub("", clause)[: rng.randint(5, 12)] or clause


_HEADING = 11  # characters
_LITTLE = re.compile("的|了|将|已|在|把|被|于|[，。0-9%]")


class House(NamedTuple):
    """How often one paper prints what with its stories, each a share from 0 to 1."""

    titled: float = 0.87  # headlines that are pictures or on another page do not come out
    subtitled: float = 0.25
    kicked: float = 0.0  # a line above the headline
    signed: float = 0.75
    unsigned_signed: float = 0.3  # signed though without a headline
    dated: float = 0.25
    marked: float = 0.2  # of those not dated: an end mark
    headed: float = 0.7  # of long stories: section headings
    captioned: float = 0.15
    tabled: float = 0.0
    form: str | None = None  # of section headings; each story's own where None


ANY = House()


def _share(rng: Random, usual: float) -> float:
    """Return how often a paper does something: mostly always or never, `usual` on the average."""
    return rng.betavariate(0.5 * usual + 0.02, 0.5 * (1 - usual) + 0.02)


def house_of(rng: Random) -> House:
    """Return the habits of a page's paper, drawn afresh: a paper does most things always or
    never."""
    signed = _share(rng, 0.6)
    return House(
        titled=1 - _share(rng, 0.09),
        subtitled=_share(rng, 0.25),
        kicked=_share(rng, 0.1),
        signed=signed,
        unsigned_signed=signed * rng.random(),
        dated=_share(rng, 0.25),
        marked=_share(rng, 0.35),
        headed=_share(rng, 0.65),
        captioned=_share(rng, 0.2),
        tabled=_share(rng, 0.04),
        form=rng.choice(HEADINGS) if rng.random() < 0.5 else None,
    )
