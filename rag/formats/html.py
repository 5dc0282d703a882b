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

MOST_BYTES = 10_000_000  # a page of 5 MB takes 4 s; saved pages hold under 1 MB of markup
_DECLARED = re.compile(rb"""charset\s*=\s*["']?\s*([A-Za-z0-9_-]+)""", re.IGNORECASE)
# what pages declare, and the encoding that holds all of it
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "cp950", "iso-8859-1": "cp1252"}
_ROW = re.compile(r"^\| (.*?) ?\|? *$", re.MULTILINE)
_STAMP = re.compile(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?\s*\d{1,2}[:：]\d{2}")
_LONGEST_STAMP = 80  # characters: the stamp, the source, the editor
# characters, as a string for trafilatura: its own 250 are an English paragraph; below it, all links
# of a page were taken for text. A short news item in Chinese has 50
_SHORTEST = "25"
_UNSEEN = re.compile(
    "script|style|noscript|template|head|title|nav|header|footer|aside|form|button|select|option"
    "|svg|iframe|object"
)
_INLINE = re.compile(
    "a|abbr|b|bdi|bdo|big|cite|code|data|del|dfn|em|font|i|ins|kbd|label|mark|q|rp|rt|ruby|s|samp"
    "|small|span|strong|sub|sup|time|tt|u|var|wbr"
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
    from lxml.etree import ParserError
    from trafilatura import bare_extraction
    from trafilatura.settings import use_config

    logging.disable()  # trafilatura tells of every page that it finds wanting
    page = decode_page(data)
    if not page.strip():
        raise EmptySource("the file is empty; nothing to index")
    # lxml refuses a str whose XML declaration names an encoding
    page = re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", page)
    parser = html.HTMLParser(huge_tree=False)
    try:
        tree = html.fromstring(page, parser=parser)
    except ParserError as error:  # nothing but comments
        raise EmptySource("no text in the page; nothing to index") from error
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise UnreadableSource("nested deeper than 256 elements, or with an element over 10 MB")
    seen = visible_text(tree)  # before trafilatura, which prunes the tree
    config = use_config()
    for size in ("MIN_EXTRACTED_SIZE", "MIN_OUTPUT_SIZE"):
        config.set("DEFAULT", size, _SHORTEST)
    found: Any = bare_extraction(
        tree,
        include_comments=False,
        include_tables=True,
        with_metadata=True,
        prune_xpath=["//nav", "//footer", "//aside"],
        config=config,
        # its extensive search takes years out of the text for dates: 2019-01-01
        date_extraction_params={"original_date": True, "extensive_search": False},
    )
    text = (_cells_apart(found.text or "") if found else "") or seen
    if not text.strip():
        raise EmptySource("no text in the page, only scripts or pictures; nothing to index")
    title = ((found.title if found else None) or "").strip()
    published = (iso_day(found.date) if found and found.date else None) or _stamp(seen)
    return Extract(text, title or None, published)


def _cells_apart(text: str) -> str:
    """Write the rows of tables as those of other formats, cells set apart by tabs.

    >>> _cells_apart("前\\n| 2024 | 105台 | \\n后")
    '前\\n2024\\t105台\\n后'
    """
    return _ROW.sub(lambda row: "\t".join(c.strip() for c in row[1].split(" | ")), text)


def _stamp(seen: str) -> str | None:
    """Return the day of the first short line that gives a day and a time of day.

    >>> _stamp("北京机器人产业\\n2025年08月16日 10:15 来源：新华网")
    '2025-08-16'
    """
    stamps = (_STAMP.search(line) for line in seen.split("\n") if len(line) <= _LONGEST_STAMP)
    return next((iso_day(stamp[0]) for stamp in stamps if stamp), None)


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
        end = "" if _INLINE.fullmatch(node.tag) else "\n"
        after = end + _on_one_line(node.tail)
        if _UNSEEN.fullmatch(node.tag):
            stack.append(after)
            continue
        pieces.append(end + _on_one_line(node.text))
        stack.append(after)
        stack.extend(reversed(node))
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def _on_one_line(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "")
