"""Bot.ask: search, read, choose, cite or refuse. The only place that picks implementations.

Citations are made in `cite` and nowhere else, as slices of an article, so that a quote that is not
in the text cannot be. No citation means refusal; there is no third state.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from embeddings import Embedder, EmbedderError
from rag.articles import split_articles
from rag.chunks import split_chunks
from rag.citations import cite, cited, said
from rag.claims import (
    Claim,
    Passage,
    evidence,
    make_claims,
)
from rag.composed import put_together, set_right
from rag.confidence import ANOTHERS, Calibration, Evidence
from rag.dialogue import InContext, in_context, plain
from rag.errors import ModelError, QuestionError
from rag.filters import Filter
from rag.followed import told_anew
from rag.ingest import load_embedder
from rag.ranking import Group
from rag.readers import Reader
from rag.readers.extractive import ExtractiveReader
from rag.readers.llm import open_model
from rag.refusal import refusal_text
from rag.rivals import rival
from rag.search import Rerank, Search, Weighed
from rag.settings import Settings
from rag.spelt import as_found
from rag.store import Store
from rag.stores import Where, open_search, open_store
from rag.types import Answer, Article, Citation, History, Hit, Source, Span, essence
from rag.writer import Writer

_NEAREST = 60  # characters of the passage shown with a refusal, at least
HITS = 10  # passages listed with an answer


@dataclass(frozen=True, slots=True)
class _Loose:
    """A passage of a text that was handed in, not found."""

    article: Article
    span: Span
    score: float = 1.0


class Bot:
    """Answers questions over one index. Safe to share between threads."""

    def __init__(
        self,
        search: Search,
        reader: Reader,
        calibration: Calibration,
        settings: Settings,
        writer: Writer | None = None,
    ) -> None:
        self._writer = writer  # a language model, where the settings name one
        self._search = search
        self._reader = reader
        self._calibration = calibration
        self._settings = settings

    @classmethod
    def open(
        cls, index: Where, *, settings: Settings = Settings(), embedder: str | None = None
    ) -> Bot:
        """Open an index. Raises MissingIndex, WrongEmbedder, DamagedIndex or ModelError."""
        store = open_store(index)
        name = embedder or settings.embedder
        model: Embedder = load_embedder(name)
        store.check_embedder(name, model.fingerprint)
        store.close()
        reader = ExtractiveReader.load()
        search = open_search(index, model, settings, _load_reranker(settings.reranker))
        written = open_model(settings)
        writer = Writer(written, seconds=settings.reader_seconds) if written else None
        return cls(search, reader, Calibration.from_json(reader.calibration), settings, writer)

    @property
    def folder(self) -> Path | None:
        """The folder of its index; None where that is in Milvus."""
        store = self._search.store
        return store.folder if isinstance(store, Store) else None

    @property
    def settings(self) -> Settings:
        """What it was opened with."""
        return self._settings

    def with_reader(self, reader: Reader, calibration: Calibration) -> Bot:
        """Return a bot over the same index with another reader, or another calibration."""
        return Bot(self._search, reader, calibration, self._settings, self._writer)

    def ask(self, question: str, history: History = (), within: Filter = Filter()) -> Answer:
        """Answer a question from the articles in `within`, or refuse.

        Raises QuestionError when it is empty or too long, ReaderError when a language model is to
        answer and does not.
        """
        *_, answer = self.ask_stream(question, history, within)
        assert isinstance(answer, Answer)
        return answer

    def ask_stream(
        self, question: str, history: History = (), within: Filter = Filter()
    ) -> Iterator[str | Answer]:
        """Yield an answer's text piece by piece, each verified, and last the Answer whose text they
        are; only the Answer where the bundled reader answers. Raises as `ask` does."""
        started = time.perf_counter()
        extracted = self._extract(question, history, within)
        if self._writer is None or not extracted.hits:
            yield extracted
            return

        def made(marker: int, article: Article, span: Span) -> Citation:
            return cite(marker, article, span, self.source(article.source))

        for piece in self._writer.answer(extracted, self._to_read(extracted.hits), made):
            if isinstance(piece, Answer):
                spent = 1000 * (time.perf_counter() - started)
                times = extracted.milliseconds
                times = times | {"read": spent - times["search"], "total": spent}
                piece = replace(piece, milliseconds=times)
            yield piece

    def _extract(self, question: str, history: History, within: Filter) -> Answer:
        """Answer with the bundled reader."""
        started = time.perf_counter()
        asked = in_context(plain(self._checked(question)), history)
        hits, translated = self._search.look(asked.whole, HITS, within)
        passages = self._to_read(hits)
        found = time.perf_counter()
        answer = self._answer(
            question,
            _spelt(asked, passages),
            passages,
            refuse_below=self._threshold(),
            twins=[hit for hit in hits if hit.same_as],
            translated=translated,
            missing=lambda: self._search.missing(asked.whole),  # only a refusal tells it
        )
        read = time.perf_counter()
        times = {"search": found - started, "read": read - found, "total": read - started}
        return replace(
            answer,
            hits=hits,
            standalone=asked.whole,
            milliseconds={k: 1000 * v for k, v in times.items()},
        )

    def ask_text(self, question: str, text: str, *, must_answer: bool = False) -> Answer:
        """Answer from this one text, without index or search; `must_answer`: give the best span
        however doubtful."""
        started = time.perf_counter()
        self._checked(question)
        source = Source("text", text, title="")
        passages = self._parted(source)
        answer = self._answer(
            question,
            _spelt(InContext(question, question), passages),
            passages,
            source=lambda _: source,
            refuse_below=0.0 if must_answer else self._threshold(),
        )
        spent = 1000 * (time.perf_counter() - started)
        return replace(
            answer, standalone=question, milliseconds={"search": 0.0, "read": spent, "total": spent}
        )

    def weigh_text(self, question: str, text: str) -> tuple[list[Claim], Evidence] | None:
        """Return what `weigh` does, over this one text."""
        passages = self._parted(Source("text", text, title=""))
        asked = _spelt(InContext(question, question), passages)
        claims = self._claims(asked, passages, ())
        return (claims, evidence(asked.whole, claims, passages)) if claims else None

    def _parted(self, source: Source) -> list[_Loose]:
        """Return the passages of a text that is in no index."""
        most, overlap = self._settings.max_chunk_chars, self._settings.overlap_chars
        return [
            _Loose(article, chunk.span)
            for article in split_articles(source)
            for chunk in split_chunks(article, most, overlap)
        ]

    def weigh(self, question: str, history: History = ()) -> tuple[list[Claim], Evidence] | None:
        """Return the possible answers, best first, and what the confidence of the best is from.

        This is what the calibration is fitted on; None when there is nothing to read.
        """
        asked = in_context(plain(self._checked(question)), history)
        hits, translated = self._search.look(asked.whole, HITS)
        passages = self._to_read(hits)
        asked = _spelt(asked, passages)
        claims = self._claims(asked, passages, translated)
        return (claims, evidence(asked.whole, claims, passages, translated)) if claims else None

    def search(
        self, question: str, *, limit: int = HITS, within: Filter = Filter()
    ) -> tuple[Hit, ...]:
        """Return the best passages for a question, of the articles in `within`."""
        return self._search.find(self._checked(question), limit, within)

    def weigh_passages(self, question: str) -> list[Weighed]:
        """Return all candidates of a question and what their order is computed from; the weights of
        `rag.ranking` are fitted on this."""
        return self._search.weigh(self._checked(question))

    def articles(self) -> list[Article]:
        """Return all articles of the index."""
        return self._search.store.articles()

    def article(self, article_id: str) -> Article:
        """Return one article. Raises KeyError when it is not there."""
        return self._search.store.article(article_id)

    def sources(self) -> list[str]:
        """Return the names of all sources."""
        return self._search.store.sources()

    def source(self, name: str) -> Source:
        """Return a source as stored. Raises KeyError when it is not there."""
        return self._search.store.source(name)

    def _to_read(self, hits: Sequence[Hit]) -> list[Hit]:
        """Return the passages to read: of those that say the same the first."""
        return [hit for hit in hits if not hit.same_as][: self._settings.passages_read]

    def _threshold(self) -> float:
        chosen = self._settings.refuse_below
        return self._calibration.threshold if chosen is None else chosen

    def _checked(self, question: str) -> str:
        if not question.strip() or not essence(question):
            raise QuestionError("the question is empty: type one, e.g. 松延动力7月交付多少台?")
        limit = self._settings.max_question_chars
        if len(question) > limit:
            raise QuestionError(
                f"the question has {len(question):,} characters, at most {limit:,} can be read:"
                " shorten it"
            )
        return question

    def _answer(
        self,
        question: str,
        asked: InContext,
        passages: Sequence[Passage],
        *,
        refuse_below: float,
        source: Callable[[str], Source] | None = None,
        twins: Sequence[Hit] = (),
        translated: Sequence[Group] = (),
        missing: Callable[[], Sequence[str]] = tuple,
    ) -> Answer:
        claims = self._claims(asked, passages, translated)
        if not claims:
            return _refusal(question, 0.0, None, missing())
        best, source_of = claims[0], source or self.source
        confidence = self._calibration.confidence(
            evidence(asked.whole, claims, passages, translated)
        )
        if confidence < refuse_below:
            article, span = best.places[0]
            nearest = cite(1, article, span, source_of(article.source), at_least=_NEAREST)
            return _refusal(
                question,
                confidence,
                replace(nearest, answer_in_article=(), answer_spans=()),
                missing(),
                rival(asked.alone, best) if best.rule == ANOTHERS else "",
            )
        citations = cited(best, [*passages, *twins], source_of)
        markers = " ".join(f"[{c.marker}]" for c in citations)
        quoted = citations if best.parts else citations[:1]
        quotes = "\n".join(f"{c.quote} [{c.marker}]" for c in quoted)
        text = f"{said(best, question)} {markers}\n\n{quotes}"
        return Answer(question, best.text, text, False, confidence, citations)

    def _claims(
        self, asked: InContext, passages: Sequence[Passage], translated: Sequence[Group]
    ) -> list[Claim]:
        claims = self._read(asked, passages, translated)
        if asked.told:  # a follow-up
            others = [self._read(asked._replace(own=o), passages, translated) for o in asked.others]
            claims = told_anew(asked, [claims, *others])
        if asked.glued:
            return set_right(asked.own, claims, passages, asked.alone)

        def read(part: str) -> list[Claim]:
            return self._read(asked.of(part), passages, translated)

        return put_together(asked.own, claims, passages, read)

    def _read(
        self, asked: InContext, passages: Sequence[Passage], translated: Sequence[Group]
    ) -> list[Claim]:
        """Return the answers to a question that asks one thing."""
        texts = [p.article.text[p.span.start : p.span.end] for p in passages]
        readings = self._reader.read(asked.own, texts)
        return make_claims(
            asked.whole,
            passages,
            readings,
            self._calibration,
            translated,
            own=asked.own,
            told=asked.told,
        )


def _spelt(asked: InContext, passages: Sequence[Passage]) -> InContext:
    """Return the question as the passages spell it."""
    texts = [p.article.text[p.span.start : p.span.end] for p in passages]
    return asked.respelt(cache(lambda part: as_found(part, texts)))  # most parts are the question


def _load_reranker(name: str) -> Rerank | None:
    """Return what reorders passages, None for "none". Raises ModelError."""
    if name == "none":
        return None
    from embeddings.rerank import Reranker

    try:
        return Reranker.open(name).scores
    except EmbedderError as error:
        raise ModelError(str(error)) from error


def _refusal(
    question: str,
    confidence: float,
    nearest: Citation | None,
    missing: Sequence[str],
    other: str = "",
) -> Answer:
    said = refusal_text(question, missing, nearest.quote if nearest else None, other)
    return Answer(question, None, said, True, confidence, (), (), nearest)
