"""What a reader found → claims: possible answers, each with every place that gives it.

Readings of the same words are one claim, wherever they stand. What the reader scored is joined by
what it does not see (`rag.confidence.RANKED_BY`): how well the passage was found, whether the
answer is of the kind asked for, how much of the question its clause and sentence hold.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from rag import reasons
from rag.about import asked_of_article, told_of_itself
from rag.borders import clause, enumeration, natural_borders, quantity, quotation
from rag.choices import options
from rag.chunks import sentences
from rag.confidence import DOUBTS, Calibration, Evidence
from rag.conflicts import is_other_side, speaks_of_another
from rag.kinds import Kind, asked_kind, fit
from rag.lexicon import numbers
from rag.lexicon.groups import stands_in
from rag.lexicon.translation import base_forms, content_words, held
from rag.lexicon.words import FUNCTION_WORDS
from rag.preference import MOST, described
from rag.ranking import Group, held_share, marked
from rag.terms import fold, is_chinese, missing_terms, subject_terms, terms
from rag.trees import Trees
from rag.types import Article, Reading, Span, essence

_FAR_BEHIND = 4.0  # a place that scores this much less than the best is chance, not agreement
_SAME_STORY = 0.5  # share of a sentence's terms that another one must hold to say the same
_JOINED = 8  # readings of a passage that are tried in pairs
_APART = 30  # characters between the two
_BEHIND = 24  # characters behind an answer that tell what it counts
_NO_OTHER = 8.0  # log-odds by which an answer is ahead where it is the only one
_OF_ITSELF = 4.0  # log-odds of a headline that is asked for: what is in doubt is the article
_CUT_AS: Mapping[str, Callable[[str, Span], Span]] = {  # by the kind of answer
    "list": enumeration,
    "number": quantity,
    "said": quotation,
    "whether": clause,  # no word or name is one
}


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


Place = tuple[Article, Span]


@dataclass(frozen=True, slots=True)
class Claim:
    """One possible answer; `places` best first, one an article; `passage` is the best place's."""

    text: str
    score: float  # log-odds, as the calibration orders them
    places: tuple[Place, ...]
    passage: int
    told: tuple[float, ...]  # what the first order was weighed from, in the order of RANKED_BY
    parts: tuple[Place, ...] = ()  # of an answer put together: every part, as asked for
    support: tuple[Place, ...] = ()  # what else it was told from, where it was compared
    shown: str = ""  # the sum, where the text is reckoned from its parts
    rule: str = ""  # what put it together, "" where it was read


class _Found:
    """One possible answer where it stands, what tells for and against it, and its score."""

    def __init__(
        self, article: Article, passage: int, span: Span, reader: float, judged: float
    ) -> None:
        self.article = article
        self.passage = passage
        self.span = span
        self.reader = reader
        self.judged = judged
        self.text = article.text[span.start : span.end]
        self.told: tuple[float, ...] = ()
        self.score = 0.0


def make_claims(
    question: str,
    passages: Sequence[Passage],
    readings: Sequence[Reading],
    calibration: Calibration,
    translated: Sequence[Group] = (),
    *,
    own: str | None = None,
    told: Sequence[str] = (),
) -> list[Claim]:
    """Return the claims, best first; `translated` is the question in the other language. Of a
    follow-up `own` is the question without what went before, `told` what was answered then.

    What only repeats the question is no answer, in either language, nor is what goes on in another
    paragraph.
    """
    top = max((p.score for p in passages), default=0.0) or 1.0
    kind, asked = asked_kind(own or question), _Asked(question, passages, translated, told)
    foreign = asked.foreign
    groups: dict[str, list[_Found]] = {}
    possible = [
        *_of_itself(own or question, passages),
        *(
            found
            for found in _as_quoted(own or question, passages, readings, kind)
            if "\n" not in found.text and not asked.is_repeated(found.text, foreign[found.passage])
        ),
    ]
    for found in possible:
        if not essence(found.text):
            continue
        found.told = (
            found.reader,
            passages[found.passage].score / top - 1,
            *_told_by_text(asked, kind, found, foreign[found.passage]),
            found.judged,
        )
        found.score = calibration.rank(found.told)
        groups.setdefault(_key(found.text), []).append(found)
    claims = sorted(map(_claim, groups.values()), key=lambda claim: -claim.score)
    return _preferred(own or question, kind, claims, calibration.trees)


def _preferred(
    question: str, kind: Kind, claims: Sequence[Claim], trees: Trees | None
) -> list[Claim]:
    """Return the first MOST claims in the order of the trees, with their log-odds; as they are
    where there are no trees."""
    if trees is None or not claims:
        return list(claims)
    head = claims[:MOST]
    scores = trees.score(described(question, kind, head))
    claims = [replace(c, score=float(s)) for c, s in zip(head, scores, strict=True)]
    return sorted(claims, key=lambda claim: -claim.score)


def _of_itself(question: str, passages: Sequence[Passage]) -> list[_Found]:
    """Return the headlines, bylines or places of the articles, when the question asks for one."""
    asked_for = asked_of_article(question)
    if asked_for is None:
        return []
    articles: dict[str, _Found] = {}
    for number, passage in enumerate(passages):
        if passage.article.id in articles:
            continue
        span = told_of_itself(asked_for, passage.article)
        if span is not None:
            found = _Found(passage.article, number, span, _OF_ITSELF, _OF_ITSELF)
            articles[passage.article.id] = found
    return list(articles.values())


def _as_quoted(
    question: str, passages: Sequence[Passage], readings: Sequence[Reading], kind: Kind
) -> Iterator[_Found]:
    """Yield what was read, cut as a person would quote it."""
    for reading in [*readings, *(_joined(readings, passages) if kind.several else ())]:
        passage = passages[reading.passage]
        shift, text = passage.span.start, passage.article.text
        span = natural_borders(text, Span(reading.span.start + shift, reading.span.end + shift))
        if kind.name == "reason":
            for cut, less in reasons.proposed(question, text, span, passage.span):
                yield _Found(
                    passage.article, reading.passage, cut, reading.score - less, reading.judged
                )
            continue
        if kind.name in _CUT_AS:
            span = _CUT_AS[kind.name](text, span)
        yield _Found(passage.article, reading.passage, span, reading.score, reading.judged)


class _Asked:
    """The question, as passages of its own language and of the other one are held against it."""

    def __init__(
        self,
        question: str,
        passages: Sequence[Passage],
        translated: Sequence[Group],
        told: Sequence[str] = (),
    ) -> None:
        self.question = question
        self._chinese = is_chinese(question)
        self.foreign = [is_chinese(_text(p)) != self._chinese for p in passages]
        self._translated = translated
        self._as_said = _as_said(question, list(itertools.compress(passages, self.foreign)))
        self._wanted = subject_terms(question) - (frozenset() if self._chinese else FUNCTION_WORDS)
        self._key = _key(question)
        self._told = {_key(answer) for answer in told}
        self._options = {_key(option) for option in options(question)}
        self._characters = set(question)
        self._covers: dict[tuple[str, bool, str], float] = {}  # many answers share a sentence
        self._others: dict[tuple[int, Span, Span], bool] = {}
        self._words = [Group({term: 1.0}, 1.0) for term in self._wanted if term.isascii()]

    def cover(self, text: str, foreign: bool, title: str = "") -> float:
        """Return the share of what the question speaks of that a text, or its title, holds."""
        key = text, foreign, title
        if key not in self._covers:
            self._covers[key] = self._covered(*key)
        return self._covers[key]

    def _covered(self, text: str, foreign: bool, title: str) -> float:
        folded = fold(f"{text}\n{title}")
        if foreign:
            return held_share(self._as_said, folded, 0.5)
        missing = missing_terms(self._wanted, folded)
        if missing and not self._chinese:  # another form of the word says it too
            forms = _forms(text) | _forms(title)
            missing = {word for word in missing if forms.isdisjoint(base_forms(word))}
        return 1 - len(missing) / max(1, len(self._wanted))

    def is_others(self, article: Article, around: Span, sentence: Span) -> bool:
        """Tell whether a clause of an article speaks of another than is asked for."""
        key = id(article), around, sentence
        if key not in self._others:
            self._others[key] = speaks_of_another(self.question, article, around, sentence)
        return self._others[key]

    def shared(self, words: str, foreign: bool) -> float:
        """Return the share of an answer that only says the question again."""
        if foreign or words.isascii():
            return marked(self._translated if foreign else self._words, fold(words))
        characters = set(words)
        return len(characters & self._characters) / len(characters)

    def is_repeated(self, words: str, foreign: bool) -> bool:
        """Tell whether an answer is nothing but words of the question, or was given before."""
        key = _key(words)
        if any(option == key or option in key for option in self._options):
            return False
        if (len(words) > 1 and key in self._key) or key in self._told:
            return True
        return foreign and marked(self._translated, fold(words)) == 1.0


def _as_said(question: str, foreign: Sequence[Passage]) -> list[Group]:
    """Return the question's words as the passages in the other language say them.

    Of the sentences of these, the one that answers is told by it from another 92 times in 100, by
    the words as the whole corpus may say them 90 times.
    """
    if not foreign:
        return []
    titles = dict.fromkeys(passage.article.title or "" for passage in foreign)
    texts = [fold(text) for text in (*map(_text, foreign), "\n".join(titles))]
    weights = content_words(question)
    forms: dict[str, dict[str, float]] = {word: {} for word in weights}
    for found in held(question, texts):
        for word, others in found.items():
            known = forms.setdefault(word, {})
            known |= {other: max(worth, known.get(other, 0.0)) for other, worth in others.items()}
    return [Group(others, weights.get(word, 1.0)) for word, others in forms.items()]


def _told_by_text(
    asked: _Asked, kind: Kind, found: _Found, foreign: bool
) -> tuple[float, float, float, float, float, float]:
    """Return what the text around an answer tells of it: RANKED_BY from "kind" to "shared"."""
    text, span = found.article.text, found.span
    around = clause(text, span)
    sentence = sentence_around(found.article, span)
    shared = asked.shared(found.text, foreign)
    if kind.name == "reason":
        related = asked.cover(
            reasons.surroundings(text, sentence), foreign, found.article.title or ""
        )
        fits = reasons.reason_fit(text, span, related, shared)
    else:
        fits = fit(kind, found.text, text[span.end : span.end + _BEHIND])
    return (
        fits,
        asked.cover(text[around.start : around.end], foreign),
        asked.cover(text[sentence.start : sentence.end], foreign, found.article.title or ""),
        float(
            asked.is_others(found.article, around, sentence)
            or is_other_side(asked.question, text, span)
        ),
        math.log1p(len(found.text)),
        shared,
    )


def _joined(readings: Sequence[Reading], passages: Sequence[Passage]) -> list[Reading]:
    """Return pairs of readings that stand together in a sentence, as one from the first to the
    second: a question for two things has its answer there."""
    best: dict[int, list[Reading]] = {}
    for reading in readings:
        best.setdefault(reading.passage, []).append(reading)
    joined: list[Reading] = []
    for number, found in best.items():
        text = _text(passages[number])
        pairs: dict[Span, Reading] = {}
        for one in found[:_JOINED]:
            for other in found[:_JOINED]:
                span = Span(one.span.start, other.span.end)
                between = text[one.span.end : other.span.start]
                apart = other.span.start - one.span.end
                if 0 < apart <= _APART and not re.search("[。！？!?\\n]|\\. ", between):
                    pair = Reading(
                        number,
                        span,
                        (one.score + other.score) / 2,
                        (one.judged + other.judged) / 2,
                    )
                    pairs[span] = max(pairs.get(span, pair), pair, key=lambda r: r.score)
        joined += pairs.values()
    return joined


def _claim(group: list[_Found]) -> Claim:
    group = sorted(group, key=lambda found: -found.score)
    best = group[0]
    places: dict[str, Place] = {}
    for found in group:
        if found.score > best.score - _FAR_BEHIND:
            places.setdefault(found.article.id, (found.article, found.span))
    said = " ".join(best.text.split("\n"))  # a headline of two lines
    return Claim(said, best.score, tuple(places.values()), best.passage, best.told)


@lru_cache(maxsize=1024)  # of an answer twice: does it repeat the question, and which it is
def _key(words: str) -> str:
    folded = fold(essence(words))
    return folded if folded.isalnum() else "".join(c for c in folded if c.isalnum() or c in "%.")


def evidence(
    question: str,
    claims: Sequence[Claim],
    passages: Sequence[Passage],
    translated: Sequence[Group] = (),
) -> Evidence:
    """Gather what the confidence of the best claim is computed from."""
    best = claims[0]
    article, span = best.places[0]
    passage = passages[best.passage]
    title = f"{article.title or ''} {article.published or ''}"  # 今年 names no year
    asked = _Asked(question, passages, translated)
    text, foreign = _text(passage), asked.foreign[best.passage]
    rivals = [c for c in claims[1:] if c.told is not best.told]  # not what it was reckoned from
    others = [claim for claim in rivals if _differs(claim, best)]
    return Evidence(
        score=best.score,
        margin=best.score - max((c.score for c in others), default=best.score - _NO_OTHER),
        passage_cover=asked.cover(text, foreign, title),
        numbers_held=_numbers_held(question, f"{text}\n{title}", foreign),
        length=span.end - span.start,
        told=best.told,
        read=max(claim.told[0] for claim in claims if claim.passage == best.passage),
        second=max((claim.score for claim in rivals), default=-_NO_OTHER),
        close=1 + sum(claim.score > best.score - 1 for claim in rivals),
        found=passage.score,
        ahead=best.told[-1] - max((c.told[-1] for c in others), default=best.told[-1] - _NO_OTHER),
        composed=bool(best.parts),
        doubted=best.rule in DOUBTS,
    )


def _numbers_held(question: str, text: str, foreign: bool) -> float:
    """Return the share of a question's numbers that a text holds, 1 where it has none; of a text in
    the other language, as that writes them: 1.2 million is 120万."""
    folded, chinese = fold(text), is_chinese(question)
    if not foreign:
        asked = {term for term in subject_terms(question) if term[0].isdigit()}
        held_there = len(asked) - len(missing_terms(asked, folded))
        return held_there / len(asked) if asked else 1.0
    written = numbers.CHINESE if chinese else numbers.ENGLISH
    translated = numbers.in_english if chinese else numbers.in_chinese
    forms = (
        translated(match)
        for match in written.finditer(fold(question))
        if any(map(str.isdigit, match.group()))
    )
    held = [  # July 3 is half there where July is
        max((sure for form, sure in other.items() if stands_in(form, folded)), default=0.0)
        / max(other.values(), default=1.0)
        for other in forms
    ]
    return sum(held) / len(held) if held else 1.0


def _text(passage: Passage) -> str:
    return passage.article.text[passage.span.start : passage.span.end]


def _differs(claim: Claim, best: Claim) -> bool:
    """Tell whether a claim gives another answer, not another cut of the same words."""
    return claim.text not in best.text and best.text not in claim.text


def sentence_around(article: Article, span: Span) -> Span:
    """Return the sentence, or sentences, that hold the span."""
    text = article.text
    start = text.rfind("\n", 0, span.start) + 1  # no sentence goes on in another paragraph
    end = text.find("\n", span.end)
    lines = text[start : end if end >= 0 else len(text)]
    first, last = span.start - start, span.end - start
    holding = [(a, b) for a, b in _sentences(lines) if a < last and b > first]
    return Span(start + holding[0][0], start + holding[-1][1]) if holding else span


@lru_cache(maxsize=256)  # a paragraph holds many possible answers
def _sentences(paragraph: str) -> tuple[Span, ...]:
    return tuple(sentences(paragraph))


def passage_around(article: Article, span: Span, at_least: int) -> Span:
    """Return the sentence that holds the span, with those after it, then before it, until it has
    `at_least` characters: 某某说。 alone tells a reader nothing."""
    around = sentence_around(article, span)
    if around.end - around.start >= at_least:
        return around
    every = sentences(article.text)
    after = [s.end for s in every if s.end > around.end]
    before = [s.start for s in reversed(every) if s.start < around.start]
    while around.end - around.start < at_least and (after or before):
        around = Span(around.start, after.pop(0)) if after else Span(before.pop(0), around.end)
    return around


def told_elsewhere(claim: Claim, passages: Sequence[Passage]) -> list[Place]:
    """Find the answer's words in other articles, in a sentence that says the same."""
    article, span = claim.places[0]
    sentence = sentence_around(article, span)
    said = _terms(article.text[sentence.start : sentence.end])
    cited = {where.id for where, _ in claim.places}
    found: list[Place] = []
    for passage in passages:
        place = None if passage.article.id in cited else _said_in(passage, claim.text, said)
        if place is not None:
            cited.add(passage.article.id)
            found.append((passage.article, place))
    return found


def _said_in(passage: Passage, words: str, said: AbstractSet[str]) -> Span | None:
    text = passage.article.text
    at = text.find(words, passage.span.start, passage.span.end)
    while at >= 0:
        place = Span(at, at + len(words))
        there = sentence_around(passage.article, place)
        if len(said & _terms(text[there.start : there.end])) >= _SAME_STORY * len(said):
            return place
        at = text.find(words, at + 1, passage.span.end)
    return None


@lru_cache(maxsize=1024)  # a sentence holds many possible answers
def _forms(text: str) -> frozenset[str]:
    """Return the words of an English text, and what each may be an inflected form of."""
    return frozenset(form for word in _terms(text) for form in base_forms(word))


@lru_cache(maxsize=1024)  # a sentence holds many possible answers
def _terms(text: str) -> frozenset[str]:
    return frozenset(term for term in terms(text) if len(term) > 1 or term.isdigit())
