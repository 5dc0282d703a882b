"""Questions that we wrote ourselves, as people ask them, over articles of the training data.

    {"id": "n008268", "q": "台积电在德国那家厂自己占几成股份？", "a": "70%", "t": "number"}

Kept in `questions/*.jsonl`, without the articles: `id` names one of `text/zh_news.jsonl.xz`, or
"en" and a line of `parallel/news_2017_2022.tsv.xz`, where nine lines of English begin. `a` stands
in the article word for word; it is null where the article does not say, though it speaks of the
same things. One article in ten is kept out of training, to measure by.
"""

from __future__ import annotations

import itertools
import json
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).with_name("questions")
_READ = 950  # characters of a Chinese article that were read when its questions were written
_ENGLISH_LINES, _ENGLISH_READ = 9, 1500
_HELD_OUT = 10  # one article in so many


class Written(NamedTuple):
    """One question; `start` and `end` are characters of `context`, -1 where it has no answer."""

    question: str
    context: str
    start: int
    end: int
    held_out: bool

    @property
    def answers(self) -> list[str]:
        """The answer, or nothing."""
        return [self.context[self.start : self.end]] if self.start >= 0 else []


def written_questions(data: Path, folder: Path = FOLDER) -> list[Written]:
    """Return all questions with their articles from the folder of training data.

    Raises SystemExit naming the row whose article or answer is not there.
    """
    rows = [
        json.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    texts = dict(articles_named(data, {row["id"] for row in rows}))
    return [_written(row, texts) for row in rows]


def _written(row: dict[str, str | None], texts: dict[str, str]) -> Written:
    name, question, answer = str(row["id"]), str(row["q"]), row["a"]
    start = -1 if answer is None else texts.get(name, "").find(answer)
    if name not in texts or (answer is not None and start < 0):
        raise SystemExit(f"no article {name} with {answer!r} for {question!r}")
    end = start + len(answer) if answer is not None else -1
    return Written(question, texts[name], start, end, is_held_out(name))


def is_held_out(article: str) -> bool:
    """Tell whether an article's questions are measured by, not trained on."""
    return zlib.crc32(article.encode()) % _HELD_OUT == 0


def articles_named(data: Path, wanted: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each article wanted, as far as it was read, from the folder
    of training data."""
    if any(not name.startswith("en") for name in wanted):
        with lzma.open(data / "text/zh_news.jsonl.xz", "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                if row["id"] in wanted:
                    yield row["id"], row["text"][:_READ]
    starts = sorted(int(name[2:]) for name in wanted if name.startswith("en"))
    if starts:
        with lzma.open(data / "parallel/news_2017_2022.tsv.xz", "rt", encoding="utf-8") as pairs:
            last = starts[-1] + _ENGLISH_LINES
            english = [p.rstrip("\n").split("\t")[1] for p in itertools.islice(pairs, last)]
        for start in starts:
            text = "\n".join(english[start : start + _ENGLISH_LINES])
            yield f"en{start}", text[:_ENGLISH_READ]
