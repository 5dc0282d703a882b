"""The commands `youju bench` and `youju check`: what the index costs, and whether it is whole."""

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
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run_bench(options: argparse.Namespace, seeds: Callable[[], Path | None]) -> int:
    """Measure, and print the figures."""
    from eval.bench import as_text, bench

    docs: Path | None = options.docs or seeds()
    if docs is None:
        raise MissingSource("no seeds/ here: name what to index with --docs FILE")
    figures = bench(docs, limit=options.limit, progress=_say)
    _print(json.dumps(figures, indent=1) if options.json else as_text(figures))
    return PARTLY if figures["index"]["skipped"] else DONE


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _print(words: str) -> None:
    print(words)
