"""The embedded store: sources, articles, chunks, vectors and settings in one SQLite file, one
transaction or none.

  source   name, raw text, digest, page starts
  article  id, source, text, runs, title, byline, published
  chunk    number, article, start, end, vector (as rag.codes packs it)
  alias    other names that an article gives

rag.store_file has the tables and transactions, rag.store_articles what is done with sources and
articles, rag.store_links near-duplicates.
What FAISS and rag.lexical hold is derived: built from these tables whenever a bot opens the index
or sees a new revision.
"""

from __future__ import annotations

import itertools
import secrets
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from rag.codes import size, unpack_vectors
from rag.errors import DamagedIndex, MissingIndex, StoreError, WrongEmbedder
from rag.filters import Filter, is_pattern
from rag.store_file import (
    COUNTED,
    FILE,
    FORMAT,
    MOST_VALUES,
    connect,
    marks,
    parts,
    schema,
    title_key,
)
from rag.store_fresh import Fresh
from rag.terms import fold
from rag.types import Chunk, Span

Head = tuple[str, str, str | None, str | None]
"""Identity, source, title and day of an article."""

_STORIES = 500  # articles whose texts are in memory at once


CHUNK_SETTINGS = ("max_chunk_chars", "overlap_chars")
"""Noted by whoever cuts articles into chunks."""


class ChunkText(NamedTuple):
    """The words of a chunk."""

    text: str
    opens: bool  # its article begins with it
    source: str
    article: str  # its identity


class Store(Fresh):
    """One open index. Not shared between threads: open one each, SQLite lets readers go on while
    one writer works."""

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open an existing index. Raises MissingIndex or DamagedIndex."""
        file = folder / FILE
        store = cls(folder, connect(file)) if file.exists() else None
        if store is None or store._is_empty():
            raise MissingIndex(
                f"no index in {folder}: make one with `youju index PATH --index {folder}`"
            )
        found = store.setting("format")
        if found != str(FORMAT):
            raise _other_format(file, found)
        return store

    @classmethod
    def create(cls, folder: Path, embedder: str, fingerprint: str, dimension: int) -> Self:
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
    def _made(cls, folder: Path, embedder: str, fingerprint: str, dimension: int) -> Self:
        settings = {"format": FORMAT, "embedder": embedder, "fingerprint": fingerprint}
        # the identity tells what was derived from this store from what was left by another
        settings |= {"dimension": dimension, "revision": 0, "identity": secrets.token_hex(8)}
        settings |= {f"count {table}": 0 for table in COUNTED}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            store = cls(folder, connect(folder / FILE))
            run = store._connection.execute
            run("BEGIN IMMEDIATE")
            for statement in schema():
                run(statement)
            for name, value in settings.items():
                run("INSERT INTO setting VALUES (?, ?)", (name, value))
            run("COMMIT")
        except (OSError, sqlite3.OperationalError) as error:
            raise StoreError(
                f"cannot make an index in {folder} ({error}): choose another folder with --index"
            ) from error
        return store

    def _is_empty(self) -> bool:
        """Tell whether the file holds nothing yet: a maker was killed before its commit."""
        return not self._rows("SELECT count(*) FROM sqlite_master")[0][0]

    def check_embedder(self, name: str, fingerprint: str) -> None:
        """Raise WrongEmbedder unless this index was made by the embedder with `fingerprint`."""
        if self.setting("fingerprint") != fingerprint:
            made_by = self.setting("embedder")
            raise WrongEmbedder(
                f"the index in {self.folder} was made by embedder {made_by!r}"
                f" ({self.setting('fingerprint')}), not {name!r}"
                f" ({fingerprint}): use --embedder {made_by}, or embed it anew with `youju index"
                " --rebuild`, or name"
                " another folder with --index"
            )

    def chunks(self, numbers: Sequence[int]) -> dict[int, Chunk]:
        """Return chunks by their numbers."""
        rows = self._rows(
            f'SELECT number, article, start, "end" FROM chunk WHERE number IN ({marks(numbers)})',
            list(numbers),
        )
        return {number: Chunk(article, Span(start, end)) for number, article, start, end in rows}

    def heads(self, within: Filter = Filter()) -> list[Head]:
        """Return identity, source, title and day of the articles that are meant, in the order of
        their pages."""
        meant, values = _meant(within)
        query = f"SELECT id, source, title, published FROM article{meant} ORDER BY source, number"
        rows = self._rows(query, values)
        return [row for row in rows if within.holds(*row[1:])] if within else rows

    def titles(self, folded: Collection[str]) -> set[str]:
        """Return the titles that fold to one of these."""
        keys = list(map(title_key, folded))
        query = f"SELECT DISTINCT title FROM article WHERE folded IN ({marks(keys)})"
        return {title for (title,) in self._rows(query, keys) if fold(title) in folded}

    def sources_named(self, text: str) -> set[str]:
        """Return the sources whose file's name, without its folders, stands in a text."""
        # what is right of the last slash, as SQLite says it
        file = "substr(name, 1 + length(rtrim(name, replace(name, '/', ''))))"
        query = f"SELECT name FROM source WHERE instr(?, {file})"
        return {name for (name,) in self._rows(query, (text,))}

    def chunks_of(self, articles: Sequence[str]) -> list[int]:
        """Return the numbers of all chunks of some articles, rising."""
        found: set[int] = set()
        for part in parts(articles):
            query = (
                "SELECT chunk.number FROM chunk"
                " JOIN article a ON chunk.article = ifnull(a.same_as, a.id)"
                f" WHERE a.id IN ({marks(part)})"
            )
            found |= {number for (number,) in self._rows(query, part)}
        return sorted(found)

    def texts(self, numbers: Sequence[int]) -> dict[int, ChunkText]:
        """Return the words of chunks by their numbers."""
        rows = self._rows(
            'SELECT c.number, c.article, c.start, c."end", c.number = (SELECT min(number) FROM'
            f" chunk WHERE article = c.article) FROM chunk c WHERE c.number IN ({marks(numbers)})",
            list(numbers),
        )
        wanted = {row[1] for row in rows}
        texts = self.article_texts(wanted)
        return {
            n: ChunkText(texts[a][0][start:end], bool(opens), texts[a][1], a)
            for n, a, start, end, opens in rows
            if a in texts
        }

    def embedded_texts(self, numbers: Sequence[int]) -> list[str]:
        """Return what is embedded for chunks, in the order given, whose numbers must be there."""
        chunks = self.chunks(numbers)
        texts = self.article_texts({chunk.article_id for chunk in chunks.values()})
        try:
            known = [(texts[chunks[n].article_id], chunks[n].span) for n in numbers]
        except KeyError as error:
            raise self._spoilt(f"chunk or article {error} is gone") from error
        return [with_title(title, text[slice(*span)]) for (text, _, title), span in known]

    def keep_settings(self, values: Mapping[str, object]) -> None:
        """Note with what the index was made. Call it inside a transaction."""
        for name, value in values.items():
            self._set(name, value)

    def describe(self) -> dict[str, str | int]:
        """Return what the index says of itself: format, embedder, chunk settings, counts, bytes."""
        settings = self.settings()
        named = ("format", "embedder", "fingerprint", "dimension", *CHUNK_SETTINGS, "revision")
        counts = {f"{table}s": count for table, count in self.counts().items()}
        disk = sum(f.stat().st_size for f in self.folder.rglob("*") if f.is_file())
        told: dict[str, str | int] = {n: settings[n] for n in named if n in settings}
        if "fresh embedder" in settings:
            told["being embedded anew by"] = settings["fresh embedder"]
        return told | counts | {"bytes": disk}

    def counts(self) -> dict[str, int]:
        """Return how many sources, articles and chunks there are."""
        return {t: int(self._rows(f"SELECT count(*) FROM {t}")[0][0]) for t in COUNTED}

    def vectors(self, numbers: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the vectors (n, d) of chunks, in the order of their numbers, which must rise."""
        if not numbers:
            return self._unpacked_vectors([])
        wanted = set(numbers)
        query = "SELECT number, vector FROM chunk WHERE number BETWEEN ? AND ? ORDER BY number"
        try:
            rows = self._connection.execute(query, (numbers[0], numbers[-1]))
            blobs = [blob for number, blob in rows if number in wanted]  # not all at once
        except sqlite3.DatabaseError as error:
            raise self._spoilt(str(error)) from error
        if len(blobs) != len(numbers):
            raise self._spoilt(f"of {len(numbers)} vectors {len(blobs)} are there")
        return self._unpacked_vectors(blobs)

    def vectors_there(self, numbers: Sequence[int]) -> tuple[list[int], npt.NDArray[np.float32]]:
        """Return the numbers of those of some chunks that are there, and their vectors (n, d)."""
        query = f"SELECT number, vector FROM chunk WHERE number IN ({marks(numbers)})"
        rows = self._rows(query, list(numbers))
        return [number for number, _ in rows], self._unpacked_vectors([blob for _, blob in rows])

    def _unpacked_vectors(self, blobs: Sequence[bytes]) -> npt.NDArray[np.float32]:
        dimension = self._number("dimension")
        try:
            data = b"".join(blobs)
        except TypeError as error:  # a vector that is none
            raise self._spoilt(str(error)) from error
        if len(data) != size(dimension) * len(blobs):
            raise self._spoilt(f"{len(blobs)} vectors hold {len(data):,} bytes")
        return unpack_vectors(data, dimension)

    def chunk_numbers(self, *, after: int = 0) -> list[int]:
        """Return the numbers of all chunks above `after`, rising. A number is never used twice."""
        query = "SELECT number FROM chunk WHERE number > ? ORDER BY number"
        return [number for (number,) in self._rows(query, (after,))]

    def count_chunks(self, *, after: int) -> int:
        """Return how many chunks have a number above `after`."""
        return int(self._rows("SELECT count(*) FROM chunk WHERE number > ?", (after,))[0][0])

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
        stories = ((a, list(group)) for a, group in itertools.groupby(chunks, lambda row: row[1]))
        while some := list(itertools.islice(stories, _STORIES)):
            texts = self.article_texts([article for article, _ in some])
            for article, group in some:
                if article not in texts:
                    raise self._spoilt(f"passage {group[0][0]} is of article {article}, not there")
                text, _, title = texts[article]
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


def _meant(within: Filter) -> tuple[str, list[str | int]]:
    """Return what of a filter SQLite can look up: a condition on articles, and its values."""
    said: list[str] = []
    values: list[str | int] = []
    for column, wanted in (
        ("source", [] if any(map(is_pattern, within.sources)) else list(within.sources)),
        ("folded", [title_key(fold(title)) for title in within.titles]),
    ):
        if 0 < len(wanted) <= MOST_VALUES:
            said.append(f"{column} IN ({marks(wanted)})")
            values += wanted
    for day, sign in ((within.since, ">="), (within.until, "<=")):
        if day:
            said.append(f"published {sign} ?")
            values.append(day)
    return f" WHERE {' AND '.join(said)}" if said else "", values


def with_title(title: str | None, text: str) -> str:
    """Return what is embedded for a passage: its article's title, unless it begins with it, then
    the passage."""
    return f"{title}\n{text}" if title and not text.startswith(title) else text


def _other_format(file: Path, found: str) -> DamagedIndex:
    if found.isdigit() and int(found) < FORMAT:
        what = f"was made by an earlier Youju (format {found}, this one reads {FORMAT})"
    elif found.isdigit():
        what = f"was made by a later Youju (format {found}, this one reads {FORMAT}): update, or"
    else:
        what = f"has format {found!r}, this version reads {FORMAT}"
    return DamagedIndex(
        f"{file} {what}: move it away and run `youju index` with your articles again, or name"
        " another folder with --index"
    )
