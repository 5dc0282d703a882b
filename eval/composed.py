"""Answers that are put together, on questions written for them: sums, choices, comparisons, lists,
several parts, superlatives, yes and no.

    {"id": "c002", "article": "n030430", "type": "choice", "question": "…?", "answers": ["…"]}

`composed.jsonl` holds no article: `article` names one that is kept out of the reader's training, as
in `rag.readers.written`; no answers and no `all_of` means that it does not say. Each question is
asked of its own article. One article in three is the test half, whose single questions nobody
looks at: `--show` prints those of the dev half alone.

    python -m eval.composed --data DIR [--show]
    python -m eval.composed --data DIR --ordinary 600     how often rules fire on other questions
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from eval.metrics import correct
from eval.squad import build_bot
from rag.answer import Bot
from rag.confidence import Calibration
from rag.readers.extractive import ExtractiveReader
from rag.readers.written import articles_named, written_questions
from rag.types import Source

QUESTIONS = Path(__file__).with_name("composed.jsonl")
_TEST = 3  # one article in so many


class Row(NamedTuple):
    """One question; neither `answers` nor `all_of` where the article does not say."""

    id: str
    article: str
    type: str
    question: str
    answers: Sequence[str]
    all_of: Sequence[Sequence[str]]

    @property
    def answerable(self) -> bool:
        """Whether the article says it."""
        return bool(self.answers or self.all_of)

    @property
    def split(self) -> str:
        """The half its article is in."""
        return "test" if zlib.crc32(f"third {self.article}".encode()) % _TEST == 0 else "dev"


class Outcome(NamedTuple):
    """What the bot made of a question. `read_right`: whether the best answer that was read is,
    where a rule put another one before it."""

    row: Row
    answer: str
    right: bool
    refused: bool
    rule: str
    read: str
    read_right: bool


def rows(path: Path = QUESTIONS) -> list[Row]:
    """Return all questions of a file."""
    found = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [
        Row(
            r["id"],
            r["article"],
            r["type"],
            r["question"],
            tuple(r["answers"]),
            tuple(map(tuple, r.get("all_of", ()))),
        )
        for r in found
    ]


def ordinary(data: Path, count: int) -> tuple[list[Row], dict[str, str]]:
    """Return so many held-out questions of any kind, at a fixed stride, and their articles."""
    held = [q for q in written_questions(data) if q.held_out]
    taken = held[:: max(1, len(held) // count)][:count]
    made = [
        Row(f"w{n}", f"w{n}", "ordinary", q.question, q.answers, ()) for n, q in enumerate(taken)
    ]
    return made, {row.id: q.context for row, q in zip(made, taken, strict=True)}


def ask(bot: Bot, calibration: Calibration, row: Row, text: str) -> Outcome:
    """Ask one question of its article."""
    weighed = bot.weigh_text(row.question, text)
    if weighed is None:
        return Outcome(row, "", False, True, "", "", False)
    claims, evidence = weighed
    refused = calibration.confidence(evidence) < calibration.threshold
    best, read = claims[0], next((c.text for c in claims if not c.rule), "")
    right, read_right = (
        row.answerable and correct(said, row.answers, row.all_of) for said in (best.text, read)
    )
    return Outcome(row, best.text, right, refused, best.rule, read, read_right)


def by_type(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield a line a type and half: asked, right, right and not refused; of what the article does
    not say, answered all the same."""
    found: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        for kind in (outcome.row.type, "all"):
            found.setdefault((kind, outcome.row.split), []).append(outcome)
    for (kind, split), group in sorted(found.items()):
        told = [o for o in group if o.row.answerable]
        none = [o for o in group if not o.row.answerable]
        given = sum(o.right and not o.refused for o in told)
        wrong = sum(not o.refused for o in none)
        yield (
            f"{kind:12}{split:5} right {sum(o.right for o in told):3}/{len(told):3}   given and"
            f" right {given:3}   answered without ground {wrong:2}/{len(none):2}"
        )


def by_rule(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield a line a rule and half: fired, right, and right where what was read would have been."""
    found: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.rule:
            found.setdefault((outcome.rule, outcome.row.split), []).append(outcome)
    for (rule, split), group in sorted(found.items()):
        told = [o for o in group if o.row.answerable]
        yield (
            f"{rule:12}{split:5} fired {len(group):3}   right {sum(o.right for o in group):3}"
            f"   what was read right {sum(o.read_right for o in group):3}"
            f"   not told {len(group) - len(told):2}"
        )


def shown(outcome: Outcome) -> str:
    """Return one question with what it was answered."""
    row = outcome.row
    wanted = " & ".join("/".join(f) for f in row.all_of) or "/".join(row.answers) or "—"
    mark = "+" if outcome.right else "o" if not row.answerable and outcome.refused else "-"
    return "\t".join(
        [mark, row.id, row.article, row.type, row.question, f"wanted {wanted}"]
        + [f"said {outcome.answer}", f"rule {outcome.rule}", f"read {outcome.read}"]
        + ["refused"] * outcome.refused
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask all questions and print the totals."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of training data")
    parser.add_argument("--ordinary", type=int, default=0, metavar="N")
    parser.add_argument("--show", action="store_true", help="each question of the dev half")
    options = parser.parse_args(arguments)
    if options.ordinary:
        asked, texts = ordinary(options.data, options.ordinary)
    else:
        asked = rows()
        texts = dict(articles_named(options.data, {row.article for row in asked}))
    with tempfile.TemporaryDirectory(prefix="youju-") as folder:
        bot: Any = build_bot(Path(folder), [Source("none.txt", "。")], lambda _: None)
        calibration = Calibration.from_json(ExtractiveReader.load().calibration)
        outcomes = [ask(bot, calibration, row, texts[row.article]) for row in asked]
    lines = [*by_type(outcomes), *by_rule(outcomes)]
    if options.show:
        lines += [shown(o) for o in outcomes if o.row.split == "dev"]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
