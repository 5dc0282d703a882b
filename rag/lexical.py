"""The lexical index: BM25 (k1 1.2, b 0.75) over the terms of every chunk, in tantivy. Derived data.

  <index>/lexical/state.json    written last: which store and revision it stands for, its files
  <index>/lexical/<name>/       one tantivy index, {"number": chunk number, "words": terms}
  <index>/lexical/lock          held by whoever writes

The store is the truth. `refresh` brings the index to the store's revision: what is missing is
added, what is gone is deleted, and a folder that does not match its state file is built anew. Who
may not write builds in memory; who finds another process writing goes on with the state before.

Measured over 193,527 news chunks on 2 cores: a question takes 3 ms (SQLite's FTS5: 265 ms), the
folder 101 MB. tantivy keeps the length of a chunk in one byte, so scores are within a few per cent
of exact BM25; see tests/test_lexical.py for what that changes (nothing in the ranking of the first
ten that recall could tell).
"""

from __future__ import annotations

import enum
import itertools
import json
import secrets
import shutil
import sqlite3
import threading
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tantivy

from rag.protocol import BM25_DECIMALS
from rag.store import Store
from rag.terms import joined_terms, terms

# raise it whenever rag.terms cuts otherwise or the schema changes: older folders are built anew
FORMAT = 1
FOLDER = "lexical"
_STATE = "state.json"
_WRITING = "writing"  # stands beside it while files that it lists are written in place
_HEAP_BYTES = 100_000_000  # tantivy writes a segment when it is full: about 100,000 chunks
# Deleted chunks count in tantivy's statistics until their segment is merged. Up to this share is
# put up with; beyond it, and in a small index (built in 0.3 s) always, the index is built anew.
_MOST_DELETED = 0.05
_SMALL = 2_000  # chunks
# seconds to wait for another process that builds the first index; then build in memory
_WAIT = 10.0
_BLOCK = 1000  # passages whose terms are cut at once
_TANTIVY = version("tantivy")

Progress = Callable[[str], None]


def _silent(_: str) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class _State:
    """What a tantivy index stands for; `files` maps names to (bytes, CRC-32)."""

    store: str  # the store's identity
    revision: int
    count: int  # chunks
    last: int  # highest chunk number ever taken in
    deleted: int  # chunks deleted since it was built
    name: str = ""  # of its folder; "" in memory
    files: Mapping[str, tuple[int, int]] | None = None
    format: int = FORMAT
    tantivy: str = _TANTIVY


class _Snapshot:
    """One committed state, open for searching; never changes."""

    def __init__(self, index: tantivy.Index, state: _State) -> None:
        index.reload()
        self.index, self.state = index, state
        self.schema, self.searcher = index.schema, index.searcher()

    def term(self, term: str) -> tantivy.Query:
        return tantivy.Query.term_query(self.schema, "words", term, "freq")

    def holders(self, term: str) -> int:
        found: Any = self.searcher.search(self.term(term), 1, count=True)
        return int(found.count or 0)

    def numbers(self, query: tantivy.Query, limit: int) -> list[tuple[int, float]]:
        """Return (chunk number, score) of the best `limit` documents, best first."""
        hits = self.searcher.search(query, limit, count=False).hits
        numbers = self.searcher.fast_field_values("number", [address for _, address in hits])
        return [
            (int(number), float(score))
            for number, (score, _) in zip(numbers, hits, strict=True)
            if number is not None
        ]


class _Lock(enum.Enum):
    HELD = "ours"
    BUSY = "another's"
    DENIED = "the folder cannot be written"


class LexicalIndex:
    """BM25 over the chunks of a store. Safe to share between threads; call `refresh` with this
    thread's store before searching."""

    def __init__(self, index: Path, progress: Progress = _silent) -> None:
        """Stand for the store in folder `index`; nothing is read before `refresh`."""
        self._folder = index / FOLDER
        self._progress = progress
        self._mutex = threading.Lock()
        self._snapshot: _Snapshot | None = None
        self._verified: dict[tuple[str, str], tuple[int, int]] = {}

    @property
    def revision(self) -> int:
        """The store revision that searches see; -1 before the first `refresh`."""
        return self._snapshot.state.revision if self._snapshot else -1

    @property
    def count(self) -> int:
        """Chunks in the index."""
        return self._snapshot.state.count if self._snapshot else 0

    def search(
        self,
        weights: Mapping[str, float],
        limit: int,
        among: Collection[int] | None = None,
    ) -> list[tuple[int, float]]:
        """Return up to `limit` (chunk number, score) pairs, best first, ties by chunk number; only
        of the chunks in `among`, if given.

        The score is the sum over terms of weight * BM25, above 0; terms of weight 0 or less are
        left out.
        """
        snapshot = self._snapshot
        parts = [(term, weight) for term, weight in weights.items() if weight > 0]
        if snapshot is None or not parts or limit < 1 or not snapshot.state.count:
            return []
        query = tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Should, tantivy.Query.boost_query(snapshot.term(term), weight))
                for term, weight in parts
            ]
        )
        if among is not None:
            chosen = tantivy.Query.term_set_query(snapshot.schema, "number", list(among))
            query = tantivy.Query.boolean_query(
                [
                    (tantivy.Occur.Must, query),
                    (tantivy.Occur.Must, tantivy.Query.const_score_query(chosen, 0.0)),
                ]
            )
        wanted = limit
        while True:  # until no chunk left behind may tie with the last one wanted
            wanted = min(wanted + 10, snapshot.state.count)
            found = [
                (n, round(score, BM25_DECIMALS)) for n, score in snapshot.numbers(query, wanted)
            ]
            if len(found) < wanted or wanted >= snapshot.state.count:
                break
            if found[-1][1] < found[limit - 1][1]:
                break
            wanted *= 4
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def frequencies(self, wanted: Iterable[str]) -> dict[str, int]:
        """Return how many chunks hold each term."""
        snapshot = self._snapshot
        if snapshot is None:
            return dict.fromkeys(wanted, 0)
        if not snapshot.state.deleted:
            return {t: snapshot.searcher.doc_freq("words", t) for t in dict.fromkeys(wanted)}
        # doc_freq would count what is deleted
        return {t: snapshot.holders(t) for t in dict.fromkeys(wanted)}

    def refresh(self, store: Store, *, wait: float = 0.0) -> None:
        """Bring the index to the store's revision, if it is not there.

        While another process writes the index, waits up to `wait` seconds and then keeps the state
        there is; that process brings it up to date. Raises DamagedIndex when the store cannot be
        read.
        """
        if self._is_current(store, self._snapshot):
            return
        # another thread may be at it: do not wait long where there is a state to search
        if not self._mutex.acquire(timeout=1.0 if self._snapshot and not wait else -1):
            return
        try:
            if not self._reload(store):
                self._catch_up(store, wait)
        finally:
            self._mutex.release()

    def _reload(self, store: Store) -> bool:
        """Take over what is on the disk if it is newer; tell whether it is the store's state."""
        if not self._is_current(store, self._snapshot):
            self._adopt(store, self._load())
        return self._is_current(store, self._snapshot)

    def _catch_up(self, store: Store, wait: float) -> None:
        with _locked(self._folder, wait if self._snapshot else max(wait, _WAIT)) as lock:
            if self._reload(store):  # whoever held the lock before us has done it
                return
            with store.reading():
                if lock is _Lock.HELD:
                    self._catch_up_on_disk(store)
                if self._snapshot is None or lock is _Lock.DENIED:
                    self._catch_up_in_memory(store)

    @staticmethod
    def _is_current(store: Store, snapshot: _Snapshot | None) -> bool:
        return (
            snapshot is not None
            and snapshot.state.revision == store.revision
            and snapshot.state.store == store.setting("identity")
        )

    def _adopt(self, store: Store, snapshot: _Snapshot | None) -> None:
        """Take a loaded snapshot of this store unless the one we have is as new."""
        if self._snapshot and self._snapshot.state.store != store.setting("identity"):
            self._snapshot = None
        newer = snapshot is not None and snapshot.state.revision > self.revision
        if snapshot is not None and newer and self._is_past(store, snapshot):
            self._snapshot = snapshot

    @staticmethod
    def _is_past(store: Store, snapshot: _Snapshot) -> bool:
        """Tell whether a snapshot is of this store, and not of its future: a store put back to an
        older copy may have gone another way since."""
        same = snapshot.state.store == store.setting("identity")
        return same and snapshot.state.revision <= store.revision

    def _load(self) -> _Snapshot | None:
        """Open what the state file names; None when there is nothing, or not what it says."""
        state = self._read_state()
        if state is None:
            return None
        try:
            if not self._holds(state):
                return None
            snapshot = _Snapshot(_opened(self._folder / state.name), state)
        except (OSError, ValueError):  # tantivy's errors are ValueErrors
            return None
        if snapshot.searcher.num_docs != state.count:
            return None
        # a writer may have gone on between our looking at the files and our opening them
        return snapshot if self._read_state() == state else None

    def _read_state(self) -> _State | None:
        try:
            fields: dict[str, Any] = json.loads((self._folder / _STATE).read_text("utf-8"))
            fields["files"] = {name: (size, crc) for name, (size, crc) in fields["files"].items()}
            state = _State(**fields)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        ours = state.format == FORMAT and state.tantivy == _TANTIVY
        return state if ours else None

    def _holds(self, state: _State) -> bool:
        """Tell whether the files are those the state file lists. Reads each once a process; those
        tantivy rewrites in place, every time."""
        for name, expected in (state.files or {}).items():
            path = self._folder / state.name / name
            if path.stat().st_size != expected[0]:
                return False
            if name.endswith(".json") or self._verified.get((state.name, name)) != expected:
                if _checksum(path) != expected:
                    return False
                self._verified[state.name, name] = expected
        return True

    def damaged_files(self, store: Store) -> list[str]:
        """Return what is wrong with the folder; nothing where there is none, or only an older
        state, or where a writer is at work or was killed: the next one makes it anew."""
        if not (self._folder / _STATE).exists() or (self._folder / _WRITING).exists():
            return []
        state = self._read_state()
        if state is None:
            return [f"{_STATE} cannot be read, or is of another version"]
        wrong = []
        for name, expected in (state.files or {}).items():
            path = self._folder / state.name / name
            if not path.exists() or _checksum(path) != expected:
                wrong.append(f"{state.name}/{name} is not what was written")
        if not wrong and state.store != store.setting("identity"):
            wrong.append("it is of another store")
        return wrong

    def _catch_up_on_disk(self, store: Store) -> None:
        """Write what is missing, under the lock; in memory where the disk does not let us."""
        # the snapshot in hand will not do: a killed writer may have left its folder further on
        snapshot = self._load()
        if snapshot and not self._is_past(store, snapshot):
            snapshot = None
        there_was = (self._folder / _STATE).exists()
        try:
            plan = _Plan.of(store, snapshot)
            if plan.base is None:
                if there_was and plan.added:
                    self._progress(f"building the word index of {plan.added:,} passages anew")
                name = secrets.token_hex(8)
                (self._folder / name).mkdir()
                index = tantivy.Index(_schema(), str(self._folder / name))
            else:
                name = plan.base.state.name
                index = _opened(self._folder / name)
                (self._folder / _WRITING).touch()
            plan.write(_with_tokenizer(index))
            known = plan.base.state.files if plan.base else None
            self._write_state(plan.state(name, _listed(self._folder / name, known or {})))
            (self._folder / _WRITING).unlink(missing_ok=True)
            self._snapshot = self._load()
        except (OSError, ValueError) as error:
            self._progress(f"the word index cannot be written ({error}): kept in memory")
            self._snapshot = None
            return
        self._clear_up(name)

    def _catch_up_in_memory(self, store: Store) -> None:
        in_memory = self._snapshot if self._snapshot and not self._snapshot.state.name else None
        plan = _Plan.of(store, in_memory)
        index = plan.base.index if plan.base else _with_tokenizer(tantivy.Index(_schema()))
        plan.write(index)
        self._snapshot = _Snapshot(index, plan.state("", {}))

    def _write_state(self, state: _State) -> None:
        draft = self._folder / f"{_STATE}.new"
        draft.write_text(json.dumps(asdict(state)), "utf-8")
        draft.replace(self._folder / _STATE)

    def _clear_up(self, name: str) -> None:
        """Remove the folders of indexes before this one and of builders that were killed."""
        for path in self._folder.iterdir():
            if path.is_dir() and path.name != name:
                shutil.rmtree(path, ignore_errors=True)


@dataclass(frozen=True)
class _Plan:
    """What to do to bring an index to the store's revision; `base` None: build anew."""

    store: Store
    base: _Snapshot | None
    gone: tuple[int, ...]  # chunk numbers to delete
    after: int  # chunks of higher numbers are to be added
    added: int
    total: int

    @classmethod
    def of(cls, store: Store, base: _Snapshot | None) -> _Plan:
        """Compare an index with the store. A chunk number is never used twice, so what lies behind
        one never changes, and new ones are the highest."""
        total = store.counts()["chunk"]
        anew = cls(store, None, (), 0, total, total)
        if base is None:
            return anew
        state = base.state
        kept = total - store.count_chunks(after=state.last)
        missing = state.count - kept
        deleted = state.deleted + missing
        if deleted and (total < _SMALL or deleted > _MOST_DELETED * total):
            return anew
        gone: tuple[int, ...] = ()
        if missing:
            held = {n for n, _ in base.numbers(tantivy.Query.all_query(), state.count)}
            gone = tuple(sorted(held.difference(store.chunk_numbers())))
            if len(gone) != missing:  # not an index of this store
                return anew
        return cls(store, base, gone, state.last, total - kept, total)

    def write(self, index: tantivy.Index) -> None:
        """Commit the change. Raises ValueError when tantivy cannot."""
        writer = index.writer(_HEAP_BYTES, 1)
        for number in self.gone:
            writer.delete_documents_by_term("number", number)
        passages = self.store.passages(after=self.after)
        while some := list(itertools.islice(passages, _BLOCK)):
            # the title names what the story is about, so each of its chunks is found by it
            shared = cache(lambda title: " ".join(terms(title)))
            words = joined_terms([text for _, text, _ in some])
            for (number, _, title), own in zip(some, words, strict=True):
                document = tantivy.Document()
                document.add_integer("number", number)
                document.add_text("words", f"{own} {shared(title)}" if title else own)
                writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()

    def state(self, name: str, files: Mapping[str, tuple[int, int]]) -> _State:
        """Return what the index stands for once written."""
        last = max(self.store.last_chunk(), self.after)
        deleted = self.base.state.deleted + len(self.gone) if self.base else 0
        identity, revision = self.store.setting("identity"), self.store.revision
        return _State(identity, revision, self.total, last, deleted, name, files)


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    # signed: deleting by a term of an unsigned field finds nothing (tantivy 0.27 for Python)
    builder.add_integer_field("number", indexed=True, fast=True)
    builder.add_text_field("words", tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def _with_tokenizer(index: tantivy.Index) -> tantivy.Index:
    analyzer = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("whitespace", analyzer)
    # else a thread of tantivy's opens every commit, at any time
    index.config_reader("manual")
    return index


def empty_index(folder: Path) -> tantivy.Index:
    """Return a new index in a folder, as this module makes them."""
    return _with_tokenizer(tantivy.Index(_schema(), str(folder)))


def _opened(folder: Path) -> tantivy.Index:
    return _with_tokenizer(tantivy.Index.open(str(folder)))


def _checksum(path: Path) -> tuple[int, int]:
    """Return (bytes, CRC-32) of a file."""
    size = crc = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            size, crc = size + len(block), zlib.crc32(block, crc)
    return size, crc


def _listed(folder: Path, known: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Return (bytes, CRC-32) of the files in a folder; of those known that tantivy writes once, as
    they are known."""
    files = [path for path in sorted(folder.iterdir()) if path.suffix != ".lock"]
    return {
        file.name: known[file.name]
        if file.name in known and file.suffix != ".json"
        else _checksum(file)
        for file in files
    }


@contextmanager
def _locked(folder: Path, wait: float) -> Iterator[_Lock]:
    """Hold the lock of `folder`, which a killed process gives up; waits up to `wait` seconds.

    SQLite's, because it is the same on every system.
    """
    connection = None
    try:
        folder.mkdir(exist_ok=True)
        connection = sqlite3.connect(
            folder / "lock", timeout=wait, isolation_level=None, check_same_thread=False
        )
        connection.execute("BEGIN EXCLUSIVE")
        lock = _Lock.HELD
    except (OSError, sqlite3.Error) as error:
        busy = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
        lock = _Lock.BUSY if busy else _Lock.DENIED
    try:
        yield lock
    finally:
        if connection is not None:
            connection.close()
