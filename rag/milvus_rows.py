"""What rag.milvus writes: rows, and BM25 taken apart into a document's side and a question's.

BM25 of a passage is the sum over a question's terms of idf · tf part. The tf part (k1 1.2, b 0.75)
is a sparse vector of the passage; idf is the question's, from counts that are kept with each
commit, so that an inner product is BM25. A passage's length is rounded as tantivy rounds it, so
that scores are those of rag.lexical. The mean length changes as passages come, the vectors do not:
their product brings candidates, `score` weighs these with the mean of the moment.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.terms import terms
from rag.types import Article, Run, Source

_K1, _B = 1.2, 0.75  # as in tantivy and Lucene
_PART = 60_000  # characters of base64 in one row: Milvus takes 65,535 bytes
_HEAD = 8  # of a length: so many numbers and half as many shifts are exact
_PLACES = 0xFFFFFFFE  # of a sparse vector: what Milvus takes
Terms = npt.NDArray[np.uint32]


@dataclass
class State:
    """One committed state: rows of documents up to `last` count, but for those in `gone`."""

    format: int
    identity: str
    embedder: str
    fingerprint: str
    dimension: int
    revision: int = 0
    last: int = 0  # highest document number
    gone: list[int] = field(default_factory=list)  # documents being deleted
    sources: int = 0
    articles: int = 0
    chunks: int = 0
    words: int = 0  # search terms of all chunks together, lengths rounded
    merged: int = 0  # the document that holds the counts of all commits up to it
    base_terms: int = 0  # terms in it
    added_terms: int = 0  # … in the commits since
    weighed_with: float = 0.0  # mean length in the sparse vectors
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Terms of a passage on average."""
        return self.words / max(1, self.chunks)

    def to_json(self) -> str:
        """Return the state as its row keeps it."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> State:
        """Return the state that a row keeps. Raises TypeError or ValueError when it is none."""
        return cls(**json.loads(text))


def key(text: str) -> int:
    """Return a number to filter by in place of a name: 63 bits, collisions are sorted out by who
    reads the rows."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8]) >> 1


def pack(value: Any) -> list[str]:
    """Return a JSON value as texts short enough for a row."""
    raw = json.dumps(value, ensure_ascii=True).encode()
    packed = base64.b85encode(zlib.compress(raw)).decode()
    return [packed[at : at + _PART] for at in range(0, len(packed), _PART)]


def unpack(packed: Iterable[str]) -> Any:
    """Return the value. Raises ValueError when it is none."""
    try:
        return json.loads(zlib.decompress(base64.b85decode("".join(packed))))
    except zlib.error as error:
        raise ValueError(str(error)) from error


def document(
    source: Source, digest: str, articles: Sequence[Article], aliases: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """Return a source with its articles, JSON-ready."""
    return {
        "source": [
            *(source.name, source.text, source.title, source.published, source.url),
            list(source.pages),
        ],
        "digest": digest,
        "articles": [
            [a.id, a.source, a.text, list(map(list, a.runs)), a.title, a.byline, a.published]
            for a in articles
        ],
        "aliases": list(map(list, aliases)),
    }


def source_of(told: Mapping[str, Any]) -> Source:
    """Return the source of a document."""
    name, text, title, published, url, pages = told["source"]
    return Source(name, text, title, published, url, tuple(pages))


def articles_of(told: Mapping[str, Any]) -> list[Article]:
    """Return the articles of a document, in the order of its pages."""
    return [
        Article(i, s, text, tuple(Run(*run) for run in runs), *rest)
        for i, s, text, runs, *rest in told["articles"]
    ]


# ---------------------------------------------------------------- BM25


def places(words: Iterable[str]) -> Terms:
    """Return the places of terms in a sparse vector."""
    numbers = [zlib.crc32(word.encode("utf-8", "replace")) % _PLACES for word in words]
    return np.array(numbers, np.uint32)


def passage_terms(text: str, title: str | None) -> dict[int, int]:
    """Return how often each term stands in a passage and its article's title, by place."""
    return dict(Counter(places([*terms(text), *terms(title or "")]).tolist()))


def rounded(length: int) -> int:
    """Return a length as tantivy keeps it, in one byte."""
    if length < 3 * _HEAD:
        return length
    rest = length - 3 * _HEAD
    shift = max(0, rest.bit_length() - 4)
    return 3 * _HEAD + (rest >> shift << shift)


def tf_part(count: int, length: int, mean: float) -> float:
    """Return what a term brings to BM25 before its idf."""
    return (_K1 + 1) * count / (count + _K1 * (1 - _B + _B * length / max(mean, 1e-9)))


def sparse(counts: Mapping[int, int], mean: float) -> dict[int, float]:
    """Return the document's side of BM25."""
    length = rounded(sum(counts.values()))
    return {place: tf_part(count, length, mean) for place, count in counts.items()}


def idf(passages: int, holders: int) -> float:
    """Return a term's inverse document frequency."""
    return math.log(1 + (passages - holders + 0.5) / (holders + 0.5))


def score(counts: Mapping[int, int], question: Mapping[int, float], mean: float) -> float:
    """Return BM25 of a passage with these terms; `question` is weight · idf by place."""
    length = rounded(sum(counts.values()))
    return sum(
        weight * tf_part(counts[place], length, mean)
        for place, weight in question.items()
        if place in counts
    )


class Holders:
    """How many passages hold each term: what each commit changed, summed."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._places: Terms = np.zeros(0, np.uint32)
        self._counts = np.zeros(0, np.int64)

    def add(self, change: Mapping[int, int] | tuple[Terms, npt.NDArray[np.int64]]) -> None:
        """Take in what one commit changed."""
        if isinstance(change, tuple):
            new, counts = change
        else:
            new = np.array(list(change), np.uint32)
            counts = np.array(list(change.values()), np.int64)
        both = np.concatenate([self._places, new])
        self._places, where = np.unique(both, return_inverse=True)
        self._counts = np.bincount(
            where, np.concatenate([self._counts, counts]), len(self._places)
        ).astype(np.int64)

    def all(self) -> dict[int, int]:
        """Return how many passages hold each term that any does, by place."""
        held = self._counts > 0
        return dict(zip(self._places[held].tolist(), self._counts[held].tolist(), strict=True))

    def __getitem__(self, place: int) -> int:
        at = int(np.searchsorted(self._places, place))
        there = at < len(self._places) and self._places[at] == place
        return int(self._counts[at]) if there else 0


def packed_counts(change: Mapping[int, int]) -> list[str]:
    """Return what a commit changed as texts for rows."""
    where = np.array(sorted(change), np.uint32)
    counts = np.array([change[place] for place in where.tolist()], np.int32)
    return pack([base64.b85encode(a.tobytes()).decode() for a in (where, counts)])


def unpacked_counts(packed: Iterable[str]) -> tuple[Terms, npt.NDArray[np.int64]]:
    """Return what a commit changed."""
    where, counts = (base64.b85decode(text) for text in unpack(packed))
    return np.frombuffer(where, np.uint32), np.frombuffer(counts, np.int32).astype(np.int64)


def batches(rows: Sequence[dict[str, Any]], most_rows: int, most_chars: int) -> Iterator[list[Any]]:
    """Cut rows into calls that Milvus takes at once."""
    batch: list[Any] = []
    chars = 0
    for row in rows:
        size = sum(len(v) if isinstance(v, str | dict | list) else 8 for v in row.values())
        if batch and (len(batch) == most_rows or chars + size > most_chars):
            yield batch
            batch, chars = [], 0
        batch.append(row)
        chars += size
    if batch:
        yield batch
