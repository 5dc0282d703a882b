"""Two things that a question sets against each other, by amount: their difference, their sum, or
which way they differ; each is asked for by itself, and its value taken where it is told for it.

    美国原油库存实际比分析师预期多降了多少桶？   1540万桶 − 130万桶 → 1410万桶
    到期债务和逾期商票合起来多少亿元？           2874.68亿元 + 2446.63亿元
    今年上半年净利润比去年同期多还是少？         the text says it: 同比减少

Where the text tells the difference, or the sum, it is to be read, not reckoned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from rag.choices import TIME_FIRST, row_of_names
from rag.claims import Claim, sentence_around
from rag.owners import Value, asks_change, is_change, owner_of, surest, values
from rag.quantities import quantities
from rag.reckoned.amounts import DURATION, Amount, amounts, shared_unit, written
from rag.reckoned.differences import compared_with
from rag.reckoned.scene import asked_of, is_amount_asked
from rag.reckoned.times import times
from rag.several import first_of, strength
from rag.terms import fold, is_chinese
from rag.types import Article, Span

_GREATER = "多|高|大|长|贵|重|远|慢|久|厚|宽|老"
_LESSER = "少|低|小|短|便宜|轻|近|快|薄|窄|年轻"
_HOW = rf"(?:{_GREATER}|{_LESSER})"
_ADVERB = "(?:至少|还|要|都|又|平均|大约|约|更|总共)?"
_TOPIC = "^(?:(?P<topic>[^？?]+)[，,])?"
_BY = re.compile(
    rf"{_TOPIC}(?P<one>[^，,？?比]{{2,40}}?)比(?P<other>[^，,？?]{{2,30}}?){_ADVERB}"
    rf"(?:(?P<up>{_GREATER})|(?P<down>{_LESSER}))(?:出|了|出了|着)?"
    rf"(?P<does>(?:(?!{_HOW})[^，,？?多少几]){{0,6}})(?P<asks>(?:多少|几)[^，,？?]{{0,8}})[？?]?$"
)
_SUM = re.compile(
    rf"{_TOPIC}(?P<names>[^，,？?]{{4,60}}?)"
    "(?:一共|总共|合计|共计|总计|合起来|合在一起|加起来|加在一起)"
    "(?P<does>[^，,？?多少几]{0,6})(?P<asks>(?:多少|几)[^，,？?]{0,8})[？?]?$"
)
_PLUS = re.compile("再?加上?(?!起来|在一起)")
_WAY = re.compile(
    rf"{_TOPIC}(?P<one>[^，,？?]{{2,40}}?)(?:比(?P<other>[^，,？?]{{2,30}}?){_ADVERB}"
    rf"(?P<a>增加|减少|上升|下降|{_HOW})了?还是(?:增加|减少|上升|下降|{_HOW})了?"
    r"|(?:高于|低于|多于|少于)还是(?:高于|低于|多于|少于)(?P<other2>[^，,？?]{2,30}))[？?]?$"
)
_UP = "增加|增长|提高|提升|上升|上涨|增|多|高|贵|涨|升|长|大|重"
_DOWN = "减少|下降|降低|下跌|回落|下滑|便宜|减|少|低|降|短|小|轻|跌"
_SAYS_WAY = re.compile(
    r"(?P<against>低于|高于|多于|少于|超过|不及)(?P<ref>[^，。；\d]{2,16})"
    rf"|(?:比|较|相较于?|相比)(?P<ref2>[^，。；\d]{{2,14}}?)偏?(?:{_UP}|{_DOWN})了?"
    rf"|(?P<since>同比|环比)[^，。；\d]{{0,3}}?(?:{_UP}|{_DOWN})|[与跟和同](?P<ref3>[^，。；\d]{{2,10}})(?:相当|持平)"
)
_YEAR_BEFORE = re.compile("去年|上年|同期")
_OF = re.compile("^(?P<name>.+)的(?P<noun>[^的]{2,10})$")
_TIME = re.compile(
    "(?:今|去|前|明)年(?:上半年|下半年|同期|[一二三四]季度|[0-9]{1,2}月份?)?|上半年|下半年"
    "|(?:19|20)[0-9]{2}年(?:上半年|下半年|[一二三四]季度|[0-9]{1,2}月份?)?|[0-9]{1,2}月份?"
)
_LOOKED_AT = 3  # answers whose sentences may say which way

Read = Callable[[str], Sequence[Claim]]


class Opposed(NamedTuple):
    """`names`: what is set against each other; `parts`: the question for the value of each;
    `sign`: 1 where the first is said to be the greater, -1 the lesser, 0 where they are added."""

    names: tuple[str, ...]
    parts: tuple[str, ...]
    sign: int
    does: str  # what is asked of both, and in what it is counted


def asked_opposed(question: str) -> Opposed | None:
    """Return what a question wants the difference or the sum of, None where it wants neither.

    >>> asked_opposed("宁波的无废指数比杭州高多少分？").parts
    ('宁波的无废指数是多少分', '杭州的无废指数是多少分')
    >>> asked_opposed("公路和铁路一共运了多少亿吨货？").parts
    ('公路运了多少亿吨货', '铁路运了多少亿吨货')
    """
    question = question.strip()
    if found := _BY.match(question):
        return _difference(found)
    return _sum(found) if (found := _SUM.match(question)) else None


def _difference(found: re.Match[str]) -> Opposed | None:
    one, other = found["one"], found["other"].removesuffix("的")
    topic = f"{found['topic']}，" if found["topic"] else ""
    if _TIME.fullmatch(other) and (time := _TIME.search(one)):
        names: tuple[str, str] = (time[0], other)
        asked = (one, _TIME.sub(other, one, count=1))
    else:
        time = None if TIME_FIRST.match(other) else TIME_FIRST.match(one)
        when = time[0] if time and time.end() < len(one) - 1 else ""
        before, noun, names = _apart(one[len(when) :], other)
        asked = (f"{when}{before}{names[0]}{noun}", f"{when}{before}{names[1]}{noun}")
    does = found["does"] or "是"
    parts = tuple(f"{topic}{name}{does}{found['asks']}" for name in asked)
    return Opposed(names, parts, 1 if found["up"] else -1, f"{found['does']}{found['asks']}")


def _apart(one: str, other: str) -> tuple[str, str, tuple[str, str]]:
    """Return what stands before both names, what behind both, and the names: 宁波|的指数 and 杭州;
    去泰国的|中国游客 and 马来西亚游客."""
    whole, its = _OF.match(one), _OF.match(other)
    if its and "的" not in one:
        return "", f"的{its['noun']}", (one, its["name"])
    if whole is None or "的" in other:
        return "", "", (one, other)
    if whole["noun"][-1] == other[-1]:
        return f"{whole['name']}的", "", (whole["noun"], other)
    return "", f"的{whole['noun']}", (whole["name"], other)


def _sum(found: re.Match[str]) -> Opposed | None:
    said, noun = _PLUS.sub("和", found["names"]), ""
    names = row_of_names(said)
    if len(names) < 2:
        return None
    whole = _OF.match(names[-1])
    if whole and not any("的" in name for name in names[:-1]):
        names, noun = (*names[:-1], whole["name"]), f"的{whole['noun']}"
    time = None if TIME_FIRST.match(names[1]) else TIME_FIRST.match(names[0])
    when = time[0] if time and time.end() < len(names[0]) - 1 else ""
    names = (names[0][len(when) :], *names[1:])
    topic = f"{found['topic']}，" if found["topic"] else ""
    does = found["does"] or "是"
    parts = tuple(f"{topic}{when}{name}{noun}{does}{found['asks']}" for name in names)
    return Opposed(names, parts, 0, f"{found['does']}{found['asks']}")


def with_opposed(question: str, claims: list[Claim], read: Read) -> list[Claim]:
    """Return the claims with the difference, the sum, or which way two values differ before them;
    the claims themselves where that is not asked, or not certain."""
    if not claims:
        return claims
    if way := _WAY.match(question.strip()):
        found = _way(way, claims)
    elif opposed := asked_opposed(question):
        found = _reckoned(question, opposed, read) or _of_one_sentence(question, opposed, claims)
    else:
        return claims
    return first_of(found, claims) if found else claims


def _reckoned(question: str, opposed: Opposed, read: Read) -> Claim | None:
    each = [
        values(opposed.names, n, read(part), asked=opposed.does)
        for n, part in enumerate(opposed.parts)
    ]

    def result(found: Sequence[Value]) -> str | None:
        return _result(question, opposed, found)

    best = surest(each, result)
    if best is None or any(_is_told(best[0], value, opposed) for value in best[1]):
        return None
    return _put(opposed, *best)


def _put(opposed: Opposed, text: str, found: Sequence[Value]) -> Claim:
    weakest = min((value.claim for value in found), key=strength)
    places = tuple(value.place for value in found)
    sign = " − " if opposed.sign else " + "
    if opposed.sign and found[0].size < found[1].size:
        places = places[::-1]
    shown = sign.join(article.text[span.start : span.end].strip() for article, span in places)
    rule = "difference" if opposed.sign else "sum"
    return replace(weakest, text=text, places=places, parts=places, shown=shown, rule=rule)


def _of_one_sentence(question: str, opposed: Opposed, claims: Sequence[Claim]) -> Claim | None:
    """Reckon from the one sentence of a claim that gives each name one value: what a reader, asked
    for each by itself, is too unsure of."""
    asked, change = asked_of(question, None), asks_change(opposed.does)
    for claim in claims[:_LOOKED_AT]:
        article, span = claim.places[0]
        sentence = sentence_around(article, span)
        owned: dict[int, list[tuple[Span, bool]]] = {}
        for amount in amounts(article.text[sentence.start : sentence.end]):
            place = Span(sentence.start + amount.span.start, sentence.start + amount.span.end)
            if not is_amount_asked(asked, amount) or is_change(article.text, place) != change:
                continue
            if owner := owner_of(article, place, opposed.names):
                beside = place.start - owner[1].end in (0, 1)
                owned.setdefault(owner[0], []).append((place, beside))
        each = [owned.get(n, []) for n in range(len(opposed.names))]
        each = [[o for o in told if o[1]] if len(told) > 1 else told for told in each]
        if any(len(told) != 1 for told in each):
            continue
        places = [told[0][0] for told in each]
        counted = [quantities(article.text[place.start : place.end]) for place in places]
        if any(len(found) != 1 for found in counted):
            continue
        found = tuple(
            Value((article, place), (article, place), (q[0].value,), q[0].unit, claim)
            for place, q in zip(places, counted, strict=True)
        )
        text = _result(question, opposed, found)
        if text and not any(_is_told(text, value, opposed) for value in found):
            return _put(opposed, text, found)
    return None


def _result(question: str, opposed: Opposed, found: Sequence[Value]) -> str | None:
    """Return the difference or the sum of values as it is written, None where there is none."""
    counted = [_amount(*value.place) for value in found]
    known = [amount for amount in counted if amount is not None]
    asked = asked_of(question, None)
    if len(known) < len(counted) or not all(is_amount_asked(asked, a) for a in known):
        return None
    tails = [shared_unit(known[0], other) for other in known[1:]]
    if None in tails:
        return None
    tail = tails[0] or ""
    if not opposed.sign:
        total = sum((a.value for a in known), Decimal(0))
        return written(total, known[0], tail, known) if known[0].unit != "%" else None
    one, other = known
    sign = opposed.sign  # 快 is told as the lesser: of time it is, of all else the greater
    if re.search("[快慢]", question) and one.unit != DURATION:
        sign = -sign
    if one.value == other.value or (one.value > other.value) != (sign > 0):
        return None
    greater, lesser = (one, other) if one.value > other.value else (other, one)
    if one.unit == "%":
        tail = "个百分点" if is_chinese(question) else " percentage points"
    return written(greater.value - lesser.value, greater, tail, (greater, lesser))


def _amount(article: Article, span: Span) -> Amount | None:
    """Return the one amount of a stretch, as it stands in the article."""
    near = amounts(article.text[span.start : span.end + 4])
    inside = [a for a in near if a.span.start < span.end - span.start]
    return inside[0] if len(inside) == 1 else None


def _is_told(text: str, value: Value, opposed: Opposed) -> bool:
    """Tell whether the article prints what would be reckoned, or tells the difference itself."""
    article, span = value.place
    if re.search(rf"(?<![\d.,]){re.escape(text)}", article.text):
        return True
    if not opposed.sign:
        return False
    sentence = sentence_around(article, span)
    refs = compared_with(article, sentence, value.unit)
    return any(_shares(ref, name) for ref in refs for name in map(fold, opposed.names))


def _way(way: re.Match[str], claims: Sequence[Claim]) -> Claim | None:
    """Return the words that say which way two things differ: 低于行业平均水平, 同比减少."""
    other = (way["other"] or way["other2"]).removesuffix("水平").removesuffix("的")
    metric = fold(way["one"])[-3:]  # what is compared stands last: …的净利润
    for claim in claims[:_LOOKED_AT]:
        article, span = claim.places[0]
        sentence = sentence_around(article, span)
        text = article.text[sentence.start : sentence.end]
        for said in _SAYS_WAY.finditer(text):
            ref = said["ref"] or said["ref2"] or said["ref3"] or ""
            since = bool(said["since"] and _YEAR_BEFORE.search(other)) and said["since"] == "同比"
            named = 2 * len(set(other) & set(ref)) >= len(set(other))
            before = fold(text[: said.start()])[-40:]
            named = named and (not times(fold(ref)) or _same_time(other, ref))
            if (since or (ref and named)) and _shares(metric, before):
                start = sentence.start + said.start()
                place = (article, Span(start, sentence.start + said.end()))
                words = article.text[place[1].start : place[1].end]
                return replace(claim, text=words, places=(place,), parts=(place,), rule="way")
    return None


def _same_time(one: str, other: str) -> bool:
    return bool(times(fold(one)) & times(fold(other)))


def _shares(metric: str, words: str) -> bool:
    """Tell whether words hold two letters of what is named, or one of its times."""
    if times(metric) & times(words):
        return True
    return any(metric[k : k + 2] in words for k in range(len(metric) - 1))
