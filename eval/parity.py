"""The same articles and questions in two stores: one machine's, and Milvus (Lite, in a folder).

`youju bench --parity FILE` reads questions with the text each is about, indexes the texts in both,
and counts the questions whose first ten passages are the same: source, span and order.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from eval.squad import load
from rag.ingest import index_sources, load_embedder
from rag.search import Search
from rag.settings import Settings
from rag.stores import Where, open_search
from rag.types import Source

_FIRST = 10  # passages compared
_TOLD = 100  # questions between two lines of progress
_PARTS = "lexical dense order translation"  # Milvus gathers no twins
Progress = Callable[[str], None]


def parity(
    file: Path, *, limit: int = 1_000, progress: Progress = lambda _: None
) -> dict[str, float]:
    """Ask the first `limit` questions of a file in both stores; return what is the same."""
    rows = load(file)[:limit]
    with tempfile.TemporaryDirectory(prefix="youju-parity-") as scratch:
        places: tuple[Where, Where] = (Path(scratch) / "index", str(Path(scratch) / "corpus.db"))
        seconds = []
        for place in places:
            progress(f"indexing the texts of {len(rows)} questions in {place}")
            begun = time.perf_counter()
            index_sources(place, _sources(row.context for row in rows))
            seconds.append(time.perf_counter() - begun)
        progress("asking both")
        one, other = map(_search, places)
        told = compared(one, other, [row.question for row in rows], progress)
    return told | {"indexing seconds": seconds[0], "indexing seconds, Milvus Lite": seconds[1]}


def _sources(contexts: Iterator[str]) -> Iterator[Source]:
    for number, context in enumerate(dict.fromkeys(contexts)):
        yield Source(f"{number}.txt", context)


def _search(place: Where) -> Search:
    return open_search(place, load_embedder("default"), Settings(search=_PARTS))


def compared(
    one: Search, other: Search, questions: Sequence[str], progress: Progress = lambda _: None
) -> dict[str, float]:
    """Return how many questions have the same first ten in the same order, the same ten in another,
    and how far their scores are apart."""
    same = sets = 0
    apart, times = 0.0, [0.0, 0.0]
    for number, question in enumerate(questions):
        if number % _TOLD == 0 < number:
            progress(f"{number} of {len(questions)} asked, {same} the same")
        found: list[Any] = []
        for n, search in enumerate((one, other)):
            begun = time.perf_counter()
            found.append(search.find(question, _FIRST))
            times[n] += time.perf_counter() - begun
        places = [[(hit.article.source, hit.span) for hit in hits] for hits in found]
        same += places[0] == places[1]
        sets += set(places[0]) == set(places[1])
        if places[0] == places[1]:
            gaps = [abs(a.score - b.score) for a, b in zip(*found, strict=True)]
            apart = max([apart, *gaps])
    return {
        "questions": len(questions),
        "the same ten in the same order": same,
        "the same ten": sets,
        "scores apart at most": apart,
        "ms a search": 1000 * times[0] / max(1, len(questions)),
        "ms a search, Milvus Lite": 1000 * times[1] / max(1, len(questions)),
    }
