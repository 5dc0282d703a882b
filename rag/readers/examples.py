"""Training and validation examples of the reader, prepared once and cached.

Real questions come from the QA sets (rows `{"id", "lang", "title", "context", "question",
"answers": [{"text", "start"}]}`) and from `rag.readers.written`, made ones from
`rag.readers.prepare`. Each becomes one window of a passage with token arrays and match features; a
window without the answer is a "not here" example, which is what teaches scores that compare between
passages.
"""

from __future__ import annotations

import json
import lzma
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rag.readers.features import match_features
from rag.readers.foreign import Place, foreign_places
from rag.readers.tokens import UNKNOWN, Tokens, Vocabulary, head
from rag.readers.words import MAX_QUESTION, MAX_SPAN, MAX_TOKENS, WordTable, load_word_table
from rag.readers.written import Written, written_questions
from rag.terms import is_chinese

VALIDATION = "zh_cmrc2018_trial.jsonl.xz"
# weight per set, drawn by its square: linked answers are wrong one time in eight; court and policy
# questions are far from newspapers. Those of run 9, in which CMRC 2018 and DRCD rose to these when
# the many new questions of ours had made the first forget them (34 to 31 % right after 1,400 steps)
SETS = {
    "zh_cmrc2018_train": 2.3,
    "zh-Hant_drcd_dev": 2.1,
    "zh_counterterror_news": 1.0,
    "zh_finance_news": 0.7,
    "zh_cail2019": 0.5,
    "zh_news_linked": 0.8,
    "en_qed_train": 0.8,
    "en_squadshifts_reddit": 0.65,
    "en_squadshifts_amazon": 0.8,
    "en_policyqa": 0.25,
}

FOUND = "found.jsonl"  # what eval.mining wrote into the cache
TRIED = "tried.jsonl"  # what eval.tried wrote there, for rag.readers.judging
FOUND_WEIGHT = 0.8  # with 78,000 of them some 14 % of the real ones drawn
WRITTEN_WEIGHT = 1.0  # two thirds of the real questions drawn
WRITTEN_ENGLISH_WEIGHT = 1.3  # about English text
WRITTEN_MEASURED = 1000  # of those kept out of training: more take longer and tell no more


class Example(NamedTuple):
    """One question over one window. Token arrays are (4, n): ids, first, last, kinds; `target` is
    (-1, -1) for "not here"."""

    passage_ids: list[int]  # only its length is used for sorting
    passage: npt.NDArray[np.int32]
    passage_features: npt.NDArray[np.float16]
    question: npt.NDArray[np.int32]
    question_features: npt.NDArray[np.float16]
    target: tuple[int, int]
    weight: float


class Task(NamedTuple):
    """What `_prepare` turns into an Example: plain strings, so that it can cross to a worker
    process."""

    question: str
    passage: str
    start: int  # character, -1 for "not here"
    end: int
    weight: float


@dataclass
class TrainingData:
    """Everything `rag.readers.train` needs."""

    words: npt.NDArray[np.float32]
    characters: int
    real: list[Example]
    made: list[Example]
    validation: list[Asked]
    written: list[Asked]  # questions of ours, of articles that are not trained on


class Asked(NamedTuple):
    """A question of validation over all windows of its text."""

    examples: list[Example]
    pieces: list[str]
    passages: list[Tokens]
    answers: list[str]  # [] when the text does not say


class Tensors(NamedTuple):
    """One padded batch."""

    inputs: tuple[Any, ...]
    target: Any
    weight: Any


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a `.jsonl.xz` or `.jsonl` file."""
    with lzma.open(path) if path.suffix == ".xz" else path.open("rb") as lines:
        for line in lines:
            yield json.loads(line)


def load_examples(data: Path, cache: Path) -> TrainingData:
    """Prepare all examples from `data` (or read them back from `cache`, which also holds the made
    questions)."""
    stored = cache / "examples.npz"
    if not stored.exists():
        rng = random.Random(1)
        real = [
            task
            for name, weight in SETS.items()
            for task in _real_tasks(data / "qa" / f"{name}.jsonl.xz", weight, rng)
        ]
        real += list(_crossed_tasks(cache, rng))
        real += list(_near_tasks(cache, rng))
        real += list(_found_tasks(cache))
        made = [_made_task(row) for row in read_rows(cache / "made.jsonl")]
        weights = cache / "weights"
        keep_examples(stored, prepare(real, weights), prepare(made, weights))
    real_examples, made_examples = (
        [e for e in part if e.target[1] - e.target[0] < MAX_SPAN] for part in kept_examples(stored)
    )
    ours = list(_written_tasks(written_questions(data), random.Random(2)))  # few, and they grow
    real_examples += prepare(ours, cache / "weights")
    return replace(load_validation(data, cache), real=real_examples, made=made_examples)


def keep_examples(file: Path, *parts: Sequence[Example]) -> None:
    """Write lists of examples to an .npz: the arrays of all of them one after another, and how many
    tokens each has. Put in its place when whole."""
    every = [example for part in parts for example in part]
    arrays: dict[str, npt.NDArray[Any]] = {
        "parts": np.array([len(part) for part in parts], np.int64),
        "target": np.array([e.target for e in every], np.int32).reshape(-1, 2),
        "weight": np.array([e.weight for e in every], np.float64),
    }
    for side in ("passage", "question"):
        tokens = [getattr(e, side) for e in every]
        arrays[f"{side} sizes"] = np.array([t.shape[1] for t in tokens], np.int64)
        if every:
            arrays[side] = np.concatenate(tokens, axis=1)
            features = [getattr(e, f"{side}_features") for e in every]
            arrays[f"{side} features"] = np.concatenate(features)
    draft = file.with_name(f"new-{file.name}")
    with draft.open("wb") as opened:
        np.savez(opened, allow_pickle=False, **arrays)
    draft.replace(file)


def kept_examples(file: Path) -> list[list[Example]]:
    """Return what `keep_examples` wrote."""
    with np.load(file, allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    at = {side: np.cumsum([0, *arrays[f"{side} sizes"]]) for side in ("passage", "question")}
    every = []
    for n, (target, weight) in enumerate(zip(arrays["target"], arrays["weight"], strict=True)):
        p, q = (slice(*at[side][n : n + 2]) for side in ("passage", "question"))
        passage = arrays["passage"][:, p]
        every.append(
            Example(
                [0] * passage.shape[1],
                passage,
                arrays["passage features"][p],
                arrays["question"][:, q],
                arrays["question features"][q],
                (int(target[0]), int(target[1])),
                float(weight),
            )
        )
    ends = np.cumsum(arrays["parts"]).tolist()
    return [every[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def load_validation(data: Path, cache: Path) -> TrainingData:
    """Prepare the validation questions alone."""
    vocabulary = Vocabulary.load(cache / "weights" / "vocabulary.tsv")
    table = load_word_table(cache / "weights" / "words.safetensors")
    rows = [row for row in read_rows(data / "qa" / VALIDATION) if row["answers"]]
    asked = [(r["question"], r["context"], [a["text"] for a in r["answers"]]) for r in rows[:500]]
    held_out = [w for w in written_questions(data) if w.held_out]
    measured = held_out[:: max(1, len(held_out) // WRITTEN_MEASURED)]
    ours = [(w.question, w.context, w.answers) for w in measured]
    validation, written = (_validation(part, vocabulary, table) for part in (asked, ours))
    return TrainingData(table.vectors, len(vocabulary.characters) + 2, [], [], validation, written)


def _real_tasks(path: Path, weight: float, rng: random.Random) -> Iterator[Task]:
    by_title: dict[str, list[str]] = defaultdict(list)
    rows = list(read_rows(path))
    for row in rows:
        by_title[row.get("title") or ""].append(row["context"])
    for row in rows:
        context, question = row["context"], row["question"]
        answer = row["answers"][0] if row["answers"] else None
        start = answer["start"] if answer else -1
        end = start + len(answer["text"]) if answer else -1
        yield window(question, context, start, end, weight, rng)
        if answer and rng.random() < 0.25:
            other = _without(
                context, start, end, answer["text"], by_title[row.get("title") or ""], rng
            )
            if other:
                yield Task(question, other, -1, -1, weight)


def window(
    question: str, context: str, start: int, end: int, weight: float, rng: random.Random
) -> Task:
    """Cut a window of 200 to 460 characters (Latin text 2.5 times that) around the answer, anywhere
    in the window."""
    stretch = 2.5 if sum(c.isascii() for c in context[:200]) > 120 else 1.0
    size = int(rng.randint(200, 460) * stretch)
    if len(context) <= size:
        return Task(question, context, start, end, weight)
    if start < 0:
        left = rng.randint(0, len(context) - size)
        return Task(question, context[left : left + size], -1, -1, weight)
    lowest = min(start, max(0, end - size))  # an answer longer than the window starts it
    left = rng.randint(lowest, max(lowest, min(start, len(context) - size)))
    return Task(question, context[left : left + size], start - left, end - left, weight)


def _without(
    context: str, start: int, end: int, answer: str, others: list[str], rng: random.Random
) -> str | None:
    """Return text near the subject that does not hold the answer: the rest of the context, or
    another paragraph."""
    rest = max((context[:start], context[end:]), key=len)[:460]
    if len(rest) < 120 or answer in rest:
        rest = rng.choice(others)[:460]
    return rest if answer not in rest and len(rest) > 60 else None


def _crossed_tasks(cache: Path, rng: random.Random) -> Iterator[Task]:
    for row in read_rows(cache / "crossed.jsonl"):
        yield window(row["q"], row["c"], row["s"], row["e"], row["w"], rng)


def _near_tasks(cache: Path, rng: random.Random) -> Iterator[Task]:
    for row in read_rows(cache / "near.jsonl"):
        where = window(row["q"], row["c"], row["s"], row["e"], 0.8, rng)
        yield where._replace(start=-1, end=-1)


def _found_tasks(cache: Path) -> Iterator[Task]:
    """Yield passages that search found and that do not answer, where they were mined."""
    if (cache / FOUND).exists():
        for row in read_rows(cache / FOUND):
            yield Task(row["q"], row["c"], -1, -1, FOUND_WEIGHT)


def _written_tasks(rows: Sequence[Written], rng: random.Random) -> Iterator[Task]:
    """Yield each question in two windows, and one in three over a window without its answer."""
    for row in rows:
        if row.held_out:
            continue
        weight = WRITTEN_WEIGHT if is_chinese(row.context) else WRITTEN_ENGLISH_WEIGHT
        for _ in range(2):
            yield window(row.question, row.context, row.start, row.end, weight, rng)
        if row.start >= 0 and rng.random() < 1 / 3:
            answer = row.answers[0]
            other = _without(row.context, row.start, row.end, answer, [row.context], rng)
            if other:
                yield Task(row.question, other, -1, -1, weight)


def _made_task(row: dict[str, Any]) -> Task:
    return Task(row["q"], row["c"], row["s"], row["e"], 0.7)


_worker: dict[str, Any] = {}


def _start_worker(weights: Path) -> None:
    _worker["vocabulary"] = Vocabulary.load(weights / "vocabulary.tsv")
    _worker["table"] = load_word_table(weights / "words.safetensors")


def prepare(tasks: Sequence[Task], weights: Path) -> list[Example]:
    """Turn tasks into examples on two processes; a task whose answer falls outside the tokens kept
    is dropped."""
    parts = [tasks[i : i + 500] for i in range(0, len(tasks), 500)]
    with ProcessPoolExecutor(2, initializer=_start_worker, initargs=(weights,)) as pool:
        return [example for part in pool.map(_prepare, parts) for example in part]


def _prepare(tasks: Sequence[Task]) -> list[Example]:
    vocabulary, table = _worker["vocabulary"], _worker["table"]
    questions = vocabulary.cut([t.question for t in tasks])
    passages = vocabulary.cut([t.passage for t in tasks])
    examples = []
    for task, q, p in zip(tasks, questions, passages, strict=True):
        target = token_span(p, task.start, task.end) if task.start >= 0 else (-1, -1)
        if (
            target is not None
            and target[1] < MAX_TOKENS
            and target[1] - target[0] < MAX_SPAN
            and len(q.ids) > 0
            and len(p.ids) > 0
        ):
            asked, passage = head(q, MAX_QUESTION), head(p, MAX_TOKENS)
            foreign = foreign_places(task.question[: len(asked.text)], [passage.text])[0]
            examples.append(make_example(asked, passage, table, target, task.weight, foreign))
    return examples


def token_span(tokens: Tokens, start: int, end: int) -> tuple[int, int] | None:
    """Return the first and last token that touch characters [start, end); None when none does."""
    touching = np.flatnonzero((tokens.borders[:, 1] > start) & (tokens.borders[:, 0] < end))
    return (int(touching[0]), int(touching[-1])) if len(touching) else None


def stack(tokens: Tokens) -> npt.NDArray[np.int32]:
    """Return the (4, n) array that the network reads."""
    return np.stack([tokens.ids, tokens.first, tokens.last, tokens.kinds])


def make_example(
    q: Tokens,
    p: Tokens,
    table: WordTable,
    target: tuple[int, int],
    weight: float,
    foreign: Sequence[Place] = (),
) -> Example:
    """Compute the features of one question and one window."""
    features = match_features(q, p, table.match, table.rarity, foreign)
    return Example(
        [0] * len(p.ids),
        stack(p),
        features.passage.astype(np.float16),
        stack(q),
        features.question.astype(np.float16),
        target,
        weight,
    )


def collate(
    examples: Sequence[Example], *, blind: float = 0.0, rng: np.random.Generator | None = None
) -> Tensors:
    """Pad a batch. `blind` hides that share of words from the network, so that it reads matches and
    context instead."""
    import torch

    def pad(arrays: list[npt.NDArray[np.int32]], step: int, most: int) -> npt.NDArray[np.int64]:
        longest = min(max(a.shape[1] for a in arrays), most)
        out = np.zeros((4, len(arrays), -(-longest // step) * step), np.int64)
        for i, array in enumerate(arrays):
            out[:, i, : array.shape[1]] = array[:, : out.shape[2]]
        return out

    def pad_features(arrays: list[npt.NDArray[np.float16]], length: int) -> npt.NDArray[np.float32]:
        out = np.zeros((len(arrays), length, arrays[0].shape[1]), np.float32)
        for i, array in enumerate(arrays):
            out[i, : len(array)] = array[:length]
        return out

    # few shapes, so that torch.compile makes few programs
    p = pad([e.passage for e in examples], 64, MAX_TOKENS)
    q = pad([e.question for e in examples], MAX_QUESTION, MAX_QUESTION)
    if blind and rng is not None:
        for array in (p, q):
            hidden = (rng.random(array.shape[1:]) < blind) & (array[3] > 0)
            array[0][hidden] = UNKNOWN
            array[1][hidden] = 1
            array[2][hidden] = 1
    pf = pad_features([e.passage_features for e in examples], p.shape[2])
    qf = pad_features([e.question_features for e in examples], q.shape[2])
    inputs = tuple(torch.from_numpy(a) for a in (p, pf, q, qf))
    target = torch.tensor([e.target for e in examples])
    return Tensors(inputs, target, torch.tensor([e.weight for e in examples]))


def _validation(
    rows: Sequence[tuple[str, str, list[str]]], vocabulary: Vocabulary, table: WordTable
) -> list[Asked]:
    out = []
    for asked, context, answers in rows:
        question = head(vocabulary.cut([asked])[0], MAX_QUESTION)
        pieces = [context[i : i + 360] for i in range(0, max(1, len(context) - 60), 300)]
        passages = [head(p, MAX_TOKENS) for p in vocabulary.cut(pieces)]
        held = [(piece, p) for piece, p in zip(pieces, passages, strict=True) if len(p.ids)]
        pieces, passages = [piece for piece, _ in held], [p for _, p in held]
        foreign = foreign_places(asked[: len(question.text)], [p.text for p in passages])
        examples = [
            make_example(question, p, table, (-1, -1), 1.0, places)
            for p, places in zip(passages, foreign, strict=True)
        ]
        out.append(Asked(examples, pieces, passages, answers))
    return out


def evaluate(network: Any, data: TrainingData) -> dict[str, float]:
    """Return exact match and F1 (0 to 100), the best span over all windows of each text: on CMRC,
    and on our own questions, with the chance that one with an answer scores above one without."""
    exact, overlap, _, _ = _judged(network, data.validation)
    scores = {"cmrc_em": exact, "cmrc_f1": overlap, "n": len(data.validation)}
    if data.written:
        exact, overlap, there, absent = _judged(network, data.written)
        above = np.mean(np.array(there)[:, None] > np.array(absent)[None]) if absent else 0.0
        scores |= {"written_em": exact, "written_f1": overlap}
        scores |= {"written_told_apart": round(100 * float(above), 2), "written_n": len(there)}
    return scores


def _judged(
    network: Any, questions: Sequence[Asked]
) -> tuple[float, float, list[float], list[float]]:
    """Return EM and F1 of questions with an answer, and the scores of these and of the others."""
    exact = overlap = 0.0
    there: list[float] = []
    absent: list[float] = []
    for asked in questions:
        text, score = _best_words(network, asked)
        (there if asked.answers else absent).append(score)
        if asked.answers:
            exact += max(_plain(text) == _plain(a) for a in asked.answers)
            overlap += max(_overlap(_plain(text), _plain(a)) for a in asked.answers)
    n = max(1, len(there))
    return round(100 * exact / n, 2), round(100 * overlap / n, 2), there, absent


def _best_words(network: Any, asked: Asked) -> tuple[str, float]:
    """Return the best span's words, and its log-odds against "not here"."""
    import torch

    with torch.no_grad():
        spans, null = network(*collate(asked.examples).inputs)
    length = spans.shape[1]
    band = torch.ones(length, length, dtype=torch.bool).triu() & ~torch.ones(
        length, length, dtype=torch.bool
    ).triu(MAX_SPAN)
    scores = spans.masked_fill(~band, -1e4).flatten(1) - null[:, None]
    k, place = divmod(int(scores.argmax()), length * length)
    start, end = divmod(place, length)
    borders = asked.passages[k].borders
    text = asked.pieces[k][borders[start, 0] : borders[min(end, len(borders) - 1), 1]]
    return text, float(scores.max())


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


def _overlap(a: str, b: str) -> float:
    """F1 of the longest common substring, by characters: close to the CMRC 2018 script, without its
    word handling."""
    best = 0
    row = [0] * (len(b) + 1)
    for x in a:
        row = [0] + [row[j] + 1 if x == y else 0 for j, y in enumerate(b)]
        best = max(best, max(row))
    return 2 * best / (len(a) + len(b)) if best else 0.0
