"""Train the bundled reader: `python -m rag.readers.train --data DIR --out rag/readers/weights`.
Needs torch; nothing else of Youju does.

The network (about 1.7 M parameters beside the frozen word table): word vector, first and last
character, kind of token and match features of every passage token; depthwise convolutions
conditioned on the question; two looks back at the question and three layers of attention, each with
a feed-forward layer behind it; then a score for each span of at most MAX_SPAN tokens, and one for
"not in this passage". All spans and that null compete in one softmax, so that a span's score minus
the null's is comparable between passages. `rag.readers.extractive` runs the same network in ONNX
Runtime; tests/test_readers.py holds the two together.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from rag.confidence import UNCALIBRATED
from rag.readers.examples import (
    Example,
    collate,
    evaluate,
    load_examples,
    load_validation,
)
from rag.readers.features import PASSAGE_FEATURES, QUESTION_FEATURES
from rag.readers.judge import FILE as JUDGE
from rag.readers.prepare import prepare_all
from rag.readers.tokens import KINDS
from rag.readers.words import (
    BLOCKS,
    HEADS,
    MAX_SPAN,
    QUESTION_BLOCKS,
    load_network,
    save_network,
)

WIDTH = 128
WORD_WIDTH = 80
CHARACTER_WIDTH = 24
KIND_WIDTH = 12
KERNEL = 5
POOL = 20_000  # examples drawn at a time, real ones by the square of their weight
BIAFFINE = 48
FEED = 4  # times as wide inside
EMA = 0.998  # what is measured and kept is the running mean of the weights, over some 500 steps


class ConvBlock(nn.Module):
    """x + GLU(W · depthwise(LN(x)) + V · question)."""

    def __init__(self, width: int, dilation: int, *, conditioned: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.taps = nn.Parameter(torch.randn(KERNEL, width) * 0.3)
        self.project = nn.Linear(width, 2 * width)
        self.condition = nn.Linear(width, 2 * width) if conditioned else None
        self.dilation = dilation

    def forward(self, x: Tensor, mask: Tensor, vector: Tensor | None = None) -> Tensor:
        h = self.norm(x) * mask
        reach = self.dilation * (KERNEL // 2)
        padded = F.pad(h, (0, 0, reach, reach))
        length = h.shape[1]
        h = sum(
            padded[:, k * self.dilation : k * self.dilation + length] * self.taps[k]
            for k in range(KERNEL)
        )  # type: ignore[assignment]
        h = self.project(h)
        if self.condition is not None and vector is not None:
            h = h + self.condition(vector)[:, None]
        return x + F.glu(h, -1)


class AttendBlock(nn.Module):
    """x + self-attention(LN(x)), over the real tokens."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.heads = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = (
            self.heads(self.norm(x))
            .view(batch, length, 3, HEADS, width // HEADS)
            .permute(2, 0, 3, 1, 4)
        )
        heard = bias[:, None].to(q.dtype).expand(batch, 1, length, length)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=heard)
        return x + self.out(mixed.transpose(1, 2).reshape(batch, length, width))


class FeedBlock(nn.Module):
    """x + W gelu(V LN(x)), of each token by itself: where most of what is known can be kept."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, FEED * width)
        self.out = nn.Linear(FEED * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.out(F.gelu(self.inner(self.norm(x)), approximate="tanh"))


class QuestionBlock(nn.Module):
    """x + W [a; x*a], where a is what the question's tokens say to each passage token."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.ask = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.mix = nn.Linear(2 * width, width)

    def forward(self, x: Tensor, question: Tensor, bias: Tensor) -> Tensor:
        h = self.norm(x)
        scores = self.ask(h) @ self.key(question).transpose(1, 2) / h.shape[-1] ** 0.5 + bias
        a = scores.softmax(-1) @ question
        return x + self.mix(torch.cat([a, h * a], -1))


class ReaderNetwork(nn.Module):
    """Scores (B, T, T) of spans, start to end inclusive, and (B,) of "not here"."""

    def __init__(self, words: Tensor, characters: int, width: int = WIDTH) -> None:
        super().__init__()
        self.words = nn.Embedding.from_pretrained(words, freeze=True)
        self.word = nn.Linear(words.shape[1], WORD_WIDTH, bias=False)
        # what a word means to a reader beside its frozen vector: costs nothing when reading, as
        # both are added up once
        self.own = nn.Embedding(len(words), WORD_WIDTH)
        nn.init.zeros_(self.own.weight)
        self.characters = nn.Embedding(characters, CHARACTER_WIDTH, padding_idx=0)
        self.kinds = nn.Embedding(KINDS, KIND_WIDTH)
        for table in (self.characters, self.kinds):
            nn.init.normal_(table.weight, 0, 0.3)
        embedded = WORD_WIDTH + 2 * CHARACTER_WIDTH + KIND_WIDTH
        self.passage_in = nn.Linear(embedded + PASSAGE_FEATURES, width)
        self.question_in = nn.Linear(embedded + QUESTION_FEATURES, width)
        self.question_blocks = nn.ModuleList(
            [ConvBlock(width, 1, conditioned=False) for _ in range(QUESTION_BLOCKS)]
        )
        self.question_pool = nn.Linear(width, 1)
        self.first_look = QuestionBlock(width)
        self.blocks = nn.ModuleList([_block(name, width) for name in BLOCKS])
        self.norm = nn.LayerNorm(width)
        self.start = nn.Linear(width, 1)
        self.end = nn.Linear(width, 1)
        self.left = nn.Linear(width, BIAFFINE)
        self.right = nn.Linear(width, BIAFFINE)
        self.null_hidden = nn.Linear(3 * width, 64)
        self.null = nn.Linear(64, 1)
        self.drop = nn.Dropout(0.15)

    def _embed(self, ids: Tensor, first: Tensor, last: Tensor, kinds: Tensor) -> Tensor:
        parts = [
            self.word(self.words(ids)) + self.own(ids),
            self.characters(first),
            self.characters(last),
            self.kinds(kinds),
        ]
        return self.drop(torch.cat(parts, -1))

    def forward(self, p: Tensor, pf: Tensor, q: Tensor, qf: Tensor) -> tuple[Tensor, Tensor]:
        """Take passage (4, B, T) ids/first/last/kinds with features (B, T, ·), the question
        likewise."""
        p_real, q_real = p[3] > 0, q[3] > 0
        p_mask, q_mask = p_real[..., None].float(), q_real[..., None].float()
        p_bias = torch.where(p_real, 0.0, -1e4)[:, None]
        q_bias = torch.where(q_real, 0.0, -1e4)[:, None]
        question = self.question_in(torch.cat([self._embed(*q), qf], -1))
        for block in self.question_blocks:
            question = block(question, q_mask)
        pool = (self.question_pool(question).squeeze(-1) + q_bias[:, 0]).softmax(-1)
        vector = (pool[:, None] @ question).squeeze(1)
        x = self.passage_in(torch.cat([self._embed(*p), pf], -1))
        x = self.first_look(x, question, q_bias)
        for name, block in zip(BLOCKS, self.blocks, strict=True):
            if name == "attend":
                x = block(x, p_bias)
            elif name == "question":
                x = block(x, question, q_bias)
            elif name == "feed":
                x = block(x)
            else:
                x = block(x, p_mask, vector)
        x = self.drop(self.norm(x))
        spans = self.start(x) + self.end(x).transpose(1, 2)
        spans = spans + self.left(x) @ self.right(x).transpose(1, 2) / BIAFFINE**0.5
        top = (x + p_bias[:, 0, :, None]).amax(1)
        mean = (x * p_mask).sum(1) / p_mask.sum(1)
        null = self.null(torch.tanh(self.null_hidden(torch.cat([top, mean, vector], -1)))).squeeze(
            -1
        )
        return spans + p_bias + p_bias.transpose(1, 2), null


def _block(name: str, width: int) -> nn.Module:
    if name == "attend":
        return AttendBlock(width)
    if name == "question":
        return QuestionBlock(width)
    if name == "feed":
        return FeedBlock(width)
    return ConvBlock(width, int(name[-1]), conditioned=True)


def span_loss(spans: Tensor, null: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Return the mean of -log P(target), over all spans and null together; target (B, 2) holds -1
    for "not here".

    Start and end alone are trained too (0.3): it speeds the first thousand steps up.
    """
    batch, length = spans.shape[:2]
    band = torch.ones(length, length, dtype=torch.bool).triu() & ~torch.ones(
        length, length, dtype=torch.bool
    ).triu(MAX_SPAN)
    scores = spans.masked_fill(~band, -1e4).flatten(1)
    here = target[:, 0] >= 0
    place = torch.where(here, target[:, 0] * length + target[:, 1], length * length)
    both = torch.cat([scores, null[:, None]], 1)
    loss = F.cross_entropy(both, place, reduction="none")
    grid = scores.view(batch, length, length)
    starts = torch.cat([grid.logsumexp(2), null[:, None]], 1)
    ends = torch.cat([grid.logsumexp(1), null[:, None]], 1)
    start_place = torch.where(here, target[:, 0], length)
    end_place = torch.where(here, target[:, 1], length)
    side = F.cross_entropy(starts, start_place, reduction="none") + F.cross_entropy(
        ends, end_place, reduction="none"
    )
    return ((loss + 0.3 * side) * weight).mean()


def batches(examples: Sequence[Example], size: int, rng: random.Random) -> Iterator[list[Example]]:
    """Yield batches of examples of like length, in random order."""
    order = list(range(len(examples)))
    rng.shuffle(order)
    groups = []
    for i in range(0, len(order), size * 32):
        part = sorted(order[i : i + size * 32], key=lambda k: len(examples[k].passage_ids))
        groups += [part[j : j + size] for j in range(0, len(part) - size + 1, size)]
    rng.shuffle(groups)
    for group in groups:
        yield [examples[k] for k in group]


_LAST_OF_BLOCK = ("project", "condition", "mix", "out")  # 0: it adds nothing


def save(network: nn.Module, out: Path, card: dict[str, Any]) -> None:
    """Write the network's weights; the frozen word table has a file of its own. A judge of the
    network before is of no use to this one, and goes."""
    state = {
        k: v.detach().float().numpy()
        for k, v in network.state_dict().items()
        if k != "words.weight"
    }
    out.mkdir(parents=True, exist_ok=True)
    save_network(state, out / "network.safetensors")
    (out / JUDGE).unlink(missing_ok=True)
    (out / "training.json").write_text(
        json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def resume(network: nn.Module, folder: Path) -> None:
    """Give the network the weights that `save` wrote; its word table stays as it is.

    Blocks that the weights do not have yet, at the end, begin by changing nothing; so do the words'
    own vectors.
    """
    state = _weights(folder)
    missing, unknown = network.load_state_dict(state, strict=False)
    saved = {int(name.split(".")[1]) for name in state if name.startswith("blocks.")}
    new = [n for n in range(len(BLOCKS)) if n > max(saved, default=-1)]
    for n in new:
        for name, parameter in network.get_submodule(f"blocks.{n}").named_parameters():
            if name.split(".")[0] in _LAST_OF_BLOCK:
                nn.init.zeros_(parameter)
    missing = [name for name in missing if not name.startswith(tuple(f"blocks.{n}." for n in new))]
    if not set(missing) <= {"words.weight", "own.weight"} or unknown:
        raise SystemExit(f"{folder} holds another network: without {missing}, but with {unknown}")


def _weights(folder: Path) -> dict[str, Tensor]:
    arrays = load_network(folder / "network.safetensors")
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def mean_of(folders: Sequence[Path]) -> dict[str, Tensor]:
    """Return the mean of several runs' weights, which must have begun at the same weights.

    Such runs lie in one valley of the loss, and their mean is better than any of them (model
    soups, Wortsman et al. 2022); of runs that began apart it is worth nothing.
    """
    states = [_weights(folder) for folder in folders]
    return {name: torch.stack([s[name] for s in states]).mean(0) for name in states[0]}


def average(options: argparse.Namespace) -> None:
    """Write the mean of the folders in `options.average` to `options.out`."""
    data = load_validation(options.data, options.cache)
    _copy_words(options)
    network = ReaderNetwork(torch.from_numpy(data.words), data.characters).eval()
    network.load_state_dict(mean_of(options.average), strict=False)
    scores = evaluate(network, data)
    print(scores, file=sys.stderr)
    save(network, options.out, {"average_of": len(options.average), "validation": scores})


def _copy_words(options: argparse.Namespace) -> None:
    """Put beside the network's weights what it is worth nothing without."""
    options.out.mkdir(parents=True, exist_ok=True)
    for name in ("vocabulary.tsv", "words.safetensors"):
        source, target = options.cache / "weights" / name, options.out / name
        if not (target.exists() and source.samefile(target)):
            shutil.copyfile(source, target)
    calibration = options.out / "calibration.json"
    if not calibration.exists():  # until `python -m eval.calibrate` has fitted one
        calibration.write_text(json.dumps(UNCALIBRATED) + "\n", encoding="utf-8")


def train(options: argparse.Namespace) -> None:
    """Train for `options.minutes`, evaluating on the validation set as it goes; the best weights
    stay in `options.out`."""
    rng = random.Random(options.seed)
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    prepare_all(options.data, options.cache)
    data = load_examples(options.data, options.cache)
    _copy_words(options)
    network = ReaderNetwork(torch.from_numpy(data.words), data.characters)
    if options.start_from:
        resume(network, options.start_from)
    count = sum(p.numel() for p in network.parameters() if p.requires_grad)
    say = lambda *words: print(time.strftime("%H:%M:%S"), *words, file=sys.stderr, flush=True)  # noqa: E731
    say(f"{count / 1e6:.2f} M parameters, {len(data.real)} real and {len(data.made)} made examples")
    optimiser = torch.optim.AdamW(
        [p for p in network.parameters() if p.requires_grad],
        lr=options.lr,
        weight_decay=0.02,
        fused=True,
    )

    # 0.85 s a step of 32 x 256 tokens on 2 cores, 2.5 to 3.5 s without. The loss stays outside:
    # compiled with it, torch 2.13 gave gradients ten times too large (compare with the uncompiled
    # ones before you move it in).
    forward = torch.compile(network, dynamic=False) if options.compile else network
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(EMA))
    started, step, average, best = time.time(), 0, 0.0, -1.0
    while (time.time() - started) / 60 < options.minutes:
        # as many to the end: where they faded out, the newspapers' dev half got worse (147 to 141)
        made = rng.sample(data.made, min(len(data.made), int(options.made * POOL)))
        real = rng.choices(data.real, [e.weight**2 for e in data.real], k=POOL - len(made))
        for batch in batches(made + real, options.batch, rng):
            progress = (time.time() - started) / 60 / options.minutes
            if progress >= 1:
                break
            for group in optimiser.param_groups:
                group["lr"] = options.lr * min(1.0, (step + 1) / 300) * max(0.02, 1 - progress)
            tensors = collate(batch, blind=0.1, rng=np.random.default_rng(step))
            with torch.autocast("cpu", torch.bfloat16, enabled=options.bfloat16):
                spans, null = forward(*tensors.inputs)
            weight = torch.ones(len(batch))
            loss = span_loss(spans.float(), null.float(), tensors.target, weight)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            averaged.update_parameters(network)
            step += 1
            average += (loss.item() - average) * max(0.02, 1 / step)
            if step % 100 == 0:
                say(f"step {step} loss {average:.3f} {(time.time() - started) / step:.2f} s a step")
            if step % options.every == 0:
                best = _checkpoint(averaged.module, data, options, step, best, say)
    _checkpoint(averaged.module, data, options, step, best, say)


# EM + F1 of 500 questions and of ours: within this the later weights, at a lower rate, are kept
_NOISE = 2.5


def _checkpoint(
    network: nn.Module, data: Any, options: argparse.Namespace, step: int, best: float, say: Any
) -> float:
    network.eval()
    scores = evaluate(network, data)
    say("validation", scores)
    score = sum(value for name, value in scores.items() if name.endswith(("_em", "_f1")))
    if score >= best - _NOISE:
        save(network, options.out, {"steps": step, "validation": scores, "seed": options.seed})
    return max(best, score)


def main() -> None:
    """Read the options and train."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with qa/, text/, parallel/, dictionary/"
    )
    parser.add_argument("--out", type=Path, default=Path("rag/readers/weights"))
    parser.add_argument(
        "--cache", type=Path, default=Path("reader-cache"), help="where prepared examples are kept"
    )
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--lr", type=float, default=1.2e-3)
    parser.add_argument("--every", type=int, default=1000, help="steps between validations")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--made", type=float, default=0.6, help="share of made questions")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument(
        "--bfloat16",
        action="store_true",
        help="multiply in 16 bits: 1.5 times as fast where the processor has AMX",
    )
    parser.add_argument("--start-from", type=Path, help="folder of weights to train further")
    parser.add_argument(
        "--average", type=Path, nargs="+", help="do not train: take the mean of these folders"
    )
    options = parser.parse_args()
    (average if options.average else train)(options)


if __name__ == "__main__":
    main()
