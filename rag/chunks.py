"""An article → chunks, along 段 > 句 > 分句 > 字: ranges of its text, never strings, never across
articles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.terms import is_chinese
from rag.types import Article, Chunk, Span

LATIN_STRETCH = 2.5  # a text of Latin letters takes so many times the characters to say as much

_LEVELS = (
    re.compile(r"[^\n]+\n?"),  # 段 paragraph
    re.compile(r".+?(?:[。！？!?…]+[”’」』）)]*|[.](?=\s|$)|$)\s*", re.S),  # 句 sentence
    re.compile(r".+?(?:[，；：、,;:—]+|$)\s*", re.S),  # 分句 clause
    re.compile(r".", re.S),  # 字 character
)


def split_chunks(article: Article, max_chars: int, overlap_chars: int) -> list[Chunk]:
    """Return chunks of at most `max_chars` characters (Latin text LATIN_STRETCH times as many) that
    together cover the article's text.

    A chunk holds whole sentences where they fit; its last sentence, if no longer than
    `overlap_chars`, begins the next chunk too, so that what a sentence leans on is at hand.
    """
    if not is_chinese(article.text):
        max_chars = int(LATIN_STRETCH * max_chars)
        overlap_chars = int(LATIN_STRETCH * overlap_chars)
    sentences = [
        s for s in _sentences(article.text, max_chars) if article.text[s.start : s.end].strip()
    ]
    spans: list[Span] = []
    current: list[Span] = []
    for sentence in sentences:
        if current and sentence.end - current[0].start > max_chars:
            spans.append(Span(current[0].start, current[-1].end))
            last = current[-1]
            fits = sentence.end - last.start <= max_chars and last.end - last.start <= overlap_chars
            current = [last] if fits and len(current) > 1 else []
        current.append(sentence)
    if current:
        spans.append(Span(current[0].start, current[-1].end))
    return [Chunk(article.id, span) for span in spans]


def sentences(text: str) -> list[Span]:
    """Return the sentences of `text`, paragraphs kept apart, white space at the ends left out."""
    found = []
    for paragraph in _LEVELS[0].finditer(text):
        for span in _pieces(text, Span(*paragraph.span()), 1):
            piece = text[span.start : span.end]
            start = span.start + len(piece) - len(piece.lstrip())
            end = span.start + len(piece.rstrip())
            if start < end:
                found.append(Span(start, end))
    return found


def _sentences(text: str, max_chars: int) -> Iterator[Span]:
    for paragraph in _LEVELS[0].finditer(text):
        for sentence in _pieces(text, Span(*paragraph.span()), 1):
            yield from _fitting(text, sentence, 2, max_chars)


def _fitting(text: str, span: Span, level: int, max_chars: int) -> Iterator[Span]:
    """Cut a range that is too long at the next finer level, packing pieces up to `max_chars`."""
    if span.end - span.start <= max_chars:
        yield span
        return
    packed: list[Span] = []
    for piece in _pieces(text, span, level):
        if packed and piece.end - packed[0].start > max_chars:
            yield Span(packed[0].start, packed[-1].end)
            packed = []
        if piece.end - piece.start > max_chars:
            yield from _fitting(text, piece, level + 1, max_chars)
        else:
            packed.append(piece)
    if packed:
        yield Span(packed[0].start, packed[-1].end)


def _pieces(text: str, span: Span, level: int) -> Sequence[Span]:
    return [Span(*m.span()) for m in _LEVELS[level].finditer(text, span.start, span.end)]
