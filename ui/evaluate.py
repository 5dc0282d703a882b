"""The commands `youju eval` and `youju gold`: options, and the order in which eval's parts work.

answer (resumable, --predictions) → judge → measure → compare (--baseline) → report, gate
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import GoldError

if TYPE_CHECKING:
    from eval.judge import Judged
    from rag.answer import Bot
    from rag.types import Source

DONE, PARTLY, UNUSABLE = 0, 1, 2
PROGRESS_EVERY = 50  # answers

OPTIONS = (
    *("gold", "split", "predictions", "score", "report", "json", "suite", "distractors"),
    *("compare", "keep", "baseline", "gate", "squad", "open", "limit"),
)

OpenBot = Callable[[argparse.Namespace], "Bot"]


def add_eval_options(parser: argparse.ArgumentParser) -> None:
    """Add what `youju eval` takes, beside the index."""
    gold = parser.add_argument_group("a gold set")
    gold.add_argument("--gold", type=Path, metavar="FILE", help="default: the one with Youju")
    gold.add_argument("--split", choices=("dev", "test"), help="only this half of the gold set")
    answers = gold.add_mutually_exclusive_group()
    answers.add_argument(
        "--predictions", type=Path, metavar="OUT.jsonl", help="keep the answers, and resume here"
    )
    answers.add_argument(
        "--score", type=Path, metavar="FILE.jsonl", help="score these predictions, ask nothing"
    )
    gold.add_argument("--report", type=Path, metavar="DIR", help="write report.html, report.json")
    gold.add_argument("--json", action="store_true", help="print the measures as JSON")
    gold.add_argument(
        "--suite", metavar="NAME", help="robustness suites: names with commas between, or all"
    )
    gold.add_argument(
        "--distractors",
        type=Path,
        metavar="FILE.jsonl",
        help="with --suite distractors: articles to add (default: 1,000 made ones)",
    )
    gold.add_argument(
        "--compare",
        type=Path,
        nargs="+",
        metavar="SETTINGS.toml",
        help="run several settings; one table of quality, time and size",
    )
    change = parser.add_argument_group("a baseline")
    change.add_argument("--keep", type=Path, metavar="FILE.jsonl", help="keep this run as baseline")
    change.add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="what --keep or --predictions wrote, or a report.json: what was won and lost",
    )
    change.add_argument(
        "--gate", action="store_true", help="exit 1 when a measure is worse beyond noise"
    )
    public = parser.add_argument_group("a public set")
    public.add_argument("--squad", type=Path, metavar="FILE", help="SQuAD JSON, or JSONL")
    public.add_argument("--open", action="store_true", help="index all contexts, then ask")
    public.add_argument("--limit", type=int, help="at most this many questions")


def add_gold_commands(
    commands: Any, add: Callable[[Any, str, Callable[..., int], str], argparse.ArgumentParser]
) -> None:
    """Add check, suggest and accept; `add(commands, name, run, words)` makes one of them."""
    check = add(commands, "check", run_check, "say what is wrong or doubtful, line by line")
    check.add_argument("file", type=Path, metavar="FILE")
    check.add_argument("--json", action="store_true", help="one JSON object a finding")
    suggest = add(commands, "suggest", run_suggest, "draft questions from your articles")
    suggest.add_argument("--out", type=Path, metavar="FILE", help="append here, not to stdout")
    suggest.add_argument("--count", type=int, default=30, help="drafts (default: %(default)s)")
    accept = add(commands, "accept", run_accept, "count drafts from now on")
    accept.add_argument("file", type=Path, metavar="FILE")
    accept.add_argument("ids", nargs="+", metavar="ID")


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


def _print(words: str) -> None:
    sys.stdout.write(words + "\n")


def _now_and_then() -> Callable[[str], None]:
    """Pass on what is not about a single answer, and of answers one in `PROGRESS_EVERY`."""
    seen = 0

    def said(words: str) -> None:
        nonlocal seen
        seen += words.startswith("answered ")
        if not words.startswith("answered ") or seen % PROGRESS_EVERY == 1:
            _say(words)

    return said


# -- youju eval --------------------------------------------------------------------------------


def run_eval(options: argparse.Namespace, open_bot: OpenBot) -> int:
    """Run a gold set, several settings over one, or a public set."""
    if options.gate and not options.baseline:
        raise GoldError("--gate needs something to compare with: add --baseline FILE")
    if options.squad:
        _check_alone(options, "--squad", ("open", "limit", "predictions", "json"))
        return _public(options)
    if options.compare:
        _check_alone(options, "--compare", ("gold", "split", "json"))
        return _compared(options, open_bot)
    allowed = [name for name in OPTIONS if name not in ("squad", "open", "limit", "compare")]
    if not options.suite:
        allowed.remove("distractors")
    _check_alone(options, "a gold set" if options.suite else "a gold set without --suite", allowed)
    return _gold(options, open_bot)


def _check_alone(options: argparse.Namespace, what: str, allowed: Sequence[str]) -> None:
    """Raise GoldError for an option that would be passed over in silence."""
    given = [name for name in OPTIONS if getattr(options, name) and name not in allowed]
    for name in given:
        if f"--{name}" != what:
            raise GoldError(f"--{name} does not go with {what}; leave one of them out")


def _public(options: argparse.Namespace) -> int:
    from eval.squad import build_bot, closed_book, open_book
    from rag.types import Source

    kept: dict[str, Any] = {"limit": options.limit, "predictions": options.predictions}
    kept["progress"] = _now_and_then()
    if options.open:
        result = open_book(options.squad, **kept)
    else:
        with tempfile.TemporaryDirectory(prefix="youju-") as folder:
            bot: Any = build_bot(Path(folder), [Source("none.txt", "。")], lambda _: None)
            result = closed_book(bot, options.squad, **kept)
    if not options.json:
        result.pop("questions")
    _print(json.dumps(result, ensure_ascii=False, indent=None if options.json else 1))
    return DONE


def _sources(bot: Bot) -> list[Source]:
    return [bot.source(name) for name in bot.sources()]


def _gold(options: argparse.Namespace, open_bot: OpenBot) -> int:
    from eval import baseline, gold, report, suites

    wanted = suites.chosen(options.suite) if options.suite else ()
    bot = open_bot(options)
    sources = {source.name: source.text for source in _sources(bot)}
    path = options.gold or gold.DEFAULT_GOLD
    rows = gold.load(path, sources, options.split)
    facts = _facts(path, options.split, len(rows), len(sources), bot)
    articles = report.cited_articles(rows, bot.articles())
    before = (
        baseline.load_baseline(options.baseline, rows, sources, articles)
        if options.baseline
        else None
    )
    predictions = _predictions(options, bot, rows)
    questions = report.judge_all(rows, predictions, sources, articles)
    measures = report.measure(questions) | {"about": {"facts": facts}}
    measures["worst"] = report.worst(questions, predictions, read=bot_reads(options))
    if wanted:
        measures["suites"] = _run_suites(options, wanted, bot, rows, questions)
    difference = baseline.compare(before, questions) if before is not None else None
    if difference and before is not None:
        measures["difference"] = report.shown_difference(difference, before, questions)
    if options.keep:
        baseline.keep(options.keep, questions)
        _say(f"baseline: {options.keep}")
    if options.report:
        _say(f"report: {report.write_report(options.report, measures)}")
    _print(json.dumps(measures, ensure_ascii=False) if options.json else report.table(measures))
    worse = difference.worse if difference else []
    for line in worse:
        _say(f"worse: {line}")
    return PARTLY if worse and options.gate else DONE


def bot_reads(options: argparse.Namespace) -> int:
    """Return how many of the passages found a reader gets."""
    from rag.settings import load_settings

    return load_settings(Path("youju.toml")).passages_read


def _facts(path: Path, split: str | None, asked: int, sources: int, bot: Bot) -> list[str]:
    """Say what was measured, and what of the gold file was not."""
    from eval import gold

    file = gold.read(path)
    left_out = len(file.rows) - asked
    if left_out:
        _say(f"{asked} of {len(file.rows)} gold questions are in the split {split}")
    if file.drafts:
        _say(f"{len(file.drafts)} drafts in {path} are not counted: `youju gold accept` them")
    half = f", {split} half ({asked} of {len(file.rows)})" if left_out else ""
    drafts = [f"{len(file.drafts)} drafts not counted"] if file.drafts else []
    return [
        f"{path.name}{half}",
        f"{len(bot.articles())} articles from {sources} sources",
        *drafts,
        datetime.date.today().isoformat(),
    ]


def _predictions(options: argparse.Namespace, bot: Bot, rows: Sequence[Any]) -> list[Any]:
    from eval import run

    if options.score:
        return run.load_predictions(options.score)
    with tempfile.TemporaryDirectory(prefix="youju-") as folder:
        out = options.predictions or Path(folder) / "predictions.jsonl"
        return run.answer_all(bot, rows, out, progress=_now_and_then())


def _run_suites(
    options: argparse.Namespace,
    wanted: Sequence[str],
    bot: Bot,
    rows: Sequence[Any],
    questions: Sequence[Judged],
) -> list[dict[str, Any]]:
    from eval import suites
    from eval.ablations import index_and_open
    from rag.ingest import with_embedder
    from rag.settings import load_settings

    settings = with_embedder(load_settings(Path("youju.toml")), options.embedder)

    @contextlib.contextmanager
    def serve(sources: list[Source]) -> Iterator[Any]:
        with tempfile.TemporaryDirectory(prefix="youju-") as folder:
            yield index_and_open(Path(folder), sources, settings, _say)

    setting = suites.Setting(
        rows=rows,
        bot=bot,
        sources=_sources(bot),
        articles=bot.articles(),
        plain={question.id: question for question in questions},
        serve=serve,
        distractors=_distractors(options.distractors) if options.distractors else None,
        predictions=options.predictions,
    )
    return suites.run_suites(wanted, setting, _now_and_then())


def _distractors(file: Path) -> list[Source]:
    """Read articles to add. Raises the first SourceError among them: none is left out silently."""
    from rag.sources import read_sources
    from rag.types import Source

    found: list[Source] = []
    for source in read_sources(file):
        if not isinstance(source, Source):
            raise source
        found.append(source)
    return found


def _compared(options: argparse.Namespace, open_bot: OpenBot) -> int:
    from eval import gold
    from eval.ablations import load_variants, run_variants, variant_table

    variants = load_variants(options.compare)
    bot = open_bot(options)
    sources = _sources(bot)
    texts = {source.name: source.text for source in sources}
    rows = gold.load(options.gold or gold.DEFAULT_GOLD, texts, options.split)
    with tempfile.TemporaryDirectory(prefix="youju-") as folder:
        lines = run_variants(variants, sources, rows, Path(folder), progress=_now_and_then())
    _print(json.dumps(lines, ensure_ascii=False) if options.json else variant_table(lines))
    return DONE


# -- youju gold --------------------------------------------------------------------------------


def run_check(options: argparse.Namespace, open_bot: OpenBot) -> int:
    """Print every finding; 2 when a line cannot be used, 1 when one is doubtful."""
    from dataclasses import asdict

    from eval.authoring import check

    bot = open_bot(options)
    found = check(options.file, {source.name: source.text for source in _sources(bot)})
    for one in found:
        _print(json.dumps(asdict(one), ensure_ascii=False) if options.json else str(one))
    levels = [one.level for one in found]
    counts = ", ".join(f"{levels.count(level)} {level}s" for level in ("error", "warning", "draft"))
    _say(f"{options.file}: {counts}")
    if "error" in levels:
        return UNUSABLE
    return PARTLY if "warning" in levels else DONE


def run_suggest(options: argparse.Namespace, open_bot: OpenBot) -> int:
    """Draft questions; 1 when the articles offer fewer than were asked for."""
    from eval.authoring import append_row
    from eval.drafts import suggest

    bot = open_bot(options)
    sources = {source.name: source.text for source in _sources(bot)}
    drafts = suggest(bot.articles(), sources, options.count)
    if options.out:
        new = sum(append_row(options.out, draft) for draft in drafts)
        _say(f"{new} drafts added to {options.out}, {len(drafts) - new} were there already")
    else:
        for draft in drafts:
            _print(json.dumps(draft, ensure_ascii=False))
    _say("drafts are not counted: edit them, then `youju gold accept FILE ID …`")
    return PARTLY if len(drafts) < options.count else DONE


def run_accept(options: argparse.Namespace, open_bot: OpenBot) -> int:
    """Turn drafts into gold rows."""
    from eval.authoring import accept

    bot = open_bot(options)
    accept(options.file, options.ids, {source.name: source.text for source in _sources(bot)})
    _say(f"{len(options.ids)} accepted")
    return DONE
