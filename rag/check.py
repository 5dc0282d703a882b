"""`youju check`: what of an index cannot be read, and mending it.

The texts are the truth. Passages, vectors and near-duplicates are made anew from them, the word
index and the vector lists from these. A source whose own text is spoilt is named and taken out, to
be indexed again from its file. Where pages of the store itself cannot be read, all sources that can
are put into a new store that takes its place; the old file is kept beside it.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from rag import vectors
from rag.duplicates import recognise
from rag.errors import DamagedIndex, StoreError
from rag.ingest import index_sources
from rag.lexical import FOLDER, LexicalIndex
from rag.settings import Settings
from rag.store import CHUNK_SETTINGS, Store
from rag.store_check import CheckedStore, Rows
from rag.store_file import FILE
from rag.types import Source

Progress = Callable[[str], None]
_SALVAGE, _DAMAGED = "salvage", "damaged"


@dataclass
class Findings:
    """What is wrong with an index; nothing where it is whole."""

    unreadable: list[str] = field(default_factory=list)  # said by SQLite of pages of the store
    indexes: list[str] = field(default_factory=list)  # … of its own indexes
    rows: Rows = field(default_factory=Rows)
    links: bool = False
    words: list[str] = field(default_factory=list)  # damaged files of the word index
    lists: list[str] = field(default_factory=list)  # … of the vector lists

    def lines(self) -> list[str]:
        """Return one line for each thing that is wrong, and whether the texts are touched by it."""
        rows = self.rows
        return [
            *(f"the store has pages that cannot be read: {what}" for what in self.unreadable),
            *(f"source {name!r} is lost: {why}" for name, why in rows.lost.items()),
            *(f"source {name!r} is to be made anew: {why}" for name, why in rows.spoilt.items()),
            *(f"the store does not add up: {what}" for what in rows.miscounted),
            *(f"an index of the store is wrong: {what}" for what in self.indexes),
            *(["near-duplicates are to be recognised anew"] if self.links else []),
            *(f"the word index is damaged: {what}" for what in self.words),
            *(f"the vector lists are damaged: {what}" for what in self.lists),
        ]


def examine(index: Path) -> Findings:
    """Look through an index. Raises MissingIndex, or DamagedIndex when it is not one at all."""
    found = Findings()
    store = CheckedStore.open(index)
    try:
        said, by_index = store.structure()
        if by_index:
            found.indexes = said
            found.rows, found.links = store.rows(), not store.links_are_whole()
        else:
            found.unreadable = said
        found.words = LexicalIndex(index).damaged_files(store)
        found.lists = vectors.damaged_files(index)
    finally:
        store.close()
    return found


def repair(index: Path, found: Findings, progress: Progress = lambda _: None) -> list[str]:
    """Mend what was found; return the names of sources that are lost and have to be indexed again.

    Raises StoreError when another process writes, DamagedIndex when nothing can be read, and
    ModelError when the embedder cannot be loaded.
    """
    lost = list(found.rows.lost)
    if found.unreadable:
        lost = _salvage(index, progress)
    elif found.indexes or found.rows != Rows() or found.links:
        _mend(index, found, progress)
    if found.words or found.unreadable:
        shutil.rmtree(index / FOLDER, ignore_errors=True)
    if found.lists or found.unreadable:
        vectors.forget(index)
    store = Store.open(index)
    try:
        LexicalIndex(index, progress).refresh(store, wait=60.0)
    finally:
        store.close()
    return lost


def _mend(index: Path, found: Findings, progress: Progress) -> None:
    store = CheckedStore.open(index)
    try:
        store.mend(found.rows)
        if found.links and found.rows == Rows():
            with store.transaction():
                store.unlink_all()
        name, settings = store.setting("embedder"), _settings(store)
        anew = [store.source(source) for source in found.rows.spoilt]
    finally:
        store.close()
    if anew:
        index_sources(index, anew, settings=settings, embedder=name, progress=progress)
    with contextlib.closing(Store.open(index)) as mended:
        recognise(mended, progress)


def _salvage(index: Path, progress: Progress) -> list[str]:
    """Put what can be read into a new store, and that in the place of the old one."""
    store = CheckedStore.open(index)
    fresh, lost = index / _SALVAGE, []

    def readable() -> Iterator[Source]:
        for source in store.readable_sources():
            if isinstance(source, Source):
                yield source
            else:
                lost.append(source)

    try:
        name, settings = store.setting("embedder"), _settings(store)
        expected = int(store.setting("count source") or 0)
        shutil.rmtree(fresh, ignore_errors=True)
        report = index_sources(
            fresh, readable(), settings=settings, embedder=name, progress=progress
        )
    finally:
        store.close()
    if not report.added:
        raise DamagedIndex(
            f"nothing in {index / FILE} can be read: move it away and index your articles again"
        )
    if (nameless := expected - report.added - len(lost)) > 0:
        lost += [f"(a source whose name cannot be read, {n})" for n in range(1, nameless + 1)]
    _take_its_place(index, fresh)
    return lost


def _take_its_place(index: Path, fresh: Path) -> None:
    names = (index / f"{_DAMAGED}-{n}" for n in itertools.count(1))
    kept = next(folder for folder in names if not folder.exists())
    try:
        kept.mkdir()
        for file in index.glob(f"{FILE}*"):
            file.replace(kept / file.name)
        (fresh / FILE).replace(index / FILE)
        shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        raise StoreError(
            f"cannot put the saved index in the place of {index / FILE} ({error}): the damaged one"
            f" is in {kept}, the saved one in {fresh}"
        ) from error


def _settings(store: Store) -> Settings:
    known = {name: int(value) for name in CHUNK_SETTINGS if (value := store.setting(name))}
    return replace(Settings(), **known)  # type: ignore[arg-type]
