"""Where a passage says words of the question in the other language: "Songyan" at 松延, "1.2
billion" at 12亿.

Match features count these places like shared words. They are found by the lexicon that searching
uses, in nothing but the question and the passage, so that training and reading agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from rag.lexicon.groups import places_of
from rag.lexicon.translation import ENGLISH_WORD, base_forms, held
from rag.lexicon.words import FUNCTION_WORDS
from rag.terms import fold, is_chinese

_INFLECTED = 0.6  # worth of another form of the same word: "opened" at "opening"


class Place(NamedTuple):
    """Characters [start, end) of a passage say what characters [at, to) of the question do; worth
    is how sure that is, up to 1."""

    start: int
    end: int
    at: int
    to: int
    worth: float


def foreign_places(question: str, passages: Sequence[str]) -> list[list[Place]]:
    """Return the places in each folded passage: of one in the other language those that say words
    of the question, of an English one those that say an English question's words in other forms."""
    chinese, asked = is_chinese(question), fold(question)
    foreign = [k for k, passage in enumerate(passages) if is_chinese(passage) != chinese]
    found: list[list[Place]] = [[] for _ in passages]
    texts = [passages[k] for k in foreign]
    for k, text, words in zip(foreign, texts, held(question, texts), strict=True):
        found[k] = list(_places(asked, text, words))
    if not chinese and len(foreign) < len(passages):
        forms = _forms_asked(asked)
        for k in {*range(len(passages))} - {*foreign}:
            found[k] = list(_other_forms(forms, passages[k]))
    return found


def _forms_asked(question: str) -> dict[str, tuple[str, int]]:
    """Return what each content word of an English question may be a form of → the word and where
    it begins."""
    words = ((m.group(), m.start()) for m in ENGLISH_WORD.finditer(question))
    content = [one for one in words if len(one[0]) > 2 and one[0] not in FUNCTION_WORDS]
    return {form: (word, at) for word, at in reversed(content) for form in _base_forms(word)}


def _other_forms(asked: Mapping[str, tuple[str, int]], text: str) -> Iterator[Place]:
    for match in ENGLISH_WORD.finditer(text):
        word, start = match.group(), match.start()
        known = next((asked[form] for form in _base_forms(word) if form in asked), None)
        if known and known[0] != word:
            yield Place(start, match.end(), known[1], known[1] + len(known[0]), _INFLECTED)


@lru_cache(maxsize=4096)  # English words are met again and again
def _base_forms(word: str) -> tuple[str, ...]:
    return tuple(base_forms(word))


def _places(question: str, text: str, words: dict[str, dict[str, float]]) -> Iterator[Place]:
    for word, others in words.items():
        at = question.find(word)
        if at < 0:
            continue
        for other, worth in others.items():
            for start in places_of(other, text):
                yield Place(start, start + len(other), at, at + len(word), worth)
