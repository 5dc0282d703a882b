"""The date an article was published, read from its own text: end mark, dateline, caption; the year
from what it speaks of."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from functools import lru_cache

_MARK = re.compile(
    r"(?:新华社|中新社|中新网|人民网|央视网|本报)[\u4e00-\u9fff/·、]{1,14}?(?:(\d{4})年)?(\d{1,2})月(\d{1,2})日(?:电|讯)"
)
_YEAR = re.compile(r"(到|至|截至|—|－|-|~)?((?:19|20)\d\d)(年)?(\d{1,2}月\d{1,2}日)?")


def published_date(text: str, page: str) -> str | None:
    """Return the ISO date printed in an article's dateline or end mark, or None when it prints
    none.

    Such marks give month and day only; the year is the one that the article, and the page around
    it, speak of most as their present: full dates count most, years of plans ("到2027年") nothing.
    """
    marks = _MARK.findall(text)
    if not marks:
        return None
    printed, month, day = marks[-1]
    year = int(printed) if printed else _year(text, page)
    try:
        return datetime.date(year, int(month), int(day)).isoformat() if year else None
    except ValueError:
        return None


def _year(text: str, page: str) -> int | None:
    counts = Counter({year: 2 * n for year, n in _years(text).items()})
    counts.update(_years_of_page(page))
    if not counts:
        return None
    # the present is the latest year spoken of often: reports look back more than ahead
    often = max(counts.values()) / 3
    return max(year for year, n in counts.items() if n >= often)


def _years(part: str) -> Counter[int]:
    """Count the years a text speaks of, full dates four times."""
    counts: Counter[int] = Counter()
    for leading, year, _, full in _YEAR.findall(part):
        if not leading:
            counts[int(year)] += 4 if full else 1
    return counts


_years_of_page = lru_cache(maxsize=1)(_years)  # the same for every article of a page
