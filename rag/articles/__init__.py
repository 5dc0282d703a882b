"""A source's repaired text → its articles: ordered lists of lines of the page, with title, byline
and date.

A printed page holds several articles with no separator, and prints headlines, bylines and ledes
where the layout has room, after the body or in another column. `lines` tells what each line is,
`stories` weighs which belong together; here they become articles, every character of the repaired
text in exactly one. Page furniture stands at the end of the article it was printed beside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from rag.articles.evidence import is_fragment, is_unfinished
from rag.articles.lines import Head, Line, find_heads, find_lines
from rag.articles.stories import Story, find_stories, weights
from rag.dates import published_date
from rag.repair import Repaired, repair
from rag.types import Article, Run, Source, Span, is_ignorable

__all__ = ["split_articles"]

# a page holds fewer; a file of thousands of stories is looked at in parts, or it would take hours
_MOST_LINES = 240
_PART = 48  # lines of such a part
_MOST_HEADS = 3  # lines of a headline with its subtitle


def split_articles(source: Source) -> list[Article]:
    """Return the articles of a source in the order of the page; every character of the repaired
    text is in exactly one.

    A source that brings its own title (a corpus record, a web page) is one article.
    """
    repaired = repair(source.text)
    if not repaired.text.strip():
        return []
    lines = find_lines(source.text, repaired)
    if source.title is not None:
        stories = [Story(text=list(range(len(lines))))]
    else:
        stories = [story for part in _parts(lines) for story in _stories(lines, part)]
    return [
        _article(source, repaired, lines, story, number) for number, story in enumerate(stories)
    ]


def _parts(lines: Sequence[Line]) -> list[range]:
    """Return ranges of lines to be looked at together: the page, or what stands between several
    whole stories in a row, and parts of a long file that end with an end mark where there is one.
    """
    parts, start = [], 0
    for whole in [*_whole_stories(lines), range(len(lines), len(lines))]:
        while whole.start - start > _MOST_LINES:
            end = start + _PART
            marks = [i for i in range(start + _PART // 2, end) if lines[i].end_mark]
            end = marks[-1] + 1 if marks else end
            parts.append(range(start, end))
            start = end
        parts += [range(start, whole.start), whole]
        start = whole.stop
    cut = [each for part in parts if part for each in _at_headlines(lines, part)]
    return cut or [range(len(lines))]


def _at_headlines(lines: Sequence[Line], part: range) -> Iterator[range]:
    """Yield a part in pieces, each from a headline that its format tells of to the next; one in the
    midst of a sentence is a quotation set large, and begins nothing."""
    start = part.start
    for i in part:
        if not lines[i].opens or _within_sentence(lines, i):
            continue
        if any(line.large or line.kind in ("byline", "body") for line in lines[start:i]):
            yield range(start, i)
            start = i
    yield range(start, part.stop)


def _within_sentence(lines: Sequence[Line], head: int) -> bool:
    """Tell whether the text above a headline breaks off and goes on below it."""
    above = next((line for line in reversed(lines[:head]) if line.kind == "body"), None)
    below = [line for line in lines[head + 1 :] if line.kind in ("body", "byline")][:1]
    if above is None or not below or below[0].kind == "byline":
        return False
    return above.text[-1] in "，、" or (is_unfinished(above) and is_fragment(below[0]))


def _whole_stories(lines: Sequence[Line]) -> list[range]:
    """Return the stories that are printed in one piece, headline, byline, text and end mark, and
    are followed by another such story or end the file: nothing else can belong to them."""
    found = [_whole_story(lines, i) for i in range(len(lines))]
    kept = [story for story in found if story]
    starts = {story.start for story in kept}
    return [story for story in kept if story.stop in starts or story.stop == len(lines)]


def _whole_story(lines: Sequence[Line], start: int) -> range:
    """Return the story that begins at a line, empty if none is whole."""
    at = start
    while at < len(lines) and at - start < _MOST_HEADS and lines[at].kind == "head":
        at += 1
    opens = at > start and (start == 0 or lines[start - 1].kind != "head")
    if not opens or at + 1 >= len(lines) or lines[at].kind != "byline":
        return range(0)
    for end in range(at + 1, len(lines)):
        if lines[end].kind not in ("body", "head"):
            break
        if lines[end].end_mark:
            return range(start, end + 1)
    return range(0)


def _stories(lines: Sequence[Line], part: range) -> list[Story]:
    """Return the stories of a part of the page; a column of signed quotations is one of its own."""
    if part == _whole_story(lines, part.start):
        titles = [i for i in part if lines[i].kind == "head"]
        text = [i for i in part if lines[i].kind == "body"]
        byline = titles[-1] + 1
        if len(titles) + len(text) + 1 == len(part) and text[:1] == [byline + 1]:
            return [Story(titles, byline, text)]  # nothing to weigh
    quoted = quotations(lines, part)
    kept = [i for i in part if i not in quoted]
    stories = [_numbered(story, kept) for story in _of_kept(lines, kept)]
    if quoted:
        stories.append(Story(text=sorted(quoted)))
    _add_furniture(lines, part, stories)
    return sorted(stories, key=lambda story: min(story.lines()))


def _of_kept(lines: Sequence[Line], kept: Sequence[int]) -> list[Story]:
    chosen = [lines[i] for i in kept]
    if not chosen:
        return []
    heads: list[Head] = find_heads(chosen)
    return find_stories(chosen, heads, weights())


def _numbered(story: Story, kept: Sequence[int]) -> Story:
    """Return the story with the numbers of the page's lines."""
    byline = None if story.byline is None else kept[story.byline]
    return Story([kept[i] for i in story.titles], byline, [kept[i] for i in story.text])


def quotations(lines: Sequence[Line], part: range) -> set[int]:
    """Return the lines of a column of signed quotations: from the line above the first of several
    signatures to the last."""
    signed = [i for i in part if lines[i].signature]
    if len(signed) < 2 or signed[-1] - signed[0] > 4 * len(signed):
        return set()
    return set(range(max(part.start, signed[0] - 1), signed[-1] + 1))


def _add_furniture(lines: Sequence[Line], part: range, stories: list[Story]) -> None:
    """Put each line of furniture at the end of the story it stands behind, the first ones of a page
    at the end of the story they stand before."""
    owner = {i: story for story in stories for i in story.lines()}
    if not owner:
        stories.append(Story(text=list(part)))
        return
    added: dict[int, list[int]] = {}
    for i in part:
        if i not in owner:
            near = max((k for k in owner if k < i), default=None)
            host = owner[min(owner) if near is None else near]
            added.setdefault(id(host), []).append(i)
    for story in stories:
        story.text += added.get(id(story), [])


def _article(
    source: Source, repaired: Repaired, lines: Sequence[Line], story: Story, number: int
) -> Article:
    spans = _merged([lines[i] for i in story.lines()])
    text = "\n".join(repaired.text[a:b] for a, b in spans)
    heads = _merged([lines[i] for i in story.titles])
    title = source.title or " ".join(repaired.text[a:b] for a, b in heads) or None
    signed = None if story.byline is None else lines[story.byline].span
    byline = signed and repaired.text[signed.start : signed.end].strip("■◎●□▲ ")
    return Article(
        id=_identity(source, number, text),
        source=source.name,
        text=text,
        runs=_runs(spans, repaired.origin, source.text),
        title=title,
        byline=byline,
        published=source.published or published_date(text, repaired.text),
    )


def _merged(lines: Sequence[Line]) -> list[Span]:
    """Join printed lines that repair had joined: nothing but a blank stands between them."""
    out: list[Span] = []
    for before, line in zip([None, *lines], lines, strict=False):
        span = line.span
        if before is not None and _is_more(before, line) and span.start == out[-1].end:
            span = Span(out.pop().start, span.end)
        out.append(span)
    return out


def _is_more(before: Line, line: Line) -> bool:
    """Tell whether a line may be more of the headline or the paragraph above it."""
    if before.large != line.large or (before.kind != "body" and line.kind == "body"):
        return False
    return not (line.large and line.above > 1)


def _identity(source: Source, number: int, text: str) -> str:
    return hashlib.sha256(f"{source.name}\0{number}\0{text}".encode()).hexdigest()[:12]


def _runs(spans: Sequence[Span], origin: npt.NDArray[np.int64], raw: str) -> tuple[Run, ...]:
    """Return the runs that copy the lines one after another; the newline between two stands for
    white space of the source beside the first or the second."""
    runs: list[Run] = []
    at = 0
    for k, (start, end) in enumerate(spans):
        places = origin[start:end]
        cuts = np.flatnonzero(np.diff(places) != 1) + 1
        for a, b in zip([0, *cuts], [*cuts, len(places)], strict=True):
            runs.append(Run(at + int(a), int(places[a]), int(b - a)))
        at += end - start
        if k + 1 < len(spans):
            after = int(origin[spans[k + 1].start])
            runs.append(Run(at, _blank(raw, int(places[-1]) + 1, after - 1), 1))
            at += 1
    return tuple(runs)


def _blank(raw: str, behind: int, before: int) -> int:
    """Return a place of white space: just behind one line, or just before the next."""
    for place in (behind, before):
        if 0 <= place < len(raw) and is_ignorable(raw[place]):
            return place
    reach = 80  # characters; seldom is there none so near
    for near in (range(max(0, behind - reach), min(len(raw), behind + reach)), range(len(raw))):
        blanks = [i for i in near if is_ignorable(raw[i])]
        if blanks:
            return min(blanks, key=lambda i: abs(i - behind))
    return max(0, before)
