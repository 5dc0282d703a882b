"""A source's repaired text → its articles: ordered lists of paragraphs of the page, with title,
byline and date.

A printed page holds several articles with no separator, and prints headlines, bylines and ledes
where the layout has room, after
the body or in another column. Decided by evidence that any newspaper leaves:
  end marks      （新华社北京8月16日电）, or a line 新华社北京3月25日电
  datelines      新华社洛杉矶8月17日电 … begins a story
  title groups   short lines without a full stop before a byline (新华社记者 张晓洁), or alone
  before the end of the page
  signatures     ——中国科学院院士 薛其坤 closes a column of quotations
A title group whose text does not follow it, and a lede apart from its story, go where their words
belong (shared pairs of
characters, rare ones counting more).
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rag.dates import published_date
from rag.repair import HAN, Repaired, repair
from rag.terms import terms
from rag.types import Article, Run, Source, Span

_DATELINE = re.compile(
    f"(?:据?(?:新华社|中新社|中新网|人民网|央视网|本报)[{HAN}/·、]{{1,14}}?\\d{{1,2}}月\\d{{1,2}}日(?:电|讯))"
)
_DATELINED_TEXT = re.compile(_DATELINE.pattern + ".{20}")
_END_MARK = re.compile(
    f"[（(](?:{_DATELINE.pattern}|[{HAN} 、]{{0,12}}(?:记者|通讯员)[^（）()]{{2,40}}"
    "|完|责任编辑[^（）()]*)[)）]$"
)
_BYLINE = re.compile(
    f"[■◎●□▲]?\\s*[{HAN}]{{0,8}}(?:记者|通讯员|特约撰稿|评论员)[：: ]"
    f"\\s*[{HAN}·]{{2,6}}(?:[ 、，][{HAN}·]{{2,6}})*(?: *文)?"
    f"|[■◎●□▲]\\s*[{HAN}]{{2,8}}记者 ?[{HAN} ]{{2,20}}|作者[：: ][{HAN}· ]{{2,16}}"
    r"|[Bb]y [A-Z][\w .'-]{3,40}"
)
_CAPTION = re.compile(
    f"(?:摄|供图|制图|资料图片?)(?:[）)])?$|^[{HAN}]{{2,6}}记者 [{HAN}· ]{{2,14}} ?摄$"
)
_SIGNATURE = re.compile(f"—{{1,2}}[{HAN}（）·]{{3,24}} [{HAN}·]{{2,12}}")
_SENTENCE_END = re.compile("[。！？!?…；][”’）》」』)]*$|[.][\"')]*$")
_LONGEST_TITLE_LINE = 36  # characters
_MOST_TITLE_LINES = 3
# a page holds fewer; a file of thousands of stories is looked at in parts, or it would take hours
_MOST_BLOCKS = 40
_SMALL = 900  # characters: a block larger than this is a story of its own, not a lede gone astray
# share of a stray block's rare pairs that its story must hold; neighbours of one event reach 0.16
_COHESION = 0.20
# a long story without a headline beside a short one that has it: less is enough
_COHESION_UNTITLED = 0.15


@dataclass
class _Block:
    """Paragraphs `first` to `last` (exclusive) that belong together; `titles` are paragraph numbers
    set above them."""

    paragraphs: list[int]
    titles: list[int] = field(default_factory=list)
    byline: int | None = None
    closed: bool = False  # ends with an end mark: nothing may be added behind it
    column: bool = False  # a column of signed quotations


def split_articles(source: Source) -> list[Article]:
    """Return the articles of a source in the order of the page; every character of the repaired
    text is in exactly one.

    A source that brings its own title (a corpus record, a web page) is one article.
    """
    repaired = repair(source.text)
    if not repaired.text.strip():
        return []
    page = _Paragraphs(repaired.text)
    blocks = [_Block(list(range(len(page.texts))))] if source.title is not None else _blocks(page)
    return [_article(source, repaired, page, block, number) for number, block in enumerate(blocks)]


class _Paragraphs:
    """The paragraphs of a page and what each looks like."""

    def __init__(self, text: str) -> None:
        self.spans = [Span(*m.span()) for m in re.finditer(r"[^\n]+", text)]
        self.texts = [text[a:b] for a, b in self.spans]
        self.byline = [bool(_BYLINE.fullmatch(t)) for t in self.texts]
        self.caption = [bool(_CAPTION.search(t)) for t in self.texts]
        self.end_mark = [bool(_END_MARK.search(t) or _DATELINE.fullmatch(t)) for t in self.texts]
        self.dateline = [bool(_DATELINED_TEXT.match(t)) for t in self.texts]
        self.signature = [bool(_SIGNATURE.fullmatch(t)) for t in self.texts]
        self.title_like = [self._is_title_like(i) for i in range(len(self.texts))]
        self.pairs = [Counter(t for t in terms(text) if len(t) > 1) for text in self.texts]
        spread = Counter(pair for pairs in self.pairs for pair in pairs)
        self.rarity = {pair: math.log(1 + len(self.texts) / n) for pair, n in spread.items()}

    def _is_title_like(self, i: int) -> bool:
        text = self.texts[i]
        return (
            len(text) <= _LONGEST_TITLE_LINE
            and not _SENTENCE_END.search(text)
            and not (self.byline[i] or self.caption[i] or self.end_mark[i] or self.signature[i])
        )

    def share(self, part: Sequence[int], whole: Sequence[int]) -> float:
        """Return the share (0 to 1, weighted by rarity) of pairs of `part` in `whole`."""
        wanted = {pair for i in part for pair in self.pairs[i]}
        held = {pair for i in whole for pair in self.pairs[i]}
        total = sum(self.rarity[pair] for pair in wanted)
        return sum(self.rarity[pair] for pair in wanted & held) / total if total else 0.0


def _blocks(page: _Paragraphs) -> list[_Block]:
    blocks = _quotation_columns(page, _cut(page, _title_groups(page)))
    settled = [
        block
        for first in range(0, len(blocks), _MOST_BLOCKS)
        for block in _settled(page, blocks[first : first + _MOST_BLOCKS])
    ]
    return sorted(settled, key=lambda b: min(b.paragraphs))


def _settled(page: _Paragraphs, blocks: list[_Block]) -> list[_Block]:
    """Return blocks that all hold text, with headlines and ledes where their words belong."""
    stray = [b for b in blocks if not b.paragraphs]
    blocks = [b for b in blocks if b.paragraphs]
    if not blocks:
        lines = [i for b in stray for i in (*b.titles, b.byline) if i is not None]
        return [_Block(lines)]
    _move_titles(page, blocks, stray)
    return _gather_strays(page, blocks)


def _title_groups(page: _Paragraphs) -> list[tuple[list[int], int | None]]:
    """Find the headlines: title-like lines above a byline, above a dateline, at the head of the
    page, or in a row.

    Returns (title paragraphs, byline paragraph or None). Section headings inside a story have none
    of these marks.
    """
    groups: list[tuple[list[int], int | None]] = []
    n = len(page.texts)
    i = 0
    while i < n:
        lines: list[int] = []
        while i < n and page.title_like[i] and len(lines) <= _MOST_TITLE_LINES:
            lines.append(i)
            i += 1
        has_byline = i < n and page.byline[i]
        follows_end = bool(lines) and (lines[0] == 0 or page.end_mark[lines[0] - 1])
        before_dateline = i < n and page.dateline[i]
        if has_byline:
            groups.append((_headline(page, lines), i))
        elif lines and (before_dateline or (follows_end and _is_page_head(page, lines, i))):
            groups.append((lines, None))
        i += 1 if has_byline or not lines else 0
    return groups


def _headline(page: _Paragraphs, lines: list[int]) -> list[int]:
    """Drop page furniture above a headline: the name of a section or supplement."""
    while len(lines) > 1 and re.search(
        "(?:特刊|专刊|专版|周刊|副刊|要闻|版)$", page.texts[lines[0]]
    ):
        lines = lines[1:]
    return lines


def _is_page_head(page: _Paragraphs, lines: list[int], after: int) -> bool:
    """A group at the head of a story is its headline unless it reads like the first of several
    section headings."""
    return (
        len(lines) >= 1
        and (lines[0] > 0 or len(lines) > 1 or "——" in "".join(page.texts[j] for j in lines[:2]))
        and (after >= len(page.texts) or not page.title_like[after])
        and not _has_later_byline_title(page, after, lines)
    )


def _has_later_byline_title(page: _Paragraphs, after: int, lines: list[int]) -> bool:
    """Tell whether the story under a group at the head of the page ends without an end mark before
    a bylined headline."""
    if lines[0] > 0:
        return False
    for i in range(after, len(page.texts)):
        if page.end_mark[i]:
            return False
        if page.byline[i]:
            return True
    return False


def _cut(page: _Paragraphs, groups: list[tuple[list[int], int | None]]) -> list[_Block]:
    """Cut the page into blocks at end marks, datelines and title groups."""
    in_group = {
        i: group
        for group in groups
        for i in (*group[0], *([group[1]] if group[1] is not None else []))
    }
    blocks = [_Block([])]
    seen: set[int] = set()
    for i in range(len(page.texts)):
        if i in in_group:
            group = in_group[i]
            if id(group) not in seen:
                seen.add(id(group))
                blocks.append(_Block([], list(group[0]), group[1]))
            continue
        if page.dateline[i] and blocks[-1].paragraphs:
            blocks.append(_Block([]))
        if blocks[-1].closed and not (page.caption[i] or _is_caption_head(page, i)):
            blocks.append(_Block([]))
        blocks[-1].paragraphs.append(i)
        blocks[-1].closed = blocks[-1].closed or page.end_mark[i]
    return [b for b in blocks if b.paragraphs or b.titles or b.byline is not None]


def _is_caption_head(page: _Paragraphs, i: int) -> bool:
    return (
        i + 1 < len(page.texts)
        and page.caption[i + 1]
        and len(page.texts[i + 1]) < 24
        and len(page.texts[i]) < 120
    )


def _quotation_columns(page: _Paragraphs, blocks: list[_Block]) -> list[_Block]:
    """Take columns of signed quotations out of the blocks they were printed beside."""
    out: list[_Block] = []
    for block in blocks:
        signed = [k for k, i in enumerate(block.paragraphs) if page.signature[i]]
        if len(signed) < 2:
            out.append(block)
            continue
        first, last = signed[0] - 1, signed[-1]
        head, tail = block.paragraphs[: max(first, 0)], block.paragraphs[last + 1 :]
        out.append(_Block(head, block.titles, block.byline))
        out.append(_Block(block.paragraphs[max(first, 0) : last + 1], column=True))
        out.append(_Block(tail, closed=block.closed))
    return [b for b in out if b.paragraphs or b.titles or b.byline is not None]


def _move_titles(page: _Paragraphs, blocks: list[_Block], stray: list[_Block]) -> None:
    """Give headlines printed apart from their story to the story whose words they share.

    First those that nothing follows, line by line where lines belong to different stories; then
    those where a story without a headline holds more of their words than the text that follows.
    """
    for group in stray:
        if not group.titles and group.byline is not None:
            blocks[-1].paragraphs.append(group.byline)
            continue
        for titles in _by_story(page, group.titles, blocks):
            _give(page, blocks, titles, group.byline if titles[-1:] == group.titles[-1:] else None)
    for block in blocks:
        for titles in _by_story(page, block.titles, blocks)[:-1]:
            block.titles = [i for i in block.titles if i not in titles]
            _give(page, blocks, titles, None)
    for block in blocks:
        free = [
            b
            for b in blocks
            if b is not block and b.byline is None and not (b.column or block.closed)
        ]
        best = max(free, key=lambda b: page.share(block.titles, b.paragraphs), default=None)
        if best and block.byline is not None and _prefers(page, block, best):
            best.paragraphs = (
                best.titles + best.paragraphs
            )  # a bylined headline makes a heading of what stood there
            best.titles, best.byline, block.titles, block.byline = (
                block.titles,
                block.byline,
                [],
                None,
            )


def _prefers(page: _Paragraphs, block: _Block, other: _Block) -> bool:
    here, there = (page.share(block.titles, b.paragraphs) for b in (block, other))
    return there > here + 0.05


def _by_story(page: _Paragraphs, titles: list[int], blocks: list[_Block]) -> list[list[int]]:
    """Part the lines of a headline group that belong to different stories, by which story holds
    most of their words."""
    stories = [b for b in blocks if not b.column]
    if len(titles) < 2 or not stories:
        return [titles]
    best = [
        max(range(len(stories)), key=lambda k: page.share([i], stories[k].paragraphs))
        for i in titles
    ]
    sure = [page.share([i], stories[k].paragraphs) > 0.3 for i, k in zip(titles, best, strict=True)]
    parts = [[titles[0]]]
    for n in range(1, len(titles)):
        leads = page.texts[titles[n - 1]].endswith(("：", ":")) or page.texts[titles[n]].startswith(
            ("—", "-")
        )
        if sure[n] and sure[n - 1] and best[n] != best[n - 1] and not leads:
            parts.append([])
        parts[-1].append(titles[n])
    return parts


def _give(page: _Paragraphs, blocks: list[_Block], titles: list[int], byline: int | None) -> None:
    free = [b for b in blocks if not b.titles and not b.column] or blocks
    best = max(free, key=lambda b: page.share(titles, b.paragraphs))
    second = [byline] if byline is not None and (best.titles or best.byline is not None) else []
    if best.titles:
        best.paragraphs = best.paragraphs + titles + second
        return
    best.titles, best.paragraphs = titles, second + best.paragraphs
    best.byline = best.byline if best.byline is not None else byline


def _gather_strays(page: _Paragraphs, blocks: list[_Block]) -> list[_Block]:
    """Put small blocks without an end mark (a lede in its own column, a caption) with the story
    whose words they share."""
    kept = list(blocks)
    for block in blocks:
        size = sum(len(page.texts[i]) for i in block.paragraphs)
        if block.closed or block.column or size > _SMALL or len(kept) < 2:
            continue
        others = [b for b in kept if b is not block and not b.column]
        best = max(others, key=lambda b: page.share(block.paragraphs, b.paragraphs), default=None)
        if best is None or page.share(block.paragraphs, best.paragraphs) < (
            _COHESION if best.titles else _COHESION_UNTITLED
        ):
            continue
        if not block.titles and not best.titles:
            continue
        if block.titles and best.titles and best.byline is not None:
            continue
        _put_before(best, block)
        kept.remove(block)
    return kept


def _put_before(story: _Block, lede: _Block) -> None:
    if lede.titles:
        story.paragraphs, story.titles = story.titles + story.paragraphs, lede.titles
    if lede.byline is not None and story.byline is not None:
        story.paragraphs = [lede.byline, *lede.paragraphs, *story.paragraphs]
        return
    story.paragraphs = lede.paragraphs + story.paragraphs
    story.byline = story.byline if story.byline is not None else lede.byline


def _article(
    source: Source, repaired: Repaired, page: _Paragraphs, block: _Block, number: int
) -> Article:
    order = [
        *block.titles,
        *([block.byline] if block.byline is not None else []),
        *block.paragraphs,
    ]
    spans = [page.spans[i] for i in order]
    text = "\n".join(repaired.text[a:b] for a, b in spans)
    title = source.title or " ".join(page.texts[i] for i in block.titles) or None
    return Article(
        id=_identity(source, number, text),
        source=source.name,
        text=text,
        runs=_runs(spans, repaired.origin),
        title=title,
        byline=page.texts[block.byline].strip("■◎●□▲ ") if block.byline is not None else None,
        published=source.published or published_date(text, repaired.text),
    )


def _identity(source: Source, number: int, text: str) -> str:
    return hashlib.sha256(f"{source.name}\0{number}\0{text}".encode()).hexdigest()[:12]


def _runs(spans: Sequence[Span], origin: npt.NDArray[np.int64]) -> tuple[Run, ...]:
    """Return the runs that copy the paragraphs one after another; the newline between two stands
    for the break behind the first, or before the second where the source ends with the first."""
    runs: list[Run] = []
    at = 0
    for k, (start, end) in enumerate(spans):
        places = origin[start:end]
        cuts = np.flatnonzero(np.diff(places) != 1) + 1
        for a, b in zip([0, *cuts], [*cuts, len(places)], strict=True):
            runs.append(Run(at + int(a), int(places[a]), int(b - a)))
        at += end - start
        if k + 1 < len(spans):
            following = spans[k + 1].start
            newline = end if end < len(origin) else (following or start) - 1
            runs.append(Run(at, int(origin[newline]), 1))
            at += 1
    return tuple(runs)
