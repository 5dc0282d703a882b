"""Questions about an article itself, which no sentence of it answers: how it is headed, who wrote
it, where it was sent from.

    写安置点里送拖鞋的那篇报道题目是什么?   → the headline of the article that is found
    那篇稿子是从哪里发回的?                 → 洛杉矶, of （新华社洛杉矶8月17日电）
"""

from __future__ import annotations

import re

from rag.dates import dateline_place
from rag.types import Article, Span
from rag.verify import find_words

_PIECE = "(?:报道|报导|文章|新闻|评论(?!员)|稿(?!本)子?|消息|社论|通讯(?!员)|短评|书评|[那这一]篇)"
_NOT_ITSELF = "(?!(?:律师|医生|教授|专家|节目|活动|系列|散文|小说|诗|书|电影|的人|的人物))"
_WRITER = "(?:记者|作者|通讯员)"
_ENGLISH_PIECE = r"\b(?:article|story|report|piece)\b"
_ASKED = {
    "byline": re.compile(
        f"{_PIECE}[^，。；？?!]{{0,12}}(?:谁[采撰]?写的|{_WRITER}(?:是谁|叫什么|叫啥|的?名字)"
        f"|谁是{_WRITER}|哪[位个]{_WRITER})"
        f"|(?:谁[采撰]?写的|哪[位个]{_WRITER}(?:[采撰]?写|报道)的)[^，。；？?!]{{0,4}}{_PIECE}"
        rf"|\bwho (?:wrote|reported|filed) (?:the|that|this) [^.?!]{{0,40}}{_ENGLISH_PIECE}"
        r"|\bwho(?:'s| is| was) the (?:reporter|author) of (?:the|that|this) "
        rf"[^.?!]{{0,30}}{_ENGLISH_PIECE}",
        re.IGNORECASE,
    ),
    "headline": re.compile(
        f"{_PIECE}(?:{_NOT_ITSELF}[^，。；？?!的]){{0,8}}(?:的?(?:题目|标题)|叫什么|叫啥|叫做什么|题为)"
        f"|(?:题目|标题)[^，。；？?!]{{0,4}}(?:什么|啥)[^，。；]{{0,6}}{_PIECE}"
        rf"|\bheadlines?\b[^.?!]{{0,30}}{_ENGLISH_PIECE}"
        rf"|{_ENGLISH_PIECE}[^.?!]{{0,40}}\b(?:called|titled|headed|headlined?)\b"
        rf"|\b(?:title|heading|headline) of (?:the|that|this) (?:\w+ )?{_ENGLISH_PIECE}",
        re.IGNORECASE,
    ),
    "dateline": re.compile(
        f"{_PIECE}[^，。；？?!]{{0,10}}[从在](?:哪[里儿地]|什么地方|哪[一两几]?[个座]?(?:城市|地方|国家))"
        "[^，。；？?!]{0,4}发(?![布现生展明射起])"
        "|发自(?:哪|什么地方)"
        rf"|\bdateline\b|\bwhere was [^.?!]{{0,40}}{_ENGLISH_PIECE}[^.?!]{{0,10}}"
        r"\b(?:filed|sent|written) from",
        re.IGNORECASE,
    ),
}
_OFFICE = re.compile(
    r"(?:本报|本刊|新华社|人民网)?(?:特派|特约|实习|见习)?(?:记者|通讯员|作者|评论员)?[ 　:：]*"
    r"|[Bb]y "
)


def asked_of_article(question: str) -> str | None:
    """Return "headline", "byline" or "dateline" when the question asks for that of an article.

    >>> asked_of_article("讲停课通知的那篇评论叫什么名字"), asked_of_article("那部电影叫什么")
    ('headline', None)
    """
    return next((name for name, asks in _ASKED.items() if asks.search(question)), None)


def told_of_itself(name: str, article: Article) -> Span | None:
    """Return where an article prints its "headline", "byline" or "dateline", None where it does
    not."""
    if name == "dateline":
        return dateline_place(article.text)
    words = article.title if name == "headline" else article.byline
    span = next(find_words(words, article.text), None) if words else None
    if span is None or name == "headline":
        return span
    office = _OFFICE.match(article.text, span.start, span.end)
    return Span(office.end(), span.end) if office and office.end() < span.end else span
