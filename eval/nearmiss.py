"""A question made unanswerable: one name, year, date or place gives way to one the corpus lacks.

    松延动力7月交付多少台？  →  衡澜集团7月交付多少台？     no article speaks of 衡澜集团
    2025年的大会在哪里？     →  2031年的大会在哪里？

By rule from any gold set: a name is what gold rows accept as a person or an organisation, beside
lists of places, titles in 《》 and Latin names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from random import Random

from eval.corpora import invented_firm, invented_person
from eval.gold import GoldRow
from rag.terms import fold
from rag.types import essence

NAMED = {"person": invented_person, "org": invented_firm}
SHORTEST_NAME, LONGEST_NAME = 2, 12  # characters
TRIES = 40  # new names drawn before a way is given up
YEARS = (1931, 2039)
# two lines: places of China, then countries; a name gives way to another of its line
PLACES = Path(__file__).with_name("places.txt")
LATIN_NAMES = ("Velnora", "Trikasa", "Ombrelle", "Quintara", "Hestavik", "Dovrelin", "Marvenport")
TITLE_NAMES = ("远岸的灯", "三千里外", "无声潮汐", "纸上长城", "北窗夜话", "浮桥计划")

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_DAY = re.compile(r"(?<!\d)(?:1[0-2]|[1-9])月(?:[12]\d|3[01]|[1-9])日")
_TITLE = re.compile("(?<=《)[^》]{2,30}(?=》)")
_LATIN = re.compile(r"(?<![A-Za-z])[A-Z][A-Za-z]{2,}(?![A-Za-z])")


@dataclass(frozen=True, slots=True)
class Swap:
    """What stands in a question, and how to draw something else of its kind."""

    old: str
    draw: Callable[[Random], str]


def near_misses(rows: Sequence[GoldRow], texts: Iterable[str]) -> list[GoldRow]:
    """Return those answerable rows that can be made unanswerable, made so; ids stay.

    Follow-ups are left out: what they ask about may stand in the history.
    """
    corpus = fold(essence("\n".join(texts)))
    names = known_names(rows)
    return [
        missed
        for row in rows
        if row.answerable and not row.history and (missed := _missed(row, names, corpus))
    ]


def known_names(rows: Sequence[GoldRow]) -> dict[str, str]:
    """Return name → "person" or "org" for what the rows accept as such."""
    return {
        answer: row.type
        for row in rows
        if row.type in NAMED
        for answer in row.answers
        if SHORTEST_NAME <= len(answer) <= LONGEST_NAME and not re.search(r"[0-9、，]", answer)
    }


def _missed(row: GoldRow, names: dict[str, str], corpus: str) -> GoldRow | None:
    rng = Random(f"near-miss:{row.id}")
    ways = list(_swaps(row.question, names))
    rng.shuffle(ways)
    for way in ways:
        drawn = (way.draw(rng) for _ in range(TRIES))
        new = next((n for n in drawn if fold(n) not in corpus and n not in row.question), None)
        if new is not None:
            return replace(
                row,
                question=row.question.replace(way.old, new),
                answers=(),
                all_of=(),
                answerable=False,
                type="unanswerable",
                evidence=(),
            )
    return None


def _swaps(question: str, names: dict[str, str]) -> Iterator[Swap]:
    """Yield every way; of names that overlap the longest."""
    for year in dict.fromkeys(_YEAR.findall(question)):
        yield Swap(year, lambda rng: str(rng.randint(*YEARS)))
    for day in dict.fromkeys(_DAY.findall(question)):
        yield Swap(day, lambda rng: f"{rng.randint(1, 12)}月{rng.randint(1, 28)}日")
    for title in dict.fromkeys(_TITLE.findall(question)):
        yield Swap(title, lambda rng: rng.choice(TITLE_NAMES))
    for word in _latin_names(question):
        yield Swap(word, lambda rng: rng.choice(LATIN_NAMES))
    draws: dict[str, Callable[[Random], str]]
    draws = {name: partial(_one_of, line) for line in _places() for name in line}
    draws |= {name: NAMED[kind] for name, kind in names.items()} | draws
    found = [name for name in draws if name in question]
    for name in found:
        if not any(name != other and name in other for other in found):
            yield Swap(name, draws[name])


@cache
def _places() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(line.split()) for line in PLACES.read_text(encoding="utf-8").splitlines())


def _one_of(names: Sequence[str], rng: Random) -> str:
    return rng.choice(names)


def _latin_names(question: str) -> list[str]:
    """Return words with a capital; not the first of an English question, which always has one."""
    words = [m.group() for m in _LATIN.finditer(question) if m.start() or not question.isascii()]
    return list(dict.fromkeys(words))
