"""Where a passage says words of the question in the other language: "Songyan" at 松延, "1.2
billion" at 12亿.

Match features count these places like shared words. They are found by the lexicon that searching
uses, in nothing but the question and the passage, so that training and reading agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rag.lexicon.groups import places_of
from rag.lexicon.translation import held
from rag.terms import fold, is_chinese


class Place(NamedTuple):
    """Characters [start, end) of a passage say what characters [at, to) of the question do; worth
    is how sure that is, up to 1."""

    start: int
    end: int
    at: int
    to: int
    worth: float


def foreign_places(question: str, passages: Sequence[str]) -> list[list[Place]]:
    """Return the places in each folded passage; none where it is in the question's own language."""
    chinese = is_chinese(question)
    foreign = [k for k, passage in enumerate(passages) if is_chinese(passage) != chinese]
    found: list[list[Place]] = [[] for _ in passages]
    if foreign:
        asked, texts = fold(question), [passages[k] for k in foreign]
        for k, text, words in zip(foreign, texts, held(question, texts), strict=True):
            found[k] = list(_places(asked, text, words))
    return found


def _places(question: str, text: str, words: dict[str, dict[str, float]]) -> Iterator[Place]:
    for word, others in words.items():
        at = question.find(word)
        if at < 0:
            continue
        for other, worth in others.items():
            for start in places_of(other, text):
                yield Place(start, start + len(other), at, at + len(word), worth)
