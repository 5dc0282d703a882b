"""What print is certain of at a line break, whatever the weights say."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from rag.repair.fields import begins_item
from rag.repair.signs import HAN_RANGES, KIND, KINDS, Bools, Integers, Lines, kind_table

_NEVER_FIRST = tuple(KIND[k] for k in ("stop", "comma", "close quote", "close bracket", "percent"))
_MEASURES = tuple(map(ord, "年月日时分秒个台亿万元倍岁名人次家项件米吨度"))


def settled(text: str, lines: Lines, fields: dict[str, Integers]) -> tuple[Bools, Bools]:
    """Return for every break whether the text surely goes on, and whether it surely does not.

    Print is certain of a few things, whatever the weights say: no line begins with a closing sign,
    a number keeps its measure; a bullet, an item's number or a label begins a line of its own, and
    so does a quotation after another, or a dateline; a byline, a signature and a story's end mark
    end theirs; rows stay rows, and lines that all end with a sign are verse.
    """
    codes, starts, ends = lines.codes, lines.starts[1:], lines.ends[:-1]
    end, start = fields["end"] % len(KINDS), fields["start"]
    goes_on = _member(start, _NEVER_FIRST)
    goes_on |= (end == KIND["digit"]) & np.isin(codes[starts], _MEASURES)
    goes_on |= _dangling(codes, lines)[:-1]
    hyphen = (codes[ends - 1] == 45) & (start == KIND["lower"])
    goes_on |= hyphen & (kind_table()[np.minimum(codes[np.maximum(ends - 2, 0)], 0xFFFF)] == KIND["lower"])  # noqa: E501
    items = start == len(KINDS)
    marked = _marked(text, lines)
    stays = (start == KIND["bullet"]) | (fields["finish"] > 0) | marked[1:]
    stays |= (fields["mark"] >= 6) | (fields["mark"] % 3 == 2)
    # an item after an item, or after a line that ends a sentence
    stays[1:] |= items[1:] & items[:-1]
    stays |= items & (fields["end"] >= len(KINDS))
    if len(items) and begins_item(codes, lines.starts[:1], lines.ends[:1])[0]:
        stays[0] |= items[0]
    stays |= _datelined(text, lines)[1:] & (end != KIND["open bracket"]) & ~_of_wire(codes, ends)
    stays |= _headed(fields) | _credits(text, lines)[:-1] | _other_script(codes, lines)
    name_cut = (fields["mark"] >= 6) & (codes[np.maximum(ends - 2, 0)] == 32) & (end == KIND["han"])
    name_cut &= (lines.ends - lines.starts)[1:] <= 2  # 副院长 马|敏象
    straight = (codes[ends - 1] == 34) & (codes[starts] == 34)
    quoted = (end == KIND["close quote"]) & (start == KIND["open quote"])
    stays |= (straight | quoted) & (fields["end"] >= len(KINDS) * ~straight)
    signed = (end == KIND["comma"]) | (end == KIND["stop"])
    stays |= signed & (fields["verse"] > 0)
    listing = (end == KIND["comma"]) & (fields["verse"] == 0)
    row = rows(text, lines) | _of_page(text, lines)
    stays = (stays & ~listing & ~name_cut) | row[:-1] | row[1:]
    return (goes_on | name_cut) & ~stays, stays


_LONGEST_DANGLING = 7  # characters from the comma on: ，2025年


def _dangling(codes: npt.NDArray[np.uint32], lines: Lines) -> Bools:
    """Tell which lines end with a clause that has only begun, a day after a comma: …，7月."""
    last, number = codes[lines.ends - 1], codes[np.maximum(lines.ends - 2, 0)]
    out = np.zeros(len(last), np.bool_)
    for back in range(3, _LONGEST_DANGLING + 1):
        place = lines.ends - back
        out |= (place >= lines.starts) & (codes[np.maximum(place, 0)] == ord("，"))
    out &= np.isin(last, tuple(map(ord, "年月日"))) & (number >= 48) & (number < 58)
    return out


def _credits(text: str, lines: Lines) -> Bools:
    """Tell which lines end a caption: 新华社记者 鞠焕宗 摄, the sign set apart or alone, or behind
    a reporter's name."""
    codes = lines.codes
    before = codes[np.maximum(lines.ends - 2, 0)]
    out = (lines.ends - lines.starts == 1) | (before == 32)
    out &= codes[lines.ends - 1] == ord("摄")
    for i in np.flatnonzero((codes[lines.ends - 1] == ord("摄")) & ~out).tolist():
        out[i] = bool(_CREDIT.search(text, max(0, int(lines.ends[i]) - 12), int(lines.ends[i])))
    return np.asarray(out)


_CREDIT = re.compile("(?:记者|通讯员|社) ?[\u3400-\u9fff·]{2,4}摄$")

# words that only lines of the page itself begin with, and such lines whole
_PAGE_WORDS = ("编辑", "责编", "校对", "版式", "下转", "上接", "紧接", "电话：", "邮箱", "值班")
_PAGE_LINE = re.compile(
    "(?:责任编辑|责编|本版(?:编辑|责编|主编)|版面编辑|编辑|值班(?:编委|主任)|校对|版式)[：: ]"
    "[\u3400-\u9fff：: ]{2,30}(?:电话.{0,20})?"
    "|[▲▶►>→（(]{0,4}(?:紧接|上接|下转) ?第? ?[A-Z]?[\\d一二三四五六七八九十]{1,3} ?版[）)]?"
    "|.{0,8}(?:电话|邮箱)：[!-~ ]{6,40}"
)


def _of_page(text: str, lines: Lines) -> Bools:
    """Tell which lines are the page's own, of no story: who edited it, where a story goes on."""
    out = np.zeros(len(lines.starts), np.bool_)
    found = [m.start() for word in _PAGE_WORDS if word in text for m in re.finditer(word, text)]
    if found:
        line = np.searchsorted(lines.starts, np.array(found, np.int64), side="right") - 1
        for i in np.unique(np.maximum(line, 0)).tolist():
            start, end = int(lines.starts[i]), int(lines.ends[i])
            out[i] = end - start <= 60 and bool(_PAGE_LINE.fullmatch(text, start, end))
    return out


def _other_script(codes: npt.NDArray[np.uint32], lines: Lines) -> Bools:
    """Tell at which breaks two lines of Latin letters meet one with Chinese characters."""
    held = np.zeros(len(codes) + 1, np.int64)
    np.cumsum(codes >= HAN_RANGES[1][0], out=held[1:])
    latin = held[lines.ends] == held[lines.starts]
    twice = np.concatenate([[False], latin[1:] & latin[:-1], [False]])
    return np.asarray((twice[:-2] & ~latin[1:]) | (~latin[:-1] & twice[2:]))


_DATELINE = re.compile(
    "[\u3400-\u9fff]{1,6}[社报网刊] ?[\u3400-\u9fff/·、 ]{1,14}?"
    "(?: ?\\d{4} ?年)? ?\\d{1,2} ?月 ?\\d{1,2} ?日 ?[电讯]"
)


def _datelined(text: str, lines: Lines) -> Bools:
    """Tell which lines begin with a dateline, 新华社北京8月16日电: a story does there."""
    out = np.zeros(len(lines.starts), np.bool_)
    if "电" in text or "讯" in text:
        places = np.array([m.start() for m in _DATELINE.finditer(text)], np.int64)
        out[np.isin(lines.starts, places)] = True
    return out


def _of_wire(codes: npt.NDArray[np.uint32], ends: Integers) -> Bools:
    """Tell which lines end as a dateline does: what one paper wrote, and then another."""
    return np.isin(codes[ends - 1], (ord("电"), ord("讯")))


_MOST_HEADLINE_LINES = 3


def _headed(fields: dict[str, Integers]) -> Bools:
    """Tell at which breaks a sentence ends above the headline of a byline."""
    out = np.zeros(len(fields["mark"]), np.bool_)
    ended = fields["end"] >= len(KINDS)
    for byline in np.flatnonzero(fields["mark"] % 3 == 2).tolist():
        for k in range(byline - 1, max(-1, byline - 1 - _MOST_HEADLINE_LINES), -1):
            if ended[k]:
                out[k] = True
                break
    return out


_MARKED = re.compile(
    r"^ *(?:[-*#>·•+]+|\d{1,3}[.)]|[A-Za-z][.)]|[A-Z][A-Za-z-]{1,15}:) ", re.MULTILINE
)


def _marked(text: str, lines: Lines) -> Bools:
    """Tell which lines begin with a mark and a blank, or an English label, where more than one
    does."""
    out = np.zeros(len(lines.starts), np.bool_)
    places = np.array([m.end() - 2 for m in _MARKED.finditer("\n" + text)], np.int64)
    if len(places) > 1:
        out[np.maximum(np.searchsorted(lines.starts, places, side="right") - 1, 0)] = True
    return out


def _member(values: Integers, kinds: tuple[int, ...]) -> Bools:
    table = np.zeros(len(KINDS) + 3, np.bool_)
    table[list(kinds)] = True
    return table[values]


# a row's sign, and the pattern to look for where a text holds it: plain search is fast
_ROWS = (
    ("  ", re.compile("  (?<=[^ \n]  )(?=[^ \n])")),
    ("…" * 3, re.compile("…" * 3)),
    ("....", re.compile(r"\.{4}")),
    ("····", re.compile("····")),
    (". . . .", re.compile(r"\. \. \. \.")),
    ("|", re.compile(r"\|(?<=^\|)|\|(?<=^ \|)", re.MULTILINE)),
    (
        ",",
        re.compile(
            "^[^ ,，。\n]{1,20},[^ ,，。\n]{1,20},[^ ,，。\n]{1,20}(?:,[^ ,，。\n]{1,20})*$",
            re.MULTILINE,
        ),
    ),
)


def rows(text: str, lines: Lines) -> Bools:
    """Tell which lines are rows of a table or of contents: cells two blanks apart, a rule at the
    start, dot leaders. Nothing is joined to them."""
    out = np.zeros(len(lines.starts), np.bool_)
    found = [m.end() - 1 for sign, row in _ROWS if sign in text for m in row.finditer(text)]
    if found:
        places = np.array(found, np.int64)
        out[np.maximum(np.searchsorted(lines.starts, places, side="right") - 1, 0)] = True
    return out
