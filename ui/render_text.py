"""Text from outside → safe HTML: escaped first, marked after. Everything else that draws uses this.

A sentence of evidence, as `marked_html` marks it:
  <mark class="evidence" id="evidence">7月交付<mark class="answer">105台</mark>创了纪录</mark>

Highlights are cut here, in Python's characters, because a browser counts UTF-16 units and would
miss by one after every emoji.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from rag.types import Span
from ui.words import STRINGS

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def escape(text: str) -> str:
    """Return `text` as HTML that shows it: `& < > " '` escaped, what no page may hold as U+FFFD.

    Control characters and lone surrogates cannot stand in UTF-8 HTML; each becomes one character.
    """
    return html.escape(_CONTROL.sub("\ufffd", text), quote=True)


def lang(text: str) -> str:
    """Return a lang attribute for Chinese text, lest a browser draw it in Japanese shapes."""
    return ' lang="zh"' if _HAN.search(text) else ""


def language_of(accept_language: str | None) -> str:
    """Return the page's language for an Accept-Language header: the first of ours, else Chinese."""
    for part in (accept_language or "").lower().split(","):
        tag = part.split(";")[0].strip().split("-")[0]
        if tag in STRINGS:
            return tag
    return "zh"


def marked_html(
    text: str,
    within: Span,
    evidence: Sequence[Span],
    answers: Sequence[Span],
    *,
    element_id: str = "",
) -> str:
    """Return `text[within]` escaped, each of `evidence` in a mark, `answers` in a mark inside it.

    All spans are characters of `text`, half-open; what lies outside `within` is cut off. The first
    mark of the evidence gets `element_id`, so that the page can scroll to it.
    """
    pieces: list[str] = []
    position = within.start
    anchor = f' id="{element_id}"' if element_id else ""
    for span in merged([clip(span, within) for span in evidence]):
        pieces.append(escape(text[position : span.start]))
        inner = _answers_html(text, span, answers)
        pieces.append(f'<mark class="evidence"{anchor}>{inner}</mark>')
        position, anchor = span.end, ""
    pieces.append(escape(text[position : within.end]))
    return "".join(pieces)


def _answers_html(text: str, within: Span, answers: Sequence[Span]) -> str:
    pieces: list[str] = []
    position = within.start
    for span in merged([clip(span, within) for span in answers]):
        pieces.append(escape(text[position : span.start]))
        pieces.append(f'<mark class="answer">{escape(text[span.start : span.end])}</mark>')
        position = span.end
    pieces.append(escape(text[position : within.end]))
    return "".join(pieces)


def clip(span: Span, within: Span) -> Span:
    """Return the part of `span` inside `within`; an empty one where there is none."""
    start = min(max(span.start, within.start), within.end)
    return Span(start, min(max(span.end, start), within.end))


def merged(spans: Sequence[Span]) -> list[Span]:
    """Return `spans` in order, empty ones left out, touching and overlapping ones joined."""
    joined: list[Span] = []
    for span in sorted(span for span in spans if span.start < span.end):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined


def window(length: int, around: Span, limit: int) -> Span:
    """Return the part of a text put on the page: all, or a stretch of `limit` characters around
    `around`."""
    if length <= limit:
        return Span(0, length)
    start = max(0, min(around.start - limit // 2, length - limit))
    return Span(start, min(max(start + limit, around.end), start + 2 * limit, length))


def paragraphs(text: str, within: Span) -> list[Span]:
    """Return the non-blank lines of `text[within]`."""
    spans: list[Span] = []
    start = within.start
    while start < within.end:
        end = text.find("\n", start, within.end)
        end = within.end if end < 0 else end
        if escape(text[start:end]).strip():
            spans.append(Span(start, end))
        start = end + 1
    return spans


def button(words: str, css_class: str, *, label: str = "", **data: object) -> str:
    """Return a button of ours; `data` are the data- attributes that say what a click means."""
    told = "".join(
        f' data-{name}="{escape(str(value))}"' if value != "" else f" data-{name}"
        for name, value in data.items()
    )
    spoken = f' aria-label="{escape(label)}"' if label else ""
    return f'<button type="button" class="{css_class}"{told}{spoken}>{escape(words)}</button>'
