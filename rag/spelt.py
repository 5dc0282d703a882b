"""A question as the passages that were found for it spell what it says: 二〇二五年七月 as
2025年7月, 機器人 as 机器人.

Search forgives such things by itself; what reads the passages and what weighs the answers compares
characters. Of 45 questions of the gold dev half whose numbers are written in characters 37 are
dealt with rightly, without this 27; of 73 in Traditional characters 56, without 54. Slips
mended alike (松言动力 → 松延动力) make no more answers right: 171 and 171 of 232 questions of
the suites `homophones` and `typos`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.lexicon.numbers import han_number
from rag.lexicon.words import PARTICLES
from rag.quantities import han_value
from rag.terms import fold, simplified

_HAN_DIGITS = "零〇一二两三四五六七八九"
_SPOKEN = re.compile(
    rf"百分之(?P<percent>[{_HAN_DIGITS}十百]+)(?:点(?P<of_percent>[{_HAN_DIGITS}]+))?"
    rf"|(?P<number>[{_HAN_DIGITS}十百千万亿]+)(?:点(?P<decimals>[{_HAN_DIGITS}]+)(?P<unit>[万亿]*))?"
)
_DIGITS = re.compile(r"(?<![\d.,a-zA-Z])\d+(?![\d.,]*[\da-zA-Z])")
_YEAR_DIGITS = "〇一二三四五六七八九"
_TIMES = frozenset("年月日号时点")  # after one character alone: 七月, but not 一家


def as_found(question: str, texts: Sequence[str]) -> str:
    """Return the question as the texts spell it: Simplified characters, and numbers in digits or in
    characters as they have them.

    >>> as_found("松延動力七月交付一百零五台?", ["松延动力7月交付105台"])
    '松延动力7月交付105台?'
    """
    return _numbers_as_found(simplified(question), [fold(text) for text in texts])


def _numbers_as_found(question: str, texts: Sequence[str]) -> str:
    for pattern in (_SPOKEN, _DIGITS):
        for number in reversed(list(pattern.finditer(question))):
            counted = _counted(question, number)
            if _stands(number.group(), counted, texts):
                continue
            forms = _digits(number, counted) if pattern is _SPOKEN else _spoken(number, counted)
            for form in forms:
                if _stands(form, counted, texts):
                    question = question[: number.start()] + form + question[number.end() :]
                    break
    return question


def _counted(question: str, number: re.Match[str]) -> str:
    """Return the character that tells what a number counts, the next; "" where it tells nothing."""
    after = question[number.end() : number.end() + 1]
    tells = "\u3400" <= after <= "\u9fff" and after not in PARTICLES
    return after if tells and not number.group().startswith("百分之") else ""


def _stands(number: str, counted: str, texts: Sequence[str]) -> bool:
    """Tell whether a number stands in a text before what it counts, not inside a longer one."""
    inside = rf"[\d.,{_HAN_DIGITS}十百千]"
    behind = "" if counted else f"(?!{inside})"
    whole = re.compile(f"(?<!{inside}){re.escape(number + counted)}{behind}")
    return any(whole.search(text) for text in texts)


def _digits(number: re.Match[str], counted: str) -> Iterator[str]:
    """Yield how a number in characters is written in digits."""
    if percent := number["percent"]:
        value = han_value(percent)
        if value is not None:
            yield f"{value}{_decimals(number['of_percent'])}%"
        return
    spoken = number["number"]
    if len(spoken) == 1 and counted not in _TIMES and not number["decimals"]:
        return
    bare = spoken.rstrip("万亿")
    units = spoken[len(bare) :] + (number["unit"] or "")
    value, whole = han_value(bare) if bare else None, han_value(spoken)
    if value is not None:
        yield f"{value}{_decimals(number['decimals'])}{units}"
        yield f"{value:,}{_decimals(number['decimals'])}{units}"
    if whole is not None and not number["decimals"]:
        yield from (f"{whole}", f"{whole:,}")


def _decimals(spoken: str | None) -> str:
    digits = "".join(str(han_value(c)) for c in spoken or "")
    return f".{digits}" if digits else ""


def _spoken(number: re.Match[str], counted: str) -> Iterator[str]:
    """Yield how a number in digits is written in characters."""
    digits = number.group()
    if counted == "年" and len(digits) == 4:
        yield "".join(_YEAR_DIGITS[int(d)] for d in digits)
    elif int(digits) < 100:
        yield han_number(int(digits))
