"""Names by their sound: Songyan ↔ 松延, Zhongguancun ↔ 中关村, Xu Jinsong ↔ 徐劲松."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from rag.lexicon.words import FUNCTION_WORDS, characters_of, readings
from rag.terms import fold

MAX_SYLLABLES = 4  # of a name; longer ones are seldom names and have many readings
PER_SYLLABLE = 48  # characters tried for one syllable: 99 % of the news' characters
KEPT = 12  # spellings of one name; the right one was among 12 for all but two of forty names

_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]+(?:['’][a-z]+)?")


def spellings(question: str, unknown: set[str]) -> Iterator[tuple[str, tuple[tuple[str, ...], ...]]]:
    """Yield (words, ways to read them as syllables) for what may be Chinese names.

    Those are `unknown` words, and two or three capitalised words in a row, given name first or
    last.
    """
    found = list(_LATIN.finditer(question))
    for word in dict.fromkeys(fold(m.group()) for m in found):
        bare = word.removesuffix("'s")
        if word in unknown and len(bare) >= 4:
            sounds = tuple(s for s in syllables(bare) if len(s) > 1)
            if sounds:
                yield word, sounds
    for length in (2, 3):
        for first in range(len(found) - length + 1):
            row = found[first : first + length]
            if _is_row(question, row):
                words = [fold(m.group()).removesuffix("'s") for m in row]
                sounds = tuple(_joined(words) if length == 3 else _both_ways(words))
                if sounds:
                    yield " ".join(words), sounds


def _is_row(question: str, row: Sequence[re.Match[str]]) -> bool:
    """Tell whether words are capitalised neighbours with nothing but a space between."""
    if any(not m.group()[0].isupper() or fold(m.group()) in FUNCTION_WORDS for m in row):
        return False
    return all(question[a.end() : b.start()] in (" ", "-") for a, b in pairwise(row))


def _joined(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the syllables of all words in order."""
    ways: list[tuple[str, ...]] = [()]
    for word in words:
        ways = [way + more for way in ways for more in syllables(word)]
    yield from (way for way in ways if 2 <= len(way) <= MAX_SYLLABLES)


def _both_ways(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield a full name as written and with the family name, one syllable, brought to the front."""
    yield from _joined(words)
    if len(syllables(words[-1])) and len(min(syllables(words[-1]), key=len)) == 1:
        yield from _joined([words[-1], *words[:-1]])


@lru_cache(4096)
def syllables(word: str) -> tuple[tuple[str, ...], ...]:
    """Return the ways to read a Latin word as Chinese syllables, fewest syllables first.

    >>> syllables("songyan")
    (('song', 'yan'),)
    >>> syllables("tesla")
    ()
    """
    table = characters_of()
    ways: list[list[tuple[str, ...]]] = [[()]] + [[] for _ in word]
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 6), end):
            if word[start:end] in table:
                ways[end] += [
                    (*way, word[start:end]) for way in ways[start] if len(way) < MAX_SYLLABLES
                ]
    return tuple(sorted(ways[-1], key=lambda way: (len(way), way)))[:4]


def in_characters(
    sounds: Sequence[tuple[str, ...]],
    frequency: Callable[[Sequence[str]], Mapping[str, int]],
) -> dict[str, int]:
    """Return the commonest spellings in the corpus of a name's readings, with their counts.

    A spelling counts as often as the rarest of its pairs.
    """
    table = characters_of()
    pairs = {
        x + y
        for way in sounds
        for a, b in pairwise(way)
        for x in table[a][:PER_SYLLABLE]
        for y in table[b][:PER_SYLLABLE]
    }
    counts = {pair: n for pair, n in frequency(sorted(pairs)).items() if n} if pairs else {}
    after: dict[str, list[str]] = {}
    for pair in counts:
        after.setdefault(pair[0], []).append(pair[1])
    found: dict[str, int] = {}
    for way in sounds:
        partial = {c: len(counts) + 10**9 for c in table[way[0]][:PER_SYLLABLE]}
        for syllable in way[1:]:
            allowed = set(table[syllable][:PER_SYLLABLE])
            longer = {
                name + c: min(n, counts[name[-1] + c])
                for name, n in partial.items()
                for c in after.get(name[-1], ())
                if c in allowed
            }
            partial = dict(sorted(longer.items(), key=lambda item: -item[1])[:200])
        for name, n in partial.items():
            found[name] = max(n, found.get(name, 0))
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))[:KEPT])


def in_letters(characters: str) -> list[str]:
    """Return how English may write a Chinese name: joined, and as family and given name.

    >>> in_letters("松延")
    ['songyan', 'song yan', 'yan song']
    """
    table = readings()
    sounds = [table[c][0] for c in characters if c in table]
    if len(sounds) != len(characters) or len(sounds) > 6:
        return []
    family, given = sounds[0], "".join(sounds[1:])
    found = ["".join(sounds)]
    if len(sounds) <= 3:
        found += [f"{family} {given}", f"{given} {family}"]
    if len(sounds) > 2:
        found += [a + b for a, b in pairwise(sounds)]
    return list(dict.fromkeys(found))
