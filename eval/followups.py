"""How follow-ups are best asked: `python -m eval.followups [--split test]`.

The follow-ups of both gold sets, and of the dev half 52 more (`followups.jsonl`), asked three ways:
as they stand; with all turns before them glued on; and with their history, as `rag.dialogue` takes
it. Counted before any refusal, so that only the question's wording differs: is a passage with the
evidence among the first five, is the best answer right.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from eval import gold
from eval.metrics import correct, hit_at, ranks
from rag.answer import Bot
from rag.ingest import index_sources
from rag.settings import Settings
from rag.types import History, Source

HERE = Path(__file__).resolve().parent
PAGES = HERE / "pages/text"
FRESH = HERE / "followups.jsonl"  # follow-ups alone, over odd pages: all of them in the dev half
SETS = {
    gold.DEFAULT_GOLD: HERE.parent / "seeds",
    HERE / "pages/gold.jsonl": PAGES,
    FRESH: PAGES,
}
FIRST = 5  # passages


def glued(question: str, history: History) -> str:
    """Return the question after everything that was asked and answered before it."""
    return " ".join([*(part for turn in history for part in turn), question])


WAYS: Mapping[str, Callable[[str, History], tuple[str, History]]] = {
    "as it stands": lambda question, history: (question, ()),
    "history glued on": lambda question, history: (glued(question, history), ()),
    "with its history": lambda question, history: (question, history),
}


def measure(bot: Bot, rows: Sequence[gold.GoldRow], way: str) -> tuple[int, int]:
    """Return for how many rows the evidence is found among the first passages, and how many best
    answers are right."""
    found = right = 0
    for row in rows:
        answer = bot.ask(*WAYS[way](row.question, row.history))
        places = ranks([hit.to_json() for hit in answer.hits], row.evidence)
        found += int(hit_at(FIRST, places))
        said = answer.answer
        right += said is not None and correct(said, row.answers, row.all_of)
    return found, right


def main() -> None:
    """Print one line a way."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--split", choices=("dev", "test"), default="dev")
    split = parser.parse_args().split
    totals = {way: [0, 0, 0] for way in WAYS}
    with tempfile.TemporaryDirectory(prefix="youju-") as folder:
        for number, (file, texts) in enumerate(SETS.items()):
            if file == FRESH and split == "test":
                continue
            names = sorted(texts.glob("*.txt"))
            sources = [Source(t.name, t.read_bytes().decode()) for t in names]
            index = Path(folder) / str(number)
            index_sources(index, sources)
            rows = [
                row for row in gold.load(file, split=split) if row.history and row.answerable
            ]
            bot = Bot.open(index, settings=Settings(refuse_below=0.0))
            for way in WAYS:
                counts = (len(rows), *measure(bot, rows, way))
                totals[way] = [a + b for a, b in zip(totals[way], counts, strict=True)]
    for way, (asked, found, right) in totals.items():
        shares = f"passage found {found / asked:.3f}, right {right / asked:.3f}"
        sys.stdout.write(f"{way:20} of {asked}: {shares}\n")


if __name__ == "__main__":
    main()
