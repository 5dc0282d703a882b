"""Headers, footers and page numbers: lines that come again on page after page."""

from __future__ import annotations

from collections.abc import Iterator

from rag.repair.edits import Edit


def furniture(text: str) -> list[tuple[int, int]]:
    """Return the lines of a text that are page furniture, [start, end) in characters."""
    return []


def page_furniture(text: str) -> Iterator[Edit]:
    """Headers, footers, page numbers."""
    return (Edit(start, end) for start, end in furniture(text))
