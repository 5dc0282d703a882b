"""Clean articles to print on simulated pages: news bulletins with the headlines of their editors,
news of a corpus, parallel news, the articles of `eval/pages`.

Every source is named by the caller; nothing of them is in the project.
"""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, cycle, islice
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np

from embeddings import load
from eval.damage import clean_lines, paragraphs


class Story(NamedTuple):
    """A clean article before it is printed."""

    title: str
    body: tuple[str, ...]
    day: str = "2025-08-16"
    sections: tuple[int, ...] = ()  # paragraphs that stand under a heading of their own


_SPOKEN = re.compile("<strong>央视网消息</strong>（[^（）]*）：|<[^>]+>|&[a-z]+;")
_TAG = re.compile("^【[^】]*】")


def bulletin_stories(path: Path) -> Iterator[Story]:
    """Yield the items of the news bulletins: headline and paragraphs as their editors wrote them."""  # noqa: E501
    day = "2025-08-16"
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        title = ""
        for line in lines:
            if found := re.match(r"# .*\((\d{4})(\d\d)(\d\d)\)", line):
                day = "-".join(found.groups())
            elif line.startswith("### "):
                title = _TAG.sub("", line[4:].strip())
            elif line.startswith("<p>") and title:
                body = [_SPOKEN.sub("", p) for p in line.split("</p>")]
                body = [text for p in body for text in clean_lines(p)]
                if len(body) >= 2 and len(title) >= 6 and "快讯" not in title:
                    yield Story(title, tuple(body), day)
                title = ""


_ENDS = "。！？”）"
# what a web page says around its news; no newspaper prints it
_ODDMENT = re.compile(
    "原标题|返回搜狐|责任?编辑?[：:]|来源[：:]|编辑[：:|｜/]|广告声明|扫码|点击|微信|APP下载|http|供图"
    "|记者[：:]|审核|校对|报料|本文|转载|版权|www|END|&nbsp|正文：|↓|人民视觉|资料图|中新网\\w*\\d日电"
)


def news_stories(
    path: Path, rng: Random, shortest: int = 250, most: int | None = None
) -> Iterator[Story]:
    """Yield news of a corpus under headlines made of their own words; `shortest` in characters,
    `most` in paragraphs, some of one alone."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if len(record["text"]) >= shortest:
                told = [x for x in paragraphs(record["text"][:5000], rng) if not _ODDMENT.search(x)]
                body = [x for x in told if len(x) > 12 and x[-1] in _ENDS]
                if most is not None:
                    body = body[: rng.randint(1, most)]
                if len(body) >= (2 if most is None else 1):
                    day = record.get("published") or "2023-08-16"
                    yield Story(headline("".join(body), rng), tuple(body), day)


def parallel_stories(path: Path, column: int, rng: Random) -> Iterator[Story]:
    """Yield the stories of a file of parallel news, a sentence a line: column 0 Chinese, 1 English.

    A headline is a line without a stop; what follows it, up to the next, is its story.
    """
    title, body = "", list[str]()
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            text = " ".join(clean_lines(line.rstrip("\n").split("\t")[column]))
            if text and text[-1] not in "。！？”….!?\"'）)：:;；，," and len(text) < 110:
                if len(title) > 8 and len(body) >= 4:
                    yield Story(title, tuple(_in_paragraphs(body[:40], column, rng)))
                title, body = text, []
            elif text:
                body.append(text)


def _in_paragraphs(sentences: Sequence[str], column: int, rng: Random) -> Iterator[str]:
    at = 0
    while at < len(sentences):
        many = rng.choice((1, 2, 2, 3))
        yield (" " if column else "").join(sentences[at : at + many])
        at += many


CLAUSE = re.compile("[\u4e00-\u9fff0-9%]{6,20}(?=[，。；])")


def is_english(text: str) -> bool:
    return sum(c.isascii() for c in text[:200]) > 0.8 * len(text[:200])


def headline(text: str, rng: Random) -> str:
    if is_english(text):
        words = text[: rng.randint(40, 400)].split()
        return " ".join(words[-rng.randint(2, 9) :]).strip(",.;:\"'").capitalize()
    clauses = CLAUSE.findall(text)[:12] or [text[:12]]
    one, two = rng.choice(clauses), rng.choice(clauses)
    one, two = (_reworded(x, rng) if rng.random() < 0.5 else x for x in (one, two))
    forms = (
        one,
        one,
        f"{one[:8]}：{two}",
        f"{one} {two}",
        f"“{one[:4]}”{one[4:]}",
        f"{one}，{two}",
    )
    if rng.random() < _IN_SHORT:
        return f"{rng.choice(_MATTERS)}{rng.choice(COLLECTED)}"
    return rng.choice(forms).strip("，。")[:34]


_IN_SHORT = 0.04  # of the headlines name a column of short news, and nothing that is told in it
_MATTERS = ("", "", "国际", "国内", "体坛", "文化", "财经", "教育", "一周", "本地", "转会", "天气")
COLLECTED = ("短讯", "简讯", "快讯", "动态", "短波", "速览", "消息", "一览", "新闻", "要闻", "集锦", "拾零", "资讯", "播报", "传真", "速递", "提示", "预告")  # noqa: E501


def in_short(stories: Iterator[Story], rng: Random) -> Iterator[Story]:
    """Yield columns of short news: the first paragraphs of several stories."""
    while True:
        told = [story.body[0] for story in islice(stories, rng.randint(3, 5))]
        if len(told) < 3:
            return
        yield Story(f"{rng.choice(_MATTERS)}{rng.choice(COLLECTED)}", tuple(told))


def features(stories: Iterable[Story]) -> Iterator[Story]:
    """Yield stories in short paragraphs, a sentence each, as long reports are printed."""
    for story in stories:
        body = [m.group() for p in story.body for m in _SENTENCE.finditer(p)]
        yield Story(story.title, tuple(x for x in body if len(x) > 12), story.day)


_SENTENCE = re.compile("[^。！？]+(?:[。！？]+[”’）]*|$)")


def gathered(stories: Iterator[Story], rng: Random) -> Iterator[Story]:
    """Yield long reports of several sections, each of them a story of a like matter, its opening
    left out: sections drift as those of a report do."""
    while pool := list(islice(stories, _POOL)):
        vectors = load().encode_passages([story.body[0] for story in pool])
        alike = vectors @ vectors.T
        free = set(range(len(pool)))
        for first in range(len(pool)):
            many = rng.randint(2, 4)
            near = [k for k in np.argsort(-alike[first]).tolist() if k in free][:many]
            if first not in free or len(near) < many:
                continue
            free -= set(near)
            texts = [pool[k].body[0 if k == first else 1 :] for k in near]
            starts = list(accumulate(len(text) for text in texts))[:-1]
            body = tuple(paragraph for text in texts for paragraph in text)
            yield Story(pool[first].title, body, pool[first].day, tuple(starts))


_POOL = 400  # stories among which like ones are looked for


def long_ones(stories: Iterable[Story], shortest: int = 1000) -> Iterator[Story]:
    """Yield stories of so many characters or more."""
    return (story for story in stories if sum(map(len, story.body)) >= shortest)


def asked(stories: Iterator[Story], rng: Random) -> Iterator[Story]:
    """Yield stories told in questions and answers."""
    for story in stories:
        body = list[str]()
        for paragraph in story.body[:7]:
            clauses = CLAUSE.findall(paragraph) or [paragraph[:10]]
            asks = f"{rng.choice(clauses)}{rng.choice(_ASKED)}？"
            body += [f"问：{asks}", f"答：{paragraph}"]
        yield Story(story.title, tuple(body), story.day)


_ASKED = ("吗", "，怎么办", "，为什么", "是怎么回事", "，您怎么看", "")


_SMALL = re.compile("的|了|将|已|在|把|被|于|和|与|我们|目前|同时|进一步")


def _reworded(clause: str, rng: Random) -> str:
    """Return a clause as an editor shortens it: small words gone, an end cut off."""
    short = _SMALL.sub("", clause)
    cut = rng.randint(0, max(0, min(4, len(short) - 6)))
    return (short[cut:] if rng.random() < 0.5 else short[: len(short) - cut]) or clause


def mixed_stories(folder: Path, rng: Random) -> Iterator[Story]:
    """Yield stories of all kinds in groups of a kind, as long as the bulletins last; one in eight
    is English, half of the groups are of one time and thus of like matters."""
    parallel = folder / "parallel" / "news_2017_2022.tsv.xz"
    news, bulletins = folder / "text" / "zh_news.jsonl.xz", folder / "text" / "zh_bulletins.txt.xz"
    kinds = (
        # what follows one another in a file is of one day or one text: too alike for a page
        (8, islice(bulletin_stories(bulletins), 0, None, 3)),
        (9, islice(news_stories(news, rng, most=7), 0, None, 2)),
        (4, islice(news_stories(news, rng, 850), 1, None, 3)),
        # features: they alone have many sections
        (1, features(islice(news_stories(news, rng, 850), 2, None, 3))),
        (3, gathered(islice(news_stories(news, rng, 600), 5, None, 3), rng)),
        (1, cycle(islice(long_ones(parallel_stories(parallel, 0, rng)), 1, None, 2))),
        (1, cycle(long_ones(bulletin_stories(bulletins)))),
        (1, cycle(islice(parallel_stories(parallel, 0, rng), 0, None, 3))),
        (3, cycle(islice(parallel_stories(parallel, 1, rng), 1, None, 3))),
    )
    # columns of short news, questions and answers: one among other stories, never a page of them
    strays = (
        in_short(islice(news_stories(news, rng), 3, None, 5), rng),
        asked(islice(news_stories(news, rng), 4, None, 5), rng),
    )
    while True:
        groups = []
        for share, stories in kinds:
            held = list(islice(stories, share * _TOGETHER))
            if len(held) < share * _TOGETHER:
                return
            half = len(held) // 2
            held[:half] = rng.sample(held[:half], half)
            groups += [held[i : i + _TOGETHER] for i in range(0, len(held), _TOGETHER)]
        chinese = [group for group in groups if not is_english(group[0].body[0])]
        for stories in strays:
            for story in islice(stories, _STRAYS):
                rng.choice(chinese).insert(rng.randrange(_TOGETHER), story)
        rng.shuffle(groups)
        yield from (story for group in groups for story in group)


_STRAYS = 15  # of some 500 stories
_TOGETHER = 15  # stories of a kind: pages are mostly of one kind, as papers are


def written_stories(truths: Iterable[Path]) -> list[Story]:
    """Return the articles of `eval/pages/truth`, one file a page."""
    out = []
    for path in truths:
        record = json.loads(path.read_text(encoding="utf-8"))
        out += [
            Story(one["title"], tuple(one["body"]), record["day"]) for one in record["articles"]
        ]
    return out
