"""The commands `youju bench` and `youju check`, and `youju index` about the index itself: what it
costs, whether it is whole, what it is made of, by which embedder."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from rag.errors import MissingSource

DONE, PARTLY, UNUSABLE = 0, 1, 2


def add_bench_options(parser: argparse.ArgumentParser) -> None:
    """Add what `youju bench` takes."""
    parser.add_argument(
        "--docs",
        type=Path,
        metavar="FILE",
        help="what to index, e.g. a .jsonl or .jsonl.xz (default: seeds/)",
    )
    parser.add_argument(
        "--limit", type=int, default=0, metavar="N", help="only the first N sources of it"
    )
    parser.add_argument(
        "--copies",
        type=int,
        default=0,
        metavar="N",
        help="… and N copies of each with noise, for a larger index (--limit counts them)",
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="as of `youju index` (default: one a core)"
    )
    parser.add_argument(
        "--pages",
        action="store_true",
        help="measure repair and splitting over simulated newspaper pages instead",
    )
    parser.add_argument(
        "--parity",
        type=Path,
        metavar="FILE",
        help="compare this machine's store with Milvus Lite on questions with their texts (JSONL)",
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def add_upkeep_options(parser: argparse.ArgumentParser) -> None:
    """Add what `youju index` takes beside paths."""
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes that prepare articles beside the one that writes (default: one a core)",
    )
    upkeep = parser.add_argument_group("the index itself")
    upkeep.add_argument(
        "--rebuild",
        action="store_true",
        help="embed all passages anew, with --embedder or the bundled model",
    )
    upkeep.add_argument("--info", action="store_true", help="say what the index is made of")


def add_check_options(parser: argparse.ArgumentParser) -> None:
    """Add what `youju check` takes."""
    parser.add_argument("--repair", action="store_true", help="mend what can be made anew")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")


def run_upkeep(options: argparse.Namespace, embedder: str) -> int:
    """Do what `youju index` was asked beside adding paths."""
    if options.rebuild:
        from rag.rebuild import rebuild

        rebuild(options.index, embedder, _say)
    if options.info or not options.rebuild:
        _describe(options.index)
    return DONE


def _describe(index: Path) -> None:
    from rag.stores import open_store

    for name, value in open_store(index).describe().items():
        _print(f"{name:<16} {value}")


def run_check(options: argparse.Namespace) -> int:
    """Say what of the index cannot be read; with --repair, mend it."""
    from rag.check import examine, repair
    from rag.store import Store

    found = examine(options.index)
    lines = found.lines()
    lost = repair(options.index, found, _say) if lines and options.repair else []
    left = examine(options.index).lines() if lines and options.repair else lines
    if options.json:
        told = {"index": Store.open(options.index).describe(), "damage": lines}
        _print(json.dumps(told | {"lost": lost, "left": left}, ensure_ascii=False, indent=1))
        return PARTLY if lines else DONE
    for line in lines:
        _print(line)
    for name in lost:
        _say(f"lost: {name}; index its file again")
    if not left:
        _describe(options.index)
        _say("mended" if lines else "nothing is wrong")
    else:
        _say(f"youju check --repair --index {options.index} mends what can be made anew")
    return PARTLY if lines else DONE


def run_bench(options: argparse.Namespace, seeds: Callable[[], Path | None]) -> int:
    """Measure, and print the figures."""
    if options.pages:
        return _bench_pages(options)
    if options.parity:
        return _bench_parity(options)
    from eval.bench import as_text, bench

    docs: Path | None = options.docs or seeds()
    if docs is None:
        raise MissingSource("no seeds/ here: name what to index with --docs FILE")
    figures = bench(
        docs,
        limit=options.limit,
        copies=options.copies,
        workers=options.workers,
        progress=_say,
    )
    _print(json.dumps(figures, indent=1) if options.json else as_text(figures))
    return PARTLY if figures["index"]["skipped"] else DONE


def _bench_pages(options: argparse.Namespace) -> int:
    from eval.splitting import bench_pages

    figures = {name: round(value, 4) for name, value in bench_pages().items()}
    plain = "\n".join(f"{name:32}{value:10.4f}" for name, value in figures.items())
    _print(json.dumps(figures, indent=1) if options.json else plain)
    return DONE


def _bench_parity(options: argparse.Namespace) -> int:
    from eval.parity import parity

    figures = parity(options.parity, limit=options.limit or 1_000, progress=_say)
    plain = "\n".join(f"{name:36}{value:10.4f}" for name, value in figures.items())
    _print(json.dumps(figures, indent=1) if options.json else plain)
    same = figures["the same ten in the same order"] == figures["questions"]
    return DONE if same else PARTLY


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _print(words: str) -> None:
    print(words)
