"""Train the reader's second look: `python -m rag.readers.judging --data DIR --cache CACHE
--start-from WEIGHTS --out WEIGHTS`, on what `python -m eval.tried` wrote to CACHE/tried.jsonl.

What is learnt: which of the spans that the reader put first are right, in passages that search
found. The network learns with it, from the same passages and from its own examples, so that its
rows tell what is asked here; both losses keep it a reader. `rag.readers.judge` runs the result.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from rag.readers.examples import (
    TRIED,
    Example,
    collate,
    load_examples,
    make_example,
    read_rows,
    token_span,
)
from rag.readers.judge import FILE, FURTHEST, NUMBERS
from rag.readers.tokens import Vocabulary, head
from rag.readers.train import EMA, WIDTH, Looked, ReaderNetwork, resume, save, span_loss
from rag.readers.words import MAX_QUESTION, MAX_SPAN, MAX_TOKENS, WordTable, load_word_table

HIDDEN, SECOND = 128, 64
READING, JUDGING = 0.4, 1.5  # weights of the two losses
OWN = 8  # examples of the reader's own in a batch, beside
WINDOWS = 24  # windows that were tried
DRAWN = 160  # batches drawn at a time, of windows of like length
_TO_THE_LETTER = 0.99  # F1


class Window(NamedTuple):
    """A passage that was read for a question; of each span tried (first token, last token, 1 where
    it is right)."""

    example: Example
    spans: list[tuple[int, int, float]]


class JudgeNetwork(nn.Module):
    """`rag.readers.judge.Judge`, to be trained: log-odds (n,) from states (n, 10 * width) and
    numbers (n, NUMBERS)."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.first = nn.Linear(10 * width + NUMBERS, HIDDEN)
        self.second = nn.Linear(HIDDEN, SECOND)
        self.last = nn.Linear(SECOND, 1)
        self.drop = nn.Dropout(0.1)

    def forward(self, states: Tensor, numbers: Tensor) -> Tensor:
        x = self.drop(torch.cat([states, numbers], 1))
        for layer in (self.first, self.second):
            x = F.gelu(layer(x), approximate="tanh")
        return self.last(x)[:, 0] + 2 * numbers[:, 0]


class _Both(nn.Module):
    """Reader and judge, whose weights are averaged together."""

    def __init__(self, network: ReaderNetwork, judge: JudgeNetwork) -> None:
        super().__init__()
        self.network, self.judge = network, judge


def of_spans(looked: Looked, at: Tensor) -> tuple[Tensor, Tensor]:
    """Return states and numbers, as `rag.readers.judge` has them, of spans `at` (n, 3): number in
    the batch, first and last token."""
    which, first, last = at.T
    rows, vector = looked.rows, looked.vector[which]
    sums = F.pad(rows.cumsum(1), (0, 0, 1, 0))
    mean = (sums[which, last + 1] - sums[which, first]) / (last - first + 1)[:, None]
    padded = F.pad(rows, (0, 0, 1, 1))
    start, end = rows[which, first], rows[which, last]
    around = [start, end, mean, padded[which, first], padded[which, last + 2]]
    alone = torch.cat([*around, looked.top[which], looked.mean[which], vector], 1) / 2
    states = torch.cat([alone, mean * vector, start * end], 1)
    # what the scores say is given: here they are not to be learnt
    spans, null = looked.spans.detach(), looked.null.detach()
    ones = torch.ones(spans.shape[1:], dtype=torch.bool)
    allowed = ones.triu() & ~ones.triu(MAX_SPAN)
    best = spans.masked_fill(~allowed, -1e4).flatten(1).amax(1)
    score = spans[which, first, last] - null[which]
    behind = (score - (best - null)[which]).clamp(min=-FURTHEST)
    size = (rows.abs().sum(-1) > 0).sum(1)[which]
    told = [score.clamp(-FURTHEST, FURTHEST) / 4, behind / 4, (last - first) / 10]
    return states, torch.stack([*told, null[which] / 4, size / 200], 1)


def windows(
    rows: Iterable[dict[str, Any]], vocabulary: Vocabulary, table: WordTable
) -> Iterator[Window]:
    """Yield what `eval.tried` wrote as the network reads it. The reader's own target is the span
    that is right to the letter, "not here" where none is right, and nothing where one is nearly."""
    rows = iter(rows)
    while batch := list(itertools.islice(rows, 500)):
        questions = vocabulary.cut([row["q"] for row in batch])
        passages = vocabulary.cut([row["c"] for row in batch])
        for row, q, p in zip(batch, questions, passages, strict=True):
            p = head(p, MAX_TOKENS)
            spans, target, weight = [], (-1, -1), 1.0
            for start, end, right, cut in row["spans"]:
                span = token_span(p, start, end)
                if span is None or span[1] - span[0] >= MAX_SPAN:
                    continue
                spans.append((*span, float(right)))
                if right and target[0] < 0:
                    target, weight = (span, 1.0) if cut >= _TO_THE_LETTER else (target, 0.0)
            if spans:
                asked = head(q, MAX_QUESTION)
                yield Window(make_example(asked, p, table, target, weight), spans)


def judged(looked: Looked, judge: JudgeNetwork, batch: Sequence[Window]) -> tuple[Tensor, Tensor]:
    """Return log-odds and rightness (n,) of all spans of a batch that begins with these."""
    every = [(k, *span) for k, window in enumerate(batch) for span in window.spans]
    at = torch.tensor([(k, first, last) for k, first, last, _ in every])
    return judge(*of_spans(looked, at)), torch.tensor([right for *_, right in every])


def batches(
    tried: Sequence[Window], own: Sequence[Example], rng: random.Random
) -> Iterator[tuple[list[Window], list[Example]]]:
    """Yield DRAWN batches of WINDOWS and OWN of like length, in random order."""
    some = rng.sample(tried, min(len(tried), WINDOWS * DRAWN))
    others = rng.choices(own, [e.weight**2 for e in own], k=OWN * DRAWN)
    some.sort(key=lambda window: len(window.example.passage_ids))
    others.sort(key=lambda example: len(example.passage_ids))
    count = len(some) // WINDOWS
    order = list(range(count))
    rng.shuffle(order)
    for k in order:
        beside = k * DRAWN // count
        yield (
            some[WINDOWS * k : WINDOWS * (k + 1)],
            others[OWN * beside : OWN * (beside + 1)],
        )


def train(options: argparse.Namespace) -> None:
    """Train for `options.minutes` and write both networks' running means."""
    rng = random.Random(options.seed)
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    data = load_examples(options.data, options.cache)
    weights = options.cache / "weights"
    table = load_word_table(weights / "words.safetensors")
    vocabulary = Vocabulary.load(weights / "vocabulary.tsv")
    tried = list(windows(read_rows(options.cache / TRIED), vocabulary, table))
    network = ReaderNetwork(torch.from_numpy(data.words), data.characters)
    resume(network, options.start_from)
    both = _Both(network, JudgeNetwork())
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in network.parameters() if p.requires_grad], "times": 1.0},
            {"params": both.judge.parameters(), "times": 2.0},  # it begins at nothing
        ],
        lr=options.lr,
        weight_decay=0.02,
    )
    look = torch.compile(network.look, dynamic=False) if options.compile else network.look
    averaged = AveragedModel(both, multi_avg_fn=get_ema_multi_avg_fn(EMA))
    started, step = time.time(), 0
    while (progress := (time.time() - started) / 60 / options.minutes) < 1:
        for some, own in batches(tried, data.real, rng):
            for group in optimiser.param_groups:
                warm, left = min(1.0, (step + 1) / 200), max(0.02, 1 - progress)
                group["lr"] = options.lr * group["times"] * warm * left
            loss = _loss(look, both.judge, some, own, step)
            loss.backward()
            nn.utils.clip_grad_norm_(both.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            averaged.update_parameters(both)
            step += 1
            if step % 100 == 0:
                sys.stderr.write(f"step {step} loss {loss.item():.3f}\n")
            if (progress := (time.time() - started) / 60 / options.minutes) >= 1:
                break
    mean = averaged.module
    assert isinstance(mean, _Both)
    save(mean.network, options.out, {"judging steps": step, "seed": options.seed})
    save_judge(mean.judge, options.out)


def _loss(
    look: Any, judge: JudgeNetwork, some: Sequence[Window], own: Sequence[Example], step: int
) -> Tensor:
    examples = [*(window.example for window in some), *own]
    tensors = collate(examples, blind=0.1, rng=np.random.default_rng(step))
    looked = look(*tensors.inputs)
    weight = torch.tensor([*(window.example.weight for window in some), *[1.0] * len(own)])
    reading = span_loss(looked.spans, looked.null, tensors.target, weight)
    judging = F.binary_cross_entropy_with_logits(*judged(looked, judge, some))
    return READING * reading + JUDGING * judging


def save_judge(judge: nn.Module, out: Path) -> None:
    """Write what `rag.readers.judge` loads, as float16."""
    from safetensors.torch import save_file

    state = {name: array.half().contiguous() for name, array in judge.state_dict().items()}
    save_file(state, out / FILE)


def main() -> None:
    """Read the options and train."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("reader-cache"))
    parser.add_argument("--start-from", type=Path, required=True, help="a reader's weights")
    parser.add_argument("--out", type=Path, default=Path("rag/readers/weights"))
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--lr", type=float, default=6e-4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--compile", action="store_true")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
