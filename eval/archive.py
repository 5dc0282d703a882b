"""Questions asked of a whole news archive:
`python -m eval.archive --data DIR --index INDEX [--rows 300]`, where INDEX was made by
`youju index DIR/text/zh_news.jsonl.xz`.

Sets of questions, each asked open over all 61,549 articles: ours about articles that the reader was
not trained on, by the language they are asked in; ours that such an article does not answer; and
those of `qa/zh_news_linked` whose text is among the articles, linked by machine (one link
in eight is wrong) and which the reader was trained on. The embedder was trained on the articles.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.metrics import correct
from rag.answer import Bot
from rag.confidence import Calibration
from rag.readers.examples import read_rows
from rag.readers.extractive import ExtractiveReader
from rag.readers.written import written_questions
from rag.settings import Settings
from rag.terms import is_chinese
from rag.types import Answer, essence

FIRST = 5  # passages
ROWS = 300  # questions of each set
_AROUND = 12  # characters on each side of an answer by which its passage is known again
_KEY = 16  # characters: long enough to stand in one story only


@dataclass(frozen=True)
class Asked:
    """A question with its answers; `evidence` is a piece of the article that holds one."""

    question: str
    answers: tuple[str, ...]
    evidence: str


@dataclass(frozen=True)
class Outcome:
    """What came of one question."""

    found: bool
    best_right: bool
    answered: bool
    milliseconds: float


def _around(text: str, start: int, end: int) -> str:
    return essence(text[max(0, start - _AROUND) : end + _AROUND])


def our_questions(data: Path) -> tuple[list[Asked], list[Asked]]:
    """Return our held-out questions about news articles, which are Chinese: answered there, and
    not."""
    chinese = [w for w in written_questions(data) if w.held_out and not w.context[:200].isascii()]
    return (
        [
            Asked(w.question, tuple(w.answers), _around(w.context, w.start, w.end))
            for w in chinese
            if w.answers
        ],
        [Asked(w.question, (), "") for w in chinese if not w.answers],
    )


def linked_questions(data: Path) -> list[Asked]:
    """Return the questions linked by machine whose evidence stands in one of the articles."""
    questions = _linked(data)
    sought = {question.evidence[:_KEY] for question in questions}
    kept = set()
    for row in read_rows(data / "text/zh_news.jsonl.xz"):
        text = essence(row["text"])
        kept |= sought & {text[i : i + _KEY] for i in range(len(text) - _KEY + 1)}
    return [question for question in questions if question.evidence[:_KEY] in kept]


def _linked(data: Path) -> list[Asked]:
    return [
        Asked(
            row["question"],
            tuple(a["text"] for a in row["answers"]),
            _around(
                row["context"],
                row["answers"][0]["start"],
                row["answers"][0]["start"] + len(row["answers"][0]["text"]),
            ),
        )
        for row in read_rows(data / "qa/zh_news_linked.jsonl.xz")
        if row["answers"]
    ]


def question_sets(data: Path) -> dict[str, list[Asked]]:
    """Return the sets of questions by their names."""
    said, unsaid = our_questions(data)
    return {
        "ours, held out, Chinese": [q for q in said if is_chinese(q.question)],
        "ours, held out, English": [q for q in said if not is_chinese(q.question)],
        "ours, not said": unsaid,
        "linked, trained on": linked_questions(data),
    }


def drawn(questions: Sequence[Asked], rows: int = ROWS) -> list[Asked]:
    """Return those of a set that are asked."""
    return random.Random(1).sample(questions, min(rows, len(questions)))


def spare_questions(data: Path) -> list[Asked]:
    """Return the questions with an answer that the figures are not from."""
    sets = question_sets(data).values()
    asked = {question for questions in sets for question in drawn(questions)}
    return [q for questions in sets for q in questions if q.answers and q not in asked]


def ask(bot: Bot, question: Asked, threshold: float) -> Outcome:
    """Ask one question of a bot that never refuses."""
    started = time.perf_counter()
    answer = bot.ask(question.question)
    spent = 1000 * (time.perf_counter() - started)
    found = bool(question.evidence) and any(
        question.evidence in essence(hit.article.text) for hit in answer.hits[:FIRST]
    )
    return Outcome(
        found,
        correct(answer.answer, question.answers) if question.answers else False,
        _answered(answer, threshold),
        spent,
    )


def _answered(answer: Answer, threshold: float) -> bool:
    return answer.answer is not None and answer.confidence >= threshold


def line(name: str, results: Sequence[Outcome]) -> str:
    """Return one row of the table."""

    def share(holds: Iterable[bool]) -> str:
        held = list(holds)
        return f"{sum(held) / max(1, len(held)):.3f}"

    times = sorted(r.milliseconds for r in results)
    return (
        f"{name:24} {len(results):5} found {share(r.found for r in results)}"
        f" best right {share(r.best_right for r in results)}"
        f" answered {share(r.answered for r in results)}"
        f" answered right {share(r.answered and r.best_right for r in results)}"
        f" p50 {times[len(times) // 2]:.0f} ms p95 {times[int(len(times) * 0.95)]:.0f} ms\n"
    )


def main() -> None:
    """Print one line a set."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=ROWS, help="questions of each set")
    options = parser.parse_args()
    bot = Bot.open(options.index, settings=Settings(refuse_below=0.0))
    threshold = Calibration.from_json(ExtractiveReader.load().calibration).threshold
    for name, questions in question_sets(options.data).items():
        results = [ask(bot, question, threshold) for question in drawn(questions, options.rows)]
        sys.stdout.write(line(name, results))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
