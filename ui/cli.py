"""The `youju` commands. Results go to stdout, talk and progress to stderr.

Exit status: 0 done; 1 done, but something was refused or skipped; 2 unusable input, with one line
that says what to type. Each command imports what it needs when it runs, so that `youju --help` and
`youju ask` start at once.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import (
    MissingIndex,
    MissingSource,
    QuestionError,
    SourceError,
    YoujuError,
)
from rag.filters import Filter
from ui.evaluate import add_eval_options, add_gold_commands, run_eval
from ui.measure import (
    add_bench_options,
    add_check_options,
    add_upkeep_options,
    run_bench,
    run_check,
    run_upkeep,
)
from ui.operate import add_operating_commands, run_server

if TYPE_CHECKING:
    from rag.answer import Bot
    from rag.ingest import IngestReport
    from rag.settings import Settings
    from rag.types import Answer, History

DONE, PARTLY, UNUSABLE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except YoujuError as error:
        _say(f"youju: {error}")
        return UNUSABLE
    except KeyboardInterrupt:
        _say("youju: interrupted; what was committed before is kept")
        return 130
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="youju",
        description="有据: answers from your articles, each with the passage it stands in.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    chat = _command(commands, "chat", _chat, "open the chat page")
    chat.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (default: %(default)s, this machine only)",
    )
    chat.add_argument("--port", type=int, default=7860)
    index = _command(commands, "index", _index, "add or update files and folders")
    index.add_argument("paths", nargs="*", metavar="PATH", type=Path)
    add_upkeep_options(index)
    remove = _command(commands, "remove", _remove, "take sources out of the index")
    remove.add_argument("sources", nargs="+", metavar="SOURCE")
    articles = _command(commands, "articles", _articles, "list the articles found")
    articles.add_argument("--json", action="store_true", help="one JSON list")
    ask = _command(commands, "ask", _ask, "ask one question, or with - one a line from stdin")
    ask.add_argument("question", metavar="QUESTION")
    ask.add_argument("--json", action="store_true", help="the whole answer as one JSON object")
    ask.add_argument(
        "--history",
        type=Path,
        metavar="FILE",
        help='earlier turns: a JSON list of ["question", "answer"]',
    )
    only = ask.add_argument_group("only of articles")
    only.add_argument(
        "--source", action="append", metavar="NAME", help="of this name or pattern; may be repeated"
    )
    only.add_argument("--title", action="append", metavar="TITLE", help="of this whole title")
    only.add_argument("--since", type=_day, metavar="DAY", help="published then or later")
    only.add_argument("--until", type=_day, metavar="DAY", help="published then or earlier")
    evaluate = _command(
        commands, "eval", _eval, "run a gold set, or a public reading-comprehension set"
    )
    add_eval_options(evaluate)
    check = _command(commands, "check", run_check, "say what of the index cannot be read, mend it")
    add_check_options(check)
    words = "measure speed, memory and size"
    add_bench_options(_command(commands, "bench", lambda o: run_bench(o, _seeds), words))
    gold = commands.add_parser("gold", help="check and extend a gold set")
    actions = gold.add_subparsers(title="actions", required=True, metavar="ACTION")
    add_gold_commands(actions, _gold_command)
    add_operating_commands(commands, _command, _open_or_make)
    parser.set_defaults(parser=_parser)
    return parser


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], words: str
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=words, description=words)
    command.set_defaults(run=run)
    default = Path(os.environ.get("YOUJU_INDEX", ".youju"))
    command.add_argument(
        "--index",
        type=Path,
        default=default,
        metavar="DIR",
        help="where the index is (default: %(default)s)",
    )
    command.add_argument(
        "--store",
        dest="index",
        metavar="WHERE",
        help="an index in Milvus instead: http://host:19530, or a file NAME.db for Milvus Lite",
    )
    command.add_argument(
        "--embedder",
        metavar="NAME_OR_PATH",
        help="a sentence-transformers model instead of the bundled one",
    )
    command.add_argument(
        "--reranker", metavar="NAME_OR_PATH", help="a cross-encoder that reorders the best passages"
    )
    command.add_argument(
        "--reader",
        metavar="READER",
        help="a language model: openai:MODEL@http://HOST:PORT/v1 or local:NAME_OR_FOLDER",
    )
    return command


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _print(words: str) -> None:
    print(words)


def _settings(options: argparse.Namespace) -> Settings:
    from rag.ingest import with_embedder
    from rag.settings import load_settings

    settings = with_embedder(load_settings(Path("youju.toml")), options.embedder)
    named = {k: v for k in ("reader", "reranker") if (v := getattr(options, k, None))}
    return dataclasses.replace(settings, **named)


# -- commands ----------------------------------------------------------------------------------


def _chat(options: argparse.Namespace) -> int:
    from rag.answer import Bot
    from ui.serve.guard import is_loopback

    if not is_loopback(options.host):  # others reach it: the page behind the server's guard
        return run_server(options, _open_or_make)
    bot = _open_or_make(options)
    _say("opening the page …")
    from ui.app import serve

    assert isinstance(bot, Bot)
    serve(
        bot,
        host=options.host,
        port=options.port,
        ready=lambda url: _print_now(f"Youju is at {url} (Ctrl+C stops it)"),
    )
    return DONE


def _print_now(words: str) -> None:
    print(words, flush=True)


def _index(options: argparse.Namespace) -> int:
    from rag.ingest import index_paths

    settings = _settings(options)
    if options.rebuild or options.info:
        return run_upkeep(options, settings.embedder)
    if not options.paths:
        raise MissingSource("nothing to index: name files or folders, or --info, --rebuild")
    started = time.perf_counter()
    report = index_paths(
        options.index,
        options.paths,
        settings=settings,
        embedder=settings.embedder,
        progress=_say,
        workers=options.workers,
    )
    _tell(report, time.perf_counter() - started)
    if report.problems and not report.added + report.changed + report.unchanged:
        return UNUSABLE
    return PARTLY if report.problems else DONE


def _tell(report: IngestReport, seconds: float) -> None:
    for problem in report.problems:
        _say(f"skipped: {problem}")
    counts = [f"{report.added} added", f"{report.changed} changed", f"{report.unchanged} unchanged"]
    counts += [f"{len(report.problems)} skipped"] if report.problems else []
    _say(
        f"{', '.join(counts)}: {report.articles} articles, {report.chunks} passages"
        f" in {seconds:.1f} s"
    )


def _remove(options: argparse.Namespace) -> int:
    from rag.ingest import remove_sources

    removed, missing = remove_sources(options.index, options.sources)
    for name in missing:
        _say(f"skipped: no source {name!r} in the index; `youju articles` lists them")
    _say(f"{len(removed)} removed")
    if missing:
        return PARTLY if removed else UNUSABLE
    return DONE


def _articles(options: argparse.Namespace) -> int:
    from rag.stores import open_store
    from ui.listing import article_row

    store = open_store(options.index)
    rows = [article_row(a, store.source(a.source).text) for a in store.articles()]
    if options.json:
        _print(json.dumps(rows, ensure_ascii=False, indent=1))
        return DONE
    for row in rows:
        title = row["title"] or "(no headline printed)"
        _print(
            f"{row['id']}  {row['published'] or '':10}  {row['characters']:>6}"
            f"  {title}  [{row['source']}]"
        )
    return DONE


def _ask(options: argparse.Namespace) -> int:
    history = _history(options.history) if options.history else ()
    bot = _open_or_make(options)
    within = Filter(
        tuple(options.source or ()), tuple(options.title or ()), options.since, options.until
    )
    if options.question == "-":
        lines = (line.rstrip("\r\n") for line in _lines(sys.stdin.buffer))
        return max((_answer_line(bot, line, history, within) for line in lines), default=DONE)
    answer = bot.ask(options.question, history, within)
    _print(json.dumps(answer.to_json(), ensure_ascii=False) if options.json else _as_text(answer))
    return PARTLY if answer.refused else DONE


def _lines(stream: Iterable[bytes]) -> Iterable[str]:
    for line in stream:
        if line.strip():
            yield line.decode("utf-8", "replace")


def _day(text: str) -> str:
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: write it as 2025-08-16") from error


def _answer_line(bot: Bot, question: str, history: History, within: Filter) -> int:
    """Print one JSON line; a question that cannot be asked gets an `error` field, and the rest go
    on."""
    try:
        answer = bot.ask(question, history, within)
    except QuestionError as error:
        _say(f"skipped: {error}")
        print(
            json.dumps({"question": question[:200], "error": str(error)}, ensure_ascii=False),
            flush=True,
        )
        return PARTLY
    print(json.dumps(answer.to_json(), ensure_ascii=False), flush=True)
    return PARTLY if answer.refused else DONE


def _as_text(answer: Answer) -> str:
    lines = [answer.text]
    for c in answer.citations:
        file = f"{c.article.source} p. {c.page}" if c.page else c.article.source
        about = ", ".join(filter(None, [c.article.title, c.article.published, file]))
        lines.append(f"[{c.marker}] {about}")
    return "\n".join(lines)


def _history(file: Path) -> History:
    try:
        turns = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise MissingSource(f"{file}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise QuestionError(
            f'{file} is not JSON ({error}): write [["question", "answer"], …]'
        ) from error
    pairs = isinstance(turns, list) and all(
        isinstance(t, list) and len(t) == 2 and all(isinstance(x, str) for x in t) for t in turns
    )
    if not pairs:
        raise QuestionError(
            f'{file} holds no history: write a JSON list of ["question", "answer"] pairs'
        )
    return [(question, answer) for question, answer in turns]


def _eval(options: argparse.Namespace) -> int:
    return run_eval(options, _open_or_make)


def _gold_command(
    commands: Any, name: str, run: Callable[..., int], words: str
) -> argparse.ArgumentParser:
    return _command(commands, name, lambda options: run(options, _open_or_make), words)


# -- the index ---------------------------------------------------------------------------------


def _open_or_make(options: argparse.Namespace) -> Bot:
    """Open the index; where there is none yet, index the articles in seeds/ first."""
    from rag.answer import Bot

    settings = _settings(options)
    try:
        return Bot.open(options.index, settings=settings)
    except MissingIndex as missing:
        seeds = _seeds()
        if seeds is None:
            raise
        from rag.ingest import index_paths

        _say(f"first run, no index in {options.index} yet: indexing {seeds}")
        started = time.perf_counter()
        try:
            report = index_paths(
                options.index, [seeds], settings=settings, embedder=settings.embedder, progress=_say
            )
        except SourceError as error:
            raise MissingIndex(f"{missing}; and {error}") from error
        _tell(report, time.perf_counter() - started)
        return Bot.open(options.index, settings=settings)


def _seeds() -> Path | None:
    for folder in (Path("seeds"), Path(__file__).resolve().parent.parent / "seeds"):
        if folder.is_dir():
            return folder
    return None


if __name__ == "__main__":
    sys.exit(main())
