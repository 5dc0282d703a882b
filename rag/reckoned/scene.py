"""What a sum is looked for in: a question, and a sentence that the reader found, with its
amounts."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from rag.kinds import Kind, asked_kind
from rag.reckoned.amounts import DURATION, Amount, amounts, written
from rag.reckoned.times import times
from rag.terms import fold, is_chinese, subject_terms, terms
from rag.types import Article, Span


class Sum(NamedTuple):
    """A value reckoned: how it is said, the places it was reckoned from, the sum as shown, and the
    rule that found it."""

    text: str
    parts: tuple[Span, ...]
    shown: str
    rule: str = ""


class Asked(NamedTuple):
    """A question folded, its kind, and the times it names in an article of a certain date."""

    text: str
    kind: Kind
    times: frozenset[str]


class Scene(NamedTuple):
    """A sentence of an article, folded, with the amounts of it and of its neighbours in the
    paragraph. All spans are in the article's text."""

    asked: Asked
    text: str
    sentence: Span
    window: Span
    amounts: tuple[Amount, ...]
    published: str | None

    def inside(self, span: Span) -> list[Amount]:
        """Return the amounts of a stretch, in order."""
        return [a for a in self.amounts if span.start <= a.span.start and a.span.end <= span.end]

    def before(self, amount: Amount, reach: int = 40) -> str:
        """Return what stands before an amount in its sentence, at most `reach` characters, without
        the word that makes it inexact."""
        start = max(self.sentence_of(amount).start, amount.span.start - reach)
        words = self.text[start : amount.span.start].rstrip()
        return words.removesuffix(amount.bound).rstrip() if amount.bound else words

    def after(self, amount: Amount, reach: int = 40) -> str:
        """Return what stands after an amount in its sentence, at most `reach` characters."""
        end = min(self.sentence_of(amount).end, amount.span.end + reach)
        return self.text[amount.span.end : end]

    def clause_of(self, amount: Amount) -> str:
        """Return the words between the signs round an amount."""
        before = _CLAUSE_END.split(self.before(amount, 60))[-1]
        return before + _CLAUSE_END.split(self.after(amount, 60))[0]

    def sentence_of(self, amount: Amount) -> Span:
        """Return the sentence of the window that holds an amount."""
        start, end = self.window.start, self.window.end
        at = max((m.end() for m in _END.finditer(self.text, start, amount.span.start)), default=0)
        stop = _END.search(self.text, amount.span.end, end)
        return Span(max(start, at), stop.start() if stop else end)

    def pieces(self) -> list[Span]:
        """Return the parts of the sentence between semicolons: each tells its own thing."""
        found, start = [], self.sentence.start
        for match in _SEMICOLON.finditer(self.text, *self.sentence):
            found.append(Span(start, match.start()))
            start = match.end()
        return [*found, Span(start, self.sentence.end)]

    def times_of(self, words: str) -> frozenset[str]:
        """Return the times that words of the article name."""
        return times(words, self.published)


_CLAUSE_END = re.compile(r"[，。；：！？;!?\n]|,(?!\d)|\.(?=\s|$)|: ")
_END = re.compile(r"[。！？!?\n]|\.(?=\s|$)")
_SEMICOLON = re.compile("[；;]")
_OF_WHAT = re.compile("([\u4e00-\u9fff]{2})(?:[是为有]|大约|大概|约)?多少[?？]?$")
_SHARE = re.compile(
    r"百分|比[例重]|占|几成|率|增[速幅]|降幅|份额|%|指数|\b(?:percent|per cent|percentage|share"
    r"|rate)\b"
)
_RATE = re.compile("率(?:是|为|有)?(?:多少|几)")
_ASKS_WHAT = re.compile(
    r"多少|几|\bwhat (?:is|was|were|are|share)|\bhow\b|\bborn\b|\bfounded\b|何时"
)
_NO_AMOUNT_ASKED = frozenset({"person", "place", "reason", "said", "whether", "list"})
_MONEY = frozenset("元 美元 欧元 日元 港元 韩元 英镑 卢布".split())
_LONG = frozenset((DURATION, "天", "月数", "年数", "?周", "周"))
_FITTING = {
    "元": _MONEY,
    "%": frozenset(("%", "百分点")),
    "久": _LONG,
    "天": frozenset(("天",)),
    "岁": frozenset(("岁",)),
    "度": frozenset(("℃", "度")),
    "小时": frozenset((DURATION,)),
    "分钟": frozenset((DURATION,)),
    "个月": frozenset(("月数",)),
    "年": frozenset(("年数",)),
    "分": frozenset(("分", DURATION)),
    "美元": frozenset(("美元",)),
    "百分点": frozenset(("百分点", "%")),
} | dict.fromkeys("人名位", frozenset(("人", "人次")))


def asked_of(question: str, published: str | None) -> Asked:
    """Return a question as scenes of an article published then hold it."""
    folded = fold(question)
    return Asked(folded, asked_kind(question), times(folded, published))


def asks_amount(asked: Asked) -> bool:
    """Tell whether a question may ask for a number, or for a year."""
    return asked.kind.name in ("number", "time") or bool(_ASKS_WHAT.search(asked.text))


def has_subject(scene: Scene) -> bool:
    """Tell whether what 是多少 is asked of is named near the sentence: 亩产, not the area."""
    named = _OF_WHAT.search(scene.asked.text)
    return named is None or named[1] in scene.text[slice(*scene.window)]


def is_about(scene: Scene, amount: Amount) -> bool:
    """Tell whether the sentence speaks of what the question does: they share a word; in the other
    language, where words tell nothing, the unit."""
    asked, words = scene.asked, scene.text[slice(*scene.window)]
    if is_chinese(asked.text) != is_chinese(words):
        return bool(asked.kind.unit) or (amount.unit or "-") in asked.text
    return bool(subject_terms(asked.text) & set(terms(words)))


def scene_of(asked: Asked, article: Article, sentence: Span, window: Span) -> Scene:
    """Return a sentence of an article as a scene; `window` is it with its neighbours."""
    text = fold(article.text)
    found = tuple(
        a._replace(span=Span(a.span.start + window.start, a.span.end + window.start))
        for a in amounts(text[window.start : window.end])
    )
    return Scene(asked, text, sentence, window, found, article.published)


def is_amount_asked(asked: Asked, amount: Amount) -> bool:
    """Tell whether an amount may be of the kind asked for: no other unit than the one named."""
    kind = asked.kind
    if kind.name in _NO_AMOUNT_ASKED or kind.name == "time":
        return False
    if amount.unit == "%" and not _SHARE.search(asked.text):
        return False
    if _RATE.search(asked.text) and amount.unit not in _FITTING["%"]:
        return False
    if not kind.unit or not amount.unit:
        return True
    if kind.unit in _FITTING:
        return amount.unit in _FITTING[kind.unit]
    if amount.unit.startswith("?"):
        return kind.unit in amount.unit or kind.unit in "个只"
    if "a" <= amount.unit[0] <= "z":  # an English word: what it counts is not known
        return True
    return amount.unit == kind.unit or kind.unit in ("个", "国")


def summed(scene: Scene, value: Decimal, parts: tuple[Amount, ...], sign: str, unit: str) -> Sum:
    """Return a value with the parts it was reckoned from; the first tells how it is written."""
    shown = f" {sign} ".join(scene.text[p.span.start : p.span.end].strip() for p in parts)
    return Sum(written(value, parts[0], unit, parts), tuple(p.span for p in parts), shown)
