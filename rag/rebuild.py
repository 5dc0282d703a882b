"""`youju index --rebuild`: the passages of an index embedded anew from the stored text.

The index goes on answering with the vectors it has until all new ones are there; then one
transaction puts them in their place. What an interruption leaves undone, the next call does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from rag.ingest import load_embedder
from rag.store import Store

Progress = Callable[[str], None]

_BATCH = 2_000  # chunks in a transaction: a second's work with the bundled model
_SECONDS_BETWEEN_LINES = 1.0  # of progress


def rebuild(index: Path, embedder: str, progress: Progress = lambda _: None) -> int:
    """Embed all passages anew with `embedder`; return how many were embedded by this call.

    Raises MissingIndex, DamagedIndex, ModelError, or StoreError when another process writes.
    """
    model = load_embedder(embedder)
    store = Store.open(index)
    done, told = 0, 0.0
    try:
        with store.transaction():
            before = store.begin_fresh(model.name, model.fingerprint, model.dimension)
        if before:
            progress(f"going on after {before:,} passages")
        total = store.counts()["chunk"]
        while True:
            numbers = store.without_fresh(_BATCH)
            vectors = model.encode_passages(store.embedded_texts(numbers)) if numbers else None
            with store.transaction():
                if vectors is None:
                    if store.without_fresh(1):  # another process stored more meanwhile
                        continue
                    store.switch_to_fresh()
                    break
                store.put_fresh(numbers, vectors)
            done += len(numbers)
            if time.monotonic() - told > _SECONDS_BETWEEN_LINES:
                told = time.monotonic()
                progress(f"embedded {before + done:,} of {total:,} passages")
    finally:
        store.close()
    progress(f"the index in {index} is now made by embedder {model.name!r}")
    return done
