"""A question and passages of either language → readings.

    "How many drones did Songyan ship in July?"   松延动力7月交付无人机105台
    → read as "How many drones did Songyan ship in July? 7月 交付 无人机"

Search says which of its translations of the question's words stand in a passage of the other
language; with them beside the question the reader sees where the text speaks of what is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from rag.readers import Reader
from rag.terms import is_chinese
from rag.types import Article, Reading, Span

_MOST_WORDS = 12  # beside the question: the reader reads 32 tokens of it


class Passage(Protocol):
    """A stretch of an article to read: a Hit, or a chunk of a text that is not indexed."""

    @property
    def article(self) -> Article:
        """The article it is a part of."""

    @property
    def span(self) -> Span:
        """Where, in the article's text."""

    @property
    def score(self) -> float:
        """How well it was found; higher is better."""

    @property
    def matched(self) -> Sequence[str]:
        """The question's words that stand in it, in its own language."""


def text_of(passage: Passage) -> str:
    """Return the words of a passage."""
    return passage.article.text[passage.span.start : passage.span.end]


def is_foreign(question: str, passage: Passage) -> bool:
    """Tell whether a passage is not in the question's language."""
    return is_chinese(question) != is_chinese(text_of(passage))


def foreign_words(question: str, passages: Sequence[Passage]) -> list[str]:
    """Return the question's words in the other language, those that most passages hold first."""
    counts = Counter(
        word
        for passage in passages
        if is_foreign(question, passage)
        for word in passage.matched
        if len(word) > 1 or word.isdigit()
    )
    return [word for word, _ in counts.most_common(_MOST_WORDS)]


def read(reader: Reader, question: str, passages: Sequence[Passage]) -> list[Reading]:
    """Return what the reader finds, best first; each passage is read in its own language."""
    words = foreign_words(question, passages)
    foreign = [bool(words) and is_foreign(question, passage) for passage in passages]
    readings: list[Reading] = []
    for is_other, asked in ((False, question), (True, f"{question} {' '.join(words)}")):
        numbers = [n for n, other in enumerate(foreign) if other is is_other]
        found = reader.read(asked, [text_of(passages[n]) for n in numbers]) if numbers else []
        readings += [reading._replace(passage=numbers[reading.passage]) for reading in found]
    return sorted(readings, key=lambda reading: -reading.score)
