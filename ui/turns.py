"""What the page keeps of a conversation: plain values that travel to the browser and back.

The browser holds every conversation, so that one reader's are not another's, the server keeps
nothing between two questions, and a reload or a restart loses nothing:
  {"id": "4f0c…", "turns": [{"question": "松延动力7月交付多少台?", "reply": {"answer": "105台"…}}]}
What comes back from there is the reader's to change: it is read strictly, and shown escaped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from rag.types import Answer, Article, Citation, Hit, Span

NEAREST = "0"
"""The key of a refusal's nearest passage; citations count from 1."""

OPENING_CHARS = 24
"""Characters that stand for a missing title: one line of a phone's screen."""

MAX_KEPT_CHARS = 4_000_000
"""Longest conversation taken back from a browser, whose storage holds about 5 million."""

HISTORY_TURNS = 6
"""Turns handed to the bot: a follow-up leans on the last few."""

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of an article that the evidence panel can open, and what tells it from others."""

    key: str  # "1" a citation's marker, "h3" a hit's rank, "s1" another report, "d1" a difference
    article_id: str
    source: str
    name: str  # the title; without one the opening words
    published: str | None
    page: int | None
    span: Span  # in the article's text
    answers: tuple[Span, ...] = ()  # in the article's text
    quote: str = ""  # the words of `span`; "" where only the article has them


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage that was found, and why it stands where it does. A leg that missed it: None."""

    place: Place
    rank: int
    score: float
    lexical_rank: int | None
    lexical_score: float
    dense_rank: int | None
    dense_score: float
    matched: tuple[str, ...]
    same_as: int | None


@dataclass(frozen=True, slots=True)
class Differs:
    """A word of the cited sentence that another report has otherwise."""

    words: str
    place: Place  # its quote is the other words


@dataclass(frozen=True, slots=True)
class Reply:
    """What the page shows of an answer."""

    answer: str | None
    text: str
    refused: bool
    confidence: float
    citations: tuple[Place, ...] = ()
    nearest: Place | None = None
    also: tuple[Place, ...] = ()  # other articles that report the same and are not cited
    differs: tuple[Differs, ...] = ()
    hits: tuple[Ranked, ...] = ()
    standalone: str = ""

    def place(self, key: str) -> Place | None:
        """Return what `key` opens, None for a key that was never offered."""
        nearest = (self.nearest,) if self.nearest else ()
        others = (d.place for d in self.differs), (hit.place for hit in self.hits)
        places = [*self.citations, *nearest, *self.also, *others[0], *others[1]]
        return next((place for place in places if place.key == key), None)

    def ranked(self, place: Place) -> Ranked | None:
        """Return the hit that brought a place."""
        same = [hit for hit in self.hits if hit.place.article_id == place.article_id]
        return next(
            (hit for hit in same if _overlap(hit.place.span, place.span)), same[0] if same else None
        )


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and what came of it: neither reply nor error while it is being asked."""

    question: str
    reply: Reply | None = None
    error: str | None = None
    partial: str = ""  # what a streaming reader has said so far
    judged: str | None = None  # "up" or "down"
    feedback: str | None = None  # where the judgement is kept

    @property
    def is_pending(self) -> bool:
        """Whether it is still being asked."""
        return self.reply is None and self.error is None


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation: `id` names it in the browser, "" before its first turn."""

    id: str = ""
    turns: tuple[Turn, ...] = ()


def name_of(article: Article) -> str:
    """Return the title; without one the opening words, and without words the file."""
    opening = " ".join(article.text[: 4 * OPENING_CHARS].split())
    if len(opening) > OPENING_CHARS:
        opening = opening[:OPENING_CHARS] + "…"
    return article.title or opening or article.source


def place_in(
    article: Article,
    key: str,
    span: Span,
    answers: Sequence[Span] = (),
    *,
    page: int | None = None,
    quote: str = "",
) -> Place:
    """Return the place of `span` in an article."""
    name, published = name_of(article), article.published
    return Place(
        key, article.id, article.source, name, published, page, span, tuple(answers), quote
    )


def reply_of(answer: Answer, also: Iterable[Place] = (), differs: Iterable[Differs] = ()) -> Reply:
    """Return what the page keeps of an answer."""
    return Reply(
        answer.answer,
        answer.text,
        answer.refused,
        answer.confidence,
        tuple(_cited(citation, str(citation.marker)) for citation in answer.citations),
        _cited(answer.nearest, NEAREST) if answer.nearest else None,
        tuple(also),
        tuple(differs),
        tuple(map(_ranked, answer.hits)),
        answer.standalone,
    )


def _cited(citation: Citation, key: str) -> Place:
    answers, page = citation.answer_in_article, citation.page
    return place_in(
        citation.article, key, citation.quote_span, answers, page=page, quote=citation.quote
    )


def _ranked(hit: Hit) -> Ranked:
    return Ranked(
        place_in(hit.article, f"h{hit.rank}", hit.span),
        hit.rank,
        round(hit.score, 3),
        hit.lexical_rank,
        round(hit.lexical_score, 2),
        hit.dense_rank,
        round(hit.dense_score, 3),
        hit.matched,
        hit.same_as,
    )


def history_of(turns: Sequence[Turn]) -> list[tuple[str, str]]:
    """Return the answered turns as the bot takes them: (question, short answer), oldest first.

    A refusal's answer is what it said.
    """
    answered = [(turn.question, turn.reply) for turn in turns if turn.reply is not None]
    pairs = [(question, reply.answer or reply.text) for question, reply in answered]
    return pairs[-HISTORY_TURNS:]


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


# -- to the browser and back -------------------------------------------------------------------


def to_json(talk: Talk) -> str:
    """Return a conversation as the browser keeps it.

    `<` is written as an escape: gradio warns of what looks like a script in a value, and a value
    that holds no tag can become none.
    """
    return json.dumps(asdict(talk), ensure_ascii=False, separators=(",", ":")).replace(
        "<", "\\u003c"
    )


def from_json(text: object) -> Talk:
    """Return the conversation that a browser sent; an empty one for anything that is none."""
    if not isinstance(text, str) or not 0 < len(text) <= MAX_KEPT_CHARS:
        return Talk()
    try:
        data = json.loads(text)
        return Talk(_text(data["id"])[:64], tuple(map(_turn, data["turns"])))
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return Talk()


def _turn(data: Any) -> Turn:
    reply, error = data["reply"], _optional(_text, data["error"])
    judged = data["judged"] if data["judged"] in ("up", "down") else None
    return Turn(
        _text(data["question"]),
        _reply(reply) if reply is not None else None,
        error,
        "",
        judged,
        _optional(_text, data["feedback"]),
    )


def _reply(data: Any) -> Reply:
    return Reply(
        _optional(_text, data["answer"]),
        _text(data["text"]),
        bool(data["refused"]),
        float(data["confidence"]),
        tuple(map(_place, data["citations"])),
        _optional(_place, data["nearest"]),
        tuple(map(_place, data["also"])),
        tuple(Differs(_text(d["words"]), _place(d["place"])) for d in data["differs"]),
        tuple(map(_hit, data["hits"])),
        _text(data["standalone"]),
    )


def _place(data: Any) -> Place:
    return Place(
        _text(data["key"]),
        _text(data["article_id"]),
        _text(data["source"]),
        _text(data["name"]),
        _optional(_text, data["published"]),
        _optional(_count, data["page"]),
        _span(data["span"]),
        tuple(map(_span, data["answers"])),
        _text(data["quote"]),
    )


def _hit(data: Any) -> Ranked:
    return Ranked(
        _place(data["place"]),
        _count(data["rank"]),
        float(data["score"]),
        _optional(_count, data["lexical_rank"]),
        float(data["lexical_score"]),
        _optional(_count, data["dense_rank"]),
        float(data["dense_score"]),
        tuple(map(_text, data["matched"])),
        _optional(_count, data["same_as"]),
    )


def _optional(read: Callable[[Any], _Read], value: Any) -> _Read | None:
    return None if value is None else read(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"no text: {type(value).__name__}")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"no count: {value!r}")
    return value


def _span(value: Any) -> Span:
    start, end = map(_count, value)
    if start > end:
        raise ValueError(f"no span: {start} to {end}")
    return Span(start, end)
