"""A choice answered by comparing: the value of each thing to choose from, then the name of the one.

    苏州的机器人企业和武汉的人形机器人企业哪个多?
        "在江苏苏州，如今已聚集机器人产业链相关企业600余家"   苏州 600
        "武汉…拥有300余家人形机器人产业链企业"               武汉 300     → 苏州

Where a text says it outright (比对手多出7.3公里) that is taken. Whose a value is: `rag.owners`.
Nothing is answered where a value is missing, where units differ, or where other values nearly as
likely would choose another name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.borders import natural_borders
from rag.choices import Choice, asked_property
from rag.claims import Claim, Passage, Place, sentence_around
from rag.listings import is_about, listings
from rag.owners import Value, mentions, owner_of, surest, values
from rag.several import first_of, strength, whole_text
from rag.types import Article, Span

_LASTS = frozenset(("小时", "分钟", "秒", "天", "年", "个月"))  # who is faster takes less of it
_SIGN = {"多": 1, "高": 1, "大": 1, "长": 1, "远": 1, "重": 1, "贵": 1, "晚": 1} | {
    "少": -1, "低": -1, "小": -1, "短": -1, "近": -1, "轻": -1, "便宜": -1, "早": -1,
}  # fmt: skip
_THAN = re.compile(
    rf"比(?P<other>[^，。；：比]{{1,12}}?)(?:要|还|更|都|平均)?(?P<size>{'|'.join(_SIGN)})"
    "(?:出|了|上)?(?P<by>[约近]?[0-9.,]+)?"
)
_RIVAL = re.compile("对手|对方|后者|前者|另一")

Read = Callable[[str], Sequence[Claim]]


def with_choice(
    choice: Choice, claims: list[Claim], passages: Sequence[Passage], read: Read
) -> list[Claim]:
    """Return the claims with the choice before them; the claims themselves where it is not certain.
    `read` gives the claims of another question over the same passages."""
    if not claims:
        return claims
    rules: tuple[tuple[str, Callable[[], Claim | None]], ...] = (
        ("said", lambda: _said(choice, passages, read)),
        ("by value", lambda: _by_value(choice, read)),
    )
    if not choice.names:
        rules = (("listed", lambda: _listed(choice, passages, read)),)
    for name, rule in rules:
        if found := rule():
            return first_of(replace(found, rule=name), claims)
    return claims


def _by_value(choice: Choice, read: Read) -> Claim | None:
    """Compare what the reader finds for each name."""
    if choice.also and re.match("[多少高低差]", choice.also):
        return None  # how much more: a number that stands nowhere
    each = [
        values(choice.names, n, read(choice.part(name)), asked=choice.asks, by_date=choice.by_date)
        for n, name in enumerate(choice.names)
    ]

    def winner(found: Sequence[Value]) -> int:
        sizes = [value.size for value in found]
        sign = -choice.sign if choice.faster and found[0].unit in _LASTS else choice.sign
        first = (max if sign > 0 else min)(sizes)
        return sizes.index(first) if sizes.count(first) == 1 else -1

    found = surest(each, winner)
    if found is None or found[0] < 0:
        return None
    weaker = min((value.claim for value in found[1]), key=strength)
    return _answer(choice, found[1], found[0], weaker)


def _answer(choice: Choice, found: Sequence[Value], winner: int, told: Claim) -> Claim:
    value = found[winner]
    support = tuple(v.place for v in found)
    if value.name == value.place:  # a time: the text may name it otherwise
        name = choice.names[winner].removesuffix("的")
        put = _put((value.place,), told, support)
        return replace(put, text=f"{name}（{put.text}）" if choice.also else name)
    parts = (value.name, value.place) if choice.also else (value.name,)
    return _put(parts, told, support)


def _put(parts: tuple[Place, ...], told: Claim, support: tuple[Place, ...] = ()) -> Claim:
    text, parts = whole_text(parts)
    return replace(told, text=text, places=(parts[0],), parts=parts, support=support)


def _said(choice: Choice, passages: Sequence[Passage], read: Read) -> Claim | None:
    """Find a sentence that compares two of the names outright: 比对手多出7.3公里."""
    for passage in passages:
        article, text = passage.article, passage.article.text
        for match in _THAN.finditer(text, *passage.span):
            sentence = sentence_around(article, Span(*match.span()))
            before = list(mentions(text, Span(sentence.start, match.start()), choice.names))
            others = [n for n, _ in mentions(text, Span(*match.span("other")), choice.names)]
            if not before or not (others or _RIVAL.search(match["other"])):
                continue
            number, name = before[-1]
            same = _SIGN[match["size"]] == choice.sign
            if not same or number in others or not is_about(choice, text, sentence):
                continue
            told = _nearest(read(choice.part(choice.names[number])), article, sentence)
            if not told:
                continue
            if not choice.also:
                return _put(((article, name),), told)
            if match["by"]:
                by = natural_borders(text, Span(*match.span("by")))
                return _put(((article, name), (article, by)), told)
    return None


def _nearest(claims: Sequence[Claim], article: Article, sentence: Span) -> Claim | None:
    """Return the best claim out of a sentence, None where there is none."""
    for claim in claims:
        there, span = claim.places[0]
        if there.id == article.id and sentence.start <= span.start < sentence.end:
            return claim
    return None


def _listed(choice: Choice, passages: Sequence[Passage], read: Read) -> Claim | None:
    """Choose among what the text lists: 方案一的9人，方案二的31人; A、B两市…分别为91%和84%."""
    for passage in passages:
        article = passage.article
        for found in listings(choice, passage):
            sizes = [item.size for item in found]
            first = (max if choice.sign > 0 else min)(sizes)
            if sizes.count(first) > 1:
                continue
            span = found[sizes.index(first)].name
            claims = read(choice.part(article.text[span.start : span.end]))
            if told := _nearest(claims, article, sentence_around(article, span)):
                return _put(((article, span),), told)
    return None


def with_property(
    question: str, claims: list[Claim], passages: Sequence[Passage]
) -> list[Claim]:
    """Return the claims with the one name before them of which a text says what the question asks:
    甲和乙哪个减少了?  "乙同比减少199%"; the claims themselves where it says so of both, or none."""
    asked = asked_property(question)
    if asked is None or not claims:
        return claims
    found: dict[int, Place] = {}
    for passage in passages:
        article, text = passage.article, passage.article.text
        for match in re.finditer(re.escape(asked.said), text[slice(*passage.span)]):
            at = passage.span.start + match.start()
            if text[at - 1 : at] in ("不", "未", "没", "无"):
                return claims
            owner = owner_of(article, Span(at, at + len(match[0])), asked.names)
            if owner:
                found.setdefault(owner[0], (article, owner[1]))
    if len(found) != 1:
        return claims
    place = next(iter(found.values()))
    sentence = sentence_around(*place)
    told = _nearest(claims, place[0], sentence)
    put = replace(_put((place,), told or claims[0]), rule="property")
    return first_of(put, claims) if told else claims
