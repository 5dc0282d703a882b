"""Passages that search finds for a question and that do not answer it:
`python -m eval.mining --data DIR --index INDEX --cache CACHE`, where INDEX was made by
`youju index DIR/text/zh_news.jsonl.xz`. Writes CACHE/found.jsonl, from which `rag.readers.train`
has the reader learn "not here".

What a reader meets is what search brings: other firms' issue prices, other typhoons. Paragraphs of
the question's own article, which it learnt "not here" from before, are not like that.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rag.ingest import index_sources, load_embedder
from rag.readers.examples import FOUND, read_rows
from rag.readers.written import written_questions
from rag.search import Search
from rag.settings import Settings
from rag.stores import open_search
from rag.terms import is_chinese
from rag.types import Source

SETS = (  # of an encyclopaedia or news, with an answer a passage can be seen to lack
    "zh_cmrc2018_train",
    "zh-Hant_drcd_dev",
    "zh_counterterror_news",
    "en_qed_train",
    "en_squadshifts_reddit",
    "en_squadshifts_amazon",
)
_FOUND, _FIRST, _DRAWN = 8, 5, 2  # passages found, the first of them that do not answer, and drawn
_SHARED = 20  # characters in common with the question's own text: a copy of it may answer
_LONGEST, _LONGEST_ENGLISH = 25, 60  # characters; of longer answers other words may say the same


class Mined(NamedTuple):
    """A question, the text it is about and the forms of its answer."""

    question: str
    context: str
    answers: Sequence[str]


def unanswering(passages: Sequence[str], asked: Mined) -> list[str]:
    """Return the passages, in order, that hold no answer and are not from the question's text.

    >>> asked = Mined("发行价几块?", "埃科光电发行价73.33元。", ["73.33元"])
    >>> unanswering(["发行价为38.09元", "埃科光电每股73.33元", "埃科光电发行价"], asked)
    ['发行价为38.09元', '埃科光电发行价']
    """
    return [
        passage
        for passage, of_it in zip(passages, are_of_text(passages, asked.context), strict=True)
        if not of_it and not any(answer.lower() in passage.lower() for answer in asked.answers)
    ]


def are_of_text(passages: Sequence[str], text: str) -> list[bool]:
    """Tell which passages are of this text, or of one that says it in the same words."""
    own = {text[i : i + _SHARED] for i in range(len(text) - _SHARED + 1)}
    return [
        any(passage[i : i + _SHARED] in own for i in range(len(passage) - _SHARED + 1))
        for passage in passages
    ]


def mined(search: Search, asked: Sequence[Mined], rng: random.Random) -> Iterator[dict[str, str]]:
    """Yield rows {"q": question, "c": passage}, up to two a question."""
    for one in asked:
        hits = search.find(one.question, _FOUND)
        left = unanswering([hit.text for hit in hits], one)[:_FIRST]
        for passage in rng.sample(left, min(_DRAWN, len(left))):
            yield {"q": one.question, "c": passage}


def news_questions(data: Path, *, every: bool = False) -> list[Mined]:
    """Return our own training questions about news articles, which are Chinese; `every`: those with
    a long answer, or none, too."""
    return [one for one in _written(data, every=every) if is_chinese(one.context)]


def public_questions(data: Path, *, every: bool = False) -> list[Mined]:
    """Return those of the public sets, and our own about English text; `every` as above."""
    rows = (row for name in SETS for row in read_rows(data / "qa" / f"{name}.jsonl.xz"))
    public = [
        Mined(row["question"], row["context"], [answer["text"] for answer in row["answers"]])
        for row in rows
        if row["answers"]
    ]
    return [one for one in public if every or _is_short(one)] + [
        one for one in _written(data, every=every) if not is_chinese(one.context)
    ]


def _written(data: Path, *, every: bool) -> Iterator[Mined]:
    for row in written_questions(data):
        one = Mined(row.question, row.context, row.answers)
        if not row.held_out and (every or (row.answers and _is_short(one))):
            yield one


def _is_short(one: Mined) -> bool:
    most = _LONGEST if is_chinese(one.context) else _LONGEST_ENGLISH
    return len(one.answers[0]) <= most


def options_of(doc: str | None, rows: int) -> argparse.Namespace:
    """Read the options of what asks training questions, `rows` of each kind unless told."""
    parser = argparse.ArgumentParser(description=(doc or "").split(":")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--index", type=Path, required=True, help="of all news articles")
    parser.add_argument("--cache", type=Path, default=Path("reader-cache"))
    parser.add_argument("--rows", type=int, default=rows, help="questions of each kind")
    return parser.parse_args()


def asked_of(
    options: argparse.Namespace, rng: random.Random, *, every: bool = False
) -> Iterator[tuple[Search, list[Mined]]]:
    """Yield both kinds of questions with what searches for them: all news articles; an index, made
    for it, of the texts of the public sets and of ours about English text."""
    embedder = load_embedder("default")
    with tempfile.TemporaryDirectory(prefix="youju-") as folder:
        public = public_questions(options.data, every=every)
        contexts = dict.fromkeys(one.context for one in public)
        index_sources(Path(folder), (Source(f"{n}.txt", c) for n, c in enumerate(contexts)))
        news = news_questions(options.data, every=every)
        for index, asked in ((options.index, news), (Path(folder), public)):
            drawn = rng.sample(asked, min(options.rows, len(asked)))
            yield open_search(index, embedder, Settings()), drawn
            sys.stderr.write(f"{len(drawn)} questions asked of {index}\n")


def main() -> None:
    """Mine both kinds and write them."""
    options, rng = options_of(__doc__, 20_000), random.Random(8)
    draft = options.cache / f"new-{FOUND}"
    with draft.open("w", encoding="utf-8") as out:
        for search, asked in asked_of(options, rng):
            for row in mined(search, asked, rng):
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
    draft.replace(options.cache / FOUND)


if __name__ == "__main__":
    main()
