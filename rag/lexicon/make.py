"""How the lexicon was made.

    python -m rag.lexicon.make --data ../data --out rag/lexicon/weights

IBM Model 1 (Brown et al. 1993), both ways, over parallel sentences and dictionary glosses gives the
words; the glosses of several words give the phrases; the nearest tokens of the embedding table add
what news calls a thing (drill → 演练). Needs rjieba and pypinyin; two minutes on one core.

The last 1,000 pairs of the parallel news are held out: nothing here has seen them.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rag.lexicon.translation import base_forms
from rag.lexicon.words import FUNCTION_WORDS, PARTICLES, SCALE
from rag.terms import fold

Weights: TypeAlias = dict[str, float]

HELD_OUT = 1000  # pairs at the end of the parallel news
ROUNDS = 6  # of expectation and maximisation; the seventh moved no retrieval figure
CHANCE = 0.02  # taken from every expected count: links seen once among many stay at zero
MAX_WORDS = 60  # of one side; longer pairs are badly aligned and cost their product
# What a pair counts: technical documents are far from news, WordNet glosses often wrong.
NEWS, DOCUMENTS, GLOSS, SYNSET = 1.0, 0.3, 1.0, 0.5
KEPT_CHINESE, KEPT_ENGLISH = 8, 6  # translations of one word: a question uses six at most
SEEN = (
    1  # articles that hold each pair of a Chinese word worth keeping; saves a quarter of the size
)
NEAREST, NEAR = 8, 0.35  # tokens of the table, and the least cosine

_LATIN = re.compile(r"[a-z]+(?:'[a-z]+)?")
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_ASIDE = re.compile(r"\(.*?\)|\[.*?\]")
_ABOUT = re.compile(r"^.*(?:variant|classifier|see also|abbr\.? for|surname)")
# "Jishou, county-level city in Hunan": the name, then what is said about it. Read as one gloss the
# second half had Chizhou mean a county of it, and names with long descriptions were not read.
_NAMED = re.compile(
    r"\s*([A-Z][\w'’-]*(?: (?:of |the |and )?[A-Z][\w'’-]*){0,4})"
    r"(?: (?:[Cc]ounty|[Dd]istrict|[Cc]ity|[Pp]rovince|[Pp]refecture|[Tt]ownship))?"
    r"(?=,| \(| in | (?:county|district|city|province|prefecture|township)\b).*"
)
_PLACE = re.compile("(?<=..)[市县省区]$")  # 池州市 is 池州 too
_ACRONYM = re.compile(r"\(([A-Z]{2,6})\)")
_CALLED = 0.8  # weight of a name's Chinese at least: several places may share it
_BASE = 4.0  # sightings that a word's base form counts for what it means: paying is pay


@dataclass
class Parallel:
    """Pairs of word lists with what each counts, and the glosses of several words."""

    pairs: list[tuple[list[str], list[str], float]] = field(default_factory=list)
    phrases: defaultdict[str, Weights] = field(default_factory=lambda: defaultdict(dict))
    glosses: defaultdict[str, Weights] = field(default_factory=lambda: defaultdict(dict))
    names: defaultdict[str, Weights] = field(default_factory=lambda: defaultdict(dict))

    def add(self, english: str, chinese: str, weight: float) -> None:
        """Take in a pair of sentences."""
        a, b = english_words(english), chinese_words(chinese)
        if 0 < len(a) <= MAX_WORDS and 0 < len(b) <= MAX_WORDS:
            self.pairs.append((a, b, weight))

    def add_gloss(self, chinese: str, gloss: str, weight: float, longest: int) -> None:
        """Take in a dictionary word and one gloss of it."""
        for acronym in _ACRONYM.findall(gloss):
            self.names[acronym][chinese] = _CALLED
        named = _NAMED.match(gloss)
        if named:
            gloss = named[1]
            for form in {chinese, _PLACE.sub("", chinese)}:
                self.names[fold(gloss)][form] = _CALLED
        plain = re.sub(r"[\u4e00-\u9fff|]+", "", _ASIDE.sub("", gloss))
        plain = re.sub(r"^\s*(?:to be|to|a|an|the)\s+", "", _ABOUT.sub("", plain)).strip()
        words, plain = english_words(plain), fold(plain)
        if not 0 < len(words) <= longest:
            return
        whole = [chinese] if len(chinese) <= 4 else chinese_words(chinese)
        self.pairs.append((words, whole, weight))
        phrase = " ".join(re.findall(r"[a-z0-9]+", plain))
        if len(phrase.split()) <= 4:
            self.glosses[chinese][phrase] = weight
            if " " in phrase and len(chinese) > 1:
                self.phrases[phrase][chinese] = weight

    def add_person(self, parts: list[str], gloss: str) -> None:
        """Take in the parts of a foreign name: 比尔·盖茨, Bill Gates (1955-)."""
        named = _NAMED.match(gloss)
        words = fold(named[1]).split() if named else []
        if len(words) == len(parts) and all(map(_HAN.fullmatch, parts)):
            for word, part in zip(words, parts, strict=True):
                self.names[word][part] = _CALLED


def english_words(text: str) -> list[str]:
    """Return the content words of an English text, folded; acronyms in capitals: US is not us."""
    shouted = text.isupper()
    found = []
    for match in _LATIN.finditer(fold(text)):
        word = match.group()
        if len(word) > 1 and text[match.start() : match.end()].isupper() and not shouted:
            found.append(word.upper())
        elif len(word) > 1 and word not in FUNCTION_WORDS:
            found.append(word)
    return found


def chinese_words(text: str) -> list[str]:
    """Return the content words of a Chinese text, folded."""
    import rjieba

    cut: list[str] = rjieba.cut(fold(text))
    return [w for w in cut if _HAN.fullmatch(w) and w not in PARTICLES]


def read_pairs(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (Chinese, English) of a file of pairs."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            parts = line.rstrip("\n").split("\t")
            if len(parts) >= 2:
                yield parts[0], parts[1]


def read(data: Path) -> Parallel:
    """Read everything the lexicon is made from."""
    found = Parallel()
    news = list(read_pairs(data / "parallel/news_2017_2022.tsv.xz"))
    held = {side for pair in news[-HELD_OUT:] for side in pair}
    for chinese, english in news[:-HELD_OUT]:
        if chinese not in held and english not in held:
            found.add(english, chinese, NEWS)
    for chinese, english in read_pairs(data / "parallel/tatoeba.tsv.xz"):
        found.add(english, chinese, NEWS)
    for name in ("project_docs", "python_docs"):
        for chinese, english in read_pairs(data / f"parallel/{name}.tsv.xz"):
            found.add(english, chinese, DOCUMENTS)
    for chinese, glosses in read_pairs(data / "dictionary/cedict.tsv.xz"):
        for gloss in glosses.split(";"):
            if _HAN.fullmatch(chinese):
                found.add_gloss(chinese, gloss, GLOSS, 5)
            elif "·" in chinese:
                found.add_person(chinese.split("·"), gloss)
    for chinese, glosses in read_pairs(data / "dictionary/wordnet_zh_en.tsv.xz"):
        if _HAN.fullmatch(chinese):
            for gloss in glosses.split(" — ")[0].split(", "):
                found.add_gloss(chinese, gloss, SYNSET, 3)
    return found


class ModelOne:
    """IBM Model 1 both ways over one set of links (English word, Chinese word)."""

    def __init__(self, pairs: Iterable[tuple[list[str], list[str], float]]) -> None:
        english: dict[str, int] = {}
        chinese: dict[str, int] = {}
        e, z, p, w = [], [], [], []
        for number, (a, b, weight) in enumerate(pairs):
            left = np.array([english.setdefault(x, len(english)) for x in a], np.int64)
            right = np.array([chinese.setdefault(x, len(chinese)) for x in b], np.int64)
            e.append(np.repeat(left, len(b)))
            z.append(np.tile(right, len(a)))
            p.append(np.full(len(a) * len(b), number, np.int64))
            w.append(np.full(len(a) * len(b), weight, np.float32))
        self.english, self.chinese = list(english), list(chinese)
        source, target, pair = np.concatenate(e), np.concatenate(z), np.concatenate(p)
        self._weight = np.concatenate(w)
        links, inverse = np.unique(source * len(chinese) + target, return_inverse=True)
        self._link: NDArray[np.int32] = inverse.astype(np.int32)
        self.left, self.right = links // len(chinese), links % len(chinese)
        self.to_chinese = self._fit(self.left, pair * len(chinese) + target)
        often = np.bincount(self.left, self.counts, minlength=len(english))
        self.often = dict(zip(english, often.tolist(), strict=True))
        self.to_english = self._fit(self.right, pair * len(english) + source)

    def _fit(self, source: NDArray[np.int64], place: NDArray[np.int64]) -> NDArray[np.floating]:
        """Return the probability of each link's target given its source.

        `place` names the target word of a pair, among whose links one count is shared.
        """
        _, group = np.unique(place, return_inverse=True)
        group = group.astype(np.int32)
        probability = np.ones(len(source))
        for _ in range(ROUNDS):
            value = probability[self._link]
            share = self._weight * value / np.bincount(group, value)[group]
            counts = np.bincount(self._link, share, minlength=len(source))
            counts = np.maximum(counts - CHANCE, 0)
            totals = np.bincount(source, counts)
            probability = counts / np.maximum(totals[source], 1e-9) + 1e-12
            self.counts = counts
        return probability

    def links(self) -> Iterator[tuple[str, str, float, float]]:
        """Yield (English, Chinese, P(Chinese | English), P(English | Chinese)) worth keeping."""
        kept = (self.to_chinese > 0.02) & (self.to_english > 0.01) & (self.counts > 0.3)
        for k in np.flatnonzero(kept):
            english, chinese = self.english[self.left[k]], self.chinese[self.right[k]]
            yield english, chinese, float(self.to_chinese[k]), float(self.to_english[k])


def scaled(weights: Mapping[str, float]) -> Weights:
    """Return the square roots of the shares of the best; those under .03 of it are left out."""
    best = max(weights.values())
    return {word: (w / best) ** 0.5 for word, w in weights.items() if w > 0.03 * best}


def neighbours(folder: Path) -> tuple[dict[str, Weights], dict[str, Weights]]:
    """Return the nearest words of the other language in an embedding table: Chinese of English,
    English of Chinese, each with its cosine."""
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    vocabulary = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
    tensors = load_file(folder / "model.safetensors")
    rows = tensors["embeddings"].astype(np.float32) * tensors["weights"][:, None]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9
    english = [t[1:] for t in vocabulary if re.fullmatch(r"_[a-z]{2,}", t)]
    english = [word for word in english if word not in FUNCTION_WORDS]
    chinese = [t for t in vocabulary if len(t) > 1 and _HAN.fullmatch(t)]
    a = rows[[vocabulary[f"_{word}"] for word in english]]
    b = rows[[vocabulary[word] for word in chinese]]
    return _nearest(english, a, chinese, b), _nearest(chinese, b, english, a)


def _nearest(
    names: list[str], rows: NDArray[np.float32], others: list[str], table: NDArray[np.float32]
) -> dict[str, Weights]:
    found: dict[str, Weights] = {}
    for first in range(0, len(names), 512):
        cosines = rows[first : first + 512] @ table.T
        best = np.argpartition(-cosines, NEAREST, axis=1)[:, :NEAREST]
        for name, places, row in zip(names[first:], best, cosines, strict=False):
            near = {others[k]: float(row[k]) for k in places if row[k] > NEAR}
            if near:
                found[name] = near
    return found


def merged(words: Mapping[str, Weights], near: Mapping[str, Weights]) -> dict[str, Weights]:
    """Join what the text taught and what the table holds; both saying so counts 0.3 more."""
    out: dict[str, Weights] = {}
    for word in {*words, *near}:
        weights = scaled(words[word]) if word in words else {}
        for other, cosine in near.get(word, {}).items():
            agreed = 0.3 if other in weights else 0.0
            weights[other] = max(weights.get(other, 0.0), cosine) + agreed
        best = max(weights.values())
        out[word] = {other: w / best for other, w in weights.items() if w > 0.12 * best}
    return out


def to_chinese(found: Parallel, model: ModelOne, near: Mapping[str, Weights]) -> dict[str, Weights]:
    """Return the Chinese of English words and phrases."""
    words: defaultdict[str, Weights] = defaultdict(dict)
    for english, chinese, there, back in model.links():
        words[english][chinese] = there * min(1.0, 2 * back + 0.1)
    near = {word: others for word, others in near.items() if word.upper() not in words}
    out = merged(with_bases(words, near, model.often), near)
    for phrase, weights in found.phrases.items():
        if not {phrase.split()[0], phrase.split()[-1]} & FUNCTION_WORDS:
            out[phrase] = weights
    for name, weights in found.names.items():
        entry = out.setdefault(name, {})
        for chinese, weight in weights.items():
            entry[chinese] = max(weight, entry.get(chinese, 0.0))
    return out


def with_bases(
    words: Mapping[str, Weights], others: Iterable[str], often: Mapping[str, float]
) -> dict[str, Weights]:
    """Return the words, and the others that have a base form here, each with what its base form
    means: the rarer a form is, the more."""
    found = dict(words)
    for word in {*words, *others}:
        base = next((b for b in islice(base_forms(word), 1, None) if words.get(b)), None)
        if base is None or word in FUNCTION_WORDS:
            continue
        own, share = words.get(word, {}), _BASE / (_BASE + often.get(word, 0.0))
        found[word] = {
            other: (1 - share) * own.get(other, 0.0) + share * words[base].get(other, 0.0)
            for other in {*own, *words[base]}
        }
    return found


def to_english(found: Parallel, model: ModelOne, near: Mapping[str, Weights]) -> dict[str, Weights]:
    """Return the English of Chinese words."""
    words: defaultdict[str, Weights] = defaultdict(dict)
    for english, chinese, there, back in model.links():
        worth = back * min(1.0, 2 * there + 0.1)
        words[chinese][fold(english)] = max(worth, words[chinese].get(fold(english), 0.0))
    out = merged(words, near)
    for chinese, glosses in found.glosses.items():
        if 1 < len(chinese) <= 8:
            entry = out.setdefault(chinese, {})
            for gloss, weight in list(glosses.items())[:4]:
                if " " in gloss:
                    entry.setdefault(gloss, 0.8 * weight)
    return {word: weights for word, weights in out.items() if weights and len(word) <= 8}


def in_use(news: Iterable[str]) -> set[str]:
    """Return the pairs of Chinese characters that stand in the news."""
    pairs: Counter[str] = Counter()
    for text in news:
        pairs.update({run[k : k + 2] for run in _HAN.findall(text) for k in range(len(run) - 1)})
    return {pair for pair, count in pairs.items() if count >= SEEN}


def read_news(data: Path) -> list[str]:
    """Return the folded texts of the news articles."""
    with lzma.open(data / "text/zh_news.jsonl.xz", "rt", encoding="utf-8") as lines:
        return [fold(json.loads(line)["text"]) for line in lines]


def kept(
    entries: Mapping[str, Weights], most: int, known: Callable[[str], bool]
) -> dict[str, Weights]:
    """Return the entries with their `most` best translations; unknown Chinese words are left out
    on either side."""
    out: dict[str, Weights] = {}
    for word, weights in entries.items():
        ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
        best = {other: w for other, w in ranked if known(other)}
        if best and known(word):
            out[word] = dict(list(best.items())[:most])
    return out


def syllables(news: Iterable[str]) -> dict[str, str]:
    """Return syllable → its characters, the commonest of the news first; a character stands under
    every reading that a dictionary of phrases gives it."""
    from pypinyin import Style, pinyin

    counts: Counter[str] = Counter()
    for text in news:
        counts.update(text)
    common = [c for c, n in counts.most_common(12_000) if _HAN.fullmatch(c) and n > 1]
    found: defaultdict[str, list[str]] = defaultdict(list)
    for character in common:
        readings = pinyin(character, style=Style.NORMAL, heteronym=True)[0]
        for reading in dict.fromkeys(r.replace("ü", "v") for r in readings[:3]):
            if re.fullmatch("[a-z]*[aeiouv][a-z]*", reading):
                found[reading].append(character)
    return {syllable: "".join(found[syllable]) for syllable in sorted(found)}


def write(path: Path, entries: Mapping[str, Weights]) -> None:
    """Write a lexicon: the words, a line each, an empty line, then their translations in the same
    order, `weight translation weight translation …`, the weight one character of SCALE."""
    words = sorted(entries)
    values = []
    for word in words:
        weights = sorted(entries[word].items(), key=lambda item: (-item[1], item[0]))
        codes = (f"{SCALE[min(9, max(1, round(w * 9)))]}{other}" for other, w in weights)
        values.append("".join(codes))
    text = "\n".join(words) + "\n\n" + "\n".join(values)
    path.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{path}: {len(words):,} entries, {path.stat().st_size:,} bytes")


def main(arguments: list[str] | None = None) -> int:
    """Make the lexicon's files."""
    parser = argparse.ArgumentParser(description="make the lexicon")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--embedding", type=Path, default=Path("embeddings/weights"))
    parser.add_argument("--out", type=Path, default=Path("rag/lexicon/weights"))
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    found = read(options.data)
    model = ModelOne(found.pairs)
    chinese_near, english_near = neighbours(options.embedding)
    news = read_news(options.data)
    pairs = in_use(news)

    def known(word: str) -> bool:
        """Tell whether every pair of a Chinese word is in use; English words are."""
        return word.isascii() or all(word[k : k + 2] in pairs for k in range(len(word) - 1))

    chinese = kept(to_chinese(found, model, chinese_near), KEPT_CHINESE, known)
    english = kept(to_english(found, model, english_near), KEPT_ENGLISH, known)
    write(options.out / "english.txt.xz", chinese)
    write(options.out / "chinese.txt.xz", english)
    table = "".join(f"{s}\t{characters}\n" for s, characters in syllables(news).items())
    (options.out / "syllables.txt").write_text(table, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
