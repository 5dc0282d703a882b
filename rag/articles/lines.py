"""The lines of a repaired page and what each of them is, told by its own looks.

furniture  第8版, 责编 王伟 版式 李明, 2025年2月11日, - 3 -
byline     新华社记者 董素玉, By Corin Vale; a bare name only right under a headline
closing    a byline below its story, on a page that signs every story so
caption    …新华社记者 鞠焕宗 摄, ▲ 图为…
head       a short line without a stop: a headline, a subtitle or a section heading
body       anything else
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rag.articles.joints import breaks_of, head_of, parts_of
from rag.articles.kinds import (
    BARE,
    DATELINE,
    END_MARK,
    ENGLISH_DATELINE,
    ENGLISH_NAME,
    LONGEST_HEAD,
    SENTENCE_END,
    SIGNATURE,
    WORD,
    bond,
    is_common,
    kind_of,
    may_be_name,
    names_section,
)
from rag.repair import SURNAMES, Repaired
from rag.terms import simplified
from rag.types import HEADLINE, Span

_LONGEST_STACK = 120  # characters of several headlines in a row
_MOST_PIECES = 8  # lines that repair may have joined to one


class Line(NamedTuple):
    """A line of the repaired page: a paragraph, or a printed line of a headline."""

    span: Span  # in the repaired text
    text: str  # in Simplified characters
    kind: str
    dateline: bool
    end_mark: bool
    signature: bool
    ended: bool  # with a stop
    width: float  # of its column, in Chinese characters; 0 where it is one printed line
    above: int  # newlines above it
    indent: int  # blanks before it, as printed
    printed: str  # the raw text, with the end of its last printed line
    joined: bool = False  # repair takes it for more of the paragraph above
    large: bool = False  # of a headline in larger type, as the format told
    opens: bool = False  # … its first line


def find_lines(raw: str, repaired: Repaired) -> list[Line]:
    """Return the lines of a page in order, headlines as they were printed."""
    out: list[Line] = []
    for start, end in _paragraphs(raw, repaired):
        pieces = _pieces(raw, repaired, start, end)
        span = Span(start, end)
        whole = _line(raw, repaired, span)
        apart = whole.kind in ("head", "furniture") or _is_stack(whole) or whole.large
        if len(pieces) > 1 and not whole.signature and apart:
            parts = [_line(raw, repaired, piece) for piece in pieces]
            out += [part._replace(kind=_kind_of_piece(part)) for part in parts]
        elif whole.large:
            out.append(whole._replace(kind=_kind_of_piece(whole)))
        elif whole.kind == "body":
            out += _body(raw, repaired, whole)
        else:
            out.append(whole)
    return _of_page(_named(_opened(out)))


def _opened(lines: list[Line]) -> list[Line]:
    """Return the lines, those told that begin a headline in larger type."""
    above = [False, *(line.large for line in lines)]
    return [
        line._replace(opens=line.large and not before)
        for line, before in zip(lines, above, strict=False)
    ]


_ITEM_MARKS = "▲▶"  # of captions, and of the items of a column of short news
_SHORTEST_ITEM = 40  # characters
_LONGEST_NAME = 16  # characters of a paper's or a section's name


def _of_page(lines: list[Line]) -> list[Line]:
    """Tell by the whole page what a line is: what is printed twice is no headline, nor a section's
    name beside furniture, long pieces with the same mark and no photographer are items, and bylines
    may all stand below their stories."""
    heads = Counter(line.text for line in lines if line.kind == "head")
    items = [_is_item(line) for line in lines]
    several = sum(items) > 1
    out = []
    for i, (line, item) in enumerate(zip(lines, items, strict=True)):
        short = len(line.text) <= _LONGEST_NAME
        beside = (one.kind for one in (*lines[max(0, i - 1) : i], *lines[i + 1 : i + 2]))
        named = names_section(line.text) and "furniture" in beside
        if line.kind == "head" and (named or (heads[line.text] > 1 and short)):
            line = line._replace(kind="furniture")
        elif several and item:
            line = line._replace(kind="body")
        out.append(line)
    return _closed(out)


def _is_item(line: Line) -> bool:
    text = line.text
    long = len(text) > _SHORTEST_ITEM and line.ended and text[0] in _ITEM_MARKS
    return line.kind == "caption" and long and not _CREDITED.search(text)


_CREDITED = re.compile("摄(?:影)?[）)]?$|图[为片]|供图|资料图")


def _closed(lines: list[Line]) -> list[Line]:
    """Return the lines, bylines told as such that close their stories, and the text above them as
    the end of one: where each stands below text and above a headline, the last below all."""
    kept = [i for i, line in enumerate(lines) if line.kind not in ("furniture", "caption")]
    bylines = [k for k, i in enumerate(kept) if lines[i].kind == "byline"]
    if not bylines or bylines[-1] != len(kept) - 1 or bylines[0] == 0:
        return lines
    kinds = [lines[i].kind for i in kept]
    if any(kinds[k - 1] != "body" or kinds[k + 1 : k + 2] not in ([], ["head"]) for k in bylines):
        return lines
    out = list(lines)
    for k in bylines:
        out[kept[k]] = lines[kept[k]]._replace(kind="closing")
        out[kept[k - 1]] = lines[kept[k - 1]]._replace(end_mark=True)
    return out


def _body(raw: str, repaired: Repaired, whole: Line) -> list[Line]:
    """Return a paragraph, in parts where it may be of two stories, below the lines of a headline
    that repair read into it."""
    at = head_of(raw, repaired, whole.span)
    if at is not None:
        above = [_line(raw, repaired, one) for one in _pieces(raw, repaired, whole.span.start, at)]
        if all(line.kind != "body" for line in above):
            return [*above, *_body(raw, repaired, _line(raw, repaired, Span(at, whole.span.end)))]
    spans = parts_of(raw, repaired, whole.span)
    if len(spans) < 2:
        return [whole]
    parts = [_line(raw, repaired, span) for span in spans]
    # only the last may be a headline that repair took for more of the sentence
    told = [*("body" for _ in parts[:-1]), "body" if parts[-1].ended else parts[-1].kind]
    joined = [False, *(kind == "body" for kind in told[1:])]
    return [p._replace(kind=k, joined=j) for p, k, j in zip(parts, told, joined, strict=True)]


def _is_stack(line: Line) -> bool:
    """Tell whether a paragraph is several headlines in a row: no prose goes on so long without
    commas and a stop."""
    text = line.text
    return (
        line.kind == "body"
        and not line.ended
        and not text[:20].isascii()
        and (
            len(text) <= 2 * LONGEST_HEAD
            and text.count("，") <= 1
            and not re.search("[。；]|[，、：]$", text)
        )
    )


def _kind_of_piece(line: Line) -> str:
    """Return what a printed line of a headline is, of one in larger type hardly anything else."""
    others = ("byline",) if line.large else ("byline", "furniture")
    return line.kind if line.kind in others else "head"


def _paragraphs(raw: str, repaired: Repaired) -> Iterator[tuple[int, int]]:
    """Yield the paragraphs of the repaired text, parted where a headline in larger type begins or
    ends: repair reads over it where a sentence is cut there."""
    for match in re.finditer("[^\n]+", repaired.text):
        start, end = match.span()
        first, last = int(repaired.origin[start]), int(repaired.origin[end - 1])
        if HEADLINE in raw[max(0, first - 1) : last]:
            yield from _parted(raw, repaired, Span(start, end))
        else:
            yield start, end


def _parted(raw: str, repaired: Repaired, span: Span) -> Iterator[tuple[int, int]]:
    starts = [span.start, *breaks_of(raw, repaired, span)]
    at = [int(repaired.origin[i]) for i in starts]
    large = [raw[max(0, i - 1)] == HEADLINE for i in at]
    starts = [i for k, i in enumerate(starts) if not k or large[k] != large[k - 1]]
    for start, end in zip(starts, [*starts[1:], span.end], strict=True):
        yield start, end - (repaired.text[end - 1] == " ")


def _pieces(raw: str, repaired: Repaired, start: int, end: int) -> list[Span]:
    """Return the printed lines of a headline that repair may have joined, or the paragraph."""
    text = repaired.text
    if end - start > _LONGEST_STACK or SENTENCE_END.search(text, end - 6, end):
        return [Span(start, end)]
    cuts = [start, *breaks_of(raw, repaired, Span(start, end))]
    if len(cuts) > _MOST_PIECES:
        return [Span(start, end)]
    pieces = [Span(a, b) for a, b in zip(cuts, [*cuts[1:], end], strict=True)]
    return [Span(a, b - (text[b - 1] == " ")) for a, b in pieces]


def _line(raw: str, repaired: Repaired, span: Span) -> Line:
    text = simplified(repaired.text[span.start : span.end].rstrip(" "))
    end_mark = bool(END_MARK.search(text) or DATELINE.fullmatch(text))
    dateline = bool(DATELINE.match(text) or ENGLISH_DATELINE.match(text)) and len(text) > 30
    signature = bool(SIGNATURE.fullmatch(text))
    ended = bool(SENTENCE_END.search(text[-8:])) or end_mark
    kind = kind_of(text, ended)
    width = _width(raw, repaired, span) if kind == "body" else 0.0
    start, end = int(repaired.origin[span.start]), int(repaired.origin[span.end - 1]) + 1
    before = raw[max(0, start - _MOST_BLANKS) : start]
    blanks = before[len(before.rstrip()) :]
    large, blanks = HEADLINE in blanks, blanks.replace(HEADLINE, "")
    return Line(
        span,
        text,
        kind,
        dateline,
        end_mark,
        signature,
        ended,
        width,
        blanks.count("\n"),
        len(blanks) - 1 - blanks.rfind("\n"),
        raw[start : end + 2],
        large=large,
    )


_MOST_BLANKS = 20  # characters of white space above a line that are looked at


def _width(raw: str, repaired: Repaired, span: Span) -> float:
    """Return the width of the widest printed lines of a paragraph, 0 where it has only one."""
    first, last = int(repaired.origin[span.start]), int(repaired.origin[span.end - 1])
    lines = [line for line in map(str.strip, raw[first : last + 1].split("\n")) if line]
    return max((len(x) - len(x.encode("ascii", "ignore")) / 2 for x in lines[:-1]), default=0.0)


_LONGEST_CREDIT = 24  # characters of a line that is nothing but a photographer's credit


def _named(lines: list[Line]) -> list[Line]:
    """Tell by its neighbours what a line is: a bare name under a headline, the first line of a
    headline that a colon or comma parts, the words above a photographer's credit."""
    out = list(lines)
    for i in range(len(out) - 1, -1, -1):
        line = out[i]
        above = (out[k] for k in range(i - 1, -1, -1))
        before = next((one for one in above if one.kind != "furniture"), None)
        after = out[i + 1] if i + 1 < len(out) else None
        if line.large:
            continue
        if (
            line.kind == "head"
            and before
            and before.kind == "head"
            and _is_bare(line, before, after)
        ):
            out[i] = line._replace(kind="byline")
        elif line.kind == "body" and after and after.kind == "head" and _opens_head(line):
            out[i] = line._replace(kind="head")
        elif line.kind in ("body", "head") and after and _is_credit(after) and len(line.text) < 120:
            out[i] = line._replace(kind="caption")
    return out


def _is_bare(line: Line, before: Line, after: Line | None) -> bool:
    if after and after.kind in ("byline", "head"):  # who signs stands last
        return False
    text = line.text
    parted = line.span.start > before.span.end or line.above > 1
    parted = parted and len(before.text) > len(text)
    if ENGLISH_NAME.fullmatch(text) and len(text) < 60:
        # Showdown With Britain: the end of a headline whose words are all capitals
        return parted and not _OF_HEADLINES.intersection(text.split())
    if not BARE.fullmatch(text):
        return False
    if may_be_name(text):  # and no end of the headline's last word
        return parted or not is_common(before.text[-1], text[0])
    pen_name = len(text) == 2 and bond(text[0], text[1]) < WORD
    return parted and (pen_name or text[0] in SURNAMES or "（" in text)


_OF_HEADLINES = frozenset(
    "A An The Of For With Without In Into On Onto At To From By As And Or But Nor Is Are Was Be "
    "Will Up Out Off Over Under After Before Against Amid Between How Why What When Who Where Its "
    "His Her Their Our My New First Last More Most Not No All".split()
)


def _opens_head(line: Line) -> bool:
    return len(line.text) <= 14 and line.text[-1] in "：，:," and line.text.count("，") <= 1


def _is_credit(line: Line) -> bool:
    alone = len(line.text) <= _LONGEST_CREDIT and not re.search("[。，]", line.text)
    return line.kind == "caption" and line.text[-1] == "摄" and alone


class Head(NamedTuple):
    """Lines that may be the headline of a story, or a section heading."""

    titles: tuple[int, ...]  # numbers of lines
    byline: int | None
    before: int  # how many body lines stand before it


def find_heads(lines: Sequence[Line]) -> list[Head]:
    """Return the heads of a page in order: title lines up to a byline, or up to the text."""
    heads: list[Head] = []
    titles: list[int] = []
    bodies = 0
    for i, line in enumerate(lines):
        if line.kind == "head":
            if line.opens and titles:
                heads.append(Head(tuple(titles), None, bodies))
                titles = []
            titles.append(i)
        elif line.kind == "byline":
            heads.append(Head(tuple(titles), i, bodies))
            titles = []
        elif line.kind == "body":
            if titles:
                heads.append(Head(tuple(titles), None, bodies))
                titles = []
            bodies += 1
    if titles:
        heads.append(Head(tuple(titles), None, bodies))
    return heads
