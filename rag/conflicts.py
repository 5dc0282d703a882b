"""Whether an answer stands where the text speaks of another time, or office, than the question.

    松延动力6月交付多少台?    "……6月实现'跑通'，7月交付人形机器人105台"    105台 is July's
    科学院的院长是谁?         "科学院副院长马某说"                           马某 is another

Only what both name is compared: years, months, half-years, quarters, five-year plans, editions;
an office and the deputy's. And where a text tells a change (由1200万元提高到2000万元), whether an
answer is on the side that the question asks for: the new one, unless it asks for the old.
"""

from __future__ import annotations

import calendar
import re
from functools import lru_cache

from rag.types import Article, Span

_MONTHS = {name: str(number) for number, name in enumerate(calendar.month_name) if name}
_TIMES = {
    "year": re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d|[.,]\d|[万亿余多台家名人个元米])"),
    "month": re.compile(
        rf"(?<![\d.])(1[0-2]|[1-9])月"
        rf"|\b((?i:{'|'.join(set(_MONTHS) - {'May', 'March'})})|May|March)\b"
    ),
    "half": re.compile("(上半年|下半年)|\\b((?i:first|second) half) (?:of|this|last)\\b"),
    "quarter": re.compile("([一二三四])季度|\\b(?i:(first|second|third|fourth) quarter)\\b"),
    "plan": re.compile("(十[一二三四五六七])五[”’」]?(?:期间|时期|规划|以来|末|期末|收官|开局)?"),
    "edition": re.compile("第([0-9一二三四五六七八九十]+)届"),
}
_SAME = {name.lower(): number for name, number in _MONTHS.items()} | {
    "first half": "上半年", "second half": "下半年",
    "first": "一", "second": "二", "third": "三", "fourth": "四",
}  # fmt: skip
_NEAR_YEARS = {"前年": -2, "去年": -1, "今年": 0, "明年": 1, "后年": 2}
_NEAR_YEAR = re.compile("|".join(_NEAR_YEARS))
_OFFICE = re.compile(
    "(?<!副)(?:[\u4e00-\u9fff]长|总经理|总裁|主席|主任|书记|教授|总统|总理|研究员)"
)
_ASKS_OLD = re.compile(
    "原来|原先|原[定本为]|此前|之前|以前|从前|过去|当初|最初|起初|老办法"
    r"|\b(?:originally|before|previous|previously|used to|in the first place|formerly)\b",
    re.IGNORECASE,
)
_TURNS = (
    "应为|应是|改为|改到|改成|核减为|订正为|更正为|调整[为到至]|推迟[到至]|提前[到至]|变[为成]"
    "|(?:提高|增加|增|减少|减|降|升|涨|上调|下调|提|扩大|缩短|延长|压缩|下降|上升|跌|恢复)[到至为]"
)
_FROM = re.compile(
    '(?:由|从|原定|原计划|原为|原先|此前|而非|不是|并非|之前|以前)[^，。；：]{0,12}[“"]?$'
)
_FROM_LATIN = re.compile(r"\b(?:up from|down from|from|rather than|instead of|not)\W{1,3}$", re.I)
_TO = re.compile(f'(?:{_TURNS})[^，。；：0-9]{{0,3}}[“"]?$')
_LEAVES = re.compile(f'[”"]?[^，。；：0-9]{{0,2}}(?:{_TURNS}|[到至](?![0-9]{{1,2}}[月日时]))')
_LEFT = re.compile(f'[”"]?[^，。；：0-9]{{0,2}}(?:{_TURNS})')
_REACH = 24  # characters before an answer in which the change is named
_BACK = 300  # characters: a year named before that is another paragraph's


def speaks_of_another(question: str, article: Article, clause: Span, sentence: Span) -> bool:
    """Tell whether the answer's clause, or what its sentence named last before it, is another's.

    A year may be named `_BACK` characters before, or in the title; 今年 is the year in which the
    article was published. `clause` and `sentence` are those that hold the answer.
    """
    asked, near, offices = _asked_for(question)
    if not near and not offices and not any(asked.values()):
        return False
    text = article.text
    if any(_is_deputys(office, text[clause.start : clause.end]) for office in offices):
        return True
    for name, wanted in asked.items():
        since = max(0, clause.start - _BACK) if name == "year" else sentence.start
        said = _said(name, article, clause) or _said(name, article, Span(since, clause.start))[-1:]
        if name == "year":
            said = said or _named(name, article.title or "")
        if wanted and said and wanted.isdisjoint(said):
            return True
    said_near = set(_NEAR_YEAR.findall(text, clause.start, clause.end))
    return bool(near and said_near and near.isdisjoint(said_near))


def is_other_side(question: str, text: str, span: Span) -> bool:
    """Tell whether an answer is on the side of a change that is not asked for.

    >>> text = "违约金由1200万元提高到2000万元"
    >>> is_other_side("违约金提到多少?", text, Span(4, 10))
    True
    >>> is_other_side("违约金原来是多少?", text, Span(4, 10))
    False
    """
    before = text[max(0, span.start - _REACH) : span.start]
    after = text[span.end : span.end + _REACH]
    is_new = _TO.search(before)
    if not is_new:
        is_old = (_FROM.search(before) and _LEAVES.match(after)) or _FROM_LATIN.search(before)
        if not (is_old or _LEFT.match(after)):
            return False
    return bool(is_new) == bool(_ASKS_OLD.search(question))


@lru_cache(maxsize=64)  # asked of every possible answer
def _asked_for(question: str) -> tuple[dict[str, frozenset[str]], frozenset[str], tuple[str, ...]]:
    """Return the times of each sort, the years named by a word, and the offices of a question."""
    times = {name: frozenset(_named(name, question)) for name in _TIMES}
    return times, frozenset(_NEAR_YEAR.findall(question)), tuple(_OFFICE.findall(question))


def _is_deputys(office: str, words: str) -> bool:
    return f"副{office}" in words and words.count(office) == words.count(f"副{office}")


def _named(name: str, text: str) -> list[str]:
    """Return the times of one sort that a text names, in order, months by their number."""
    found = (m.group(m.lastindex or 0) for m in _TIMES[name].finditer(text))
    return [_SAME.get(value.lower(), value) for value in found]


def _said(name: str, article: Article, where: Span) -> list[str]:
    """Return the times that a stretch of the article names, in order."""
    piece = article.text[where.start : where.end]
    if name == "year" and article.published and article.published[:4].isdigit():
        year = int(article.published[:4])
        piece = _NEAR_YEAR.sub(lambda m: f" {year + _NEAR_YEARS[m.group()]} ", piece)
    return _named(name, piece)
