"""What the store keeps of near-duplicates, for rag.duplicates. Derived: `youju check --repair`
makes it anew from the articles.

  sketch   the fingerprints of an article; linked: compared with the others
  posting  which articles hold a fingerprint, the first few
  copied   two articles with passages in common: which, and where these differ
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence

import numpy as np

from rag.store_file import LINKS, TEXT, TEXT_FROM, File, marks, parts

_FEW_LINKS = 4  # rag.duplicates links an article with at least so many that share common text


Copied = tuple[str, str, float, float, float, bytes, bytes]
"""article, earlier article, share, earlier share, score, passages, differences."""


class Links(File):
    """The tables of near-duplicates."""

    def unlinked(self, limit: int) -> list[tuple[int, str, str]]:
        """Return up to `limit` articles not yet compared with the others: sketch number, id, text;
        oldest first."""
        rows = self._rows(
            f"SELECT sketch.number, a.id, {TEXT} FROM sketch JOIN article a ON a.id ="
            f" sketch.article {TEXT_FROM} WHERE NOT linked ORDER BY sketch.number LIMIT ?",
            (limit,),
        )
        return [(number, name, self._text(name, *kept)) for number, name, *kept in rows]

    def sketched(self, numbers: Sequence[int]) -> list[tuple[int, str, str, bytes, bytes]]:
        """Return sketch number, article, text, hashes and letters of linked articles."""
        found: list[tuple[int, str, str, bytes, bytes]] = []
        for part in parts(numbers):
            rows = self._rows(
                f"SELECT sketch.number, hashes, letters, a.id, {TEXT} FROM sketch"
                f" JOIN article a ON a.id = sketch.article {TEXT_FROM}"
                f" WHERE hashes NOT NULL AND sketch.number IN ({marks(part)})",
                part,
            )
            found += [
                (n, a, self._text(a, *kept), h, self._letters(at)) for n, h, at, a, *kept in rows
            ]
        return found

    def _letters(self, packed: bytes) -> bytes:
        try:
            steps = np.frombuffer(zlib.decompress(packed), np.int32)
        except (zlib.error, ValueError) as error:
            raise self._spoilt(f"a sketch cannot be unpacked: {error}") from error
        return np.cumsum(steps, dtype=np.int64).tobytes()

    def sketch_sizes(self, numbers: Sequence[int]) -> dict[int, int]:
        """Return how many fingerprints articles have, by sketch number."""
        found: dict[int, int] = {}
        for part in parts(numbers):
            query = f"SELECT number, length(hashes) / 8 FROM sketch WHERE number IN ({marks(part)})"
            found |= dict(self._rows(query, part))
        return found

    def holders(self, hashes: Sequence[int]) -> list[tuple[int, int]]:
        """Return (hash, sketch number) for the articles that are known to hold a fingerprint.

        Call it inside a transaction: it uses a table of its own.
        """
        run = self._connection.execute
        run("CREATE TEMP TABLE IF NOT EXISTS wanted (hash INTEGER PRIMARY KEY)")
        run("DELETE FROM wanted")
        self._connection.executemany("INSERT INTO wanted VALUES (?)", ((h,) for h in hashes))
        # CROSS: else SQLite reads all postings, 0.15 s at 2.2 million
        return self._rows("SELECT hash, sketch FROM wanted CROSS JOIN posting USING (hash)")

    def link(
        self,
        sketches: Sequence[tuple[int, bytes, bytes]],
        postings: Iterable[tuple[int, int]],
        copies: Iterable[tuple[str, str, float, float, float, bytes, bytes]],
    ) -> None:
        """Store what comparing articles found: sketches (number, hashes, letters), postings (hash,
        number), and the rows of `copied`, which replace those of the same article."""
        many = self._connection.executemany
        many(
            "DELETE FROM copied WHERE article = (SELECT article FROM sketch WHERE number = ?)",
            ((number,) for number, _, _ in sketches),
        )
        many(
            "UPDATE sketch SET hashes = ?, letters = ?, linked = 1 WHERE number = ?",
            ((hashes, _packed(letters), number) for number, hashes, letters in sketches),
        )
        many("INSERT OR IGNORE INTO posting VALUES (?, ?)", postings)
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
        at, _, length = (json.loads(runs) or [(0, 0, 0)])[-1]
        whole = np.array([0, at + length, 0, at + length], np.int32).tobytes()
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
        """Take an article's postings out, and have those compared anew that it leaves with few
        links: all they have in common with others may have been told through it.

        A foreign key would need an index on the postings as large as they are.
        """
        run = self._connection.execute
        for number, hashes in self._rows(
            "SELECT number, hashes FROM sketch WHERE article = ? AND hashes NOT NULL", (article,)
        ):
            for gone in np.frombuffer(hashes, np.int64).tolist():
                run("DELETE FROM posting WHERE hash = ? AND sketch = ?", (gone, number))
            run(
                "UPDATE sketch SET linked = 0 WHERE article IN (SELECT article FROM copied AS link"
                " WHERE earlier = ? AND (SELECT count(*) FROM copied WHERE article = link.article)"
                " <= ?)",
                (article, _FEW_LINKS),
            )

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


def _packed(letters: bytes) -> bytes:
    """Return rising int64 numbers as zlib over the steps between them: a fifth."""
    steps = np.diff(np.frombuffer(letters, np.int64), prepend=0)
    return zlib.compress(steps.astype(np.int32).tobytes(), 3)
