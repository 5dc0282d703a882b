"""The evidence panel: an article as an article, or its source as it is, with what was cited marked.

Pure functions to safe markup, like `ui.render`.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.types import Article, Source, Span, essence
from ui.render import Linker, Opened
from ui.render_text import button, escape, lang, marked_html, paragraphs, window
from ui.turns import NEAREST, Place, Ranked, Reply, name_of
from ui.words import STRINGS

MAX_ARTICLE_CHARS = 24_000
"""Longest stretch of one article put on the page: four full newspaper pages of Chinese."""


def evidence_html(
    reply: Reply,
    opened: Opened,
    article: Article | None,
    source: Source | None = None,
    *,
    language: str = "zh",
) -> str:
    """Return the panel: the article of what is opened, the cited sentence marked.

    `NEAREST` is labelled as no answer. Without `article` (taken out since) the kept quote stands
    alone; a key that is not there gives nothing.
    """
    words = STRINGS[language]
    place = reply.place(opened.key)
    if place is None:
        return ""
    link = Linker(reply, opened.turn, opened.key, words)
    is_nearest = place.key == NEAREST
    note = f'<p class="note">{escape(words["nearest_note"])}</p>' if is_nearest else ""
    switch = _switch_html(opened, words) if article and source else ""
    body = _body_html(place, opened, article, source, words)
    return (
        f'<article class="source{" nearest" if is_nearest else ""}" tabindex="-1"'
        f' lang="{words["lang"]}" aria-label="{escape(_label(place, words))}">'
        f"{_label_html(place, reply, link, switch)}{note}{body}"
        f"{_why_html(place, reply, link)}</article>"
    )


def hint_html(*, language: str = "zh") -> str:
    """Return what stands in place of the evidence while nothing is open."""
    words = STRINGS[language]
    return f'<div class="hint" lang="{words["lang"]}"><p>{escape(words["hint"])}</p></div>'


def heading_html(article: Article, place: Place | None, words: dict[str, str]) -> str:
    """Return title, byline, day, file and page of an article."""
    facts = [f"<bdi>{escape(article.byline)}</bdi>"] if article.byline else []
    if article.published:
        facts.append(f"<time>{escape(article.published)}</time>")
    file = f"<bdi>{escape(article.source)}</bdi>"
    facts.append(f'<span class="file">{escape(words["file"])} {file}</span>')
    if place and place.page:
        facts.append(escape(words["page"].format(page=place.page)))
    name = name_of(article)
    return (
        f'<h2 dir="auto"{lang(name)}>{escape(name)}</h2>'
        f'<p class="facts">{"".join(f"<span>{fact}</span>" for fact in facts)}</p>'
    )


def article_html(
    article: Article, evidence: Span, answers: Sequence[Span], words: dict[str, str]
) -> str:
    """Return the article as paragraphs; the first mark of the evidence carries its id."""
    text = article.text
    shown = window(len(text), evidence, MAX_ARTICLE_CHARS)
    cut = f'<p class="cut">{escape(words["cut"])}</p>'
    made: list[str] = [cut] if shown.start > 0 else []
    anchor = "evidence"
    for span in paragraphs(text, shown):
        is_cited = span.start < evidence.end and evidence.start < span.end
        if not is_cited and not made and _is_title(article, text[span.start : span.end]):
            continue  # the heading above says it already
        marked = [evidence] if is_cited else []
        inner = marked_html(text, span, marked, answers, element_id=anchor)
        if is_cited:
            anchor = ""
        made.append(f'<p dir="auto">{inner}</p>')
    return "".join([*made, cut] if shown.end < len(text) else made)


def _is_title(article: Article, text: str) -> bool:
    return bool(article.title) and essence(text) == essence(article.title or "")


def _label(place: Place, words: dict[str, str]) -> str:
    if place.key == NEAREST:
        return words["nearest"]
    kinds = {"h": "passage_marker", "s": "report_marker", "d": "differs_marker"}
    word = words[kinds.get(place.key[:1], "evidence_marker")]
    return word.format(marker=place.key, rank=place.key[1:])


def _label_html(place: Place, reply: Reply, link: Linker, switch: str) -> str:
    words = link.words
    others = ""
    if len(reply.citations) > 1:
        markers = "".join(link.button(one) for one in reply.citations)
        label = escape(words["evidence_list"])
        others = f'<span class="markers" role="group" aria-label="{label}">{markers}</span>'
    back = button(words["back"], "back", back="")
    label = f"<strong>{escape(_label(place, words))}</strong>"
    return f'<div class="label">{label}{others}{switch}{back}</div>'


def _switch_html(opened: Opened, words: dict[str, str]) -> str:
    def one(word: str, raw: bool) -> str:
        made = button(words[word], "switch", turn=opened.turn, open=opened.key, raw=int(raw))
        pressed = "true" if raw == opened.raw else "false"
        return made.replace("<button", f'<button aria-pressed="{pressed}"', 1)

    return f'<span class="switches">{one("article", False)}{one("source", True)}</span>'


def _body_html(
    place: Place,
    opened: Opened,
    article: Article | None,
    source: Source | None,
    words: dict[str, str],
) -> str:
    if article is None:
        return _kept_html(place, words["gone"])
    if place.quote and article.text[slice(*place.span)] != place.quote:
        text = article_html(article, Span(0, 0), (), words)
        kept = _kept_html(place, words["changed"])
        return f'{kept}{heading_html(article, place, words)}<div class="text">{text}</div>'
    heading = heading_html(article, place, words)
    if opened.raw and source is not None:
        note = f'<p class="note">{escape(words["source_note"])}</p>'
        return f"{heading}{note}{raw_html(place, article, source, words)}"
    text = article_html(article, place.span, place.answers, words)
    return f'{heading}<div class="text"{lang(article.text)}>{text}</div>'


def _kept_html(place: Place, said: str) -> str:
    quote = f'<blockquote class="quote" dir="auto"{lang(place.quote)}><p>{escape(place.quote)}</p>'
    return f'<p class="note">{escape(said)}</p>{quote}</blockquote>'


def raw_html(place: Place, article: Article, source: Source, words: dict[str, str]) -> str:
    """Return the source as it is stored, the same characters marked as in the article."""
    raw = source.text
    evidence = article.to_source(_inside(place.span, article), raw)
    answers = [
        span for one in place.answers for span in article.to_source(_inside(one, article), raw)
    ]
    around = evidence[0] if evidence else Span(0, 0)
    shown = window(len(raw), around, MAX_ARTICLE_CHARS)
    inner = marked_html(raw, shown, evidence, answers, element_id="evidence")
    before = escape(words["cut"]) if shown.start > 0 else ""
    after = escape(words["cut"]) if shown.end < len(raw) else ""
    return (
        f'<pre class="raw" tabindex="0" dir="auto"{lang(raw[:2000])}>{before}{inner}{after}</pre>'
    )


def _inside(span: Span, article: Article) -> Span:
    end = min(span.end, len(article.text))
    return Span(min(span.start, end), end)


# -- why it was found --------------------------------------------------------------------------


def _why_html(place: Place, reply: Reply, link: Linker) -> str:
    if not reply.hits:
        return ""
    words = link.words
    hit = reply.ranked(place)
    own = _facts_html(hit, words) if hit else ""
    rows = "".join(
        f"<li>{_found_html(one, link)}</li>" for one in reply.hits if hit is None or one != hit
    )
    others = f'<h3>{escape(words["why_others"])}</h3><ol class="found">{rows}</ol>' if rows else ""
    summary = f"<summary>{escape(words['why'])}</summary>"
    return f'<details class="why">{summary}{own}{others}</details>'


def _facts_html(hit: Ranked, words: dict[str, str]) -> str:
    facts = [
        (words["why_rank"], str(hit.rank)),
        (words["why_score"], f"{hit.score:.3f}"),
        (words["why_words"], _leg(hit.lexical_rank, f"BM25 {hit.lexical_score:.1f}", words)),
        (words["why_meaning"], _leg(hit.dense_rank, f"cos {hit.dense_score:.2f}", words)),
    ]
    if hit.matched:
        facts.append((words["why_matched"], " ".join(hit.matched)))
    rows = "".join(
        f'<div><dt>{escape(name)}</dt><dd dir="auto">{escape(value)}</dd></div>'
        for name, value in facts
    )
    return f"<dl>{rows}</dl>"


def _leg(rank: int | None, score: str, words: dict[str, str]) -> str:
    if rank is None:
        return words["why_missed"]
    return words["why_ranked"].format(rank=rank, score=score)


def _found_html(hit: Ranked, link: Linker) -> str:
    same = f" · {escape(link.words['why_same'].format(rank=hit.same_as))}" if hit.same_as else ""
    inner = (
        f'<span class="rank">{hit.rank}</span> <cite><bdi>{escape(hit.place.name)}</bdi></cite>'
        f' <span class="file"><bdi>{escape(hit.place.source)}</bdi> · {hit.score:.3f}{same}</span>'
    )
    return link.button(hit.place, inner, css_class="open")
