"""Near misses: a question about something else of the same kind, over a passage that does not say.

    松延动力7月交付人形机器人多少台？  →  松延动力5月交付人形机器人多少台？   not here

One name, year or month of a question gives way to another that the passage does not hold. A reader
that never saw such questions answers them with what the passage says of something else.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from typing import Protocol

_MOST = 20_000  # names kept of each kind
_KINDS = ("nr", "ns", "nt", "nz", "nrt")  # jieba's: people, places, organisations, other names
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?=年|奥运|世界杯|中|\D{0,4}届)")
_MONTH = re.compile(r"(?<!\d)(?:1[0-2]|[1-9])(?=月(?!\d*日?至))")


class Tagged(Protocol):
    """A word and its part of speech."""

    @property
    def text(self) -> str:
        """The word."""

    @property
    def part(self) -> str:
        """Its part of speech, as jieba names it."""


class NearMisses:
    """Remembers names as they pass, and exchanges them."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._names: dict[str, list[str]] = {kind: [] for kind in _KINDS}

    def learn(self, words: Iterable[Tagged]) -> None:
        """Remember the names among the words."""
        for word in words:
            names = self._names.get(word.part)
            if names is None or len(word.text) < 2:
                continue
            if len(names) < _MOST:
                names.append(word.text)
            else:
                names[self._chance.randrange(_MOST)] = word.text

    def of(self, question: str, words: Iterable[Tagged], passage: str) -> str | None:
        """Return the question with one thing exchanged, or None when nothing in it can be.

        A name that goes must stand in the passage. What comes must not; of a name not even the
        first two characters, so that 北京市 is not taken for another place than 北京.
        """
        ways = [
            (word.text, other)
            for word in words
            if word.part in self._names and word.text in passage
            for other in self._others(word, passage)
        ]
        ways += [(m.group(), self._other_year(m.group())) for m in _YEAR.finditer(question)]
        for m in _MONTH.finditer(question):
            ways.append((m.group() + "月", self._other_month(m.group())))
        ways = [(old, new) for old, new in ways if new not in passage]
        if not ways:
            return None
        old, new = self._chance.choice(ways)
        return question.replace(old, new)

    def _others(self, word: Tagged, passage: str) -> list[str]:
        names = self._names[word.part]
        if len(names) < 50:
            return []
        other = self._chance.choice(names)
        return [other] if other[:2] not in passage and other not in word.text else []

    def _other_year(self, year: str) -> str:
        return str(int(year) + self._chance.choice((-3, -2, -1, 1, 2, 3)))

    def _other_month(self, month: str) -> str:
        return f"{self._chance.choice([m for m in range(1, 13) if m != int(month)])}月"
