"""Whether what was read is said of another than the question names: another place of the same rank,
or another number of a row. Other times are `rag.conflicts`'.

    上海培育了多少家企业?      "目前北京已培育企业57家"        57 are Beijing's
    一号窑有多长?              "二号窑保存最好，斜长46.7米"    the second's

Told only where nothing near the answer names what the question does, neither itself nor a part of
it, and its own sentence names another of the same sort: what is not named at all may be meant.
Of 2,000 answers (both dev halves, and our own held-out questions over simulated pages) 19 are so
told, 1 of them right; the confidence gave them 0.43 on average (2026-11-22). Names of any other
sort, told by how they end (信都区, 重灾区) or by where they stand, were as often right as wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.claims import Claim, sentence_around
from rag.lexicon.places import places_in
from rag.quantities import han_value
from rag.terms import fold

_BACK = 120  # characters before the sentence in which its subject may be named
# 二号窑, 第3号洪峰, 五号线; 号 with what it numbers: 二号 alone may be a day
_NUMBERED = re.compile(
    "(?<![上下头这那每前后几0-9.])第?(?P<number>[0-9]{1,2}|[一二三四五六七八九十]{1,3})"
    "(?P<of>号(?=[\u4e00-\u9fff])[\u4e00-\u9fff]|期(?=工程|项目|建设|地|厂|扩建)|批(?!准|评|发))"
)


def rival(question: str, claim: Claim) -> str:
    """Return what the answer is said of, as printed, where that is not what is asked about; ""
    where nothing says so."""
    article, span = claim.places[0]
    sentence = sentence_around(article, span)
    told = article.text[sentence.start : sentence.end]
    before = article.text[max(0, sentence.start - _BACK) : sentence.start]
    around = f"{article.title or ''}\n{before}{told}"
    answer = fold(claim.text)
    return _of_places(question, told, around, answer) or _of_row(question, told, around, answer)


def _of_places(question: str, told: str, around: str, answer: str) -> str:
    asked = [named.place for named in places_in(question)]
    if not asked:
        return ""
    near = [named.place for named in places_in(around)]
    within = frozenset().union(*(place.within for place in near))
    if any(place in near or place.name in within for place in asked):
        return ""
    for named in places_in(told):
        printed = told[named.start : named.end]
        if fold(printed) in answer or any(p.name in named.place.within for p in asked):
            continue
        if any(named.place.ranks & place.ranks for place in asked):
            return printed
    return ""


def _of_row(question: str, told: str, around: str, answer: str) -> str:
    asked = {(number, of) for number, of, _ in _numbered(question)}
    if not asked or any((number, of) in asked for number, of, _ in _numbered(around)):
        return ""
    kinds = {of for _, of in asked}
    others = (printed for _, of, printed in _numbered(told) if of in kinds)
    return next((printed for printed in others if printed not in answer), "")


def _numbered(text: str) -> Iterator[tuple[int | None, str, str]]:
    """Yield the number, what it numbers, and both as printed, of each numbered thing."""
    for match in _NUMBERED.finditer(fold(text)):
        number = match["number"]
        yield int(number) if number.isdigit() else han_value(number), match["of"], match[0]
