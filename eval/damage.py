"""What page extraction does to clean text, as pure seeded functions that know the truth.

  clean    "……松延动力7月交付人形机器人105台，创了纪录。\\n公司说……"     one paragraph a line
  damaged  "……松延动力 7 月交付人\\n\\n形 机 器 人 1 0 5 台 ，创\\n\\n了纪录。"  origin = 0 1 2 -1 …

Every damage is one function `(page, rng) -> page`; they compose in the order of `DAMAGES`, which is
the order in which print and extraction do them: characters first, then lines, then pages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from random import Random
from typing import NamedTuple

ADDED = -1  # a character that the damage put in
FURNITURE = -2  # a character of a header, a footer, a page number

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff"
_CLOSING = "，。、；：？！”’）》」』】〉％%…"  # kinsoku: these begin no line
_OPENING = "“‘（《「『【〈"  # and these end none
_SENTENCE = re.compile("[^。！？!?\n]*(?:[。！？!?]+[”’）》】]*|\n|$)")


class Page(NamedTuple):
    """Damaged text; `origin[i]` is the place in the clean text of its character i, or ADDED, or
    FURNITURE."""

    text: str
    origin: tuple[int, ...]


Damage = Callable[[Page, Random], Page]
_Change = tuple[int, int, str]


def page_of(clean: str) -> Page:
    """Return the page on which nothing has happened yet."""
    return Page(clean, tuple(range(len(clean))))


def damaged(clean: str, names: Iterable[str], rng: Random) -> Page:
    """Apply the named damages in the order of DAMAGES.

    >>> damaged("今年交付105台。", ["full_width"], Random(1)).text
    '今年交付１０５台。'
    """
    wanted, page = set(names), page_of(clean)
    for name, damage in DAMAGES.items():
        if name in wanted:
            page = damage(page, rng)
    return page


def mixture(clean: str, rng: Random) -> Page:
    """Apply a hard wrap of any width from 8 to 40 and a handful of other damages, chosen at
    random."""
    others = [name for name in DAMAGES if name != "hard_wraps"]
    return damaged(clean, ["hard_wraps", *rng.sample(others, rng.randint(2, 5))], rng)


def changed(page: Page, changes: Iterable[_Change], mark: int = ADDED) -> Page:
    """Put new text in the place of ranges, in order; characters past those replaced are `mark`."""
    pieces: list[str] = []
    kept: list[int] = []
    at = 0
    for start, end, new in changes:
        pieces += [page.text[at:start], new]
        kept += page.origin[at:start]
        kept += page.origin[start : min(end, start + len(new))]
        kept += [mark] * max(0, len(new) - (end - start))
        at = end
    pieces.append(page.text[at:])
    kept += page.origin[at:]
    return Page("".join(pieces), tuple(kept))


# ---- clean text -----------------------------------------------------------------------------


_GAP = re.compile("[ \u3000\xa0\t\u2002\u2003]+")
_BESIDE_SIGN = re.compile("(?<=[，。、；：？！（）《》【】]) | (?=[，。、；：？！（）《》【】])")
_LATIN = "[0-9A-Za-z%+~()#@$&°µ×÷\u00c0-\u024f\u0391-\u03c9℃]"
_BETWEEN_SCRIPTS = re.compile(
    f"(?<=[{_HAN}]) (?={_LATIN})|(?<={_LATIN}) (?=[{_HAN}])|(?<=[{_HAN}][“”‘’…—·]) (?=[^ ])"
    f"|(?<=[^ ]) (?=[“”‘’…—·][{_HAN}])|(?<=[{_HAN}]) (?=[“”‘’…—·])|(?<=[“”‘’…—·]) (?=[{_HAN}])"
)


def clean_lines(text: str) -> list[str]:
    """Return the lines of a corpus text as Youju prints clean text.

    No control and private-use characters, full-width digits and letters or compatibility forms, no
    blank between Chinese and Latin or beside Chinese punctuation; single blanks elsewhere. Two
    blanks or more between sentences were a paragraph's end on the web page.

    >>> clean_lines("IT之家 8 月 16 日消息。  【编辑:何路曼】  ")
    ['IT之家8月16日消息。', '【编辑:何路曼】']
    """
    text = "".join(map(_plain, text))
    text = re.sub("(?<=[。！？”】])[ \u3000\xa0\t]{2,}|[\n\r]+", "\n", text)
    text = _BESIDE_SIGN.sub("", _GAP.sub(" ", text))
    return [line.strip() for line in _BETWEEN_SCRIPTS.sub("", text).split("\n") if line.strip()]


@cache
def _plain(character: str) -> str:
    if character.isspace():
        return character
    if unicodedata.category(character) in ("Cc", "Cf", "Co"):
        return ""
    code = ord(character)
    if 0x2E80 <= code <= 0x2FDF or 0xF900 <= code <= 0xFAFF or character in _FULL_WIDTH.values():
        return unicodedata.normalize("NFKC", character)
    return character


def paragraphs(text: str, rng: Random) -> list[str]:
    """Return the clean paragraphs of a corpus text: its lines, the long ones cut at sentence ends
    into paragraphs of one to four sentences."""
    out: list[str] = []
    for line in clean_lines(text):
        sentences = [m.group() for m in _SENTENCE.finditer(line) if m.group()]
        while sentences:
            n = rng.choice((1, 2, 2, 3, 3, 4))
            out.append("".join(sentences[:n]).strip())
            sentences = sentences[n:]
    return [p for p in out if p]


_CLAUSE = re.compile(f"(?<=[，。；])[{_HAN}0-9]{{6,18}}(?=[，。；])")
_NAMES = (
    "王璐瑶",
    "李明",
    "张晓洁",
    "欧阳雪梅",
    "陈芳",
    "王伟",
    "司马南",
    "单慧粉",
    "古丽·买买提",
)
_PLACES = ("北京", "上海", "洛杉矶", "乌鲁木齐", "成都")
_AGENCIES = ("新华社", "本报", "中新社", "科技日报", "人民网", "经济日报", "南方日报")


def _byline(rng: Random) -> str:
    agency, names = rng.choice(_AGENCIES), " ".join(rng.sample(_NAMES, rng.randint(1, 3)))
    return rng.choice(
        (
            f"{agency}记者 {names}",
            f"{agency}记者 {names}",
            f"■{agency}记者 {names}",
            f"{agency}{rng.choice(_PLACES)}记者 {names}",
            f"本报记者 {names} 通讯员 {rng.choice(_NAMES)}",
            f"作者：{names}",
            f"（{agency}记者 {names}）",
            f"文/{names}",
        )
    )


def _heading(clauses: Sequence[str], rng: Random) -> str:
    one, two = rng.sample(list(clauses), 2)
    at = rng.randint(1, max(1, len(two) - 4))
    quoted = f"{two[:at]}“{two[at : at + 4]}”{two[at + 4 :]}"
    return rng.choice(
        (
            one,
            one,
            f"{one} {two}",
            quoted,
            f"{two[:-3]}“{two[-3:]}”",
            f"{one[:4]}：{two}",
            f"“{one[:6]}”{two}",
            f"{one}——{two}",
            f"■ {one}",
            f"{one}，{two}",
            f"{one}？",
            f"{two}！",
            f"《{one}》发布",
        )
    )


def _caption(clauses: Sequence[str], rng: Random) -> str:
    return (
        f"{rng.choice('▲◀▼图')}{rng.randint(1, 12)}月{rng.randint(1, 30)}日，"
        f"{rng.choice(clauses)}。"
        f"{rng.choice(_AGENCIES)}记者 {rng.choice(_NAMES)} 摄"
    )


def with_headings(body: Sequence[str], rng: Random) -> list[str]:
    """Return the paragraphs as a story in print: headline, subtitle, byline, dateline, section
    headings, captions, signed quotations, end mark, each there or not, all made of clauses of their
    own text; headline and byline before the body or behind it."""
    clauses = _CLAUSE.findall("".join(body))
    if len(clauses) < 4:
        return list(body)
    head = [_heading(clauses, rng) for _ in range(rng.choice((1, 1, 1, 2)))]
    if rng.random() < 0.25:
        head.append("——" + rng.choice(clauses))
    if rng.random() < 0.6:
        head.append(_byline(rng))
    head = head[rng.randint(0, len(head)) if rng.random() < 0.3 else 0 :]
    place, day = rng.choice(_PLACES), f"{rng.randint(1, 12)}月{rng.randint(1, 28)}日"
    out = list(body)
    if rng.random() < 0.2:
        out[0] = f"{rng.choice(_AGENCIES)}{place}{day}{rng.choice('电讯')} {out[0]}"
    mark = rng.random()
    if mark < 0.3:
        ends = (f"（新华社{place}{day}电）", "（完）", "(完)", f"（记者 {rng.choice(_NAMES)}）")
        out[-1] += rng.choice(ends)
    headed: list[str] = []
    for number, paragraph in enumerate(out):
        if number and rng.random() < 0.15:
            headed += [_heading(clauses, rng) for _ in range(rng.choice((1, 1, 1, 2)))]
        if rng.random() < 0.05:
            headed.append(_caption(clauses, rng))
        if rng.random() < 0.06:
            headed.append(paragraph)
            headed.append(f"——{place}大学教授 {rng.choice(_NAMES)}")
            continue
        if rng.random() < 0.06:  # a paragraph that announces the next
            headed.append(
                rng.choice(clauses) + "，" + rng.choice(clauses) + rng.choice(("——", "："))
            )
        headed.append(paragraph)
    printed = [*head, *headed] if rng.random() < 0.8 else [*headed, *head]
    return [line for text in printed for line in clean_lines(text)]


def with_structures(body: Sequence[str], rng: Random) -> list[str]:
    """Return the paragraphs with things printed line by line among them: a list, a table, labels,
    verse, an interview, headlines in a row, all made of clauses of their own text."""
    clauses = _CLAUSE.findall("".join(body))
    if len(clauses) < 8:
        return list(body)
    out = list(body)
    for _ in range(rng.randint(1, 2)):
        at = rng.randint(0, len(out))
        out[at:at] = rng.choice(_STRUCTURES)(clauses, rng)
    return out


def _list(clauses: Sequence[str], rng: Random) -> list[str]:
    numbered = rng.choice(
        ("{}. ", "{}、", "（{}）", "({})", "第{}条 ", "{}）", "- ", "· ", "●", "■ ")
    )
    names = "一二三四五六七八九" if rng.random() < 0.5 else "123456789"
    end = rng.choice(("", "", "；", "。"))
    n, parts = rng.randint(2, 9), rng.choice((1, 1, 2))
    chosen = ["，".join(rng.sample(clauses, parts)) for _ in range(n)]
    return [numbered.format(names[i]) + item + end for i, item in enumerate(chosen)]


def _table(clauses: Sequence[str], rng: Random) -> list[str]:
    columns, sign = rng.randint(2, 4), rng.choice(("  ", ",", "|", "，"))
    rows = [[rng.choice(clauses)[: rng.randint(2, 6)] for _ in range(columns)]]
    for _ in range(rng.randint(2, 7)):
        cells = [str(rng.randint(1, 99999)) for _ in range(columns - 1)]
        rows.append([rng.choice(clauses)[: rng.randint(2, 4)], *cells])
    return [f"| {' | '.join(row)} |" if sign == "|" else sign.join(row) for row in rows]


def _labels(clauses: Sequence[str], rng: Random) -> list[str]:
    labels = ("电话", "地址", "邮编", "时间", "地点", "主办单位", "联系人", "网址", "价格", "票价")
    values = ("010-12345678", "100080", "8月16日9:00", "每人80元", "www.example.com")
    chosen = rng.sample(labels, rng.randint(2, 6))
    return [f"{name}：{rng.choice((*values, *rng.sample(clauses, 3)))}" for name in chosen]


def _verse(clauses: Sequence[str], rng: Random) -> list[str]:
    feet, signed = rng.choice((5, 7)), rng.random() < 0.7
    lines = [c[:feet] for c in rng.sample(clauses, min(len(clauses), 8)) if len(c) >= feet][:8]
    return [line + ("，。"[i % 2] if signed else "") for i, line in enumerate(lines)]


def _interview(clauses: Sequence[str], rng: Random) -> list[str]:
    ask, say = rng.choice((("问", "答"), ("记者", "王伟"), ("Q", "A"), ("主持人", "嘉宾")))
    out = []
    for _ in range(rng.randint(2, 5)):
        out.append(f"{ask}：{rng.choice(clauses)}，{rng.choice(clauses)}？")
        out.append(f"{say}：{'，'.join(rng.sample(clauses, rng.randint(1, 5)))}。")
    return out


def _headlines(clauses: Sequence[str], rng: Random) -> list[str]:
    n = rng.randint(2, 7)
    return [" ".join(rng.sample(clauses, rng.choice((1, 1, 1, 2)))) for _ in range(n)]


def _speech(clauses: Sequence[str], rng: Random) -> list[str]:
    n = rng.randint(2, 6)
    return [f"“{rng.choice(clauses)}{rng.choice('。？！')}”" for _ in range(n)]


_STRUCTURES = (_list, _list, _table, _labels, _verse, _interview, _headlines, _speech)


# ---- characters -----------------------------------------------------------------------------

_FULL_WIDTH = {chr(c): chr(c + 0xFEE0) for c in range(0x30, 0x3A)}
_FULL_WIDTH |= {chr(c): chr(c + 0xFEE0) for c in (*range(0x41, 0x5B), *range(0x61, 0x7B))}
_FULL_WIDTH |= {"%": "％", ".": "．"}


def full_width(page: Page, rng: Random) -> Page:
    """Digits, or digits and Latin letters, in full width, in the Chinese parts of the text."""
    wanted = "[0-9]+" if rng.random() < 0.4 else "[0-9A-Za-z]+(?:[.][0-9]+)?%?"
    near = re.compile(f"(?<=[{_HAN}，。、；：（“《]){wanted}(?=[{_HAN}，。、；：）”》])")
    return changed(
        page,
        (
            (m.start(), m.end(), "".join(_FULL_WIDTH[c] for c in m.group()))
            for m in near.finditer(page.text)
        ),
    )


@cache
def _compatible() -> Mapping[str, tuple[str, ...]]:
    """Character → Kangxi radicals and compatibility ideographs that stand for it."""
    out: dict[str, tuple[str, ...]] = {}
    for code in (*range(0x2E80, 0x2FE0), *range(0xF900, 0xFB00)):
        plain = unicodedata.normalize("NFKC", chr(code))
        if len(plain) == 1 and plain != chr(code):
            out[plain] = (*out.get(plain, ()), chr(code))
    return out


def compatibility_forms(page: Page, rng: Random) -> Page:
    """Kangxi radicals and compatibility ideographs for ordinary characters (⽉ for 月)."""
    share, forms = rng.uniform(0.1, 1), _compatible()
    return changed(
        page,
        [
            (i, i + 1, rng.choice(forms[c]))
            for i, c in enumerate(page.text)
            if c in forms and rng.random() < share
        ],
    )


def spaces_between_scripts(page: Page, rng: Random) -> Page:
    """Blanks of any kind between Chinese and Latin letters or digits (用时 2 分多钟)."""
    blank, share = rng.choice("   \u2009\xa0\u2002"), rng.uniform(0.3, 1)
    border = re.compile(f"(?<=[{_HAN}])(?=[0-9A-Za-z])|(?<=[0-9A-Za-z%])(?=[{_HAN}])")
    return changed(
        page,
        [(m.start(), m.end(), blank) for m in border.finditer(page.text) if rng.random() < share],
    )


def spaces_beside_punctuation(page: Page, rng: Random) -> Page:
    """A blank after some Chinese signs, or before them (从严 ，不断)."""
    before, share = rng.random() < 0.5, rng.uniform(0.02, 0.3)
    sign = f"(?<=[{_HAN}])(?=[，。；：])" if before else f"(?<=[，。；：])(?=[{_HAN}])"
    return changed(
        page,
        [(m.start(), m.end(), " ") for m in re.finditer(sign, page.text) if rng.random() < share],
    )


_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋"
    "余于杜叶程魏苏吕丁任卢姚沈姜崔钟谭陆汪范金石廖贾夏韦付方邹熊白孟秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严武戴莫孔汤"
)
_NAME = re.compile(
    "(?:(?<=记者 )|(?<=院士 )|(?<=教授 )|(?<=主任 )|(?<=通讯员 )|(?<=编辑 ))"
    f"[{_SURNAMES}](?=[{_HAN}](?:[ ）)\n，。、]|$))"
)


def padded_names(page: Page, rng: Random) -> Page:
    """A name of two characters, after a title, padded to the width of three (院士 张 涛)."""
    blank = rng.choice("  \u3000")
    return changed(page, [(m.end(), m.end(), blank) for m in _NAME.finditer(page.text)])


# ---- lines ----------------------------------------------------------------------------------


def hard_wraps(
    page: Page,
    rng: Random,
    *,
    width: int | None = None,
    indent: str | None = None,
    apart: str | None = None,
    ragged: int | None = None,
) -> Page:
    """Lines of `width` Chinese characters; no line begins with a closing sign.

    `indent` begins each paragraph and `apart` stands between two; left out, they are drawn, and in
    some pages lines are ragged, columns of several widths, or indents are lost. Latin
    words go to the next line, or break at a hyphen of their own or a new one; numbers mostly stay
    whole.
    """
    fixed, width = bool(width), width or rng.randint(8, 40)
    if ragged is None:  # cells: print squeezes and stretches
        ragged = 0 if fixed else rng.choice((0, 0, 0, 1, 2, 3))
    columns = not fixed and rng.random() < 0.25  # of several widths
    indent = rng.choice(("", "", "\u3000\u3000", "  ")) if indent is None else indent
    apart = rng.choice(("\n", "\n", "\n\n")) if apart is None else apart
    newline = rng.choice(("\n", "\n", "\n", " \n", "\r\n"))
    hyphenate, split, hang = rng.random() < 0.5, rng.random() < 0.2, rng.random() < 0.5
    lost = 4 if not indent and not fixed and rng.random() < 0.4 else 0  # indents that print had
    changes: list[_Change] = [(0, 0, indent)] if indent else []
    at = 0
    for paragraph in page.text.split("\n"):
        if columns and rng.random() < 0.1:
            width = rng.randint(8, 40)
        room = 2 * width - 2 * len(indent) - lost
        start = at
        while (cut := _cut(page.text, start, room, hyphenate, split, hang)) < at + len(paragraph):
            blank = page.text[cut] == " "
            hyphen = "-" if _in_word(page.text, cut) and not blank else ""
            changes.append((cut, cut + blank, hyphen + newline))
            start, room = cut + blank, 2 * width - rng.randint(0, ragged)
        at += len(paragraph) + 1
        if at <= len(page.text):
            changes.append((at - 1, at, apart.replace("\n", newline) + indent))
    return changed(page, changes)


def _in_word(text: str, at: int) -> bool:
    around = text[at - 1 : at + 1]
    return len(around) == 2 and around.isascii() and around.isalpha()


def _cut(text: str, start: int, room: int, hyphenate: bool, split: bool, hang: bool) -> int:
    """Return where the line that begins at `start` ends; `room` is in half-width cells."""
    at = start
    while at < len(text) and text[at] != "\n":
        room -= 1 if text[at].isascii() else 2
        if room < 0:
            break
        at += 1
    else:
        return at
    if text[at] == " ":
        return at
    if text[at] in _CLOSING and text[at - 1] not in _CLOSING:
        if hang and text[at + 1 : at + 2] not in tuple(_CLOSING):
            return at + 1
        at -= 1
    while at - 1 > start and (text[at - 1] in _OPENING or text[at] in _CLOSING):
        at -= 1
    word = at
    while word > start and _is_word(text[word - 1]) and _is_word(text[at]):
        word -= 1
    if word == at or (split and text[word:at].isdecimal()):
        return at
    hyphen = text.rfind("-", word + 2, at)
    if hyphen > 0 and text[hyphen - 1].isalpha() and text[hyphen + 1].isalpha():
        return hyphen + 1
    if hyphenate and at - word > 2 and text[word:at].isalpha() and text[at : at + 3].isalpha():
        return at
    if word > start:
        return word - (text[word - 1] == " ")
    return at


def _is_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in ".,-%'")


def blank_after_every_line(page: Page, rng: Random) -> Page:
    """A blank line after every line, paragraph's end or not."""
    blank = rng.choice(("\n", "\n", " \n", "\n\n"))
    return changed(page, ((m.end(), m.end(), blank) for m in re.finditer("\n+", page.text)))


_GAPS = ("\n", "\n\n", "\n\n", "\n\n\n", "\n \n", "\f", "\n\f", "\n\n\f\n")
_INSIDE = {
    "sentence": re.compile(f"(?<=[{_HAN}，])(?=[{_HAN}])"),
    "name": re.compile(f"(?<=[{_SURNAMES}])(?=[{_HAN}]{{1,2}}(?:说|表示|介绍|认为|告诉|指出))"),
    "number": re.compile(f"(?<=[0-9])(?=[0-9]+[{_HAN}])|(?<=[0-9])(?=[月日年台个万亿元%])"),
    "quotation": re.compile("(?<=“)(?=[^”\n]{4,60}”)|(?<=“[^”\n]{2})(?=[^”\n]{3,60}”)"),
}


def breaks_inside(page: Page, rng: Random, *, places: Sequence[str] = tuple(_INSIDE)) -> Page:
    """Blank lines, column and page breaks inside a sentence, a name, a number or a quotation: about
    one in four hundred characters."""
    free = [m.start() for name in places for m in _INSIDE[name].finditer(page.text)]
    chosen = sorted(set(rng.sample(free, min(len(free), 1 + len(page.text) // 400))))
    return changed(page, [(at, at, rng.choice(_GAPS)) for at in chosen])


def column_breaks(page: Page, rng: Random) -> Page:
    """A blank line or a page break at the end of every so many lines, where a column ended."""
    ends = [m.start() for m in re.finditer("[^\n]\r?(?=\n[^\n\r])", page.text)]
    every = rng.randint(5, 40)
    chosen = [at + 1 for at in ends if rng.random() < 1 / every]
    return changed(page, [(at, at, rng.choice(("\n", "\n", "\n\n", "\n\f"))) for at in chosen])


def spaced_runs(page: Page, rng: Random) -> Page:
    """Lines, and parts of lines, whose characters are set apart by blanks (今 年 的 论 坛 上 ，机).

    The blank after a closing sign is missing in half of the pages, as where the sign's own blank
    half was taken for it.
    """
    after_sign, share, blank = rng.random() < 0.5, rng.uniform(0.03, 0.4), rng.choice("   \u3000")
    changes: list[_Change] = []
    for line in re.finditer("[^\n]+", page.text):
        if rng.random() > share:
            continue
        start, end = line.span()
        if rng.random() < 0.3 and end - start > 12:
            start, end = start + rng.randint(1, 4), end - rng.randint(1, 4)
        for at in range(start + 1, end):
            a, b = page.text[at - 1], page.text[at]
            if a.isspace() or b.isspace() or (a.isascii() and b.isascii()):
                continue
            if after_sign or a not in "，。、；：？！":
                changes.append((at, at, blank))
    return changed(page, changes)


# ---- pages ----------------------------------------------------------------------------------

_PAPERS = ("人民日报", "新华每日电讯", "经济参考报", "科技日报", "China Daily", "解放日报")


def furniture(page: Page, rng: Random) -> Page:
    """Headers, footers and page numbers every so many lines, with a form feed or without."""
    paper, every = rng.choice(_PAPERS), rng.randint(12, 50)
    feed = rng.choice(("\f", "\n\f", ""))
    number = rng.choice(
        ("{}", "- {} -", "— {} —", "第{}版", "第 {} 页 共 9 页", "{}/9", "A{:02}版")
    )
    header = rng.choice((f"{paper}  2025年8月16日 星期六", paper, f"{paper} 要闻", ""))
    ends = [m.start() for m in re.finditer("\n(?=[^\n])", page.text)][every - 1 :: every]
    changes = []
    for n, at in enumerate(ends, rng.randint(1, 8)):
        new = f"\n{number.format(n)}\n{feed}" + (f"{header}\n" if header else "")
        changes.append((at, at, new if rng.random() < 0.9 else new + "\n"))
    return changed(page, changes, FURNITURE)


def strewn(page: Page, rng: Random) -> Page:
    """Soft hyphens, zero-width, control and private-use characters between any two characters."""
    odd = rng.sample("\u00ad\u200b\u200c\u200d\u2060\ufeff\u0007\u0001\x1f\ue004\uf06c\u202c", 3)
    places = sorted(rng.randint(0, len(page.text)) for _ in range(1 + len(page.text) // 60))
    return changed(page, [(at, at, rng.choice(odd)) for at in places])


DAMAGES: Mapping[str, Damage] = {
    "full_width": full_width,
    "compatibility_forms": compatibility_forms,
    "spaces_between_scripts": spaces_between_scripts,
    "spaces_beside_punctuation": spaces_beside_punctuation,
    "padded_names": padded_names,
    "hard_wraps": hard_wraps,
    "break_in_sentence": partial(breaks_inside, places=("sentence",)),
    "break_in_name": partial(breaks_inside, places=("name",)),
    "break_in_number": partial(breaks_inside, places=("number",)),
    "break_in_quotation": partial(breaks_inside, places=("quotation",)),
    "column_breaks": column_breaks,
    "spaced_runs": spaced_runs,
    "furniture": furniture,
    "blank_after_every_line": blank_after_every_line,
    "strewn": strewn,
}
"""Every damage by name, in the order in which they happen."""
