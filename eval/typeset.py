"""Text set in lines and drawn on a PDF page, through reportlab and its Chinese CID font; every line
knows of which part of which article it is.

Lengths are in points, y grows downwards from the page's top; a line's `y` is its top.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

SONG, TIMES = "STSong-Light", "Times-Roman"
NOWHERE = (-1, -1, -1)
_NEVER_FIRST = "，。！？；：、）》”’」』】%…"
_NEVER_LAST = "（《“‘「『【"
_UNITS = re.compile("[A-Za-z0-9.,%+/'’-]+ ?|.", re.DOTALL)
_WIDEST_SPACE = 1.2  # em between words, beside the usual
_ASCENT = 0.88  # em above the baseline


class Row(NamedTuple):
    """One printed line: `owner` is article, part and place in it of its first character."""

    text: str
    owner: tuple[int, int, int]
    indent: float = 0.0  # em
    full: bool = False  # drawn out to the width of its column
    size: float = 1.0  # times the type's
    above: float = 0.0  # white above it, in lines


def width_of(text: str, size: float) -> float:
    """Return how wide a text is at this size of type."""
    from reportlab.pdfbase import pdfmetrics

    return float(pdfmetrics.stringWidth(text, _font(text), size))


def _font(text: str) -> str:
    if text.isascii():
        return TIMES
    _register()
    return SONG


def _register() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont

    if SONG not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(SONG))


def broken(text: str, width: float, size: float, indent: float = 0.0) -> Iterator[tuple[int, int]]:
    """Yield where the lines of a paragraph begin and end: no word or number is parted, no stop
    begins a line, no opening bracket ends one. `indent` of the first line, in em."""
    units = [(m.start(), m.end()) for m in _UNITS.finditer(text)]
    first, room = 0, width - indent * size
    used = 0.0
    k = 0
    while k < len(units):
        start, end = units[k]
        wide = width_of(text[start:end].rstrip(), size)
        if used + wide > room and k > first:
            back = k
            while back - 1 > first and (
                text[units[back][0]] in _NEVER_FIRST or text[units[back][0] - 1] in _NEVER_LAST
            ):
                back -= 1
            yield units[first][0], units[back][0]
            first = k = back
            used, room = 0.0, width
            continue
        used += width_of(text[start:end], size)
        k += 1
    if first < len(units):
        yield units[first][0], len(text)


class Sheet:
    """A page whose height is known when all is set: what is drawn waits until then."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._drawn: list[list[Callable[[Any, float], None]]] = [[]]
        self.bottom = 0.0

    def new_frame(self) -> None:
        """Begin a text frame; frames may be drawn in any order."""
        self._drawn.append([])

    def write(self, row: Row, x: float, y: float, size: float, width: float = 0.0) -> None:
        """Draw a row with its top at y, drawn out to `width` where it is to be."""
        size *= row.size
        text = row.text.rstrip()
        font, at = _font(text), x + row.indent * size
        spare = width - row.indent * size - width_of(text, size) if row.full else 0.0
        self.rows.append(row)
        self.bottom = max(self.bottom, y + size)
        if 0 < spare < _WIDEST_SPACE * size * text.count(" ") and font == TIMES:
            self._justified(text.split(" "), at, y, size, spare)
            return
        chinese = font == SONG and len(text) > 1 and 0 < spare < 3 * size
        spacing = spare / (len(text) - 1) if chinese else 0.0
        self._draw(text, font, at, y, size, spacing)

    def _justified(self, words: list[str], x: float, y: float, size: float, spare: float) -> None:
        step = width_of(" ", size) + spare / (len(words) - 1)
        for word in words:
            self._draw(word, TIMES, x, y, size, 0.0)
            x += width_of(word, size) + step

    def _draw(self, text: str, font: str, x: float, y: float, size: float, spacing: float) -> None:
        def draw(canvas: Any, height: float) -> None:
            line = canvas.beginText(x, height - y - _ASCENT * size)
            line.setFont(font, size)
            line.setCharSpace(spacing)
            line.textOut(text)
            canvas.drawText(line)

        self._drawn[-1].append(draw)

    def stack(self, row: Row, x: float, y: float, size: float, step: float) -> None:
        """Draw a row from top to bottom."""
        self.rows.append(row)
        for k, character in enumerate(row.text):
            self._draw(character, SONG, x, y + k * step, size, 0.0)
        self.bottom = max(self.bottom, y + len(row.text) * step)

    def rule(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Draw a line."""
        self._drawn[-1].append(lambda canvas, height: canvas.line(x0, height - y0, x1, height - y1))

    def frame(self, x: float, y: float, width: float, height: float) -> None:
        """Draw a box."""
        self._drawn[-1].append(
            lambda canvas, page: canvas.rect(x, page - y - height, width, height, fill=0)
        )

    def picture(self, x: float, y: float, width: float, height: float) -> None:
        """Draw a grey picture."""
        from PIL import Image
        from reportlab.lib.utils import ImageReader

        image = ImageReader(Image.new("RGB", (8, 8), "gray"))
        self._drawn[-1].append(
            lambda canvas, page: canvas.drawImage(image, x, page - y - height, width, height)
        )
        self.bottom = max(self.bottom, y + height)

    def save(self, path: Path, width: float, margin: float, rng: Random) -> None:
        """Write the page, its frames in any order."""
        from reportlab.pdfgen.canvas import Canvas

        height = self.bottom + margin
        canvas = Canvas(str(path), pagesize=(width, height))
        frames = list(self._drawn)
        if rng.random() < 0.5:
            rng.shuffle(frames)
        for frame in frames:
            for draw in frame:
                draw(canvas, height)
        canvas.showPage()
        canvas.save()
