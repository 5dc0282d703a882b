"""What a text lists with a value for each: names to choose the most or the least of.

    方案一的9人，方案二的31人                     numbered things of one sentence
    铁路、公路、水路分别完成25亿吨、190亿吨、44亿吨    two rows
    马来西亚(243万人次)、中国(183万人次)、韩国(90万人次)    values in brackets
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from rag.choices import Choice
from rag.claims import Passage, sentence_around
from rag.owners import asks_change, is_change
from rag.quantities import quantities
from rag.terms import fold
from rag.types import Span

_HAN = "[一二三四五六七八九十甲乙丙丁A-F1-9]"
_WORDS = "[^，。；：、和与及0-9（）“”]"
_ROW = re.compile(f"{_WORDS}{{2,8}}(?:[、和与及]{_WORDS}{{2,30}})+")
_IN_ALL = re.compile("[两三四五六](?:[市县省区地国家校院所位人者种类组队个]|$)")
_EACH = re.compile(r"分别[^，。；0-9]{0,8}")
_VALUES = re.compile(r"[0-9.]+(?:[万亿])?[%％\w]{0,3}(?:[、和与及][0-9.]+(?:[万亿])?[%％\w]{0,3})+")
_PEOPLE = frozenset("人名位票张")
_COUNTED = (
    (re.compile("人|票|赞成|支持|同意|反对"), _PEOPLE),
    (re.compile("比例|占比|率|百分"), frozenset("%")),
    (re.compile("钱|价|贵|便宜|费|金额"), frozenset({"元", "美元", "欧元", "日元", "英镑"})),
)
_BRACKETED = re.compile(
    r"(?P<name>[^\s，。；：、（(）)0-9和与及为是]{2,12})\s?[（(](?P<value>[^（()）]{1,16})[）)]"
)
# the least of these is not the least of all
_RANKED = re.compile(r"[前居][0-9一二三四五六七八九十]|排名|排行|榜")
_FEWEST = 3  # things with a value in brackets: two are an aside


class Listed(NamedTuple):
    """One thing that is listed: where its name stands, and its value."""

    name: Span
    size: Decimal
    unit: str


def listings(choice: Choice, passage: Passage) -> Iterator[list[Listed]]:
    """Yield what a passage lists and what the question may be about: in the unit that it names, or
    in a sentence that speaks of the same."""
    text = passage.article.text
    units = next((units for asks, units in _COUNTED if asks.search(choice.about)), None)
    for found in (_numbered(choice, passage), *_in_rows(choice, passage)):
        alike = {item.unit for item in found}
        if len(found) < 2 or len(alike) > 1:
            continue
        sentence = sentence_around(passage.article, found[0].name)
        if alike <= units if units else is_about(choice, text, sentence):
            yield found
    for found in _in_brackets(passage):
        sentence = sentence_around(passage.article, found[0].name)
        ranked = choice.sign < 0 and _RANKED.search(text[slice(*sentence)])
        if is_about(choice, text, sentence) and not ranked:
            yield found


def is_about(choice: Choice, text: str, sentence: Span) -> bool:
    """Tell whether a sentence speaks of what is compared."""
    held = fold(text[sentence.start : sentence.end])
    wanted = [c for c in fold(choice.about) if c.isalnum() and c not in "的得了"]
    return bool(wanted) and 2 * sum(c in held for c in wanted) >= len(wanted)


def _in_brackets(passage: Passage) -> Iterator[list[Listed]]:
    """Yield the names of a sentence that each have a value in brackets, of one unit."""
    text = passage.article.text
    rows: dict[Span, list[Listed]] = {}
    for match in _BRACKETED.finditer(text, *passage.span):
        counted = quantities(match["value"])
        if len(counted) == 1:
            name = Span(*match.span("name"))
            item = Listed(name, counted[0].value, counted[0].unit)
            rows.setdefault(sentence_around(passage.article, name), []).append(item)
    for found in rows.values():
        if len(found) >= _FEWEST and len({item.unit for item in found} - {""}) <= 1:
            yield found


def _numbered(choice: Choice, passage: Passage) -> list[Listed]:
    """Return the numbered things of the first sentence that gives each a value."""
    text = passage.article.text
    if not choice.noun:
        return []
    option = re.compile(re.escape(choice.noun) + _HAN)
    for sentence in {
        sentence_around(passage.article, Span(*m.span())): None
        for m in option.finditer(text, *passage.span)
    }:
        found: list[Listed] = []
        for piece in re.finditer("[^，；。、,;]+", text[sentence.start : sentence.end]):
            said, counted = list(option.finditer(piece[0])), quantities(option.sub("，", piece[0]))
            if len(said) == 1 and len(counted) == 1:
                start = sentence.start + piece.start() + said[0].start()
                span = Span(start, start + len(said[0][0]))
                found.append(Listed(span, counted[0].value, counted[0].unit))
        if len(found) > 1:
            return found
    return []


def _in_rows(choice: Choice, passage: Passage) -> Iterator[list[Listed]]:
    """Yield names and values of a sentence that gives them in two rows: A和B…分别为1和2; rises
    where the question asks for them."""
    text = passage.article.text
    for each in _EACH.finditer(text, *passage.span):
        values = _VALUES.match(text, each.end())
        if not values or is_change(text, Span(*values.span())) != asks_change(choice.about):
            continue
        counted = quantities(values[0])
        line = sentence_around(passage.article, Span(*each.span())).start
        rows = [_row(text, row) for row in _ROW.finditer(text, line, each.start())]
        rows = [row for row in rows if len(row) == len(counted)]
        if rows and len({q.unit for q in counted}) == 1:
            yield [Listed(s, q.value, q.unit) for s, q in zip(rows[-1], counted, strict=True)]


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
