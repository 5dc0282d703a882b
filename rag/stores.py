"""Which store an index is in: a folder, or Milvus. The only place that picks between them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from embeddings import Embedder
from rag.lexical import LexicalIndex
from rag.protocol import PassageStore
from rag.search import Rerank, Search
from rag.settings import Settings
from rag.store import Store

if TYPE_CHECKING:
    from rag.milvus import MilvusStore
    from rag.milvus_calls import Calls

Where = Path | str
"""A folder; or "http://host:19530", or "name.db" for Milvus Lite."""


def in_milvus(where: Where) -> bool:
    """Tell whether an index is in Milvus: an address, or a name that ends with .db."""
    return isinstance(where, str) and (
        where.startswith(("http://", "https://")) or where.endswith(".db")
    )


def open_store(where: Where) -> PassageStore:
    """Open an existing index. Raises StoreError or one of its children."""
    return _in_milvus(where) if in_milvus(where) else Store.open(Path(where))


def create_store(where: Where, model: Embedder) -> PassageStore:
    """Open an index, making it where there is none. Raises StoreError or one of its children."""
    known = model.name, model.fingerprint, model.dimension
    if not in_milvus(where):
        return Store.create(Path(where), *known)
    from rag.milvus import MilvusStore

    return MilvusStore.create(_calls(str(where)), *known)


def open_search(
    where: Where, model: Embedder, settings: Settings, rerank: Rerank | None = None
) -> Search:
    """Return the search over an index."""
    if not in_milvus(where):
        opened, words = lambda: Store.open(Path(where)), LexicalIndex(Path(where))
        return Search(opened, words, model, settings, rerank)
    from rag.milvus_legs import MilvusVectors, MilvusWords

    return Search(lambda: _in_milvus(where), MilvusWords(), model, settings, rerank, MilvusVectors)


def _in_milvus(where: Where) -> MilvusStore:
    from rag.milvus import MilvusStore

    return MilvusStore.open(_calls(str(where)))


def _calls(where: str) -> Calls:
    from rag.milvus_calls import connection

    return connection(where, os.environ.get("MILVUS_TOKEN", ""))
