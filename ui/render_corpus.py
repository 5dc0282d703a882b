"""The articles' page as HTML: what can be added, what is there, and what was repaired.

Pure functions to safe markup, like `ui.render`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.sources import SUFFIXES
from rag.types import Article, Source, Span
from ui.render_evidence import MAX_ARTICLE_CHARS, article_html, heading_html
from ui.render_text import button, escape, lang
from ui.shelf import ROWS, Listing, Step, Taken
from ui.turns import name_of
from ui.words import STRINGS

_LONGEST_GAP = 200
"""Characters between two stretches of an article that are shown as taken out; more lies between
them when a page prints another article there."""


def intro_html(megabytes: int, files: int, *, editable: bool, language: str = "zh") -> str:
    """Return title, what can be added with its limits, and the search field."""
    words = STRINGS[language]
    add = _add_html(megabytes, files, words) if editable else f"<p>{escape(words['read_only'])}</p>"
    return (
        f'<div class="intro" lang="{words["lang"]}"><h2>{escape(words["corpus_title"])}</h2>{add}'
        f'<form class="search" role="search" data-form="act" data-act="search">'
        f'<input type="search" name="query" dir="auto" aria-label="{escape(words["search"])}"'
        f' placeholder="{escape(words["search"])}"></form></div>'
    )


def _add_html(megabytes: int, files: int, words: dict[str, str]) -> str:
    kinds = " ".join(SUFFIXES)
    limits = words["limits"].format(kinds=kinds, size=megabytes, count=files)
    told = {
        name: words[name]
        for name in ("too_many", "too_large", "wrong_kind", "uploading", "upload_failed")
    }
    data = "".join(f' data-{k.replace("_", "-")}="{escape(v)}"' for k, v in told.items())
    accept = escape(",".join(SUFFIXES))
    return (
        f'<div class="add" data-megabytes="{megabytes}" data-files="{files}"'
        f' data-kinds="{escape(kinds)}"{data}>'
        f"{button(words['choose_files'], 'primary', pick='files')} "
        f"{button(words['choose_folder'], 'plain', pick='folder')}"
        f'<span class="drop">{escape(words["drop"])}</span>'
        f'<input type="file" name="files" multiple hidden accept="{accept}"'
        f' aria-label="{escape(words["choose_files"])}">'
        f'<input type="file" name="folder" multiple hidden webkitdirectory'
        f' aria-label="{escape(words["choose_folder"])}">'
        f'<p class="limits">{escape(limits)}</p><p class="uploading" role="status"></p></div>'
    )


def counts_html(counts: dict[str, int], *, language: str = "zh") -> str:
    """Return how much there is."""
    words = STRINGS[language]
    line = words["corpus_count"].format(
        sources=f"{counts['source']:,}",
        articles=f"{counts['article']:,}",
        chunks=f"{counts['chunk']:,}",
    )
    return f'<p class="counts" lang="{words["lang"]}">{escape(line)}</p>'


def step_html(step: Step, *, language: str = "zh") -> str:
    """Return how far an indexing run is."""
    words = STRINGS[language]
    line = words["linking"]
    if step.name:
        line = words["indexing"].format(done=step.done, total=step.total, name=step.name)
    return (
        f'<div class="progress" role="status" lang="{words["lang"]}"><p dir="auto">{escape(line)}'
        f'</p><progress max="{step.total}" value="{step.done}" aria-label="{escape(line)}">'
        "</progress></div>"
    )


def results_html(results: Sequence[Taken], *, language: str = "zh") -> str:
    """Return what came of each file, those that were skipped first."""
    words = STRINGS[language]
    bad = sum(one.state == "skipped" for one in results)
    title = words["result"].format(good=len(results) - bad, bad=bad)
    rows = "".join(
        f'<li class="{one.state}"><bdi class="file">{escape(one.name)}</bdi> '
        f"<span>{escape(words[one.state].format(articles=one.articles))}</span>"
        + "".join(f'<p dir="auto">{escape(problem)}</p>' for problem in one.problems)
        + "</li>"
        for one in sorted(results, key=lambda one: one.state != "skipped")
    )
    return (
        f'<div class="results" role="status" lang="{words["lang"]}"><h3>{escape(title)}</h3>'
        f"<ul>{rows}</ul></div>"
    )


def said_html(line: str, *, wrong: bool = False) -> str:
    """Return one line about what was done or could not be."""
    css_class, role = ("error", "alert") if wrong else ("said", "status")
    return f'<p class="{css_class}" role="{role}" dir="auto">{escape(" ".join(line.split()))}</p>'


def listing_html(listing: Listing, *, editable: bool, language: str = "zh") -> str:
    """Return a page of the list of articles, and the ways to the pages beside it."""
    words = STRINGS[language]
    if not listing.articles:
        return (
            f'<div class="listing" lang="{words["lang"]}"><p>{escape(words["no_match"])}</p></div>'
        )
    rows = "".join(_row_html(article, words, editable) for article in listing.articles)
    last = listing.first + len(listing.articles)
    line = words["listed"].format(first=listing.first + 1, last=last, total=f"{listing.total:,}")
    turns = [escape(line)]
    if listing.first:
        turns.append(_turn_button("earlier", listing.first - ROWS, words))
    if last < listing.total:
        turns.append(_turn_button("later", last, words))
    return (
        f'<div class="listing" lang="{words["lang"]}"><ul>{rows}</ul>'
        f'<p class="pages">{" ".join(turns)}</p></div>'
    )


def _turn_button(word: str, first: int, words: dict[str, str]) -> str:
    return button(words[word], "plain", act="page", first=max(0, first))


def _row_html(article: Article, words: dict[str, str], editable: bool) -> str:
    name = name_of(article)
    facts = [f"<time>{escape(article.published)}</time>"] if article.published else []
    facts.append(f'<bdi class="file">{escape(article.source)}</bdi>')
    facts.append(escape(words["characters"].format(count=f"{len(article.text):,}")))
    inner = f"<cite><bdi>{escape(name)}</bdi></cite>"
    opens = (
        f'<button type="button" class="title" data-act="read" data-id="{escape(article.id)}"'
        f"{lang(name)}>{inner}</button>"
    )
    removes = ""
    if editable:
        label = words["remove_label"].format(source=article.source)
        removes = button(
            words["remove"],
            "remove",
            label=label,
            act="remove",
            source=article.source,
            sure=words["remove_sure"],
        )
    told = "".join(f"<span>{fact}</span>" for fact in facts)
    return f'<li>{opens}<p class="facts">{told}</p>{removes}</li>'


def reader_html(
    article: Article, source: Source, *, repaired: bool = False, language: str = "zh"
) -> str:
    """Return an article to read, or, with `repaired`, its source and itself side by side."""
    words = STRINGS[language]

    def switch(word: str, act: str, pressed: bool) -> str:
        made = button(words[word], "switch", act=act, id=article.id)
        state = "true" if pressed else "false"
        return made.replace("<button", f'<button aria-pressed="{state}"', 1)

    switches = switch("read", "read", not repaired) + switch("repaired", "repaired", repaired)
    if repaired:
        note = f'<p class="note">{escape(words["repaired_note"])}</p>'
        body = note + _compared_html(article, source, words)
    else:
        text = article_html(article, Span(0, 0), (), words)
        body = f'<div class="text"{lang(article.text)}>{text}</div>'
    close = button(words["close"], "back", act="close")
    return (
        f'<article class="source" lang="{words["lang"]}" tabindex="-1"><div class="label">'
        f'<span class="switches">{switches}</span>{close}</div>'
        f"{heading_html(article, None, words)}{body}</article>"
    )


def _compared_html(article: Article, source: Source, words: dict[str, str]) -> str:
    shown = Span(0, min(len(article.text), MAX_ARTICLE_CHARS))
    before = "".join(_before(article, source.text, shown))
    after = escape(article.text[: shown.end])
    cut = escape(words["cut"]) if shown.end < len(article.text) else ""
    language = lang(article.text)
    return (
        f'<div class="compared"><section><h3>{escape(words["before"])}</h3>'
        f'<pre class="raw" tabindex="0" dir="auto"{language}>{before}{cut}</pre></section>'
        f"<section><h3>{escape(words['after'])}</h3>"
        f'<pre class="raw" tabindex="0" dir="auto"{language}>{after}{cut}</pre></section></div>'
    )


def _before(article: Article, raw: str, shown: Span) -> Iterator[str]:
    """Yield the raw text of an article, what repair took out or changed in tags of their own."""
    at: int | None = None
    for run in article.runs:
        if run.in_article >= shown.end:
            return
        gap = run.in_source - at if at is not None else 0
        if at is not None and 0 < gap <= _LONGEST_GAP:
            yield f"<del>{escape(_seen(raw[at : run.in_source]))}</del>"
        elif gap:
            yield '<span class="cut"> ⋯ </span>'
        length = min(run.length, shown.end - run.in_article)
        yield _run_html(
            raw[run.in_source : run.in_source + length],
            article.text[run.in_article : run.in_article + length],
        )
        at = run.in_source + run.length


def _run_html(before: str, after: str) -> str:
    if before == after:
        return escape(before)
    return "".join(
        escape(one) if one == other else f"<ins>{escape(_seen(one))}</ins>"
        for one, other in zip(before, after, strict=True)
    )


def _seen(text: str) -> str:
    """Return white space as signs that can be seen, each line end also as one."""
    return text.replace(" ", "·").replace("\u3000", "□").replace("\r", "").replace("\n", "↵\n")
