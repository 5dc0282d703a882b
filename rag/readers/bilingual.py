"""Questions in one language over passages in the other.

    印尼2019年举行总统选举 | Indonesia holds a presidential election in 2019
    →  When Indonesia holds presidential election    2019年, in the Chinese news round that line

Parallel news gives real wording for what both sides write in digits. For all else a Chinese
question is put into a sort of English: each word as the parallel text translates it (IBM Model 1,
Brown et al. 1993), the asking word first.
"""

from __future__ import annotations

import importlib
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rag.borders import natural_borders
from rag.lexicon.words import FUNCTION_WORDS
from rag.types import Span

Pair = tuple[str, str]  # Chinese, English

_ROUNDS = 5  # of expectation and maximisation: the tables hardly move after that
_LEAST = 0.04  # probability: rarer translations are chance
_MOST = 5  # translations kept a word
_LONGEST = 60  # words: a longer line is not a sentence
_CHINESE_STOP = frozenset(
    "的了在是和与为被着吗呢将也有对中上下不就都而及等这那其以于从到由把向并但或"
)
_ASKS = {  # the first that a question holds
    "为什么|为啥|为何|什么原因|怎么会": "why",
    "什么时候|何时|哪一?[天年]|哪个月|几月几?[日号]?|啥时候|几号": "when",
    "谁|哪位|什么人|哪个人": "who",
    "哪里|哪儿|什么地方|哪个地方": "where",
    "(?:多少|几)[个名位家台人次项件]?": "how many",
    "哪些|哪几个": "what",
    "哪[家个所份]": "which",
    "是不是|吗|有没有": "did",
    "怎么|如何|怎样": "how",
    "什么|啥": "what",
}
_OF = {"how many": ("how many", "how much", "what"), "did": ("did", "is", "was")}
_NUMBER = re.compile(r"(?<![\d.,$])(\d[\d,]*(?:\.\d+)?)(?![\d]|,\d)")
_ENGLISH_CLAUSE = re.compile(r"[^,;:.!?()\"“”]+(?:[.,]\d+[^,;:.!?()\"“”]*)*")


class WordByWord:
    """Puts Chinese questions into a sort of English."""

    def __init__(self, pairs: Iterable[Pair], chance: random.Random) -> None:
        self._chance = chance
        self._cut = importlib.import_module("rjieba").cut
        self._pinyin = importlib.import_module("pypinyin").lazy_pinyin
        self._table = translations([(self.words(zh), english_words(en)) for zh, en in pairs])

    def words(self, text: str) -> list[str]:
        """Return the Chinese words of a text that mean something."""
        return [
            w
            for w in self._cut(text)
            if re.fullmatch("[\u4e00-\u9fff]+", w) and w not in _CHINESE_STOP
        ]

    def question(self, question: str) -> str:
        """Return a Chinese question in English words, the asking word first."""
        first = ""
        for asks, english in _ASKS.items():
            if re.search(asks, question):
                question = re.sub(f"(?:{asks})", " ", question, count=1)
                first = self._chance.choice(_OF.get(english, (english,)))
                break
        return " ".join([first, *self._said(question)]).strip() + self._chance.choice(
            ("?", "?", "")
        )

    def _said(self, text: str) -> Iterator[str]:
        for word in self._cut(text):
            known = self._table.get(word)
            if not word.strip() or word in _CHINESE_STOP or re.fullmatch(r"[\W_]+", word):
                continue
            if known:
                yield self._chance.choices([w for w, _ in known], [p for _, p in known])[0]
            elif word[0] < "\u4e00":
                yield word
            elif 2 <= len(word) <= 4:
                yield "".join(self._pinyin(word)).capitalize()
            else:
                yield from (self._table[c][0][0] for c in word if c in self._table)


def english_words(text: str) -> list[str]:
    """Return the English words of a text that mean something, in lower case."""
    return [w for w in re.findall("[a-z]+", text.lower()) if w not in FUNCTION_WORDS and len(w) > 1]


def translations(
    pairs: Sequence[tuple[Sequence[str], Sequence[str]]],
) -> Mapping[str, list[tuple[str, float]]]:
    """Return each Chinese word's likely English words with their probabilities (IBM Model 1)."""
    chinese: dict[str, int] = {}
    english: dict[str, int] = {}
    left, right, slot, slots = [], [], [], 0
    for zh, en in pairs:
        if not (0 < len(zh) <= _LONGEST and 0 < len(en) <= _LONGEST):
            continue
        z = [chinese.setdefault(w, len(chinese)) for w in zh]
        e = [english.setdefault(w, len(english)) for w in en]
        left.append(np.repeat(np.array(z, np.int32), len(e)))
        right.append(np.tile(np.array(e, np.int32), len(z)))
        slot.append(slots + np.tile(np.arange(len(e), dtype=np.int32), len(z)))
        slots += len(e)
    z_of, e_of, slot_of = map(np.concatenate, (left, right, slot))
    keys, which = np.unique(z_of.astype(np.int64) * len(english) + e_of, return_inverse=True)
    chinese_of = keys // len(english)
    share = np.ones(len(keys))
    for _ in range(_ROUNDS):
        weight = share[which]
        weight /= np.bincount(slot_of, weight, minlength=slots)[slot_of]
        count = np.maximum(np.bincount(which, weight, minlength=len(keys)) - 0.02, 0)
        share = count / np.maximum(np.bincount(chinese_of, count), 1e-9)[chinese_of] + 1e-12
    words, meanings = list(chinese), list(english)
    found: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for k in np.flatnonzero((share > _LEAST) & (count > 0.5)):
        zh_word, en_word = words[chinese_of[k]], meanings[keys[k] % len(english)]
        found[zh_word].append((en_word, float(share[k])))
    return {w: sorted(known, key=lambda x: -x[1])[:_MOST] for w, known in found.items()}


def number_rows(pairs: Sequence[Pair], chance: random.Random) -> Iterator[dict[str, Any]]:
    """Yield `{"q", "c", "s", "e"}` rows for numbers that both sides of a line of news write alike:
    an English question over the Chinese lines, and over the English ones."""
    for at, (zh, en) in enumerate(pairs):
        alike = [
            (c, e)
            for e in _NUMBER.finditer(en)
            for c in _NUMBER.finditer(zh)
            if c.group(1) == e.group(1) and len(c.group(1)) > 1
        ]
        if not alike:
            continue
        found, asked = chance.choice(alike)
        question = _english_question(en, asked, chance)
        if question is None:
            continue
        start = max(0, at - chance.randint(0, 3))
        lines = pairs[start : at + 1 + chance.randint(0, 3)]
        for side, place in ((0, found), (1, asked)):
            text = [line[side] for line in lines]
            before = sum(len(line) + 1 for line in text[: at - start])
            start_in, end_in = natural_borders(pairs[at][side], Span(*place.span(1)))
            row = {"q": question, "c": "\n".join(text)}
            yield row | {"s": before + start_in, "e": before + end_in}


def _english_question(text: str, number: re.Match[str], chance: random.Random) -> str | None:
    """Return the number's clause as a question, or None when it has too few words."""
    clauses = (m.span() for m in _ENGLISH_CLAUSE.finditer(text))
    clause = next((c for c in clauses if c[0] <= number.start() < c[1]), None)
    if clause is None:
        return None
    before = text[clause[0] : number.start()].split()
    after = text[number.end() : clause[1]].split()
    since = before and before[-1].lower() in ("in", "since", "by")
    if since and re.fullmatch(r"(?:19|20)\d\d", number.group(1)):
        first = [chance.choice(("When did", "In what year did", "When was"))]
        before = before[:-1]
    else:
        unit = after[: chance.randint(1, 2)]
        first = [chance.choice(("How many", "How many", "How much", "What")), *unit]
        after = after[len(unit) :]
    rest = [
        w
        for w in [*before, *after]
        if chance.random() > (0.4 if w.lower() in FUNCTION_WORDS else 0.12)
    ]
    if not 4 <= len(rest) <= 28:
        return None
    return " ".join([*first, *rest]).rstrip(".,") + chance.choice(("?", "?", ""))
