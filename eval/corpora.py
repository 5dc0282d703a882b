"""The articles made worse: extraction's noise put into pages, and articles that hold no answer.

noisy(raw, kept, rng)      more line breaks, spaces and page furniture, but whole quotes
made_articles(1000, …)     news of invented people and firms in the corpus's own words
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from random import Random

from eval.metrics import occurrences
from eval.rewording import cut
from rag.types import Source, Span

WRAP_CHARS = (14, 34)  # a column of a printed page, in characters
LINES_A_PAGE = 18  # then comes a header or a footer
SPACE_SHARE = 0.01  # of the places between two characters
FURNITURE = (
    "责任编辑：{person}　版式：{person}",
    "第{page}版　要闻",
    "— {page} —",
    "扫描二维码 阅读全文",
    "本版邮箱：news{page}@example.com",
    "{page}／24",
)
_BETWEEN_HAN = re.compile("(?<=[\u4e00-\u9fff，。、])(?=[\u4e00-\u9fff])")

# ---------------------------------------------------------------- noise


def noisy(raw: str, kept: Iterable[str], rng: Random) -> str:
    """Return a page with more damage: only insertions, so that every quote still stands in it.

    Inside the quotes of `kept` (white space ignored) only white space is put in, elsewhere lines of
    page furniture too.
    """
    closed = [span for quote in kept for span in occurrences(raw, quote)]
    pieces: list[str] = []
    column, width, lines = 0, rng.randint(*WRAP_CHARS), 0
    for at, character in enumerate(raw):
        column = 0 if character == "\n" else column + 1
        pieces.append(character)
        if column >= width and _BETWEEN_HAN.match(raw, at + 1):
            pieces.append("\n")
            column, lines, width = 0, lines + 1, rng.randint(*WRAP_CHARS)
            if lines >= LINES_A_PAGE and not _inside(at + 1, closed):
                pieces.append(f"\n{_furniture(rng)}\n\n")
                lines = 0
        elif _BETWEEN_HAN.match(raw, at + 1) and rng.random() < SPACE_SHARE:
            pieces.append(" ")
    return "".join(pieces)


def _inside(at: int, spans: Sequence[Span]) -> bool:
    return any(span.start < at < span.end for span in spans)


def _furniture(rng: Random) -> str:
    return rng.choice(FURNITURE).format(person=invented_person(rng), page=rng.randint(1, 24))


# ---------------------------------------------------------------- invented names

FAMILY = "苗郗阮栾岑乜佘辜逄郦霍璩缪邬臧宓"
GIVEN = "岱其绍翰霁澜砚栩沅骁珂湛峤琰昶暄"
FIRMS = "云岫 衡澜 拓溟 芷屿 曜桐 砺峤 瀚珂 渊栩 朔砚 霁川"
FIRM_ENDS = "科技公司 集团 研究院 实验室 制造公司 传媒公司"
PLACES = "岚泊市 浔陵县 珂宁市 峤北区 芷江口镇 朔阳新区 澜沧湾 栩城"


def invented_person(rng: Random) -> str:
    """Return a Chinese name of three characters that nobody well known has."""
    return rng.choice(FAMILY) + "".join(rng.sample(GIVEN, 2))


def invented_firm(rng: Random) -> str:
    """Return a name of a firm or an institute."""
    return rng.choice(FIRMS.split()) + rng.choice(FIRM_ENDS.split())


def invented_place(rng: Random) -> str:
    """Return a name of a place."""
    return rng.choice(PLACES.split())


# ---------------------------------------------------------------- articles without answers

TITLES = ("{place}{word}工作取得进展", "{firm}发布{word}计划", "关注{word}：来自{place}的观察")
SENTENCES = (
    "{day}，{firm}在{place}举行{word}交流会，{count}名{other}从业者到场。",
    "{firm}负责人{person}介绍，今年以来{word}业务增长{share}%，{other}业务与去年持平。",
    "“我们把{word}和{other}放在一起做。”{person}说。",
    "据{place}统计，当地从事{word}的单位有{count}家，其中{few}家是今年新设立的。",
    "{person}认为，{word}要走得远，离不开{other}的支持。",
    "按照计划，{place}将在{year}年前建成{few}个{word}项目，总投入{count}万元。",
    "记者在现场看到，{word}展区前围满了人，{other}展区相对安静。",
    "{firm}与{place}签署协议，双方将在{word}、{other}等方面合作{few}年。",
    "谈到{other}，{person}表示，目前还在摸索，{few}个月后会有结果。",
    "当天公布的名单显示，共有{count}个{word}案例入选，来自{few}个城市。",
)
SENTENCES_AN_ARTICLE = (6, 11)
COMMON_WORDS = 400  # the corpus's commonest words of two or more characters


def made_articles(
    count: int, texts: Iterable[str], forbidden: Sequence[str], rng: Random
) -> Iterator[Source]:
    """Yield `count` articles that talk of the corpus's own matters and answer nothing about it.

    Their people, firms and places are invented, their words the commonest of `texts`, so that they
    compete in the search. None holds a quote of `forbidden`.
    """
    words = common_words(texts)
    for number in range(1, count + 1):
        text = next(t for t in _attempts(words, rng) if not any(q in t for q in forbidden))
        title, _, _ = text.partition("\n")
        yield Source(f"distractor-{number:05d}.txt", text, title)


def common_words(texts: Iterable[str]) -> list[str]:
    """Return the commonest words of two or more Chinese characters, commonest first."""
    counted: Counter[str] = Counter()
    for text in texts:
        counted.update(w for w in cut(text) if len(w) > 1 and "\u4e00" <= w[0] <= "\u9fff")
    return [word for word, _ in counted.most_common(COMMON_WORDS)] or ["工作", "项目"]


def _attempts(words: Sequence[str], rng: Random) -> Iterator[str]:
    while True:
        names = {
            "firm": invented_firm(rng),
            "person": invented_person(rng),
            "place": invented_place(rng),
        }
        told = rng.sample(SENTENCES, min(len(SENTENCES), rng.randint(*SENTENCES_AN_ARTICLE)))
        lines = [rng.choice(TITLES), *told]
        yield "\n".join(line.format(**names, **_slots(words, rng)) for line in lines) + "\n"


def _slots(words: Sequence[str], rng: Random) -> dict[str, object]:
    return {
        "word": rng.choice(words),
        "other": rng.choice(words),
        "count": rng.randint(11, 989),
        "few": rng.randint(2, 9),
        "share": rng.randint(1, 99) / 10 + rng.randint(0, 40),
        "year": rng.randint(2031, 2039),
        "day": f"{rng.randint(1, 12)}月{rng.randint(1, 28)}日",
    }
