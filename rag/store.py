"""The embedded store: sources, articles, chunks, vectors and settings in one SQLite file, one
transaction or none.

  source   name, raw text, digest, page starts
  article  id, source, text, runs, title, byline, published
  chunk    number, article, start, end, vector (float16)
  alias    other names that an article gives
  sketch   the fingerprints of an article; linked: compared with the others
  posting  which articles hold a fingerprint, the first few
  copied   two articles with passages in common: which, and where these differ

What FAISS and rag.lexical hold is derived: built from these tables whenever a bot opens the index
or sees a new revision.
"""

from __future__ import annotations

import itertools
import json
import secrets
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from rag.errors import DamagedIndex, MissingIndex, StoreError, WrongEmbedder
from rag.types import Article, Chunk, Run, Source, Span

FORMAT = 2  # 2: pages of a source, near-duplicates; search terms moved to rag.lexical
FILE = "index.sqlite3"
_MOST_VALUES = 500  # in one query
_START_ANEW = "move it away and run `youju index` again, or name another folder with --index"

_FEW_LINKS = 4  # rag.duplicates links an article with at least so many that share common text
_Value = TypeVar("_Value", int, str)

_SCHEMA = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE source (name TEXT PRIMARY KEY, text TEXT NOT NULL, digest TEXT NOT NULL, title TEXT,
published TEXT, url TEXT, pages TEXT NOT NULL);
CREATE TABLE article (
    id TEXT PRIMARY KEY, source TEXT NOT NULL REFERENCES source(name) ON DELETE CASCADE, number
    INTEGER NOT NULL,
    text TEXT NOT NULL, runs TEXT NOT NULL, title TEXT, byline TEXT, published TEXT);
CREATE INDEX article_source ON article(source);
CREATE TABLE chunk (
    number INTEGER PRIMARY KEY AUTOINCREMENT, article TEXT NOT NULL REFERENCES article(id) ON DELETE
    CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, vector BLOB NOT NULL);
CREATE INDEX chunk_article ON chunk(article);
CREATE TABLE alias (article TEXT NOT NULL REFERENCES article(id) ON DELETE CASCADE,
name TEXT NOT NULL, alias TEXT NOT NULL);
CREATE INDEX alias_article ON alias(article);
CREATE TABLE sketch (
    number INTEGER PRIMARY KEY AUTOINCREMENT, article TEXT NOT NULL UNIQUE REFERENCES article(id) ON
    DELETE CASCADE,
    hashes BLOB, letters BLOB, linked INTEGER NOT NULL DEFAULT 0);
CREATE INDEX sketch_unlinked ON sketch(number) WHERE NOT linked;
CREATE TABLE posting (hash INTEGER NOT NULL, sketch INTEGER NOT NULL, PRIMARY KEY (hash, sketch))
WITHOUT ROWID;
CREATE TABLE copied (
    article TEXT NOT NULL REFERENCES article(id) ON DELETE CASCADE,
    earlier TEXT NOT NULL REFERENCES article(id) ON DELETE CASCADE,
    share REAL NOT NULL, earlier_share REAL NOT NULL, score REAL NOT NULL, passages BLOB NOT NULL,
    differences BLOB NOT NULL, PRIMARY KEY (article, earlier)) WITHOUT ROWID;
CREATE INDEX copied_earlier ON copied(earlier);
"""


class ChunkText(NamedTuple):
    """The words of a chunk."""

    text: str
    opens: bool  # its article begins with it
    source: str


class Store:
    """One open index. Not shared between threads: open one each, SQLite lets readers go on while
    one writer works."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self._connection = connection

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open an existing index. Raises MissingIndex or DamagedIndex."""
        file = folder / FILE
        store = cls(folder, _connect(file)) if file.exists() else None
        if store is None or store._is_empty():
            raise MissingIndex(
                f"no index in {folder}: make one with `youju index PATH --index {folder}`"
            )
        found = store.setting("format")
        if found != str(FORMAT):
            raise DamagedIndex(
                f"{file} has format {found!r}, this version reads {FORMAT}: {_START_ANEW}"
            )
        return store

    @classmethod
    def create(cls, folder: Path, embedder: str, fingerprint: str, dimension: int) -> Store:
        """Open the index in `folder`, making it (in one transaction) when there is none.

        Raises WrongEmbedder when it exists and was made by an embedder of another fingerprint.
        """
        try:
            store = cls.open(folder)
        except MissingIndex:
            return cls._made(folder, embedder, fingerprint, dimension)
        store.check_embedder(embedder, fingerprint)
        return store

    @classmethod
    def _made(cls, folder: Path, embedder: str, fingerprint: str, dimension: int) -> Store:
        settings = {"format": FORMAT, "embedder": embedder, "fingerprint": fingerprint}
        # the identity tells what was derived from this store from what was left by another
        settings |= {"dimension": dimension, "revision": 0, "identity": secrets.token_hex(8)}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            store = cls(folder, _connect(folder / FILE))
            run = store._connection.execute
            run("BEGIN IMMEDIATE")
            for statement in _SCHEMA.split(";\n")[:-1]:
                run(statement)
            for name, value in settings.items():
                run("INSERT INTO setting VALUES (?, ?)", (name, str(value)))
            run("COMMIT")
        except (OSError, sqlite3.OperationalError) as error:
            raise StoreError(
                f"cannot make an index in {folder} ({error}): choose another folder with --index"
            ) from error
        return store

    def _is_empty(self) -> bool:
        """Tell whether the file holds nothing yet: a maker was killed before its commit."""
        return not self._rows("SELECT count(*) FROM sqlite_master")[0][0]

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """Return all rows of a query. Raises DamagedIndex when SQLite cannot read the file."""
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise _damaged(self.folder / FILE, error) from error

    def check_embedder(self, name: str, fingerprint: str) -> None:
        """Raise WrongEmbedder unless this index was made by the embedder with `fingerprint`."""
        if self.setting("fingerprint") != fingerprint:
            made_by = self.setting("embedder")
            raise WrongEmbedder(
                f"the index in {self.folder} was made by embedder {made_by!r}"
                f" ({self.setting('fingerprint')}), not {name!r}"
                f" ({fingerprint}): use --embedder {made_by}, or another folder with --index"
            )

    def setting(self, name: str) -> str:
        """Return a stored setting; "" when it is not there."""
        rows = self._rows("SELECT value FROM setting WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else ""

    @property
    def revision(self) -> int:
        """A number that every committed change raises."""
        return int(self.setting("revision"))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything done inside, or nothing. Raises StoreError when another process is
        writing or the disk is full, DamagedIndex when the file is corrupt."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise StoreError(
                f"the index in {self.folder} is being written by another process ({error}):"
                " try again later"
            ) from error
        try:
            yield
            self._connection.execute("UPDATE setting SET value = value + 1 WHERE name = 'revision'")
            self._connection.execute("COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:  # a full disk may have rolled it back already
                self._connection.execute("ROLLBACK")
            if type(error) is sqlite3.DatabaseError:
                raise _damaged(self.folder / FILE, error) from error
            if isinstance(error, sqlite3.OperationalError):
                raise StoreError(
                    f"writing the index in {self.folder} failed ({error}): it is as it was before"
                ) from error
            raise

    def digests(self) -> dict[str, str]:
        """Return the content digest of every source, by name."""
        return dict(self._rows("SELECT name, digest FROM source"))

    def put(
        self,
        source: Source,
        digest: str,
        articles: Sequence[Article],
        chunks: Sequence[Chunk],
        vectors: npt.NDArray[np.float32],
    ) -> None:
        """Add a source with its articles and chunks, `vectors` (len(chunks), d); replaces the
        source of that name."""
        self.remove(source.name)
        run = self._connection.execute
        run(
            "INSERT INTO source VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                source.name,
                source.text,
                digest,
                source.title,
                source.published,
                source.url,
                json.dumps(source.pages),
            ),
        )
        run_many = self._connection.executemany
        run_many(
            "INSERT INTO article VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (a.id, a.source, n, a.text, json.dumps(a.runs), a.title, a.byline, a.published)
                for n, a in enumerate(articles)
            ],
        )
        run_many("INSERT INTO sketch (article) VALUES (?)", [(a.id,) for a in articles])
        blobs = map(bytes, np.ascontiguousarray(vectors, np.float16))
        run_many(
            'INSERT INTO chunk (article, start, "end", vector) VALUES (?, ?, ?, ?)',
            [(c.article_id, *c.span, blob) for c, blob in zip(chunks, blobs, strict=True)],
        )

    def remove(self, name: str) -> bool:
        """Take a source out; tell whether it was there."""
        for (article,) in self._rows("SELECT id FROM article WHERE source = ?", (name,)):
            self._unlink(article)
        return self._connection.execute("DELETE FROM source WHERE name = ?", (name,)).rowcount > 0

    def sources(self) -> list[str]:
        """Return the names of all sources, in order."""
        return [name for (name,) in self._rows("SELECT name FROM source ORDER BY name")]

    def source(self, name: str) -> Source:
        """Return a source. Raises KeyError when it is not there."""
        rows = self._rows(
            "SELECT name, text, title, published, url, pages FROM source WHERE name = ?", (name,)
        )
        if not rows:
            raise KeyError(name)
        found, text, title, published, url, pages = rows[0]
        return Source(found, text, title, published, url, tuple(json.loads(pages)))

    def articles(self, source: str | None = None) -> list[Article]:
        """Return all articles, or those of one source, in the order of their pages."""
        where, values = ("WHERE source = ?", (source,)) if source is not None else ("", ())
        rows = self._rows(
            "SELECT id, source, text, runs, title, byline, published FROM article"
            f" {where} ORDER BY source, number",
            values,
        )
        return [_article(row) for row in rows]

    def article(self, identity: str) -> Article:
        """Return an article. Raises KeyError when it is not there."""
        rows = self._rows(
            "SELECT id, source, text, runs, title, byline, published FROM article WHERE id = ?",
            (identity,),
        )
        if not rows:
            raise KeyError(identity)
        return _article(rows[0])

    def articles_by_id(self, identities: Collection[str]) -> dict[str, Article]:
        """Return articles by their identities; those that are not there are left out."""
        marks = ",".join("?" * len(identities))
        rows = self._rows(
            "SELECT id, source, text, runs, title, byline, published FROM article"
            f" WHERE id IN ({marks})",
            sorted(identities),
        )
        return {row[0]: _article(row) for row in rows}

    def raw(self, names: Collection[str]) -> dict[str, str]:
        """Return the texts of sources by their names; those that are not there are left out."""
        marks = ",".join("?" * len(names))
        query = f"SELECT name, text FROM source WHERE name IN ({marks})"
        return dict(self._rows(query, sorted(names)))

    def chunks(self, numbers: Sequence[int]) -> dict[int, Chunk]:
        """Return chunks by their numbers."""
        marks = ",".join("?" * len(numbers))
        rows = self._rows(
            f'SELECT number, article, start, "end" FROM chunk WHERE number IN ({marks})',
            list(numbers),
        )
        return {number: Chunk(article, Span(start, end)) for number, article, start, end in rows}

    def heads(self) -> list[tuple[str, str, str | None, str | None]]:
        """Return identity, source, title and day of every article, in the order of their pages."""
        return self._rows(
            "SELECT id, source, title, published FROM article ORDER BY source, number"
        )

    def chunks_of(self, articles: Sequence[str]) -> list[int]:
        """Return the numbers of all chunks of some articles, rising."""
        found: list[int] = []
        for first in range(0, len(articles), _MOST_VALUES):
            part = articles[first : first + _MOST_VALUES]
            marks = ",".join("?" * len(part))
            query = f"SELECT number FROM chunk WHERE article IN ({marks})"
            found += [number for (number,) in self._rows(query, part)]
        return sorted(found)

    def texts(self, numbers: Sequence[int]) -> dict[int, ChunkText]:
        """Return the words of chunks by their numbers."""
        marks = ",".join("?" * len(numbers))
        rows = self._rows(
            'SELECT c.number, substr(a.text, c.start + 1, c."end" - c.start), c.number = (SELECT'
            " min(number) FROM chunk WHERE article = c.article), a.source FROM chunk c"
            f" JOIN article a ON a.id = c.article WHERE c.number IN ({marks})",
            list(numbers),
        )
        return {n: ChunkText(text, bool(opens), source) for n, text, opens, source in rows}

    def counts(self) -> dict[str, int]:
        """Return how many sources, articles and chunks there are."""
        tables = ("source", "article", "chunk")
        return {t: int(self._rows(f"SELECT count(*) FROM {t}")[0][0]) for t in tables}

    def vectors(self, numbers: Sequence[int]) -> npt.NDArray[np.float16]:
        """Return the vectors (n, d) of chunks, in the order of their numbers, which must rise."""
        dimension = int(self.setting("dimension"))
        if not numbers:
            return np.zeros((0, dimension), np.float16)
        wanted = set(numbers)
        rows = self._connection.execute(
            "SELECT number, vector FROM chunk WHERE number BETWEEN ? AND ? ORDER BY number",
            (numbers[0], numbers[-1]),
        )
        try:
            data = b"".join(blob for number, blob in rows if number in wanted)
        except sqlite3.DatabaseError as error:
            raise _damaged(self.folder / FILE, error) from error
        return np.frombuffer(data, np.float16).reshape(-1, dimension)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let everything read inside be of one committed state. Not inside a transaction."""
        self._rows("BEGIN")
        try:
            yield
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def chunk_numbers(self) -> list[int]:
        """Return the numbers of all chunks, rising. A number is never used twice."""
        return [number for (number,) in self._rows("SELECT number FROM chunk ORDER BY number")]

    def count_chunks(self, *, up_to: int) -> int:
        """Return how many chunks have a number of at most `up_to`."""
        return int(self._rows("SELECT count(*) FROM chunk WHERE number <= ?", (up_to,))[0][0])

    def last_chunk(self) -> int:
        """Return the highest chunk number; 0 without chunks."""
        return int(self._rows("SELECT ifnull(max(number), 0) FROM chunk")[0][0])

    def passages(self, *, after: int = 0) -> Iterator[tuple[int, str, str | None]]:
        """Yield (number, text, title of its article) of the chunks whose number is above `after`,
        rising."""
        chunks = self._rows(
            'SELECT number, article, start, "end" FROM chunk WHERE number > ? ORDER BY number',
            (after,),
        )
        for identity, group in itertools.groupby(chunks, key=lambda row: row[1]):
            query = "SELECT text, title FROM article WHERE id = ?"
            ((text, title),) = self._rows(query, (identity,))
            for number, _, start, end in group:
                yield number, text[start:end], title

    def put_aliases(self, article: str, pairs: Sequence[tuple[str, str]]) -> None:
        """Keep the other names that an article gives: (name, alias)."""
        self._connection.executemany(
            "INSERT INTO alias VALUES (?, ?, ?)", [(article, *pair) for pair in pairs]
        )

    def aliases(self) -> list[tuple[str, str]]:
        """Return all (name, alias) pairs that articles give, each once."""
        return self._rows("SELECT DISTINCT name, alias FROM alias ORDER BY name, alias")

    def unlinked(self, limit: int) -> list[tuple[int, str, str]]:
        """Return up to `limit` articles not yet compared with the others: sketch number, id, text;
        oldest first."""
        return self._rows(
            "SELECT sketch.number, id, text FROM sketch JOIN article ON article.id = sketch.article"
            " WHERE NOT linked ORDER BY sketch.number LIMIT ?",
            (limit,),
        )

    def sketched(self, numbers: Sequence[int]) -> list[tuple[int, str, str, bytes, bytes]]:
        """Return sketch number, article, text, hashes and letters of linked articles."""
        found: list[tuple[int, str, str, bytes, bytes]] = []
        for part in _parts(numbers):
            marks = ",".join("?" * len(part))
            found += self._rows(
                "SELECT sketch.number, id, text, hashes, letters FROM sketch"
                " JOIN article ON article.id = sketch.article"
                f" WHERE hashes NOT NULL AND sketch.number IN ({marks})",
                part,
            )
        return found

    def sketch_sizes(self, numbers: Sequence[int]) -> dict[int, int]:
        """Return how many fingerprints articles have, by sketch number."""
        found: dict[int, int] = {}
        for part in _parts(numbers):
            marks = ",".join("?" * len(part))
            query = f"SELECT number, length(hashes) / 8 FROM sketch WHERE number IN ({marks})"
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
            ((hashes, letters, number) for number, hashes, letters in sketches),
        )
        many("INSERT OR IGNORE INTO posting VALUES (?, ?)", postings)
        many("INSERT INTO copied VALUES (?, ?, ?, ?, ?, ?, ?)", copies)

    def copied(self, articles: Sequence[str]) -> list[tuple[str, str, bytes]]:
        """Return article, earlier article and passages of what the articles have in common with
        earlier ones."""
        found: list[tuple[str, str, bytes]] = []
        for part in _parts(articles):
            marks = ",".join("?" * len(part))
            found += self._rows(
                f"SELECT article, earlier, passages FROM copied WHERE article IN ({marks})", part
            )
        return found

    def copies(self, article: str) -> list[tuple[str, str, float, float, float, bytes, bytes]]:
        """Return all rows of `copied` that name the article."""
        return self._rows(
            "SELECT * FROM copied WHERE article = ?1 UNION ALL"
            " SELECT * FROM copied WHERE earlier = ?1",
            (article,),
        )

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

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _parts(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    """Cut what is asked for into parts that SQLite takes at once."""
    for start in range(0, len(values), 500):
        yield values[start : start + 500]


def _connect(file: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            file, timeout=5.0, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.DatabaseError as error:
        raise _damaged(file, error) from error
    return connection


def _damaged(file: Path, error: sqlite3.DatabaseError) -> DamagedIndex:
    return DamagedIndex(f"{file} is not a readable index ({error}): {_START_ANEW}")


def _article(row: tuple[str, str, str, str, str | None, str | None, str | None]) -> Article:
    identity, source, text, runs, title, byline, published = row
    return Article(
        identity,
        source,
        text,
        tuple(Run(*run) for run in json.loads(runs)),
        title,
        byline,
        published,
    )
