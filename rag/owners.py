"""Whose a value is: which of the names, or times, that a question sets beside each other.

    苏州 or 武汉?   "苏州，如今已聚集相关企业600余家…武汉…拥有300余家企业"   600 苏州's, 300 武汉's
    铁路 or 公路?   "铁路、公路分别完成货运量25亿吨、190.1亿吨"             25 铁路's, 190.1 公路's

A value counts for a name only where that is the only one of its clause, stands right behind it, is
the one last named before it, or has its place in a row; and a rise counts only where one is asked.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeVar

from rag.borders import clause
from rag.claims import Claim, Place, sentence_around
from rag.quantities import dates, quantities
from rag.reckoned.times import agree, times
from rag.several import strength
from rag.terms import fold, subject_terms, terms
from rag.types import Article, Span

T = TypeVar("T")
_AS_LIKELY = 1.5  # `strength`: a value so little behind may be the right one
_SURE = 1.0  # `strength` of the weakest value
_TRIED = 8  # answers looked at for each name
_JOINED_GAP = 12  # characters between the two that a name joins
_BACK = 120  # characters before a value in which its name stands
_BEHIND = 12  # characters behind a value in which its name may stand: 40个五十万元年薪岗位
_CHANGE = "增|减|升(?!级)|降|涨|跌|上调|下调|提高|下滑|回落|扩大|缩小|幅"
_ASKS_CHANGE = re.compile(
    rf"{_CHANGE}|\b(?:grow|grew|rise|rose|fall|fell|drop|increas|decreas|rais)"
)
_CHANGED = re.compile(
    rf"(?:{_CHANGE})(?:[长加少低高升幅了约近超达仅]|不?低于|超过|至少|不超过|分别)*$"
    r"|\b(?:up|down|rose|fell|grew|increas\w+|decreas\w+|dropp?\w*|growth)(?: of| by| rate)?"
    "(?: about)?$",
    re.IGNORECASE,
)
_OPENING = 12  # characters from the start of a sentence in which its subject is named
_BESIDE = 16  # characters before a value in which its name may end: 宁波市（84.39分）
_STANDS_BEFORE = re.compile("[市省县区国队]?[（(为是达有]?")
_IN_ROW = re.compile("分别|依次")
_ROW_END = re.compile("[。；;！？\n]")
_VALUED = re.compile(r"[^、，；和与及]*\d[^、，；和与及]*")
_AND = re.compile("[、和与及]")


class Value(NamedTuple):
    """What one name has: `size` compares with those of the same `unit`; `name` is where the text
    prints the name, the value itself where the question names times."""

    name: Place
    place: Place
    size: tuple[Decimal, ...]
    unit: str
    claim: Claim
    is_named: bool = True  # whether its sentence speaks of what is asked for: 让利, not 价格


def values(
    names: Sequence[str], number: int, claims: Sequence[Claim], *, asked: str, by_date: bool = False
) -> list[Value]:
    """Return the values that stand for one of the names, likeliest first; `asked` is what the
    question says of them."""
    found = []
    change = asks_change(asked)
    wanted = subject_terms(asked)
    for claim in claims[:_TRIED]:
        article, span = claim.places[0]
        size = _size(claim.text, by_date)
        if not size or (not by_date and is_change(article.text, span) != change):
            continue
        owner = owner_of(article, span, names)
        if owner and owner[0] == number:
            sentence = sentence_around(article, span)
            said = terms(article.text[sentence.start : sentence.end])
            is_named = not wanted.isdisjoint(said)
            found.append(Value((article, owner[1]), (article, span), *size, claim, is_named))
    return found


def surest(
    each: Sequence[Sequence[Value]], told: Callable[[Sequence[Value]], T | None]
) -> tuple[T, tuple[Value, ...]] | None:
    """Return what the likeliest values of all names tell, and these; None where one is missing or
    doubtful, or where others nearly as likely tell something else. `told`: what values of one unit
    tell, None where they contradict the question: they must not be the likeliest."""
    best: dict[T, tuple[float, tuple[Value, ...]]] = {}
    contradicting = -math.inf
    for found in itertools.product(*each):
        alike = len({(value.unit, value.is_named) for value in found}) == 1
        if not alike or len({value.place for value in found}) < len(found):
            continue
        result, score = told(found), sum(strength(value.claim) for value in found)
        if result is None:
            contradicting = max(contradicting, score)
        elif result not in best or score > best[result][0]:
            best[result] = score, found
    ranked = sorted(best.items(), key=lambda item: -item[1][0])
    if not ranked or ranked[0][1][0] <= contradicting:
        return None
    result, (score, found) = ranked[0]
    if any(other > score - _AS_LIKELY for _, (other, _) in ranked[1:]):
        return None
    return (result, found) if min(strength(value.claim) for value in found) >= _SURE else None


def asks_change(asked: str) -> bool:
    """Tell whether a question asks by how much something rose or fell."""
    return bool(_ASKS_CHANGE.search(fold(asked)))


def is_change(text: str, span: Span) -> bool:
    """Tell whether a value is by how much something rose or fell, not how much there is."""
    number = re.search(r"\d", text[span.start : span.end])
    at = span.start + (number.start() if number else 0)
    return bool(_CHANGED.search(text[max(0, at - 12) : at].rstrip()))


def _size(text: str, by_date: bool) -> tuple[tuple[Decimal, ...], str] | None:
    """Return the one value of a text and its unit, None where it has none, or several."""
    if by_date:
        named = [d for d in dates(text) if d.year]
        if len(named) != 1:
            return None
        parts = [Decimal(part) for part in (named[0].year, named[0].month, named[0].day) if part]
        return tuple(parts), f"date of {len(parts)}"
    counted = quantities(text)
    return ((counted[0].value,), counted[0].unit) if len(counted) == 1 else None


def are_times(names: Sequence[str], published: str | None = None) -> bool:
    """Tell whether all names say when: 去年, 今年上半年, 2020年8月."""
    said = [times(fold(name), published) for name in names]
    return all(said) and len(set(said)) == len(said)


def owner_of(article: Article, span: Span, names: Sequence[str]) -> tuple[int, Span] | None:
    """Return the name that a value belongs to, and where the text prints it."""
    if are_times(names, article.published):
        return _of_time(article, span, names)
    text = article.text
    sentence = sentence_around(article, span)
    near = list(mentions(text, Span(max(sentence.start, span.start - _BESIDE), span.start), names))
    if near and _STANDS_BEFORE.fullmatch(text[near[-1][1].end : span.start]):
        number = near[-1][0]
        return number, _as_printed([m for m in near if m[0] == number], names)
    if row := _IN_ROW.search(text, sentence.start, span.start):
        return _in_row(text, sentence, row, span, names)
    around = clause(text, span)
    inside = list(mentions(text, around, names))
    if inside and len({n for n, _ in inside}) == 1:
        return inside[-1][0], _as_printed(inside, names)
    behind = list(mentions(text, Span(span.end, min(span.end + _BEHIND, around.end)), names))
    if behind and re.fullmatch("[^、，；和与及]?", text[span.end : behind[0][1].start]):
        number = behind[0][0]
        return number, _as_printed([m for m in behind if m[0] == number], names)
    start = max(text.rfind("\n", 0, span.start) + 1, span.start - _BACK)
    before = list(mentions(text, Span(start, span.start), names))
    if not before:
        return None
    number, last = before[-1]
    if last.start < sentence.start and not _opens(article, last):
        return None  # 在杭州发布。全省指数为82.06分: a place, not whose it is
    around = clause(text, last)
    same = [(n, s) for n, s in before if n == number and s.start >= around.start]
    return number, _as_printed(same or before[-1:], names)


def _opens(article: Article, name: Span) -> bool:
    """Tell whether a name opens its sentence: the next one may go on about it."""
    before = article.text[sentence_around(article, name).start : name.start]
    return len(before) <= _OPENING and not before.endswith(("在", "于", "从", "到", " in ", " at "))


def _of_time(article: Article, span: Span, names: Sequence[str]) -> tuple[int, Span] | None:
    """Return the time that a value is of: the only one that its clause, its sentence or what stands
    before them in the paragraph agrees with."""
    text = fold(article.text)
    wanted = [times(fold(name), article.published) for name in names]
    starts = (clause(text, span).start, sentence_around(article, span).start)
    for start in (*starts, max(text.rfind("\n", 0, span.start) + 1, span.start - _BACK)):
        said = times(text[start : span.start], article.published)
        if said:
            fits = [n for n, asked in enumerate(wanted) if agree(asked, said, said)]
            return (fits[0], span) if len(fits) == 1 else None
    return None


def _in_row(
    text: str, sentence: Span, row: re.Match[str], span: Span, names: Sequence[str]
) -> tuple[int, Span] | None:
    """Return the name of a value that stands in a row of as many: 铁路、公路分别25亿吨、190亿吨."""
    end = _ROW_END.search(text, row.end(), sentence.end)
    told = list(_VALUED.finditer(text, row.end(), end.start() if end else sentence.end))
    at = next((n for n, piece in enumerate(told) if piece.end() > span.start), None)
    if at is None:
        return None
    listed = _items(text, sentence.start, row.start())
    if len(listed) > 1:  # the row itself: its items, one of which is the name
        return _item(text, listed, at % len(listed), names)
    before = list(mentions(text, Span(sentence.start, row.start()), names))
    distinct = list(dict.fromkeys(n for n, _ in reversed(before)))[::-1]  # as named last
    if len(distinct) != len(names) or len(told) != len(names):
        return None
    return distinct[at], _as_printed([m for m in before if m[0] == distinct[at]], names)


def _items(text: str, start: int, end: int) -> list[Span]:
    """Return the items of the row of names that ends at `end`."""
    breaks = [m.end() for m in re.finditer("[，：:]|其中", text[start:end])]
    at = start + (breaks[-1] if breaks else 0)
    found = []
    for item in _AND.split(text[at:end]):
        found.append(Span(at, at + len(item)))
        at += len(item) + 1
    return found


def _item(
    text: str, listed: Sequence[Span], at: int, names: Sequence[str]
) -> tuple[int, Span] | None:
    """Return the name that an item of a row is; of two (内、外贸) one may go by the other."""
    if found := list(mentions(text, listed[at], names)):
        return found[0][0], _as_printed(found, names)
    if len(listed) == len(names) == 2 and (other := list(mentions(text, listed[1 - at], names))):
        return 1 - other[0][0], listed[at]
    return None


def _as_printed(found: Sequence[tuple[int, Span]], names: Sequence[str]) -> Span:
    """Return a name as the text prints it: the longest run of its pieces; of one that joins two
    (恒瑞和葛兰素史克) from the first to the last."""
    gap = _JOINED_GAP if re.search("[和与跟及]", names[found[0][0]]) else 2
    runs: list[Span] = []
    for _, span in found:
        if runs and span.start - runs[-1].end <= gap:
            runs[-1] = Span(runs[-1].start, span.end)
        else:
            runs.append(span)
    return max(runs, key=lambda run: run.end - run.start)


def mentions(text: str, where: Span, names: Sequence[str]) -> Iterator[tuple[int, Span]]:
    """Yield where a stretch names one of them, by words that no other of the names has."""
    held = fold(text[where.start : where.end])
    folded = [fold(name) for name in names]
    at = 0
    while at < len(held):
        best = max((_common(held, at, folded, n), n) for n in range(len(folded)))
        if best[0]:
            yield best[1], Span(where.start + at, where.start + at + best[0])
        at += best[0] or 1


def _common(held: str, at: int, names: Sequence[str], number: int) -> int:
    """Return how many characters from `at` on are a piece of one name alone, 0 below two; of
    Latin words only whole ones count."""
    others = [name for n, name in enumerate(names) if n != number]
    length = 1
    while at + length < len(held) + 1 and held[at : at + length] in names[number]:
        length += 1
    piece = held[at : at + length - 1]
    if len(piece) < 2 or any(piece in other for other in others):
        return 0
    before, after = held[at - 1 : at], held[at + len(piece) : at + len(piece) + 1]
    cut = piece[0].isascii() and (
        (before.isascii() and before.isalnum()) or (after.isascii() and after.isalnum())
    )
    return 0 if cut or not any(c.isalnum() for c in piece.strip()) else len(piece.rstrip())
