"""A PDF with a text layer → its text in reading order, through PDFium.

Lines of a column are lines, blocks are set apart by a blank line, pages by a form feed:

  "　　第一栏第一行\\n第一栏第二行\\n\\n第二栏第一行\\n\\n\\f第二页……"      pages (0, 26)

A page that is a picture, or whose letters have no meaning attached, is named as needing OCR.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rag.errors import EmptySource, NeedsOcr, UnreadableSource
from rag.formats import Extract
from rag.formats.layout import read_page
from rag.formats.lines import Box, Glyph

MOST_BYTES = 500_000_000  # a newspaper's issue with pictures in print quality has 50 to 150 MB
MOST_PAGES = 5_000
MOST_GLYPHS = 200_000  # of one page; a full broadsheet page has 15,000
_PICTURE = 0.5  # share of the page: with fewer than _FEW characters on it, the page is a scan
_FEW = 40  # characters: a page number and a stamp
_UNREADABLE = 0.3  # share of glyphs without a meaning
_TINY = 1.5  # points: smaller print is hidden or no print
_QUARTERS = (90, 180, 270)  # degrees; what is set aslant is a stamp or a watermark
_MOST_OBJECTS = 5_000  # of one page that are looked at as rules and pictures


def extract(path: Path, alive: Callable[[], None]) -> Extract:
    """Return the text of a PDF and where its pages start.

    Raises UnreadableSource when it is encrypted, truncated or too large, NeedsOcr when all of it
    does, EmptySource when its pages are blank.
    """
    import pypdfium2

    size = path.stat().st_size
    if size > MOST_BYTES:
        raise UnreadableSource(f"{size:,} bytes are more than {MOST_BYTES:,}; split it")
    if size == 0:
        raise EmptySource("the file is empty; nothing to index")
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        raise UnreadableSource(_reason(path, str(error))) from error
    count = len(document)
    if count > MOST_PAGES:
        raise UnreadableSource(f"{count:,} pages are more than {MOST_PAGES:,}; split it")
    texts: list[str] = []
    scanned: list[int] = []
    damaged: list[int] = []
    for number in range(count):
        alive()
        try:
            page = document[number]
            text = _page_text(page)
            page.close()
        except pypdfium2.PdfiumError:
            damaged.append(number + 1)
            text = ""
        if text is None:
            scanned.append(number + 1)
        texts.append(text or "")
    document.close()
    problem = _problem(scanned, damaged, count)
    if not any(texts):
        if problem:
            raise (NeedsOcr if scanned else UnreadableSource)(problem)
        raise EmptySource("its pages are blank; nothing to index")
    return _joined(texts, problem)


def _joined(texts: list[str], problem: str) -> Extract:
    pages, parts, offset = [], [], 0
    for number, text in enumerate(texts):
        part = ("\n\n\f" if number else "") + text
        pages.append(offset + len(part) - len(text))
        parts.append(part)
        offset += len(part)
    return Extract("".join(parts), pages=tuple(pages), problem=problem)


def _reason(path: Path, error: str) -> str:
    if "password" in error.lower():
        return "encrypted: save it without a password"
    with path.open("rb") as file:
        head = file.read(1024)
    if b"%PDF" not in head:
        return "no PDF file; look what it is"
    return f"damaged or truncated PDF ({error.rstrip('.')}): copy it again, or re-save it"


def _problem(scanned: list[int], damaged: list[int], count: int) -> str:
    words = []
    if scanned:
        words.append(
            f"{_numbers(scanned)} of {count} hold no text that can be read, only pictures of it:"
            " run OCR over the file, e.g. ocrmypdf --skip-text IN.pdf OUT.pdf"
        )
    if damaged:
        words.append(f"{_numbers(damaged)} of {count} are damaged: copy the file again")
    return "; ".join(words)


def _numbers(pages: list[int]) -> str:
    """Name pages.

    >>> _numbers([3]), _numbers([1, 2, 3, 7])
    ('page 3', 'pages 1-3, 7')
    """
    ranges: list[list[int]] = []
    for page in pages:
        if ranges and page == ranges[-1][1] + 1:
            ranges[-1][1] = page
        else:
            ranges.append([page, page])
    named = [f"{a}-{b}" if b > a else str(a) for a, b in ranges[:20]]
    return ("page " if len(pages) == 1 else "pages ") + ", ".join(
        named + ["…"] * (len(ranges) > 20)
    )


def _page_text(page: Any) -> str | None:
    """Return the text of a page, "" when it is blank, None when it needs OCR."""
    by_turn, unreadable = _glyphs(page)
    pictures, rules, frames = _drawings(page)
    letters = sum(not g.text.isspace() for glyphs in by_turn.values() for g in glyphs)
    if unreadable > _UNREADABLE * (letters + unreadable):
        return None
    width, height = page.get_size()
    covered = sum((b.x1 - b.x0) * (b.y1 - b.y0) for b in pictures) / max(width * height, 1.0)
    if letters < _FEW and covered >= _PICTURE:
        return None
    blocks: list[list[str]] = []
    for turn, glyphs in sorted(by_turn.items(), key=lambda item: -len(item[1])):
        if turn == 0:
            blocks += read_page(glyphs, obstacles=[*pictures, *rules], frames=frames)
        elif turn in _QUARTERS:
            blocks += read_page(glyphs)
    return "\n\n".join("\n".join(lines) for lines in blocks)


def _glyphs(page: Any) -> tuple[dict[int, list[Glyph]], int]:
    """Return the glyphs of a page by the angle at which they are set, each upright, and the number
    of glyphs of which the file does not say what they mean."""
    import pypdfium2.raw as pdfium

    textpage = page.get_textpage()
    count = textpage.count_chars()
    if count > MOST_GLYPHS:
        raise UnreadableSource(f"{count:,} characters on one page; split or re-save it")
    raw = textpage.raw
    box, matrix = pdfium.FS_RECTF(), pdfium.FS_MATRIX()
    x, y = ctypes.c_double(), ctypes.c_double()
    found: dict[int, list[Glyph]] = {}
    styles: dict[int | None, tuple[float, int]] = {}
    unreadable = 0
    for i in range(count):
        code = pdfium.FPDFText_GetUnicode(raw, i)
        if pdfium.FPDFText_IsGenerated(raw, i) == 1 or code in (10, 13):
            continue
        if code in (2, 0xAD) or (code == 0xFFFE and pdfium.FPDFText_IsHyphen(raw, i) == 1):
            code = 0x2D
        if code in (0, 0xFFFE, 0xFFFD) or 0xD800 <= code < 0xE000:
            unreadable += 1
            continue
        if 0xE000 <= code < 0xF900:  # some bullets are such; a page of them has lost its meaning
            unreadable += 1
        owner = ctypes.cast(pdfium.FPDFText_GetTextObject(raw, i), ctypes.c_void_p).value
        if owner not in styles:
            pdfium.FPDFText_GetMatrix(raw, i, matrix)
            size = pdfium.FPDFText_GetFontSize(raw, i) * math.hypot(matrix.c, matrix.d)
            turn = round(math.degrees(math.atan2(matrix.b, matrix.a)))
            styles[owner] = (size, turn % 360)
        size, turn = styles[owner]
        if size < _TINY:
            continue
        pdfium.FPDFText_GetLooseCharBox(raw, i, box)
        pdfium.FPDFText_GetCharOrigin(raw, i, x, y)
        glyph = _upright(chr(code), box, x.value, y.value, size, turn)
        found.setdefault(turn, []).append(glyph)
    textpage.close()
    return found, unreadable


def _upright(text: str, box: Any, x: float, y: float, size: float, turn: int) -> Glyph:
    """Turn a glyph so that its text runs to the right and y grows downwards."""
    if turn == 90:
        return Glyph(text, box.bottom, box.top, x, size)
    if turn == 180:
        return Glyph(text, -box.right, -box.left, y, size)
    if turn == 270:
        return Glyph(text, -box.top, -box.bottom, -x, size)
    return Glyph(text, box.left, box.right, -y, size)


def _drawings(page: Any) -> tuple[list[Box], list[Box], list[Box]]:
    """Return the pictures, horizontal rules and frames of a page, y growing downwards."""
    import pypdfium2.raw as pdfium

    pictures: list[Box] = []
    rules: list[Box] = []
    frames: list[Box] = []
    wanted = (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_PATH)
    for number, item in enumerate(page.get_objects(filter=wanted, max_depth=3)):
        if number >= _MOST_OBJECTS:
            break
        left, bottom, right, top = item.get_bounds()
        box = Box(left, -top, right, -bottom)
        width, height = right - left, top - bottom
        if item.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            pictures.append(box)
        elif height <= 3 and width > 20:
            rules.append(box)
        elif width > 40 and height > 20:
            frames.append(box)
    return pictures, rules, frames
