"""Numbers, amounts and dates of a question in the spelling of the other language.

1.2 million → 120万    July → 7月    first half → 上半年    3亿 → 300 million
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias

Alternatives: TypeAlias = dict[str, float]

MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_SHORT = {month[:3]: month for month in MONTHS} | {"sept": "september"}
_DAYS = {
    "monday": "一", "tuesday": "二", "wednesday": "三", "thursday": "四", "friday": "五",
    "saturday": "六", "sunday": "日",
}  # fmt: skip
_SMALL = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty
    """
_TENS = ("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
NUMBERS = {word: number for number, word in enumerate(_SMALL.split())} | {
    word: 30 + 10 * number for number, word in enumerate(_TENS)
}
_NTH = """
    first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth
    fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth
    """
_ORDINALS = {word: number for number, word in enumerate(_NTH.split(), 1)}
_UNITS = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_HAN_UNITS = {"万亿": 12, "亿": 8, "万": 4, "千": 3, "百万": 6, "千万": 7}
_DIGITS = "零一二三四五六七八九"
# The parts of a year that both languages name by number.
_PARTS: Mapping[str, tuple[str, ...]] = {
    "first half": ("上半年",),
    "second half": ("下半年",),
    "first quarter": ("一季度", "第一季度"),
    "second quarter": ("二季度", "第二季度"),
    "third quarter": ("三季度", "第三季度"),
    "fourth quarter": ("四季度", "第四季度"),
    "first three quarters": ("前三季度",),
}
_SINGLE = 0.5  # weight of a bare small number: it stands in most passages by chance

ENGLISH = re.compile(
    r"\b(?:first three quarters|(?:first|second|third|fourth) (?:half|quarter))\b"
    r"|\b(?P<amount>\d+(?:[.,]\d+)*|" + "|".join(w for w, n in NUMBERS.items() if n) + r")"
    r"[ -](?P<unit>thousand|million|billion|trillion)\b"
    rf"|\b(?P<month>{'|'.join([*MONTHS, *_SHORT])})\b\.?(?: (?P<day>[0-3]?\d)(?:st|nd|rd|th)?\b)?"
    r"|\b(?P<percent>\d+(?:\.\d+)?) ?(?:%|per ?cent\b)"
    rf"|\b(?P<weekday>{'|'.join(_DAYS)})\b"
    r"|\b(?P<nth>\d+)(?:st|nd|rd|th)\b"
    rf"|\b(?P<ordinal>{'|'.join(_ORDINALS)})\b"
    rf"|\b(?P<word>{'|'.join(w for w, n in NUMBERS.items() if n > 1)})\b"
    r"|(?P<number>\d+(?:[.,]\d+)*)"
)
CHINESE = re.compile(
    r"(?P<amount>\d+(?:\.\d+)?)(?P<unit>万亿|百万|千万|亿|万|千)"
    r"|(?P<month>1[0-2]|0?[1-9])月(?:(?P<day>[0-3]?\d)[日号])?"
    r"|(?P<half>[上下]半年)|第?(?P<quarter>[一二三四])季度"
    r"|第(?P<nth>[一二三四五六七八九十]+|\d+)"
    r"|(?P<percent>\d+(?:\.\d+)?)%"
    r"|(?P<number>\d+(?:[.,]\d+)*)"
)


def in_chinese(match: re.Match[str]) -> Alternatives:
    """Return how Chinese writes what ENGLISH matched in a folded text.

    >>> in_chinese(ENGLISH.match("1.2 million"))
    {'120万': 1.0}
    >>> list(in_chinese(ENGLISH.match("july 16")))
    ['7月16日', '7月']
    """
    found, whole = match.groupdict(), match.group()
    if found["amount"]:
        return _amount(_value(found["amount"]).scaleb(_UNITS[found["unit"]]))
    if found["month"]:
        name = found["month"]
        number = MONTHS.index(_SHORT.get(name, name)) + 1
        if not found["day"]:
            return {f"{number}月": 1.0}
        return {f"{number}月{int(found['day'])}日": 1.0, f"{number}月": 0.5}
    if found["percent"]:
        return {f"{found['percent']}%": 1.0}
    if found["weekday"]:
        day = _DAYS[found["weekday"]]
        return {f"周{day}": 1.0, f"星期{day}": 1.0}
    if found["nth"] or found["ordinal"]:
        number = int(found["nth"]) if found["nth"] else _ORDINALS[found["ordinal"]]
        return {f"第{han_number(number)}": 1.0, f"第{number}": 1.0} | (
            {han_number(number): 0.6, str(number): 0.6} if number > 10 else {}
        )
    if found["word"]:
        number = NUMBERS[found["word"]]
        return {str(number): _SINGLE, han_number(number): _SINGLE}
    if found["number"]:
        return _plain(whole)
    return dict.fromkeys(_PARTS[whole], 1.0)


def in_english(match: re.Match[str]) -> Alternatives:
    """Return how English writes what CHINESE matched in a folded text.

    >>> in_english(CHINESE.match("120万"))
    {'1.2 million': 1.0, '1,200,000': 1.0}
    """
    found = match.groupdict()
    if found["amount"]:
        value = _value(found["amount"]).scaleb(_HAN_UNITS[found["unit"]])
        for unit, zeros in reversed(_UNITS.items()):
            if zeros > 3 and value >= Decimal(10) ** zeros:
                return {f"{_short(value.scaleb(-zeros))} {unit}": 1.0, f"{value:,.0f}": 1.0}
        return {f"{value:,.0f}": 1.0, f"{value:.0f}": 1.0}
    if found["month"]:
        month = MONTHS[int(found["month"]) - 1]
        if not found["day"]:
            return {month: 1.0}
        day = int(found["day"])
        return {f"{month} {day}": 1.0, f"{day} {month}": 1.0, month: 0.5}
    if found["half"]:
        return {"first half" if found["half"][0] == "上" else "second half": 1.0}
    if found["quarter"]:
        nth = ["first", "second", "third", "fourth"]["一二三四".index(found["quarter"])]
        return {f"{nth} quarter": 1.0}
    if found["nth"]:
        return _nth(found["nth"])
    if found["percent"]:
        percent = found["percent"]
        return {f"{percent}%": 1.0, f"{percent} percent": 1.0, f"{percent} per cent": 1.0}
    return _plain(match.group())


def han_number(number: int) -> str:
    """Write a whole number under 100 in Chinese characters; larger ones in digits.

    >>> [han_number(n) for n in (2, 10, 19, 20, 45)]
    ['二', '十', '十九', '二十', '四十五']
    """
    if number >= 100:
        return str(number)
    tens, ones = divmod(number, 10)
    head = "" if not tens else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return head + (_DIGITS[ones] if ones or not tens else "")


def _nth(text: str) -> Alternatives:
    values = {han_number(n): n for n in range(1, 100)}
    number = values.get(text) or (int(text) if text.isdigit() else 0)
    if not number:
        return {}
    tail = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")  # fmt: skip  # noqa: E501
    names = [word for word, value in _ORDINALS.items() if value == number]
    return dict.fromkeys([f"{number}{tail}", *names], 1.0)


def _plain(number: str) -> Alternatives:
    """Return a number with and without its thousands separators; a small one counts less."""
    bare = number.replace(",", "")
    weight = 1.0 if len(bare) > 1 else _SINGLE
    forms = {bare: weight}
    if bare.isdigit() and len(bare) > 4:
        forms[f"{int(bare):,}"] = weight
        forms |= dict.fromkeys(_amount(Decimal(bare)), weight)
    return forms


def _amount(value: Decimal) -> Alternatives:
    """Return an amount as Chinese writes it: in 亿 or 万 where that needs few digits."""
    for unit, zeros in (("万亿", 12), ("亿", 8), ("万", 4)):
        if value >= Decimal(10) ** zeros:
            short = _short(value.scaleb(-zeros))
            if len(short) <= 8:
                return {short + unit: 1.0}
    return {_short(value): 1.0}


def _value(text: str) -> Decimal:
    return Decimal(NUMBERS[text]) if text in NUMBERS else Decimal(text.replace(",", ""))


def _short(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
