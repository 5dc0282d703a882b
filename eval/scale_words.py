"""Engines for words, compared: tantivy as rag.lexical has it, SQLite's FTS5, bm25s."""

from __future__ import annotations

import importlib
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import tantivy

from eval.scale_corpus import Corpus, memory_mb, timed
from rag.lexical import empty_index
from rag.terms import joined_terms

_BLOCK = 1_000  # passages whose terms are cut at once
_WANTED = 50  # passages a question, as rag.search wants


class Tantivy:
    """As rag.lexical has it."""

    def __init__(self, folder: Path) -> None:
        self._index = empty_index(folder)

    def build(self, texts: Iterator[str]) -> None:
        writer = self._index.writer(100_000_000, 1)
        for number, words in enumerate(cut(texts)):
            document = tantivy.Document()
            document.add_integer("number", number)
            document.add_text("words", words)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()

    def search(self, terms: Sequence[str]) -> object:
        parts = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._index.schema, "words", t, "freq"))
            for t in terms
        ]
        return self._searcher.search(tantivy.Query.boolean_query(parts), _WANTED, count=False).hits


class FullText:
    """SQLite's FTS5 over terms cut before, without the texts."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "words.sqlite3", isolation_level=None)
        self._connection.execute(
            "CREATE VIRTUAL TABLE words USING fts5(t, content='', tokenize='ascii')"
        )

    def build(self, texts: Iterator[str]) -> None:
        run = self._connection
        run.execute("BEGIN")
        run.executemany("INSERT INTO words (rowid, t) VALUES (?, ?)", enumerate(cut(texts)))
        run.execute("COMMIT")
        run.execute("INSERT INTO words (words) VALUES ('optimize')")

    def search(self, terms: Sequence[str]) -> object:
        query = " OR ".join(f'"{term}"' for term in terms)
        return self._connection.execute(
            "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?", (query, _WANTED)
        ).fetchall()


class Bm25s:
    """bm25s (`pip install bm25s`): scores made beforehand, memory-mapped."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def build(self, texts: Iterator[str]) -> None:
        bm25s = importlib.import_module("bm25s")  # not one of our dependencies
        made = bm25s.BM25(k1=1.2, b=0.75)
        made.index([words.split() for words in cut(texts)], show_progress=False)
        made.save(self._folder)
        del made
        self._index = bm25s.BM25.load(self._folder, mmap=True)

    def search(self, terms: Sequence[str]) -> object:
        return self._index.retrieve([list(terms)], k=_WANTED, show_progress=False)


ENGINES: dict[str, Callable[[Path], Any]] = {
    "tantivy": Tantivy,
    "SQLite FTS5": FullText,
    "bm25s": Bm25s,
}


def cut(texts: Iterator[str]) -> Iterator[str]:
    """Yield each text's terms with blanks between."""
    block: list[str] = []
    for text in texts:
        block.append(text)
        if len(block) == _BLOCK:
            yield from joined_terms(block)
            block = []
    yield from joined_terms(block) if block else []


def one_engine(name: str, index: str, size: str) -> dict[str, Any]:
    """Build one engine over so many passages and ask it. In a process of its own."""
    corpus = Corpus(Path(index))
    asked = [sorted(set(joined_terms([q])[0].split())) for q in corpus.questions]
    with tempfile.TemporaryDirectory(prefix="youju-scale-") as scratch:
        engine = ENGINES[name](Path(scratch))
        before, begun = memory_mb(), time.process_time()
        engine.build(corpus.texts(int(size)))
        built = time.process_time() - begun
        told = timed(engine.search, asked)
        disk = sum(f.stat().st_size for f in Path(scratch).rglob("*") if f.is_file())
        top = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        row = {"engine": name, "size": int(size), "built_cpu_s": built, "disk_mb": disk / 1e6}
        return row | told | {"mb": memory_mb() - before, "peak_mb": top}
