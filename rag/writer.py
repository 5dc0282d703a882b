"""What a language model writes about passages → an answer whose every sentence stands in them.

A sentence passes when it quotes a passage to the character, outside what looks like an order to a
machine (`rag.orders`), and says nothing that the sentences it cites do not (`rag.verify`). Of its
quotes those are kept that share words with it. Sentences that do not pass are dropped; where none
is left, the extractive reader's answer stands in, or its refusal.

**Confidence** of such an answer is not fitted, for no language model was at hand. It takes model
and extractive reader for two witnesses: `TRUST` for the model, less where sentences were dropped or
the cited text holds little of the question, and the calibrated confidence for the other. Agreement
raises it, disagreement lowers it. Whether an answer is given is decided by the gate, not by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rag.claims import Passage, Place, sentence_around
from rag.orders import orders
from rag.readers.llm import LanguageModel
from rag.readers.llm.prompt import NOT_FOUND, chat
from rag.readers.llm.quotes import Said, Sentences
from rag.terms import fold, is_chinese, subject_terms, terms
from rag.types import Answer, Article, Citation, Span, essence
from rag.verify import quotable, supported

TRUST = 0.7  # that a model's sentence which passed the gate is right; a guess, see above
SAME_MISTAKE = 0.2  # that two readers who are both wrong are wrong alike; a guess too
MOST_SENTENCES = 6  # asked for are three

_UNSAFE = re.compile(
    r"\]\s?\(|!\s?\[|<[a-z!/?|]|javascript:|data:[a-z]+/|&#?\w+;|\{\{|\$\{", re.IGNORECASE
)  # markup has no place in a sentence, whatever page it will be shown on

Cite = Callable[[int, Article, Span], Citation]
"""Makes citation number n of a span: `rag.answer.cite`."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that passed, and the places it stands in."""

    text: str
    places: tuple[Place, ...]


class Gate:
    """Lets pass what a model says of these passages and what they say too."""

    def __init__(self, question: str, passages: Sequence[Passage]) -> None:
        self._question = question
        self._passages = passages
        self._texts = [p.article.text[p.span.start : p.span.end] for p in passages]
        self._barred = [orders(p.article.text) for p in passages]
        self.dropped = 0

    def sentence(self, said: Said) -> Sentence | None:
        """Return the sentence with the places that support it; None where it must not leave."""
        found = self._passed(said)
        self.dropped += found is None and not said.text.casefold().startswith(NOT_FOUND)
        return found

    def _passed(self, said: Said) -> Sentence | None:
        places = [place for n, words in said.quotes if (place := self._place(n, words))]
        text = said.text or " ".join(a.text[s.start : s.end] for a, s in places)
        places = [place for place in dict.fromkeys(places) if _speaks_of(text, place)]
        if not places or _UNSAFE.search(text) or "\n" in text:
            return None
        cited = "\n".join(_cited(article, span) for article, span in places)
        fine = supported(text, cited, asked=self._question)
        return Sentence(text, tuple(places)) if fine else None

    def _place(self, number: int, words: str) -> Place | None:
        if not 1 <= number <= len(self._passages):
            return None
        passage = self._passages[number - 1]
        shift = passage.span.start
        barred = [Span(b.start - shift, b.end - shift) for b in self._barred[number - 1]]
        span = quotable(words, self._texts[number - 1], barred=barred)
        if span is None:
            return None
        place = Span(span.start + shift, span.end + shift)
        around = sentence_around(passage.article, place)  # what the citation will show
        if any(b.start < around.end and around.start < b.end for b in self._barred[number - 1]):
            return None
        return passage.article, place


class Writer:
    """Answers with a language model, held to the passages. Safe to share between threads."""

    def __init__(self, model: LanguageModel, *, seconds: float) -> None:
        self._model = model
        self._seconds = seconds

    def answer(
        self, extracted: Answer, passages: Sequence[Passage], cite: Cite
    ) -> Iterator[str | Answer]:
        """Yield the verified sentences as they come, with their markers, and last the Answer, whose
        text they are; `extracted` alone where none passes.

        Raises ReaderError.
        """
        gate, sentences, citations = (
            Gate(extracted.standalone or extracted.question, passages),
            list[Sentence](),
            list[Citation](),
        )
        text = ""
        for sentence in self._sentences(extracted, passages, gate):
            markers = _markers(sentence, citations, cite)
            piece = f"{_joint(text, sentence.text)}{sentence.text} {markers}"
            text += piece
            sentences.append(sentence)
            yield piece
            if len(sentences) == MOST_SENTENCES:
                break
        if not sentences:
            yield extracted
            return
        said = " ".join(s.text for s in sentences)
        said = "".join(s.text for s in sentences) if is_chinese(said) else said
        kept = len(sentences) / (len(sentences) + gate.dropped)
        yield Answer(
            extracted.question,
            said,
            text,
            False,
            confidence(extracted, said, "\n".join(c.quote for c in citations), kept),
            tuple(citations),
            extracted.hits,
            standalone=extracted.standalone,
        )

    def _sentences(
        self, extracted: Answer, passages: Sequence[Passage], gate: Gate
    ) -> Iterator[Sentence]:
        question = extracted.standalone or extracted.question
        written = Sentences()
        pieces = self._model.write(chat(question, passages), seconds=self._seconds)
        for piece in pieces:
            yield from filter(None, map(gate.sentence, written.feed(piece)))
        yield from filter(None, map(gate.sentence, written.close()))


def confidence(extracted: Answer, said: str, cited: str, kept: float) -> float:
    """Return how likely a model's answer is right, 0 to 1, beside the extractive reader's.

    `kept` is the share of its sentences that passed. See the module's words: this is not fitted.
    """
    wanted = subject_terms(extracted.standalone or extracted.question)
    cover = len(wanted & set(terms(cited))) / max(1, len(wanted))
    if is_chinese(extracted.question) != is_chinese(cited):
        cover = 0.5  # the other language shares no words whatever it says
    model = TRUST * (0.5 + 0.5 * kept) * (0.5 + 0.5 * min(1.0, 1.5 * cover))
    other = extracted.confidence
    if extracted.answer is None:  # the extractive reader gave no evidence
        return model
    if _key(extracted.answer) in _key(said):
        both = model * other
        return both / (both + (1 - model) * (1 - other) * SAME_MISTAKE)
    return model * (1 - other) / (1 - model * other)


def _key(text: str) -> str:
    return "".join(c for c in fold(essence(text)) if c.isalnum() or c in "%.")


def _cited(article: Article, span: Span) -> str:
    around = sentence_around(article, span)
    return article.text[around.start : around.end]


def _speaks_of(text: str, place: Place) -> bool:
    """Tell whether a cited place shares a word or number with a sentence; one in the other language
    may share none."""
    cited = _cited(*place)
    if is_chinese(text) != is_chinese(cited):
        return True
    said, held = set(terms(text)), set(terms(cited))
    return any(len(term) > 1 or term.isdigit() for term in said & held) or bool(
        essence(text) in essence(cited)
    )


def _markers(sentence: Sentence, citations: list[Citation], cite: Cite) -> str:
    """Return the marks of a sentence's places; a place whose sentence is not cited yet gets the
    next number and is added to `citations`."""
    numbers = []
    for article, span in sentence.places:
        quote = sentence_around(article, span)
        known = [
            c.marker for c in citations if c.article.id == article.id and c.quote_span == quote
        ]
        if not known:
            citations.append(cite(len(citations) + 1, article, span))
        numbers.append(known[0] if known else len(citations))
    return " ".join(f"[{n}]" for n in dict.fromkeys(numbers))


def _joint(before: str, sentence: str) -> str:
    return "" if not before else "" if is_chinese(sentence) else " "
