"""What is read of an index in Milvus: states, documents, chunks. See rag.milvus."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.errors import DamagedIndex, MissingIndex, WrongEmbedder
from rag.filters import Filter
from rag.milvus_calls import NAME, Calls
from rag.milvus_rows import (
    State,
    articles_of,
    key,
    source_of,
    unpack,
    unpacked_counts,
)
from rag.store import ChunkText, Head
from rag.terms import fold
from rag.types import Article, Chunk, Source, Span

FORMAT = 1
DOCUMENT, HEAD, COUNTS, SETTINGS = range(4)  # kinds of rows
# documents of which rows are asked for at once: a cluster returns 100 MB and 16,384 rows at most
_WINDOW = 1_000
_KEPT = 256  # documents kept in memory


class MilvusReader:
    """What is read of an index in Milvus."""

    def __init__(self, calls: Calls, state: State) -> None:
        """Stand for an index at a state."""
        self._call, self._state = calls, state
        self._documents: dict[int, dict[str, Any]] = {}
        self._pending: dict[str, tuple[Any, ...] | None] | None = None
        self._aliases: dict[str, list[tuple[str, str]]] = {}

    def check_embedder(self, name: str, fingerprint: str) -> None:
        """Raise WrongEmbedder unless this index was made by the embedder with `fingerprint`."""
        if self._state.fingerprint != fingerprint:
            raise WrongEmbedder(
                f"the index in Milvus at {self._call.where} was made by embedder"
                f" {self._state.embedder!r} ({self._state.fingerprint}), not {name!r}"
                f" ({fingerprint}): use --embedder {self._state.embedder}, or another --store"
            )

    def close(self) -> None:
        """Close the connection."""
        self._call.close()

    def refresh(self) -> State:
        """Take over the last committed state."""
        if self._pending is None:
            rows = self._call("get", f"{NAME}_row", ids=["state"], output_fields=["data"])
            if not rows:
                raise MissingIndex(f"the index in Milvus at {self._call.where} was removed")
            self._state = read_state(self._call, rows[0]["data"])
        return self._state

    @property
    def state(self) -> State:
        """The state last read."""
        return self._state

    @property
    def revision(self) -> int:
        """A number that every committed change raises."""
        return self.refresh().revision

    def setting(self, name: str) -> str:
        """Return a stored setting; "" when it is not there."""
        named = ("format", "identity", "embedder", "fingerprint", "dimension", "revision")
        return (
            str(getattr(self._state, name)) if name in named else self._state.settings.get(name, "")
        )

    def describe(self) -> dict[str, str | int]:
        """Return what the index says of itself."""
        state = self.refresh()
        named = ("format", "embedder", "fingerprint", "dimension")
        told: dict[str, str | int] = {name: self.setting(name) for name in named}
        told |= state.settings
        return told | {"revision": state.revision} | {f"{k}s": v for k, v in self.counts().items()}

    def counts(self) -> dict[str, int]:
        """Return how many sources, articles and chunks there are."""
        state = self.refresh()
        return {"source": state.sources, "article": state.articles, "chunk": state.chunks}

    # -- reading -------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let everything read inside be of one committed state."""
        self.refresh()
        yield

    def live(self) -> str:
        """Return the filter that leaves what is committed."""
        state = self._state
        gone = f" and doc not in {state.gone}" if state.gone else ""
        return f"doc <= {state.last}{gone}"

    def _query(self, collection: str, filter_: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        found = self._call(
            "query",
            f"{NAME}_{collection}",
            filter=f"{filter_} and {self.live()}",
            output_fields=list(fields),
            consistency_level="Strong",
        )
        return list(found)

    def _heads(self) -> dict[int, list[Any]]:
        """Return [name, digest, articles, aliases] of every document."""
        return {doc: unpack(texts) for doc, texts in self._of_kind(HEAD, 0)}

    def _of_kind(self, kind: int, after: int) -> Iterator[tuple[int, list[str]]]:
        """Yield (document, texts of its rows) of a kind, above document `after`, rising."""
        for first in range(after + 1, self._state.last + 1, _WINDOW):
            window = f"kind == {kind} and doc >= {first} and doc < {first + _WINDOW}"
            some: dict[int, dict[int, str]] = defaultdict(dict)
            for row in self._query("row", window, ["doc", "part", "data"]):
                some[row["doc"]][row["part"]] = row["data"]
            yield from ((doc, [some[doc][n] for n in sorted(some[doc])]) for doc in sorted(some))

    def _heads_of(self, names: Collection[str]) -> dict[int, list[Any]]:
        """Return [name, digest, articles, aliases] of the documents of sources by their names."""
        if not names:
            return {}
        some: dict[int, dict[int, str]] = defaultdict(dict)
        filter_ = f"kind == {HEAD} and key in {sorted(map(key, names))}"
        for row in self._query("row", filter_, ["doc", "part", "data"]):
            some[row["doc"]][row["part"]] = row["data"]
        told = {doc: unpack(data[n] for n in sorted(data)) for doc, data in some.items()}
        return {doc: head for doc, head in told.items() if head[0] in names}

    def _docs(self, names: Collection[str]) -> dict[str, int]:
        """Return the documents of sources by their names; those that are not there are left out."""
        return {name: doc for doc, (name, *_) in self._heads_of(names).items()}

    def _document(self, doc: int) -> dict[str, Any]:
        if doc not in self._documents:
            rows = self._query("row", f"kind == {DOCUMENT} and doc == {doc}", ["part", "data"])
            parts = {row["part"]: row["data"] for row in rows}
            try:
                told: dict[str, Any] = unpack(parts[n] for n in sorted(parts))
            except ValueError as error:
                raise DamagedIndex(
                    f"document {doc} in Milvus at {self._call.where} cannot be unpacked ({error}):"
                    " index your articles again into another --store"
                ) from error
            if len(self._documents) >= _KEPT:
                self._documents.pop(next(iter(self._documents)))
            self._documents[doc] = told
        return self._documents[doc]

    def digests(self, names: Sequence[str] | None = None) -> dict[str, str]:
        """Return the content digests of sources, by name: of those of these names that are there,
        or of all."""
        self.refresh()
        heads = self._heads() if names is None else self._heads_of(names)
        return {name: digest for name, digest, *_ in heads.values()}

    def sources(self) -> list[str]:
        """Return the names of all sources, in order."""
        return sorted(self.digests())

    def source(self, name: str) -> Source:
        """Return a source. Raises KeyError when it is not there."""
        self.refresh()
        if (doc := self._docs([name]).get(name)) is None:
            raise KeyError(name)
        return source_of(self._document(doc))

    def raw(self, names: Collection[str]) -> dict[str, str]:
        """Return the texts of sources by their names; those that are not there are left out."""
        docs = self._docs(names)
        return {name: source_of(self._document(doc)).text for name, doc in docs.items()}

    def articles(self, source: str | None = None) -> list[Article]:
        """Return all articles, or those of one source, in the order of their pages."""
        self.refresh()
        docs = sorted((told[0], doc) for doc, told in self._heads().items())
        wanted = [doc for name, doc in docs if source is None or name == source]
        return [article for doc in wanted for article in articles_of(self._document(doc))]

    def article(self, identity: str) -> Article:
        """Return an article. Raises KeyError when it is not there."""
        self.refresh()
        return self.articles_by_id([identity])[identity]

    def articles_by_id(self, identities: Collection[str]) -> dict[str, Article]:
        """Return articles by their identities; those that are not there are left out."""
        wanted = sorted(map(key, identities))
        found: dict[str, Article] = {}
        rows = self._query("chunk", f"article in {wanted} and opens == true", ["doc"])
        for doc in {row["doc"] for row in rows}:
            found |= {a.id: a for a in articles_of(self._document(doc)) if a.id in identities}
        return found

    def same_articles(self, identities: Collection[str]) -> dict[str, list[Article]]:
        """Return nothing: the same text under two names is here twice."""
        return {}

    def copied(self, articles: Sequence[str]) -> list[tuple[str, str, bytes]]:
        """Return nothing: near-duplicates are not recognised here."""
        return []

    def heads(self, within: Filter = Filter()) -> list[Head]:
        """Return identity, source, title and day of the articles that are meant, in the order of
        their pages."""
        told = sorted(self._heads().values(), key=lambda one: str(one[0]))
        return [
            (a, name, title, day)
            for name, _, articles, _ in told
            for a, title, day in articles
            if within.holds(name, title, day)
        ]

    def titles(self, folded: Collection[str]) -> set[str]:
        """Return the titles that fold to one of these."""
        return {title for _, _, title, _ in self.heads() if title and fold(title) in folded}

    def sources_named(self, text: str) -> set[str]:
        """Return the sources whose file's name, without its folders, stands in a text."""
        return {name for name, *_ in self._heads().values() if name.rpartition("/")[2] in text}

    def aliases(self) -> list[tuple[str, str]]:
        """Return all (name, alias) pairs that articles give, each once."""
        return sorted({(a, b) for *_, pairs in self._heads().values() for a, b in pairs})

    def chunk_numbers(self) -> list[int]:
        """Return the numbers of all chunks, rising. A number is never used twice."""
        found: list[int] = []
        for first in range(1, self.refresh().last + 1, _WINDOW):
            window = f"doc >= {first} and doc < {first + _WINDOW}"
            found += [row["number"] for row in self._query("chunk", window, ["number"])]
        return sorted(found)

    def chunks_of(self, articles: Sequence[str]) -> list[int]:
        """Return the numbers of all chunks of some articles, rising."""
        rows = self._query("chunk", f"article in {sorted(map(key, articles))}", ["number"])
        return sorted(row["number"] for row in rows)

    def chunk_rows(self, numbers: Sequence[int], fields: Sequence[str]) -> list[dict[str, Any]]:
        """Return fields of chunks by their numbers."""
        if not numbers:
            return []
        wanted = sorted(map(int, numbers))
        return self._query("chunk", f"number in {wanted}", ["number", *fields])

    def chunks(self, numbers: Sequence[int]) -> dict[int, Chunk]:
        """Return chunks by their numbers."""
        rows = self.chunk_rows(numbers, ["name", "start", "end"])
        return {r["number"]: Chunk(r["name"], Span(r["start"], r["end"])) for r in rows}

    def texts(self, numbers: Sequence[int]) -> dict[int, ChunkText]:
        """Return the words of chunks by their numbers."""
        rows = self.chunk_rows(numbers, ["text", "opens", "source", "name"])
        return {
            r["number"]: ChunkText(r["text"], bool(r["opens"]), r["source"], r["name"])
            for r in rows
        }

    def vectors(self, numbers: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the vectors (n, d) of chunks, in the order of their numbers, which must rise."""
        rows = {r["number"]: r["dense"] for r in self.chunk_rows(numbers, ["dense"])}
        found = np.array([rows[n] for n in numbers], np.float32)
        return found.reshape(len(numbers), self._state.dimension)

    def vectors_there(self, numbers: Sequence[int]) -> tuple[list[int], npt.NDArray[np.float32]]:
        """Return the numbers of those of some chunks that are there, and their vectors (n, d)."""
        rows = self.chunk_rows(numbers, ["dense"])
        found = np.array([row["dense"] for row in rows], np.float32)
        return [row["number"] for row in rows], found.reshape(len(rows), self._state.dimension)

    def search_field(
        self, field: str, query: Any, limit: int, among: Collection[int] | None, fields: list[str]
    ) -> list[dict[str, Any]]:
        """Return the best chunks by inner product: [{number, distance, entity}]."""
        chosen = f"number in {sorted(map(int, among))} and " if among is not None else ""
        (found,) = self._call(
            "search",
            f"{NAME}_chunk",
            data=[query],
            anns_field=field,
            limit=limit,
            filter=chosen + self.live(),
            output_fields=["number", *fields],
            search_params={"metric_type": "IP"},
            consistency_level="Strong",
        )
        return [{"distance": hit["distance"], **hit["entity"]} for hit in found]

    def counted(self, after: int) -> Iterator[tuple[int, Any]]:
        """Yield document and counts of commits after a document: what each changed in how many
        chunks hold a term, the first perhaps all before it together."""
        for doc, texts in self._of_kind(COUNTS, max(after, self._state.merged - 1)):
            yield doc, unpacked_counts(texts)


def read_state(calls: Calls, text: str) -> State:
    try:
        found = json.loads(text).get("format")
        if found == FORMAT:
            return State.from_json(text)
    except (ValueError, TypeError, AttributeError) as error:
        raise DamagedIndex(
            f"the state of the index in Milvus at {calls.where} cannot be read ({error}): index"
            " your articles again into another --store"
        ) from error
    raise DamagedIndex(
        f"the index in Milvus at {calls.where} has schema version {found!r}, this Youju reads"
        f" {FORMAT}: update Youju, or index your articles again into another --store"
    )
