"""The date an article was published, read from its own text: end mark, dateline, caption; the year
from what it speaks of."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from functools import lru_cache

from rag.types import Span

AGENCY = (
    "(?:新华社|中新社|中新网|人民网|央视网|本报|本刊"
    "|[\u4e00-\u9fff]{1,4}(?:日报|晚报|时报|早报|都市报))"
)
MARK = (
    AGENCY + " ?(?P<place>[\u3400-\u9fff/·、]{1,14}?) ?"
    r"(?:(?P<year>\d{4})年)?(?P<month>\d{1,2})月(?P<day>\d{1,2})日(?:电|讯)"
)
"""A dateline, 新华社北京8月16日电, which is an end mark too."""
_MARK = re.compile(MARK)
_MONTHS = "January February March April May June July August September October November December"
_ANY_MONTH = "|".join([*_MONTHS.split(), *(rf"{month[:3]}\b\.?" for month in _MONTHS.split())])
_SHORT_MONTHS = [month[:3] for month in _MONTHS.split()]
ENGLISH_MARK = (
    rf"(?P<place>[A-Z][A-Z .'-]{{2,30}}), "
    rf"(?P<month>{_ANY_MONTH}) (?P<day>\d{{1,2}})(?:, (?P<year>\d{{4}}))? ?[—–-]"
)
_ENGLISH_MARK = re.compile(rf"(?:^|\n){ENGLISH_MARK}")
# a number of four digits is a year only where something says so: 12084人 is none
_YEAR = re.compile(
    r"(到|至|截至|—|－|-|~|by |until )?(?<!\d)((?:19|20)\d\d)"
    r"(?:年(?:(\d{1,2})月(\d{1,2})日)?|(?=[^\d%]|$))"
)
_BEFORE = re.compile(rf"(?:{_ANY_MONTH}|in|since|of|,) ?\d{{0,2}},? ?$")
_NEAR = 10  # days between a dateline and the paper that prints it, or the news that it tells
_OLDEST = 2000  # a page that speaks only of earlier years tells of the past, not of its own day


def published_date(text: str, page: str) -> str | None:
    """Return the ISO date printed in an article's dateline or end mark, or None when it prints
    none.

    Such marks give month and day only; the year is the one that the article, and the page around
    it, speak of most as their present: full dates near the mark count most, years of plans
    ("到2027年") and of the last century nothing.
    """
    mark = _mark(text)
    if not mark:
        return None
    printed, day = int(mark["year"] or 0), int(mark["day"])
    named = mark["month"]
    month = int(named) if named.isdigit() else _SHORT_MONTHS.index(named[:3]) + 1
    try:
        datetime.date(2000, month, day)
        year = printed or _year(text, page, month, day)
        return datetime.date(year, month, day).isoformat() if year else None
    except ValueError:
        return None


def dateline_place(text: str) -> Span | None:
    """Return where an article's dateline or end mark names the place it was sent from.

    >>> text = "正文。（新华社洛杉矶8月17日电）"; span = dateline_place(text)
    >>> text[span.start : span.end]
    '洛杉矶'
    """
    mark = _mark(text)
    return Span(*mark.span("place")) if mark else None


def _mark(text: str) -> re.Match[str] | None:
    """Return the last mark, or an English dateline."""
    *_, found = (None, *_MARK.finditer(text))
    return found or _ENGLISH_MARK.search(text)


def _year(text: str, page: str, month: int, day: int) -> int | None:
    counts: Counter[int] = Counter()
    for part, share in ((text, 2), (page, 1)):
        for year, its_month, its_day in _years(part):
            near = its_month and _apart(month, day, its_month, its_day) <= _NEAR
            counts[year] += share * (4 if near else 1)
    counts = Counter({year: n for year, n in counts.items() if year >= _OLDEST})
    if not counts:
        return None
    # the present is the latest year spoken of often: reports look back more than ahead
    often = max(counts.values()) / 3
    return max(year for year, n in counts.items() if n >= often)


def _apart(month: int, day: int, other_month: int, other_day: int) -> int:
    """Return how many days lie between two days of the year, months taken for 30."""
    days = abs(30 * (month - other_month) + day - other_day)
    return min(days, 360 - days)


@lru_cache(maxsize=4)  # the same page for every article of it
def _years(part: str) -> tuple[tuple[int, int, int], ...]:
    """Return the years a text speaks of as past or present, with month and day or 0, 0."""
    found = []
    for match in _YEAR.finditer(part):
        leading, year, month, day = match.groups()
        chinese = part[match.end(2) : match.end(2) + 1] == "年"
        named = chinese or _BEFORE.search(part, max(0, match.start() - 14), match.start(2))
        if not leading and named:
            found.append((int(year), int(month or 0), int(day or 0)))
    return tuple(found)
