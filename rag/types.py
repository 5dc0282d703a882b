"""The values that travel through Youju: frozen, plain, standard library only.

Two coordinate systems, and only `Article.to_source` crosses between them:
  raw      characters of a source exactly as stored, half-open `[start, end)`
  article  characters of one article's repaired text, half-open

A seed page and what becomes of it:
  raw      "…7月\\n交付人形机器人105台创了纪录，8\\n月的目标是200台！”…"
  article  "…7月交付人形机器人105台创了纪录，8月的目标是200台！”…"
"""

from __future__ import annotations

import bisect
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Span(NamedTuple):
    """Half-open range of characters, `[start, end)`."""

    start: int
    end: int


HEADLINE = "\x1d"
"""Stands before each line of a headline that is set in larger type, where a format tells it: the
group separator, which carries no text."""


def is_ignorable(char: str) -> bool:
    """Tell whether `char` carries no text: white space and Unicode Cc, Cf, Co (the contract's rule
    for quotes)."""
    return char.isspace() or unicodedata.category(char) in ("Cc", "Cf", "Co")


def essence(text: str) -> str:
    """Return what two texts must share to be "the same words": ignorable characters dropped, then
    NFKC.

    >>> essence("8\\n月 的目标是２００台") == essence("8月的目标是200台")
    True
    """
    if not text.isprintable() or " " in text:  # else nothing in it is ignorable
        text = "".join(c for c in text if not is_ignorable(c))
    return unicodedata.normalize("NFKC", text)


@dataclass(frozen=True, slots=True)
class Source:
    """One document as it was given: a file, or one record of a JSONL corpus.

    `name` is the path relative to the indexed folder, `file.jsonl#id` for a record. `pages[i]` is
    where page i + 1 starts in `text`; () where the format has no pages.
    """

    name: str
    text: str
    title: str | None = None
    published: str | None = None  # ISO date, YYYY-MM-DD
    url: str | None = None
    pages: tuple[int, ...] = ()

    def page(self, position: int) -> int | None:
        """Return the number, from 1, of the page that the character at `position` stands on; None
        where the format has no pages."""
        return bisect.bisect_right(self.pages, position) or None


class Run(NamedTuple):
    """A stretch of article text copied from the raw source one character for one character."""

    in_article: int
    in_source: int
    length: int


@dataclass(frozen=True, slots=True)
class Article:
    """One article of a source: repaired text, and for each character where it stands in the raw
    source.

    `runs` tile `text` from 0 to len(text), in order of the text; their raw positions need not be in
    order, because a page may print a headline after its body.
    """

    id: str
    source: str
    text: str
    runs: tuple[Run, ...]
    title: str | None = None
    byline: str | None = None
    published: str | None = None  # ISO date, YYYY-MM-DD

    def origin(self, position: int) -> int:
        """Return the raw offset of the character at `position` of the article's text."""
        run = self.runs[bisect.bisect_right(self.runs, position, key=lambda r: r.in_article) - 1]
        return run.in_source + position - run.in_article

    def to_source(self, span: Span, raw: str) -> tuple[Span, ...]:
        """Return the raw spans of an article span, in the order of the article's text.

        Neighbouring stretches are joined where the raw text between them holds only ignorable
        characters (a hard wrap inside a sentence), so most citations are one span.
        """
        pieces: list[Span] = []
        first = bisect.bisect_right(self.runs, span.start, key=lambda r: r.in_article) - 1
        for run in self.runs[max(first, 0) :]:
            start = max(span.start, run.in_article)
            end = min(span.end, run.in_article + run.length)
            if run.in_article >= span.end:
                break
            if start >= end:
                continue
            shift = run.in_source - run.in_article
            piece = Span(start + shift, end + shift)
            if (
                pieces
                and pieces[-1].end <= piece.start
                and all(map(is_ignorable, raw[pieces[-1].end : piece.start]))
            ):
                piece = Span(pieces.pop().start, piece.end)
            pieces.append(piece)
        return tuple(pieces)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage for retrieval: a range of one article's text. Never crosses articles."""

    article_id: str
    span: Span


@dataclass(frozen=True, slots=True)
class Hit:
    """One retrieved passage and why it is there. Ranks count from 1; a leg that did not find it has
    rank None."""

    rank: int
    article: Article
    span: Span  # in the article's text
    source_spans: tuple[Span, ...]
    score: float  # how well it fits, 0 to about 1
    lexical_rank: int | None = None
    lexical_score: float = 0.0  # BM25
    dense_rank: int | None = None
    dense_score: float = 0.0  # cosine
    matched: tuple[str, ...] = ()  # the question's words that stand in it
    same_as: int | None = None  # rank of the hit before it that says the same in another article
    reranker: float | None = None  # a cross-encoder's score, where one is set

    @property
    def text(self) -> str:
        """The passage itself."""
        return self.article.text[self.span.start : self.span.end]

    def why(self) -> dict[str, Any]:
        """Return rank and score by leg and the matched words, JSON-ready."""
        reranker = {} if self.reranker is None else {"reranker": round(self.reranker, 4)}
        return reranker | {
            "lexical_rank": self.lexical_rank,
            "lexical_score": round(self.lexical_score, 4),
            "dense_rank": self.dense_rank,
            "dense_score": round(self.dense_score, 4),
            "matched": list(self.matched),
        }

    def to_json(self) -> dict[str, Any]:
        """Return the hit as it stands among an answer's `hits`."""
        return {
            "rank": self.rank,
            "source": self.article.source,
            "article_id": self.article.id,
            "spans": [list(s) for s in self.source_spans],
            "text": self.text,
            "score": round(self.score, 4),
            "why": self.why(),
            "same_as": self.same_as,
        }


class Reading(NamedTuple):
    """A possible answer that a reader found: characters of passage number `passage`.

    `score` is the log-odds of this span against "the answer is not in this passage"; it compares
    across passages. `judged` is the log-odds that it is right, of a second look at it; 0 where the
    reader takes none.
    """

    passage: int
    span: Span
    score: float
    judged: float = 0.0


@dataclass(frozen=True, slots=True)
class Citation:
    """Evidence: a quote that is a slice of an article, and where it stands. Made in
    `rag.answer.cite` only."""

    marker: int
    article: Article
    quote_span: Span  # the cited sentence, in the article's text
    answer_in_article: tuple[Span, ...]  # the answer inside it; () when the quote only supports
    spans: tuple[Span, ...]  # raw
    answer_spans: tuple[Span, ...]  # raw
    page: int | None = None  # from 1: where the answer stands; None where a format has no pages

    @property
    def quote(self) -> str:
        """The cited words, from the article's repaired text."""
        return self.article.text[self.quote_span.start : self.quote_span.end]

    def to_json(self) -> dict[str, Any]:
        """Return the citation as `youju ask --json` prints it."""
        return {
            "marker": self.marker,
            "source": self.article.source,
            "page": self.page,
            "article_id": self.article.id,
            "title": self.article.title,
            "published": self.article.published,
            "spans": [list(s) for s in self.spans],
            "quote": self.quote,
            "answer_spans": [list(s) for s in self.answer_spans],
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot says to one question. Either `answer` and at least one citation, or `refused`
    and neither.

    `confidence` is the calibrated probability that the answer is right (0 to 1), also kept for a
    refusal: how likely the withheld answer was. `nearest` is the passage shown with a refusal,
    never evidence. `standalone` is the question as it was searched, after the history was worked
    in.
    """

    question: str
    answer: str | None
    text: str
    refused: bool
    confidence: float
    citations: tuple[Citation, ...] = ()
    hits: tuple[Hit, ...] = ()
    nearest: Citation | None = None
    standalone: str = ""
    milliseconds: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the answer as one JSON-ready dictionary, as the contract lays it down."""
        return {
            "question": self.question,
            "answer": self.answer,
            "text": self.text,
            "refused": self.refused,
            "confidence": round(self.confidence, 4),
            "citations": [c.to_json() for c in self.citations],
            "hits": [h.to_json() for h in self.hits],
            "nearest": self.nearest.to_json() if self.nearest else None,
            "standalone": self.standalone or self.question,
            "milliseconds": {k: round(v, 2) for k, v in self.milliseconds.items()},
        }


History = Sequence[tuple[str, str]]
"""Earlier turns of a conversation, oldest first: (question, answer)."""
