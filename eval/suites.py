"""Robustness: the same gold set asked under difficulties, each compared with its plain run.

  typos homophones unpunctuated traditional full-width numerals polite reordered    the questions
  noise distractors                                                                 the articles
  near-miss                                     questions that the articles do not answer any more

Every suite is made by rule from any gold set and is the same each time. A question that a suite
leaves as it is takes no part in it, so that a suite's figure and the plain one are over the same
questions.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from eval.corpora import made_articles, noisy
from eval.gold import GoldRow
from eval.judge import MEASURES, Judged, judge
from eval.metrics import cluster_weights, interval
from eval.nearmiss import near_misses
from eval.paired import mcnemar
from eval.rewording import REWORDINGS, reworded
from eval.run import Asks, Prediction, answer_all, quiet
from rag.errors import GoldError
from rag.types import Article, Source

DISTRACTORS = 1000  # articles, where no file of them is given
DIGITS = 4
NOISE, DISTRACTED, NEAR_MISS = "noise", "distractors", "near-miss"
MEANINGS = {name: words for name, (_, words) in REWORDINGS.items()} | {
    NOISE: "line breaks, spaces and page furniture put into the articles",
    DISTRACTED: "articles added that answer nothing",
    NEAR_MISS: "a name, year or place swapped for one that no article has: now to be refused",
}
SUITES = tuple(MEANINGS)
SHOWN = ("correct", "f1", "hit@5", "mrr@10", "citation_recall", "false_refusals", "false_answers")


Serve = Callable[[list[Source]], AbstractContextManager[Any]]
"""Index sources somewhere and open a bot on them for a while."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a suite is made from."""

    rows: Sequence[GoldRow]
    bot: Asks
    sources: Sequence[Source]
    articles: Sequence[Article]
    plain: Mapping[str, Judged]  # the same gold rows, asked as they are
    serve: Serve
    distractors: Sequence[Source] | None = None
    predictions: Path | None = None  # each suite's answers are kept beside it


def chosen(name: str) -> tuple[str, ...]:
    """Return the suites that a name stands for. Raises GoldError for an unknown one."""
    if name == "all":
        return SUITES
    wanted = tuple(part.strip() for part in name.split(",") if part.strip())
    unknown = [part for part in wanted if part not in SUITES]
    if unknown or not wanted:
        raise GoldError(f"no suite {name!r}; the suites are {', '.join(SUITES)} and all")
    return wanted


def run_suites(
    names: Iterable[str], setting: Setting, progress: Callable[[str], None] = quiet
) -> list[dict[str, Any]]:
    """Run suites and return a line for each, JSON-ready; see `_line`."""
    lines = []
    for name in names:
        progress(f"suite {name}: {MEANINGS[name]}")
        lines.append(_line(name, setting, *_judged(name, setting, progress)))
    return lines


def _judged(
    name: str, setting: Setting, progress: Callable[[str], None]
) -> tuple[list[Judged], str]:
    """Return what came of one suite, and a remark on how it was made."""
    raw = {source.name: source.text for source in setting.sources}
    if name in REWORDINGS:
        rows = _reworded_rows(name, setting.rows)
        return _asked(name, rows, setting.bot, setting, raw, setting.articles, progress), ""
    if name == NEAR_MISS:
        rows = near_misses(setting.rows, raw.values())
        return _asked(name, rows, setting.bot, setting, raw, setting.articles, progress), ""
    sources, remark = _other_sources(name, setting)
    with setting.serve(sources) as bot:
        raw = {source.name: source.text for source in sources}
        cited = {quote.file for row in setting.rows for quote in row.evidence}
        articles = [article for article in bot.articles() if article.source in cited]
        judged = _asked(name, setting.rows, bot, setting, raw, articles, progress)
    return judged, remark


def _reworded_rows(name: str, rows: Sequence[GoldRow]) -> list[GoldRow]:
    questions = reworded(name, [(row.id, row.question) for row in rows])
    return [
        replace(row, question=question)
        for row, question in zip(rows, questions, strict=True)
        if question != row.question
    ]


def _other_sources(name: str, setting: Setting) -> tuple[list[Source], str]:
    quotes = [quote for row in setting.rows for quote in row.evidence]
    if name == NOISE:
        pages = [
            replace(
                source,
                text=noisy(
                    source.text,
                    [q.quote for q in quotes if q.file == source.name],
                    Random(f"noise:{source.name}"),
                ),
            )
            for source in setting.sources
        ]
        return pages, ""
    added = list(setting.distractors or _made(setting))
    forbidden = ["".join(q.quote.split()) for q in quotes]
    usable = [s for s in added if not any(q in "".join(s.text.split()) for q in forbidden)]
    left_out = f", {len(added) - len(usable)} left out that hold evidence" * (
        len(usable) < len(added)
    )
    return [*setting.sources, *usable], f"{len(usable)} added{left_out}"


def _made(setting: Setting) -> Iterator[Source]:
    texts = [source.text for source in setting.sources]
    return made_articles(DISTRACTORS, texts, (), Random("distractors"))


def _asked(
    name: str,
    rows: Sequence[GoldRow],
    bot: Asks,
    setting: Setting,
    raw: Mapping[str, str],
    articles: Sequence[Article],
    progress: Callable[[str], None],
) -> list[Judged]:
    with _file_of(name, setting.predictions) as file:
        predictions: list[Prediction] = answer_all(bot, rows, file, progress)
    cited = {quote.file for row in rows for quote in row.evidence}
    near = [article for article in articles if article.source in cited]
    return [judge(row, p, raw, near) for row, p in zip(rows, predictions, strict=True)]


@contextmanager
def _file_of(name: str, predictions: Path | None) -> Iterator[Path]:
    """Yield where a suite's answers go: beside the plain ones, or nowhere lasting."""
    if predictions is not None:
        yield predictions.with_name(f"{predictions.stem}.{name}{predictions.suffix}")
        return
    with tempfile.TemporaryDirectory(prefix="youju-") as folder:
        yield Path(folder) / "predictions.jsonl"


# ---------------------------------------------------------------- the line of a suite


def _line(name: str, setting: Setting, judged: Sequence[Judged], remark: str) -> dict[str, Any]:
    """Return `{"suite", "questions", "plain", "right", "low", "high", "p", "measures", …}`.

    `plain` and `right` are shares of the same questions dealt with rightly, without and with the
    difficulty; `low` and `high` are the 95 % interval of their difference, articles drawn anew; `p`
    is McNemar's. A near miss has nothing to compare with: it is another question.
    """
    line: dict[str, Any] = {
        "suite": name,
        "meaning": MEANINGS[name],
        "remark": remark,
        "questions": len(judged),
        "of": len(setting.rows),
        "right": _share(judged),
        "plain": None,
        "low": None,
        "high": None,
        "p": None,
        "won": 0,
        "lost": 0,
        "measures": _shown(judged),
    }
    if not judged or name == NEAR_MISS:
        return line
    plain = [setting.plain[question.id] for question in judged]
    ends = _difference(plain, judged)
    won = sum(q.right and not p.right for p, q in zip(plain, judged, strict=True))
    lost = sum(p.right and not q.right for p, q in zip(plain, judged, strict=True))
    return line | {
        "plain": _share(plain),
        "low": None if ends is None else round(ends[0], DIGITS),
        "high": None if ends is None else round(ends[1], DIGITS),
        "p": round(mcnemar(won, lost), DIGITS),
        "won": won,
        "lost": lost,
        "plain_measures": _shown(plain),
    }


def _share(questions: Sequence[Judged]) -> float | None:
    return round(sum(q.right for q in questions) / len(questions), DIGITS) if questions else None


def _difference(plain: Sequence[Judged], judged: Sequence[Judged]) -> tuple[float, float] | None:
    weights = cluster_weights([question.cluster for question in plain])
    right = MEASURES["right"]
    return interval(right.over(judged, weights)[0] - right.over(plain, weights)[0])


def _shown(questions: Sequence[Judged]) -> dict[str, float | None]:
    values = {}
    for name in SHOWN:
        value = float(MEASURES[name].over(questions, np.ones((1, len(questions))))[0][0])
        values[name] = None if np.isnan(value) else round(value, DIGITS)
    return values


def suite_table(lines: Sequence[Mapping[str, Any]]) -> str:
    """Return the suites as plain text, a line each."""
    heads = ("suite", "questions", "plain", "right", "difference", "hit@5", "refused", "p")
    shown = [
        f"{heads[0]:<14}{heads[1]:>9}{heads[2]:>8}{heads[3]:>8}{heads[4]:>28}"
        f"{heads[5]:>8}{heads[6]:>9}{heads[7]:>8}"
    ]
    for line in lines:
        measures = line["measures"]
        shown.append(
            f"{line['suite']:<14}{line['questions']:>9}{_number(line['plain']):>8}"
            f"{_number(line['right']):>8}{_moved(line):>28}{_number(measures['hit@5']):>8}"
            f"{_number(measures['false_refusals']):>9}{_chance(line['p']):>8}"
            + (f"  {line['remark']}" if line["remark"] else "")
        )
    return "\n".join(shown)


def _moved(line: Mapping[str, Any]) -> str:
    if line["plain"] is None or line["low"] is None:
        return "-"
    move = line["right"] - line["plain"]
    return f"{move:+.3f} ({line['low']:+.3f} to {line['high']:+.3f})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _chance(p: float | None) -> str:
    return "<0.001" if p is not None and p < 0.001 else _number(p)
