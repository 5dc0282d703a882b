"""What page extraction does to Chinese newspaper text, and how each damage is mended, with the way
back kept.

  raw       "北京市\\n于 2019 年起连续出台两轮三年行\\n动计划，"
  repaired  "北京市于2019年起连续出台两轮三年行动计划，"       origin = 0 1 2 4 6 7 8 9 11 …

`RULES` is the one ordered list: each rule mends one damage by deleting characters or replacing one
by one, so that every character of the result stands for exactly one of the raw text. Paragraphs
come out as lines.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
SIGN = "，。、；：？！“”‘’（）《》〈〉「」『』【】…—·～％■◆●▲"
_CLOSING = "”’）》」』】)]\"'"
_SENTENCE_END = "。！？!?…."
_WIDEST_COLUMN = 62  # in Chinese characters: a longer line is a paragraph that was never wrapped
_WIDEST_HEADLINE_COLUMN = 20  # a headline hardly ever fills a column wider than this
_LONGEST_HEADING = 34  # characters
# a full line may fall short of its column by this much (Chinese characters): a sign begins no line
_SLACK = 2.6
_INDENT = 2.2  # the first line of a paragraph is shorter by its indent, which extraction loses
# text is hard-wrapped where more lines than this stop in the middle of a sentence
_WRAPPED_SHARE = 0.45
_NEAR = 8  # characters: Chinese this close to a number cut in two says that no blank belongs there
_COMMON_INDENT = 0.4  # where more lines than this are indented, an indent says nothing
# a line that ends with one of these goes on: 让|世界, 约|60亿美元
_LEANS_ON = frozenset(
    "的了和与及或在从对把被将让使由向为以到于用是有约近超逾仅并而但其该这那每各不也还就都很更最较已正所中上下"
)


class Repaired(NamedTuple):
    """Mended text; `origin[i]` is the place in the raw text of its character i, strictly
    increasing."""

    text: str
    origin: npt.NDArray[np.int64]


class Edit(NamedTuple):
    """Put `text` in the place of characters [start, end): shorter than the range or as long, never
    longer."""

    start: int
    end: int
    text: str = ""


Rule = Callable[[str], Iterable[Edit]]


def repair(raw: str) -> Repaired:
    """Apply all rules in order.

    >>> repair("今年人形机器人成为焦点，7月\\n交付 105 台创了纪录，8\\n月的目标是200台！").text
    '今年人形机器人成为焦点，7月交付105台创了纪录，8月的目标是200台！'
    """
    text, origin = raw, np.arange(len(raw), dtype=np.int64)
    for rule in RULES:
        text, origin = _apply(text, origin, rule(text))
    return Repaired(text, origin)


def _apply(
    text: str, origin: npt.NDArray[np.int64], edits: Iterable[Edit]
) -> tuple[str, npt.NDArray[np.int64]]:
    pieces, kept, at = [], [], 0
    for start, end, new in edits:
        pieces += [text[at:start], new]
        kept += [origin[at:start], origin[start : start + len(new)]]
        at = end
    if not pieces:
        return text, origin
    return "".join([*pieces, text[at:]]), np.concatenate([*kept, origin[at:]])


@cache
def _plain_form(character: str) -> str:
    """Return what stands for `character`: itself, another single character, or nothing."""
    if character == "\n":
        return character
    if character.isspace() and character not in "\x1c\x1d\x1e\x1f":
        return "\n" if character in "\x0b\x0c\x85\u2028\u2029" else " "
    if unicodedata.category(character) in ("Cc", "Cf", "Co"):
        return ""
    code = ord(character)
    compatible = (
        0x2E80 <= code <= 0x2FDF or 0xF900 <= code <= 0xFAFF
    )  # radicals and compatibility ideographs
    letters = (
        0xFF10 <= code <= 0xFF19
        or 0xFF21 <= code <= 0xFF3A
        or 0xFF41 <= code <= 0xFF5A
        or code in (0xFF05, 0xFF0E)
    )
    if compatible or letters:
        normal = unicodedata.normalize("NFKC", character)
        return normal if len(normal) == 1 else character
    return character


_ODD = re.compile(
    r"[^\n !-~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e\u3001-\u303f\u3400-\u9fff"
    r"，。；：？！（）]"
)


def plain_characters(text: str) -> Iterable[Edit]:
    """Full-width digits and letters, Kangxi radicals, odd spaces, soft hyphens, control and
    private-use characters.

    Punctuation stays as it is: Chinese commas are not ASCII commas. Every replacement is
    NFKC-equal.

    >>> repair("２０２５年\\u00ad ＡＩ ⽉").text
    '2025年AI月'
    """
    for match in _ODD.finditer(text):
        plain = _plain_form(match.group())
        if match.group() == "\r" and text[match.end() : match.end() + 1] != "\n":
            plain = "\n"  # a lone carriage return ends a line
        if plain != match.group():
            yield Edit(match.start(), match.end(), plain)


_EDGE_SPACE = re.compile(r"[ \t]+(?=\n|$)|(?<=\n)[ \t]{2,}(?=[^ \t\n])|\t+")


def line_edges(text: str) -> Iterable[Edit]:
    """Trailing blanks go; an indent of any depth becomes one blank, which still tells `line_breaks`
    that a block begins.

    >>> repair("\u3000\u3000就业，一头连着经济脉动。  ").text
    '就业，一头连着经济脉动。'
    """
    for match in _EDGE_SPACE.finditer(text):
        keeps_one = match.end() < len(text) and text[match.end()] != "\n"
        yield Edit(match.start(), match.end(), " " if keeps_one else "")


_HAN_OR_SIGN = f"[{HAN}{SIGN}]"
_SPACED_RUN = re.compile(
    # begun inside a word, two gaps are a padded name (院士 张 涛), three are a line set apart
    f"(?:(?<![{HAN}])(?:{_HAN_OR_SIGN} +){{2}}|(?:{_HAN_OR_SIGN} +){{3}})(?:{_HAN_OR_SIGN} +)*"
    f"{_HAN_OR_SIGN}(?: +{_HAN_OR_SIGN}(?!{_HAN_OR_SIGN}))*"
)
_NEAR_SIGN = re.compile(
    f"(?<=[，。、；：？！”’）》」』】]) +(?={_HAN_OR_SIGN})|(?<=[“‘（《「『【]) +"
    "| +(?=[，。、；：？！”’）》」』】])"
)
_SPACED_BYLINE = re.compile(f"[■◎]?[{HAN}]{{2,8}}记者(?: +[{HAN}·]{{1,6}})+")  # 本报记者 王 伟 李明
_LOOSE = re.compile(f"(?<={_HAN_OR_SIGN}) +(?={_HAN_OR_SIGN})")
_PADDED_NAME = re.compile(
    f"(?<=[ \\n{HAN}])(?<![{HAN}] [{HAN}])([{HAN}]) +(?=(?![摄文图])[{HAN}](?:$|[\\n，。、；：）]))"
)


def spaces_inside_chinese(text: str) -> Iterable[Edit]:
    """Characters set apart to fill a line ("今 年 的 中 关 村"), blanks beside Chinese punctuation.

    A line with many such gaps loses all of them; elsewhere a single blank between two Chinese words
    stays, for it parts the names of a byline and the halves of a headline.

    >>> repair("碍 赛 ，引 发 全 场 热 烈").text
    '碍赛，引发全场热烈'
    >>> repair("新华社记者 董素玉 王君璐").text
    '新华社记者 董素玉 王君璐'
    """
    taken: set[tuple[int, int]] = set()
    for line in re.finditer(r"[^\n]+", text):
        if " " not in line.group() or _SPACED_BYLINE.fullmatch(line.group()):
            continue
        gaps = list(_LOOSE.finditer(text, *line.span()))
        length = len(line.group()) - line.group().count(" ")
        if len(gaps) >= 3 and len(gaps) > 0.3 * length:
            taken.update(gap.span() for gap in gaps)
        for match in _SPACED_RUN.finditer(text, *line.span()):
            taken.update(gap.span() for gap in re.compile(" +").finditer(text, *match.span()))
        taken.update(
            m.span()
            for m in _NEAR_SIGN.finditer(text, *line.span())
            if not _is_headline_gap(text, m)
        )
    return (Edit(*span) for span in sorted(taken))


def _is_headline_gap(text: str, gap: re.Match[str]) -> bool:
    """Tell a blank that parts two phrases of a headline (“破茧进化” 竞逐赛场) from damage: a
    closing quote on a short line."""
    start, end = text.rfind("\n", 0, gap.start()) + 1, text.find("\n", gap.end())
    line = text[start : end if end >= 0 else len(text)]
    return (
        text[gap.start() - 1] in "”》"
        and len(line) <= _LONGEST_HEADING
        and not re.search("[，。；]", line)
    )


_BETWEEN_SCRIPTS = re.compile(
    f"(?<=[{HAN}{SIGN}]) +(?=[0-9A-Za-z+~%(（])|(?<=[0-9A-Za-z+~%)）]) +(?=[{HAN}{SIGN}])"
)


def spaces_between_scripts(text: str) -> Iterable[Edit]:
    """Blanks between Chinese and digits or Latin: printed in one column and not in the next, so
    never kept.

    >>> repair("用时 2 分多钟，走完 100 米").text
    '用时2分多钟，走完100米'
    >>> repair("TechUnited Eindhoven").text
    'TechUnited Eindhoven'
    """
    return (Edit(*match.span()) for match in _BETWEEN_SCRIPTS.finditer(text))


_BREAK = re.compile(r" *\n[\n ]*")


def line_breaks(text: str) -> Iterable[Edit]:
    """Hard wraps of any width, blank lines and column breaks inside a sentence; what remains are
    paragraphs, one a line.

    Decided at each break from both sides: is the line before in the middle of a paragraph, does it
    fill its column, does it end a sentence, is a quotation open, is the line after indented.
    """
    lead = len(text) - len(text.lstrip())
    yield from [Edit(0, lead)] if lead else []
    breaks = list(_BREAK.finditer(text, lead))
    starts = [lead, *(b.end() for b in breaks)]
    ends = [*(b.start() for b in breaks), len(text)]
    lines = [text[a:b] for a, b in zip(starts, ends, strict=True)]
    page = _Page(lines, [b.group() for b in breaks])
    paragraph, first = lines[0], True
    for i, match in enumerate(breaks):
        if not lines[i + 1]:
            yield Edit(*match.span())
        elif _continues(page, i, paragraph, first):
            yield from _join(text, match)
            paragraph, first = (paragraph + lines[i + 1])[-400:], False
        else:
            yield Edit(*match.span(), "\n")
            paragraph, first = lines[i + 1], True


class _Page:
    """What the lines around a break tell: column widths, and for each break whether it is wide and
    whether an indent follows."""

    def __init__(self, lines: list[str], breaks: list[str]) -> None:
        self.lines = lines
        self.widths = np.array([_width(line) for line in lines])
        self.columns = _column_widths(self.widths)
        unfinished = np.array(
            [bool(line) and line[-1] not in _SENTENCE_END + _CLOSING + "：；" for line in lines]
        )
        cut = unfinished & (self.widths >= self.columns - _SLACK - _INDENT)
        self.wrapped = (self.columns <= _WIDEST_COLUMN) & (
            _windows(cut.astype(float)).mean(axis=1) > _WRAPPED_SHARE
        )
        gaps = np.array([gap.count("\n") for gap in breaks], np.int64)
        before, after = _either_side(_windows((gaps >= 2).astype(float)))
        apart = (before.mean(axis=1) > 0.8) | (
            after.mean(axis=1) > 0.8
        )  # a blank line follows every line, wrapped ones too
        self.wide = gaps > np.where(apart & self.wrapped[:-1], 2, 1)
        indented = np.array([gap.endswith(" ") for gap in breaks], bool)
        rare = indented.mean() < _COMMON_INDENT if len(breaks) else True
        self.indented = indented if rare else np.zeros_like(indented)


def _width(line: str) -> float:
    """Printed width in Chinese characters: Latin letters and digits are half as wide."""
    ascii_count = sum(c.isascii() for c in line)
    return len(line) - ascii_count / 2


def _windows(values: npt.NDArray[np.float64], reach: int = 6) -> npt.NDArray[np.float64]:
    """Return for each value the values around it, (n, 2 * reach + 1), mirrored at the ends."""
    if not len(values):
        return np.zeros((0, 2 * reach + 1))
    return np.lib.stride_tricks.sliding_window_view(
        np.pad(values, reach, mode="symmetric"), 2 * reach + 1
    )


def _either_side(
    windows: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    middle = windows.shape[1] // 2
    return windows[:, : middle + 1], windows[:, middle:]


def _column_widths(widths: npt.NDArray[np.float64], few: int = 4) -> npt.NDArray[np.float64]:
    """Return the width of the column each line stands in: what most lines before it reach, or after
    it where that is less.

    With fewer than `few` lines on one side, the other side decides.
    """
    before, after = (np.quantile(side, 0.7, axis=1) for side in _either_side(_windows(widths)))
    column = np.minimum(before, after)
    column[:few], column[max(few, len(column) - few) :] = (
        after[:few],
        before[max(few, len(column) - few) :],
    )
    return column


def _continues(page: _Page, i: int, paragraph: str, first: bool) -> bool:
    """Decide whether line i + 1 goes on with the paragraph whose last line is line i; `first`: line
    i also begins it."""
    line, after, column = page.lines[i], page.lines[i + 1], page.columns[i]
    wrapped, wide = page.wrapped[i], page.wide[i]
    ended = _NOTE_AT_END.sub("", line).rstrip(_CLOSING)[-1:] in ("", *_SENTENCE_END)
    if page.indented[i] or _starts_apart(after) or _stands_alone(paragraph):
        return line[-1] in "，、" and not wide
    if (
        line[-1] in "，、；（“《‘"
        or after[0] in "，。、；：！？”’）》%"
        or (_is_open(paragraph) and not ended)
    ):
        return True
    full = page.widths[i] >= column - _SLACK
    if ended or line[-1] in "：:" or line.endswith("——"):
        goes_on = page.widths[i + 1] >= column - _SLACK or after[-1] in _SENTENCE_END + _CLOSING
        return bool(wrapped and full and not wide and ended and goes_on)
    if not wrapped:
        return len(paragraph) > _LONGEST_HEADING or paragraph.count("，") > 1
    nearly = page.widths[i] >= column - _SLACK - _INDENT
    if wide:
        prose = bool(nearly) and "，" in line and column > _WIDEST_HEADLINE_COLUMN
        return (not first and full) or prose or line[-1] in _LEANS_ON
    return not first or bool(nearly)


_NOTE_AT_END = re.compile("（[^（）]{1,40}）$")  # （新华社北京8月16日电） after the last sentence
_BYLINE = re.compile(f"[■◎]?[{HAN}]{{2,8}}记者(?: +[{HAN}·]{{2,6}})+")  # 新华社记者 董素玉 王君璐
_SIGNATURE = re.compile(f"—+[{HAN}·]{{3,20}} [{HAN}·]{{2,12}}")  # ——中国科学院院士 薛其坤


def _stands_alone(paragraph: str) -> bool:
    return bool(_SIGNATURE.fullmatch(paragraph) or _BYLINE.fullmatch(paragraph))


_ITEM = re.compile(  # 1. 一、 （一） 第一条 - | begin an item of a list, a clause, a row
    "(?:[0-9]{1,2}|[一二三四五六七八九十]{1,3})、|[0-9]{1,2}[.] "
    "|[（(][0-9一二三四五六七八九十]{1,3}[）)]"
    "|第[一二三四五六七八九十百]{1,4}[章节条] |[-*•·] |[|]"
)


# （某社某地8月16日电）, 某报记者 某某: an agency's mark or a byline, whichever the paper
_OPENING_MARK = re.compile(
    f"（[{HAN}/·]{{2,14}}[0-9]{{1,2}}月[0-9]{{1,2}}日[电讯]|[{HAN}]{{2,6}}[社报台网]记者(?: |（)"
)


def _starts_apart(line: str) -> bool:
    begins = line[0] in "—―" or _OPENING_MARK.match(line)
    listed = _ITEM.match(line) or _BYLINE.fullmatch(line)
    return line[0] in "■◆●▲◀▶◎□★" or bool(begins or listed)


def _is_open(paragraph: str) -> bool:
    """Tell whether a quotation or bracket is open at the end, begun in the last 200 characters."""
    tail = paragraph[-200:]
    return any(
        tail.count(a) > tail.count(b) and tail.rfind(a) > tail.rfind(b)
        for a, b in ("“”", "（）", "《》")
    )


def _join(text: str, gap: re.Match[str]) -> Iterable[Edit]:
    """Close a gap: Latin words and numbers keep one blank, a hyphenated word loses its hyphen,
    Chinese closes up, and so does a number within Chinese (203|0年)."""
    before, after = text[gap.start() - 1], text[gap.end()]
    around = text[max(0, gap.start() - _NEAR) : gap.start()] + text[gap.end() : gap.end() + _NEAR]
    hyphenated = (
        before == "-" and after.islower() and text[gap.start() - 2 : gap.start() - 1].isalpha()
    )
    if hyphenated and text[gap.start() - 2].isascii():
        yield Edit(gap.start() - 1, gap.end(), "")
    elif (
        before.isascii()
        and after.isascii()
        and (before.isalnum() or before in ",.;:!?)'\"%")
        and after not in ",.;:!?)%"
        and not (before.isdigit() and after.isdigit() and re.search(f"[{HAN}]", around))
    ):
        yield Edit(*gap.span(), " ")
    else:
        yield Edit(*gap.span(), "")


def padded_names(text: str) -> Iterable[Edit]:
    """A two-character name padded to the width of three: "院士 张 涛".

    >>> repair("——中国科学院院士 张 涛").text
    '——中国科学院院士 张涛'
    """
    return (Edit(m.end() - len(m.group()) + 1, m.end()) for m in _PADDED_NAME.finditer(text))


RULES: tuple[Rule, ...] = (
    plain_characters,
    line_edges,
    spaces_inside_chinese,
    spaces_between_scripts,
    line_breaks,
    spaces_between_scripts,  # again: closing a line may bring two scripts together
    padded_names,
)
