"""Near-duplicates: which articles have text in common, where, and what differs there.

`recognise` compares the articles that are new in a store with the others, up to 20,480 a
transaction; what it finds stays in the store. `twins`, `duplicates` and `differences` look it up.

A new article is compared with the earlier ones that share fingerprints with it (`rag.sketches`), 16
at most. Text that more than 16 articles share (a notice under every article of an agency) tells
little: an article is linked through it with the first few that have it, if it is long, so that a
paragraph in 1,000 files makes 4,000 pairs and not 500,000, and `twins` finds the others through
these. Texts of one pattern with other facts (prices, weather, results) are told by how many of
their numbers differ, and are no duplicates.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rag.alignment import Common, align, values
from rag.sketches import Letters, Sketch, letters_of, sketches_of
from rag.store import Store
from rag.store_links import Copied, bucket_hashes
from rag.terms import fold
from rag.types import Span, essence

_BATCH = 20480  # articles compared in one transaction: about 8 s
_MANY = 2000  # articles that take more than a second, so that it is said
_BLOCK = 1024  # texts whose fingerprints are taken at a time
_TASK = 256  # pairs aligned at a time: a tenth of a second
_COMMON = 16  # articles that share a fingerprint; in more it is common
_RARE = 8  # articles that share a fingerprint which tells of one story: notices stand in more
_HUBS = 4  # earliest articles that common text links to
_MOST = 16  # earlier articles that one is compared with
_SHARED = 4  # rare fingerprints that two articles must share: about 70 characters
_SHARED_COMMON = 8  # fingerprints that tell even where they are common: about half a passage
_CHANGED, _CHANGED_SHARE = 3, 0.15  # numbers that differ in a pattern: so many, and this share
# share of the shorter article, in text that is rare, that makes two one story: of 106 pairs of news
# that were read 105 are right; of 25 between 0.3 and 0.35, 22
SAME_STORY = 0.35
_WHOLE = 0.8  # share of both articles that makes them one story however many tell it
_FOLDED = 0.7  # share of a passage that must stand in better ones for it to be listed with them

_FOOT = 40  # letters after a notice that are not in common: 责任编辑, a number, a date
_LOW = 0xFFFFFFFF

_Pairs = npt.NDArray[np.int64]
Task = tuple[Sequence[tuple[str, str]], Sequence[tuple[int, int, int]]]
"""Articles (name, text), and pairs to compare: places of two of them, rare fingerprints shared."""
CompareAll = Callable[[Iterable[Task]], Iterator[list[Copied]]]


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of an article, and where it stands in another one; both in article text."""

    span: Span
    other: Span


@dataclass(frozen=True, slots=True)
class Difference:
    """A number, name or term that stands in other words in a passage which two articles share."""

    article_id: str
    span: Span
    other_id: str
    other: Span


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Another article with the same story, or a part of it.

    `share` of this article's letters stand in the other one, `other_share` of that one's in this.
    """

    article_id: str
    share: float
    other_share: float
    passages: tuple[Passage, ...]
    differences: tuple[Difference, ...]


class _Pair(NamedTuple):
    """Two articles to compare, by sketch number, and the rare fingerprints that both hold."""

    article: int
    earlier: int
    rare: int


class _Article(NamedTuple):
    name: str
    text: str
    letters: Letters
    sketch: Sketch


# ---------------------------------------------------------------- looking up


def duplicates(
    store: Store, article_id: str, *, least_score: float = SAME_STORY
) -> list[Duplicate]:
    """Return the articles that tell the same story as this one, wholly or in part, the one with
    most in common first; with `least_score` 0, also those that share but a passage."""
    found = [
        _duplicate(article_id, row) for row in store.copies(article_id) if row[4] >= least_score
    ]
    return sorted(found, key=lambda d: (-d.share, -d.other_share, d.article_id))


def differences(store: Store, article_id: str, span: Span | None = None) -> list[Difference]:
    """Return where the article differs from passages that it shares with others in a number, a
    name or a term; only what overlaps `span`, if given. In order of the text."""
    found = [d for row in store.copies(article_id) for d in _duplicate(article_id, row).differences]
    if span is not None:
        found = [d for d in found if d.span.start < span.end and span.start < d.span.end]
    return sorted(found, key=lambda d: (d.span, d.other_id, d.other))


def twins(store: Store, numbers: Sequence[int]) -> list[list[int]]:
    """Group passages, given by chunk number and best first, whose text is the same.

    Each group begins with its best; the others, in the order given, say nothing beyond the bests:
    _FOLDED of each stands in the bests of other articles, where it is listed with the one that
    holds most of it. A number that the store does not know is left out.
    """
    chunks = store.chunks(numbers)
    articles = {chunk.article_id for chunk in chunks.values()}
    copied: dict[str, list[tuple[str, list[list[int]]]]] = defaultdict(list)
    for article, earlier, passages in store.copied(sorted(articles)):
        copied[article].append((earlier, np.frombuffer(passages, np.int32).reshape(-1, 4).tolist()))
    groups: dict[int, list[int]] = {}
    laid: dict[str, list[tuple[int, int, int]]] = defaultdict(list)  # start, end, leader
    for number in dict.fromkeys(numbers):
        if number not in chunks:
            continue
        chunk = chunks[number]
        images = _images(chunk.span, copied[chunk.article_id])
        images.append((chunk.article_id, *chunk.span))
        own = {n for n in groups if chunks[n].article_id == chunk.article_id}
        leader = _leader(chunk.span, images, laid, own)
        if leader is not None:
            groups[leader].append(number)
            continue
        groups[number] = [number]
        for article, start, end in images:
            laid[article].append((start, end, number))
    return list(groups.values())


def _leader(
    span: Span,
    images: Sequence[tuple[str, int, int]],
    laid: dict[str, list[tuple[int, int, int]]],
    own: AbstractSet[int],
) -> int | None:
    """Return the best passage that holds most of a span, if the bests together hold _FOLDED of it;
    those of its own article do not count."""
    best, most = None, _FOLDED * (span.end - span.start)
    by_article: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for article, a, b in images:
        for start, end, leader in laid.get(article, ()):
            if leader not in own and start < b and a < end:
                by_article[article].append((max(a, start), min(b, end), leader))
    for pieces in by_article.values():
        held, reached = 0, -1
        amounts: dict[int, int] = defaultdict(int)
        for start, end, leader in sorted(pieces):
            held += max(0, end - max(start, reached))
            reached = max(reached, end)
            amounts[leader] += end - start
        if held >= most:
            best, most = max(amounts, key=lambda n: amounts[n]), held
    return best


def _images(
    span: Span, copied: Sequence[tuple[str, list[list[int]]]]
) -> list[tuple[str, int, int]]:
    """Return where a span stands in earlier articles; between the ends of a passage, by rule of
    three."""
    images = []
    for earlier, passages in copied:
        for a0, a1, b0, b1 in passages:
            start, end = max(a0, span.start), min(a1, span.end)
            if start < end:
                scale = (b1 - b0) / (a1 - a0)
                images.append(
                    (earlier, b0 + round((start - a0) * scale), b0 + round((end - a0) * scale))
                )
    return images


def _duplicate(article_id: str, row: Copied) -> Duplicate:
    """Read a row of the store from the side of one of its two articles."""
    article, earlier, share, earlier_share, _, packed, packed_differences = row
    passages = [(Span(a, b), Span(c, d)) for a, b, c, d in _unpacked(packed)]
    differing = [(Span(a, b), Span(c, d)) for a, b, c, d in _unpacked(packed_differences)]
    other = earlier
    if article != article_id:
        other, share, earlier_share = article, earlier_share, share
        passages = sorted((b, a) for a, b in passages)
        differing = sorted((b, a) for a, b in differing)
    return Duplicate(
        other,
        share,
        earlier_share,
        tuple(Passage(a, b) for a, b in passages),
        tuple(Difference(article_id, a, other, b) for a, b in differing),
    )


def _packed(rows: Sequence[Sequence[int]]) -> bytes:
    return np.array(rows, np.int32).tobytes()


def _unpacked(packed: bytes) -> list[list[int]]:
    rows: list[list[int]] = np.frombuffer(packed, np.int32).reshape(-1, 4).tolist()
    return rows


# ---------------------------------------------------------------- recognising


def recognise(
    store: Store,
    progress: Callable[[str], None] = lambda _: None,
    *,
    sketches: Mapping[str, Sketch] = MappingProxyType({}),
    compare_all: CompareAll | None = None,
) -> int:
    """Compare the articles that are new in the store with all others; return how many were new.

    `sketches` are those already taken, by article; `compare_all` does many tasks in order, None:
    here. Each batch is a transaction; what a kill leaves undone, the next call does.
    """
    done = 0
    while store.unlinked(1):
        with store.transaction():
            new = store.unlinked(_BATCH)
            if len(new) >= _MANY:
                progress(f"comparing {len(new)} articles with the others, after {done}")
            _link(store, new, sketches, compare_all or _here)
        done += len(new)
    return done


def _here(tasks: Iterable[Task]) -> Iterator[list[Copied]]:
    return map(compare, tasks)


def _link(
    store: Store,
    new: Sequence[tuple[int, str]],
    known: Mapping[str, Sketch],
    compare_all: CompareAll,
) -> None:
    numbers = np.array([number for number, _ in new], np.int64)
    sketches = _sketches(store, new, known)
    hashes = bucket_hashes(np.concatenate([sketch.hashes for sketch in sketches]))
    owners = np.repeat(numbers, [len(sketch.hashes) for sketch in sketches])
    held = store.holders(np.unique(hashes))
    shared = _Shared(np.concatenate([held[:, 0], hashes]), np.concatenate([held[:, 1], owners]))
    sizes = dict(zip(numbers.tolist(), (len(s.hashes) for s in sketches), strict=True))
    sizes |= store.sketch_sizes([n for n in np.unique(held[:, 1]).tolist() if n not in sizes])
    counted = [(n, len(s.hashes)) for n, s in zip(numbers.tolist(), sketches, strict=True)]
    tasks = _tasks(store, shared.pairs(numbers, sizes))
    copies = itertools.chain.from_iterable(compare_all(tasks))
    store.link(counted, shared.postings(numbers), copies)


def _sketches(
    store: Store, new: Sequence[tuple[int, str]], known: Mapping[str, Sketch]
) -> list[Sketch]:
    """Return the sketches of articles, in order: those known, and of the others taken now."""
    taken: dict[int, Sketch] = {}
    missing = [number for number, name in new if name not in known]
    for start in range(0, len(missing), _BLOCK):
        rows = store.sketched(missing[start : start + _BLOCK])
        found = sketches_of([text for _, _, text in rows])
        taken |= {row[0]: sketch for row, sketch in zip(rows, found, strict=True)}
    return [known[name] if name in known else taken[number] for number, name in new]


class _Shared:
    """Which articles hold which fingerprints: two columns, ordered by fingerprint and article."""

    def __init__(self, hashes: _Pairs, owners: _Pairs) -> None:
        order = np.lexsort((owners, hashes))
        hashes, owners = hashes[order], owners[order]
        first = np.ones(len(hashes), bool)
        first[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
        self.hashes, self.owners = hashes[first], owners[first]
        begins = np.flatnonzero(np.append(True, self.hashes[1:] != self.hashes[:-1]))
        if not len(self.hashes):
            begins = np.zeros(0, np.int64)
        sizes = np.diff(np.append(begins, len(self.hashes)))
        self.begin = np.repeat(begins, sizes)  # of the rows of the same fingerprint
        self.size = np.repeat(sizes, sizes)
        self.rank = np.arange(len(self.hashes)) - self.begin

    def postings(self, new: _Pairs) -> _Pairs:
        """Return the rows of new articles worth keeping: of common text, the first holders only."""
        kept = (self.rank <= _COMMON) & np.isin(self.owners, new)
        return np.stack([self.hashes[kept], self.owners[kept]], axis=1)

    def pairs(self, new: _Pairs, sizes: dict[int, int]) -> list[_Pair]:
        """Return the pairs worth aligning; `sizes` is how many fingerprints each article has."""
        is_new = np.isin(self.owners, new)
        few = [np.zeros((0, 3), np.int64)]
        for step in range(1, _COMMON):
            later = np.flatnonzero((self.rank >= step) & (self.size <= _COMMON) & is_new)
            is_rare = self.size[later] <= _RARE
            few.append(
                np.stack([self.owners[later], self.owners[later - step], is_rare.astype(int)], 1)
            )
        common = [np.zeros((0, 3), np.int64)]
        for rank in range(_HUBS):
            later = np.flatnonzero((self.rank > rank) & (self.size > _COMMON) & is_new)
            hub = self.begin[later] + rank
            zero = np.zeros(len(later), np.int64)
            common.append(np.stack([self.owners[later], self.owners[hub], zero], 1))
        return _worth_aligning(np.concatenate(few), np.concatenate(common), sizes)


def _worth_aligning(few: _Pairs, common: _Pairs, sizes: dict[int, int]) -> list[_Pair]:
    """Choose pairs of articles: `few` and `common` have a row (new article, earlier article, is
    rare) for each fingerprint that a pair shares with few or many others."""
    both = np.concatenate([few, common])
    keys = both[:, 0] << 32 | both[:, 1]
    found, where = np.unique(keys, return_inverse=True)
    fews = np.bincount(where[: len(few)], minlength=len(found))
    rares = np.bincount(where, both[:, 2], minlength=len(found)).astype(np.int64)
    totals = np.bincount(where, minlength=len(found))
    known = np.array(sorted(sizes), np.int64)
    size = np.array([sizes[n] for n in known.tolist()], np.int64)
    shorter = np.minimum(*(size[np.searchsorted(known, n)] for n in (found >> 32, found & _LOW)))
    worth = np.flatnonzero((fews >= _SHARED) | (totals >= _SHARED_COMMON) | (2 * totals >= shorter))
    later, earlier = found[worth] >> 32, found[worth] & _LOW
    order = np.lexsort((earlier, -totals[worth], later))
    begins = np.searchsorted(later[order], later[order])
    order = order[np.arange(len(order)) - begins < _MOST]
    chosen = np.stack([later[order], earlier[order], rares[worth][order]], 1)
    return [_Pair(*row) for row in chosen.tolist()]


def _tasks(store: Store, pairs: Sequence[_Pair]) -> Iterator[Task]:
    """Yield the pairs with the texts of their articles, some at a time."""
    for start in range(0, len(pairs), _TASK):
        part = pairs[start : start + _TASK]
        rows = store.sketched(sorted({n for pair in part for n in pair[:2]}))
        place = {number: n for n, (number, _, _) in enumerate(rows)}
        yield (
            [(name, text) for _, name, text in rows],
            [(place[pair.article], place[pair.earlier], pair.rare) for pair in part],
        )


def compare(task: Task) -> list[Copied]:
    """Align the pairs of a task; return the rows of those that have passages in common."""
    articles, pairs = task
    texts = [text for _, text in articles]
    told = [
        _Article(*article, letters, sketch)
        for article, letters, sketch in zip(
            articles, letters_of(texts), sketches_of(texts), strict=True
        )
    ]
    rows = (_compared(told[one], told[other], rare) for one, other, rare in pairs)
    return [row for row in rows if row]


def _compared(one: _Article, other: _Article, rare: int) -> Copied | None:
    """Align two articles; None where they have nothing in common, or only a pattern."""
    seeds, shared = _seeds(one.sketch, other.sketch)
    passages = sorted(align(one.letters, other.letters, seeds), key=lambda common: common.first)
    if not passages or _is_pattern(passages):
        return None
    same = sum(common.same for common in passages)
    story = same - _foot(passages, one.letters, other.letters)
    shares = (same / len(one.letters.text), same / len(other.letters.text))
    spans = [
        (*_in_text(one.letters, common.first), *_in_text(other.letters, common.second))
        for common in passages
    ]
    differing = [
        (*first, *second)
        for common in passages
        for a, b in common.differences
        if (first := values(one.text, one.letters, a, b))
        and (second := values(other.text, other.letters, b, a))
        and _words(one.text, first) != _words(other.text, second)
    ]
    rarity = min(1.0, rare / shared) if min(shares) < _WHOLE else 1.0
    score = story / min(len(one.letters.text), len(other.letters.text)) * rarity
    return (one.name, other.name, *shares, score, _packed(spans), _packed(differing))


def _seeds(one: Sketch, other: Sketch) -> tuple[list[tuple[int, int]], int]:
    """Return the letters that the same fingerprints stand at, and how many these are; the first
    place of each in a text."""
    shared, first, second = np.intersect1d(one.hashes, other.hashes, return_indices=True)
    places = zip(one.letters[first].tolist(), other.letters[second].tolist(), strict=True)
    return list(places), len(shared)


def _is_pattern(passages: Sequence[Common]) -> bool:
    """Tell whether texts agree in their pattern and not in what they report."""
    numbers = sum(common.numbers for common in passages)
    changed = sum(common.changed for common in passages)
    if changed < _CHANGED:
        return changed == _CHANGED - 1 and numbers <= _CHANGED
    return changed >= _CHANGED_SHARE * numbers


def _words(text: str, span: Span) -> str:
    return fold(essence(text[span.start : span.end]))  # a number that is cut by a line end is one


def _foot(passages: Sequence[Common], first: Letters, second: Letters) -> int:
    """Return how many letters agree in what two articles end with, if that is less than half of
    them: a notice, a note on sources, how to write to the paper."""
    ends = len(first.text), len(second.text)
    half, same = min(ends) / 2, 0
    for common in reversed(passages):
        if common.first.end < ends[0] - _FOOT or common.second.end < ends[1] - _FOOT:
            break
        ends = common.first.start, common.second.start
        same += common.same
    return same if same < half else 0


def _in_text(letters: Letters, span: Span) -> Span:
    return Span(int(letters.at[span.start]), int(letters.ends[span.end - 1]))
