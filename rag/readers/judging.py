"""Train the reader's second look: `python -m rag.readers.judging --cache CACHE --out WEIGHTS`, on
what `python -m eval.tried` wrote to CACHE/tried.jsonl. Needs torch; a few minutes.

What is learnt: which of the spans that the reader put first are right, in passages that search
found, from the rows that the reader has of them. The reader itself stays as it is: trained with it
(2,200 steps, both losses), the judge was no better, and the reader worse on other people's
questions. `rag.readers.judge` runs the result.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from rag.readers.examples import TRIED, read_rows, token_span
from rag.readers.extractive import ExtractiveReader, best_spans
from rag.readers.judge import FILE, FURTHEST, inputs
from rag.readers.words import MAX_SPAN

HIDDEN, SECOND = 128, 64
BATCH = 512
EPOCHS = 5  # from the fourth on, held-out questions gain nothing
FURTHER_EPOCHS = 3  # of a judge that has learnt from other questions before
RATE = 1e-3
Halves = npt.NDArray[np.float16]


class JudgeNetwork(nn.Module):
    """`rag.readers.judge.Judge`, to be trained: log-odds (n,) from `inputs` (n, size)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.first = nn.Linear(size, HIDDEN)
        self.second = nn.Linear(HIDDEN, SECOND)
        self.last = nn.Linear(SECOND, 1)
        self.drop = nn.Dropout(0.2)

    def forward(self, x: Tensor, score: Tensor) -> Tensor:
        """Take also the reader's own log-odds (n,), which are added to what is learnt."""
        x = self.drop(x)
        for layer in (self.first, self.second):
            x = F.gelu(layer(x), approximate="tanh")
        return self.last(x)[:, 0] + score / 2


def seen(
    rows: Iterable[dict[str, Any]], reader: ExtractiveReader
) -> tuple[Halves, npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return of every span tried its inputs (n, size), its score (n,), bounded, and 1 where it is
    right.

    A row is a question `q`, a passage `c` and `spans`: [start, end, right] in characters.
    """
    found, scores, right = [], [], []
    for row in rows:
        for _, tokens, read in reader.look(row["q"], [row["c"]]):
            spans = []
            for start, end, is_right in row["spans"]:
                span = token_span(tokens, start, end)
                if span is not None and span[1] < len(read.rows) and span[1] - span[0] < MAX_SPAN:
                    spans.append((*span, float(read.scores[span])))
                    right.append(float(is_right))
            if spans:
                best = best_spans(read.scores, 1)[0][2]
                found.append(inputs(read, spans, best).astype(np.float16))
                scores += [score for *_, score in spans]
    bounded = np.clip(np.array(scores, np.float32), -FURTHEST, FURTHEST)
    return np.concatenate(found), bounded, np.array(right, np.float32)


def train(
    found: Halves,
    scores: npt.NDArray[np.float32],
    right: npt.NDArray[np.float32],
    seed: int,
    before: Mapping[str, Tensor] | None = None,
) -> JudgeNetwork:
    """Return a judge that tells the right ones of these.

    `before`: the weights of one that has learnt from other questions. It goes on from them, and the
    mean of both is returned: what was learnt before is kept without its questions.
    """
    torch.manual_seed(seed)
    judge = JudgeNetwork(found.shape[1])
    if before is not None:
        judge.load_state_dict(before)
    x, score, target = (torch.from_numpy(array) for array in (found, scores, right))
    optimiser = torch.optim.AdamW(judge.parameters(), lr=RATE, weight_decay=0.05)
    epochs = EPOCHS if before is None else FURTHER_EPOCHS
    steps, step = epochs * max(1, len(x) // BATCH), 0
    for epoch in range(epochs):
        judge.train()
        total = 0.0
        for some in torch.randperm(len(x)).split(BATCH):
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(1.0, (step + 1) / 100) * max(0.02, 1 - step / steps)
            said = judge(x[some].float(), score[some])
            loss = F.binary_cross_entropy_with_logits(said, target[some])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            step += 1
            total += loss.item() * len(some)
        sys.stderr.write(f"epoch {epoch + 1}: loss {total / len(x):.4f}\n")
    if before is not None:
        now = judge.state_dict()
        judge.load_state_dict({name: (now[name] + before[name]) / 2 for name in now})
    return judge.eval()


def save_judge(judge: nn.Module, out: Path) -> None:
    """Write what `rag.readers.judge` loads, as float16."""
    from safetensors.torch import save_file

    state = {name: array.half().contiguous() for name, array in judge.state_dict().items()}
    save_file(state, out / FILE)


def saved_judge(folder: Path) -> dict[str, Tensor]:
    """Return the weights that `save_judge` wrote."""
    from safetensors.torch import load_file

    return {name: array.float() for name, array in load_file(folder / FILE).items()}


def main() -> None:
    """Read the options and train."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("--cache", type=Path, default=Path("reader-cache"))
    parser.add_argument(
        "--out", type=Path, default=Path("rag/readers/weights"), help="of the reader that tried"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--further", action="store_true", help="go on from the judge in --out")
    options = parser.parse_args()
    if not (options.cache / TRIED).exists():
        parser.error(f"{options.cache / TRIED} is not there: run `python -m eval.tried` first")
    reader = ExtractiveReader.load(options.out)
    before = saved_judge(options.out) if options.further else None
    judge = train(*seen(read_rows(options.cache / TRIED), reader), options.seed, before)
    save_judge(judge, options.out)


if __name__ == "__main__":
    main()
