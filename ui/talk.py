"""The conversation's callbacks: from what the reader did to what the page shows.

A question goes through `Page.ask`, which yields at least twice: the conversation with the question
in it, at once, and the same conversation with the answer or the error; what a streaming reader has
said so far comes between. The conversation itself lives in the browser (`ui.turns`) and comes in
with every event: the server keeps no session, and so no page holds a stream open.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

import gradio as gr

from rag.errors import YoujuError
from rag.types import Answer, Article, History, Source
from ui import examples as example_questions
from ui.feedback import Feedback
from ui.render import Opened, Tools, conversation_html
from ui.render_evidence import evidence_html, hint_html
from ui.render_frame import header_html, talks_html, welcome_html
from ui.render_text import language_of
from ui.shelf import Shelf
from ui.turns import (
    NEAREST,
    Differs,
    Place,
    Reply,
    Talk,
    Turn,
    from_json,
    history_of,
    place_in,
    reply_of,
    to_json,
)
from ui.words import STRINGS

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_PARTS = 0.1
"""Of a streamed answer: a reader sees ten steps a second as flowing."""

MOST_DIFFERENCES = 2
"""Notes on other accounts under one answer; more is for the article itself."""

Shown = tuple[Any, Any, Any, Any]
"""Question box, kept conversation, conversation, evidence."""


class Asked(Protocol):
    """What the page needs of a bot; `rag.answer.Bot` is one.

    One that also has `ask_stream(question, history)`, yielding pieces of the text and last the
    answer, is shown as it speaks.
    """

    def ask(self, question: str, history: History = ()) -> Answer:
        """Return the answer to `question` after the turns of `history`."""

    def articles(self) -> list[Article]:
        """Return the articles that can be asked about."""

    def article(self, article_id: str) -> Article:
        """Return one article. Raises KeyError when it is not there."""

    def source(self, name: str) -> Source:
        """Return a source as stored. Raises KeyError when it is not there."""


class Page:
    """The callbacks of the conversation."""

    def __init__(
        self,
        bot: Asked,
        examples: Sequence[str] | None = None,
        shelf: Shelf | None = None,
        feedback: Feedback | None = None,
    ) -> None:
        """Show `examples` before the first question; None draws some from the articles."""
        self.bot = bot
        self.examples = examples
        self.shelf = shelf
        self.feedback = feedback
        self.views = ("chat", "articles", "evaluation") if shelf else ("chat",)
        self._tools = Tools(judge=feedback is not None, gold=feedback is not None)
        self._drawn: tuple[object, list[str]] | None = None
        self._drawing = threading.Lock()

    # -- the page itself

    def greet(self, request: gr.Request) -> tuple[str, str, str, str, Any]:
        """Return header, list of conversations, first page, hint and question box in the language
        of a new reader.

        None of them is written by anything else: this runs while the page loads, and a question
        may be asked, and answered, before it is over.
        """
        language = language_for(request)
        words = STRINGS[language]
        box = gr.Textbox(label=words["question"], placeholder=words["ask"])
        header = header_html(language=language, views=self.views)
        first, hint = self.first_page(language), hint_html(language=language)
        return header, talks_html(language=language), first, hint, box

    def first_page(self, language: str = "zh") -> str:
        """Return what the conversation shows before the first question."""
        try:
            count = self.shelf.counts()["article"] if self.shelf else len(self.bot.articles())
            return welcome_html(self._examples(), count, language=language)
        except YoujuError as error:
            logger.warning("no list of articles: %s", error)
            return welcome_html((), 0, language=language)

    def restore(self, kept: str, request: gr.Request) -> tuple[str, str, str]:
        """Return (kept, conversation, evidence) of a conversation that the browser has kept."""
        talk, language = from_json(kept), language_for(request)
        stopped = STRINGS[language]["stopped"]
        turns = tuple(replace(t, error=stopped) if t.is_pending else t for t in talk.turns)
        talk = replace(talk, turns=turns)
        return to_json(talk), *self._shown(talk, _first_evidence(talk), language)

    def reopen(self, event: gr.EventData, request: gr.Request) -> tuple[str, str, str]:
        """Return the conversation that was chosen in the list."""
        return self.restore(_data(event).get("talk", ""), request)

    def fresh(self, request: gr.Request) -> tuple[str, str, str, str]:
        """Return no conversation, no evidence and a fresh first page."""
        language = language_for(request)
        empty = conversation_html((), language=language)
        return to_json(Talk()), empty, "", self.first_page(language)

    # -- asking

    def ask(self, question: str, kept: str, request: gr.Request) -> Iterator[Shown]:
        """Yield what the page shows: asked first, then answered."""
        question = question.strip()
        talk = from_json(kept)
        if question:
            yield from self._asked(question, talk, language_for(request), box="")
        else:
            yield gr.skip(), gr.skip(), gr.skip(), gr.skip()

    def ask_given(self, kept: str, event: gr.EventData, request: gr.Request) -> Iterator[Shown]:
        """Ask a question that the page offered."""
        question = _data(event).get("question")
        if isinstance(question, str) and question.strip():
            talk = from_json(kept)
            yield from self._asked(question.strip(), talk, language_for(request), box=gr.skip())

    def again(self, kept: str, event: gr.EventData, request: gr.Request) -> Iterator[Shown]:
        """Ask a question again: the last one in its place, an earlier one anew."""
        talk, number = from_json(kept), count_in(event, "turn")
        if number is None or number >= len(talk.turns):
            return
        question = talk.turns[number].question
        if number == len(talk.turns) - 1:
            talk = replace(talk, turns=talk.turns[:-1])
        yield from self._asked(question, talk, language_for(request), box=gr.skip())

    def halt(self, kept: str, request: gr.Request) -> tuple[str, str]:
        """Return (kept, conversation) with what was being asked given up."""
        kept, conversation, _ = self.restore(kept, request)
        return kept, conversation

    def answer(self, question: str) -> dict[str, Any]:
        """Return one answer as `youju ask --json` prints it: for programs, by the gradio client."""
        try:
            return self.bot.ask(question).to_json()
        except YoujuError as error:
            raise gr.Error(str(error), print_exception=False) from error

    def _asked(self, question: str, talk: Talk, language: str, box: Any) -> Iterator[Shown]:
        earlier = tuple(turn for turn in talk.turns if not turn.is_pending)
        talk = Talk(talk.id or secrets.token_hex(6), (*earlier, Turn(question)))
        yield box, to_json(talk), self._conversation(talk, None, language), gr.skip()
        for turn in self._turns(question, earlier, language):
            talk = replace(talk, turns=(*earlier, turn))
            if turn.is_pending:
                conversation = self._conversation(talk, None, language)
                yield gr.skip(), gr.skip(), conversation, gr.skip()
        yield gr.skip(), to_json(talk), *self._shown(talk, _first_evidence(talk), language)

    def _turns(self, question: str, earlier: Sequence[Turn], language: str) -> Iterator[Turn]:
        """Yield the turn as it grows; the last one is over."""
        try:
            answer: Answer | None = None
            said, shown = "", time.monotonic()
            for piece in self._answers(question, history_of(earlier)):
                if isinstance(piece, Answer):
                    answer = piece
                    continue
                said += piece
                if time.monotonic() - shown >= SECONDS_BETWEEN_PARTS:
                    yield Turn(question, partial=said)
                    shown = time.monotonic()
            if answer is None:
                yield Turn(question, error=STRINGS[language]["failed"])
                return
            yield Turn(question, reply=self._reply(answer))
        except YoujuError as error:
            yield Turn(question, error=str(error))
        except Exception:  # the page's edge: a defect must not cost the reader the conversation
            logger.exception("no answer to %r", question)
            yield Turn(question, error=STRINGS[language]["failed"])

    def _answers(self, question: str, history: History) -> Iterable[str | Answer]:
        stream = getattr(self.bot, "ask_stream", None)
        if stream is None:
            return [self.bot.ask(question, history)]
        parts: Iterable[str | Answer] = stream(question, history)
        return parts

    def _reply(self, answer: Answer) -> Reply:
        if self.shelf is None or not answer.citations:
            return reply_of(answer)
        first = answer.citations[0]
        cited = {citation.article.id for citation in answer.citations}
        also: list[Place] = []
        for number, (article, span) in enumerate(
            self.shelf.reports(first.article.id, first.quote_span), 1
        ):
            if article.id not in cited:
                also.append(place_in(article, f"s{number}", span))
        differs = [
            Differs(here, place_in(other, f"d{n}", span, quote=other.text[slice(*span)]))
            for n, (here, other, span) in enumerate(
                self.shelf.differences(first.article.id, first.quote_span), 1
            )
        ]
        return reply_of(answer, also, differs[:MOST_DIFFERENCES])

    # -- evidence

    def open(self, kept: str, event: gr.EventData, request: gr.Request) -> tuple[Any, Any]:
        """Return (conversation, evidence) with the clicked place opened."""
        talk, turn, data = from_json(kept), count_in(event, "turn"), _data(event)
        key = data.get("key")
        if turn is None or not isinstance(key, str) or turn >= len(talk.turns):
            return gr.skip(), gr.skip()
        return self._shown(talk, Opened(turn, key, data.get("raw") is True), language_for(request))

    def judge(self, kept: str, event: gr.EventData, request: gr.Request) -> tuple[Any, Any]:
        """Keep what the reader thinks of an answer; return (kept, conversation)."""
        talk, number = from_json(kept), count_in(event, "turn")
        verdict = _data(event).get("verdict")
        if self.feedback is None or number is None or number >= len(talk.turns):
            return gr.skip(), gr.skip()
        turn = talk.turns[number]
        if turn.reply is None or verdict not in ("up", "down"):
            return gr.skip(), gr.skip()
        history = history_of(talk.turns[:number])
        told = self.feedback.judge(turn.feedback, turn.question, turn.reply, verdict, history)
        turns = list(talk.turns)
        turns[number] = replace(turn, judged=verdict, feedback=told)
        talk = replace(talk, turns=tuple(turns))
        return to_json(talk), self._conversation(talk, None, language_for(request))

    def note(self, kept: str, event: gr.EventData) -> None:
        """Keep a note on a judged answer."""
        talk, data = from_json(kept), _data(event)
        number, fields = data.get("note"), data.get("fields")
        if not isinstance(number, str) or not number.isdecimal() or int(number) >= len(talk.turns):
            return
        note = fields.get("note") if isinstance(fields, dict) else None
        turn = talk.turns[int(number)]
        if self.feedback is not None and turn.feedback and isinstance(note, list) and note:
            self.feedback.note(turn.feedback, str(note[0]))

    # -- drawing

    def _conversation(self, talk: Talk, opened: Opened | None, language: str) -> str:
        return conversation_html(talk.turns, opened, language=language, tools=self._tools)

    def _shown(self, talk: Talk, opened: Opened | None, language: str) -> tuple[str, str]:
        conversation = self._conversation(talk, opened, language)
        reply = talk.turns[opened.turn].reply if opened else None
        place = reply.place(opened.key) if reply and opened else None
        if opened is None or reply is None or place is None:
            return conversation, ""
        article, source = self._article(place)
        return conversation, evidence_html(reply, opened, article, source, language=language)

    def _article(self, place: Place) -> tuple[Article | None, Source | None]:
        try:
            article = self.bot.article(place.article_id)
            return article, self.bot.source(article.source)
        except KeyError:  # taken out of the index since
            return None, None

    def _examples(self) -> Sequence[str]:
        if self.examples is not None:
            return self.examples
        with self._drawing:
            state = self.shelf.revision() if self.shelf else None
            if self._drawn is None or self._drawn[0] != state:
                sample = self.shelf.sample() if self.shelf else self.bot.articles()
                self._drawn = state, example_questions.drawn_from(sample)
            return self._drawn[1]


def _first_evidence(talk: Talk) -> Opened | None:
    """Return what the panel shows after the last turn: its first citation or nearest passage."""
    reply = talk.turns[-1].reply if talk.turns else None
    if reply is None:
        return None
    if reply.citations:
        return Opened(len(talk.turns) - 1, reply.citations[0].key)
    return Opened(len(talk.turns) - 1, NEAREST) if reply.nearest else None


def _data(event: gr.EventData) -> dict[str, Any]:
    return event._data if isinstance(event._data, dict) else {}


def count_in(event: gr.EventData, name: str) -> int | None:
    """Return a count that the browser sent with a click, None for anything else it may send."""
    value = _data(event).get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def language_for(request: gr.Request | None) -> str:
    """Return the language that a reader chose, else the browser's."""
    headers = request.headers if request is not None else {}
    cookies = [part.strip() for part in (headers.get("cookie") or "").split(";")]
    chosen = [part.partition("=")[2] for part in cookies if part.startswith("youju-language=")]
    if chosen and chosen[0] in STRINGS:
        return chosen[0]
    return language_of(headers.get("accept-language"))
