"""Public reading-comprehension sets: each question against its own context, or against all of them.

  closed_book(bot, path)       bot.ask_text(question, context): how well it reads
  open_book(path)              all contexts in a temporary index, then bot.ask(question)

Answers are kept in a file of predictions, if one is named, and resumed from there; scores are made
from the predictions alone.

Formats, by the file's name, .xz may follow: `.json` SQuAD 1.1 or 2.0; `.jsonl` one row a line,
{"id": "q1", "context": "…", "question": "…", "answers": [{"text": "105台", "start": 7}]} where
answers may also be {"text": […], "answer_start": […]}. No answers: the question cannot be
answered.
"""

from __future__ import annotations

import json
import lzma
import re
import string
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from eval.metrics import Floats, cluster_weights, em, f1, interval, ratio
from eval.run import Asks, Prediction, answer_by, quiet
from rag.errors import GoldError
from rag.types import Answer, History, Source

FOUND_AT = (1, 5, 10)
DIGITS = 4


class Reads(Protocol):
    """What closed reading needs of a bot."""

    def ask_text(self, question: str, text: str, *, must_answer: bool = False) -> Answer:
        """Answer from this one text."""
        ...


@dataclass(frozen=True, slots=True)
class Item:
    """One question of a public set; `answers` is empty when the context does not answer it."""

    id: str
    question: str
    context: str
    answers: tuple[str, ...]
    history: History = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """One question answered: EM and F1 under the rules of CMRC 2018 and under those of SQuAD."""

    id: str
    context: str  # name of the context
    answerable: bool
    answer: str | None
    confidence: float
    em: float
    f1: float
    squad_em: float
    squad_f1: float
    rank: int | None  # of the question's own context among the hits; None in closed reading
    milliseconds: float


# ---------------------------------------------------------------- reading the file


def load(path: Path) -> list[Item]:
    """Return the questions of a set. Raises GoldError naming every row that cannot be used."""
    plain = path.name.removesuffix(".xz")
    if not plain.endswith((".json", ".jsonl")):
        raise GoldError(f"{path.name} is neither .json nor .jsonl (.xz may follow); convert it")
    try:
        data = path.read_bytes()
        data = lzma.decompress(data) if path.name.endswith(".xz") else data
        text = data.decode("utf-8-sig")
        rows = list(_lines(text) if plain.endswith(".jsonl") else _squad_rows(json.loads(text)))
    except (OSError, ValueError, lzma.LZMAError) as error:
        raise GoldError(f"cannot read {path}: {error}") from error
    items, problems = _items(rows)
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise GoldError(f"{path}: {len(problems)} bad row(s), correct them:\n{listed}")
    if not items:
        raise GoldError(f"{path} holds no questions")
    return items


def _items(rows: Iterable[tuple[str, Any]]) -> tuple[list[Item], list[str]]:
    """Return the questions, and what is wrong with the rows that are none."""
    items: list[Item] = []
    problems: list[str] = []
    first: dict[str, str] = {}
    for place, row in rows:
        try:
            item = _item(row)
        except (KeyError, TypeError) as error:
            problems.append(f"{place}: needs id, context, question and answers; {error!r}")
            continue
        if item.id in first:
            problems.append(f"{place}: id {item.id!r} was taken at {first[item.id]}")
        first.setdefault(item.id, place)
        items.append(item)
    return items, problems


def _lines(text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield f"line {number}", json.loads(line)
            except ValueError as error:
                raise ValueError(f"line {number} is not JSON: {error}") from error


def _squad_rows(data: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield `(place, row)` for each question of the nested form data > paragraphs > qas."""
    try:
        for a, article in enumerate(data["data"]):
            for p, paragraph in enumerate(article["paragraphs"]):
                for q, row in enumerate(paragraph["qas"]):
                    place = f"data[{a}].paragraphs[{p}].qas[{q}]"
                    yield place, {**row, "context": paragraph["context"]}
    except (KeyError, TypeError) as error:
        raise ValueError(f"not in SQuAD form (data > paragraphs > qas): {error!r}") from error


def _item(row: dict[str, Any]) -> Item:
    """Return one question. Raises KeyError or TypeError when a field is missing or of no use."""
    texts = _answer_texts(row["answers"])
    parts = (row["question"], row["context"], *texts)
    if not all(isinstance(part, str) for part in parts):
        raise TypeError("question, context and answers must be strings")
    return Item(str(row["id"]), row["question"], row["context"], tuple(dict.fromkeys(texts)))


def _answer_texts(answers: list[Any] | dict[str, Any]) -> list[str]:
    """Return the texts of either form: [{"text": …}, …] or {"text": […]}."""
    if isinstance(answers, dict):
        return list(answers["text"])
    return [answer["text"] for answer in answers]


# ---------------------------------------------------------------- the rules of SQuAD

ARTICLES = re.compile(r"\b(?:a|an|the)\b")
ASCII_MARKS = str.maketrans("", "", string.punctuation)


def squad_words(text: str) -> list[str]:
    """Cut a text as SQuAD's evaluation does: lower case, no ASCII punctuation, no articles.

    Made for English: a Chinese answer is one word, so its F1 is its EM.
    """
    return ARTICLES.sub(" ", text.lower().translate(ASCII_MARKS)).split()


def squad_f1(answer: str, answers: Sequence[str]) -> float:
    """Return SQuAD's F1 over bags of words, the best over `answers`, 0 to 1."""
    return max((_bag_f1(squad_words(answer), squad_words(form)) for form in answers), default=0.0)


def _bag_f1(mine: Sequence[str], theirs: Sequence[str]) -> float:
    if not mine or not theirs:
        return float(mine == theirs)
    shared = (Counter(mine) & Counter(theirs)).total()
    return 2 * shared / (len(mine) + len(theirs))


def squad_em(answer: str, answers: Sequence[str]) -> bool:
    """Tell whether `answer` equals one of `answers` word by word under SQuAD's rules."""
    return any(squad_words(answer) == squad_words(form) for form in answers)


# ---------------------------------------------------------------- asking and scoring


def score(item: Item, context: str, prediction: Prediction) -> Scored:
    """Score one prediction. If the context has none, EM and F1 are 1 for a refusal, else 0.

    A refusal of an answerable question scores 0.
    """
    given = prediction["answer"]
    if item.answers and given is not None:
        values = (
            float(em(given, item.answers)),
            f1(given, item.answers),
            float(squad_em(given, item.answers)),
            squad_f1(given, item.answers),
        )
    else:
        values = (float(not item.answers and given is None),) * 4
    names = [hit["source"] for hit in prediction["hits"]]
    return Scored(
        item.id,
        context,
        bool(item.answers),
        given,
        prediction["confidence"],
        *values,
        rank=names.index(context) + 1 if context in names else None,
        milliseconds=prediction["milliseconds"].get("total", 0.0),
    )


def closed_book(
    bot: Reads,
    path: Path,
    *,
    limit: int | None = None,
    predictions: Path | None = None,
    progress: Callable[[str], None] = quiet,
) -> dict[str, Any]:
    """Ask each question of its own context. Returns the scores as `_result` lays them out.

    A set in which every question has an answer is asked with `must_answer`, so that the best span
    counts and no threshold; a set with unanswerable questions leaves the bot free to refuse.
    """
    items = load(path)
    must_answer = all(item.answers for item in items)
    names = _context_names(items)

    def ask(item: Item) -> Answer:
        return bot.ask_text(item.question, item.context, must_answer=must_answer)

    scored = _scored(ask, _spread(items, limit), names, predictions, progress)
    return _result(path, "closed", len(names), scored) | {"must_answer": must_answer}


def open_book(
    path: Path,
    *,
    limit: int | None = None,
    predictions: Path | None = None,
    progress: Callable[[str], None] = quiet,
    build: Callable[[Path, list[Source], Callable[[str], None]], Asks] | None = None,
) -> dict[str, Any]:
    """Index every context in a temporary folder, then ask. Returns as `closed_book` does.

    `limit` limits the questions, not the contexts. `build(folder, sources, progress)` makes the
    bot; without it `build_bot` does, with the default settings and models. An unanswerable
    question counts as such although another context of the set may answer it.
    """
    items = load(path)
    names = _context_names(items)
    sources = [Source(name=name, text=text) for text, name in names.items()]
    with tempfile.TemporaryDirectory(prefix="youju-") as folder:
        bot = (build or build_bot)(Path(folder), sources, progress)

        def ask(item: Item) -> Answer:
            return bot.ask(item.question)

        scored = _scored(ask, _spread(items, limit), names, predictions, progress)
    found = {
        f"hit@{k}": _mean(scored, [float(s.rank is not None and s.rank <= k) for s in scored])
        for k in FOUND_AT
    }
    return _result(path, "open", len(names), scored) | found


def _scored(
    ask: Callable[[Item], Answer],
    items: Sequence[Item],
    names: dict[str, str],
    predictions: Path | None,
    progress: Callable[[str], None],
) -> list[Scored]:
    with tempfile.TemporaryDirectory(prefix="youju-") as folder:
        file = predictions or Path(folder) / "predictions.jsonl"
        given = answer_by(ask, items, file, progress)
    return [score(i, names[i.context], p) for i, p in zip(items, given, strict=True)]


def build_bot(folder: Path, sources: list[Source], progress: Callable[[str], None]) -> Asks:
    """Index the sources and open a bot on them, with default settings and models."""
    from rag.answer import Bot
    from rag.ingest import index_sources

    index_sources(folder, sources, progress=progress)
    return Bot.open(folder)


def _context_names(items: Sequence[Item]) -> dict[str, str]:
    """Return context -> its name as a source; each distinct context once."""
    distinct = dict.fromkeys(item.context for item in items)
    return {context: f"context-{number:06d}.txt" for number, context in enumerate(distinct, 1)}


def _spread(items: Sequence[Item], limit: int | None) -> list[Item]:
    """Return `limit` items at even distances: the first ones would share a handful of contexts."""
    if limit is None or limit >= len(items):
        return list(items)
    return [items[index * len(items) // limit] for index in range(limit)]


# ---------------------------------------------------------------- the result


def _result(path: Path, mode: str, contexts: int, scored: Sequence[Scored]) -> dict[str, Any]:
    """Lay out the scores: {"em": {"value", "low", "high"}, …}, intervals by context."""
    times = np.percentile([s.milliseconds for s in scored] or [0.0], [50, 95])
    return {
        "set": path.name,
        "mode": mode,
        "asked": len(scored),
        "contexts": contexts,
        "unanswerable": sum(not s.answerable for s in scored),
        "em": _mean(scored, [s.em for s in scored]),
        "f1": _mean(scored, [s.f1 for s in scored]),
        "squad_em": _mean(scored, [s.squad_em for s in scored]),
        "squad_f1": _mean(scored, [s.squad_f1 for s in scored]),
        "has_answer": _part([s for s in scored if s.answerable]),
        "no_answer": _part([s for s in scored if not s.answerable]),
        "false_refusals": _share(s.answer is None for s in scored if s.answerable),
        "false_answers": _share(s.answer is not None for s in scored if not s.answerable),
        "milliseconds": {"p50": round(float(times[0]), 2), "p95": round(float(times[1]), 2)},
        "questions": [asdict(s) for s in scored],
    }


def _part(scored: Sequence[Scored]) -> dict[str, Any] | None:
    """Return EM and F1 of one half of SQuAD 2.0's rows, HasAns or NoAns; None when it is empty."""
    if not scored:
        return None
    names = ("em", "f1", "squad_em", "squad_f1")
    means = {name: round(sum(getattr(s, name) for s in scored) / len(scored), 4) for name in names}
    return {"questions": len(scored)} | means


def _mean(scored: Sequence[Scored], values: Sequence[float]) -> dict[str, float | None]:
    column = np.array(values, dtype=np.float64)
    ones: Floats = np.ones_like(column)
    weights = cluster_weights([s.context for s in scored])
    mean = float(ratio(column, ones, ones[np.newaxis])[0])
    ends = interval(ratio(column, ones, weights)) if len({s.context for s in scored}) > 1 else None
    low, high = ends or (None, None)
    return {
        "value": None if np.isnan(mean) else round(mean, DIGITS),
        "low": None if low is None else round(low, DIGITS),
        "high": None if high is None else round(high, DIGITS),
    }


def _share(cases: Iterable[bool]) -> float | None:
    """Return the share of true cases, None when there are none at all."""
    listed = list(cases)
    return round(sum(listed) / len(listed), DIGITS) if listed else None
