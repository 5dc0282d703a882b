"""How the bundled model was made.

    python -m embeddings.train --data ../data --out embeddings/weights \
        --words rag/lexicon/weights/chinese.txt.xz

A table of one vector a token; a text is the mean of its tokens' vectors, at unit length. Pairs of
texts that belong together (see pairs.py) are pulled together, and pushed away from the others of
their batch (InfoNCE, both ways). Needs torch, rjieba, opencc, pypinyin; some minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from torch.nn import functional

from embeddings import pairs as data
from embeddings.characters import folding_table
from embeddings.vocabulary import build_tokenizer, count_words, parts

DIMENSION = 256  # 12.6 MB of rows; the whole project may weigh 40 MB
BATCH = 1_024  # pairs; the other 1,023 are the wrong answers
TEMPERATURE = 0.05  # 0.07 gave the same, 2026-11
LEARNING_RATE = 0.15  # high, as a batch touches most rows a few times only; 0.03 and 0.06 no better
WARM_UP = 30  # steps; Adam knows no scale before
STEPS = 1_800  # 3,000, without parts, found no more of the held-out pairs
MAX_TOKENS = 128  # of a text while training; in use there is no limit
SEED = 0  # another one moves the figures by a point
LARGEST_COUNTED = 60_000  # pairs of a task whose words are counted, so that none rules the list
COUNTED_ARTICLES = 20_000  # of the news

# How often a task gives the batch. One task a batch: else the language gives the pair away.
MIX = {
    "parallel_news": 8, "parallel_daily": 2, "parallel_python": 2, "parallel_projects": 2,
    "dictionary": 3, "glosses": 1, "qa_zh": 5, "qa_en": 2, "news_lead": 4, "news_span": 4,
    "mixed_qa": 2, "mixed_news": 2, "worded_qa": 4, "worded_news": 5, "worded_lead": 2,
}  # fmt: skip


@dataclass(frozen=True)
class Bags:
    """Token ids of many texts, end to end: text i is ids[offsets[i] : offsets[i + 1]]."""

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, bags: Sequence[Sequence[int]]) -> Bags:
        """Lay lists of ids end to end."""
        ids = np.fromiter(chain.from_iterable(bags), np.int32)
        return cls(ids, np.cumsum([0, *map(len, bags)]))

    def take(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the ids of some texts end to end, and where each starts."""
        starts = self.offsets[rows]
        sizes = self.offsets[rows + 1] - starts
        ends = np.cumsum(sizes)
        places = np.arange(ends[-1]) + np.repeat(starts - (ends - sizes), sizes)
        return self.ids[places].astype(np.int64), ends - sizes


def tokenize(tokenizer: Tokenizer, texts: Sequence[str]) -> Bags:
    """Cut many texts into token ids."""
    found: list[Bags] = []
    for first in range(0, len(texts), 10_000):
        block = tokenizer.encode_batch_fast(list(texts[first : first + 10_000]))
        found.append(Bags.of([encoding.ids[:MAX_TOKENS] for encoding in block]))
    sizes = np.concatenate([np.diff(bags.offsets) for bags in found])
    return Bags(np.concatenate([bags.ids for bags in found]), np.cumsum([0, *sizes]))


def batches(
    sizes: dict[str, int], rng: np.random.Generator
) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield (task, BATCH row numbers) for ever; every row of a task once before one comes again."""
    names = [name for name in MIX if name in sizes]  # worded tasks need --words
    shares = np.array([MIX[name] for name in names], float)
    left = {name: np.empty(0, np.int64) for name in names}
    while True:
        name = names[rng.choice(len(names), p=shares / shares.sum())]
        if len(left[name]) < BATCH:
            left[name] = rng.permutation(sizes[name])
        yield name, left[name][:BATCH]
        left[name] = left[name][BATCH:]


class Table(torch.nn.Module):
    """One vector a token, plus the mean of the vectors of its parts, which it shares with others.

    Parts carry what is learned over to rare words: 机器人 tells of 机器狗, robot of robots. Of the
    held-out news pairs 88 to 91 % come first with them, 84 to 88 % without (2026-11).
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        super().__init__()
        torch.manual_seed(SEED)
        counts = Counter(part for token in tokens for part in dict.fromkeys(parts(token)))
        shared = [part for part, n in counts.items() if n > 1]
        numbers = {part: number for number, part in enumerate(shared)}
        bags = [[numbers[part] for part in parts(token) if part in numbers] for token in tokens]
        self.own = torch.nn.Parameter(torch.randn(len(tokens), DIMENSION))
        self.shared = torch.nn.Parameter(torch.randn(len(shared), DIMENSION))
        self._parts = Bags.of(bags)

    def rows(self, tokens: NDArray[np.int64]) -> torch.Tensor:
        """Return the vectors (n, d) of some tokens."""
        ids, starts = (torch.from_numpy(array) for array in self._parts.take(tokens))
        mean = functional.embedding_bag(ids, self.shared, starts, mode="mean")
        return self.own[torch.from_numpy(tokens)] + mean

    def embed(self, sides: Sequence[Bags], rows: NDArray[np.int64]) -> list[torch.Tensor]:
        """Return unit vectors (n, d) of the same rows of each side."""
        taken = [bags.take(rows) for bags in sides]
        tokens, places = np.unique(np.concatenate([ids for ids, _ in taken]), return_inverse=True)
        table = self.rows(tokens)
        vectors = []
        for ids, starts in taken:
            own, places = torch.from_numpy(places[: len(ids)]), places[len(ids) :]
            total = functional.embedding_bag(own, table, torch.from_numpy(starts), mode="sum")
            vectors.append(functional.normalize(total, dim=1))
        return vectors


def fit(
    bags: dict[str, tuple[Bags, Bags]], tokens: Sequence[str], *, steps: int
) -> NDArray[np.float32]:
    """Train the vectors of tokens, (n, DIMENSION) float32."""
    torch.set_num_threads(1)
    table = Table(tokens)
    adam = torch.optim.Adam(table.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98), fused=True)
    target = torch.arange(BATCH)
    sizes = {task: len(left.offsets) - 1 for task, (left, _) in bags.items()}
    began = time.monotonic()
    chosen = islice(batches(sizes, np.random.default_rng(SEED)), steps)
    for step, (task, picked) in enumerate(chosen):
        rate = LEARNING_RATE * min(1.0, (step + 1) / WARM_UP) * max(0.02, 1 - step / steps)
        adam.param_groups[0]["lr"] = rate
        left, right = table.embed(bags[task], picked)
        scores = left @ right.T / TEMPERATURE
        loss = functional.cross_entropy(scores, target)
        loss = (loss + functional.cross_entropy(scores.T, target)) / 2
        adam.zero_grad(set_to_none=False)
        torch.autograd.backward(loss)
        adam.step()
        if step % 50 == 0:
            tell(f"step {step}: {task} {loss.item():.3f}, {time.monotonic() - began:.0f} s")
    with torch.no_grad():
        return np.asarray(table.rows(np.arange(len(tokens))).numpy(), np.float32)


def write(out: Path, tokenizer: Tokenizer, table: NDArray[np.float32]) -> None:
    """Write the model in sentence-transformers' own format: one byte a number, one scale a row."""
    table = table.copy()
    table[0] = 0  # the unknown token says nothing
    scale = np.maximum(np.abs(table).max(axis=1), 1e-9) / 127
    rows = np.rint(table / scale[:, None]).astype(np.int8)
    out.mkdir(parents=True, exist_ok=True)
    # The names under which StaticEmbedding finds quantised rows and what to multiply them by.
    save_file({"embeddings": rows, "weights": scale.astype(np.float32)}, out / "model.safetensors")
    (out / "model.safetensors").chmod(0o644)  # it comes as 600, which no other user could read
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    kind = "sentence_transformers.models"
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": f"{kind}.StaticEmbedding"},
        {"idx": 1, "name": "1", "path": "1_Normalize", "type": f"{kind}.Normalize"},
    ]
    settings = [("model_type", "SentenceTransformer"), ("similarity_fn_name", "cosine")]
    for name, value in (("modules", modules), ("config_sentence_transformers", dict(settings))):
        text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
        (out / f"{name}.json").write_text(text, encoding="utf-8")


def counted(reader: data.Reader, tasks: data.Tasks, chance: random.Random) -> Iterable[str]:
    """Yield the texts of which words are counted."""
    for row in islice(reader.records("text/zh_news.jsonl.xz"), COUNTED_ARTICLES):
        yield reader.fold(str(row["text"]))
    for task, rows in tasks.items():
        if not task.startswith("news"):
            few = rows if len(rows) <= LARGEST_COUNTED else chance.sample(rows, LARGEST_COUNTED)
            for left, right in few:
                yield left
                yield right[:600]


def train(folder: Path, out: Path, *, steps: int, words: Path | None = None) -> None:
    """Make the model from the data in a folder."""
    chance = random.Random(SEED)
    reader = data.Reader(folder, folding_table())
    tasks = data.read_tasks(reader, chance)
    tokenizer = build_tokenizer(count_words(counted(reader, tasks, chance)), reader.folding)
    tell(f"{tokenizer.get_vocab_size():,} tokens")
    data.add_mixed_tasks(tasks, chance, data.read_words(words) if words else None)
    bags: dict[str, tuple[Bags, Bags]] = {}
    for task, rows in tasks.items():
        tell(f"{task}: {len(rows):,} pairs, such as {rows[len(rows) // 2]}"[:300])
        left, right = zip(*rows, strict=True)
        bags[task] = tokenize(tokenizer, left), tokenize(tokenizer, right)
    tokens = sorted(vocabulary := tokenizer.get_vocab(), key=vocabulary.__getitem__)
    write(out, tokenizer, fit(bags, tokens, steps=steps))


def tell(line: str) -> None:
    """Write a line of progress."""
    sys.stderr.write(line + "\n")


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description="Train the bundled embedding model.")
    parser.add_argument("--data", type=Path, default=os.environ.get("YOUJU_DATA"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--words", type=Path, help="Chinese words with English ones, .xz")
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    if options.data is None:
        parser.error("--data or the environment variable YOUJU_DATA must name the data folder")
    train(Path(options.data), options.out, steps=options.steps, words=options.words)


if __name__ == "__main__":
    main()
