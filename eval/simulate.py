"""Newspaper pages made of clean articles: laid out in columns, heads and ledes moved about, damaged
as extraction damages them, and the truth of every character kept.

  story   title, subtitle, byline, dateline, paragraphs, section headings, caption, end mark
  blocks  what is printed in one piece: a head, a lede, a body, in one of `ORDERS`
  page    the blocks wrapped, each to a width of its own, then damaged by `eval.damage`
"""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import cycle, pairwise
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from eval.damage import ADDED, DAMAGES, Page, clean_lines, hard_wraps, page_of, paragraphs
from rag.types import is_ignorable

NONE = -1  # of no article: white space, page furniture


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


class TruePage(NamedTuple):
    """A printed page and where each of its characters comes from.

    `article`, `part` and `place`: of each character of `text` the number of its article, of the
    part in it, and of the character in that; NONE for what was added. All (n,) int64.
    """

    name: str
    text: str
    articles: tuple[TrueArticle, ...]
    article: npt.NDArray[np.int64]
    part: npt.NDArray[np.int64]
    place: npt.NDArray[np.int64]


class Story(NamedTuple):
    """A clean article before it is printed."""

    title: str
    body: tuple[str, ...]
    day: str = "2025-08-16"


# ---- stories --------------------------------------------------------------------------------

_SPOKEN = re.compile("<strong>央视网消息</strong>（[^（）]*）：|<[^>]+>")
_TAG = re.compile("^【[^】]*】")


def bulletin_stories(path: Path) -> Iterator[Story]:
    """Yield the items of the news bulletins: headline and paragraphs as their editors wrote them."""  # noqa: E501
    day = "2025-08-16"
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        title = ""
        for line in lines:
            if found := re.match(r"# .*\((\d{4})(\d\d)(\d\d)\)", line):
                day = "-".join(found.groups())
            elif line.startswith("### "):
                title = _TAG.sub("", line[4:].strip())
            elif line.startswith("<p>") and title:
                body = [_SPOKEN.sub("", p) for p in line.split("</p>")]
                body = [text for p in body for text in clean_lines(p)]
                if len(body) >= 2 and len(title) >= 6 and "快讯" not in title:
                    yield Story(title, tuple(body), day)
                title = ""


def news_stories(path: Path, rng: Random, shortest: int = 250) -> Iterator[Story]:
    """Yield news of a corpus under headlines made of their own words; `shortest` in characters."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if len(record["text"]) >= shortest:
                body = paragraphs(record["text"][:5000], rng)
                if len(body) >= 2:
                    day = record.get("published") or "2023-08-16"
                    yield Story(_headline("".join(body), rng), tuple(body), day)


def parallel_stories(path: Path, column: int, rng: Random) -> Iterator[Story]:
    """Yield the stories of a file of parallel news, a sentence a line: column 0 Chinese, 1 English.

    A headline is a line without a stop; what follows it, up to the next, is its story.
    """
    title, body = "", list[str]()
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            text = " ".join(clean_lines(line.rstrip("\n").split("\t")[column]))
            if text and text[-1] not in "。！？”….!?\"'）)：:;；，," and len(text) < 110:
                if len(title) > 8 and len(body) >= 4:
                    yield Story(title, tuple(_in_paragraphs(body[:40], column, rng)))
                title, body = text, []
            elif text:
                body.append(text)


def _in_paragraphs(sentences: Sequence[str], column: int, rng: Random) -> Iterator[str]:
    at = 0
    while at < len(sentences):
        many = rng.choice((1, 2, 2, 3))
        yield (" " if column else "").join(sentences[at : at + many])
        at += many


_CLAUSE = re.compile("[\u4e00-\u9fff0-9%]{6,20}(?=[，。；])")


def _is_english(text: str) -> bool:
    return sum(c.isascii() for c in text[:200]) > 0.8 * len(text[:200])


def _headline(text: str, rng: Random) -> str:
    if _is_english(text):
        words = text[: rng.randint(40, 400)].split()
        return " ".join(words[-rng.randint(2, 9) :]).strip(",.;:\"'").capitalize()
    clauses = _CLAUSE.findall(text)[:12] or [text[:12]]
    one, two = rng.choice(clauses), rng.choice(clauses)
    forms = (
        one,
        one,
        f"{one[:8]}：{two}",
        f"{one} {two}",
        f"“{one[:4]}”{one[4:]}",
        f"{one}，{two}",
    )
    return rng.choice(forms).strip("，。")[:34]


def mixed_stories(folder: Path, rng: Random) -> Iterator[Story]:
    """Yield stories of all kinds in turn, as long as all last; one in five is English."""
    parallel = folder / "parallel" / "news_2017_2022.tsv.xz"
    kinds = (
        bulletin_stories(folder / "text" / "zh_bulletins.txt.xz"),
        news_stories(folder / "text" / "zh_news.jsonl.xz", rng),
        cycle(parallel_stories(parallel, 0, rng)),
        news_stories(folder / "text" / "zh_news.jsonl.xz", rng, 850),
        cycle(parallel_stories(parallel, 1, rng)),
    )
    waiting: list[list[Story]] = [[] for _ in kinds]
    for stories in zip(*kinds, strict=False):
        for held, story in zip(waiting, stories, strict=True):
            held.append(story)
        if len(waiting[0]) == _TOGETHER:
            groups = [held[i : i + 5] for held in waiting for i in range(0, len(held), 5)]
            rng.shuffle(groups)
            yield from (story for group in groups for story in group)
            waiting = [[] for _ in kinds]


_TOGETHER = 20  # stories of a kind: pages are mostly of one kind, as papers are


def written_stories(truths: Iterable[Path]) -> list[Story]:
    """Return the articles of `eval/pages/truth`, one file a page."""
    out = []
    for path in truths:
        record = json.loads(path.read_text(encoding="utf-8"))
        out += [
            Story(one["title"], tuple(one["body"]), record["day"]) for one in record["articles"]
        ]
    return out


# ---- what is printed with a story -----------------------------------------------------------

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
_FURNITURE = (
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
_PAPERS = ("人民日报", "科技日报", "新华每日电讯", "南方周报", "江城晚报")


def _name(rng: Random) -> str:
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
    names = " ".join(_name(rng) for _ in range(rng.choice((1, 1, 1, 2, 3))))
    agency = rng.choice(_AGENCIES)
    return rng.choice(
        (
            f"{agency}记者 {names}",
            f"{agency}记者 {names}",
            f"{agency}记者 {names}",
            f"■{agency}记者 {names}",
            f"{agency}通讯员 {names}",
            f"{agency}记者 {_name(rng)} 通讯员 {_name(rng)}",
            f"{agency}记者 {_name(rng)} 实习生 {_name(rng)}",
            f"评论员 {_name(rng)}",
            f"作者：{_name(rng)}",
            f"文/{_name(rng)}",
            _name(rng),
            f"{_name(rng)}（教师）",
            rng.choice(_UNSIGNED),
        )
    )


def _heading(text: str, rng: Random) -> str:
    if _is_english(text):
        return " ".join(_headline(text, rng).split()[:5])
    clauses = [c for c in _CLAUSE.findall(text) if len(c) <= 14] or [text[:8]]
    one = rng.choice(clauses)
    return rng.choice(
        (one, one, one[:6], f"■ {one}", f"“{one[:4]}”{one[4:]}", f"{one[:5]} {one[5:]}")
    )


class _Printed(NamedTuple):
    """A story's parts, and which of them are of the head, the lede, the rest and aside."""

    article: TrueArticle
    head: list[int]
    body: list[int]
    aside: list[int]


def _printed(story: Story, rng: Random) -> _Printed:
    parts: list[Part] = []
    english = _is_english(story.body[0])
    titled = rng.random() < 0.93
    if titled:
        parts.append(Part("title", story.title))
        if rng.random() < 0.25:
            dash = "——" if rng.random() < 0.5 and not english else ""
            parts.append(Part("subtitle", dash + _headline("".join(story.body), rng)))
    signed = rng.random() < (0.75 if titled else 0.3)
    if signed:
        parts.append(Part("byline", _english_byline(rng) if english else _byline(rng)))
    head = list(range(len(parts)))
    year, month, day = (int(x) for x in story.day.split("-"))
    told = f"{month}月{day}日" if rng.random() < 0.9 else f"{year}年{month}月{day}日"
    place, agency = rng.choice(_PLACES), rng.choice(_AGENCIES[:6])
    dated, marked = not english and rng.random() < 0.25, not english and rng.random() < 0.2
    with_headings = len(story.body) >= 5 and rng.random() < 0.5
    body = list(story.body)
    if dated:
        body[0] = f"{agency}{place}{told}{rng.choice('电电讯')} {body[0]}"
    if marked and not dated:
        body[-1] += f"（{agency}{place}{told}电）" if rng.random() < 0.6 else "（完）"
        dated = "电）" in body[-1]
    first = len(parts)
    for i, paragraph in enumerate(body):
        if with_headings and i and rng.random() < 0.35:
            for _ in range(rng.choice((1, 1, 1, 2))):
                parts.append(Part("heading", _heading("".join(body[i:]), rng)))
        parts.append(Part("body", paragraph))
    rest, aside = list(range(first, len(parts))), list[int]()
    if not english and rng.random() < 0.15:
        aside = [len(parts)]
        clause = rng.choice(_CLAUSE.findall("".join(body)) or [body[0][:12]])
        credit = f"{agency}记者 {_name(rng)}{rng.choice((' ', ''))}摄"
        mark = rng.choice(("", "", "▲", "◀ "))
        parts.append(
            Part("caption", f"{mark}{rng.choice((told + '，', '图为', ''))}{clause}。{credit}")
        )
    # years are resolved from the text: the printed day alone is no mistake
    return _Printed(
        TrueArticle(tuple(parts), story.day if dated else None, story.day), head, rest, aside
    )


# ---- orders of print ------------------------------------------------------------------------

Blocks = list[tuple[int, list[int], str]]
"""What is printed in one piece: number of the article, its parts, and what they are."""


def _in_order(stories: Sequence[_Printed], rng: Random) -> Blocks:
    return [b for n, s in enumerate(stories) for b in ((n, s.head, "head"), (n, s.body, "body"))]


def _head_behind(stories: Sequence[_Printed], rng: Random) -> Blocks:
    return [b for n, s in enumerate(stories) for b in ((n, s.body, "body"), (n, s.head, "head"))]


def _lede_behind(stories: Sequence[_Printed], rng: Random) -> Blocks:
    """The rest of each story first, then its head and its lede, as where a lede has its own box."""
    out: Blocks = []
    for n, s in enumerate(stories):
        lede, rest = _lede(s, rng)
        out += [(n, rest, "body"), (n, s.head, "head"), (n, lede, "lede")]
    return out


def _heads_apart(stories: Sequence[_Printed], rng: Random) -> Blocks:
    heads: Blocks = [(n, s.head, "head") for n, s in enumerate(stories)]
    bodies: Blocks = [(n, s.body, "body") for n, s in enumerate(stories)]
    return [*heads, *bodies] if rng.random() < 0.5 else [*bodies, *heads]


def _ledes_first(stories: Sequence[_Printed], rng: Random) -> Blocks:
    """Heads and ledes of some stories, then the bodies, as where heads span several columns."""
    early: Blocks = []
    late: Blocks = []
    for n, s in enumerate(stories):
        lede, rest = _lede(s, rng)
        if rng.random() < 0.5 and rest:
            early += [(n, s.head, "head"), (n, lede, "lede")]
            late += [(n, rest, "body")]
        else:
            late += [(n, s.head, "head"), (n, s.body, "body")]
    return early + late if rng.random() < 0.7 else late + early


def _mixed(stories: Sequence[_Printed], rng: Random) -> Blocks:
    """Each story in an order of its own."""
    out: Blocks = []
    for n, s in enumerate(stories):
        order = rng.choice((_in_order, _in_order, _head_behind, _lede_behind, _tail_first))
        out += [(n, parts, kind) for _, parts, kind in order([s], rng)]
    return out


def _tail_first(stories: Sequence[_Printed], rng: Random) -> Blocks:
    """The last paragraphs of each story before its head, as where columns are read wrongly."""
    out: Blocks = []
    for n, s in enumerate(stories):
        at = max(1, len(s.body) - rng.randint(1, 2))
        out += [(n, s.body[at:], "body"), (n, s.head, "head"), (n, s.body[:at], "body")]
    return out


def _lede(story: _Printed, rng: Random) -> tuple[list[int], list[int]]:
    many = min(rng.choice((1, 1, 1, 2)), len(story.body))
    return story.body[:many], story.body[many:]


ORDERS: dict[Callable[[Sequence[_Printed], Random], Blocks], float] = {
    _in_order: 0.40,
    _head_behind: 0.08,
    _lede_behind: 0.14,
    _heads_apart: 0.12,
    _ledes_first: 0.10,
    _mixed: 0.12,
    _tail_first: 0.04,
}
"""How often each order is drawn: most pages are read in order, the others are what goes wrong."""


# ---- pages ----------------------------------------------------------------------------------


def simulated(stories: Sequence[Story], rng: Random, name: str = "page.txt") -> TruePage:
    """Print the stories on one page and damage it."""
    printed = [_printed(story, rng) for story in stories]
    order = rng.choices(list(ORDERS), list(ORDERS.values()))[0]
    blocks = [block for block in order(printed, rng) if block[1]]
    for n, story in enumerate(printed):
        for part in story.aside:
            after = [i for i, block in enumerate(blocks) if block[0] == n]
            at = rng.choice(after)
            if blocks[at][2] == "body" and rng.random() < 0.7:
                at = _parted(blocks, at, rng)
            blocks.insert(at + 1, (n, [part], "caption"))
    return _laid_out([one.article for one in printed], blocks, rng, name)


def _parted(blocks: Blocks, at: int, rng: Random) -> int:
    """Part a block in two, for a picture between; return the number of the first half."""
    n, parts, kind = blocks[at]
    cut = rng.randint(0, len(parts))
    halves: Blocks = [(n, half, kind) for half in (parts[:cut], parts[cut:]) if half]
    blocks[at : at + 1] = halves
    return at


_WIDTHS = (10, 12, 13, 14, 16, 18, 18, 20, 22, 24, 27, 30, 34, 40, 46)
_GENTLE = ("spaces_between_scripts", "spaces_beside_punctuation", "padded_names", "full_width")
_ROUGH = ("compatibility_forms", "spaced_runs", "blank_after_every_line", "strewn")


def _laid_out(articles: Sequence[TrueArticle], blocks: Blocks, rng: Random, name: str) -> TruePage:
    style = _Style(rng)
    owners: list[tuple[int, int, int]] = []
    pieces: list[Page] = [*style.furniture(rng, 0.25)]
    for n, parts, kind in blocks:
        texts = [articles[n].parts[k].text for k in parts]
        base = len(owners)
        clean = "\n".join(texts)
        for k, one in zip(parts, texts, strict=True):
            owners += [*((n, k, place) for place in range(len(one))), (NONE, NONE, NONE)]
        for piece in style.wrapped(page_of(clean), kind, rng):
            places = tuple(o + base if o >= 0 else o for o in piece.origin)
            pieces.append(Page(piece.text, places))
            if rng.random() < 0.01:
                pieces += style.furniture(rng, 1)
        if rng.random() < 0.04:
            pieces += style.furniture(rng, 1)
    pieces += style.furniture(rng, 0.25)
    page = _joined(pieces, style, rng)
    for damage in DAMAGES:
        if damage in style.damages:
            page = DAMAGES[damage](page, rng)
    at = np.array(page.origin, np.int64)
    at[[i for i, c in enumerate(page.text) if is_ignorable(c)]] = ADDED
    table = np.array([*owners, (NONE, NONE, NONE)], np.int64)
    found = np.where((at >= 0)[:, None], table[np.maximum(at, 0)], NONE)
    return TruePage(name, page.text, tuple(articles), *found.T)


class _Style:
    """How one page is set."""

    def __init__(self, rng: Random) -> None:
        self.wraps = rng.random() < 0.9
        self.width = rng.choice(_WIDTHS)
        self.indent = rng.choice(("", "", "\u3000\u3000", "  "))
        self.apart = rng.choice(("\n", "\n", "\n\n"))
        self.between = rng.choice(("\n", "\n\n", "\n\n", "\n\n\n"))
        self.ragged = rng.choice((0, 0, 1, 3, 6))  # cells that justified lines waver by
        self.every = rng.choice((0, 0, 8, 14, 25))  # lines of a column
        chosen = [d for d in _GENTLE if rng.random() < 0.2]
        self.damages = {*chosen, *(d for d in _ROUGH if rng.random() < 0.1)}

    def wrapped(self, page: Page, kind: str, rng: Random) -> Iterator[Page]:
        """Yield what becomes of a block: one page, or for a head one for each of its lines."""
        if kind == "head":
            width = rng.choice((8, 10, 12, 16, 40, 40, 60, 60))
            yield hard_wraps(page, rng, width=width, indent="", apart=self.apart)
            return
        if not self.wraps:
            yield hard_wraps(page, rng, width=9999, indent=self.indent, apart=self.apart)
            return
        width = self.width
        if kind != "body" or rng.random() < 0.3:
            width = rng.choice(_WIDTHS)
        page = hard_wraps(
            page, rng, width=width, indent=self.indent, apart=self.apart, ragged=self.ragged
        )
        if self.every and kind == "body":
            ends = [m.end() for m in re.finditer("[^\n](?=\n[^\n])", page.text)][:: self.every][1:]
            for a, b in pairwise([0, *ends, len(page.text)]):
                yield Page(page.text[a:b].strip("\n"), _stripped(page, a, b))
            return
        yield page

    def furniture(self, rng: Random, share: float) -> list[Page]:
        """Return lines of no article."""
        out = []
        while rng.random() < share:
            share *= 0.4
            line = rng.choice(_FURNITURE).replace("{paper}", rng.choice(_PAPERS))
            while "{name}" in line:
                line = line.replace("{name}", _name(rng), 1)
            out.append(Page(line, (ADDED,) * len(line)))
        return out


def _stripped(page: Page, start: int, end: int) -> tuple[int, ...]:
    text = page.text[start:end]
    lead = len(text) - len(text.lstrip("\n"))
    return page.origin[start + lead : start + len(text.rstrip("\n"))]


def _joined(pieces: Sequence[Page], style: _Style, rng: Random) -> Page:
    text, origin = [pieces[0].text], [*pieces[0].origin]
    for piece in pieces[1:]:
        gap = style.between if rng.random() < 0.9 else rng.choice(("\n", "\n\n"))
        text += [gap, piece.text]
        origin += [*(ADDED,) * len(gap), *piece.origin]
    return Page("".join(text), tuple(origin))


_MOST_STORIES = (1, 1, 1, 2, 3, 3, 3, 4, 4, 5)


def pages(stories: Iterable[Story], count: int, seed: int = 0) -> Iterator[TruePage]:
    """Yield `count` pages of one to five stories each, as long as stories last."""
    rng, waiting = Random(seed), iter(stories)
    for number in range(count):
        chosen = [s for _, s in zip(range(rng.choice(_MOST_STORIES)), waiting, strict=False)]
        if not chosen:
            return
        yield simulated(chosen, rng, f"page-{number:04}.txt")
