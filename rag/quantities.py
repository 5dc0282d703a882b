"""Numbers and dates in Chinese or English text → values that compare: 1.2万 is 12000, July is 7月,
百分之五 is 5%, 一百零五台 is 105台.

Small numbers in characters (一个, 三大) are words more often than figures; they count only before a
unit, and 一 only where it is a date or a measure.
"""

from __future__ import annotations

import calendar
import re
from decimal import Decimal
from typing import NamedTuple

from rag.terms import fold


class Quantity(NamedTuple):
    """A number with its unit; `unit` "" where none follows, `bound` "" or one of BOUNDS."""

    text: str
    value: Decimal
    unit: str
    bound: str


class Date(NamedTuple):
    """A date, or the part of one that is named; a day without a month has that named before it."""

    text: str
    year: int | None
    month: int | None
    day: int | None
    year_before: int | None  # named last before it, where it names none itself


BOUNDS = {
    "over": "超过|超|逾|不少于|不低于|至少|高达|多达|突破"
    "|more than|over|at least|above|exceed(?:s|ed|ing)?",
    "under": "不到|不足|不超过|不高于|至多|少于|低于|less than|under|at most|below|fewer than",
    "near": "近|将近|接近|nearly|almost",
    "about": "约|大约|about|around|approximately|some",
}
_BEFORE = {name: re.compile(rf"(?:{words})\s?[$¥]?$") for name, words in BOUNDS.items()}
_AFTER = {
    "over": re.compile("多|余|以上"),
    "under": re.compile("以下|以内"),
    "about": re.compile("左右|上下"),
}

_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}
_SCALES = {
    "万亿": 12, "千万": 7, "百万": 6, "亿": 8, "万": 4, "千": 3, "百": 2,
    "trillion": 12, "billion": 9, "million": 6, "thousand": 3, "hundred": 2,
}  # fmt: skip
_ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen twenty"
).split()
_WORDS = {word: n for n, word in enumerate(_ENGLISH) if n > 1} | {
    word: 10 * n
    for n, word in enumerate("thirty forty fifty sixty seventy eighty ninety".split(), 3)
}
# what units are called → one name for each; a classifier is its own name
_SAME_UNIT = {
    "美金": "美元", "usd": "美元", "dollars": "美元", "dollar": "美元", "$": "美元",
    "yuan": "元", "rmb": "元", "人民币": "元", "¥": "元", "euros": "欧元", "euro": "欧元",
    "percent": "%", "per cent": "%", "percentage points": "百分点", "个百分点": "百分点",
    "号": "日", "千米": "公里", "kilometers": "公里", "kilometres": "公里", "km": "公里",
    "千克": "公斤", "kilograms": "公斤", "kg": "公斤", "个小时": "小时", "hours": "小时",
    "hour": "小时", "minutes": "分钟", "minute": "分钟", "days": "天", "day": "天",
    "years": "年", "year": "年", "months": "个月", "month": "个月", "meters": "米",
    "metres": "米", "tons": "吨", "tonnes": "吨", "周岁": "岁", "个": "", "people": "人",
}  # fmt: skip
_MEASURES = frozenset(
    """
    美元 欧元 日元 港元 韩元 英镑 卢布 元 美金 人民币 个百分点 百分点 % 平方公里 平方米 立方米
    公里 千米 厘米 毫米 公顷 公斤 千克 个小时 小时 分钟 秒 个月 周岁 岁 年 天 周 日 号 月 吨 米 亩
    倍 ℃ 度
    percent dollars dollar usd yuan rmb euros euro kilometers kilometres km kilograms kg hours hour
    minutes minute days day years year months month meters metres tons tonnes people
    """.split()
) | {"percentage points", "per cent"}
_CLASSIFIERS = frozenset(
    """
    台 件 款 项 家 支 名 位 人 个 只 头 辆 架 艘 座 所 套 场 次 届 期 条 种 类 层 例 户 份 分 篇 部
    枚
    颗 张 幅 棵 株 对 双 组 批 间 栋 人次 户次
    """.split()
)
_UNIT_WORDS = sorted(_MEASURES | _CLASSIFIERS, key=len, reverse=True)
_UNIT = "|".join(re.escape(u) + (r"\b" if u.isascii() and u.isalpha() else "") for u in _UNIT_WORDS)
_SCALE = "|".join(sorted(_SCALES, key=len, reverse=True))
_HAN = "[零〇一二三四五六七八九十百千万亿两]"
_NUMBER = re.compile(
    rf"(?P<share>百分之)?(?P<sign>[$¥]|\brmb\s?|\busd\s?)?"
    rf"(?:(?P<digits>(?:(?<![a-z\d.])(?<!\d,)|(?<=rmb)|(?<=usd))\d+(?:,\d{{3}})*(?:\.\d+)?)|(?P<han>{_HAN}+)"
    rf"|\b(?P<word>{'|'.join(_WORDS)})\b)"
    rf"(?:\s?(?P<scale>{_SCALE}))?(?P<more>[多余来])?\s?(?P<unit>{_UNIT})?"
    rf"(?P<range>(?=\s?[-—–~至到]{{1,2}}\s?\d))?"
)
_MONTHS = {name.lower(): n for n, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name.lower(): n for n, name in enumerate(calendar.month_abbr) if name}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = re.compile(
    r"(?P<iso>(?<!\d)(?P<y1>(?:19|20)\d\d)[-/.](?P<m1>\d{1,2})[-/.](?P<d1>\d{1,2})(?!\d))"
    rf"|(?:(?P<y2>(?:19|20)\d\d|[一二][零〇一二三四五六七八九]{{3}})年)?(?<![\d.个])(?P<m2>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
    rf"月(?:(?P<d2>[0-3]?\d|{_HAN}{{1,3}})[日号])?"
    r"|(?<!\d)(?P<y3>(?:19|20)\d\d|[一二][零〇一二三四五六七八九]{3})年"
    r"|(?<![\d.月])(?P<d3>[0-3]?\d)[日号]"
    rf"|\b(?P<m4>{_MONTH})\b\.?(?:\s(?P<d4>[0-3]?\d)(?:st|nd|rd|th)?\b(?!\d))?(?:,?\s(?P<y4>(?:19|20)\d\d)\b)?"
    rf"|(?<!\d)(?P<d5>[0-3]?\d)(?:st|nd|rd|th)?\s(?P<m5>{_MONTH})\b(?:,?\s(?P<y5>(?:19|20)\d\d)\b)?"
    r"|(?<![\d.,$¥a-z-])(?P<y6>(?:19|20)\d\d)(?![\d%a-z]|[.,]\d"
    r"|\s?(?:万|亿|千|百|[台件款项家支名位人个只头辆元米吨岁]))"
)
_YEAR_RANGE = re.compile(r"((?:19|20)\d\d)(?=\s?[-—–~至到]{1,2}\s?(?:19|20)\d\d年)")
_DAY_RANGE = re.compile(r"(\d{1,2})(?=\s?[-—–~至到]{1,2}\s?\d{1,2}[日号])")
_MONTH_RANGE = re.compile(r"(?<!\d)(\d{1,2})(?=\s?[-—–~至到]{1,2}\s?\d{1,2}月)")
_NTH = re.compile(r"(?:st|nd|rd|th)\b")
_GLUED = re.compile("(?!(?:st|nd|rd|th|km|kg)\\b)[a-z]")
_MAY = re.compile(r"\b(?:may|march|mar|sept?|jan|dec)\b")  # words too: dates only beside a number


def han_value(text: str) -> int | None:
    """Return what a number in Chinese characters is worth, None where it is none.

    >>> [han_value(t) for t in ("一百零五", "十二", "两千三百万", "二〇二五", "十四五")]
    [105, 12, 23000000, 2025, None]
    """
    if len(text) > 1 and all(c in _DIGITS for c in text):
        return int("".join(str(_DIGITS[c]) for c in text))
    total = section = 0
    digit: int | None = None
    last = 10_000
    for c in text:
        if c in _DIGITS:
            if digit:
                return None
            digit = _DIGITS[c]
        elif c in _TENS:
            if _TENS[c] >= last:
                return None
            last = _TENS[c]
            section += (1 if digit is None else digit) * _TENS[c]
            digit = None
        else:
            section += digit or 0
            total = (total + (section or 1)) * (10_000 if c == "万" else 100_000_000)
            section, digit, last = 0, None, 10_000
    if digit and last in (10, 100, 1000) and text[-2:-1] in _TENS and last != 10:
        return total + section + digit * last // 10  # 两千三 is 2300
    return total + section + (digit or 0)


def dates(text: str) -> list[Date]:
    """Return the dates of a text in order.

    >>> [d[1:] for d in dates("2025年8月8日至12日，July 16")]
    [(2025, 8, 8, None), (None, 8, 12, 2025), (None, 7, 16, 2025)]
    """
    found, _ = _dates(fold(text))
    return found


def quantities(text: str) -> list[Quantity]:
    """Return the numbers of a text that are no dates, in order.

    >>> [(str(q.value), q.unit, q.bound) for q in quantities("不少于100项，1.2万台，百分之五")]
    [('100', '项', 'over'), ('12000.0', '台', ''), ('5', '%', '')]
    """
    folded = fold(text)
    _, rest = _dates(folded)
    found = []
    for match in _NUMBER.finditer(rest):
        one = _quantity(match, rest)
        if one is not None:
            found.append(one._replace(text=text[match.start() : match.end()].strip()))
    return found


def _quantity(match: re.Match[str], text: str) -> Quantity | None:
    unit = match["unit"] or ("%" if match["share"] else (match["sign"] or "").strip())
    unit = "第" if match["digits"] and _NTH.match(text, match.end()) else unit
    if match["digits"]:
        value = Decimal(match["digits"].replace(",", ""))
        if _GLUED.match(text, match.end("digits")):
            return None  # 5g, 3d: a name
        if not unit and match["range"] is not None and not match["scale"]:
            unit = _unit_after_range(text, match.end())
    elif match["word"]:
        value = Decimal(_WORDS[match["word"]])
    else:
        known = han_value(match["han"])
        counted = unit and (known != 1 or unit in _MEASURES)
        if known is None or not (counted or match["share"]) or unit in ("分", "度"):
            return None
        value = Decimal(known)
    if match["scale"]:
        value *= 10 ** _SCALES[match["scale"]]
    bound = _bound(text, match)
    ordinal = "第" if text[match.start() - 1 : match.start()] == "第" else ""
    return Quantity(match[0], value, ordinal + _SAME_UNIT.get(unit, unit), bound)


def _unit_after_range(text: str, end: int) -> str:
    following = re.compile(r"\s?[-—–~至到]{1,2}\s?").match(text, end)
    other = _NUMBER.match(text, following.end()) if following else None
    return (other["unit"] or "") if other else ""


def _bound(text: str, match: re.Match[str]) -> str:
    before = text[max(0, match.start() - 14) : match.start()]
    after = (match["more"] or "") + text[match.end() : match.end() + 2]
    found = [(m.start(), name) for name, words in _BEFORE.items() if (m := words.search(before))]
    found = sorted(found) or [(0, name) for name, words in _AFTER.items() if words.match(after)]
    return found[0][1] if found else ""  # the longest: 不超过 holds 超过, 不少于 holds 少于


def _dates(folded: str) -> tuple[list[Date], str]:
    """Return the dates, and the text with these blanked out."""
    found: list[Date] = []
    rest = list(folded)
    year: int | None = None
    month: int | None = None
    for at, match in sorted(
        [(m.start(), m) for m in _DATE.finditer(folded)]
        + [(m.start(), m) for m in _YEAR_RANGE.finditer(folded)]
        + [(m.start(), m) for m in _DAY_RANGE.finditer(folded)]
        + [(m.start(), m) for m in _MONTH_RANGE.finditer(folded)],
        key=lambda item: (item[0], -len(item[1].group())),
    ):
        if "".join(rest[at : match.end()]).strip() == "":
            continue
        named = _named(match)
        if named is None:
            continue
        y, m, d = named
        month = m if y is not None or m is not None else month
        found.append(Date(match[0], y, m if d is None else month, d, None if y else year))
        year = y or year
        rest[at : match.end()] = " " * (match.end() - at)
    return found, "".join(rest)


def _named(match: re.Match[str]) -> tuple[int | None, int | None, int | None] | None:
    if match.re is _YEAR_RANGE:
        return int(match[1]), None, None
    if match.re is _DAY_RANGE:
        return None, None, int(match[1])
    if match.re is _MONTH_RANGE:
        return None, int(match[1]), None
    parts = match.groupdict()
    if _MAY.match(match[0]) and match[0].isalpha():
        return None
    year = next((v for k in ("y1", "y2", "y3", "y4", "y5", "y6") if (v := parts[k])), None)
    month = next((v for k in ("m1", "m2", "m4", "m5") if (v := parts[k])), None)
    day = next((v for k in ("d1", "d2", "d3", "d4", "d5") if (v := parts[k])), None)
    return _number(year), _MONTHS.get(month or "") or _number(month), _number(day)


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    return int(text) if text.isdigit() and text.isascii() else han_value(text)
