"""What the reader puts first for training questions, and whether it is right:
`python -m eval.tried --data DIR --index INDEX --cache CACHE`, where INDEX was made by
`youju index DIR/text/zh_news.jsonl.xz`. Writes CACHE/tried.jsonl, from which
`rag.readers.judging` trains the second look.

Asked of all news articles, of the texts of the public sets, and of most of the articles of our
own questions, printed on damaged pages. The passages are those that search finds. Of a quarter of
the questions those with the answer are left out: what the articles do not say is asked too. Where
the question's own passage was found, but too late to be read, it takes the place of the last one.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from eval.metrics import correct
from eval.mining import Mined, are_of_text, asked_of, news_questions, options_of
from eval.simulate import pages_of
from rag.claims import make_claims
from rag.confidence import Calibration
from rag.ingest import index_sources, load_embedder
from rag.readers import Reader
from rag.readers.examples import TRIED
from rag.readers.extractive import ExtractiveReader
from rag.search import Search
from rag.settings import Settings
from rag.stores import open_search
from rag.types import Hit

_FOUND, _READ = 24, Settings().passages_read  # passages found and read
_UNSAID = 0.25  # share of the questions whose passages are left out
_BROUGHT = 0.75  # of the others, share whose own passage is brought forward
_FIRST, _RIGHT, _OTHERS = 8, 3, 4  # possible answers kept: the first, right ones, of the rest
_MOST = 40  # possible answers looked at
_PRINTED = 0.6  # of the articles of our own questions are printed on pages


def passages_for(
    hits: Sequence[Hit], asked: Mined, rng: random.Random
) -> tuple[list[Hit], list[str]]:
    """Return the passages to read and the answers that are right there, of those found."""
    own = are_of_text([hit.text for hit in hits], asked.context)
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


def kept(right: Sequence[bool], rng: random.Random) -> list[int]:
    """Return which of the possible answers, best first, the reader must tell apart."""
    first = min(_FIRST, len(right))
    some = {*range(first), *[n for n, is_right in enumerate(right) if is_right][:_RIGHT]}
    others = [n for n in range(len(right)) if n not in some]
    return sorted(some | set(rng.sample(others, min(_OTHERS, len(others)))))


def tried(
    search: Search,
    reader: Reader,
    asked: Sequence[Mined],
    calibration: Calibration,
    rng: random.Random,
) -> Iterator[dict[str, Any]]:
    """Yield {"q": question, "c": passage, "spans": [[start, end, right], …]}, a row a passage.

    The spans are as they were read; right is what a claim makes of one when it is cut.
    """
    for one in asked:
        found, translated = search.look(one.question, _FOUND)
        hits, answers = passages_for([hit for hit in found if not hit.same_as], one, rng)
        readings = reader.read(one.question, [hit.text for hit in hits])
        read = {(r.passage, r.score, r.judged): r for r in readings}
        claims = make_claims(one.question, hits, readings, calibration, translated)[:_MOST]
        right = [bool(answers) and correct(c.text, answers, ()) for c in claims]
        spans: dict[int, list[tuple[int, int, int]]] = {}
        for n in kept(right, rng):
            reading = read.get((claims[n].passage, claims[n].told[0], claims[n].told[-1]))
            if reading is not None:  # one that was joined from two, or cut otherwise, is not read
                spans.setdefault(reading.passage, []).append((*reading.span, int(right[n])))
        for passage, told in spans.items():
            yield {"q": one.question, "c": hits[passage].text, "spans": told}


def asked_of_pages(
    options: argparse.Namespace, rng: random.Random
) -> Iterator[tuple[Search, list[Mined]]]:
    """Yield our own questions about news with what searches their articles, printed on pages."""
    news = news_questions(options.data, every=True)
    texts = sorted({one.context for one in news})
    printed = rng.sample(texts, round(len(texts) * _PRINTED))
    chosen = set(printed)
    asked = [one for one in news if one.context in chosen]
    drawn = rng.sample(asked, min(options.rows, len(asked)))
    with tempfile.TemporaryDirectory(prefix="youju-") as folder:
        index_sources(Path(folder), pages_of(printed, rng))
        yield open_search(Path(folder), load_embedder("default"), Settings()), drawn
    sys.stderr.write(f"{len(drawn)} questions asked of pages\n")


def main() -> None:
    """Ask all three kinds of questions and write what was tried."""
    options, rng, reader = options_of(__doc__, 16_000), random.Random(9), ExtractiveReader.load()
    calibration = Calibration.from_json({**reader.calibration, "trees": None})
    draft = options.cache / f"new-{TRIED}"
    with draft.open("w", encoding="utf-8") as out:
        everywhere = chain(asked_of(options, rng, every=True), asked_of_pages(options, rng))
        for search, asked in everywhere:
            for row in tried(search, reader, asked, calibration, rng):
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
    draft.replace(options.cache / TRIED)


if __name__ == "__main__":
    main()
