"""Misspelt questions: what the corpus spells alike but for one sound-alike character or one letter.

松言动力 → 松延, 延动 (言 and 延 are both yan)    俱身智能 → 具身    Unitre → unitree

Only pairs of characters that the corpus does not know, in no word of the lexicon, are doubted, so
that a rightly spelt question keeps its terms.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from string import ascii_lowercase

from rag.lexicon.words import (
    ASKING,
    FUNCTION_WORDS,
    PARTICLES,
    characters_of,
    cut,
    entries,
    readings,
)
from rag.terms import fold

RARER = 50  # a known pair is doubted when a sound-alike is this many times as frequent
KEPT = 4  # respellings of one pair
FULL = 20  # passages that make a respelling certain; fewer weigh less, by their logarithm
NO_WORD = 0.6  # weight of a respelling that is no word of the lexicon: names, and chance
SHORTEST = 4  # letters: shorter Latin words have too many neighbours

_HAN = re.compile(r"[\u3400-\u9fff]+")
_LATIN = re.compile(r"[a-z]+")

Frequency = Callable[[Sequence[str]], Mapping[str, int]]


def respellings(question: str, frequency: Frequency) -> dict[str, float]:
    """Return terms the question may have meant, with weights, 0 < w <= 1; {} when all is known.

    `frequency` tells in how many passages each term of rag.terms stands; it is called twice at most
    for each script.
    """
    folded = fold(question)
    return _respelt_characters(folded, frequency) | _respelt_letters(folded, frequency)


def _respelt_characters(folded: str, frequency: Frequency) -> dict[str, float]:
    runs = _HAN.findall(ASKING.sub(" ", folded))
    doubted = [(run, place) for run in runs for place in _outside_words(run)]
    if not doubted:
        return {}
    swaps = {(run, place): list(_swapped(run, place)) for run, place in doubted}
    asked = {pair for run, place in doubted for pair in _pairs(run, place, run[place])}
    asked |= {pair for options in swaps.values() for pairs in options for pair in pairs}
    counts = frequency(sorted(asked))
    found: dict[str, float] = {}
    for (run, place), options in swaps.items():
        around = _pairs(run, place, run[place])
        for pair, weight in _better(around, options, counts).items():
            found[pair] = max(weight, found.get(pair, 0.0))
    return found


def _outside_words(run: str) -> Iterator[int]:
    """Yield the places of characters that the lexicon knows only alone."""
    place = 0
    for word in cut(run):
        if len(word) == 1 and len(run) > 1 and word not in PARTICLES:
            yield place
        place += len(word)


def _pairs(run: str, place: int, character: str) -> tuple[str, ...]:
    """Return the pairs around a place of a run as they are with `character` there; a particle says
    nothing about its neighbour."""
    before = run[place - 1] if place else ""
    after = run[place + 1] if place + 1 < len(run) else ""
    found = []
    if before and before not in PARTICLES:
        found.append(before + character)
    if after and after not in PARTICLES:
        found.append(character + after)
    return tuple(found)


def _swapped(run: str, place: int) -> Iterator[tuple[str, ...]]:
    """Yield the pairs around a place with each character that sounds the same."""
    for syllable in readings().get(run[place], ()):
        for other in characters_of()[syllable]:
            if other != run[place]:
                yield _pairs(run, place, other)


def _better(
    around: tuple[str, ...], options: Sequence[tuple[str, ...]], counts: Mapping[str, int]
) -> dict[str, float]:
    """Return the pairs of the best options that the corpus knows where it hardly knows `around`."""
    now = [counts.get(pair, 0) for pair in around]
    found: list[tuple[int, float, str]] = []  # neighbours that agree, weight, pair
    for option in options:
        then = [counts.get(pair, 0) for pair in option]
        gains = [new > RARER * old for old, new in zip(now, then, strict=True)]
        # every pair is as well known as before, and one is far better known
        if any(gains) and all(new >= old for old, new in zip(now, then, strict=True)):
            for pair, count, gained in zip(option, then, gains, strict=True):
                if gained:
                    sure = min(1.0, math.log1p(count) / math.log1p(FULL))
                    sure *= 1.0 if pair in entries("chinese") else NO_WORD
                    found.append((sum(gains), sure, pair))
    if not found:
        return {}
    most = max(found)[0]  # both neighbours saying so beats one
    best = sorted((x for x in found if x[0] == most), key=lambda x: (-x[1], x[2]))[:KEPT]
    return {pair: sure for _, sure, pair in best}


def _respelt_letters(folded: str, frequency: Frequency) -> dict[str, float]:
    words = list(dict.fromkeys(w for w in _LATIN.findall(folded) if len(w) >= SHORTEST))
    words = [word for word in words if word not in FUNCTION_WORDS]
    if not words:
        return {}
    counts = frequency(words)
    english = entries("english")
    unknown = [w for w in words if not counts.get(w) and w not in english]
    near = {word: set(_one_letter_off(word)) for word in unknown}
    asked = sorted({other for others in near.values() for other in others})
    counts = frequency(asked) if asked else {}
    found: dict[str, float] = {}
    for others in near.values():
        known = sorted((o for o in others if counts.get(o)), key=lambda o: (-counts[o], o))[:KEPT]
        for other in known:
            weight = math.log1p(counts[other]) / math.log1p(counts[known[0]])
            found[other] = max(weight, found.get(other, 0.0))
    return found


def _one_letter_off(word: str) -> Iterator[str]:
    """Yield every spelling one letter left out, added, changed or swapped away.

    >>> "unitree" in set(_one_letter_off("unitre"))
    True
    """
    for k in range(len(word) + 1):
        head, tail = word[:k], word[k:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for letter in ascii_lowercase:
            yield head + letter + tail
            if tail and letter != tail[0]:
                yield head + letter + tail[1:]
