"""A web page → its main text, title and date, through trafilatura; where it finds no main text, all
that a reader would see but navigation.

  <html><nav>首页 …</nav><h1>题</h1><p>正文…</p></html>   →   text "正文…", title "题"
"""

from __future__ import annotations

import codecs
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rag.errors import EmptySource, UnreadableSource
from rag.formats import Extract
from rag.formats.text import decode, iso_day

MOST_BYTES = 20_000_000  # a page of 5 MB takes 10 s; saved pages hold under 1 MB of markup
_DECLARED = re.compile(rb"""charset\s*=\s*["']?\s*([A-Za-z0-9_-]+)""", re.IGNORECASE)
# what pages declare, and the encoding that holds all of it
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "cp950", "iso-8859-1": "cp1252"}
_UNSEEN = frozenset(
    "script style noscript template head nav header footer aside form button select option svg"
    " iframe object title".split()
)
_INLINE = frozenset(
    "a abbr b bdi bdo big cite code data del dfn em font i ins kbd label mark q rp rt ruby s samp"
    " small span strong sub sup time tt u var wbr".split()
)


def extract(path: Path, alive: Callable[[], None]) -> Extract:
    """Return the main text, title and date of a page. Raises EmptySource when a reader would see no
    text, UnreadableSource when it is too large or in no known encoding."""
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise UnreadableSource(f"{size:,} bytes of HTML are more than {MOST_BYTES:,}; split it")
    return read(path.read_bytes())


def read(data: bytes) -> Extract:
    """Return what `extract` does, of bytes."""
    from lxml import html
    from trafilatura import bare_extraction

    logging.disable()  # trafilatura tells of every page that it finds wanting
    page = decode_page(data)
    if not page.strip():
        raise EmptySource("the file is empty; nothing to index")
    # lxml reads a str with an XML declaration only when it names no encoding
    page = re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", page)
    tree = html.fromstring(page, parser=html.HTMLParser(huge_tree=False))
    if tree is None:
        raise EmptySource("no text in the page; nothing to index")
    seen = visible_text(tree)  # before trafilatura, which prunes the tree
    found: Any = bare_extraction(
        tree,
        include_comments=False,
        include_tables=True,
        with_metadata=True,
        date_extraction_params={"original_date": True, "extensive_search": True},
    )
    text = (found.text if found else "") or seen
    if not text.strip():
        raise EmptySource("no text in the page, only scripts or pictures; nothing to index")
    title = (found.title if found else None) or None
    published = iso_day(found.date) if found and found.date else None
    return Extract(text, title.strip() if title else None, published)


def decode_page(data: bytes) -> str:
    """Decode a page: a mark, UTF-8 where it is valid, then what the page declares where that is
    valid, then by its characters."""
    declared = _DECLARED.search(data[:4096])
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if declared and not marked:
        name = declared[1].decode("ascii").lower()
        for encoding in ("utf-8", _WIDER.get(name, name)):
            try:
                return data.decode(encoding)
            except (UnicodeDecodeError, LookupError):
                continue
    return decode(data, "the page")


def visible_text(tree: Any) -> str:
    """Return the text of a page that a reader sees, a block a line, without navigation."""
    pieces: list[str] = []
    stack: list[Any] = [tree]
    while stack:  # a page may be nested deeper than Python's own stack
        node = stack.pop()
        if isinstance(node, str):
            pieces.append(node)
            continue
        if not isinstance(node.tag, str):  # a comment
            if node.tail:
                stack.append(node.tail)
            continue
        end = "" if node.tag in _INLINE else "\n"
        after = end + _on_one_line(node.tail)
        if node.tag in _UNSEEN:
            stack.append(after)
            continue
        pieces.append(end + _on_one_line(node.text))
        stack.append(after)
        stack.extend(reversed(node))
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def _on_one_line(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "")
