"""An answer in the article's Chinese words → what its number or date is in English, where that is
safe: the whole answer is one number with a known unit, or dates.

125亿美元 → 12.5 billion US dollars, 不少于1200万人 → at least 12 million people,
8月8日至12日 → 8 to 12 August. 57家 is 57: of what, the question says.
"""

from __future__ import annotations

import calendar
import re
from decimal import Decimal

from rag.quantities import Date, dates, quantities
from rag.terms import is_chinese

_BOUNDS = {
    "at most": "不超过|不高于|至多|最多",
    "at least": "不少于|不低于|至少|最少",
    "less than": "不到|不足|少于|低于",
    "more than": "超过|超|逾|突破|多于|高于",
    "nearly": "将近|接近|近",
    "about": "大约|约|大概",
    "as much as": "高达|多达",
}
_BOUNDS_AFTER = {
    "at least": "以上",
    "at most": "以下|以内",
    "about": "左右|上下",
    "more than": "多|余",
}
_BEFORE = re.compile("|".join(f"({words})" for words in _BOUNDS.values()) + "|总计|共")
_AFTER = re.compile("|".join(f"({words})" for words in _BOUNDS_AFTER.values()))
_MORE = re.compile(r"(?<=[\d十百千万亿])[多余](?=\D|$)")  # inside the number: 100多个
_UNITS = {
    "美元": "US dollars", "元": "yuan", "欧元": "euros", "日元": "yen", "港元": "Hong Kong dollars",
    "韩元": "won", "英镑": "pounds", "卢布": "roubles", "%": "%", "百分点": "percentage points",
    "人": "people", "名": "people", "位": "people", "人次": "visits", "户": "households",
    "公里": "kilometres", "平方公里": "square kilometres", "米": "metres",
    "平方米": "square metres", "立方米": "cubic metres", "厘米": "centimetres",
    "毫米": "millimetres", "公顷": "hectares",
    "亩": "mu", "吨": "tonnes", "公斤": "kilograms", "小时": "hours", "分钟": "minutes",
    "秒": "seconds", "天": "days", "周": "weeks", "个月": "months", "年": "years",
    "岁": "years old", "倍": "times", "℃": "degrees Celsius",
}  # fmt: skip
_OF_THINGS = frozenset("台件款项家支个只头辆架艘座所套场次届期条种类层例份篇部枚颗张") | {""}
_SCALES = ((12, "trillion"), (9, "billion"), (6, "million"))
_BETWEEN_DATES = re.compile(r"[至到\-—–~、和]+")
_PLAIN = re.compile(r"[\d.,]+%?")  # reads the same in English


def english_gloss(answer: str, question: str) -> str | None:
    """Return an answer's number or dates in English for an English question, None where there is
    nothing to add or where it is not safe.

    >>> english_gloss("1200万人以上", "How many jobs?"), english_gloss("105台", "How many?")
    ('at least 12 million people', '105')
    >>> english_gloss("8月8日至12日", "When?"), english_gloss("近20年的产业化研究", "What?")
    ('8 to 12 August', None)
    """
    if is_chinese(question) or _PLAIN.fullmatch(answer.strip()):
        return None
    words = answer.strip("，。、；： \n")
    if not re.search("[\u4e00-\u9fff]", words):
        return None
    return _date_gloss(words) or _number_gloss(words)


def _number_gloss(words: str) -> str | None:
    found = quantities(words)
    if len(found) != 1 or dates(words):
        return None
    one = found[0]
    at = words.find(one.text)
    before, after = words[:at], words[at + len(one.text) :]
    told = [_BEFORE.fullmatch(before), _AFTER.fullmatch(after)]
    if (before and told[0] is None) or (after and told[1] is None):
        return None
    bounds = [
        list(names)[match.lastindex - 1]
        for match, names in zip(told, (_BOUNDS, _BOUNDS_AFTER), strict=True)
        if match and match.lastindex
    ] + (["more than"] if _MORE.search(one.text) else [])
    unit = _UNITS.get(one.unit)
    if len(bounds) > 1 or (unit is None and one.unit not in _OF_THINGS):
        return None
    number = _in_words(one.value) + (unit if unit == "%" else f" {unit}" if unit else "")
    return " ".join([*bounds, number])


def _in_words(value: Decimal) -> str:
    """
    >>> [_in_words(Decimal(n)) for n in ("48484000000", "12000", "3.60", "1954")]
    ['48.484 billion', '12,000', '3.6', '1,954']
    """
    for power, name in _SCALES:
        if abs(value) >= 10**power:
            return f"{_digits(value / 10**power)} {name}"
    return _digits(value)


def _digits(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _date_gloss(words: str) -> str | None:
    found = dates(words)
    rest = words
    for date in found:
        rest = rest.replace(date.text, "\n", 1)
    parts = [part for part in rest.split("\n") if part]
    if not 1 <= len(found) <= 2 or any(not _BETWEEN_DATES.fullmatch(part) for part in parts):
        return None
    if len(parts) != len(found) - 1 or any(d.day and not d.month for d in found):
        return None
    first, last = found[0], found[-1]
    if len(found) == 1:
        return _date_words(first)
    joint = " and " if parts[0] in "、和" else " to "
    if first.day and last.day and first.month == last.month:  # the year is said once, at the end
        year = first.year or last.year
        return f"{first.day}{joint}{_date_words(last._replace(year=year))}"
    return f"{_date_words(first)}{joint}{_date_words(last)}"


def _date_words(date: Date) -> str:
    month = calendar.month_name[date.month] if date.month else ""
    return " ".join(str(part) for part in (date.day, month, date.year) if part)
