"""The store's sources and articles: put in, taken out, read back.

A source that is the same as an earlier one but for its name has rows without a text (`same_as`):
its chunks are the earlier one's. When that one is taken out, the next takes over text and chunks.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.codes import pack_vectors
from rag.packing import Dictionary, learnt, pack, pack_runs, unpack, unpack_runs
from rag.store_file import TEXT, TEXT_FROM, checksum, copy_of, marks, parts, title_key
from rag.store_links import Links
from rag.terms import fold
from rag.types import Article, Chunk, Source

_ARTICLE = (
    "a.id, a.source, a.number, a.runs, a.title, a.folded, a.byline, a.published, a.same_as, a.sum,"
    f" a.text, {TEXT}"
)
_LEARNT_FROM = 1_000_000  # characters: a dictionary learnt from more packs 0.001 better
_HALF = 0.5  # share of a source that an article must be to be read out of it, not kept apart


class Articles(Links):
    """The tables of sources and articles."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        """Stand for `folder`, whose file `connection` has open."""
        super().__init__(folder, connection)
        # of sources put in by this transaction, not yet written
        self._chunks: list[tuple[list[Chunk], npt.NDArray[np.float32]]] = []
        self._unsketched: list[tuple[str]] = []
        self._samples: list[str] = []  # texts, until there is a dictionary
        self._sampled = 0  # characters

    def digests(self, names: Sequence[str] | None = None) -> dict[str, str]:
        """Return the content digests of sources, by name: of those of these names that are there,
        or of all."""
        if names is None:
            return dict(self._rows("SELECT name, digest FROM source"))
        found: dict[str, str] = {}
        for part in parts(names):
            query = f"SELECT name, digest FROM source WHERE name IN ({marks(part)})"
            found |= dict(self._rows(query, part))
        return found

    def holds_digest(self, digest: str) -> bool:
        """Tell whether some source has this digest."""
        return bool(self._rows("SELECT 1 FROM source WHERE digest = ? LIMIT 1", (digest,)))

    def put(
        self,
        source: Source,
        digest: str,
        articles: Sequence[Article],
        chunks: Sequence[Chunk],
        vectors: npt.NDArray[np.float32],
    ) -> bool:
        """Add a source with its articles and chunks, `vectors` (len(chunks), d); replaces the
        source of that name.

        Returns False, and takes no chunks, where another source of that digest has the same
        articles.
        """
        if self._rows("SELECT 1 FROM source WHERE name = ?", (source.name,)):
            self.remove(source.name)
        first = self._first(digest, articles)
        self._put_source(source, digest, first)
        if first is not None:
            rows = self._rows("SELECT id FROM article WHERE source = ? ORDER BY number", (first,))
            for n, (article, (earlier,)) in enumerate(zip(articles, rows, strict=True)):
                self._put_article(n, article, None, earlier)
            return False
        for n, article in enumerate(articles):
            whole = len(article.text) >= _HALF * len(source.text)
            copied = copy_of(source.text, article.runs) if whole else ""
            is_copy = whole and article.text == copied
            packed = None if is_copy else pack(article.text, copied, self._learnt())
            self._put_article(n, article, packed)
        self._unsketched += [(article.id,) for article in articles]
        self._chunks += [(list(chunks), vectors)] if len(chunks) else []
        return True

    def _before_commit(self) -> None:
        self._write_waiting()
        super()._before_commit()

    def _write_waiting(self) -> None:
        """Write the chunks of all sources put in, together: one after another they took a tenth of
        the time of indexing."""
        chunks = [chunk for some, _ in self._chunks for chunk in some]
        if self._unsketched:
            query = "INSERT INTO sketch (article) VALUES (?)"
            self._connection.executemany(query, self._unsketched)
        if chunks:
            blobs = pack_vectors(np.concatenate([rows for _, rows in self._chunks]))
            self._connection.executemany(
                'INSERT INTO chunk (article, start, "end", vector, sum) VALUES (?, ?, ?, ?, ?)',
                [
                    (c.article_id, *c.span, blob, checksum(c.article_id, *c.span, blob))
                    for c, blob in zip(chunks, blobs, strict=True)
                ],
            )
        self._chunks.clear()
        self._unsketched.clear()

    def _forget(self) -> None:
        self._chunks.clear()
        self._unsketched.clear()
        self._samples, self._sampled = [], 0
        super()._forget()

    def _first(self, digest: str, articles: Sequence[Article]) -> str | None:
        """Return the source of that digest whose text is kept, if it has the same articles."""
        query = "SELECT name FROM source WHERE digest = ? AND same_as IS NULL LIMIT 1"
        for (name,) in self._rows(query, (digest,)):
            there = self.articles(name)
            if list(map(_content, there)) == list(map(_content, articles)):
                return str(name)
        return None

    def _put_source(self, source: Source, digest: str, same_as: str | None) -> None:
        packed = None if same_as is not None else self._packed(source.text)
        fields = (digest, source.title, source.published, source.url, json.dumps(source.pages))
        row = (source.name, packed, *fields, same_as)
        self._connection.execute(
            "INSERT INTO source VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, checksum(*row))
        )

    def _packed(self, text: str) -> bytes:
        """Pack a text, and learn from it while there is no dictionary."""
        if (known := self._learnt()) is None:
            self._samples.append(text)
            self._sampled += len(text)
        return pack(text, dictionary=known)

    def _learnt(self) -> Dictionary | None:
        """Return the dictionary, learnt now if enough was put in for it."""
        if self._sampled < _LEARNT_FROM or self._dictionary() is not None:
            return self._dictionary()
        known = learnt(self._samples)
        self._samples, self._sampled = [], 0
        if known is not None:
            self._keep_dictionary(known)
        return known

    def _put_article(
        self, number: int, article: Article, packed: bytes | None, same_as: str | None = None
    ) -> None:
        runs = pack_runs(article.runs)
        key = None if article.title is None else title_key(fold(article.title))
        told = (article.title, key, article.byline, article.published)
        row = (article.id, article.source, number, runs, *told, same_as)
        self._connection.execute(
            "INSERT INTO article (id, source, number, runs, title, folded, byline, published,"
            " same_as, sum, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, checksum(*row, packed), packed),
        )

    def remove(self, name: str) -> bool:
        """Take a source out; tell whether it was there. Where others are the same as it, the first
        of them takes over its text and chunks."""
        self._write_waiting()
        self._hand_over(name)
        for (article,) in self._rows("SELECT id FROM article WHERE source = ?", (name,)):
            self._unlink(article)
        return self._connection.execute("DELETE FROM source WHERE name = ?", (name,)).rowcount > 0

    def _hand_over(self, name: str) -> None:
        heirs = self._rows("SELECT name FROM source WHERE same_as = ? ORDER BY name", (name,))
        if not heirs:
            return
        run, (heir,) = self._connection.execute, heirs[0]
        taken = "SET text = (SELECT text FROM {0} WHERE {1} = ?) WHERE {1} = ?"
        run(f"UPDATE source {taken.format('source', 'name')}", (name, heir))
        run("UPDATE source SET same_as = ? WHERE same_as = ?", (heir, name))
        run("UPDATE source SET same_as = NULL WHERE name = ?", (heir,))
        for old, new in self._rows(
            "SELECT same_as, id FROM article WHERE source = ? ORDER BY number", (heir,)
        ):
            run(f"UPDATE article {taken.format('article', 'id')}", (old, new))
            run("UPDATE article SET same_as = ? WHERE same_as = ?", (new, old))
            run("UPDATE article SET same_as = NULL WHERE id = ?", (new,))
            run("UPDATE chunk SET article = ? WHERE article = ?", (new, old))
            run("UPDATE alias SET article = ? WHERE article = ?", (new, old))
            run("INSERT INTO sketch (article) VALUES (?)", (new,))
            self._sum_articles("a.id = ?1 OR a.same_as = ?1", new)
            self._sum_chunks(new)
        self._sum_sources(heir)

    def _sum_sources(self, name: str) -> None:
        columns = "name, text, digest, title, published, url, pages, same_as"
        query = f"SELECT {columns} FROM source WHERE name = ?1 OR same_as = ?1"
        self._connection.executemany(
            "UPDATE source SET sum = ? WHERE name = ?",
            [(checksum(*row), row[0]) for row in self._rows(query, (name,))],
        )

    def _sum_articles(self, where: str, value: str) -> None:
        columns = "id, source, number, runs, title, folded, byline, published, same_as, text"
        query = f"SELECT {columns} FROM article a WHERE {where}"
        self._connection.executemany(
            "UPDATE article SET sum = ? WHERE id = ?",
            [(checksum(*row), row[0]) for row in self._rows(query, (value,))],
        )

    def _sum_chunks(self, article: str) -> None:
        query = 'SELECT number, article, start, "end", vector FROM chunk WHERE article = ?'
        self._connection.executemany(
            "UPDATE chunk SET sum = ? WHERE number = ?",
            [(checksum(*row), number) for number, *row in self._rows(query, (article,))],
        )

    def sources(self) -> list[str]:
        """Return the names of all sources, in order."""
        return [name for (name,) in self._rows("SELECT name FROM source ORDER BY name")]

    def source(self, name: str) -> Source:
        """Return a source. Raises KeyError when it is not there."""
        rows = self._rows(
            "SELECT name, text, digest, title, published, url, pages, same_as, sum FROM source"
            " WHERE name = ?",
            (name,),
        )
        if not rows:
            raise self._missing("source", "name", name)
        *row, crc = rows[0]
        if checksum(*row) != crc:
            raise self._spoilt(f"source {name!r} is not what was written")
        _, packed, _, title, published, url, pages, same_as = row
        text = self.source(same_as).text if same_as is not None else self._unpacked(name, packed)
        return Source(name, text, title, published, url, tuple(json.loads(pages)))

    def _unpacked(self, name: str, packed: bytes | None) -> str:
        try:
            return unpack(packed or b"", dictionary=self._dictionary)
        except ValueError as error:
            raise self._spoilt(f"source {name!r} cannot be unpacked: {error}") from error

    def articles(self, source: str | None = None) -> list[Article]:
        """Return all articles, or those of one source, in the order of their pages."""
        where, values = ("WHERE a.source = ?", (source,)) if source is not None else ("", ())
        return self._articles(f"{where} ORDER BY a.source, a.number", values)

    def article(self, identity: str) -> Article:
        """Return an article. Raises KeyError when it is not there."""
        found = self._articles("WHERE a.id = ?", (identity,))
        if not found:
            raise self._missing("article", "id", identity)
        return found[0]

    def articles_by_id(self, identities: Collection[str]) -> dict[str, Article]:
        """Return articles by their identities; those that are not there are left out."""
        where = f"WHERE a.id IN ({marks(list(identities))})"
        return {a.id: a for a in self._articles(where, sorted(identities))}

    def same_articles(self, identities: Collection[str]) -> dict[str, list[Article]]:
        """Return the articles of other sources that are the same but for the source's name, by the
        identity of the one whose chunks they share."""
        rows = self._rows(
            f"SELECT id, same_as FROM article WHERE same_as IN ({marks(list(identities))})"
            " ORDER BY source",
            sorted(identities),
        )
        there = self.articles_by_id([identity for identity, _ in rows]) if rows else {}
        found: dict[str, list[Article]] = defaultdict(list)
        for identity, first in rows:
            found[first].append(there[identity])
        return found

    def _articles(self, where: str, values: Sequence[object]) -> list[Article]:
        rows = self._rows(f"SELECT {_ARTICLE} FROM article a {TEXT_FROM} {where}", values)
        return [self._article(row) for row in rows]

    def _article(self, row: Sequence[Any]) -> Article:
        identity, source, _, runs, title, _, byline, published, _, crc, own, *kept = row
        if checksum(*row[:9], own) != crc:
            raise self._spoilt(f"article {identity} is not what was written")
        text = self._text(identity, *kept)
        return Article(identity, source, text, tuple(unpack_runs(runs)), title, byline, published)

    def raw(self, names: Collection[str]) -> dict[str, str]:
        """Return the texts of sources by their names; those that are not there are left out."""
        rows = self._rows(
            "SELECT s.name, f.text FROM source s"
            " JOIN source f ON f.name = ifnull(s.same_as, s.name)"
            f" WHERE s.name IN ({marks(list(names))})",
            sorted(names),
        )
        return {name: self._unpacked(name, packed) for name, packed in rows}

    def article_texts(self, identities: Collection[str]) -> dict[str, tuple[str, str, str | None]]:
        """Return text, source and title of articles by their identities."""
        found: dict[str, tuple[str, str, str | None]] = {}
        for part in parts(sorted(identities)):
            rows = self._rows(
                f"SELECT a.id, a.source, a.title, {TEXT} FROM article a {TEXT_FROM}"
                f" WHERE a.id IN ({marks(part)})",
                part,
            )
            found |= {i: (self._text(i, *kept), source, title) for i, source, title, *kept in rows}
        return found


def _content(article: Article) -> tuple[object, ...]:
    """Return what two articles of sources that differ in nothing but their names have in common."""
    return article.text, article.runs, article.title, article.byline, article.published
