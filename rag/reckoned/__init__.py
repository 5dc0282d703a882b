"""Answers that stand in no text but follow from what stands there: the other of two values that are
compared, their difference, the rest of a whole, a sum.

    "每吨187元，比原来便宜23元"   原来多少钱?   → 210元（187元 + 23元）

A value is reckoned only where the question names what the text compares with, or asks for the rest,
the sum or the change, and the text does not tell it. All parts stand in the sentence that the
reader found, or beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from rag.claims import Claim, Place, sentence_around
from rag.reckoned.changes import change
from rag.reckoned.differences import other_value
from rag.reckoned.lives import year_begun
from rag.reckoned.pairs import Told, between, opposed
from rag.reckoned.rests import rest, total
from rag.reckoned.scene import Scene, Sum, asked_of, asks_amount, scene_of
from rag.terms import fold
from rag.types import Article, Span

_END = re.compile(r"[。！？!?]+[”’」』）)]*|\.(?=\s|$)|\n")
_LOOKED_AT = 3  # claims whose sentences are looked at: the reader ranks the right one there
_PAIRED = 4  # claims among which two values are looked for that are to be compared
RULES: tuple[Callable[[Scene], Sum | None], ...] = (change, rest, total, year_begun, other_value)


def with_reckoned(question: str, claims: list[Claim]) -> list[Claim]:
    """Return the claims, with the one that follows from what their sentences tell put first, where
    there is one.

    It is as likely as the claim whose sentence it was reckoned from, and no likelier.
    """
    seen: set[tuple[str, Span]] = set()
    for claim in claims[:_LOOKED_AT]:
        article, span = claim.places[0]
        sentence = sentence_around(article, span)
        if (article.id, sentence) in seen:
            continue
        seen.add((article.id, sentence))
        found = reckon(question, article, sentence)
        if found is not None and not _is_printed(found.text, article):
            places = tuple((article, part) for part in found.parts)
            put = _put(claim, found.text, places, found.shown)
            return [replace(put, rule=found.rule), *claims]
    return _with_difference(question, claims)


def _with_difference(question: str, claims: list[Claim]) -> list[Claim]:
    """Return the claims, with what two of them differ by put first, where that is asked for."""
    if opposed(fold(question)) is None:
        return claims
    told: list[Told] = []
    articles: list[Article] = []
    for number, claim in enumerate(claims[:_PAIRED]):
        article, span = claim.places[0]
        sentence = sentence_around(article, span)
        asked = asked_of(question, article.published)
        if not asks_amount(asked):
            return claims
        scene = scene_of(asked, article, sentence, _beside(article, sentence))
        inside = [a for a in scene.amounts if a.span.start < span.end and span.start < a.span.end]
        if len(inside) == 1:
            told.append(Told(number, scene, inside[0]))
            articles.append(article)
    found = between(told[0].scene.asked, told) if len(told) > 1 else None
    if found is None or any(_is_printed(found.text, article) for article in articles):
        return claims
    sides = (found.greater, found.lesser)
    near = claims[max(side.claim for side in sides)]  # as likely as the less likely of the two
    places = tuple((claims[s.claim].places[0][0], s.amount.span) for s in sides)
    put = _put(near, found.text, places, found.shown)
    return [replace(put, rule=between.__name__), *claims]


def _put(claim: Claim, text: str, parts: tuple[Place, ...], shown: str) -> Claim:
    return replace(claim, text=text, places=parts, parts=parts, shown=shown)


def reckon(question: str, article: Article, sentence: Span) -> Sum | None:
    """Return what a question asks for reckoned from a sentence of an article, None where nothing
    can be, or need be."""
    asked = asked_of(question, article.published)
    if not asks_amount(asked):
        return None
    scene = scene_of(asked, article, sentence, _beside(article, sentence))
    if not scene.amounts:
        return None
    for rule in RULES:
        if (found := rule(scene)) is not None:
            return found._replace(rule=rule.__name__)
    return None


def _beside(article: Article, sentence: Span) -> Span:
    """Return a sentence with those before and after it in its paragraph."""
    text = article.text
    line = text.rfind("\n", 0, sentence.start) + 1
    before = [m.end() for m in _END.finditer(text, line, max(line, sentence.start - 1))]
    after = _END.search(text, sentence.end)
    start = before[-1] if before else line
    end = text.find("\n", sentence.end) if after is None else after.end()
    return Span(min(start, sentence.start), max(end if end >= 0 else len(text), sentence.end))


def _is_printed(text: str, article: Article) -> bool:
    """Tell whether what was reckoned stands in the article: then that is to be read."""
    return bool(re.search(rf"(?<![\d.,]){re.escape(text)}", article.text))
