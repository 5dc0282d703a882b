"""Figures that a text sets right: what was printed, and what it should have been.

    煤炭吞吐量“1085万吨”应为“1058万吨”                 1085万吨 → 1058万吨
    退出的人数应为28人，而非此前所说的38人                38人 → 28人
    An earlier report gave the date as September 22; it was September 15

An article, or another that was found, may still print the wrong one, and a reader finds it first:
it stands in the plainer sentence. The right one is preferred, unless the wrong one is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from rag.borders import natural_borders
from rag.claims import Claim, Passage, sentence_around
from rag.several import first_of
from rag.terms import subject_terms, terms
from rag.types import Article, Span

_CUE = re.compile(
    "(?:应为|应是|实为|应改为|(?:更正|订正|核减|核增|修正|改正)为)[“\"‘约]?(?=[0-9])"
    r"|\b(?:should (?:have )?(?:be|been|read|said)|it was|it is|correct (?:figure|date|number|time)"
    r" (?:is|was))(?: in fact| actually| really)?\W(?=[$£€]?\d|[A-Z][a-z]+ \d)"
)
_AMISS = re.compile(  # without it "it was" sets nothing right
    r"\b(?:earlier (?:report|article|story)|misstated|incorrectly|wrongly|mistaken\w*|in error"
    r"|correction)\b",
    re.IGNORECASE,
)
_NOT = re.compile("[，,]?(?:而非|而不是|不是|并非)[^，。；0-9]{0,12}")
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_FIGURE = re.compile(
    rf"(?:[0-9]{{1,2}}月[0-9]{{1,2}}[日号]|(?:{_MONTHS}) \d+|[$£€]?\d[\d,.]*\d|\d)"
)
_DIGITS = re.compile(r"\d[\d,.]*\d|\d")
_BACK = 40  # characters before the cue in which the wrong figure stands
_AMISS_BACK = 160  # … in which English says that something was wrong
_ABOUT = 24  # characters before a figure that say what it counts
_SHARED = 2  # words that another article must share with that
_TRIED = 4  # answers among which the right figure is looked for, where it is asked for
_ASKS_WRONG = re.compile(
    r"原来|原先|起初|最初|当初|一开始|错[印写登报成]|[印写登报弄搞]错|误[印写登报]|第一次公布"
    r"|\b(?:wrongly|misprint\w*|mistaken\w*|error|at first|originally|first (?:said|reported))\b"
)
_ASKS_RIGHT = re.compile(
    r"到底|究竟|实际|真正|改过|更正|订正|准确|正确|为准|\b(?:really|actual\w*|correct\w*|in fact)\b"
)


class Correction(NamedTuple):
    """A wrong figure, the right one, and where an article prints the right one."""

    wrong: str
    right: Span
    article: Article
    sentence: Span
    about: frozenset[str]


def with_corrected(
    question: str, claims: list[Claim], passages: Sequence[Passage]
) -> list[Claim]:
    """Return the claims with the right figure before them, where the best one gives a figure that a
    passage sets right; the claims themselves where none does, or the wrong one is asked for."""
    if not claims or claims[0].parts or _ASKS_WRONG.search(question):
        return claims
    found = list(corrections(passages))
    for one in found:
        if _is_of(one, claims[0]):
            return first_of(_put(one, claims), claims)
    if not found or not _ASKS_RIGHT.search(question):
        return claims
    wanted = subject_terms(question)
    for claim in claims[:_TRIED]:
        for one in found:
            if _says(one, claim) and len(wanted & one.about) >= _SHARED:
                return first_of(_put(one, claims), claims)
    return claims


def corrections(passages: Sequence[Passage]) -> Iterator[Correction]:
    """Yield what the articles of some passages set right."""
    for article in {p.article.id: p.article for p in passages}.values():
        text = article.text
        for cue in _CUE.finditer(text):
            if cue[0][0].isascii() and not _AMISS.search(
                text, max(0, cue.start() - _AMISS_BACK), cue.start()
            ):
                continue
            figure = _FIGURE.match(text, cue.end())
            if figure is None:
                continue
            right = natural_borders(text, Span(*figure.span()))
            sentence = sentence_around(article, Span(cue.start(), right.end))
            wrong = _wrong(text, sentence, cue.start(), right.end)
            if wrong is not None and wrong[0] != _number(figure[0]):
                told = text[max(sentence.start, wrong[1] - _ABOUT) : wrong[1]]
                told += text[max(sentence.start, cue.start() - _ABOUT) : cue.start()]
                about = frozenset(terms(told)) | frozenset(terms(article.title or ""))
                yield Correction(wrong[0], right, article, sentence, about)


def _wrong(text: str, sentence: Span, cue: int, end: int) -> tuple[str, int] | None:
    """Return the figure that is set right and where it stands: behind 而非, or last before."""
    if (denied := _NOT.match(text, end)) and (figure := _FIGURE.match(text, denied.end())):
        return _number(figure[0]), figure.start()
    before = list(_FIGURE.finditer(text, max(sentence.start, cue - _BACK), cue))
    return (_number(before[-1][0]), before[-1].start()) if before else None


def _number(figure: str) -> str:
    return figure.replace(",", "")


def _numbers(words: str) -> set[str]:
    return {_number(m[0]) for m in _FIGURE.finditer(words)} | {
        _number(m[0]) for m in _DIGITS.finditer(words)
    }


def _is_of(one: Correction, claim: Claim) -> bool:
    """Tell whether an answer gives the wrong figure, and of the same thing."""
    article, span = claim.places[0]
    if one.wrong not in _numbers(claim.text):
        return False
    if article.id == one.article.id and one.sentence.start <= span.start < one.sentence.end:
        return True
    sentence = sentence_around(article, span)
    said = set(terms(article.text[max(sentence.start, span.start - _ABOUT) : span.start]))
    return len({t for t in said & one.about if len(t) > 1}) >= _SHARED


def _says(one: Correction, claim: Claim) -> bool:
    """Tell whether an answer gives the right figure out of the sentence that sets it right."""
    article, span = claim.places[0]
    there = article.id == one.article.id and span.start < one.right.end
    return there and span.end > one.right.start and len(_numbers(claim.text)) < 3


def _put(one: Correction, claims: Sequence[Claim]) -> Claim:
    """Return the right figure as a claim, told as the answer that gives it, or as the best."""
    told = next((c for c in claims[:_TRIED] if _says(one, c)), claims[0])
    text = one.article.text[one.right.start : one.right.end].strip("“”\"' ")
    start = one.article.text.index(text, one.right.start)
    place = (one.article, Span(start, start + len(text)))
    return replace(told, text=text, places=(place,), rule="corrected")
