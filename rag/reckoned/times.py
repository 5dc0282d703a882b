"""Times as a question and an article name them, made to compare: 去年 in a text of 2024 is 2023.

A time is a set of tokens: "y2023" a year, "m7" a month, "d11" a day, "r-1" last year by its name,
"o" what was before a change (原来, 以前, originally), and parts of a year by theirs (上半年).
"""

from __future__ import annotations

import calendar
import datetime
import re

from rag.quantities import han_value

_NEAR = {
    "前年": -2, "去年": -1, "上年": -1, "上一年": -1, "今年": 0, "本年": 0, "明年": 1, "后年": 2,
    "last year": -1, "a year earlier": -1, "previous year": -1, "this year": 0, "next year": 1,
    "year before last": -2,
}  # fmt: skip
_MONTHS = {name.lower(): n for n, name in enumerate(calendar.month_name) if name}
_DAYS = {"前天": -2, "前晚": -2, "昨": -1, "今天": 0, "今日": 0, "今晨": 0, "今早": 0, "明天": 1}
OLD = (
    "原来|原先|原[定本为有]|此前|之前|以前|从前|过去|当初|最初|起初|传统|旧版|老办法|改革前|改造前"
    r"|\b(?:originally|previous|previously|used to|formerly|earlier"
    r"|before(?=\s*[?.,]|$| that| then| the (?:change|rise|increase|cut|move|deal|reform)))\b"
)
_TIME = re.compile(
    r"(?P<year>(?<!\d)(?:19|20)\d\d(?=年|\D|$)(?!\d|[.,]\d|\s?[万亿余多台家名人个元米吨]))"
    rf"|(?P<near>{'|'.join(sorted(_NEAR, key=len, reverse=True))})"
    r"|(?P<month>(?<![\d.个])(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])(?=月))"
    rf"|\b(?P<english>(?:{'|'.join(_MONTHS)})\b(?: (?P<date>[0-3]?\d)(?!\d))?)"
    rf"|\b(?P<dated>(?P<date2>[0-3]?\d) (?:{'|'.join(_MONTHS)})\b)"
    r"|(?P<day>(?<![\d.])[0-3]?\d(?=[日号]))"
    rf"|(?P<today>{'|'.join(_DAYS)})"
    "|(?P<part>上半年|下半年|[前首][一二三两][个]?季度|第?[一二三四]季度"
    "|[前首][一二两三四五六七八九十]+个?月"
    "|上月|上个月|上周|上一周|上季度|上赛季|上学期|首周|首日|春节|国庆"
    "|last month|last week|last season|first half|second half)"
    f"|(?P<old>{OLD})"
)


def times(text: str, published: str | None = None) -> frozenset[str]:
    """Return the times that a folded text names; those it names by their distance are reckoned
    from the date of publication too, where that is known.

    >>> sorted(times("去年7月", "2024-08-01"))
    ['m7', 'r-1', 'y2023']
    """
    found: set[str] = set()
    day = _date(published)
    for match in _TIME.finditer(text):
        name, said = match.lastgroup, match[0]
        if name == "year":
            found.add(f"y{said}")
        elif name == "near":
            found.add(f"r{_NEAR[said]}")
            found |= {f"y{day.year + _NEAR[said]}"} if day else set()
        elif name in ("month", "day"):
            found.add(f"{name[0]}{int(said) if said.isdigit() else han_value(said)}")
        elif name in ("english", "dated"):
            found |= {f"m{n}" for month, n in _MONTHS.items() if month in said}
            found |= {f"d{d}" for d in (match["date"], match["date2"]) if d}
        elif name == "today":
            meant = day + datetime.timedelta(days=_DAYS[said]) if day else None
            found |= {f"d{meant.day}", f"m{meant.month}"} if meant else set()
        else:
            found.add("o" if name == "old" else f"p{said.replace('个', '').replace('首', '前')}")
    return frozenset(found)


def agree(asked: frozenset[str], said: frozenset[str], around: frozenset[str]) -> bool:
    """Tell whether a text's time is the one asked for: they share one, and none of what the
    question names is contradicted; what the text's own words leave out, `around` may say."""
    if not asked & said:
        return False
    for kind in "ymdrp":
        wanted = {t for t in asked if t[0] == kind}
        there = {t for t in said if t[0] == kind}
        if kind == "r" and any(t[0] == "y" for t in asked & said):
            continue
        if kind == "y" and any(t[0] == "r" for t in asked & said):
            continue
        if wanted and there and not wanted & there:
            return False
        if wanted and not there and kind in "mp" and not wanted & around:
            return False
        if wanted and not there and kind == "y":
            known = {t for t in around if t[0] == "y"}
            if known and not wanted & known:
                return False
    return True


def _date(published: str | None) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(published) if published else None
    except ValueError:
        return None
