"""What is wrong with a store, told from its rows; and taking out, marking and saving what is left.

SQLite notices pages that are no pages, and an index that does not fit its table. A bit that flips
inside a value it does not; the checksums of rows do.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rag.errors import DamagedIndex
from rag.packing import needs_dictionary, unpack
from rag.store import Store
from rag.store_file import COPIES, COUNTED, checksum
from rag.types import Source

_MOST_MESSAGES = 20  # of SQLite's about one file
_OF_AN_INDEX = re.compile(r"missing from index|wrong # of entries in index|non-unique entry in")
_SOURCE = "name, text, digest, title, published, url, pages, same_as"
_ARTICLE = "id, source, number, runs, title, folded, byline, published, same_as, text"


@dataclass(frozen=True)
class Rows:
    """What the rows of a readable file say."""

    lost: dict[str, str] = field(default_factory=dict)  # sources whose text is not what was written
    spoilt: dict[str, str] = field(default_factory=dict)  # sources whose articles or chunks are not
    miscounted: tuple[str, ...] = ()


class CheckedStore(Store):
    """A store that is looked through."""

    def structure(self) -> tuple[list[str], bool]:
        """Return what SQLite finds wrong, and whether making its indexes anew mends all of it."""
        try:
            query = f"PRAGMA integrity_check({_MOST_MESSAGES})"
            said = [row[0] for row in self._connection.execute(query)]
        except sqlite3.DatabaseError as error:
            return [str(error)], False
        said = [] if said == ["ok"] else said
        return said, all(map(_OF_AN_INDEX.search, said))

    def rows(self) -> Rows:
        """Compare every row with its checksum, the tables with each other and with their counts.
        Raises DamagedIndex when they cannot be read."""
        lost, spoilt = dict(self._lost()), dict(self._spoilt_sources())
        for name, first in self._rows("SELECT name, same_as FROM source WHERE same_as NOT NULL"):
            if first in lost:
                lost[name] = f"it is the same as {first!r}"
        counts = self.counts()
        if any(counts[table] != self._number(f"count {table}") for table in COUNTED):
            spoilt |= dict(self._without_all())
        wrong = [
            f"{counts[table]} rows of {table}, {self._number(f'count {table}')} were counted"
            for table in COUNTED
            if counts[table] != self._number(f"count {table}")
        ]
        if self._is_dictionary_spoilt():
            wrong.append("a copy of what texts are packed with is not what was written")
        dangling = len(self._rows("PRAGMA foreign_key_check"))
        wrong += [f"{dangling} rows of something that is not there"] if dangling else []
        spoilt = {name: why for name, why in spoilt.items() if name not in lost}
        return Rows(lost, spoilt, tuple(wrong))

    def _lost(self) -> Iterator[tuple[str, str]]:
        names = {name for (name,) in self._rows("SELECT name FROM source WHERE same_as IS NULL")}
        for (name,) in self._rows("SELECT name FROM source NOT INDEXED"):
            query = f"SELECT {_SOURCE}, sum FROM source WHERE name = ?"
            rows = self._rows(query, (name,))
            if not rows or checksum(*rows[0][:-1]) != rows[0][-1]:
                yield name, "its row is not what was written"
            elif (first := rows[0][7]) is not None and first not in names:
                yield name, f"the source {first!r} that it is the same as is gone"
            elif needs_dictionary(rows[0][1]) and self._dictionary() is None:
                yield name, "what it is packed with cannot be read"

    def _spoilt_sources(self) -> Iterator[tuple[str, str]]:
        for row in self._connection.execute(f"SELECT {_ARTICLE}, sum FROM article NOT INDEXED"):
            if checksum(*row[:-1]) != row[-1]:
                yield row[1], f"article {row[0]} is not what was written"
        query = (
            'SELECT source, c.number, article, start, "end", vector, c.sum FROM chunk c'
            " JOIN article ON article.id = article ORDER BY c.number"
        )
        for source, number, *row, crc in self._connection.execute(query):
            if checksum(*row) != crc:
                yield source, f"passage {number} is not what was written"
        gaps = "SELECT source FROM article GROUP BY source HAVING count(*) <= max(number)"
        yield from ((source, "an article of it is gone") for (source,) in self._rows(gaps))
        empty = (
            "SELECT source, id FROM article WHERE same_as IS NULL AND NOT EXISTS (SELECT 1 FROM"
            " chunk WHERE article = article.id)"
        )
        for source, identity in self._rows(empty):
            if self.article_texts([identity])[identity][0].strip():
                yield source, f"all passages of article {identity} are gone"

    def _without_all(self) -> Iterator[tuple[str, str]]:
        """Yield the sources of which some text stands in no passage: rows of it may be gone."""
        bare = "SELECT name FROM source WHERE name NOT IN (SELECT source FROM article)"
        yield from ((name, "it has no articles") for (name,) in self._rows(bare))
        for source, identity in self._rows("SELECT source, id FROM article WHERE same_as IS NULL"):
            text = self.article_texts([identity])[identity][0]
            query = 'SELECT start, "end" FROM chunk WHERE article = ? ORDER BY start'
            at = 0
            for start, end in [*self._rows(query, (identity,)), (len(text), len(text))]:
                if text[at:start].strip():
                    yield source, f"passages of article {identity} are gone"
                    break
                at = max(at, end)

    def links_are_whole(self) -> bool:
        """Tell whether every article has its sketch, and what is stored of near-duplicates has the
        shape it must have."""
        wrong = (
            "SELECT 1 FROM article LEFT JOIN sketch ON article.id = article WHERE same_as IS NULL"
            " AND (sketch.number IS NULL OR linked AND ifnull(size, -1) < 0) LIMIT 1",
            "SELECT 1 FROM copied WHERE length(passages) % 16 OR length(differences) % 16 LIMIT 1",
        )
        return not any(self._rows(query) for query in wrong) and self._postings_are_whole()

    def _postings_are_whole(self) -> bool:
        buckets = [bucket for (bucket,) in self._rows("SELECT bucket FROM posting")]
        try:
            return all(self._postings(bucket).size for bucket in buckets)
        except DamagedIndex:
            return False

    def mend(self, rows: Rows) -> None:
        """Take out sources whose text is lost, mark those to be made anew from their text, count
        again. One transaction. Raises DamagedIndex."""
        with self.transaction():
            self._connection.execute("REINDEX")
            for name in rows.lost:
                self._connection.execute("DELETE FROM source WHERE name = ?", (name,))
            if rows != Rows():
                self.unlink_all()
            for name in rows.spoilt:
                self._connection.execute("UPDATE source SET digest = '' WHERE name = ?", (name,))
                self._sum_sources(name)
            for table in ("article", "chunk", "alias"):
                self._drop_dangling(table)
            if (known := self._dictionary()) is not None:
                self._keep_dictionary(known)
            for table, count in self.counts().items():
                self._set(f"count {table}", count)

    def _is_dictionary_spoilt(self) -> bool:
        """Tell whether one copy of the dictionary can be read and another cannot."""
        copies = [self._copy_of_dictionary(copy) for copy in range(COPIES)]
        return len(set(copies)) > 1

    def _drop_dangling(self, table: str) -> None:
        parent, key, column = (
            ("source", "name", "source") if table == "article" else ("article", "id", "article")
        )
        orphan = f"NOT EXISTS (SELECT 1 FROM {parent} p WHERE p.{key} = {table}.{column})"
        self._connection.execute(f"DELETE FROM {table} WHERE {orphan}")

    def readable_sources(self) -> Iterator[Source | str]:
        """Yield every source that can still be read, and the names of those that cannot, of a file
        with unreadable pages."""
        seen: dict[str, Source] = {}
        followers: list[tuple[str, tuple[Any, ...]]] = []
        for rowid in range(1, self._last_row() + 1):
            row = self._one(f"SELECT {_SOURCE}, sum FROM source WHERE rowid = ?", rowid)
            if row is None:
                continue
            name, packed, _, title, published, url, pages, same_as = row[:-1]
            unpackable = not needs_dictionary(packed) or self._dictionary() is not None
            if checksum(*row[:-1]) != row[-1] or not unpackable:
                yield str(name)
            elif same_as is not None:
                followers.append((same_as, (name, title, published, url, pages)))
            else:
                text = unpack(packed, dictionary=self._dictionary)
                seen[name] = Source(name, text, title, published, url, tuple(json.loads(pages)))
                yield seen[name]
        for first, (name, title, published, url, pages) in followers:
            if first in seen:
                text = seen[first].text
                yield Source(name, text, title, published, url, tuple(json.loads(pages)))
            else:
                yield str(name)

    def _one(self, query: str, value: object) -> tuple[Any, ...] | None:
        try:
            row: tuple[Any, ...] | None = self._connection.execute(query, (value,)).fetchone()
        except sqlite3.DatabaseError:
            return None  # on an unreadable page: what salvaging is for
        return row

    def _last_row(self) -> int:
        known = [0]
        for query in (
            "SELECT max(rowid) FROM source",
            "SELECT value FROM setting WHERE name = 'count source'",
            "SELECT max(rowid) FROM source INDEXED BY sqlite_autoindex_source_1 WHERE name > ''",
        ):
            try:
                row = self._connection.execute(query).fetchone()
            except sqlite3.DatabaseError:
                continue  # the next may be readable
            known.append(int(row[0] or 0) if row else 0)
        return max(known)
