"""Newspaper pages made of clean articles: laid out in columns, heads and ledes moved about, damaged
as extraction damages them, and the truth of every character kept.

  story   title, subtitle, byline, dateline, paragraphs, section headings, caption, end mark
  blocks  what is printed in one piece: a head, a lede, a body, in one of `ORDERS`
  page    the blocks wrapped, each to a width of its own, then damaged by `eval.damage`
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from random import Random
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from eval.damage import ADDED, DAMAGES, Page, changed, hard_wraps, page_of, paragraphs
from eval.habits import furniture_line, house_of, jump_line
from eval.orders import ORDERS, Block, Blocks
from eval.printed import Printed, TrueArticle, printed
from eval.stories import Story, headline, is_english
from rag.types import Source, is_ignorable

NONE = -1  # of no article: white space, page furniture


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


def simulated(stories: Sequence[Story], rng: Random, name: str = "page.txt") -> TruePage:
    """Print the stories on one page and damage it."""
    house = house_of(rng)
    return laid_out([printed(story, rng, house) for story in stories], rng, name)


def laid_out(stands: Sequence[Printed], rng: Random, name: str) -> TruePage:
    """Lay stories out on one page, in one of `ORDERS`, and damage it."""
    order = rng.choices(list(ORDERS), list(ORDERS.values()))[0]
    blocks = [block for block in order(stands, rng) if block[1]]
    for n, story in enumerate(stands):
        if story.aside:
            after = [i for i, block in enumerate(blocks) if block[0] == n]
            at = rng.choice(after)
            if blocks[at][2] == "body" and rng.random() < 0.7:
                at = _parted(blocks, at, rng)
            blocks.insert(at + 1, (n, story.aside, "caption"))
    return _page_of([one.article for one in stands], blocks, rng, name)


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
_HEAD_WIDTHS = (8, 10, 12, 16, 24, 40, 60)


def _bylines_apart(articles: Sequence[TrueArticle], blocks: Blocks) -> Iterator[Block]:
    """Yield the blocks, bylines as blocks of their own."""
    for n, parts, kind in blocks:
        signed = [k for k in parts if articles[n].parts[k].kind == "byline"]
        titles = [k for k in parts if k not in signed]
        if titles:
            yield n, titles, kind
        if signed:
            yield n, signed, "byline"


def _page_of(articles: Sequence[TrueArticle], blocks: Blocks, rng: Random, name: str) -> TruePage:
    style = _Style(rng)
    owners: list[tuple[int, int, int]] = []
    pieces: list[Page] = style.furniture(rng, style.much)
    for n, parts, kind in _bylines_apart(articles, blocks):
        texts = [articles[n].parts[k].text for k in parts]
        base = len(owners)
        clean = "\n".join(texts)
        for k, one in zip(parts, texts, strict=True):
            owners += [*((n, k, place) for place in range(len(one))), (NONE, NONE, NONE)]
        frame = _Frame(style, rng)
        for piece in style.wrapped(page_of(clean), kind, rng):
            piece = frame.damaged(piece, rng)
            places = tuple(o + base if o >= 0 else o for o in piece.origin)
            pieces.append(Page(piece.text, places))
            if rng.random() < style.strewn / 4:
                pieces += style.furniture(rng, 1)
        if kind == "body" and rng.random() < style.jumps:
            pieces.append(_added(jump_line(rng)))
        if rng.random() < style.strewn:
            pieces += style.furniture(rng, 1)
    while rng.random() < style.torn:
        _tear(pieces, rng)
    pieces += style.furniture(rng, style.much)
    page = _joined(pieces, style, rng)
    for damage in DAMAGES:
        if damage in style.damages:
            page = DAMAGES[damage](page, rng)
    at = np.array(page.origin, np.int64)
    at[[i for i, c in enumerate(page.text) if is_ignorable(c)]] = ADDED
    table = np.array([*owners, (NONE, NONE, NONE)], np.int64)
    found = np.where((at >= 0)[:, None], table[np.maximum(at, 0)], NONE)
    return TruePage(name, page.text, tuple(articles), *found.T)


def _added(line: str) -> Page:
    return Page(line, (ADDED,) * len(line))


def _tear(pieces: list[Page], rng: Random) -> None:
    """Part a long piece at the end of a line and put the rest behind another piece, or before:
    a column that goes on elsewhere, in the middle of a sentence or not."""
    long = [i for i, piece in enumerate(pieces) if piece.text.count("\n") >= 8]
    if not long:
        return
    i = rng.choice(long)
    piece = pieces[i]
    cut = rng.choice([m.start() for m in re.finditer("\n", piece.text)][2:-2])
    head = Page(piece.text[:cut], piece.origin[:cut])
    tail = Page(piece.text[cut + 1 :], piece.origin[cut + 1 :])
    pieces[i] = head
    pieces.insert(rng.choice((max(0, i - 1), i, i + 2, i + 3)), tail)


class _Style:
    """How one page is set."""

    def __init__(self, rng: Random) -> None:
        self.wraps = rng.random() < 0.85
        self.width = rng.choice(_WIDTHS)
        self.head_width = rng.choice((*_HEAD_WIDTHS, None))  # None: each head's own
        self.odd_widths = rng.choice((0.0, 0.1, 0.3, 0.6))  # of the bodies
        self.much = rng.choice((0.0, 0.15, 0.3, 0.6))  # furniture above and below
        self.strewn = rng.choice((0.0, 0.02, 0.05, 0.12))  # … between
        self.jumps = rng.choice((0.0, 0.0, 0.0, 0.2))
        self.torn = rng.choice((0.0, 0.0, 0.0, 0.05, 0.4))
        self.indent = rng.choice(("", "", "\u3000\u3000", "  "))
        self.apart = rng.choice(("\n", "\n", "\n\n"))
        self.between = rng.choice(("\n", "\n\n", "\n\n", "\n\n\n"))
        self.ragged = rng.choice((0, 0, 1, 3, 6))  # cells that justified lines waver by
        self.every = rng.choice((0, 0, 8, 14, 25))  # lines of a column
        chosen = [d for d in _GENTLE if rng.random() < 0.2]
        self.line_end = rng.choice(_LINE_ENDS)
        self.uneven = rng.random() < 0.5  # blocks differ, as where each is a text frame of its own
        self.damages = {*chosen, *(d for d in _ROUGH if rng.random() < 0.1)}

    def wrapped(self, page: Page, kind: str, rng: Random) -> Iterator[Page]:
        """Yield what becomes of a block: one page, or for a head one for each of its lines."""
        if kind == "head":
            width = self.head_width or rng.choice(_HEAD_WIDTHS)
            yield hard_wraps(page, rng, width=width, indent="", apart=self.apart)
            return
        if kind == "byline":  # in one line, but where it is longer than any column
            yield hard_wraps(page, rng, width=rng.choice((20, 60)), indent="", apart=self.apart)
            return
        if not self.wraps:
            yield hard_wraps(page, rng, width=9999, indent=self.indent, apart=self.apart)
            return
        width = self.width
        if kind != "body" or rng.random() < self.odd_widths:
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
            out.append(_added(furniture_line(rng)))
        return out


_LINE_ENDS = ("\n", "\n", "\n", "\n", "\r\n", " \n")


class _Frame:
    """How the characters and line ends of one block come out."""

    def __init__(self, style: _Style, rng: Random) -> None:
        self.line_end, self.damages = style.line_end, list[str]()
        if style.uneven:
            self.line_end = rng.choice(_LINE_ENDS)
            self.damages = [name for name in _GENTLE if rng.random() < 0.12]

    def damaged(self, page: Page, rng: Random) -> Page:
        for name in self.damages:
            page = DAMAGES[name](page, rng)
        ends = [m.start() for m in re.finditer("\n", page.text)]
        added = self.line_end[:-1]
        return changed(page, [(i, i, added) for i in ends]) if added else page


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


_MOST_STORIES = (1, 1, 2, 3, 3, 3, 4, 4, 5)
_SHORTEST_PARAGRAPH = 4  # characters


def pages(stories: Iterable[Story], count: int, seed: int = 0) -> Iterator[TruePage]:
    """Yield `count` pages of one to five stories each, as long as stories last."""
    rng = Random(seed)
    for number, chosen in enumerate(in_groups(stories, rng, count)):
        yield simulated(chosen, rng, f"page-{number:04}.txt")


def in_groups(stories: Iterable[Story], rng: Random, count: int) -> Iterator[list[Story]]:
    """Yield what stands on `count` pages: one to five stories of one language each."""
    waiting = _Waiting(stories)
    for _ in range(count):
        chosen = waiting.next_of_one_language(rng.choice(_MOST_STORIES))
        if not chosen:
            return
        yield chosen


def pages_of(texts: Iterable[str], rng: Random) -> Iterator[Source]:
    """Print texts on simulated pages, under headlines made of their own words."""
    stories = list[Story]()
    for text in texts:
        body = [p for p in paragraphs(text, rng) if len(p) > _SHORTEST_PARAGRAPH]
        if body:
            stories.append(Story(headline("".join(body), rng), tuple(body)))
    at = number = 0
    while at < len(stories):
        many = rng.choice(_MOST_STORIES)
        page = simulated(stories[at : at + many], rng, f"page-{number:05}.txt")
        yield Source(page.name, page.text)
        at, number = at + many, number + 1


class _Waiting:
    """Stories still to be printed."""

    def __init__(self, stories: Iterable[Story]) -> None:
        self.stories = iter(stories)
        self.held = next(self.stories, None)

    def next_of_one_language(self, most: int) -> list[Story]:
        """Return the next stories, fewer where the language changes."""
        out: list[Story] = []
        while self.held and len(out) < most:
            if out and is_english(out[0].body[0]) != is_english(self.held.body[0]):
                break
            out.append(self.held)
            self.held = next(self.stories, None)
        return out
