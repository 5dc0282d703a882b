"""What questions taught the lexicon: English ones over Chinese articles, each with the sentence
that answers it.

    python -m rag.lexicon.asked --data ../data --out rag/lexicon/weights

    which stocks hit limit down?  中马传动、南方精工跌停。   →   limit down: 跌停

Takes the files that `rag.lexicon.make` wrote and writes english.txt.xz anew, with what is learnt
here, and trust.txt. Parallel sentences tell what a word may mean; these what askers mean by it. A
question's words are laid on those of its sentence by IBM Model 1 (Brown et al. 1993), starting from
the lexicon. Needs rjieba; ten seconds of one core.

Questions about articles that are held out, or kept for fitting the order of passages
(`is_kept_aside`), are not read.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rag.lexicon import numbers
from rag.lexicon.make import write
from rag.lexicon.translation import base_forms
from rag.lexicon.words import FUNCTION_WORDS, PARTICLES, entries, translations
from rag.readers.written import Written, written_questions
from rag.terms import fold, is_chinese

Weights: TypeAlias = dict[str, float]

ASIDE = 10  # one article in so many is kept for fitting the order of passages
BEFORE, AFTER, HEAD = 150, 120, 60  # characters read around an answer, and of the article's head
LONGEST = 3  # words of a phrase
ROUNDS = 6  # of expectation and maximisation
KNOWN = 60.0  # what a link of the lexicon is believed more than one by chance, at first
RARE = 5.0  # sightings by which a Chinese word's share is smoothed: one seen once explains little
NOTHING = 20.0  # how much likelier than its share a word stands for nothing in the sentence
CHANCE = 0.05  # taken from every expected count
PRIOR = 4.0  # what the lexicon counts, in articles
LEAST_ARTICLES, LEAST_LIFT = 1.2, 2.5  # of a new link: articles, and times as often as by chance
LEAST_SEEN = 3  # questions that hold a word
LEAST_SHARE, MOST = 0.03, 10  # of a word's translations
TOLD_OFTEN = 8  # questions before a word's trust is told from them
FIRM = 0.4  # weight of a translation that counts for trust
ASSUMED, ASSUMED_AS = 5.0, 0.75  # questions that each word's trust begins with, and their trust

_WORD = re.compile(r"[a-z\u00df-\u024f]+(?:'[a-z]+)?")
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_END = re.compile("[。！？\n]")


class Seen(NamedTuple):
    """One question's words and phrases, and the Chinese words of what answers it."""

    article: int
    english: list[str]
    chinese: list[str]
    characters: frozenset[str]


@dataclass
class Learnt:
    """How often an English word stood for a Chinese one: counted once an article, and in how many
    articles for certain."""

    seen: Counter[str] = field(default_factory=Counter)  # questions that hold an English word
    share: Weights = field(default_factory=dict)  # of the sentences, that hold a Chinese word
    links: defaultdict[str, dict[str, tuple[float, int]]] = field(
        default_factory=lambda: defaultdict(dict)
    )


def is_kept_aside(context: str) -> bool:
    """Tell whether an article's questions are kept for fitting the order of passages."""
    return zlib.crc32(context.encode()) % ASIDE == 3


def to_learn_from(questions: Iterable[Written]) -> list[Written]:
    """Return the English questions that a Chinese article answers and that may be read here."""
    return [
        q
        for q in questions
        if q.answers
        and not q.held_out
        and not is_kept_aside(q.context)
        and not is_chinese(q.question)
        and is_chinese(q.context)
    ]


def words_of(question: str) -> list[str]:
    """Return the words of an English question as they follow one another, numbers and dates as
    gaps: "".

    >>> words_of("Who led the 3rd team's search?")
    ['who', 'led', 'the', '', 'team', 'search']
    """
    folded = fold(question)
    plain = numbers.ENGLISH.sub(lambda m: m.group() if m.group() == "may" else " \0 ", folded)
    found = re.findall(rf"{_WORD.pattern}|\0", plain)
    return ["" if word == "\0" else word.removesuffix("'s") for word in found]


def phrases(words: Sequence[str]) -> Iterator[str]:
    """Yield the phrases of two and three words that neither begin nor end with a function word."""
    for length in range(2, LONGEST + 1):
        for first in range(len(words) - length + 1):
            part = words[first : first + length]
            if all(part) and not {part[0], part[-1]} & FUNCTION_WORDS:
                yield " ".join(part)


def known_as(word: str) -> dict[str, float]:
    """Return what the lexicon has for a word, or for what it is a form of."""
    return next((w for form in base_forms(word) if (w := translations("english", form))), {})


def around(question: Written) -> str:
    """Return the sentence that answers a question, folded, with the beginning of the article."""
    text, start, end = question.context, question.start, question.end
    first = max([0, *(m.end() for m in _END.finditer(text, 0, start))])
    first = max(min(first, start - 40), start - BEFORE, 0)
    stop = _END.search(text, end)
    last = min(max(stop.end() if stop else len(text), end + 30), end + AFTER)
    return fold(f"{text[: min(HEAD, first)]}\n{text[first:last]}")


def read(questions: Sequence[Written]) -> list[Seen]:
    """Return what each question and its sentence hold."""
    cut = importlib.import_module("rjieba").cut
    lists = [words_of(q.question) for q in questions]
    articles: dict[str, int] = {}
    held: defaultdict[str, set[str]] = defaultdict(set)
    for question, words in zip(questions, lists, strict=True):
        for phrase in phrases(words):
            held[phrase].add(question.context)
    kept = {p for p, where in held.items() if len(where) >= 4 or p in entries("english")}
    found = []
    for question, words in zip(questions, lists, strict=True):
        single = [w for w in words if len(w) > 1 and w not in FUNCTION_WORDS]
        english = list(dict.fromkeys([*single, *(p for p in phrases(words) if p in kept)]))
        text = around(question)
        chinese = [w for w in cut(text) if _HAN.fullmatch(w) and w not in PARTICLES]
        chinese += [z for word in english for z in known_as(word) if z in text]
        several = list(dict.fromkeys(w for w in chinese if len(w) > 1))
        number = articles.setdefault(question.context, len(articles))
        found.append(Seen(number, english, several, frozenset(text)))
    return found


class _Links:
    """All pairs of words that stood in one question and its sentence, as columns."""

    def __init__(self, seen: Sequence[Seen]) -> None:
        english: dict[str, int] = {}
        chinese: dict[str, int] = {}
        columns: list[list[NDArray[np.int64]]] = [[], [], [], []]
        places: list[int] = []  # the English word of each place in a question
        for article, words, sentence, _ in seen:
            right = np.array([chinese.setdefault(z, len(chinese)) for z in sentence], np.int64)
            for word in words:
                places.append(english.setdefault(word, len(english)))
                left = np.full(len(right), places[-1])
                place = np.full(len(right), len(places) - 1)
                row = (left, right, place, np.full(len(right), article))
                for column, values in zip(columns, row, strict=True):
                    column.append(values)
        left, right, self.place, self.article = map(np.concatenate, columns)
        keys, self.link = np.unique(left * len(chinese) + right, return_inverse=True)
        self.left, self.right = keys // len(chinese), keys % len(chinese)
        self.english, self.chinese = list(english), list(chinese)
        self.word_at = np.array(places)

    def prior(self) -> NDArray[np.float64]:
        """Return what the lexicon says of each link, 0 to 1."""
        known = {word: known_as(word) for word in self.english}
        pairs = zip(self.left.tolist(), self.right.tolist(), strict=True)
        return np.array([known[self.english[e]].get(self.chinese[z], 0.0) for e, z in pairs])


def learn(seen: Sequence[Seen]) -> Learnt:
    """Lay the words of questions on those of their sentences."""
    links = _Links(seen)
    posterior = _fit(links)
    width = int(links.article.max()) + 1
    key = links.link.astype(np.int64) * width + links.article
    order = np.argsort(key, kind="stable")
    firsts = np.flatnonzero(np.diff(key[order], prepend=-1))
    most = np.maximum.reduceat(posterior[order], firsts)  # of a link in an article
    link = key[order][firsts] // width
    counts = np.bincount(link, most, minlength=len(links.left))
    sure = np.bincount(link[most > 0.2], minlength=len(links.left))
    found = Learnt(Counter(word for one in seen for word in one.english))
    held = Counter(word for one in seen for word in {*one.chinese, *one.characters})
    found.share = {word: n / len(seen) for word, n in held.items()}
    for k in np.flatnonzero(counts > 0.3):
        word, other = links.english[links.left[k]], links.chinese[links.right[k]]
        found.links[word][other] = float(counts[k]), int(sure[k])
    return found


def _fit(links: _Links) -> NDArray[np.float64]:
    """Return how likely each pair of one question is a translation."""
    often = np.bincount(links.word_at, minlength=len(links.english)) / len(links.word_at)
    start = often[links.left] * (1 + KNOWN * links.prior())
    share, posterior = start, start
    for _ in range(ROUNDS):
        value = share[links.link]
        total = np.bincount(links.place, value, minlength=len(links.word_at))
        total = total + NOTHING * often[links.word_at]
        posterior = value / total[links.place]
        counts = np.bincount(links.link, posterior, minlength=len(links.left))
        counts = np.maximum(counts - CHANCE, 0)
        of_other = np.bincount(links.right, counts)
        share = (counts + RARE * start) / (of_other[links.right] + RARE)
    return np.asarray(posterior, np.float64)


def improved(learnt: Learnt) -> dict[str, Weights]:
    """Return the words whose translations are told anew."""
    found = {}
    for word, links in learnt.links.items():
        if learnt.seen[word] < LEAST_SEEN:
            continue
        prior = {other: w * w for other, w in known_as(word).items()}
        counts = {
            other: count
            for other, (count, sure) in links.items()
            if other in prior or _is_sound(count, sure, learnt.seen[word] * learnt.share[other])
        }
        if not counts:
            continue
        whole = sum(prior.values()) or 1.0
        shares = {
            other: counts.get(other, 0.0) + PRIOR * prior.get(other, 0.0) / whole
            for other in {*counts, *prior}
        }
        best = max(shares.values())
        weights = {o: (s / best) ** 0.5 for o, s in shares.items() if s > LEAST_SHARE * best}
        found[word] = dict(sorted(weights.items(), key=lambda x: (-x[1], x[0]))[:MOST])
    return found


def _is_sound(count: float, sure: int, by_chance: float) -> bool:
    """Tell whether a link that the lexicon does not have is more than chance."""
    return sure >= 2 and count >= LEAST_ARTICLES and count >= LEAST_LIFT * (by_chance + 0.3)


def trust(learnt: Learnt, seen: Sequence[Seen], weights: Mapping[str, Weights]) -> Weights:
    """Return how far a word's translations tell the right sentence from any other, 0 to 1: police
    .9, kind .1."""
    hits: Counter[str] = Counter()
    firm = {word: {o for o, w in of.items() if w >= FIRM} for word, of in weights.items()}
    for _, english, chinese, characters in seen:
        there = {*chinese, *characters}
        hits.update(word for word in english if not firm.get(word, set()).isdisjoint(there))
    found = {}
    for word, others in firm.items():
        n = learnt.seen[word]
        if n < TOLD_OFTEN:
            continue
        chance = min(0.9, sum(learnt.share.get(other, 0.0) for other in others))
        share = max(0.0, (hits[word] / n - chance) / (1 - chance))
        found[word] = (n * share + ASSUMED * ASSUMED_AS) / (n + ASSUMED)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Read the lexicon and the questions, write the lexicon anew."""
    parser = argparse.ArgumentParser(description="teach the lexicon what askers mean")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("rag/lexicon/weights"))
    options = parser.parse_args(arguments)
    seen = read(to_learn_from(written_questions(options.data)))
    learnt = learn(seen)
    words = improved(learnt)
    known = {word: translations("english", word) for word in entries("english")}
    told = trust(learnt, seen, words)
    write(options.out / "english.txt.xz", known | words)
    lines = "".join(f"{word}\t{t:.2f}\n" for word, t in sorted(told.items()))
    (options.out / "trust.txt").write_text(lines, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
