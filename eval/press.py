"""Newspaper pages as real PDFs: stories set under their headlines in the columns of one grid, side
by side and one under the other, with pictures, rules, frames and page furniture; and of which
article each character is that comes out of them again.

  stories → blocks of columns, halved again and again: side by side, or one above the other
  a block → headline, subtitle and byline over its columns, pictures with captions, the text poured
            in columns of one height
  the file → `rag.formats.pdf.extract` → its text, the lines drawn found again in it
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np

from eval.habits import furniture_line, house_of
from eval.printed import Printed, TrueArticle, printed
from eval.simulate import NONE, TruePage, in_groups
from eval.stories import Story, is_english
from eval.typeset import NOWHERE, Row, Sheet, broken, width_of
from rag.formats.pdf import extract
from rag.types import essence


class _Grid:
    """How one paper sets its pages; lengths in points."""

    def __init__(self, rng: Random, *, english: bool) -> None:
        self.size = rng.choice((8.0, 9.0, 9.5, 10.5))
        self.leading = self.size * rng.choice((1.25, 1.4, 1.55, 1.7))
        self.column = self.size * rng.choice((12, 14, 16, 18, 21, 26))
        self.gutter = self.size * rng.choice((1.2, 1.6, 2.0, 2.5))
        self.columns = rng.choice((2, 3, 4, 5, 5, 6, 7))
        self.margin = rng.choice((28.0, 40.0, 60.0))
        self.between = self.leading * rng.choice((1.0, 1.5, 2.5))  # stories
        self.rules = rng.choice((0.0, 0.0, 0.6, 1.0))
        self.framed = rng.choice((0.0, 0.0, 0.15, 0.3))
        self.centred = rng.random() < 0.4
        self.headline = rng.uniform(1.7, 3.2)  # em, of a story of middling length
        self.indent = 1.0 if english else 2.0  # em
        self.signed = rng.choice(("over", "over", "column"))
        self.beside = rng.choice((0.0, 0.0, 0.2))  # headlines with text beside them
        self.upright = 0.0 if english else rng.choice((0.0, 0.0, 0.0, 0.15))
        self.heading_size = rng.choice((1.0, 1.0, 1.15, 1.3))

    def width(self, columns: int) -> float:
        return columns * self.column + (columns - 1) * self.gutter

    def step(self) -> float:
        return self.column + self.gutter


class _Press:
    """One page at work."""

    def __init__(self, stands: Sequence[Printed], grid: _Grid, rng: Random) -> None:
        self.stands, self.grid, self.rng = stands, grid, rng
        self.sheet = Sheet()

    def lay(self, numbers: Sequence[int], column: int, columns: int, y: float) -> float:
        """Set stories in a block of columns from y on; return where they end."""
        grid, rng = self.grid, self.rng
        if len(numbers) == 1:
            return self.story(numbers[0], column, columns, y)
        cut = rng.randint(1, len(numbers) - 1)
        one, other = numbers[:cut], numbers[cut:]
        if columns > 1 and rng.random() < 0.55:
            share = self._size(one) / (self._size(one) + self._size(other))
            left = min(columns - 1, max(1, round(share * columns)))
            ends = [self.lay(one, column, left, y)]
            ends.append(self.lay(other, column + left, columns - left, y))
            if rng.random() < grid.rules:
                x = grid.margin + (column + left) * grid.step() - grid.gutter / 2
                self.sheet.rule(x, y, x, max(ends))
            return max(ends)
        y = self.lay(one, column, columns, y)
        if rng.random() < grid.rules:
            x, at = grid.margin + column * grid.step(), y + grid.between / 2
            self.sheet.rule(x, at, x + grid.width(columns), at)
        return self.lay(other, column, columns, y + grid.between)

    def _size(self, numbers: Iterable[int]) -> int:
        texts = (p.text for n in numbers for p in self.stands[n].article.parts)
        return sum(len(text) // (2 if text.isascii() else 1) for text in texts)

    def story(self, n: int, column: int, columns: int, y: float) -> float:
        """Set one story; return where it ends."""
        grid, rng, stand = self.grid, self.rng, self.stands[n]
        self.sheet.new_frame()
        x, top = grid.margin + column * grid.step(), y
        framed = rng.random() < grid.framed
        y += grid.leading * framed
        parts = stand.article.parts
        titles = [k for k in stand.head if parts[k].kind != "byline"]
        signed = [k for k in stand.head if parts[k].kind == "byline"]
        upright = (
            columns > 2
            and len(titles) == 1
            and len(parts[titles[0]].text) <= 16
            and rng.random() < grid.upright
        )
        ends = [y] * columns
        if upright:
            ends[0] = self._upright(n, titles[0], x, y)
            spanned, first = 1, 1
        else:
            beside = columns > 2 and rng.random() < grid.beside
            spanned, first = (columns - 1 if beside else columns), 0
            ends[:spanned] = [self._head(n, titles, x, y, spanned)] * spanned
        over = signed if grid.signed == "over" and not upright else []
        for k in over:
            self._line(n, k, x, ends[0], grid.width(spanned), grid.size)
            ends[:spanned] = [ends[0] + grid.leading * 1.3] * spanned
        self.sheet.new_frame()
        ends[first:] = self._pictures(n, stand.aside, x, column, ends, first)
        rows = [*(self._signed(n, k) for k in signed if k not in over), *self._rows(n, stand.body)]
        bottom = max(ends[0] if upright else y, self._poured(rows, x, ends, first))
        if framed:
            pad = grid.gutter / 2 - 1
            self.sheet.frame(x - pad, top, grid.width(columns) + 2 * pad, bottom - top + pad)
            bottom += grid.leading
        return bottom

    def _upright(self, n: int, part: int, x: float, y: float) -> float:
        text = self.stands[n].article.parts[part].text
        size = min(self.grid.column * 0.7, self.grid.size * 2.4)
        self.sheet.stack(Row(text, (n, part, 0)), x, y, size, 1.15 * size)
        return y + 1.15 * size * len(text)

    def _head(self, n: int, titles: Sequence[int], x: float, y: float, columns: int) -> float:
        grid, parts = self.grid, self.stands[n].article.parts
        width = grid.width(columns)
        scale = min(1.6, max(0.7, math.sqrt(self._size([n]) / 800)))
        for k in titles:
            share = {"title": 1.0, "kicker": 0.6, "subtitle": 0.55}[parts[k].kind]
            size = grid.size * max(share * _LEAST_HEADLINE, grid.headline * scale * share, 1.1)
            size = min(size, width / 4)
            for start, end in broken(parts[k].text, width, size):
                row = Row(parts[k].text[start:end], (n, k, start))
                spare = width - width_of(row.text.strip(), size)
                self.sheet.write(row, x + (max(0.0, spare) / 2 if grid.centred else 0), y, size)
                y += 1.25 * size
            y += 0.3 * size
        return y + 0.4 * grid.leading * bool(titles)

    def _line(self, n: int, part: int, x: float, y: float, width: float, size: float) -> None:
        text = self.stands[n].article.parts[part].text
        spare = max(0.0, width - width_of(text, size))
        at = x + (spare / 2 if self.grid.centred else 0.0)
        self.sheet.write(Row(text, (n, part, 0)), at, y, size)

    def _pictures(
        self, n: int, aside: Sequence[int], x: float, column: int, ends: list[float], first: int
    ) -> list[float]:
        """Set a picture over some columns, its caption below; return where the columns go on."""
        grid, rng, ends = self.grid, self.rng, ends[first:]
        if not aside:
            return ends
        wide = rng.randint(1, len(ends))
        at = rng.choice((0, len(ends) - wide))
        left, y = x + (first + at) * grid.step(), max(ends[at : at + wide])
        width = grid.width(wide)
        height = grid.leading * rng.randint(5, 14)
        self.sheet.picture(left, y, width, height)
        y += height + 0.4 * grid.leading
        for k in aside:
            text = self.stands[n].article.parts[k].text
            for start, end in broken(text, width, 0.9 * grid.size):
                self.sheet.write(Row(text[start:end], (n, k, start)), left, y, 0.9 * grid.size)
                y += 1.3 * grid.size
        ends[at : at + wide] = [y + 0.6 * grid.leading] * wide
        return ends

    def _signed(self, n: int, part: int) -> Row:
        return Row(self.stands[n].article.parts[part].text, (n, part, 0), indent=self.grid.indent)

    def _rows(self, n: int, body: Sequence[int]) -> Iterator[Row]:
        """Yield the lines of a story's text."""
        grid = self.grid
        for k in body:
            kind, text = self.stands[n].article.parts[k]
            if kind == "heading":
                size = grid.heading_size
                for start, end in broken(text, grid.column, grid.size * size):
                    yield Row(text[start:end], (n, k, start), 0.0, False, size, 0.5 * (start == 0))
                continue
            for start, end in broken(text, grid.column, grid.size, grid.indent):
                full = end < len(text)
                indent = grid.indent if start == 0 else 0.0
                yield Row(text[start:end], (n, k, start), indent, full)

    def _poured(self, rows: list[Row], x: float, ends: list[float], first: int) -> float:
        """Set lines in the columns from `first` on, to one height; return that."""
        grid = self.grid
        heights = [grid.leading * (row.above + max(1.0, row.size)) for row in rows]
        bottom = min(ends[first:]) + grid.leading
        while not self._fits(heights, ends[first:], bottom):
            bottom += grid.leading / 2
        column, y = first, ends[first]
        for row, height in zip(rows, heights, strict=True):
            while column < len(ends) - 1 and y + height > bottom + 0.01:
                column += 1
                y = ends[column]
            left = x + column * grid.step()
            self.sheet.write(row, left, y + row.above * grid.leading, grid.size, grid.column)
            y += height
        return bottom

    def _fits(self, heights: Sequence[float], ends: Sequence[float], bottom: float) -> bool:
        column, y = 0, ends[0]
        for height in heights:
            while y + height > bottom + 0.01:
                column += 1
                if column == len(ends):
                    return False
                y = ends[column]
            y += height
        return True

    def furnish(self, y: float, many: int) -> float:
        """Set a row of page furniture; return where it ends."""
        grid = self.grid
        self.sheet.new_frame()
        lines = [furniture_line(self.rng) for _ in range(many)]
        total = grid.width(grid.columns)
        for k, text in enumerate(lines):
            at = k * total / max(1, many - 1) if many > 1 else self.rng.choice((0.0, total / 2))
            at = min(at, total - width_of(text, 0.9 * grid.size))
            self.sheet.write(Row(text, NOWHERE), grid.margin + at, y, 0.9 * grid.size)
        return y + 2 * grid.leading * bool(lines)


_LEAST_HEADLINE = 1.5  # em
_FURNITURE = (0, 1, 2, 2)


def pressed(stories: Sequence[Story], rng: Random, path: Path, name: str = "page.pdf") -> TruePage:
    """Set the stories on one page, write it to `path`, and read it back."""
    house = house_of(rng)._replace(titled=rng.choice((1.0, 1.0, 0.9)))
    stands = [printed(story, rng, house) for story in stories]
    english = is_english(stories[0].body[0])
    press = _Press(stands, _Grid(rng, english=english), rng)
    grid = press.grid
    grid.columns = min(grid.columns, 2 + 2 * len(stories))
    y = press.furnish(grid.margin, rng.choice(_FURNITURE))
    y = press.lay(range(len(stands)), 0, grid.columns, y)
    press.furnish(y + 2 * grid.leading, rng.choice(_FURNITURE))
    press.sheet.save(path, grid.width(grid.columns) + 2 * grid.margin, grid.margin, rng)
    text = extract(path, lambda: None).text
    articles = tuple(stand.article for stand in stands)
    return _read_back(name, text, articles, press.sheet.rows)


def _read_back(
    name: str, text: str, articles: tuple[TrueArticle, ...], rows: Sequence[Row]
) -> TruePage:
    """Find the lines drawn in the text, each where it is a line or begins one rather than in the
    midst, and of several such places nearest to the line before it; first those with one place."""
    at = [i for i, c in enumerate(text) for _ in essence(c)]
    letters = "".join(essence(c) for c in text)
    begins = _line_starts(text, at)
    free = np.ones(len(letters), np.bool_)
    ends: dict[int, int] = {}
    owners = np.full((3, len(text)), NONE, np.int64)
    wanted = ["".join(essence(c) for c in row.text) for row in rows]
    alone = [next(_occurrences(letters, w), -1) == letters.rfind(w) for w in wanted]
    for k in sorted(range(len(rows)), key=lambda k: not alone[k]):
        words, near = wanted[k], ends.get(k - 1, 0)
        places = [p for p in _occurrences(letters, words) if free[p : p + len(words)].all()]
        if not places:
            continue
        place = min(places, key=lambda p: (p not in begins, abs(p - near)))
        free[place : place + len(words)] = False
        ends[k] = place + len(words)
        article, part, first = rows[k].owner
        for offset, character in enumerate(rows[k].text):
            for _ in essence(character):
                if rows[k].owner != NOWHERE:
                    owners[:, at[place]] = article, part, first + offset
                place += 1
    return TruePage(name, text, articles, *owners)


def _line_starts(text: str, at: Sequence[int]) -> set[int]:
    """Return which of the letters at these places begin a line."""
    return {k for k, i in enumerate(at) if not k or "\n" in text[at[k - 1] + 1 : i]}


def _occurrences(text: str, words: str) -> Iterator[int]:
    start = text.find(words)
    while words and start >= 0:
        yield start
        start = text.find(words, start + 1)


def pressed_pages(stories: Iterable[Story], count: int, seed: int = 0) -> Iterator[TruePage]:
    """Yield `count` pages of one to five stories each, as long as stories last."""
    rng = Random(seed)
    with TemporaryDirectory(prefix="youju-") as folder:
        for number, chosen in enumerate(in_groups(stories, rng, count)):
            yield pressed(chosen, rng, Path(folder) / "page.pdf", f"page-{number:04}.pdf")
