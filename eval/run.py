"""Ask a bot every gold question and keep its answers, one JSON object a line, resumable.

  {"id": "g001", "question": "松延动力7月交付多少台？", "answer": "105台", "refused": false, …}

Answering and scoring are two steps joined by this file: scoring never needs the bot again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from rag.errors import GoldError, QuestionError
from rag.types import Answer, History

Prediction = dict[str, Any]
"""The gold row's id and `Answer.to_json()`; for a follow-up also its `history`."""


class Asked(Protocol):
    """What this module needs of a question: a gold row, or one of a public set."""

    @property
    def id(self) -> str:
        """Its name, of which there is one in a set."""

    @property
    def question(self) -> str:
        """The words that are asked."""

    @property
    def history(self) -> History:
        """The turns before it."""


class Asks(Protocol):
    """What this module needs of a bot."""

    def ask(self, question: str, history: History = ()) -> Answer:
        """Answer one question or refuse."""
        ...


AnyAsked = TypeVar("AnyAsked", bound=Asked)


def quiet(message: str) -> None:
    """Drop a progress message."""


def answer_all(
    bot: Asks,
    rows: Sequence[Asked],
    out_path: Path,
    progress: Callable[[str], None] = quiet,
) -> list[Prediction]:
    """Return a prediction for every row, in order, each also written to `out_path` as it comes.

    Predictions already there are kept when id, question and history agree with the row; a line cut
    short by an interruption is dropped; predictions of other ids stay in the file untouched.
    Delete the file to have everything answered anew, for instance by a changed bot. Raises
    GoldError when `out_path` holds something else than predictions: then nothing is written.

    One after the other: two threads took 4.8 to 6.9 s for 80 questions that one asked in 4.5 to
    5.1 s (2026-11, 2 cores), because the reader's arithmetic uses the cores already.
    """
    return answer_by(lambda row: bot.ask(row.question, row.history), rows, out_path, progress)


def answer_by(
    ask: Callable[[AnyAsked], Answer],
    rows: Sequence[AnyAsked],
    out_path: Path,
    progress: Callable[[str], None] = quiet,
) -> list[Prediction]:
    """Do as `answer_all` does, with any way of asking."""
    kept = _resume(out_path, rows)
    waiting = [row for row in rows if row.id not in kept]
    if len(waiting) < len(rows):
        kept_rows = len(rows) - len(waiting)
        progress(f"{kept_rows} of {len(rows)} answers kept from {out_path}; delete it to ask anew")
    for number, row in enumerate(waiting, len(rows) - len(waiting) + 1):
        prediction = answer_one(ask, row)
        _append(out_path, prediction)
        kept[row.id] = prediction
        progress(f"answered {number} of {len(rows)}: {row.id}")
    return [kept[row.id] for row in rows]


def answer_one(ask: Callable[[AnyAsked], Answer], row: AnyAsked) -> Prediction:
    """Return the answer to one row. Raises GoldError naming a row that cannot be asked."""
    try:
        answer = ask(row)
    except QuestionError as error:
        raise GoldError(f"question {row.id} cannot be asked: {error}") from error
    prediction = {"id": row.id, **answer.to_json(), "question": row.question}
    if row.history:
        prediction["history"] = [list(turn) for turn in row.history]
    return prediction


def load_predictions(path: Path) -> list[Prediction]:
    """Return the predictions of a file; a last line that was cut short is dropped.

    Raises GoldError with one line for every bad line.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise GoldError(f"cannot read the predictions {path}: {error.strerror}") from error
    found: list[Prediction] = []
    problems: list[str] = []
    for number, line in enumerate(lines, 1):
        try:
            if line.strip():
                found.append(parse(line))
        except GoldError as error:
            problems.append(f"line {number}: {error}")
        except ValueError as error:
            if number < len(lines):  # only the last line has no newline after it
                problems.append(f"line {number}: not JSON: {error}")
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise GoldError(f"{path} is not a file of predictions; give another file\n{listed}")
    return found


def parse(line: bytes) -> Prediction:
    """Return one prediction. Raises ValueError for no JSON, GoldError for no prediction."""
    row = json.loads(line.decode("utf-8"))
    if not isinstance(row, dict):
        raise GoldError(f"not a JSON object but {type(row).__name__}")
    wrong = [name for name, fits in SHAPE.items() if name not in row or not fits(row[name])]
    if wrong:
        named = ", ".join(wrong)
        raise GoldError(f"({row.get('id', 'no id')}) missing or of the wrong kind: {named}")
    if row["refused"] != (row["answer"] is None):
        raise GoldError(f"({row['id']}) refused: {row['refused']}, yet answer: {row['answer']!r}")
    return row


def _are_spans(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(span, list) and len(span) == 2 and all(type(end) is int for end in span)
        for span in value
    )


def _are_citations(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(c, dict)
        and isinstance(c.get("source"), str)
        and isinstance(c.get("quote"), str)
        and _are_spans(c.get("spans"))
        for c in value
    )


def _are_hits(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(h, dict) and isinstance(h.get("source"), str) and isinstance(h.get("text"), str)
        for h in value
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


SHAPE: dict[str, Callable[[Any], bool]] = {
    "id": lambda value: isinstance(value, str),
    "question": lambda value: isinstance(value, str),
    "answer": lambda value: value is None or isinstance(value, str),
    "refused": lambda value: isinstance(value, bool),
    "confidence": lambda value: _is_number(value) and 0 <= value <= 1,
    "citations": _are_citations,
    "hits": _are_hits,
    "milliseconds": lambda value: isinstance(value, dict) and all(map(_is_number, value.values())),
}


def agrees(prediction: Mapping[str, Any], row: Asked) -> bool:
    """Tell whether a prediction answers this row: the same id, question and history."""
    history = [list(turn) for turn in row.history]
    return (prediction["id"], prediction["question"], prediction.get("history", [])) == (
        row.id,
        row.question,
        history,
    )


def _resume(out_path: Path, rows: Sequence[Asked]) -> dict[str, Prediction]:
    """Return the usable predictions by id; leave in the file only whole, up-to-date lines."""
    if not out_path.exists():
        out_path.parent.mkdir(parents=True, exist_ok=True)
        return {}
    wanted = {row.id: row for row in rows}
    kept = {
        p["id"]: p
        for p in load_predictions(out_path)
        if p["id"] not in wanted or agrees(p, wanted[p["id"]])
    }
    whole = b"".join(map(_line, kept.values()))
    if out_path.read_bytes() != whole:
        beside = out_path.with_name(out_path.name + ".part")
        beside.write_bytes(whole)
        beside.replace(out_path)
    return kept


def _line(prediction: Prediction) -> bytes:
    return json.dumps(prediction, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def _append(path: Path, prediction: Prediction) -> None:
    """Add one line with one system call, so that an interruption can cut only the last line."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        rest = _line(prediction)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)
