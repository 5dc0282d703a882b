"""What the reader puts first for training questions, and whether it is right:
`python -m eval.tried --data DIR --index INDEX --cache CACHE`, where INDEX was made by
`youju index DIR/text/zh_news.jsonl.xz`. Writes CACHE/tried.jsonl, from which
`rag.readers.judging` trains the second look.

The passages are those that search finds. Of a quarter of the questions those with the answer are
left out: what the articles do not say is asked too. Where the question's own passage was found, but
too late to be read, it takes the place of the last one.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from eval.metrics import correct, f1
from eval.mining import Mined, is_of_text, news_questions, public_questions
from rag.answer import Bot
from rag.claims import Claim, Passage, make_claims
from rag.confidence import Calibration
from rag.ingest import index_sources
from rag.readers import Reader
from rag.readers.examples import TRIED
from rag.readers.extractive import ExtractiveReader
from rag.settings import Settings
from rag.types import Hit, Source, Span

_FOUND, _READ = 24, Settings().passages_read  # passages found and read
_UNSAID = 0.25  # share of the questions whose passages are left out
_BROUGHT = 0.75  # of the others, share whose own passage is brought forward
_FIRST, _RIGHT, _OTHERS = 8, 3, 4  # possible answers kept: the first, right ones, of the rest
_MOST = 40  # possible answers looked at


def passages_for(
    hits: Sequence[Hit], asked: Mined, rng: random.Random
) -> tuple[list[Hit], list[str]]:
    """Return the passages to read and the answers that are right there, of those found."""
    own = [is_of_text(hit.text, asked.context) for hit in hits]
    chance = rng.random()
    if asked.answers and chance < _UNSAID:
        without = [
            hit
            for hit, of_it in zip(hits, own, strict=True)
            if not of_it and not any(len(a) > 2 and a in hit.text for a in asked.answers)
        ]
        return without[:_READ], []
    read = list(hits[:_READ])
    if asked.answers and chance < _BROUGHT and not any(own[:_READ]) and any(own):
        read[-1] = hits[own.index(True)]
    return read, list(asked.answers)


def kept(claims: Sequence[Claim], answers: Sequence[str], rng: random.Random) -> list[int]:
    """Return which of the possible answers are kept: those the reader must tell apart."""
    right = [n for n, c in enumerate(claims) if answers and correct(c.text, answers, ())]
    some = {*range(min(_FIRST, len(claims))), *right[:_RIGHT]}
    others = [n for n in range(len(claims)) if n not in some]
    return sorted(some | set(rng.sample(others, min(_OTHERS, len(others)))))


def rows_of(
    question: str, passages: Sequence[Passage], claims: Sequence[Claim], answers: Sequence[str]
) -> list[dict[str, Any]]:
    """Return {"q", "c": passage, "spans": [[start, end, right, F1], …]}, one a passage."""
    rows: dict[int, dict[str, Any]] = {}
    for claim in claims:
        passage, where = passages[claim.passage], claim.places[0][1]
        inside = Span(where.start - passage.span.start, where.end - passage.span.start)
        text = passage.article.text[passage.span.start : passage.span.end]
        if not 0 <= inside.start < inside.end <= len(text):
            continue  # cut as a person would, it goes on beyond the passage
        right = bool(answers) and correct(claim.text, answers, ())
        cut = f1(claim.text, answers) if answers else 0.0
        row = rows.setdefault(claim.passage, {"q": question, "c": text, "spans": []})
        row["spans"].append([*inside, int(right), round(cut, 3)])
    return list(rows.values())


def tried(
    bot: Bot, reader: Reader, asked: Sequence[Mined], calibration: Calibration, rng: random.Random
) -> Iterator[dict[str, Any]]:
    """Yield the rows of all questions."""
    for one in asked:
        found = bot.search(one.question, limit=_FOUND)
        passages, answers = passages_for([hit for hit in found if not hit.same_as], one, rng)
        readings = reader.read(one.question, [hit.text for hit in passages])
        claims = make_claims(one.question, passages, readings, calibration)[:_MOST]
        some = [claims[n] for n in kept(claims, answers, rng)]
        yield from rows_of(one.question, passages, some, answers)


def main() -> None:
    """Ask both kinds of questions and write what was tried."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--index", type=Path, required=True, help="of all news articles")
    parser.add_argument("--cache", type=Path, default=Path("reader-cache"))
    parser.add_argument("--rows", type=int, default=9_000, help="questions of each kind")
    options = parser.parse_args()
    rng, reader = random.Random(9), ExtractiveReader.load()
    calibration = Calibration.from_json({**reader.calibration, "trees": None})
    draft = options.cache / f"new-{TRIED}"
    with tempfile.TemporaryDirectory(prefix="youju-") as folder, draft.open("w") as out:
        public = public_questions(options.data, every=True)
        contexts = dict.fromkeys(one.context for one in public)
        index_sources(Path(folder), (Source(f"{n}.txt", c) for n, c in enumerate(contexts)))
        news = news_questions(options.data, every=True)
        for index, asked in ((options.index, news), (folder, public)):
            drawn = rng.sample(asked, min(options.rows, len(asked)))
            for row in tried(Bot.open(Path(index)), reader, drawn, calibration, rng):
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
            sys.stderr.write(f"{len(drawn)} questions asked of {index}\n")
    draft.replace(options.cache / TRIED)


if __name__ == "__main__":
    main()
