"""Example questions, drawn from the articles at hand.

Chinese keeps the asking word where the answer stands, so a number, a date or a title in a clause
gives way to its asking word:
    北京已培育机器人专精特新“小巨人”企业57家  →  北京已培育机器人专精特新“小巨人”企业多少家?
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from rag.types import Article

MAX_EXAMPLES = 5
"""As many as a phone shows above the fold."""

_UNIT = "台|家|人|名|项|款|件|辆|架|所|座|场|次|个|天|年|公里|亿元|万元|亿美元|元|%"
_CLAUSE = "(?:^|[，。；！？\n])"
_END = "(?=[，。；！？\n])"
_COUNTED = re.compile(
    rf"{_CLAUSE}([\u4e00-\u9fff“”·、A-Za-z]{{7,24}}?)"
    rf"\d[\d.,]*(?:万|亿)?(?:余|多)?({_UNIT}){_END}"
)
_DATED = re.compile(
    rf"{_CLAUSE}([\u4e00-\u9fff“”·、A-Za-z0-9]{{4,20}}?)(?:于|在)?(?:\d{{4}}年)?\d{{1,2}}月\d{{1,2}}日"
    rf"(?:晚|上午|下午)?((?:在[\u4e00-\u9fff]{{2,8}})?(?:举行|召开|发布|开幕|启动|成立|公布|开始|闭幕|拉开帷幕))"
)
_NAMED = re.compile(
    rf"{_CLAUSE}([\u4e00-\u9fff“”·、A-Za-z]{{4,20}}?(?:发布|印发|出台|通过|发表)(?:了)?)《[^《》]{{3,30}}》"
)
_LEANS = re.compile(
    "^(?:其|该|此|这|那|他|她|它|并|且|而|但|也|还|又|目前|同时|将|已|共|交易|来自|其中)"
)
_QUALIFIER = re.compile("(?:共计|总计|达到|超过|突破|超|达|近|约|逾|共|为|有)$")
_VAGUE = re.compile("这一|这些|上述|该|此次|当日|当天|近日|日前")


def drawn_from(articles: Iterable[Article]) -> list[str]:
    """Return up to `MAX_EXAMPLES` questions, from as many of the articles as can be.

    Of each article the fullest question first: it is the one that needs no article around it.
    """
    by_article = [_fullest_first(article.text) for article in articles]
    turns = itertools.zip_longest(*by_article)
    drawn = dict.fromkeys(question for turn in turns for question in turn if question)
    return list(itertools.islice(drawn, MAX_EXAMPLES))


def _fullest_first(text: str) -> list[str]:
    return sorted(dict.fromkeys(_questions(text)), key=lambda question: -len(question))


def _questions(text: str) -> Iterator[str]:
    for match in _COUNTED.finditer(text):
        subject, unit = match.groups()
        if _stands_alone(subject := _QUALIFIER.sub("", subject)):
            yield f"{subject}多少{'' if unit == '%' else unit}?"
    for match in _DATED.finditer(text):
        if _stands_alone(match[1]):
            yield f"{match[1]}什么时候{match[2]}?"
    for match in _NAMED.finditer(text):
        if _stands_alone(match[1]):
            yield f"{match[1]}什么文件?"


def _stands_alone(subject: str) -> bool:
    balanced = subject.count("“") == subject.count("”")
    return balanced and not _LEANS.search(subject) and not _VAGUE.search(subject)
