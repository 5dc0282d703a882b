"""Example questions, drawn from the articles at hand.

A clause that ends in a number gives way to its asking word, as Chinese has it anyway:
    北京已培育机器人专精特新“小巨人”企业57家  →  北京已培育机器人专精特新“小巨人”企业多少家?
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rag.types import Article

MAX_EXAMPLES = 5
"""As many as a phone shows above the fold."""

_UNIT = "台|家|人|名|项|款|件|辆|架|所|座|场|次|个|天|年|公里|亿元|万元|亿美元|元|%"
_COUNTED = re.compile(
    r"(?:^|[，。；！？\n])([\u4e00-\u9fff“”·、A-Za-z]{7,24}?)"
    rf"\d[\d.,]*(?:万|亿)?(?:余|多)?({_UNIT})(?=[，。；！？\n])"
)
_LEANS = re.compile("^(?:其|该|此|这|那|他|她|它|并|且|而|但|也|还|又|目前|同时|将|已|共)")
_QUALIFIER = re.compile("(?:共计|总计|达到|超过|突破|超|达|近|约|逾|共|为|有)$")


def drawn_from(articles: Iterable[Article]) -> list[str]:
    """Return up to `MAX_EXAMPLES` questions, from as many of the articles as can be."""
    by_article = [list(dict.fromkeys(_questions(article.text))) for article in articles]
    drawn: list[str] = []
    for turn in range(MAX_EXAMPLES):
        for questions in by_article:
            if turn < len(questions) and questions[turn] not in drawn:
                drawn.append(questions[turn])
    return drawn[:MAX_EXAMPLES]


def _questions(text: str) -> Iterable[str]:
    for match in _COUNTED.finditer(text):
        subject, unit = match.groups()
        balanced = subject.count("“") == subject.count("”")
        subject = _QUALIFIER.sub("", subject)
        if balanced and not _LEANS.search(subject):
            yield f"{subject}多少{'' if unit == '%' else unit}?"
