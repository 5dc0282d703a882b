"""One module a kind of file: bytes → text, title, date, pages. `rag.sources` calls them.

text.py reads in this process; html.py, pdf.py and docx.py hand files to large parsers, so child.py
runs them in a process of their own, bounded in memory and time.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extract:
    """What a file holds. `pages[i]` is where page i + 1 starts in `text`; () where a format has no
    pages. `problem`: what could not be read although the rest could, "" when all was."""

    text: str
    title: str | None = None
    published: str | None = None  # ISO date, YYYY-MM-DD
    pages: tuple[int, ...] = ()
    problem: str = ""
