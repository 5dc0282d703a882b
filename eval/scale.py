"""How search grows with the number of passages: forms of FAISS, engines for words.

    python -m eval.scale --index FOLDER --out scale.json [--sizes 1000 10000 …]
        [--engines tantivy:200000 …] [--plot scale.svg]

Over the passages of an index that is there, and copies with noise (eval.scale_corpus). Every figure
is of one thread, beside the speed of memory. Rows are added to a file that is there.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from eval.bench import nearest_of
from eval.growth import growth
from eval.scale_corpus import Corpus, Floats, timed
from rag.ingest import load_embedder
from rag.store import Store

SIZES = (1_000, 10_000, 100_000, 1_000_000)
_TOP = 10
_BLOCK = 20_000  # rows turned at once
_PER_LIST, _ROUNDS, _TRAINED_ON = 400, 8, 40  # as in rag.vectors
_FEW_LISTS = 64
_NEIGHBOURS, _SEARCHED, _BUILT_WITH = 32, 128, 80  # of HNSW: usual for an overlap of 0.98
_SLOW_TO_BUILD = 200_000  # vectors: a graph over more takes longer than all the rest
_CHILD = (
    "import json, sys; from eval.scale_words import one_engine;"
    " print(json.dumps(one_engine(*sys.argv[1:])))"
)


class Form(NamedTuple):
    """A form of index, and how to make it of rows (n, d)."""

    name: str
    build: Callable[[Floats], Any]
    most: int  # rows it is tried with
    probed: tuple[int, ...] = (1,)  # one list in so many


def forms() -> list[Form]:
    """Return what is compared. 16 bits or 8 a number; all compared, lists, or a graph."""
    import faiss

    half, byte = faiss.ScalarQuantizer.QT_fp16, faiss.ScalarQuantizer.QT_8bit
    every = SIZES[-1]
    return [
        Form("exact, 16 bits", lambda rows: _exact(rows, half), every),
        Form("exact, 8 bits", lambda rows: _exact(rows, byte), every),
        Form("lists, 16 bits", lambda rows: _lists(rows, half), every, (2, 4, 8, 16)),
        Form("lists, 8 bits", lambda rows: _lists(rows, byte), every, (4,)),
        Form("HNSW, 16 bits", lambda rows: _graph(rows, half), _SLOW_TO_BUILD),
    ]


def _exact(rows: Floats, kind: Any) -> Any:
    import faiss

    return _filled(
        faiss.IndexScalarQuantizer(rows.shape[1], kind, faiss.METRIC_INNER_PRODUCT), rows
    )


def _lists(rows: Floats, kind: Any) -> Any:
    import faiss

    count, dimension = rows.shape
    lists = max(min(_FEW_LISTS, count // _TRAINED_ON), count // _PER_LIST)
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dimension), dimension, lists, kind, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.niter = _ROUNDS
    return _filled(index, rows, rows[:: max(1, count // (lists * _TRAINED_ON))])


def _graph(rows: Floats, kind: Any) -> Any:
    import faiss

    index = faiss.IndexHNSWSQ(rows.shape[1], kind, _NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction, index.hnsw.efSearch = _BUILT_WITH, _SEARCHED
    return _filled(index, rows)


def _filled(index: Any, rows: Floats, sample: Floats | None = None) -> Any:
    if not index.is_trained:
        index.train(np.ascontiguousarray(rows[:_BLOCK] if sample is None else sample))
    for first in range(0, len(rows), _BLOCK):
        index.add(rows[first : first + _BLOCK])
    return index


def vector_rows(
    corpus: Corpus, sizes: Sequence[int], queries: Floats, named: str
) -> Iterator[dict[str, Any]]:
    """Yield what each form whose name holds `named` costs and finds at each size."""
    import faiss

    faiss.omp_set_num_threads(1)
    for size in sizes:
        table = corpus.vectors(size)
        best = nearest_of(_blocks(table), queries, _TOP)
        exact = [{place for place, _ in near} for near in best]
        for form in forms():
            if size <= form.most and named in form.name:
                yield from one_form(form, table, queries, exact)


def _blocks(table: Floats) -> Iterator[Floats]:
    return (table[first : first + _BLOCK] for first in range(0, len(table), _BLOCK))


def one_form(
    form: Form, table: Floats, queries: Floats, exact: Sequence[set[int]]
) -> Iterator[dict[str, Any]]:
    """Build one form over the rows and ask it, looking through ever fewer of its lists."""
    import faiss

    gc.collect()
    begun = time.process_time()
    index = form.build(table)
    built = time.process_time() - begun
    cost = {"built_cpu_s": built, "mb": len(faiss.serialize_index(index)) / 1e6}
    for one_in in form.probed:
        name = form.name
        if hasattr(index, "nlist"):
            index.nprobe = max(1, index.nlist // one_in)
            name += f", 1 in {one_in} probed"
        found = [index.search(query.reshape(1, -1), _TOP)[1][0].tolist() for query in queries]
        shared = [len(there & set(those)) / _TOP for there, those in zip(exact, found, strict=True)]
        told = timed(lambda query: index.search(query.reshape(1, -1), _TOP), list(queries))
        row = {"size": len(table), "form": name, "overlap": float(np.mean(shared))}
        yield row | told | cost


def memory_speed() -> float:
    """Return how many GB of vectors a second of processor reads, in a product that needs each
    number once."""
    matrix, times = np.ones((_BLOCK * 5, 256), np.float32), []
    for _ in range(9):
        begun = time.thread_time()
        matrix @ matrix[0]
        times.append(time.thread_time() - begun)
    return float(matrix.nbytes / np.median(times) / 1e9)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the figures after every row."""
    parser = argparse.ArgumentParser(prog="python -m eval.scale")
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--forms", default="", help="only those whose name holds this")
    parser.add_argument("--engines", nargs="*", default=[], metavar="NAME:SIZE")
    options = parser.parse_args(arguments)
    told: dict[str, Any] = {"memory_gb_s": memory_speed(), "vectors": [], "words": []}
    if options.out.exists():
        told = json.loads(options.out.read_text(encoding="utf-8"))

    def note(kind: str, row: dict[str, Any]) -> None:
        told[kind].append(row)
        options.out.write_text(json.dumps(told, indent=1), encoding="utf-8")
        sys.stderr.write(f"{json.dumps(row)}\n")

    if options.sizes:
        corpus = Corpus(options.index)
        model = load_embedder(Store.open(options.index).setting("embedder"))
        queries = model.encode_queries(corpus.questions)
        for row in vector_rows(corpus, options.sizes, queries, options.forms):
            note("vectors", row)
    for engine in options.engines:
        name, _, size = engine.partition(":")
        command = [sys.executable, "-c", _CHILD, name, str(options.index), size]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        note("words", json.loads(done.stdout))
    if options.plot:
        options.plot.write_text(growth(told), encoding="utf-8")


if __name__ == "__main__":
    main()
