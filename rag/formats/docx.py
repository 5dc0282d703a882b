"""A Word file → its paragraphs and table rows, one a line, text boxes where they are anchored.

A row's cells are set apart by tabs. Deleted text of tracked changes is left out, inserted text is
read. Headers, footers and notes are not.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rag.errors import EmptySource, UnreadableSource
from rag.formats import Extract

MOST_BYTES = 200_000_000  # of the file; pictures make up nearly all of one this large
MOST_UNPACKED = 500_000_000  # of all its parts: the library holds them in memory
MOST_XML = 100_000_000  # of one part of text; War and Peace is 15 MB
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# w:rt is the reading printed above a character; the fallback repeats a text box
_LEFT_OUT = frozenset({f"{_W}del", f"{_W}moveFrom", f"{_W}rt", f"{_W}instrText", _FALLBACK})
_BREAKS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
# what programs write when nobody gave a title
_NO_TITLE = re.compile(
    r"(microsoft )?word\b.*|(文档|document|untitled|无标题)\s*\d*", re.IGNORECASE
)
_OLE = b"\xd0\xcf\x11\xe0"


def extract(path: Path, alive: Callable[[], None]) -> Extract:
    """Return the text and title of a Word file. Raises UnreadableSource when it is encrypted, no
    Word file, or a zip bomb; EmptySource when it holds no text."""
    _check(path)
    from docx import Document

    try:
        document = Document(str(path))
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise UnreadableSource(f"damaged or no Word file ({error}); re-save it as .docx") from error
    alive()
    text = "\n".join(_lines(document.element.body))
    if not text.strip():
        raise EmptySource("no text in the document; nothing to index")
    title = document.core_properties.title.strip()
    return Extract(text, None if not title or _NO_TITLE.fullmatch(title) else title)


def _check(path: Path) -> None:
    """Raise UnreadableSource for what cannot be unpacked safely; nothing is unpacked here."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(4)
    if size == 0:
        raise EmptySource("the file is empty; nothing to index")
    if size > MOST_BYTES:
        raise UnreadableSource(f"{size:,} bytes are more than {MOST_BYTES:,}; split it")
    if head == _OLE:
        raise UnreadableSource(
            "encrypted, or an old .doc under another name: save it as .docx without a password"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile as error:
        raise UnreadableSource(f"truncated or no Word file ({error}); copy it again") from error
    unpacked = sum(part.file_size for part in parts)
    largest = max((p.file_size for p in parts if p.filename.endswith((".xml", ".rels"))), default=0)
    if unpacked > MOST_UNPACKED or largest > MOST_XML:
        raise UnreadableSource(
            f"unpacks to {unpacked:,} bytes, the largest text to {largest:,}; at most"
            f" {MOST_UNPACKED:,} and {MOST_XML:,} are read: no ordinary document, or split it"
        )


def _lines(body: Any) -> Iterator[str]:
    """Yield paragraphs and rows in the order of the document."""
    stack = [iter(body)]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
        elif node.tag == f"{_W}p":
            yield from _paragraph(node)
        elif node.tag == f"{_W}tr":
            yield "\t".join(" ".join(" ".join(_lines(c)).split()) for c in _cells(node))
        elif node.tag not in _LEFT_OUT:
            stack.append(iter(node))


def _cells(row: Any) -> Iterator[Any]:
    """Yield the cells of a row, not those of tables inside them."""
    stack = [iter(row)]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
        elif node.tag == f"{_W}tc":
            yield node
        else:
            stack.append(iter(node))


def _paragraph(paragraph: Any) -> Iterator[str]:
    """Yield a paragraph's own text, then that of the text boxes anchored in it."""
    pieces: list[str] = []
    boxes: list[Any] = []
    stack = [iter(paragraph)]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
        elif node.tag == f"{_W}t":
            pieces.append(node.text or "")
        elif node.tag in _BREAKS:
            pieces.append(_BREAKS[node.tag])
        elif node.tag == f"{_W}txbxContent":
            boxes.append(node)
        elif node.tag not in _LEFT_OUT and node.tag != f"{_W}pPr":
            stack.append(iter(node))
    yield "".join(pieces)
    for box in boxes:
        yield from _lines(box)
