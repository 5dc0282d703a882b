"""The store against Milvus: a cluster (http://host:19530) or Milvus Lite (a folder named *.db).

  youju_row     pk, kind, doc, key, part, data      states, documents, heads of articles, counts
  youju_chunk   number, doc, article, title, text, start, end, opens, dense, sparse

Milvus has no transactions. Every version of a source is a document with a number of its own; a
commit writes the rows of new documents, then the one row that holds the state: the highest document
that counts, and those that no longer do. Readers filter by it, so that they see the state before or
after. What a killed writer left behind lies above the highest document and is deleted by the next.
All reads and writes are at consistency level Strong: what is committed is seen at once.

A writer holds a lease of a minute, renewed by each transaction. Near-duplicates are not recognised
here. rag.milvus_reading reads, rag.milvus_calls calls, rag.milvus_legs searches.
"""

from __future__ import annotations

import json
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.codes import rounded
from rag.errors import MissingIndex, StoreError
from rag.milvus_calls import NAME, Calls, make_collections
from rag.milvus_reading import COUNTS, DOCUMENT, FORMAT, HEAD, SETTINGS, MilvusReader, read_state
from rag.milvus_rows import (
    Holders,
    State,
    batches,
    document,
    key,
    pack,
    packed_counts,
    passage_terms,
    sparse,
)
from rag.types import Article, Chunk, Source

_DOC_BITS = 20  # number of a chunk: document << 20 | n
_MOST_ROWS, _MOST_CHARS = 500, 4_000_000  # in one call: gRPC takes 64 MB, a proxy often 4 to 16
_LEASE = 60.0  # seconds
_FEW_TERMS = 500_000  # read in a second: not worth merging


class MilvusStore(MilvusReader):
    """One open index in Milvus. Not shared between threads."""

    @classmethod
    def open(cls, calls: Calls) -> MilvusStore:
        """Open an index. Raises MissingIndex, DamagedIndex or StoreError."""
        found = calls("has_collection", f"{NAME}_row") and calls(
            "get", f"{NAME}_row", ids=["state"], output_fields=["data"]
        )
        if not found:
            raise MissingIndex(
                f"no index in Milvus at {calls.where}: make one with"
                f" `youju index PATH --store {calls.where}`"
            )
        return cls(calls, read_state(calls, found[0]["data"]))

    @classmethod
    def create(cls, calls: Calls, embedder: str, fingerprint: str, dimension: int) -> MilvusStore:
        """Open an index, making it where there is none. Raises WrongEmbedder or StoreError."""
        try:
            store = cls.open(calls)
        except MissingIndex:
            state = State(FORMAT, secrets.token_hex(8), embedder, fingerprint, dimension)
            make_collections(calls, dimension)
            store = cls(calls, state)
            store._write_state(state)
        store.check_embedder(embedder, fingerprint)
        return store

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything done inside, or nothing. Raises StoreError when another process is
        writing or Milvus fails."""
        lease = self._take_lease()
        try:
            state = self.refresh()
            self._delete_leftovers(state)
            self._pending, self._aliases = {}, {}
            yield
            self._commit(lease)
        finally:
            self._pending, self._aliases = None, {}
            self._give_lease(lease)

    def put(
        self,
        source: Source,
        digest: str,
        articles: Sequence[Article],
        chunks: Sequence[Chunk],
        vectors: npt.NDArray[np.float32],
    ) -> bool:
        """Add a source with its articles and chunks; replaces the source of that name."""
        assert self._pending is not None
        kept = rounded(vectors)  # as rag.store keeps them
        self._pending[source.name] = (source, digest, articles, chunks, kept)
        return True

    def put_aliases(self, article: str, pairs: Sequence[tuple[str, str]]) -> None:
        """Keep the other names that an article gives: (name, alias)."""
        self._aliases[article] = list(pairs)

    def keep_settings(self, values: Mapping[str, object]) -> None:
        """Note with what the index was made. Call it inside a transaction."""
        self._state.settings |= {name: str(value) for name, value in values.items()}

    def remove(self, name: str) -> bool:
        """Take a source out; tell whether it was there."""
        assert self._pending is not None
        if name in self._pending:
            there = self._pending[name] is not None
        else:
            there = bool(self._docs([name]))
        self._pending[name] = None
        return there

    def _commit(self, lease: str) -> None:
        assert self._pending is not None
        state = State.from_json(self._state.to_json())
        change: Counter[int] = Counter()
        for doc in self._docs(self._pending).values():
            self._leave(state, doc, change)
        rows: list[dict[str, Any]] = []
        chunks: list[dict[str, Any]] = []
        counted = [
            self._rows_of(state, one, chunks, change) for one in self._pending.values() if one
        ]
        rows += [row for some in counted for row in some]
        state.last += 1
        rows += _parts(COUNTS, state.last, 0, packed_counts(self._merged(state, change)))
        self._insert("chunk", chunks)
        self._insert("row", rows)
        state.revision += 1
        self._check_lease(lease)
        self._write_state(state)
        self._delete_gone(state)

    def _merged(self, state: State, change: Mapping[int, int]) -> Mapping[int, int]:
        """Return the counts that this commit writes: what it changes; or of all commits together,
        where those since the last time hold more terms than these."""
        state.added_terms += len(change)
        if state.added_terms <= max(_FEW_TERMS, state.base_terms):
            return change
        every = Holders()
        every.add(change)
        for doc, counts in self.counted(0):
            every.add(counts)
            state.gone.append(doc)
        whole = every.all()
        state.merged, state.base_terms, state.added_terms = state.last, len(whole), 0
        return whole

    def _leave(self, state: State, doc: int, change: Counter[int]) -> None:
        told = self._document(doc)
        state.gone.append(doc)
        state.sources -= 1
        state.articles -= len(told["articles"])
        for row in self._query("chunk", f"doc == {doc}", ["text", "title"]):
            counts = passage_terms(row["text"], row["title"])
            change.subtract(dict.fromkeys(counts, 1))
            state.chunks -= 1
            state.words -= sum(counts.values())

    def _rows_of(
        self,
        state: State,
        one: tuple[Any, ...],
        chunks: list[dict[str, Any]],
        change: Counter[int],
    ) -> list[dict[str, Any]]:
        source, digest, articles, own, vectors = one
        state.last += 1
        doc = state.last
        by_id = {article.id: article for article in articles}
        counted = []
        for chunk in own:
            article = by_id[chunk.article_id]
            counted.append(passage_terms(article.text[slice(*chunk.span)], article.title))
            change.update(dict.fromkeys(counted[-1], 1))
        state.sources += 1
        state.articles += len(articles)
        state.chunks += len(own)
        state.words += sum(sum(counts.values()) for counts in counted)
        state.weighed_with = state.weighed_with or state.mean
        seen: set[str] = set()
        for n, (chunk, counts, vector) in enumerate(zip(own, counted, vectors, strict=True)):
            article = by_id[chunk.article_id]
            chunks.append(
                {
                    "number": doc << _DOC_BITS | n,
                    "doc": doc,
                    "article": key(article.id),
                    "start": chunk.span.start,
                    "end": chunk.span.end,
                    "opens": article.id not in seen,
                    "name": article.id,
                    "source": source.name,
                    "title": article.title or "",
                    "text": article.text[slice(*chunk.span)],
                    "dense": vector.tolist(),
                    "sparse": sparse(counts, state.weighed_with) or {0: 1e-6},
                }
            )
            seen.add(article.id)
        aliases = [pair for a in articles for pair in self._aliases.get(a.id, ())]
        rows = _parts(
            DOCUMENT, doc, key(source.name), pack(document(source, digest, articles, aliases))
        )
        told = [source.name, digest, [[a.id, a.title, a.published] for a in articles], aliases]
        return rows + _parts(HEAD, doc, key(source.name), pack(told))

    def _insert(self, collection: str, rows: Sequence[dict[str, Any]]) -> None:
        """Write rows, one call after another: Milvus sets the pace. Upserts, so that a call that
        is tried again writes nothing twice."""
        for batch in batches(rows, _MOST_ROWS, _MOST_CHARS):
            self._call("upsert", f"{NAME}_{collection}", batch)

    def _write_state(self, state: State) -> None:
        self._call("upsert", f"{NAME}_row", [_row("state", SETTINGS, -1, 0, 0, state.to_json())])
        self._state = state

    def _delete_gone(self, state: State) -> None:
        """Delete the rows of documents that no longer count; until then readers filter them."""
        if not state.gone:
            return
        for collection in ("chunk", "row"):
            self._call("delete", f"{NAME}_{collection}", filter=f"doc in {state.gone}")
        for doc in state.gone:
            self._documents.pop(doc, None)
        state.gone = []
        self._write_state(state)

    def _delete_leftovers(self, state: State) -> None:
        """Delete what a killed writer left."""
        self._delete_gone(state)
        for collection in ("chunk", "row"):
            self._call("delete", f"{NAME}_{collection}", filter=f"doc > {state.last}")

    def _take_lease(self) -> str:
        mine = secrets.token_hex(8)
        rows = self._call("get", f"{NAME}_row", ids=["lease"], output_fields=["data"])
        holder, until = json.loads(rows[0]["data"]) if rows else ("", 0.0)
        if holder and until > time.time():
            raise StoreError(
                f"the index in Milvus at {self._call.where} is being written by another process:"
                f" try again later, in {until - time.time():.0f} s at the latest"
            )
        told = json.dumps([mine, time.time() + _LEASE])
        self._call("upsert", f"{NAME}_row", [_row("lease", SETTINGS, -1, 0, 0, told)])
        self._check_lease(mine)
        return mine

    def _check_lease(self, mine: str) -> None:
        """Raise StoreError where another process took the lease at the same moment, or after it
        ran out."""
        rows = self._call("get", f"{NAME}_row", ids=["lease"], output_fields=["data"])
        if not rows or json.loads(rows[0]["data"])[0] != mine:
            raise StoreError(
                f"the index in Milvus at {self._call.where} was taken over by another process:"
                " nothing was committed; try again"
            )

    def _give_lease(self, mine: str) -> None:
        rows = self._call("get", f"{NAME}_row", ids=["lease"], output_fields=["data"])
        if rows and json.loads(rows[0]["data"])[0] == mine:
            told = json.dumps(["", 0.0])
            self._call("upsert", f"{NAME}_row", [_row("lease", SETTINGS, -1, 0, 0, told)])


def _row(pk: str, kind: int, doc: int, key_: int, part: int, data: str) -> dict[str, Any]:
    row = {"pk": pk, "kind": kind, "doc": doc, "key": key_, "part": part, "data": data}
    return row | {"none": [0.0, 0.0]}


def _parts(kind: int, doc: int, key_: int, texts: Sequence[str]) -> list[dict[str, Any]]:
    return [_row(f"{kind}-{doc}-{n}", kind, doc, key_, n, text) for n, text in enumerate(texts)]
