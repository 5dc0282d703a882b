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
from decimal import Decimal

from rag.borders import natural_borders
from rag.choices import Choice
from rag.claims import Claim, Passage, Place, sentence_around
from rag.owners import Value, mentions, surest, values
from rag.quantities import quantities
from rag.several import first_of, strength, whole_text
from rag.terms import fold
from rag.types import Span

_LASTS = frozenset(("小时", "分钟", "秒", "天", "年", "个月"))  # who is faster takes less of it
_SIGN = {"多": 1, "高": 1, "大": 1, "长": 1, "远": 1, "重": 1, "贵": 1, "晚": 1} | {
    "少": -1, "低": -1, "小": -1, "短": -1, "近": -1, "轻": -1, "便宜": -1, "早": -1,
}  # fmt: skip
_THAN = re.compile(
    rf"比(?P<other>[^，。；：比]{{1,12}}?)(?:要|还|更|都|平均)?(?P<size>{'|'.join(_SIGN)})"
    "(?:出|了|上)?(?P<by>[约近]?[0-9.,]+)?"
)
_RIVAL = re.compile("对手|对方|后者|前者|另一")
_HAN = "[一二三四五六七八九十甲乙丙丁A-F1-9]"
_WORDS = "[^，。；：、和与及0-9（）“”]"
_ROW = re.compile(f"{_WORDS}{{2,8}}(?:[、和与及]{_WORDS}{{2,30}})+")
_IN_ALL = re.compile("[两三四五六](?:[市县省区地国家校院所位人者种类组队个]|$)")
_EACH = re.compile("分别(?:为|是|达到?|有|占)?")
_VALUES = re.compile(r"[0-9.]+(?:[万亿])?[%％\w]{0,3}(?:[、和与及][0-9.]+(?:[万亿])?[%％\w]{0,3})+")
_PEOPLE = frozenset("人名位票张")
_COUNTED = (
    (re.compile("人|票|赞成|支持|同意|反对"), _PEOPLE),
    (re.compile("比例|占比|率|百分"), frozenset("%")),
    (re.compile("钱|价|贵|便宜|费|金额"), frozenset({"元", "美元", "欧元", "日元", "英镑"})),
)

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
            if not same or number in others or not _is_about(choice, text, sentence):
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


def _is_about(choice: Choice, text: str, sentence: Span) -> bool:
    """Tell whether a sentence speaks of what is compared."""
    held = fold(text[sentence.start : sentence.end])
    wanted = [c for c in fold(choice.about) if c.isalnum() and c not in "的得了"]
    return bool(wanted) and 2 * sum(c in held for c in wanted) >= len(wanted)


def _nearest(claims: Sequence[Claim], article: Article, sentence: Span) -> Claim | None:
    """Return the best claim out of a sentence, None where there is none."""
    for claim in claims:
        there, span = claim.places[0]
        if there.id == article.id and sentence.start <= span.start < sentence.end:
            return claim
    return None


def _listed(choice: Choice, passages: Sequence[Passage], read: Read) -> Claim | None:
    """Choose among what the text lists: 方案一的9人，方案二的31人; A、B两市…分别为91%和84%."""
    units = next((units for asks, units in _COUNTED if asks.search(choice.about)), None)
    for passage in passages:
        for found in (_numbered(choice, passage), _in_rows(passage)):
            alike = {unit for _, _, unit in found}
            if len(found) < 2 or len(alike) > 1 or not (units and alike <= units):
                continue
            sizes = [size for _, size, _ in found]
            first = (max if choice.sign > 0 else min)(sizes)
            if sizes.count(first) > 1:
                continue
            article, span = passage.article, found[sizes.index(first)][0]
            claims = read(choice.part(article.text[span.start : span.end]))
            if told := _nearest(claims, article, sentence_around(article, span)):
                return _put(((article, span),), told)
    return None


_Listed = list[tuple[Span, Decimal, str]]


def _numbered(choice: Choice, passage: Passage) -> _Listed:
    """Return the numbered things of the first sentence that gives each a value."""
    text = passage.article.text
    if not choice.noun:
        return []
    option = re.compile(re.escape(choice.noun) + _HAN)
    for sentence in {
        sentence_around(passage.article, Span(*m.span())): None
        for m in option.finditer(text, *passage.span)
    }:
        found: _Listed = []
        for piece in re.finditer("[^，；。、,;]+", text[sentence.start : sentence.end]):
            said, counted = list(option.finditer(piece[0])), quantities(option.sub("，", piece[0]))
            if len(said) == 1 and len(counted) == 1:
                start = sentence.start + piece.start() + said[0].start()
                span = Span(start, start + len(said[0][0]))
                found.append((span, counted[0].value, counted[0].unit))
        if len(found) > 1:
            return found
    return []


def _in_rows(passage: Passage) -> _Listed:
    """Return names and values of a sentence that gives them in two rows: A和B…分别为1和2."""
    text = passage.article.text
    for each in _EACH.finditer(text, *passage.span):
        values = _VALUES.match(text, each.end())
        if not values:
            continue
        counted = quantities(values[0])
        line = sentence_around(passage.article, Span(*each.span())).start
        rows = [_row(text, row) for row in _ROW.finditer(text, line, each.start())]
        rows = [row for row in rows if len(row) == len(counted)]
        if rows and len({q.unit for q in counted}) == 1:
            return [(s, q.value, q.unit) for s, q in zip(rows[-1], counted, strict=True)]
    return []


def _row(text: str, found: re.Match[str]) -> list[Span]:
    """Return the names of a row; the last ends where 两市 counts them, or as long as the first."""
    pieces = [
        Span(found.start() + m.start(), found.start() + m.end())
        for m in re.finditer("[^、和与及]+", found[0])
    ]
    *_, last = pieces
    counting = _IN_ALL.search(text, last.start, last.end)
    if counting:
        return [*pieces[:-1], Span(last.start, counting.start())]
    return pieces if last.end - last.start <= 8 else []
