"""Answers as HTML: pure functions from values to safe markup, nothing else.

Everything from outside (questions, article text, titles, file names, error messages) goes through
`escape` before the first tag is put around it. Highlights are cut here, in Python's characters,
because a browser counts UTF-16 units and would miss by one after every emoji.

A sentence of evidence, as `evidence_html` marks it:
  <mark class="evidence" id="evidence">7月交付<mark class="answer">105台</mark>创了纪录</mark>
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.types import Answer, Article, Citation, Span, essence
from ui.words import STRINGS

NEAREST = 0
"""The marker of a refusal's nearest passage; citations count from 1."""

MAX_ARTICLE_CHARS = 24_000
"""Longest stretch of one article put on the page: four full newspaper pages of Chinese."""

OPENING_CHARS = 24
"""Characters that stand for a missing title: one line of a phone's screen."""

MAX_LISTED_ARTICLES = 200
"""Titles in the list of the first page; longer lists are for `youju articles`."""

CONFIDENCE_LEVELS = ((0.9, "high"), (0.7, "good"), (0.5, "fair"), (0.0, "low"))
"""Lower bounds of the calibrated probability, and the key of their words in `STRINGS`."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_MARKER = re.compile(r"\[(\d{1,3})\]")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and what came of it: neither answer nor error while it is being asked."""

    question: str
    answer: Answer | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """What the evidence panel shows: citation `marker` of turn number `turn` (from 0)."""

    turn: int
    marker: int


def escape(text: str) -> str:
    """Return `text` as HTML that shows it: `& < > " '` escaped, what no page may hold as U+FFFD.

    Control characters and lone surrogates cannot stand in UTF-8 HTML; each becomes one character.
    """
    return html.escape(_CONTROL.sub("\ufffd", text), quote=True)


def language_of(accept_language: str | None) -> str:
    """Return the page's language for an Accept-Language header: the first of ours, else Chinese."""
    for part in (accept_language or "").lower().split(","):
        tag = part.split(";")[0].strip().split("-")[0]
        if tag in STRINGS:
            return tag
    return "zh"


def marked_html(
    text: str, within: Span, evidence: Span, answers: Sequence[Span], *, element_id: str = ""
) -> str:
    """Return `text[within]` escaped, `evidence` in a mark, each of `answers` in a mark inside it.

    All spans are characters of `text`, half-open; what lies outside `within` is cut off. The mark
    of the evidence gets `element_id`, so that the page can scroll to it.
    """
    evidence = _clip(evidence, within)
    if evidence.start == evidence.end:
        return escape(text[within.start : within.end])
    pieces: list[str] = []
    position = evidence.start
    for span in _merged([_clip(span, evidence) for span in answers]):
        pieces.append(escape(text[position : span.start]))
        pieces.append(f'<mark class="answer">{escape(text[span.start : span.end])}</mark>')
        position = span.end
    pieces.append(escape(text[position : evidence.end]))
    anchor = f' id="{element_id}"' if element_id else ""
    before, after = text[within.start : evidence.start], text[evidence.end : within.end]
    return f'{escape(before)}<mark class="evidence"{anchor}>{"".join(pieces)}</mark>{escape(after)}'


def answer_html(
    answer: Answer, *, turn: int = 0, opened: int | None = None, language: str = "zh"
) -> str:
    """Return the answer as the conversation shows it.

    `turn` is its place in the conversation, which the buttons carry; `opened` is the marker that
    the panel shows now.
    """
    words = STRINGS[language]
    link = _Linker(answer, turn, opened, words)
    body = _refusal_html(answer, link) if answer.refused else _given_html(answer, link)
    understood = ""
    if answer.standalone and essence(answer.standalone) != essence(answer.question):
        line = escape(words["standalone"].format(question=answer.standalone))
        understood = f'<p class="standalone" dir="auto">{line}</p>'
    return understood + body


def evidence_html(answer: Answer, marker: int, *, turn: int = 0, language: str = "zh") -> str:
    """Return the evidence panel: the article of citation `marker`, the cited sentence marked.

    `NEAREST` shows the nearest passage of a refusal, labelled as no answer. A marker that is not
    there gives nothing.
    """
    words = STRINGS[language]
    citation = _citation(answer, marker)
    if citation is None:
        return ""
    is_nearest = marker == NEAREST
    label = words["nearest"] if is_nearest else words["evidence_marker"].format(marker=marker)
    note = f'<p class="note">{escape(words["nearest_note"])}</p>' if is_nearest else ""
    article = citation.article
    name = _name(article, words)
    return (
        f'<article class="source{" nearest" if is_nearest else ""}"{_lang(article.text)}>'
        f'<p class="label" lang="{words["lang"]}"><strong>{escape(label)}</strong>'
        f"<cite{_lang(name)}><bdi>{escape(name)}</bdi></cite>"
        f'<button type="button" class="back" data-back>{escape(words["back"])}</button></p>'
        f"{note}{_heading_html(article, words)}"
        f'<div class="text">{_article_html(citation, words)}</div>'
        f"{_others_html(answer, marker, _Linker(answer, turn, None, words))}</article>"
    )


def hint_html(*, language: str = "zh") -> str:
    """Return what stands in place of the evidence while nothing is open."""
    words = STRINGS[language]
    return f'<div class="hint" lang="{words["lang"]}"><p>{escape(words["hint"])}</p></div>'


def conversation_html(
    turns: Sequence[Turn], opened: Opened | None = None, *, language: str = "zh"
) -> str:
    """Return the whole conversation, oldest turn first."""
    shown = [
        _turn_html(
            turn, number, opened.marker if opened and opened.turn == number else None, language
        )
        for number, turn in enumerate(turns)
    ]
    return (
        f'<div class="turns" role="log" lang="{STRINGS[language]["lang"]}">{"".join(shown)}</div>'
    )


def welcome_html(
    examples: Sequence[str], articles: Sequence[Article], *, language: str = "zh"
) -> str:
    """Return the first page: example questions as buttons, and the articles to ask about."""
    words = STRINGS[language]
    chips = "".join(
        f'<li><button type="button" class="example" data-example="{number}" dir="auto">'
        f"{escape(question)}</button></li>"
        for number, question in enumerate(examples)
    )
    tried = f'<h2>{escape(words["try"])}</h2><ul class="examples">{chips}</ul>' if chips else ""
    return (
        f'<div class="welcome" lang="{words["lang"]}">'
        f'<p class="tagline">{escape(words["tagline"])}</p>'
        f"{tried}{_corpus_html(articles, words)}</div>"
    )


def header_html(*, language: str = "zh") -> str:
    """Return the bar at the top: the name, and the button that starts a new conversation."""
    words = STRINGS[language]
    return (
        f'<header class="bar" lang="{words["lang"]}"><h1>{escape(words["name"])}</h1>'
        f'<button type="button" class="new" data-new>{escape(words["new"])}</button></header>'
    )


# -- one turn ----------------------------------------------------------------------------------


def _turn_html(turn: Turn, number: int, opened: int | None, language: str) -> str:
    words = STRINGS[language]
    if turn.answer is not None:
        state, body = (
            "answered",
            answer_html(turn.answer, turn=number, opened=opened, language=language),
        )
    elif turn.error is not None:
        one_line = escape(" ".join(turn.error.split()) or words["failed"])
        state, body = "failed", f'<p class="error" role="alert" dir="auto">{one_line}</p>'
    else:
        state, body = "pending", f'<p class="pending" role="status">{escape(words["pending"])}</p>'
    return (
        f'<section class="turn {state}"><h2 class="question" dir="auto"{_lang(turn.question)}>'
        f'<span class="unseen">{escape(words["you"])} </span>{escape(turn.question)}</h2>'
        f'<div class="reply">{body}</div></section>'
    )


@dataclass(frozen=True, slots=True)
class _Linker:
    """What turns `[1]` into the button that opens evidence 1 of this turn."""

    answer: Answer
    turn: int
    opened: int | None
    words: dict[str, str]

    def button(self, marker: int, label: str | None = None, *, css_class: str = "marker") -> str:
        citation = _citation(self.answer, marker)
        title = _name(citation.article, self.words) if citation else ""
        spoken = self.words["nearest"] if marker == NEAREST else self.words["open_marker"]
        return (
            f'<button type="button" class="{css_class}"'
            f' data-turn="{self.turn}" data-marker="{marker}"'
            f' aria-pressed="{"true" if marker == self.opened else "false"}"'
            f' aria-label="{escape(spoken.format(marker=marker, title=title))}">'
            f"{label if label is not None else marker}</button>"
        )

    def text(self, text: str) -> str:
        """Return `text` escaped, `[n]` of a known citation as its button."""
        known = {citation.marker for citation in self.answer.citations}

        def button_or_text(match: re.Match[str]) -> str:
            marker = int(match[1])
            return self.button(marker) if marker in known else match[0]

        return _MARKER.sub(button_or_text, escape(text))


def _given_html(answer: Answer, link: _Linker) -> str:
    short = answer.answer or ""
    first, rest = answer.citations[:1], answer.citations[1:]
    size = " long" if len(short) > 24 else ""  # 24: two lines of the large type on a 360 px screen
    lead = f'<p class="short{size}" dir="auto"{_lang(short)}>{escape(short)}</p>'
    if _says_more(answer):
        lead += f'<p class="said" dir="auto"{_lang(answer.text)}>{link.text(answer.text)}</p>'
    quotes = "".join(_quote_html(citation, link) for citation in first)
    others = "".join(f"<li>{_source_button(citation, link)}</li>" for citation in rest)
    also = (
        f'<ul class="also" aria-label="{escape(link.words["also"])}">{others}</ul>'
        if others
        else ""
    )
    return f"{lead}{quotes}{also}{_confidence_html(answer.confidence, link.words)}"


def _says_more(answer: Answer) -> bool:
    """Tell whether the text says more than the short answer, the cited sentences and markers."""
    said = essence(_MARKER.sub("", answer.text))
    quotes = [citation.quote for citation in answer.citations]
    for known in (*quotes, answer.answer or ""):  # sentences first: the answer is a part of them
        said = said.replace(essence(known), "")
    return any(char.isalnum() for char in said)


def _quote_html(citation: Citation, link: _Linker) -> str:
    article, whole = citation.article, citation.quote_span
    words = marked_html(article.text, whole, whole, citation.answer_in_article)
    return (
        f'<blockquote class="quote" dir="auto"{_lang(citation.quote)}>'
        f"<p>{words} {link.button(citation.marker)}</p>"
        f"<footer>{_origin_html(article, link.words)}</footer></blockquote>"
    )


def _source_button(citation: Citation, link: _Linker) -> str:
    origin = _origin_html(citation.article, link.words)
    # the file tells reprints apart, which share their title
    file = f'<span class="file"><bdi>{escape(citation.article.source)}</bdi></span>'
    label = f'<span class="marker">{citation.marker}</span> {origin} {file}'
    return link.button(citation.marker, label, css_class="open")


def _refusal_html(answer: Answer, link: _Linker) -> str:
    words = link.words
    nearest = essence(answer.nearest.quote) if answer.nearest else ""
    paragraphs = [said for said in answer.text.split("\n\n") if said.strip()]
    if nearest:  # it stands in a box of its own, below
        paragraphs = [said for said in paragraphs if nearest not in essence(said)]
    told = "\n".join(paragraphs) or words["refused"]
    said = f'<p class="refusal" dir="auto"{_lang(told)}>{escape(told)}</p>'
    if answer.nearest is None:
        return said
    quote, article = answer.nearest.quote, answer.nearest.article
    return (
        f'{said}<aside class="nearest"><h3>{escape(words["nearest"])}</h3>'
        f'<blockquote class="quote" dir="auto"{_lang(quote)}><p>{escape(quote)}</p>'
        f"<footer>{_origin_html(article, words)} "
        f"{link.button(NEAREST, escape(words['open']), css_class='open')}"
        "</footer></blockquote></aside>"
    )


def _confidence_html(confidence: float, words: dict[str, str]) -> str:
    level = next((name for bound, name in CONFIDENCE_LEVELS if confidence >= bound), "low")
    percent = min(
        99, max(1, round(confidence * 100))
    )  # a probability that was never 0 or 1 is not shown as one
    return (
        f'<p class="confidence {level}" title="{escape(words["confidence_note"])}">'
        f"<span>{escape(words[level])}</span> <b>{percent}%</b></p>"
    )


# -- one article -------------------------------------------------------------------------------


def _citation(answer: Answer, marker: int) -> Citation | None:
    if marker == NEAREST:
        return answer.nearest
    return next((citation for citation in answer.citations if citation.marker == marker), None)


def _name(article: Article, words: dict[str, str]) -> str:
    """Return the title; without one the opening words, and without words the file."""
    opening = " ".join(article.text[: 4 * OPENING_CHARS].split())
    if len(opening) > OPENING_CHARS:
        opening = opening[:OPENING_CHARS] + words["cut"]
    return article.title or opening or article.source or words["untitled"]


def _origin_html(article: Article, words: dict[str, str]) -> str:
    date = f" <time>{escape(article.published)}</time>" if article.published else ""
    return f"<cite><bdi>{escape(_name(article, words))}</bdi></cite>{date}"


def _heading_html(article: Article, words: dict[str, str]) -> str:
    facts = [f"<bdi>{escape(article.byline)}</bdi>"] if article.byline else []
    if article.published:
        facts.append(f"<time>{escape(article.published)}</time>")
    facts.append(
        f'<span class="file">{escape(words["file"])} <bdi>{escape(article.source)}</bdi></span>'
    )
    return (
        f'<h2 dir="auto">{escape(_name(article, words))}</h2>'
        f'<p class="facts">{"".join(f"<span>{fact}</span>" for fact in facts)}</p>'
    )


def _article_html(citation: Citation, words: dict[str, str]) -> str:
    """Return the article as paragraphs; the first mark of the evidence carries its id."""
    article, evidence = citation.article, citation.quote_span
    window = _window(len(article.text), evidence)
    paragraphs: list[str] = (
        [f'<p class="cut">{escape(words["cut"])}</p>'] if window.start > 0 else []
    )
    anchor = "evidence"
    for span in _paragraphs(article.text, window):
        is_cited = span.start < evidence.end and evidence.start < span.end
        text = article.text[span.start : span.end]
        if (
            not is_cited
            and not paragraphs
            and article.title
            and essence(text) == essence(article.title)
        ):
            continue  # the heading above says it already
        words_html = marked_html(
            article.text, span, evidence, citation.answer_in_article, element_id=anchor
        )
        if is_cited:
            anchor = ""
        paragraphs.append(f'<p dir="auto">{words_html}</p>')
    if window.end < len(article.text):
        paragraphs.append(f'<p class="cut">{escape(words["cut"])}</p>')
    return "".join(paragraphs)


def _others_html(answer: Answer, marker: int, link: _Linker) -> str:
    others = (
        [citation for citation in answer.citations if citation.marker != marker]
        if marker != NEAREST
        else []
    )
    if not others:
        return ""
    listed = "".join(f"<li>{_source_button(citation, link)}</li>" for citation in others)
    words = link.words
    return (
        f'<nav class="others" lang="{words["lang"]}">'
        f"<h3>{escape(words['also'])}</h3><ul>{listed}</ul></nav>"
    )


def _corpus_html(articles: Sequence[Article], words: dict[str, str]) -> str:
    listed = "".join(
        f"<li{_lang(_name(article, words))}>{_origin_html(article, words)}</li>"
        for article in articles[:MAX_LISTED_ARTICLES]
    )
    rest = len(articles) - MAX_LISTED_ARTICLES
    more = f"<li>{escape(words['more'].format(count=rest))}</li>" if rest > 0 else ""
    count = escape(words["corpus"].format(count=len(articles)))
    return f'<details class="corpus"><summary>{count}</summary><ul>{listed}{more}</ul></details>'


# -- spans -------------------------------------------------------------------------------------


def _clip(span: Span, within: Span) -> Span:
    start = min(max(span.start, within.start), within.end)
    return Span(start, min(max(span.end, start), within.end))


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Return `spans` in order, empty ones left out, touching and overlapping ones joined."""
    merged: list[Span] = []
    for span in sorted(span for span in spans if span.start < span.end):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def _window(length: int, evidence: Span) -> Span:
    """Return the part of an article put on the page: all, or the stretch around the evidence."""
    if length <= MAX_ARTICLE_CHARS:
        return Span(0, length)
    start = max(0, min(evidence.start - MAX_ARTICLE_CHARS // 2, length - MAX_ARTICLE_CHARS))
    return Span(start, max(start + MAX_ARTICLE_CHARS, evidence.end))


def _paragraphs(text: str, window: Span) -> list[Span]:
    """Return the non-blank lines of `text[window]`."""
    spans: list[Span] = []
    start = window.start
    while start < window.end:
        end = text.find("\n", start, window.end)
        end = window.end if end < 0 else end
        if escape(text[start:end]).strip():
            spans.append(Span(start, end))
        start = end + 1
    return spans


def _lang(text: str) -> str:
    """Return a lang attribute for Chinese text, lest a browser draw it in Japanese shapes."""
    return ' lang="zh"' if _HAN.search(text) else ""
