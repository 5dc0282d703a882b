"""What the store keeps of near-duplicates, for rag.duplicates. Derived: `youju check --repair`
makes it anew from the articles.

  sketch   how many fingerprints an article has; linked: compared with the others
  posting  which articles hold a fingerprint, the first few; those of a bucket packed together
  copied   two articles with passages in common: which, and where these differ
"""

from __future__ import annotations

import itertools
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.packing import unpack_runs
from rag.sketches import sketches_of
from rag.store_file import LINKS, TEXT, TEXT_FROM, File, marks, parts

Numbers = npt.NDArray[np.int64]
# bits of a 47-bit hash that the store does without: of 2.4 million fingerprints of news 42 agree in
# the others with one that differs, and two articles are compared for four of them
_UNTOLD_BITS = 11
# of what is left; the 11 above are its bucket: 2,048 buckets
_LOW_BITS = 25
_LOW = (1 << _LOW_BITS) - 1
_FEW_LINKS = 4  # rag.duplicates links an article with at least so many that share common text


Copied = tuple[str, str, float, float, float, bytes, bytes]
"""article, earlier article, share, earlier share, score, passages, differences."""


class Links(File):
    """The tables of near-duplicates."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        """Stand for `folder`, whose file `connection` has open."""
        super().__init__(folder, connection)
        self._stale: set[int] = set()  # buckets with fingerprints of what this transaction removes

    def unlinked(self, limit: int) -> list[tuple[int, str]]:
        """Return up to `limit` articles not yet compared with the others: sketch number, id;
        oldest first."""
        return self._rows(
            "SELECT number, article FROM sketch WHERE NOT linked ORDER BY number LIMIT ?", (limit,)
        )

    def sketched(self, numbers: Sequence[int]) -> list[tuple[int, str, str]]:
        """Return sketch number, article and text of articles by their sketch numbers, rising."""
        found: list[tuple[int, str, str]] = []
        for part in parts(numbers):
            rows = self._rows(
                f"SELECT sketch.number, a.id, {TEXT} FROM sketch"
                f" JOIN article a ON a.id = sketch.article {TEXT_FROM}"
                f" WHERE sketch.number IN ({marks(part)}) ORDER BY sketch.number",
                part,
            )
            found += [(n, a, self._text(a, *kept)) for n, a, *kept in rows]
        return found

    def sketch_sizes(self, numbers: Sequence[int]) -> dict[int, int]:
        """Return how many fingerprints articles have, by sketch number."""
        found: dict[int, int] = {}
        for part in parts(numbers):
            query = f"SELECT number, size FROM sketch WHERE number IN ({marks(part)})"
            found |= dict(self._rows(query, part))
        return found

    def holders(self, hashes: Numbers) -> Numbers:
        """Return rows (hash, sketch number) for the articles that are known to hold one of some
        fingerprints, which must be different."""
        found = [np.zeros((0, 2), np.int64)]
        hashes = np.sort(hashes)
        for bucket, wanted in _by_bucket(hashes):
            rows = self._postings(bucket)
            found.append(rows[np.isin(rows[:, 0], wanted)])
        return np.concatenate(found)

    def _postings(self, bucket: int) -> Numbers:
        rows = self._rows("SELECT rows FROM posting WHERE bucket = ?", (bucket,))
        try:
            return unpack_postings(bucket, rows[0][0]) if rows else np.zeros((0, 2), np.int64)
        except ValueError as error:
            raise self._spoilt(f"fingerprints {bucket} cannot be unpacked: {error}") from error

    def _sketch_numbers(self) -> Numbers:
        rows = self._connection.execute("SELECT number FROM sketch")
        return np.fromiter((number for (number,) in rows), np.int64)

    def link(
        self,
        sizes: Iterable[tuple[int, int]],
        postings: Numbers,
        copies: Iterable[Copied],
    ) -> None:
        """Store what comparing articles found: sketch numbers with how many fingerprints each has,
        postings (hash, number), and the rows of `copied`, which replace those of the same
        article."""
        many, sizes = self._connection.executemany, list(sizes)
        many(
            "DELETE FROM copied WHERE article = (SELECT article FROM sketch WHERE number = ?)",
            ((number,) for number, _ in sizes),
        )
        many(
            "UPDATE sketch SET size = ?, linked = 1 WHERE number = ?",
            ((size, number) for number, size in sizes),
        )
        postings = postings[np.argsort(postings[:, 0], kind="stable")]
        packed = []
        for bucket, new in _by_bucket(postings):
            keys = np.concatenate([_keys(self._postings(bucket)), _keys(new)])
            packed.append((bucket, pack_postings(_of_keys(bucket, np.unique(keys)))))
        many("INSERT OR REPLACE INTO posting VALUES (?, ?)", packed)
        many("INSERT INTO copied VALUES (?, ?, ?, ?, ?, ?, ?)", copies)

    def copied(self, articles: Sequence[str]) -> list[tuple[str, str, bytes]]:
        """Return article, earlier article and passages of what the articles have in common with
        earlier ones."""
        found: list[tuple[str, str, bytes]] = []
        for part in parts(articles):
            found += self._rows(
                f"SELECT article, earlier, passages FROM copied WHERE article IN ({marks(part)})",
                part,
            )
        return found

    def copies(self, article: str) -> list[Copied]:
        """Return all rows of `copied` that name the article, and one for each other name of its
        source."""
        names = "SELECT id, same_as, runs FROM article WHERE id = ?1 OR same_as = ?1"
        ((_, first, runs),) = self._rows(names + " LIMIT 1", (article,)) or [("", None, "[]")]
        same = [name for name, _, _ in self._rows(names, (first or article,)) if name != article]
        length = sum(run.length for run in unpack_runs(runs))
        whole = np.array([0, length, 0, length], np.int32).tobytes()
        found: list[Copied] = [(article, name, 1.0, 1.0, 1.0, whole, b"") for name in same]
        rows = self._rows(
            "SELECT * FROM copied WHERE article = ?1 UNION ALL"
            " SELECT * FROM copied WHERE earlier = ?1",
            (first or article,),
        )
        for one, other, *told in rows:
            found.append(
                (
                    article if one == first else one,
                    article if other == first else other,
                    *told,
                )
            )
        return found

    def _unlink(self, article: str) -> None:
        """Take an article's fingerprints out, and have those compared anew that it leaves with few
        links: all they have in common with others may have been told through it."""
        rows = self._rows(
            f"SELECT {TEXT} FROM sketch JOIN article a ON a.id = sketch.article {TEXT_FROM}"
            " WHERE sketch.article = ? AND size > 0",
            (article,),
        )
        for row in rows:
            (sketch,) = sketches_of([self._text(article, *row)])
            self._stale.update((bucket_hashes(sketch.hashes) >> _LOW_BITS).tolist())
            self._connection.execute(
                "UPDATE sketch SET linked = 0 WHERE article IN (SELECT article FROM copied AS link"
                " WHERE earlier = ? AND (SELECT count(*) FROM copied WHERE article = link.article)"
                " <= ?)",
                (article, _FEW_LINKS),
            )

    def _before_commit(self) -> None:
        kept: list[tuple[int, bytes]] = []
        there = self._sketch_numbers() if self._stale else np.zeros(0, np.int64)
        for bucket in sorted(self._stale):
            rows = self._postings(bucket)
            rows = rows[np.isin(rows[:, 1], there)]
            self._connection.execute("DELETE FROM posting WHERE bucket = ?", (bucket,))
            kept += [(bucket, pack_postings(rows))] if len(rows) else []
        if kept:
            self._connection.executemany("INSERT INTO posting VALUES (?, ?)", kept)
        self._stale.clear()

    def _forget(self) -> None:
        super()._forget()
        self._stale.clear()

    def unlink_all(self) -> None:
        """Forget all that comparing articles found, and have each compared anew. Raises StoreError
        or DamagedIndex; call it inside a transaction."""
        run = self._connection.execute
        for table in ("copied", "posting", "sketch"):
            run(f"DROP TABLE IF EXISTS {table}")  # not DELETE: it would read what may be damaged
        for statement in LINKS.split(";\n")[:-1]:
            run(statement)
        every = "SELECT id FROM article WHERE same_as IS NULL ORDER BY rowid"
        run(f"INSERT INTO sketch (article) {every}")


def _by_bucket(rows: Numbers) -> Iterator[tuple[int, Numbers]]:
    """Yield buckets and their rows of hashes, or of (hash, …), which must rise by hash."""
    buckets = (rows if rows.ndim == 1 else rows[:, 0]) >> _LOW_BITS
    begins = np.flatnonzero(np.append(True, buckets[1:] != buckets[:-1])[: len(buckets)])
    for start, end in itertools.pairwise([*begins.tolist(), len(rows)]):
        yield int(buckets[start]), rows[start:end]


def bucket_hashes(hashes: Numbers) -> Numbers:
    """Return 47-bit hashes as they stand in buckets."""
    return hashes >> _UNTOLD_BITS


def _keys(rows: Numbers) -> npt.NDArray[np.uint64]:
    """Return rows (hash, sketch number) of one bucket as single numbers that rise with them."""
    return (rows[:, 0] & _LOW).astype(np.uint64) << np.uint64(32) | rows[:, 1].astype(np.uint64)


def _of_keys(bucket: int, keys: npt.NDArray[np.uint64]) -> Numbers:
    hashes = (keys >> np.uint64(32)).astype(np.int64) | bucket << _LOW_BITS
    return np.stack([hashes, (keys & np.uint64(_LOW)).astype(np.int64)], axis=1)


def pack_postings(rows: Numbers) -> bytes:
    """Return rows (hash, sketch number) of one bucket, in order: the steps from hash to hash and
    the numbers, bytes of the same worth together, so that zlib finds what is alike: 4.8 bytes a
    row. zlib's checksum tells whether they are what was written."""
    steps = np.diff(rows[:, 0] & _LOW, prepend=0)
    columns = np.stack([steps, rows[:, 1]]).astype("<u4")
    return zlib.compress(columns.view(np.uint8).reshape(2, -1, 4).transpose(0, 2, 1).tobytes(), 1)


def unpack_postings(bucket: int, packed: bytes) -> Numbers:
    """Return the rows (hash, sketch number). Raises ValueError when they are not whole."""
    try:
        data = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(2, 4, -1)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    steps, numbers = np.ascontiguousarray(data.transpose(0, 2, 1)).view("<u4")[:, :, 0]
    return np.stack([np.cumsum(steps, dtype=np.int64) | bucket << _LOW_BITS, numbers], axis=1)
