"""Amounts in a text, with their places, and a value written as another amount is written.

    全市计划招生20840人，比2022年增加1260人   →  20840 人 at 6, 1260 人 at 20
    19580 written like the first              →  19580人

What `rag.quantities` gives to compare, this gives to reckon with: an amount whose number, scale and
unit are all plain. A clock time, a date, an edition, a range and a score are no amounts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from rag.quantities import han_value
from rag.terms import fold
from rag.types import Span


class Amount(NamedTuple):
    """A number with its unit and where it stands.

    `value` is in the unit named (6.4万户 is 64000), of durations in seconds; `unit` is one name for
    each, "" for a bare number; `tail` the unit as printed, `sign` what stands before the number,
    `scale` (exponent) and `scale_word` how it is shortened, `bound` the word that makes it inexact.
    """

    span: Span
    value: Decimal
    unit: str
    tail: str = ""
    sign: str = ""
    scale: int = 0
    scale_word: str = ""
    bound: str = ""
    has_commas: bool = False
    step: Decimal = Decimal(0)  # what its last figure shown is worth, where it is shortened


_HAN = "[零〇一二三四五六七八九十百千万亿两]"
_SCALES = {"万亿": 12, "千万": 7, "百万": 6, "亿": 8, "万": 4, "千": 3, "百": 2} | {
    "trillion": 12, "tn": 12, "billion": 9, "bn": 9, "million": 6, "m": 6, "thousand": 3, "k": 3,
}  # fmt: skip
_WORDS = dict(
    zip(
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
        " sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty".split(),
        [*range(2, 21), 30, 40, 50, 60],
        strict=True,
    )
)
_SAME = {
    "块钱": "元", "块": "元", "人民币": "元", "美金": "美元", "$": "美元", "dollar": "美元",
    "£": "英镑", "pound": "英镑", "€": "欧元", "euro": "欧元", "¥": "元", "yuan": "元",
    "名": "人", "位": "人", "people": "人", "person": "人", "per cent": "%", "percent": "%",
    "percentage point": "百分点", "个百分点": "百分点", "千米": "公里", "千克": "公斤",
    "km": "公里", "kg": "公斤", "级": "级", "个月": "月数", "month": "月数", "天": "天",
    "day": "天", "metre": "米", "meter": "米", "年": "年数", "year": "年数", "周岁": "岁",
}  # fmt: skip
_SECONDS = {
    "小时": 3600, "个小时": 3600, "分钟": 60, "秒": 1, "hour": 3600, "minute": 60, "second": 1,
}  # fmt: skip
DURATION = "时长"
_UNITS = sorted(
    """
    美元 欧元 日元 港元 韩元 英镑 卢布 人民币 美金 块钱 块
    元 个百分点 百分点 % 平方公里 平方米
    立方米 公里 千米 厘米 毫米 公顷 公斤 千克 个小时 小时 分钟 秒 个月 周岁 岁 年 天 吨 米 亩
    倍 ℃ 度 级 克 升 两
    人次 户次 架次 车次 台次 件次 张次
    台 件 款 项 家 支 名 位 人 个 只 头 辆 架 艘 座 所 套 场 次 届
    期 条 种 类 层 例 户 份 分 篇 部 枚 颗 张 幅 棵 株 对 双 组 批 间 栋 球 票 轮 局 胜 环 班 趟 列
    站 床 门 门课 本 册 集 首 尾 匹 片 块 处 盏 根 瓶 箱 桶 袋 把 口 亩地 步 字 页 桌 桩
    """.split(),
    key=len,
    reverse=True,
)
_CHINESE = re.compile(
    rf"(?<![\d.,a-z+:：第比-])(?P<sign>[$£€¥])?"
    rf"(?P<number>\d+(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|{_HAN}+)"
    rf"(?![\d:：]|比\d|[a-z])(?P<scale>万亿|千万|百万|亿|万|千|百)?(?P<more>[多余])?"
    rf"(?P<unit>{'|'.join(map(re.escape, _UNITS))})?"
)
_HOURS = re.compile(r"(?<!\d)(\d+)(?:个?小时|时)(\d{1,2})分(?:钟)?(?:(\d{1,2})秒)?")
_SHARE = re.compile(r"百分之(?P<number>\d+(?:\.\d+)?|[零一二三四五六七八九十]+)")
_ENGLISH = re.compile(
    r"(?<![\d.,a-z:/-])(?P<sign>us\$|[$£€¥])?\s?"
    rf"(?P<number>\d+(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|\b(?:{'|'.join(_WORDS)})\b)"
    r"(?![\d:/]|,\d|\.\d|[-–]\d)(?P<scale>\s?(?:trillion|billion|million|thousand)\b|(?:tn|bn|m"
    r"|k)\b)?"
    r"(?P<unit>\s?%|\s(?:per cent|percentage points?|percent)\b|[\s-]?[a-z]+)?"
)
_NO_UNIT = frozenset(
    "of in to and or more fewer less higher lower longer shorter above below at by from was were is"
    " are has had have than on up down for with after before against as the a an who that which"
    " came did would will so other others each ahead behind over under between since until but"
    " while said not".split()
)
_RANGE = re.compile(r"(?:万亿|亿|万)?\s?[-—–~～至到]{1,2}\s?\d")
_RANGE_BEFORE = re.compile(r"\d(?:万|亿)?\s?[-—–~～至到]{1,2}\s?$")
_NO_AMOUNT = re.compile("[月日号时点]|年(?![多底前来以])")  # after a number: a date, a clock
_CLOCK = re.compile(r"\d[时点]$")
_YEAR = re.compile(r"(?:19|20)\d\d")
_BOUND = re.compile(
    "(?:不少于|不低于|不高于|不超过|不到|不足|超过|高达|多达|将近|接近|大约|约|超|近|逾|至少|预计"
    r"|\b(?:about|around|nearly|almost|some|over|more than|at least|up to|roughly|under"
    r"|less than|fewer than|an estimated|approximately))\s?$"
)
_BOUND_AFTER = re.compile("左右|上下|以上|以下|以内|开外")
_LONGEST_TAIL = 4  # characters after a number that may be a unit unknown here: 标准箱


def amounts(text: str) -> list[Amount]:
    """Return the amounts of a text in order.

    >>> [(str(a.value), a.unit) for a in amounts("6.4万户停电，2022年增加1260人，7小时02分")]
    [('64000.0', '户'), ('1260', '人'), ('25320', '时长')]
    """
    folded = fold(text)
    found: dict[int, Amount] = {}
    for match in _HOURS.finditer(folded):
        hours, minutes, seconds = (int(g or 0) for g in match.groups())
        if "小时" in match[0]:  # 20时50分 is a clock
            value = Decimal(3600 * hours + 60 * minutes + seconds)
            tail = "小时分钟" if match[0].endswith("钟") else "小时分"
            found[match.start()] = Amount(Span(*match.span()), value, DURATION, tail)
    for match in _SHARE.finditer(folded):
        share = _value(match["number"])
        if share is not None:
            found[match.start()] = Amount(Span(*match.span()), share, "%", "%")
    taken = [a.span for a in found.values()]
    for pattern, one in ((_CHINESE, _chinese), (_ENGLISH, _english)):
        for match in pattern.finditer(folded):
            amount = one(match, folded)
            if amount and not any(
                amount.span.start < t.end and t.start < amount.span.end for t in taken
            ):
                found[match.start()] = amount
                taken.append(amount.span)
    return [found[at]._replace(bound=_bound(folded, found[at])) for at in sorted(found)]


def _value(number: str) -> Decimal | None:
    if number[0].isdigit():
        return Decimal(number.replace(",", ""))
    if number in _WORDS:
        return Decimal(_WORDS[number])
    known = han_value(number)
    return None if known is None else Decimal(known)


def _chinese(match: re.Match[str], text: str) -> Amount | None:
    number, unit, after = match["number"], match["unit"] or "", text[match.end() :]
    value, digits = _value(number), number[0].isdigit()
    rest = text[match.end("number") :]
    following = re.match(f"[\u4e00-\u9fff]{{0,{_LONGEST_TAIL}}}", after)
    is_chinese = bool(unit or match["scale"] or (following and following[0]))
    if value is None or not is_chinese or _RANGE.match(rest):
        return None
    if unit and (after[:1].isdigit() or (unit == "分" and _CLOCK.search(text[: match.start()]))):
        return None  # 18米90, 20时50分
    if _RANGE_BEFORE.search(text[: match.start()]):
        return None
    is_word = unit in ("度", "两", "级") or match[0] == "十分"
    if not digits and (not unit or value < 2 or len(number) > 8 or is_word):
        return None
    is_dated = not match["scale"] and _NO_AMOUNT.match(rest)
    if is_dated and not (rest.startswith("年") and value < 1000):
        return None
    scale = _SCALES[match["scale"]] if match["scale"] else 0
    value *= 10**scale
    span = Span(match.start(), match.end())
    if not unit and following:
        unit = f"?{following[0]}" if following[0] else ""
    if unit in _SECONDS:
        return Amount(span, value * _SECONDS[unit], DURATION, unit)
    sign = match["sign"] or ""
    name = _SAME.get(sign, "") if sign else _SAME.get(unit, unit)
    more = match["more"] or ""
    commas = "," in number
    tail = "" if unit.startswith("?") else unit
    step = _step(number, scale)
    return Amount(span, value, name, tail, sign, scale, match["scale"] or "", more, commas, step)


def _step(number: str, scale: int) -> Decimal:
    """Return what the last figure of a shortened number is worth: 1.3 million → 100,000."""
    return Decimal(10) ** (scale - len(number.partition(".")[2])) if scale else Decimal(0)


def _english(match: re.Match[str], text: str) -> Amount | None:
    number, sign = match["number"], match["sign"] or ""
    value = _value(number)
    after = text[match.end("number") : match.end("number") + 1]
    before = text[match.start() - 1 : match.start()]
    is_han = any("\u4e00" <= c <= "\u9fff" for c in after + ("" if sign else before))
    if value is None or is_han:
        return None
    word = (match["scale"] or "").strip()
    if word in ("m", "k") and not sign:
        return None
    if not sign and not word and _YEAR.fullmatch(number):
        return None
    tail, end = match["unit"] or "", match.end()
    unit = tail.strip(" -\n")
    if tail.isalpha() and unit not in _SAME:  # 5g, 3rd
        return None
    if unit in _NO_UNIT or sign or "\n" in tail:
        tail, unit = "", ""
        end = match.end("scale") if match["scale"] else match.end("number")
    unit = unit.removesuffix("s") if len(unit) > 3 else unit
    start = match.start("sign") if sign else match.start("number")
    scale = _SCALES.get(word, 0)
    name = _SAME.get(sign.replace("us$", "$"), "") if sign else _SAME.get(unit, unit)
    value *= 10**scale
    if unit in _SECONDS:
        value, name = value * _SECONDS[unit], DURATION
    shown, commas, step = match["scale"] or "", "," in number, _step(number, scale)
    return Amount(Span(start, end), value, name, tail, sign, scale, shown, "", commas, step)


def _bound(text: str, amount: Amount) -> str:
    before = _BOUND.search(text[max(0, amount.span.start - 14) : amount.span.start])
    if before:
        return before[0].strip()
    after = _BOUND_AFTER.match(text, amount.span.end)
    return "约" if after or amount.bound else ""


def shared_unit(one: Amount, other: Amount) -> str | None:
    """Return the unit two amounts are both counted in, as it is printed; None where they are not.

    A unit not known here is what follows both numbers alike: 19.6万标准箱 and 2.6万标准箱.
    """
    if one.unit.startswith("?") and other.unit.startswith("?"):
        common = ""
        for a, b in zip(one.unit[1:], other.unit[1:], strict=False):
            if a != b:
                break
            common += a
        return common if len(common) > 1 else None
    if one.unit == other.unit and one.unit:
        return one.tail
    return None


def written(value: Decimal, like: Amount, tail: str, parts: Sequence[Amount]) -> str:
    """Return a value in an amount's way of writing.

    >>> a, b = amounts("6.4万户停电，3.9万户恢复")
    >>> written(a.value - b.value, a, "户", [a, b])
    '2.5万户'
    """
    if like.unit == DURATION:
        return bound_of(parts) + _duration(value, like.tail, parts)
    scale, word = like.scale, like.scale_word
    if abs(value) < 10**scale and scale >= 4:  # 0.9亿 is 9000万
        small = {"亿": (4, "万"), "万亿": (8, "亿")}.get(word, (0, ""))
        scale, word = small if abs(value) >= 10 ** small[0] else (0, "")
    number = (value / Decimal(10) ** scale).normalize()
    commas = any(part.has_commas for part in parts) or (like.sign and number >= 1000)
    figures = f"{number:,f}" if commas else f"{number:f}"
    return f"{bound_of(parts)}{like.sign}{figures}{word}{tail}"


def bound_of(parts: Sequence[Amount]) -> str:
    """Return the word that makes what is reckoned from parts inexact, "" where all are exact."""
    inexact = [part.bound for part in parts if part.bound]
    if not inexact:
        return ""
    english = inexact[0].isascii()
    if len(inexact) == 1 and parts[0].bound and inexact[0] not in ("不到", "不足"):
        return f"{inexact[0]} " if english else inexact[0]
    return "about " if english else "约"


def _duration(value: Decimal, tail: str, parts: Sequence[Amount]) -> str:
    seconds = int(value)
    if tail.strip().isascii():
        unit = "hours" if "hour" in tail and seconds % 3600 == 0 else "minutes"
        each = 3600 if unit == "hours" else 60
        return f"{(value / each).normalize():f} {unit}"
    if tail == "秒":
        return f"{value.normalize():f}秒"
    if tail == "分钟" and not any(part.tail == "秒" for part in parts):
        return f"{(value / 60).normalize():f}分钟"
    hours, minutes, rest = seconds // 3600, seconds % 3600 // 60, seconds % 60
    said = f"{hours}小时" if hours else ""
    if not hours and not minutes:
        return f"{rest}秒"
    if not minutes and not rest:
        return said
    said += f"{minutes:02d}分" if hours and tail == "小时分" else f"{minutes}分"
    return said + (f"{rest:02d}秒" if rest else "" if tail == "小时分" else "钟")
