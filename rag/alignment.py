"""Two texts → the passages they have in common, and what differs inside them.

Fingerprints that both hold (`rag.sketches`) give the places to start from; between them the letters
are aligned with Levenshtein's distance (rapidfuzz), and what is kept are the stretches that score:
a letter that agrees counts 1, a difference costs its length and a half, and 2 more. A number is one
letter, so that texts of one pattern (weather, prices, results) align whole, and what tells them
from copies is how many of their numbers say something else.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.sketches import Letters
from rag.types import Span

_REACH = 120  # letters from one common fingerprint to the next; 2.2 times the widest without one
_SHIFT = 40  # letters that may be added or left out between them
_EDGE = 60  # letters looked at beyond the last common fingerprint
_COST, _COST_LETTER = (
    2.0,
    1.5,
)  # of a difference; 4 in 10 letters may change and the score still rises
_DROP = (
    60.0  # a passage ends where the score has fallen this far: 39 letters that are not in the other
)
_LEAST = 24  # letters that agree in a passage; less is a phrase, not a copy
_NEAR = 1  # letters that agree between two differences which are one

_NUMBER = re.compile("0")

Aligned = tuple[Span, Span]
_Step = tuple[bool, int, int, int, int]  # agrees, first from, to, second from, to


@dataclass(frozen=True, slots=True)
class Common:
    """A passage that stands in two texts, in letters: where, how many agree, what differs.

    `numbers` stand opposite each other, of which `changed` say something else.
    """

    first: Span
    second: Span
    same: int
    numbers: int
    changed: int
    differences: tuple[Aligned, ...]


def align(first: Letters, second: Letters, seeds: Sequence[tuple[int, int]]) -> list[Common]:
    """Return the common passages, longest chain of seeds first; a letter is in one passage at most.

    `seeds` are letters of the first and the second that the same shingle begins at.
    """
    found: list[Common] = []
    least = min(_LEAST, len(first.text), len(second.text))
    said = (_said(first), _said(second))
    for chain in _chains(seeds):
        if any(_touches(common, chain) for common in found):
            continue
        steps = _steps(first.text, second.text, chain)
        for part in _scoring(steps, least):
            common = _common(part, said)
            if common.same >= least and not any(_overlaps(common, other) for other in found):
                found.append(common)
    return found


def _chains(seeds: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Gather seeds that follow each other in both texts, the longest chain first."""
    chains: list[list[tuple[int, int]]] = []
    open_chains: list[list[tuple[int, int]]] = []
    for a, b in sorted(seeds):
        open_chains = [c for c in open_chains if a - c[-1][0] <= _REACH]
        for chain in open_chains:
            da, db = a - chain[-1][0], b - chain[-1][1]
            if da > 0 and 0 < db <= _REACH and abs(da - db) <= _SHIFT:
                chain.append((a, b))
                break
        else:
            open_chains.append([(a, b)])
            chains.append(open_chains[-1])
    return sorted(chains, key=lambda chain: (-len(chain), chain))


def _touches(common: Common, chain: list[tuple[int, int]]) -> bool:
    (a, b), (c, d) = common.first, common.second
    return all(a <= x < b or c <= y < d for x, y in chain)


def _overlaps(one: Common, other: Common) -> bool:
    return any(
        a.start < b.end and b.start < a.end
        for a, b in ((one.first, other.first), (one.second, other.second))
    )


def _steps(first: str, second: str, chain: list[tuple[int, int]]) -> list[_Step]:
    """Align the stretch around a chain; cut at its seeds, where both agree, so that the time is
    that of many short stretches."""
    from rapidfuzz.distance import Levenshtein  # 0.1 s to import, which no answer need wait for

    (a, b), (c, d) = chain[0], chain[-1]
    borders = [(max(0, a - _EDGE), max(0, b - _EDGE))]
    for x, y in chain[1:-1]:
        if x - borders[-1][0] > 4 * _REACH:
            borders.append((x, y))
    borders.append((min(len(first), c + 2 * _EDGE), min(len(second), d + 2 * _EDGE)))
    steps: list[_Step] = []
    for (a, b), (c, d) in pairwise(borders):
        for op in Levenshtein.opcodes(first[a:c], second[b:d]):
            ends = (a + op.src_start, a + op.src_end, b + op.dest_start, b + op.dest_end)
            steps.append((op.tag == "equal", *ends))
    return steps


def _scoring(steps: list[_Step], least: int) -> Iterator[list[_Step]]:
    """Yield the stretches whose score rises, each ended where it has fallen by _DROP or to 0."""
    start, end, score, best = 0, 0, 0.0, 0.0
    for n, (agrees, a0, a1, b0, b1) in enumerate(steps):
        if agrees:
            if not score:
                start = n
            score += a1 - a0
            if score > best:
                best, end = score, n + 1
        elif score:
            score -= _COST + _COST_LETTER * max(a1 - a0, b1 - b0)
            if score <= 0 or score < best - _DROP:
                if best >= least:
                    yield steps[start:end]
                score = best = 0.0
    if best >= least:
        yield steps[start:end]


def _said(letters: Letters) -> dict[int, str]:
    """Return what the numbers say, by the letters they are."""
    at = (match.start() for match in _NUMBER.finditer(letters.text))
    return dict(zip(at, letters.numbers, strict=True))


def _common(steps: list[_Step], said: tuple[dict[int, str], dict[int, str]]) -> Common:
    same = numbers = changed = 0
    differences: list[Aligned] = []
    at = list(said[0])
    for agrees, a0, a1, b0, b1 in steps:
        if not agrees:
            _add(differences, (Span(a0, a1), Span(b0, b1)))
            continue
        same += a1 - a0
        for n in range(bisect_left(at, a0), bisect_left(at, a1)):
            a, b = at[n], at[n] - a0 + b0
            numbers += 1
            if said[0][a] != said[1][b]:
                changed += 1
                differences.append((Span(a, a + 1), Span(b, b + 1)))
    first, second = Span(steps[0][1], steps[-1][2]), Span(steps[0][3], steps[-1][4])
    return Common(first, second, same, numbers, changed, tuple(differences))


def _add(differences: list[Aligned], new: Aligned) -> None:
    """Add a difference; it goes on with the last one where next to nothing agrees between them."""
    if differences:
        (a, b), (c, d) = differences[-1]
        if 0 <= new[0].start - b <= _NEAR and 0 <= new[1].start - d <= _NEAR:
            differences[-1] = (Span(a, new[0].end), Span(c, new[1].end))
            return
    differences.append(new)


_PLAIN = frozenset("的了是在和与及或为对从到被把将等而其这那有于以由向并也就都则个之所该此")
_BEFORE, _AFTER = 2, 4  # letters around a difference that belong to its term: 无|框|力矩电机
_LONGEST = 12  # letters; a longer difference is another sentence, not another name
_UNITS = "%％‰℃"


def values(text: str, letters: Letters, difference: Span, other: Span) -> Span | None:
    """Return where in `text` the number, name or term stands that differs; None where the
    difference is only in how it is worded (words added or left out, 和 for 与)."""
    words = letters.text[difference.start : difference.end]
    lengths = (difference.end - difference.start, other.end - other.start)
    if not min(lengths) or max(lengths) > _LONGEST or set(words) <= _PLAIN:
        return None
    start, end = difference
    if set(words) == {"0"}:
        while end - difference.end < 1 and _goes_on(letters, end):
            end += 1  # its unit
    else:
        while difference.start - start < _BEFORE and _goes_on(letters, start - 1, start):
            start -= 1
        while end - difference.end < _AFTER and _goes_on(letters, end):
            end += 1
    last = int(letters.ends[end - 1])
    return Span(
        int(letters.at[start]), last + (text[last : last + 1] in _UNITS and last < len(text))
    )


def _goes_on(letters: Letters, at: int, after: int | None = None) -> bool:
    """Tell whether a term goes on with letter `at`: nothing stands between, and it is no number
    and none of the words that hold sentences together."""
    left, right = (at - 1, at) if after is None else (at, after)
    if left < 0 or right >= len(letters.text) or letters.ends[left] != letters.at[right]:
        return False
    return letters.text[at] != "0" and letters.text[at] not in _PLAIN
