"""`youju bench`: how fast, how large. Indexing and the first answer are measured in processes of
their own, as a user starts them; search and answers in one that is running.

Beside every time stands what plain work takes on the same machine in the same run, so that figures
of two machines, or of a busy one, compare: a loop of Python, and a numpy product over 100,000
vectors, which is as fast as the memory.
"""

from __future__ import annotations

import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.copies import with_copies
from rag.answer import Bot
from rag.chunks import sentences
from rag.errors import SourceError, YoujuError
from rag.ingest import index_sources, load_embedder, remove_sources
from rag.settings import Settings
from rag.sources import read_sources
from rag.store import Store
from rag.stores import open_search
from rag.types import Source

Floats = npt.NDArray[np.float32]
Progress = Callable[[str], None]

_LOOP = 1_000_000  # rounds of Python: about 50 ms
_ROWS, _COLUMNS = 100_000, 256  # of float32: 102 MB, more than any cache holds
_REPEATS = 7  # of plain work; the median counts
_QUESTION = "这次大会是什么时候在哪里举行的？"  # the first: made of no article, which takes time
_QUESTIONS = 100  # asked of the running process, after a tenth of them unmeasured
_SHORTEST, _LONGEST = 10, 40  # characters of a sentence that makes a question
_PERCENTILES = (50, 95, 99)
_TOP = 10  # nearest passages that are compared with those an exact search finds
_EQUAL = 1e-5  # cosines that differ by less are the same, summed otherwise
_BLOCK = 20_000  # vectors compared at once
_ANOTHER = Source(
    "another.txt", "第三届民间风筝大会昨天在海边开幕，来自六个村庄的队伍放飞了百余只风筝。"
)
_MAXRSS_A_MB = 1_048_576 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
_CHILD = (
    "import json, sys; from eval.bench import {0}; print(json.dumps({0}(*json.loads(sys.argv[1]))))"
)


def bench(
    docs: Path,
    *,
    limit: int = 0,
    copies: int = 0,
    workers: int | None = None,
    progress: Progress = lambda _: None,
) -> dict[str, Any]:
    """Index `docs` and so many copies of it with noise (the first `limit` sources, 0: all) in a
    folder that is thrown away, ask, add an article, and return the figures.

    Raises SourceError when `docs` cannot be read, YoujuError when a process fails.
    """
    next(iter(read_sources(docs)), None)  # a wrong path is an error at once
    with tempfile.TemporaryDirectory(prefix="youju-bench-") as scratch:
        index = Path(scratch) / "index"
        progress("plain work, to compare with")
        plain = plain_work()
        progress(f"indexing {docs}")
        made = _in_a_process("made", index, docs, limit, copies, workers)
        progress("the first answer of a process")
        first = _in_a_process("first_answer", index)
        progress("answers of a running process")
        asked = _in_a_process("asked", index)
        progress("another article")
        grown = _in_a_process("grown", index)
        progress("what the vector leg finds of what is nearest")
        near = _in_a_process("nearest", index)
    told = {"plain": plain, "index": made, "first_answer": first, **asked}
    return told | {
        "another": grown,
        "overlap": near["overlap"],
        "ratios": _ratios(plain, made, first, asked),
    }


def plain_work() -> dict[str, float]:
    """Return how long a Python loop and one product over vectors take, in milliseconds."""
    matrix = np.ones((_ROWS, _COLUMNS), np.float32)
    vector = np.ones(_COLUMNS, np.float32)
    loop = _median(lambda: sum(i & 7 for i in range(_LOOP)))
    scan = _median(lambda: matrix @ vector)
    return {"loop_ms": loop, "scan_ms": scan, "scan_gb_s": matrix.nbytes / scan / 1e6}


def _median(work: Callable[[], object]) -> float:
    times = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    return float(np.median(times))


def _ratios(
    plain: dict[str, float], made: dict[str, Any], first: dict[str, Any], asked: dict[str, Any]
) -> dict[str, float]:
    loop, scan = plain["loop_ms"], plain["scan_ms"]
    found = {
        "passages indexed in the time of a loop": made["passages_s"] * loop / 1000,
        "first answer / loop": 1000 * first["seconds"] / loop,
        "bytes on disk / bytes of text": made["disk_bytes"] / max(1, made["text_bytes"]),
    }
    for what, share in itertools.product(("search", "ask"), ("p50", "p95")):
        found[f"{what} {share} / loop"] = asked[what][f"{share}_ms"] / loop
    found["search p50 / product over 100,000 vectors"] = asked["search"]["p50_ms"] / scan
    return found


def _in_a_process(name: str, *arguments: Path | int | None) -> dict[str, Any]:
    started = time.perf_counter()
    told = json.dumps([str(one) if isinstance(one, Path) else one for one in arguments])
    done = subprocess.run(
        [sys.executable, "-c", _CHILD.format(name), told],
        stdout=subprocess.PIPE,
        check=False,
        encoding="utf-8",
    )
    if done.returncode:
        raise YoujuError(
            f"measuring ({name}) ended with status {done.returncode}; its words stand above"
        )
    figures: dict[str, Any] = {"seconds": time.perf_counter() - started}
    figures |= json.loads(done.stdout)
    return figures


# ---------------------------------------------------------------- in a process of its own


def made(index: str, docs: str, limit: int, copies: int, workers: int | None) -> dict[str, Any]:
    """Index `docs` and copies of it; return time, throughput, memory and size."""
    text_bytes = 0

    def counted() -> Iterator[Source | SourceError]:
        nonlocal text_bytes
        every = with_copies(lambda: read_sources(Path(docs)), copies)
        for source in itertools.islice(every, limit or None):
            if isinstance(source, Source):
                text_bytes += len(source.text.encode("utf-8", "replace"))
            yield source

    started = time.perf_counter()
    report = index_sources(Path(index), counted(), progress=_say, workers=workers)
    seconds = time.perf_counter() - started
    Bot.open(Path(index)).search("第一次")  # what the first search derives is part of the index
    disk = sum(file.stat().st_size for file in Path(index).rglob("*") if file.is_file())
    return {
        "seconds": seconds,
        "sources": report.added,
        "articles": report.articles,
        "passages": report.chunks,
        "passages_s": report.chunks / seconds,
        "skipped": len(report.problems),
        "text_bytes": text_bytes,
        "disk_bytes": disk,
        "peak_mb": _peak_mb(),
        "peak_helper_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / _MAXRSS_A_MB,
    }


def first_answer(index: str) -> dict[str, Any]:
    """Open the index and answer one question."""
    started = time.perf_counter()
    bot = Bot.open(Path(index))
    opened = time.perf_counter()
    bot.ask(_QUESTION)
    return {
        "opened_ms": 1000 * (opened - started),
        "answered_ms": 1000 * (time.perf_counter() - opened),
    }


def asked(index: str) -> dict[str, Any]:
    """Search and ask in this process; return percentiles, and memory at the end."""
    bot = Bot.open(Path(index))
    questions = made_questions(Store.open(Path(index)), _QUESTIONS)
    for question in questions[: len(questions) // 10 + 1]:
        bot.ask(question)
    return {
        "questions": len(questions),
        "search": _percentiles(bot.search, questions),
        "ask": _percentiles(bot.ask, questions),
        "memory_mb": _peak_mb(),
    }


def grown(index: str) -> dict[str, Any]:
    """Add an article and take it out again; return how long each takes, and how long searches of a
    process that was open before: the first, and the median of others."""
    bot = Bot.open(Path(index))
    questions = made_questions(Store.open(Path(index)), _QUESTIONS)
    _percentiles(bot.search, questions)
    told: dict[str, float] = {}
    changes: dict[str, Callable[[], object]] = {
        "added": lambda: index_sources(Path(index), [_ANOTHER]),
        "removed": lambda: remove_sources(Path(index), [_ANOTHER.name]),
    }
    for name, change in changes.items():
        started = time.perf_counter()
        change()
        changed = time.perf_counter()
        bot.search(_ANOTHER.text)
        told[f"{name}_ms"] = 1000 * (changed - started)
        told[f"{name}_seen_ms"] = 1000 * (time.perf_counter() - changed)
        told[f"{name}_search_ms"] = _percentiles(bot.search, questions)["p50_ms"]
    return told | {"memory_mb": _peak_mb()}


def nearest(index: str) -> dict[str, Any]:
    """Return how many of the _TOP passages that the vector leg puts first are as near as the _TOP
    nearest, as a share: many passages are equally near, for many say the same."""
    store = Store.open(Path(index))
    model = load_embedder(store.setting("embedder"))
    search = open_search(Path(index), model, Settings(search="dense"))
    questions = made_questions(store, _QUESTIONS)
    queries = model.encode_queries(questions)
    numbers = np.array(store.chunk_numbers())
    blocks = np.split(numbers, range(_BLOCK, len(numbers), _BLOCK))
    exact = nearest_of((store.vectors(some.tolist()) for some in blocks), queries, _TOP)
    shares = []
    for question, best in zip(questions, exact, strict=True):
        least = min(cosine for _, cosine in best) - _EQUAL
        found = search.find(question, _TOP)
        as_near = (hit for hit in found if hit.same_as is None and hit.dense_score >= least)
        shares.append(len(list(as_near)) / len(best))
    return {"overlap": float(np.mean(shares))}


def nearest_of(
    blocks: Iterable[Floats], queries: Floats, top: int
) -> list[list[tuple[int, float]]]:
    """Return place and cosine of the rows nearest to each query, by brute force."""
    found: list[list[tuple[int, float]]] = [[] for _ in queries]
    first = 0
    for block in blocks:
        for row, best in zip(queries @ block.T, found, strict=True):
            near = np.argsort(-row)[:top].tolist()
            best += [(first + place, float(row[place])) for place in near]
            best.sort(key=lambda pair: -pair[1])
            del best[top:]
        first += len(block)
    return found


def made_questions(store: Store, count: int) -> list[str]:
    """Return questions made of sentences of articles at even distances; the same every time."""
    heads = store.heads()
    step = max(1, len(heads) // count)
    each = -(-count // max(1, len(heads)))
    found: list[str] = []
    for identity, *_ in itertools.islice(heads, 0, None, step):
        text = store.article(identity).text
        said = (text[a:b].rstrip("。！？.!?") for a, b in sentences(text))
        fit = (f"{sentence}？" for sentence in said if _SHORTEST <= len(sentence) <= _LONGEST)
        found += itertools.islice(fit, each)
    return (found or ["有什么新闻？"])[:count]


def _percentiles(ask: Callable[[str], object], questions: Sequence[str]) -> dict[str, float]:
    """Return percentiles of the time, and median and 95th of the processor's, which hardly depend
    on what else the machine does."""
    times, worked = [], []
    for question in questions:
        started, before = time.perf_counter(), time.process_time()
        ask(question)
        times.append(1000 * (time.perf_counter() - started))
        worked.append(1000 * (time.process_time() - before))
    values = np.percentile(times, _PERCENTILES)
    found = {f"p{p}_ms": float(v) for p, v in zip(_PERCENTILES, values, strict=True)}
    cpu50, cpu95 = np.percentile(worked, (50, 95)).tolist()
    return found | {"cpu_ms": cpu50, "cpu_p95_ms": cpu95}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MAXRSS_A_MB


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")


def as_text(figures: dict[str, Any]) -> str:
    """Return the figures as lines for a terminal."""
    index, plain, first = figures["index"], figures["plain"], figures["first_answer"]
    another = figures["another"]
    ratio = figures["ratios"]["bytes on disk / bytes of text"]
    lines = [
        f"plain work     a loop of Python {plain['loop_ms']:.0f} ms; a product over 100,000 vectors"
        f" {plain['scan_ms']:.1f} ms ({plain['scan_gb_s']:.1f} GB/s)",
        f"indexing       {index['seconds']:.1f} s: {index['articles']:,} articles,"
        f" {index['passages']:,} passages, {index['passages_s']:,.0f} a second;"
        f" {index['peak_mb']:.0f} MB, each helper {index['peak_helper_mb']:.0f} MB",
        f"on disk        {index['disk_bytes'] / 1e6:.1f} MB, {ratio:.2f} times the text",
        f"first answer   {first['seconds']:.2f} s after the process starts",
    ]
    for what in ("search", "ask"):
        times = ", ".join(f"{k.removesuffix('_ms')} {v:.1f}" for k, v in figures[what].items())
        lines.append(f"{what:<14} {times} ms ({figures['questions']} questions)")
    lines.append(f"memory         {figures['memory_mb']:.0f} MB at most while asking")
    for what in ("added", "removed"):
        done, seen, search = (another[f"{what}_{k}ms"] for k in ("", "seen_", "search_"))
        lines.append(
            f"{what:<14} an article in {done:.0f} ms; the next search {seen:.0f} ms, others"
            f" {search:.1f}"
        )
    lines.append(f"nearest        {figures['overlap']:.3f} of the ten nearest passages are found")
    lines += [f"               {name}: {value:.2f}" for name, value in figures["ratios"].items()]
    return "\n".join(lines)
