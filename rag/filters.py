"""Which articles a question is about, as the user or the question itself says."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Protocol

from rag.terms import fold

_TITLE = re.compile(r"《([^《》]{4,60})》|“([^“”]{6,60})”|\"([^\"]{8,100})\"")
_FILE = re.compile(r"\.(?:txt|md|html?|pdf|docx|jsonl)(?![A-Za-z0-9])", re.I)
_PAPER = r"(?:的|那天的|当天的)?(?:报纸|报道|文章|新闻|消息|版面)"
_SIGNS = frozenset("*?[")  # of a pattern
_DAY = re.compile(r"((?:19|20)\d\d)年(\d{1,2})月(\d{1,2})日" + _PAPER)


@dataclass(frozen=True, slots=True)
class Filter:
    """Articles to look in: all conditions that are given must hold.

    `sources` are names or patterns (`2025/*.txt`), any of them; `titles` are whole titles, any of
    them; `since` and `until` are ISO dates, both included: an article without a date is in neither.
    """

    sources: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None

    def __bool__(self) -> bool:
        return self != Filter()

    def holds(self, source: str, title: str | None, published: str | None) -> bool:
        """Tell whether an article is one of those meant.

        >>> Filter(since="2025-08-01").holds("a.txt", None, "2025-08-16")
        True
        """
        if self.sources and not any(fnmatch.fnmatchcase(source, s) for s in self.sources):
            return False
        if self.titles and title not in self.titles:
            return False
        if (self.since or self.until) and published is None:
            return False
        day = published or ""
        return (self.since or day) <= day <= (self.until or day)

    def narrowed(self, other: Filter) -> Filter:
        """Return this filter with what it leaves open taken from another one."""
        return replace(
            self,
            sources=self.sources or other.sources,
            titles=self.titles or other.titles,
            since=self.since or other.since,
            until=self.until or other.until,
        )


class Names(Protocol):
    """Knows what articles are called."""

    def titles(self, folded: Collection[str]) -> set[str]: ...
    def sources_named(self, text: str) -> set[str]: ...


def is_pattern(source: str) -> bool:
    """Tell whether a source of a filter may stand for several."""
    return not _SIGNS.isdisjoint(source)


def named(question: str, names: Names) -> Filter:
    """Return the articles that a question names: by a file's name, by a whole title in quotation
    marks, or by the day of the paper ("2025年8月16日的报纸"). What names nothing there is does not
    narrow."""
    found = Filter()
    if quoted := {fold(a or b or c) for a, b, c in _TITLE.findall(question)}:
        found = replace(found, titles=tuple(sorted(names.titles(quoted))))
    if _FILE.search(question):
        found = replace(found, sources=tuple(sorted(names.sources_named(question))))
    if day := _DAY.search(question):
        date = "{}-{:0>2}-{:0>2}".format(*day.groups())
        found = replace(found, since=date, until=date)
    return found
