"""The file under rag.store: its tables, its transactions, and how damage is noticed.

How texts are packed rag.packing says. The dictionary that most are packed with is kept twice, in
pages of their own. Each row of texts has a CRC-32, because SQLite does not notice a bit that flips
inside a value. Triggers count the rows, so that a row that is gone without SQLite's knowledge is
missed.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from rag.errors import DamagedIndex, StoreError
from rag.packing import Dictionary, copied, unpack
from rag.types import Run

# 2: pages of a source, near-duplicates; search terms moved to rag.lexical
# 3: texts packed, rows with checksums, the same text under two names kept once
# 4: a byte a number of a vector, texts packed as GB18030, fingerprints packed
# 5: texts packed with a dictionary learnt from the first of them, shorter runs and fingerprints
# 6: titles are found by what they fold to
FORMAT = 6
FILE = "index.sqlite3"
COUNTED = ("source", "article", "chunk")
_START_ANEW = "move it away and run `youju index` again, or name another folder with --index"
MOST_VALUES = 500  # in one query
_SECONDS_FOR_A_WRITER = 5.0  # how long to wait for another one's transaction to end
_PAGE_BYTES = 8192  # of 4096 a seventh stays empty: three texts of a kilobyte fit, and not a fourth
COPIES = 2  # of the dictionary: without it no text packed with it can be read
# the text of article `a`, its own or that of the article it is the same as: where it is most of its
# source, the source's text copied run by run (NULL), or what differs from that
TEXT = "f.text, CASE WHEN f.text IS NULL OR substr(f.text, 1, 1) = x'64' THEN s.text END, f.runs"
TEXT_FROM = "JOIN article f ON f.id = ifnull(a.same_as, a.id) JOIN source s ON s.name = f.source"
_Value = TypeVar("_Value", int, str)

_SCHEMA = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE dictionary (copy INTEGER PRIMARY KEY, data BLOB NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE source (
    name TEXT PRIMARY KEY, text BLOB, digest TEXT NOT NULL, title TEXT, published TEXT, url TEXT,
    pages TEXT NOT NULL, same_as TEXT, sum INTEGER NOT NULL);
CREATE INDEX source_digest ON source(digest);
CREATE INDEX source_same_as ON source(same_as) WHERE same_as NOT NULL;
CREATE TABLE article (
    id TEXT PRIMARY KEY, source TEXT NOT NULL REFERENCES source(name) ON DELETE CASCADE,
    number INTEGER NOT NULL, text BLOB, runs TEXT NOT NULL, title TEXT, folded INTEGER, byline TEXT,
    published TEXT, same_as TEXT, sum INTEGER NOT NULL);
CREATE INDEX article_source ON article(source);
CREATE INDEX article_folded ON article(folded) WHERE folded NOT NULL;
CREATE INDEX article_same_as ON article(same_as) WHERE same_as NOT NULL;
CREATE TABLE chunk (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    article TEXT NOT NULL REFERENCES article(id) ON DELETE CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, sum INTEGER NOT NULL, vector BLOB NOT NULL);
CREATE INDEX chunk_article ON chunk(article);
CREATE TABLE alias (article TEXT NOT NULL REFERENCES article(id) ON DELETE CASCADE,
name TEXT NOT NULL, alias TEXT NOT NULL);
CREATE INDEX alias_article ON alias(article);
"""
LINKS = """
CREATE TABLE sketch (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    article TEXT NOT NULL UNIQUE REFERENCES article(id) ON DELETE CASCADE,
    size INTEGER, linked INTEGER NOT NULL DEFAULT 0);
CREATE INDEX sketch_unlinked ON sketch(number) WHERE NOT linked;
CREATE TABLE posting (bucket INTEGER PRIMARY KEY, rows BLOB NOT NULL);
CREATE TABLE copied (
    article TEXT NOT NULL REFERENCES article(id) ON DELETE CASCADE,
    earlier TEXT NOT NULL REFERENCES article(id) ON DELETE CASCADE,
    share REAL NOT NULL, earlier_share REAL NOT NULL, score REAL NOT NULL, passages BLOB NOT NULL,
    differences BLOB NOT NULL, PRIMARY KEY (article, earlier)) WITHOUT ROWID;
CREATE INDEX copied_earlier ON copied(earlier);
"""


def schema() -> list[str]:
    """Return the statements that make an empty file's tables."""
    statements = [*_SCHEMA.split(";\n")[:-1], *LINKS.split(";\n")[:-1]]
    for table in COUNTED:
        for event, step in (("INSERT", "+ 1"), ("DELETE", "- 1")):
            statements.append(
                f"CREATE TRIGGER {table}_{event.lower()} AFTER {event} ON {table} BEGIN"
                f" UPDATE setting SET value = value {step} WHERE name = 'count {table}'; END"
            )
    return statements


def copy_of(raw: str, runs: Sequence[Run]) -> str:
    """Return the text that runs copy from a source."""
    return "".join([raw[start : start + length] for _, start, length in runs])


def checksum(*values: object) -> int:
    """Return the CRC-32 of a row's values: strings, numbers, bytes, None."""
    crc = 0
    for value in values:
        crc = zlib.crc32(value if isinstance(value, bytes) else repr(value).encode(), crc)
    return crc


def title_key(folded: str) -> int:
    """Return the number that titles are found by, of a folded one."""
    return zlib.crc32(folded.encode("utf-8", "surrogatepass"))


def marks(values: Sequence[object]) -> str:
    """Return as many question marks, with commas between."""
    return ",".join("?" * len(values))


def parts(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    """Cut what is asked for into parts that SQLite takes at once."""
    for start in range(0, len(values), MOST_VALUES):
        yield values[start : start + MOST_VALUES]


class File:
    """One open SQLite file. Not shared between threads: open one each, SQLite lets readers go on
    while one writer works."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        """Stand for `folder`, whose file `connection` has open."""
        self.folder = folder
        self._connection = connection
        self._known: Dictionary | None = None

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """Return all rows of a query. Raises DamagedIndex when SQLite cannot read the file."""
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise damaged(self.folder / FILE, error) from error

    def _spoilt(self, what: str) -> DamagedIndex:
        """Return the error for something that SQLite reads and that cannot be right."""
        return damaged(self.folder / FILE, what)

    def setting(self, name: str) -> str:
        """Return a stored setting; "" when it is not there."""
        rows = self._rows("SELECT value FROM setting WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else ""

    def settings(self) -> dict[str, str]:
        """Return all stored settings."""
        return {name: str(value) for name, value in self._rows("SELECT name, value FROM setting")}

    def _set(self, name: str, value: object) -> None:
        self._connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    def _number(self, name: str) -> int:
        try:
            return int(self.setting(name))
        except ValueError as error:
            raise self._spoilt(f"its {name} is {self.setting(name)!r}") from error

    @property
    def revision(self) -> int:
        """A number that every committed change raises."""
        return self._number("revision")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything done inside, or nothing. Raises StoreError when another process is
        writing or the disk is full, DamagedIndex when the file is corrupt."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise StoreError(
                f"the index in {self.folder} is being written by another process ({error}):"
                " try again later; it answers meanwhile"
            ) from error
        except sqlite3.DatabaseError as error:
            raise damaged(self.folder / FILE, error) from error
        try:
            yield
            self._before_commit()
            self._connection.execute("UPDATE setting SET value = value + 1 WHERE name = 'revision'")
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._forget()
            if self._connection.in_transaction:  # a full disk may have rolled it back already
                self._connection.execute("ROLLBACK")
            if type(error) is sqlite3.DatabaseError:
                raise damaged(self.folder / FILE, error) from error
            if isinstance(error, sqlite3.OperationalError):
                raise StoreError(
                    f"writing the index in {self.folder} failed ({error}): it is as it was before"
                ) from error
            raise

    def _before_commit(self) -> None:
        """Write what is better written once a transaction."""

    def _forget(self) -> None:
        """Let go of what was to be written, since the transaction is undone."""
        self._known = None

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let everything read inside be of one committed state. Not inside a transaction."""
        self._rows("BEGIN")
        try:
            yield
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _dictionary(self) -> Dictionary | None:
        """Return what texts are packed with, from whichever copy can be read; None where nothing
        was learnt yet."""
        for copy in range(COPIES) if self._known is None else ():
            if (data := self._copy_of_dictionary(copy)) is not None:
                self._known = Dictionary(data)
                break
        return self._known

    def _copy_of_dictionary(self, copy: int) -> bytes | None:
        query = "SELECT data, sum FROM dictionary WHERE copy = ?"
        try:
            row = self._connection.execute(query, (copy,)).fetchone()
        except sqlite3.OperationalError as error:
            raise damaged(self.folder / FILE, error) from error
        except sqlite3.DatabaseError:
            return None  # the other copy is on other pages
        return row[0] if row and checksum(row[0]) == row[1] else None

    def _keep_dictionary(self, known: Dictionary) -> None:
        rows = [(copy, known.data, checksum(known.data)) for copy in range(COPIES)]
        self._connection.executemany("INSERT OR REPLACE INTO dictionary VALUES (?, ?, ?)", rows)
        self._known = known

    def _text(self, article: str, packed: bytes | None, source: bytes | None, runs: str) -> str:
        """Return the text of an article from the columns TEXT."""
        try:
            if source is None:
                return unpack(packed or b"", dictionary=self._dictionary)
            raw = unpack(source, dictionary=self._dictionary)
            whole = copied(raw, runs)
            return whole if packed is None else unpack(packed, whole)
        except (ValueError, TypeError) as error:
            raise self._spoilt(f"article {article} cannot be unpacked: {error}") from error

    def _missing(self, table: str, key: str, value: str) -> Exception:
        """Return what to raise where no row has this key: KeyError, or DamagedIndex when the rows
        are not what they were counted as, or the table and its index disagree."""
        by_table = self._rows(f"SELECT count(*) FROM {table} NOT INDEXED WHERE {key} = ?", (value,))
        index = f"sqlite_autoindex_{table}_1"
        by_index = self._rows(
            f"SELECT count(*) FROM {table} INDEXED BY {index} WHERE +{key} = ?", (value,)
        )
        rows = self._rows(f"SELECT count(*) FROM {table} NOT INDEXED")[0][0]
        counted = self._number(f"count {table}")
        if by_table[0][0] or by_index[0][0] or rows != counted:
            return self._spoilt(f"{table} {value!r} cannot be found, {rows} of {counted} can")
        return KeyError(value)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def connect(file: Path) -> sqlite3.Connection:
    """Open a file. Raises DamagedIndex when it is not SQLite's."""
    try:
        connection = sqlite3.connect(
            file, timeout=_SECONDS_FOR_A_WRITER, isolation_level=None, check_same_thread=False
        )
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")  # of a new file
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.DatabaseError as error:
        raise damaged(file, error) from error
    return connection


def damaged(file: Path, why: object) -> DamagedIndex:
    """Return the error for a file that cannot be read, and what to type."""
    return DamagedIndex(
        f"{file} is not a readable index ({why}): `youju check --index {file.parent}` says what can"
        f" still be read; {_START_ANEW}"
    )
