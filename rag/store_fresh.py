"""Vectors made by another embedder, beside those in use until all are there.

  fresh   chunk number, vector; made by the embedder that the settings `fresh …` name

Each batch is a transaction of its own, so that a kill costs one; the switch is one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rag.codes import pack_vectors
from rag.store_articles import Articles
from rag.store_file import checksum

_SETTINGS = ("embedder", "fingerprint", "dimension")
_SWITCHED = 10_000  # chunks whose rows are in memory at once


class Fresh(Articles):
    """The table of vectors to come."""

    def begin_fresh(self, embedder: str, fingerprint: str, dimension: int) -> int:
        """Make ready for vectors of an embedder; return how many of its are there already. Call it
        inside a transaction."""
        run = self._connection.execute
        if self.setting("fresh fingerprint") != fingerprint:
            run("DROP TABLE IF EXISTS fresh")
        run("CREATE TABLE IF NOT EXISTS fresh (number INTEGER PRIMARY KEY, vector BLOB NOT NULL)")
        for name, value in zip(_SETTINGS, (embedder, fingerprint, dimension), strict=True):
            self._set(f"fresh {name}", value)
        return int(self._rows("SELECT count(*) FROM fresh")[0][0])

    def without_fresh(self, limit: int) -> list[int]:
        """Return the numbers of up to `limit` chunks that have no fresh vector yet."""
        query = (
            "SELECT number FROM chunk WHERE NOT EXISTS (SELECT 1 FROM fresh WHERE fresh.number ="
            " chunk.number) AND number > ifnull((SELECT max(number) FROM fresh), 0)"
            " ORDER BY number LIMIT ?"
        )
        return [number for (number,) in self._rows(query, (limit,))]

    def put_fresh(self, numbers: Sequence[int], vectors: npt.NDArray[np.float32]) -> None:
        """Keep fresh vectors (n, d). Call it inside a transaction."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO fresh VALUES (?, ?)",
            zip(numbers, pack_vectors(vectors), strict=True),
        )

    def switch_to_fresh(self) -> None:
        """Put the fresh vectors in the place of the others. Call it inside a transaction, when no
        chunk is without one."""
        last = 0
        query = (
            'SELECT number, article, start, "end", fresh.vector FROM chunk'
            " JOIN fresh USING (number)"
            " WHERE number > ? ORDER BY number LIMIT ?"
        )
        while rows := self._rows(query, (last, _SWITCHED)):
            self._connection.executemany(
                "UPDATE chunk SET vector = ?, sum = ? WHERE number = ?",
                [(row[-1], checksum(*row), number) for number, *row in rows],
            )
            last = rows[-1][0]
        for name in _SETTINGS:
            self._set(name, self.setting(f"fresh {name}"))
        self.end_fresh()

    def end_fresh(self) -> None:
        """Forget fresh vectors. Call it inside a transaction."""
        self._connection.execute("DROP TABLE IF EXISTS fresh")
        self._connection.execute("DELETE FROM setting WHERE name LIKE 'fresh %'")
