"""One gold set under several settings: a table of quality, time and size to choose by.

    youju eval --compare eval/settings/lexical.toml eval/settings/fused.toml hub.toml

Each file holds settings as `youju.toml` does (rag.settings); what it leaves out is the default. The
articles are indexed anew for each, so that passages and embedders may differ.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.gold import GoldRow
from eval.judge import MEASURES, Judged
from eval.paired import mcnemar
from eval.report import judge_all
from eval.run import answer_all, quiet
from rag.errors import GoldError
from rag.settings import Settings, load_settings
from rag.types import Source

SHOWN = (
    *("right", "correct", "f1", "hit@1", "hit@5", "mrr@10", "citation_precision"),
    *("false_answers", "false_refusals", "auroc"),
)
HEADS = {"citation_precision": "cited", "false_answers": "f.answer", "false_refusals": "f.refuse"}


@dataclass(frozen=True, slots=True)
class Variant:
    """One setting to try, named after its file."""

    name: str
    settings: Settings


def load_variants(files: Sequence[Path]) -> list[Variant]:
    """Read the settings. Raises GoldError for a missing file or two of one name, YoujuError for a
    setting that does not exist.

    The environment is not read: a YOUJU_ variable would make all variants alike.
    """
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise GoldError(f"no settings file {', '.join(missing)}; see eval/settings for examples")
    variants = [Variant(file.stem, load_settings(file, {})) for file in files]
    names = [variant.name for variant in variants]
    if len(set(names)) < len(names):
        raise GoldError(f"two settings files of one name in {', '.join(names)}; rename one")
    return variants


def index_and_open(
    folder: Path, sources: Iterable[Source], settings: Settings, progress: Callable[[str], None]
) -> Any:
    """Index the sources in a folder and open a bot on them."""
    from rag.answer import Bot
    from rag.ingest import index_sources

    embedder = settings.embedder
    index_sources(folder, sources, settings=settings, embedder=embedder, progress=progress)
    return Bot.open(folder, settings=settings)


def run_variants(
    variants: Sequence[Variant],
    sources: Sequence[Source],
    rows: Sequence[GoldRow],
    folder: Path,
    *,
    progress: Callable[[str], None] = quiet,
    serve: Callable[..., Any] = index_and_open,
) -> list[dict[str, Any]]:
    """Return a line for each variant, JSON-ready; differences are against the first.

    `folder` takes their indexes and answers; `serve(folder, sources, settings, progress)` makes the
    bot.
    """
    raw = {source.name: source.text for source in sources}
    lines: list[dict[str, Any]] = []
    first: dict[str, bool] = {}
    for variant in variants:
        progress(f"settings {variant.name}")
        index = folder / variant.name
        started = time.perf_counter()
        bot = serve(index, sources, variant.settings, quiet)
        seconds = time.perf_counter() - started
        predictions = answer_all(bot, rows, folder / f"{variant.name}.jsonl", progress)
        questions = judge_all(rows, predictions, raw, bot.articles())
        first = first or {question.id: question.right for question in questions}
        lines.append(
            {"settings": variant.name}
            | _values(questions)
            | _against(first, questions)
            | {"index_mb": _megabytes(index), "index_seconds": round(seconds, 2)}
        )
    return lines


def _values(questions: Sequence[Judged]) -> dict[str, Any]:
    one = np.ones((1, len(questions)))
    values: dict[str, Any] = {}
    for name in SHOWN:
        value = float(MEASURES[name].over(questions, one)[0][0])
        values[name] = None if np.isnan(value) else round(value, 4)
    times = [q.milliseconds["total"] for q in questions if "total" in q.milliseconds]
    cuts = np.percentile(times or [0.0], [50, 95])
    return values | {"p50_ms": round(float(cuts[0]), 1), "p95_ms": round(float(cuts[1]), 1)}


def _against(first: Mapping[str, bool], questions: Sequence[Judged]) -> dict[str, Any]:
    won = sum(question.right and not first[question.id] for question in questions)
    lost = sum(first[question.id] and not question.right for question in questions)
    return {"won": won, "lost": lost, "p": round(mcnemar(won, lost), 4)}


def _megabytes(folder: Path) -> float:
    total = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return round(total / 1e6, 2)


def variant_table(lines: Sequence[Mapping[str, Any]]) -> str:
    """Return the lines as plain text; won, lost and p are against the first."""
    width = max(len("settings"), *(len(line["settings"]) for line in lines)) + 2
    heads = [HEADS.get(name, name) for name in SHOWN]
    shown = [
        f"{'settings':<{width}}"
        + "".join(f"{head:>9}" for head in (*heads, "won", "lost", "p", "p50 ms", "p95 ms"))
        + f"{'index MB':>10}{'index s':>9}"
    ]
    for line in lines:
        values = "".join(f"{_number(line[name]):>9}" for name in SHOWN)
        against = f"{line['won']:>9}{line['lost']:>9}{_number(line['p']):>9}"
        times = f"{line['p50_ms']:>9.1f}{line['p95_ms']:>9.1f}"
        size = f"{line['index_mb']:>10.2f}{line['index_seconds']:>9.1f}"
        shown.append(f"{line['settings']:<{width}}{values}{against}{times}{size}")
    return "\n".join(shown)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
