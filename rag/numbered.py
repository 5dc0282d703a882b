"""Lists whose items a text numbers: 一是普及知识。…二是传播文化。…三是…; first, … second, …; or
counts before it tells them: 她立了三条规矩：不抢对白，不替观众哭，不说“你看”。

Where a question asks for so many things, the answer is what each number opens, one clause an item.
A reader gives one span, which is one of the items at best.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from rag.claims import Claim, Passage, Place
from rag.kinds import asked_kind
from rag.quantities import han_value
from rag.several import first_of
from rag.terms import subject_terms, terms
from rag.types import Article, Span

_HAN = "一二三四五六七八九十"
_SERIES = (
    *(
        tuple(re.compile(form.replace("N", n)) for n in _HAN)
        for form in ("N是", "第N(?:[，,、]|是|点)", "(?<![一-鿿])N要", "[（(]N[）)]")
    ),
    tuple(re.compile(f"{word}[，,]?") for word in ("首先", "其次", "(?:再次|第三|最后)", "最后")),
    tuple(
        re.compile(rf"\b{word},? ", re.IGNORECASE)
        for word in ("first(?:ly| of all)?", "second(?:ly)?", "(?:third(?:ly)?|finally)")
    ),
)
_COUNTED = re.compile(
    r"(?P<many>[两二三四五六七八九十]|\d)(?:个|条|项|点|类|种|大|步|方面|版块|部分|样|件|层)"
)
_THING = re.compile("[两二三四五六七八九十0-9](?:个|条|项|点|类|种|大|步|方面|层)+([一-鿿]{2})")
_ANY_THING = re.compile(  # what is numbered may be called so by a question, and not by the text
    "做法|措施|方面|举措|工作|任务|要求|办法|版块|建议|内容|意见|活动|方向|问题|步骤|事[情项]?|是什"
    "|来|要|会|能|可|必|才|东西|规矩|好处|坏处|理由|缘[故由]|看法"
)
_COUNTS = re.compile(  # 三条规矩：  三样不能少，  建议有三条：
    r"(?<![第一二三四五六七八九十])(?P<many>[两二三四五六七八九十]|\d)(?:个|条|项|点|类|种|大|步|方面|样|件|层)+"
    r"(?P<thing>[^，。：:；、\n0-9]{0,8})(?:[：:]|(?<=不能少)，|(?<=缺一不可)，)[“\"]?"
)
_TOLD_BY = ("；", "，", "[、和与及]|以及")  # what parts the items, the strongest first
_JOINED = re.compile("[、和与及；]")
_ASKED = re.compile("哪|什么|分别|如何|怎么")
_FEWEST = 2
_LONGEST = 60  # characters: of a longer item its first clause tells what it is
_END = re.compile("[。；;\n]|(?<=[a-z])\\.")
_CLAUSE = re.compile("[，,。；;：:\n]")
_LEAD = 160  # characters before the first number that say what is listed
_SHARED = 0.3  # of the question's words that stand there
_EDGE = " \n，。、；：:;,.!?！？"


class Numbered(NamedTuple):
    """A list: where its first number stands, and its items."""

    start: int
    items: tuple[Span, ...]


def with_numbered(
    question: str, claims: list[Claim], passages: Sequence[Passage]
) -> list[Claim]:
    """Return the claims with the list before them that a question asks for, where a text numbers
    its items; the claims themselves where none has as many, or is about something else."""
    many = _asked_many(question)
    if not claims or not (many or asked_kind(question).name == "list"):
        return claims
    joined = len(_JOINED.findall(claims[0].text))
    if joined == many - 1 or (joined and not many):  # a row of as many was read
        return claims
    thing = _THING.search(question)
    wanted = subject_terms(question)
    best: tuple[float, Article, Numbered] | None = None
    for article in {p.article.id: p.article for p in passages}.values():
        for found in (*numbered(article.text), *counted(article.text)):
            if len(found.items) != many and (many or not _holds(found, article, claims[0])):
                continue
            lead = article.text[max(0, found.start - _LEAD) : found.items[0].end]
            if thing and not _ANY_THING.match(thing[1]) and thing[1] not in lead[-_LEAD:]:
                continue
            share = len(wanted & set(terms(lead))) / max(1, len(wanted))
            if share >= _SHARED and (best is None or share > best[0]):
                best = share, article, found
    if best is None:
        return claims
    _, article, listed = best
    places: tuple[Place, ...] = tuple((article, item) for item in listed.items)
    text = "；".join(article.text[item.start : item.end] for item in listed.items)
    told = next((c for c in claims if c.places[0][0].id == article.id), claims[0])
    whole = replace(told, text=text, places=places[:1], parts=places, rule="numbered")
    return first_of(whole, claims)


def _asked_many(question: str) -> int:
    """Return how many things a question asks for, 0 where it does not say, or asks for none."""
    counted = _COUNTED.search(question)
    if counted is None or not _ASKED.search(question):
        return 0
    many = counted["many"]
    return int(many) if many.isdigit() else han_value(many) or 0


def _holds(found: Numbered, article: Article, claim: Claim) -> bool:
    """Tell whether a claim stands in a list."""
    place, span = claim.places[0]
    last = found.items[-1]
    return place.id == article.id and found.start <= span.start < last.end


def numbered(text: str) -> Iterator[Numbered]:
    """Yield the lists of a text whose items are numbered from the first on."""
    for series in _SERIES:
        for first in series[0].finditer(text):
            marks = [first]
            for pattern in series[1:]:
                following = pattern.search(text, marks[-1].end())
                again = series[0].search(text, marks[-1].end())
                if following is None or (again and again.start() < following.start()):
                    break
                marks.append(following)
            if len(marks) >= _FEWEST:
                ends = [*(m.start() for m in marks[1:]), len(text)]
                items = [_item(text, m.end(), end) for m, end in zip(marks, ends, strict=True)]
                if all(item.end - item.start > 1 for item in items):
                    yield Numbered(first.start(), tuple(items))


def counted(text: str) -> Iterator[Numbered]:
    """Yield the lists of a text that it counts before it tells them, where it tells as many."""
    for match in _COUNTS.finditer(text):
        stop = re.compile("[。！？\n]").search(text, match.end())
        end = stop.start() if stop else len(text)
        many = int(match["many"]) if match["many"].isdigit() else han_value(match["many"])
        for mark in _TOLD_BY:
            marks = list(re.compile(mark).finditer(text, match.end(), end))
            if len(marks) + 1 != many:
                continue
            starts = [match.end(), *(m.end() for m in marks)]
            stops = [*(m.start() for m in marks), end]
            items = [_item(text, *place) for place in zip(starts, stops, strict=True)]
            if all(item.end - item.start > 1 for item in items):
                yield Numbered(match.start(), tuple(items))
            break


def _item(text: str, start: int, end: int) -> Span:
    """Return what a number opens: to the end of its sentence, of a long one the first clause."""
    stop = _END.search(text, start, end)
    end = stop.start() if stop else end
    if end - start > _LONGEST:
        comma = _CLAUSE.search(text, start + 2, end)
        end = comma.start() if comma else end
    while end > start and text[end - 1] in _EDGE:
        end -= 1
    while start < end and text[start] in _EDGE:
        start += 1
    return Span(start, end)
