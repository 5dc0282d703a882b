"""What the reader's training needs before it starts: vocabulary, word table, crossed and made
questions, in a cache folder.

    cache/weights/vocabulary.tsv     words of the bundled embedder, and signs
    cache/weights/words.safetensors  a row a word: skip-gram vector of the training text |
    embedder's vector, 96 numbers each
    cache/made.jsonl                 questions made from sentences of the news (rag.readers.made)
    cache/near.jsonl                 real questions that ask for something else (rag.readers.near)
    cache/crossed.jsonl              questions in one language over the other's text
    (rag.readers.bilingual)

The first half of a row tells what kind of word it is (names stand beside names), the second what it
means in either language. Needs gensim, rjieba and pypinyin: `pip install -e '.[train]'`.
Some 15 minutes on two cores.
"""

from __future__ import annotations

import importlib
import itertools
import json
import lzma
import math
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

import embeddings
from embeddings.characters import folding_table
from embeddings.pairs import HELD_OUT_NEWS, PARALLEL
from embeddings.pairs import Reader as PairReader
from rag.readers.bilingual import WordByWord, number_rows
from rag.readers.made import QuestionMaker, write_made_questions
from rag.readers.tokens import FIRST_WORD, NUMBER, Vocabulary

HALF = 96  # numbers of each half of a row
CHARACTERS = 4_500  # in the character table; the rest share one row
LEAST_COUNT = 8  # a sign or Latin word seen less often is no word of the table
SCALE = 6.0  # rows of this length make entries near 0.6, which the network likes
CROSSED = {  # share of each set that is also asked in English
    "zh_cmrc2018_train": 0.4,
    "zh-Hant_drcd_dev": 0.4,
    "zh_counterterror_news": 0.4,
    "zh_news_linked": 0.8,
}
CROSSED_MADE = 0.1  # share of the made questions
NEAR = {  # share of each set that is also asked about something else
    "zh_cmrc2018_train": 0.2,
    "zh_counterterror_news": 0.2,
    "zh_finance_news": 0.1,
    "zh_news_linked": 0.3,
}
Floats = npt.NDArray[np.float32]


def prepare_all(data: Path, cache: Path) -> None:
    """Make whatever of the cache is not there yet."""
    weights = cache / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    if not (weights / "words.safetensors").exists():
        _write_words(data, cache, weights)
    if not (cache / "made.jsonl").exists():
        write_made_questions(data, cache / "made.jsonl")
    if not (cache / "near.jsonl").exists():
        _write_near(data, cache / "near.jsonl")
    if not (cache / "crossed.jsonl").exists():
        _write_crossed(data, cache / "made.jsonl", cache / "crossed.jsonl")


def training_text(data: Path) -> Iterator[str]:
    """Yield the lines of news, bulletins, statutes and the questions' contexts."""
    for line in _lines(data / "text/zh_news.jsonl.xz"):
        yield from json.loads(line)["text"].split("\n")
    yield from _lines(data / "text/zh_bulletins.txt.xz")
    yield from itertools.islice(_lines(data / "text/zh_laws.txt.xz"), 0, None, 2)
    for path in sorted((data / "qa").glob("*.xz")):
        if "trial" not in path.name:
            for line in _lines(path):
                row = json.loads(line)
                yield row["question"]
                yield from row["context"].split("\n")


def _lines(path: Path) -> Iterator[str]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        yield from lines


def _write_words(data: Path, cache: Path, weights: Path) -> None:
    """Cut the text, count, train skip-gram vectors, and write vocabulary and table."""
    base = _embedder_words()
    cutter = Vocabulary(list(base), list(base.values()), "")
    corpus = cache / "corpus.txt"
    counts: Counter[str] = Counter()
    with corpus.open("w", encoding="utf-8") as out:
        for batch in _batches(training_text(data), 4_000):
            for tokens in cutter.cut(batch):
                words = [tokens.text[a:b] for a, b in tokens.borders]
                words = [
                    "<num>" if i == NUMBER else w for i, w in zip(tokens.ids, words, strict=True)
                ]
                counts.update(words)
                out.write(" ".join(words) + "\n")
    frequent = (w for w, n in counts.most_common() if n >= LEAST_COUNT and w != "<num>")
    extra = [w for w in frequent if w not in base and not "\u4e00" <= w[0] <= "\u9fff"]
    characters: Counter[str] = Counter()
    for word, n in counts.items():
        characters.update(dict.fromkeys(word, n))
    keys = "".join(c for c, _ in characters.most_common(CHARACTERS) if c.isprintable())
    vocabulary = Vocabulary([*base, *extra], [*base.values(), *[-15.0] * len(extra)], keys)
    vocabulary.save(weights / "vocabulary.tsv")
    kinds = _skip_gram(corpus, vocabulary)
    _save_table(weights, kinds, _meanings(vocabulary), _rarity(vocabulary, counts))


def _embedder_words() -> dict[str, float]:
    """Return the bundled embedder's words with their log-probabilities; Latin words lose their
    mark."""
    path = Path(embeddings.__file__).with_name("weights") / "tokenizer.json"
    pairs = json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"]
    words = {w.removeprefix("_"): p for w, p in pairs if w[0] == "_" and w[1:2].isalpha()}
    return {w: p for w, p in pairs if "\u4e00" <= w[0] <= "\u9fff"} | words


def _batches(lines: Iterator[str], size: int) -> Iterator[list[str]]:
    while batch := list(itertools.islice(lines, size)):
        yield batch


def _skip_gram(corpus: Path, vocabulary: Vocabulary) -> Floats:
    """Return unit rows that tell kinds of words apart: a window of 4 words sees grammar more than
    topic."""
    word2vec = importlib.import_module("gensim.models").Word2Vec
    model = word2vec(
        corpus_file=str(corpus), vector_size=HALF, window=4, min_count=LEAST_COUNT, sg=1,
        negative=6, epochs=3, workers=2, sample=1e-4, max_final_vocab=60_000,
    )  # fmt: skip
    rows = np.zeros((FIRST_WORD + len(vocabulary.words), HALF), np.float32)
    middle = model.wv.vectors.mean(0)
    for i, word in enumerate(vocabulary.words, FIRST_WORD):
        if word in model.wv:
            rows[i] = model.wv[word] - middle
    rows[NUMBER] = model.wv["<num>"] - middle
    return _unit(rows)


def _meanings(vocabulary: Vocabulary) -> Floats:
    """Return unit rows that are alike for words of like meaning, in either language."""
    rows = np.zeros((FIRST_WORD + len(vocabulary.words), HALF), np.float32)
    full = embeddings.load().encode_passages(vocabulary.words)
    known = full[np.linalg.norm(full, axis=1) > 0]
    sample = known[np.random.default_rng(0).permutation(len(known))[:20_000]]
    _, _, axes = np.linalg.svd(sample, full_matrices=False)
    rows[FIRST_WORD:] = full @ axes[:HALF].T
    return _unit(rows)


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 1e-3, lengths, 1)).astype(np.float32)


def _rarity(vocabulary: Vocabulary, counts: Counter[str]) -> Floats:
    """Return about 0 for 的 and 1 for a word seen once in a million; unknown words are rare."""
    total = sum(counts.values())
    rare = [
        min(1.0, max(0.0, (-math.log10(max(counts[w], 0.5) / total) - 2.2) / 4))
        for w in vocabulary.words
    ]
    return np.array([0.0, 0.8, 0.5, *rare], np.float32)


def _save_table(weights: Path, kinds: Floats, meanings: Floats, rarity: Floats) -> None:
    rows = np.concatenate([kinds, meanings], 1) * SCALE
    scales = np.abs(rows).max(1) / 127
    scales[scales == 0] = 1
    arrays = {
        "rows": np.round(rows / scales[:, None]).astype(np.int8),
        "scales": scales.astype(np.float16),
        "rarity": np.round(rarity * 255).astype(np.uint8),
    }
    save_file(arrays, weights / "words.safetensors")


def _write_near(data: Path, out: Path) -> None:
    """Write rows with another question: the answer's place is where it no longer is."""
    chance = random.Random(2)
    maker = QuestionMaker(data, seed=2)
    reader = PairReader(data, folding_table())
    with out.open("w", encoding="utf-8") as lines:
        for name, share in NEAR.items():
            rows = list(reader.questions(f"{name}.jsonl.xz"))
            for question, *_ in rows:
                maker.learn(question)
            for question, context, start, end in rows:
                if (
                    end
                    and chance.random() < share
                    and (other := maker.near_miss(question, context))
                ):
                    row = {"q": other, "c": context, "s": start, "e": end}
                    lines.write(json.dumps(row, ensure_ascii=False) + "\n")


def _write_crossed(data: Path, made: Path, out: Path) -> None:
    chance = random.Random(1)
    reader = PairReader(data, folding_table())
    news = reader.pairs(PARALLEL["parallel_news"])[:-HELD_OUT_NEWS]
    glosses = ((zh, en.split(";")[0]) for zh, en in reader.pairs(PARALLEL["dictionary"]))
    english = WordByWord([*news, *reader.pairs(PARALLEL["parallel_daily"]), *glosses], chance)

    def rows() -> Iterator[dict[str, Any]]:
        for name, share in CROSSED.items():
            for question, context, start, end in reader.questions(f"{name}.jsonl.xz"):
                if end and chance.random() < share:
                    yield {"q": question, "c": context, "s": start, "e": end, "w": 0.7}
        with made.open(encoding="utf-8") as lines:
            for line in lines:
                if chance.random() < CROSSED_MADE:
                    yield json.loads(line) | {"w": 0.45}

    with out.open("w", encoding="utf-8") as lines:
        for row in rows():
            row["q"] = english.question(reader.fold(row["q"]))
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
        for row in number_rows(news, chance):
            lines.write(json.dumps(row | {"w": 0.7}, ensure_ascii=False) + "\n")
